"""What is unlike the training rows is noticed, named and counted; what is like them is not."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.trust.domain import Domain
from formation_mlp.trust.domain_columns import FAR, DomainColumns, uncommon_elements

ELEMENTS = {"Na": 900, "O": 900, "Cl": 900, "Fe": 900, "S": 900, "Al": 900, "Ni": 900, "N": 900}


def materials(formulas: list[str]) -> Materials:
    return read_materials(formulas).materials


def cloud(n: int, d: int = 12, seed: int = 0) -> np.ndarray:
    """Return scaled features of which three directions matter most."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, 3)) @ np.linspace(-1, 1, 3 * d).reshape(3, d) + 0.1 * generator.normal(size=(n, d))


def salts(n: int) -> Materials:
    return materials(["NaCl"] * n)


def domain_of(n: int = 800, seed: int = 0) -> Domain:
    return Domain.fit(cloud(n), salts(n), cloud(200, seed=1), seed)


def compare(formulas: list[str], **elements: int) -> DomainColumns:
    """Compare formulas whose features are those of a train row."""
    X = np.repeat(cloud(1), len(formulas), axis=0)
    return domain_of().compare(X, materials(formulas), ELEMENTS | elements)


def test_unseen_and_rare_elements_are_named_in_order() -> None:
    found = compare(["NaCl", "XeKrO", "TcFe2NpO4", "PuTc"], Tc=3, Np=7, Pu=0)
    assert found.unseen == ["", "Kr Xe", "", "Pu"]
    assert found.rare == ["", "", "Np(7) Tc(3)", "Tc(3)"]
    assert found.flagged.tolist() == [False, True, True, True]


def test_an_element_in_enough_rows_is_not_rare() -> None:
    compositions = materials(["TcO2"]).compositions
    assert uncommon_elements(compositions, {"Tc": 50, "O": 900}, 50) == ([""], [""])
    assert uncommon_elements(compositions, {"Tc": 49, "O": 900}, 50) == ([""], ["Tc(49)"])


@pytest.mark.parametrize(("n", "rare_below"), [(40, 2), (800, 8), (7000, 50)])
def test_what_is_rare_depends_on_the_number_of_training_rows(n: int, rare_below: int) -> None:
    assert domain_of(n).rare_below == rare_below


def test_rows_without_elements_are_left_alone() -> None:
    compositions = Compositions.from_rows([([], []), ([54], [1.0]), ([], [])])
    assert uncommon_elements(compositions, ELEMENTS, 50) == (["", "Xe", ""], ["", "", ""])


def test_train_rows_are_near_and_rows_of_another_kind_are_far() -> None:
    domain, known = domain_of(), ELEMENTS
    of_train = domain.compare(cloud(800), salts(800), known)
    of_new = domain.compare(cloud(2000, seed=2), salts(2000), known)
    of_far = domain.compare(cloud(50, seed=3) + np.tile([6, -6], 6), salts(50), known)
    assert of_train.distance.mean() < 5
    assert of_new.distance.mean() == pytest.approx(50, abs=4)
    assert (of_new.distance > 90).mean() == pytest.approx(0.1, abs=0.08)
    assert of_far.distance.min() == 100
    assert of_far.flagged.all()
    assert not of_train.flagged.any()
    np.testing.assert_array_equal(of_new.flagged, of_new.distance > FAR)


def test_one_wild_feature_does_not_hide_the_others() -> None:
    domain = domain_of()
    wild = cloud(100, seed=4)
    wild[:, 0] = 1e9
    near = domain.compare(wild, salts(100), ELEMENTS).distance
    wild[:, 5:] += 5
    assert (domain.compare(wild, salts(100), ELEMENTS).distance >= near).all()
    assert np.isfinite(near).all()


def test_rows_do_not_depend_on_each_other_nor_on_their_order() -> None:
    domain, X = domain_of(), cloud(300, seed=5) * np.linspace(0.5, 2, 300)[:, None]
    together = domain.compare(X, salts(300), ELEMENTS).distance
    backwards = domain.compare(X[::-1], salts(300), ELEMENTS).distance[::-1]
    alone = np.concatenate([domain.compare(X[i : i + 1], salts(1), ELEMENTS).distance for i in range(300)])
    np.testing.assert_allclose(backwards, together, atol=0.2)
    np.testing.assert_allclose(alone, together, atol=0.2)
    assert len(np.unique(together)) > 50


def test_the_same_rows_and_seed_make_the_same_domain() -> None:
    first, second = domain_of(seed=3).dump()[0], domain_of(seed=3).dump()[0]
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_two_rows_and_a_single_feature_are_enough_for_a_domain() -> None:
    domain = Domain.fit(np.array([[-1.0], [1.0]]), salts(2), np.array([[-0.9]]), 0)
    assert domain.compare(np.array([[-1.0], [4.0]]), salts(2), ELEMENTS).distance.tolist() == [0, 100]


def test_a_large_training_set_is_represented_by_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from formation_mlp.trust import domain as module

    monkeypatch.setattr(module, "MOST_POINTS", 300)
    domain = domain_of()
    assert domain.points.grid.shape == (300, 12)
    assert domain.compare(cloud(2000, seed=2), salts(2000), ELEMENTS).distance.mean() == pytest.approx(50, abs=5)


# formula -> whether oxidation states of the ICSD, or rare ones, balance; empty where nothing can be said
BALANCE = {
    "NaCl": "yes",
    "Fe3O4": "yes",
    "Fe2O3": "yes",
    "NaClO4": "rare states",
    "Na2O2": "rare states",
    "NaO2": "no",
    "NaCl2": "no",
    "Al2O": "rare states",
    "Na2O5S": "rare states",
    "Ni3Al": "",  # metals
    "Fe": "",
    "O2": "",  # an element
    "AlN": "",  # neither chalcogen nor halogen
    "HeO": "",  # no oxidation state is known
}


def test_charges_are_judged_where_there_is_an_anion_and_say_nothing_elsewhere() -> None:
    found = compare(list(BALANCE), He=900)
    assert dict(zip(BALANCE, found.charge_balanced, strict=True)) == BALANCE


def test_a_state_that_no_known_compound_has_is_flagged_and_charges_alone_are_not() -> None:
    found = compare(["MnF7", "KO2", "Ag2F", "NaCl2", "Fe2O3"], Mn=900, F=900, K=900, Ag=900, Fe=900)
    assert found.unknown_states == ["Mn+7 with F (known: +2 to +4)", "", "", "Na+2 with Cl (known: +1)", ""]
    assert found.charge_balanced == ["yes", "no", "no", "no", "yes"]
    assert found.has_unknown_state.tolist() == found.flagged.tolist() == [True, False, False, True, False]


def rock_salts(edges: np.ndarray, z: tuple[int, int]) -> Materials:
    """Return primitive cells of two sites with the given edges of the conventional cell, in angstrom."""
    n = len(edges)
    lattice = edges[:, None, None] / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    frac = np.tile([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]], (n, 1))
    structures = Structures(2 * np.arange(n + 1), lattice, np.tile(z, n), frac)
    return Materials(structures.compositions(), structures)


def structure_domain() -> Domain:
    """Train on sodium chloride and magnesium oxide of about their own densities."""
    edges = np.linspace(0.97, 1.03, 101)
    salt, oxide = rock_salts(5.64 * edges, (11, 17)), rock_salts(4.21 * edges, (12, 8))
    assert salt.structures is not None
    assert oxide.structures is not None
    structures = Structures(
        2 * np.arange(203),
        np.concatenate([salt.structures.lattice, oxide.structures.lattice]),
        np.concatenate([salt.structures.z, oxide.structures.z]),
        np.concatenate([salt.structures.frac, oxide.structures.frac]),
    )
    both = Materials(structures.compositions(), structures)
    return Domain.fit(cloud(202), both, cloud(50, seed=1), 0)


def test_a_density_is_compared_with_those_of_the_same_elements() -> None:
    known = {"Na": 101, "Cl": 101, "Mg": 101, "O": 101}
    edges = np.array([5.64, 5.1, 6.2, 4.21])
    found = structure_domain().compare(cloud(4), rock_salts(edges, (11, 17)), known)
    assert found.density == ["", "above", "below", "above"]
    assert found.flagged.tolist() == [False, True, True, True]
    oxides = structure_domain().compare(cloud(2), rock_salts(np.array([4.21, 5.64]), (12, 8)), known)
    assert oxides.density == ["", "below"]


def test_an_element_without_volume_of_its_own_is_judged_by_the_mean_of_all() -> None:
    found = structure_domain().compare(cloud(2), rock_salts(np.array([5.0, 9.0]), (19, 35)), ELEMENTS)
    assert found.density == ["", "below"]


def test_without_structures_there_is_no_word_on_densities() -> None:
    assert compare(["NaCl"]).density is None
    assert structure_domain().compare(cloud(1), materials(["NaCl"]), ELEMENTS).density is None
    assert domain_of().compare(cloud(1), rock_salts(np.array([5.6]), (11, 17)), ELEMENTS).density is None


def test_a_flat_cell_is_denser_than_any() -> None:
    flat = rock_salts(np.array([5.64]), (11, 17))
    assert flat.structures is not None
    flat.structures.lattice[0, 2] = 0
    assert structure_domain().compare(cloud(1), flat, ELEMENTS).density == ["above"]


def test_every_flagged_row_has_a_remark_and_no_other_row_has_one() -> None:
    known = ELEMENTS | {"Tc": 3}
    edges = np.array([5.64, 4.5])
    found = structure_domain().compare(np.tile([9.0, -9.0], (2, 6)), rock_salts(edges, (11, 17)), known)
    far = "farther from the training rows than 100.0 % of validation"
    assert found.remarks() == [far, f"{far}; density above the range of the training rows"]
    found = compare(["NaCl", "XeKrNa", "TcNa3Al", "NaCl2"], Tc=3)
    assert found.remarks() == [
        "",
        "never seen in training: Kr, Xe",
        "few training rows with: Tc(3)",
        "no known compound has Na+2 with Cl (known: +1)",
    ]


def test_a_dumped_domain_comes_back() -> None:
    domain = structure_domain()
    again = Domain.restore(*domain.dump(), len(domain.directions))
    rows = rock_salts(np.linspace(4, 8, 60), (11, 17))
    first, second = (one.compare(cloud(60, seed=7), rows, ELEMENTS) for one in (domain, again))
    np.testing.assert_array_equal(first.distance, second.distance)
    assert first.density == second.density


def test_60_000_train_rows_take_a_megabyte() -> None:
    n = 60_000
    compositions = Compositions(np.arange(n + 1), np.full(n, 11), np.ones(n))
    domain = Domain.fit(cloud(n, 40), Materials(compositions), cloud(100, 40, seed=1), 0)
    assert sum(array.nbytes for array in domain.dump()[0].values()) < 1_000_000
