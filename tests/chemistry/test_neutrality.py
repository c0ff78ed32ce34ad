"""Smallest charges: the compiled kernel, the counting of single formulas and plain enumeration agree."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import numpy as np
import pytest

from formation_mlp.chemistry import neutrality
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.neutrality import UNKNOWN, icsd_states, smallest_charges
from formation_mlp.materials.inputs import read_materials
from formation_mlp.system.compiled import compiled


def compositions(*formulas: str) -> Compositions:
    return read_materials(list(formulas)).materials.compositions


def random_compositions(n: int, most_atoms: int, seed: int = 0) -> Compositions:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 6, n)
    z: list[list[int]] = [generator.choice(np.arange(1, 103), k, replace=False).tolist() for k in counts]
    return Compositions.from_rows(
        [(row, generator.integers(1, most_atoms, len(row)).astype(float).tolist()) for row in z]
    )


@pytest.fixture(params=["one by one", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = {"one by one": lambda _n, kernel: kernel, "compiled": lambda _n, kernel: compiled(kernel)}
    monkeypatch.setattr(neutrality, "kernel_for", kernel[request.param])


KNOWN = {"NaCl": 0, "Fe3O4": 0, "NaCl2": 1, "KO3": 5, "Na": 1, "Fe0.4O0.6": 0, "Na2Cl4": 1, "HeO": UNKNOWN, "Al4O6": 0}


def test_small_formulas_have_the_charges_of_the_textbook(way: None) -> None:
    assert dict(zip(KNOWN, smallest_charges(compositions(*KNOWN), icsd_states()).tolist(), strict=True)) == KNOWN


def test_charges_are_those_of_enumeration(way: None) -> None:
    few = random_compositions(150, 4)
    states = icsd_states()
    expected = []
    for row in range(len(few)):
        part = few.take([row])
        n_atoms = part.amount.astype(int) // np.gcd.reduce(part.amount.astype(int))
        of_elements = [
            {sum(chosen) for chosen in combinations_with_replacement(states[z], int(n))}
            for z, n in zip(part.z.tolist(), n_atoms, strict=True)
        ]
        expected.append(min((abs(sum(total)) for total in product(*of_elements)), default=UNKNOWN))
    assert smallest_charges(few, states).tolist() == expected
    assert {0, 1} < set(expected)


@pytest.mark.parametrize("most_atoms", [3, 30, 2500])
def test_the_kernel_counts_as_single_formulas_are_counted(monkeypatch: pytest.MonkeyPatch, most_atoms: int) -> None:
    many = random_compositions(400, most_atoms, seed=1)
    found = []
    for kernel_for in (lambda _n, kernel: kernel, lambda _n, kernel: compiled(kernel)):
        monkeypatch.setattr(neutrality, "kernel_for", kernel_for)
        found.append(smallest_charges(many, icsd_states()))
    np.testing.assert_array_equal(found[0], found[1])


def test_the_order_of_elements_and_the_size_of_the_formula_do_not_matter(way: None) -> None:
    spellings = compositions("Fe3O4", "O4Fe3", "Fe6O8", "NaCl2", "Na3Cl6", "Cl2Na")
    assert smallest_charges(spellings, icsd_states()).tolist() == [0, 0, 0, 1, 1, 1]


def test_no_formulas_have_no_charges(way: None) -> None:
    assert smallest_charges(compositions(), icsd_states()).shape == (0,)


def test_amounts_of_any_size_are_counted(way: None) -> None:
    odd = Compositions.from_rows([([11, 17], [1e300, 1e300]), ([11, 17], [1e-9, 1e-9]), ([12, 8], [5000.0, 5001.0])])
    assert smallest_charges(odd, icsd_states()).tolist() == [0, 0, 0]
