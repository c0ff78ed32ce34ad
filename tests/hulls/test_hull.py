"""Decomposition energies: exact, balanced, and the same however the compounds are written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.hulls.hull import CompetingPhases, Decompositions, decomposition_energies
from formation_mlp.materials.formula.reading import parse_formulas


def compositions_of(*formulas: str) -> Compositions:
    return parse_formulas(formulas).compositions


def subsets(system: frozenset[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(system, n) for n in range(1, len(system) + 1))


def random_compounds(seed: int, n_elements: int, n: int, highest: int = 4) -> tuple[Compositions, np.ndarray]:
    """Return compounds of up to ``n_elements`` elements, some compositions twice, with energies that make a hull."""
    rng = np.random.default_rng(seed)
    z = 19 + rng.choice(17, n_elements, replace=False)
    amounts = np.zeros((n, n_elements))
    while (bad := np.flatnonzero((amounts > 0).sum(axis=1) < 2)).size:
        amounts[bad] = rng.integers(0, highest + 1, (len(bad), n_elements)) * rng.integers(0, 2, (len(bad), n_elements))
    compositions = Compositions.from_rows([(z[row > 0].tolist(), row[row > 0].tolist()) for row in amounts])
    mixing = -np.square(amounts / amounts.sum(axis=1, keepdims=True)).sum(axis=1)
    return compositions, 1.5 * (mixing - 0.1) * rng.uniform(0.2, 1.2, n)


def dense(compositions: Compositions) -> np.ndarray:
    table = np.zeros((len(compositions), len(SYMBOLS)))
    rows = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    table[rows, compositions.z] = compositions.fractions()
    return table


def mixtures(found: Decompositions, phases: Compositions, energies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return composition and energy of the products of each compound."""
    compositions = np.concatenate([dense(phases), np.eye(len(SYMBOLS))[::-1]])  # element -z is row -1 - z from the end
    values = np.concatenate([energies, np.zeros(len(SYMBOLS))])
    place = np.where(found.product < 0, found.product - 1, found.product)
    rows = np.repeat(np.arange(len(found.energy)), np.diff(found.row_ptr))
    total, energy = np.zeros((len(found.energy), len(SYMBOLS))), np.zeros(len(found.energy))
    np.add.at(total, rows, found.share[:, None] * compositions[place])
    np.add.at(energy, rows, found.share * values[place])
    return total, energy


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "n_elements", "n"), [(0, 2, 25), (1, 3, 60), (2, 3, 12), (3, 4, 60), (4, 5, 60)])
def test_energies_are_those_of_pymatgen(seed: int, n_elements: int, n: int) -> None:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    compositions, energies = random_compounds(seed, n_elements, n)
    entries = [
        PDEntry(composition, energy * composition.num_atoms)
        for composition, energy in zip(compositions.to_pymatgen(), energies, strict=True)
    ]
    elements = [PDEntry(Composition(SYMBOLS[z]), 0.0) for z in compositions.elements()]
    keys = np.array(compositions.keys())
    whole = PhaseDiagram(entries + elements)
    found = decomposition_energies(compositions, energies).energy
    is_lowest = [energies[i] == energies[keys == key].min() for i, key in enumerate(keys)]
    for i, entry in enumerate(entries):
        diagram = whole
        if is_lowest[i]:
            others = [other for other, key in zip(entries, keys, strict=True) if key != keys[i]]
            diagram = PhaseDiagram(others + elements)
        assert found[i] == pytest.approx(diagram.get_decomp_and_e_above_hull(entry, allow_negative=True)[1], abs=1e-8)
        if is_lowest[i]:
            assert found[i] == pytest.approx(whole.get_phase_separation_energy(entry), abs=1e-8)
    assert (found < 0).any()
    assert (found > 0).any()
    assert not all(is_lowest)


@pytest.mark.parametrize(("n_elements", "n"), [(3, 300), (6, 200), (9, 150)])
def test_energies_are_those_of_a_general_solver_and_the_products_prove_them(n_elements: int, n: int) -> None:
    from scipy.optimize import linprog

    compositions, energies = random_compounds(7, n_elements, n)
    found = decomposition_energies(compositions, energies)
    keys, table = np.array(compositions.keys()), dense(compositions)
    for i in range(0, n, 3):
        competes = ~(table[:, table[i] == 0] > 0).any(axis=1) & ((keys != keys[i]) | (energies < energies[i]))
        columns = np.concatenate([table[competes], np.eye(len(SYMBOLS))[table[i] > 0]])
        costs = np.concatenate([energies[competes], np.zeros(np.sum(table[i] > 0))])
        best = linprog(costs, A_eq=columns.T, b_eq=table[i], method="highs-ds")
        assert found.energy[i] == pytest.approx(energies[i] - best.fun, abs=1e-9)
    total, mixture = mixtures(found, compositions, energies)
    np.testing.assert_allclose(total, table, atol=1e-9)
    np.testing.assert_allclose(energies - mixture, found.energy, atol=1e-9)
    assert (np.diff(found.row_ptr) <= compositions.n_elements).all()


def test_compounds_that_all_lie_on_one_plane_are_stable_by_nothing() -> None:
    steps = range(7)
    rows = [([3, 8, 26, 15], [a, b, c, 6]) for a in steps for b in steps for c in steps if a * b * c]
    compositions = Compositions.from_rows(rows)
    potentials = np.zeros(len(SYMBOLS))
    potentials[[3, 8, 26]] = -1.0, -2.0, -0.5
    corners = compositions_of("Li9P", "O9P", "Fe9P")
    everything = Compositions.from_rows([*rows, *[([15, z], [1, 9]) for z in (3, 8, 26)]])
    energies = np.concatenate([dense(compositions) @ potentials, dense(corners) @ potentials])
    found = decomposition_energies(everything, energies).energy
    assert (found[: len(rows)] == 0).all()
    assert (found[len(rows) :] < 0).all()


def test_compounds_of_nearly_one_composition_compete() -> None:
    rows = [([3, 8], [1000 + i, 1000]) for i in range(30)]
    compositions = Compositions.from_rows(rows)
    energies = np.full(30, -1.0)
    found = decomposition_energies(compositions, energies)
    assert (found.energy[1:-1] == 0).all()
    assert found.energy[0] < 0 > found.energy[-1]
    np.testing.assert_allclose(mixtures(found, compositions, energies)[0], dense(compositions), atol=1e-12)


def test_a_compound_without_competitors_decomposes_to_its_elements() -> None:
    found = decomposition_energies(compositions_of("NaCl", "Fe3O4"), [-2.1, -1.6])
    assert found.energy.tolist() == pytest.approx([-2.1, -1.6], abs=1e-12)
    assert found.product.tolist() == [-11, -17, -26, -8]
    assert found.share.tolist() == pytest.approx([0.5, 0.5, 3 / 7, 4 / 7])
    assert found.is_stable.tolist() == [True, True]


def test_only_the_lowest_polymorph_competes_and_the_others_lie_above_it() -> None:
    compositions = compositions_of("TiO2", "Ti2O4", "TiO2", "TiO2", "Ti2O3")
    found = decomposition_energies(compositions, [-3.2, -3.3, -3.3, -3.1, -3.1])
    mixture = -3.1 * 5 / 6
    assert found.energy[:4].tolist() == pytest.approx([0.1, -3.3 - mixture, -3.3 - mixture, 0.2])
    assert found.product[found.row_ptr[3] : found.row_ptr[4]].tolist() == [1]


def test_a_polymorph_of_an_unstable_compound_is_compared_with_the_hull() -> None:
    found = decomposition_energies(compositions_of("TiO", "TiO", "Ti2O3"), [-1.0, -0.9, -3.1])
    hull = -3.1 * 5 / 6
    assert found.energy[:2].tolist() == pytest.approx([-1.0 - hull, -0.9 - hull])


def test_elements_compete_at_zero_and_are_compared_with_zero() -> None:
    found = decomposition_energies(compositions_of("O2", "Fe", "FeO"), [-0.5, 0.25, -0.1])
    assert found.energy.tolist() == pytest.approx([-0.5, 0.25, -0.1])
    assert found.product.tolist() == [-8, -26, -26, -8]


def test_order_of_rows_elements_and_size_of_formula_units_do_not_matter() -> None:
    compositions, energies = random_compounds(3, 4, 80)
    expected = decomposition_energies(compositions, energies).energy
    order = np.random.default_rng(0).permutation(80)
    shuffled = [
        (compositions.z[a:b][::-1].tolist(), (3 * compositions.amount[a:b][::-1]).tolist())
        for a, b in zip(compositions.row_ptr[order], compositions.row_ptr[order + 1], strict=True)
    ]
    found = decomposition_energies(Compositions.from_rows(shuffled), energies[order]).energy
    np.testing.assert_allclose(found, expected[order], atol=1e-9)


def test_new_compounds_are_compared_with_the_phases_and_not_with_each_other() -> None:
    compositions, energies = random_compounds(5, 3, 60)
    known, new = np.arange(0, 60, 2), np.arange(1, 60, 2)
    phases = CompetingPhases(compositions.take(known), energies[known])
    together = phases.decompose(compositions.take(new), energies[new]).energy
    alone = [phases.decompose(compositions.take([i]), energies[[i]]).energy[0] for i in new.tolist()]
    assert together.tolist() == alone
    own = decomposition_energies(compositions.take(known), energies[known]).energy
    assert phases.decompose(compositions.take(known), energies[known]).energy.tolist() == own.tolist()
    assert len(phases) == len(set(compositions.take(known).keys()))


def test_a_query_meets_its_own_composition_only_where_that_is_lower() -> None:
    phases = CompetingPhases(compositions_of("Fe2O3"), [-1.7])
    found = phases.decompose(compositions_of("Fe4O6", "Fe2O3", "Fe2O3"), [-1.6, -1.7, -1.8])
    assert found.energy.tolist() == pytest.approx([0.1, -1.7, -1.8])
    assert found.product.tolist() == [0, -26, -8, -26, -8]


def test_compounds_of_many_elements_find_their_competitors() -> None:
    symbols = ["Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Sr", "Ba", "Sc", "Y", "La", "Ti", "Zr", "O"]
    compositions = compositions_of("".join(symbols), "Li2O", "CaO", "FeO")
    found = decomposition_energies(compositions, [-0.5, -2.0, -3.0, -9.0])
    assert found.energy[0] == pytest.approx(-0.5 + 2 / 16 * 3.0)
    assert sorted(found.product[: found.row_ptr[1]].tolist()) == sorted(
        [2, *(-ATOMIC_NUMBER[symbol] for symbol in symbols if symbol not in ("Ca", "O"))]
    )


def test_the_smallest_advantage_counts() -> None:
    phases = CompetingPhases(compositions_of("FeO", "FeO3", "Fe4O5"), [-1.0, -1.0, -1.0 - 1e-9])
    found = phases.decompose(compositions_of("Fe8O10", "Fe2O3"), [-1.0, -1.0])
    assert found.energy == pytest.approx([1e-9, 27 / 35 * 1e-9], abs=1e-11)


def test_progress_ends_with_all_rows() -> None:
    compositions, energies = random_compounds(1, 3, 40)
    calls: list[tuple[int, int]] = []
    decomposition_energies(compositions, energies, progress=lambda *call: calls.append(call))
    assert calls == sorted(calls)
    assert calls[-1] == (40, 40)


def test_no_rows_give_no_numbers() -> None:
    nothing = decomposition_energies(Compositions.from_rows([]), [])
    assert nothing.energy.shape == nothing.product.shape == (0,)


@pytest.mark.parametrize(
    ("formulas", "energies", "message"),
    [
        (["NaCl", "?"], [-1.0, -1.0], "row 1: the composition is empty"),
        (["NaCl", "KCl"], [-1.0, float("nan")], "row 1: the energy nan is not finite"),
        (["NaCl"], [-1.0, -2.0], r"energies of shape \[2\] for 1 compositions"),
    ],
)
def test_what_has_no_composition_or_energy_is_refused(formulas: list[str], energies: list[float], message: str) -> None:
    compositions = compositions_of(*formulas)
    with pytest.raises(DataError, match=message):
        CompetingPhases(compositions, energies)
    with pytest.raises(DataError, match=message):
        CompetingPhases(compositions_of("NaCl"), [-1.0]).decompose(compositions, energies)


@pytest.mark.slow
def test_published_decomposition_energies_come_back_from_published_formation_energies(shared_data: Path) -> None:
    """Rows whose competitors all have a visible energy agree; the others lack competitors and so look more stable."""
    table = pd.read_csv(shared_data / "critexam" / "critexam_mp.csv.gz", keep_default_na=False)
    energies = pd.to_numeric(table["formation_energy_per_atom"]).to_numpy(float)
    published = pd.to_numeric(table["decomposition_energy_per_atom"]).to_numpy(float)
    compositions = parse_formulas(table["formula"].tolist()).compositions
    seen, hidden = np.flatnonzero(np.isfinite(energies)), np.flatnonzero(np.isnan(energies))
    found = decomposition_energies(compositions.take(seen), energies[seen])
    difference = found.energy - published[seen]
    systems = [frozenset(system.split("-")) for system in compositions.chemical_systems()]
    absent = {systems[i] for i in hidden}
    complete = np.array([absent.isdisjoint(map(frozenset, subsets(systems[i]))) for i in seen])
    assert complete.sum() > 8000
    assert np.abs(difference[complete]).mean() < 1e-4
    assert (found.is_stable == (published[seen] <= 0))[complete].all()
    assert np.median(difference[~complete]) < 1e-5
    assert (difference < 1e-4).mean() > 0.95
