from __future__ import annotations

import itertools
import random
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from formation_mlp.chemistry.charges import MOST_ATOMS, total_charges, whole_amounts
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.features.base import Preset
from formation_mlp.features.composition.presets import COMPOSITION_PRESETS
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials
from formation_mlp.system.compiled import COMPILE_FROM, compiled
from formation_mlp.typing import Floats
from support.paths import GOLDEN

FROZEN = np.load(GOLDEN / "compositions.npz", allow_pickle=False)
OWN = {"charge_balance"}
IMPUTING = {"magpie", "valence_orbital", "ion_property", "deml", "matscholar", "megnet_el", "pymatgen", "band_center"}
N_COLUMNS = {
    "magpie": 132, "stoichiometry": 6, "valence_orbital": 8, "ion_property": 3, "element_fraction": 118,
    "charge_balance": 6, "deml": 80, "matscholar": 1000, "megnet_el": 80, "pymatgen": 65, "band_center": 1,
    "tm_fraction": 1,
}  # fmt: skip


def materials(formulas: list[str]) -> Materials:
    parsed = parse_formulas(formulas)
    assert not parsed.failures
    return Materials(parsed.compositions)


def make(name: str, impute_nan: bool = False) -> Preset:
    return COMPOSITION_PRESETS[name](impute_nan=impute_nan) if name in IMPUTING else COMPOSITION_PRESETS[name]()


def column(name: str, formula: str, what: str, **options: Any) -> float:
    preset = COMPOSITION_PRESETS[name](**options)
    return float(preset.compute(materials([formula])).X[0, preset.names.index(what)])


def random_formulas(n: int, seed: int, symbols: Sequence[str] = SYMBOLS[1:], most_atoms: int = 9) -> list[str]:
    """Return formulas of 1 to 9 elements: whole amounts, fractional amounts and near ties."""
    generator = random.Random(seed)  # noqa: S311
    formulas = []
    for i in range(n):
        elements = generator.sample(symbols, generator.randint(1, 9))
        texts = [
            (
                str(generator.randint(1, most_atoms)),
                f"0.{generator.randint(1, 9999):04d}",
                generator.choice(["1", "1.000005", "1.0000099", "1.000011", "0.99999", "2"]),
            )[i % 3]
            for _ in elements
        ]
        formulas.append("".join(map("".join, zip(elements, texts, strict=True))))
    return formulas


def assert_equal(found: Floats, expected: Floats, scale: Floats | float) -> None:
    """Compare up to 1e-10, or up to rounding where the values that a number is made from are large."""
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    difference = np.nan_to_num(np.abs(found - expected))
    assert (difference <= 1e-10 + 1e-12 * np.nan_to_num(np.abs(expected)) + 1e-14 * scale).all(), difference.max()


def largest_values(name: str, names: Sequence[str]) -> Floats:
    """Return for each column the largest value that its property has: rounding errors are relative to that."""
    if name not in {"magpie", "deml", "pymatgen"}:
        return np.zeros(len(names))
    table = load_table(name)
    largest = dict(zip(table.properties, np.nanmax(np.abs(table.values), axis=0), strict=True))
    return np.array([largest[text.split(" ", 2)[2]] for text in names])


@pytest.mark.parametrize("name", COMPOSITION_PRESETS)
def test_a_preset_keeps_its_contract(name: str) -> None:
    preset = make(name)
    assert len(preset.names) == len(set(preset.names)) == N_COLUMNS[name]
    assert not preset.needs_structure
    assert "doi:10." in preset.citation
    block = preset.compute(materials(["CuAl", "Fe2Ni3", "Cu"]))
    assert block.X.shape == (3, len(preset.names))
    assert block.X.dtype == np.float64
    assert np.isfinite(block.X).all()
    assert block.failures == {}
    assert block.missing == {}
    nothing = preset.compute(materials([]))
    assert nothing.X.shape == (0, len(preset.names))


@pytest.mark.parametrize("name", [name for name in COMPOSITION_PRESETS if name not in OWN])
def test_the_golden_table_of_matminer_is_reproduced(name: str) -> None:
    formulas = FROZEN["formulas"].tolist()
    expected = FROZEN[name]
    n = expected.shape[1]
    imputed, plain = make(name, impute_nan=True), make(name, impute_nan=False)
    assert list(imputed.names[:n]) == FROZEN[f"{name} names"].tolist()
    found = np.vstack(
        [imputed.compute(materials(formulas[:100])).X[:, :n], plain.compute(materials(formulas[100:])).X[:, :n]]
    )
    can = np.ones(200, bool)
    if name in {"ion_property", "deml", "matscholar", "band_center"}:  # matminer raises or does not come to an end
        can = ~np.isnan(expected).all(axis=1)
    if name == "megnet_el":  # matminer takes a dummy atom
        can[100:] = ~np.isnan(found[100:]).any(axis=1)
    assert can.sum() >= 70
    found, expected = found[can], expected[can]
    assert_equal(found, expected, largest_values(name, imputed.names[:n]))


@pytest.mark.slow
@pytest.mark.parametrize("impute_nan", [True, False])
@pytest.mark.parametrize("name", ["magpie", "stoichiometry", "valence_orbital"])
def test_random_formulas_equal_matminer(name: str, impute_nan: bool) -> None:
    import matminer.featurizers.composition as matminer

    featurizer = {
        "magpie": lambda: matminer.ElementProperty.from_preset("magpie", impute_nan=impute_nan),
        "stoichiometry": matminer.Stoichiometry,
        "valence_orbital": lambda: matminer.ValenceOrbital(impute_nan=impute_nan),
    }[name]()
    rows = materials(random_formulas(5_000, seed=2))
    preset = make(name, impute_nan)
    found = preset.compute(rows).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen has no electronegativity for noble gases
        expected = np.array([featurizer.featurize(c) for c in rows.compositions.to_pymatgen()], float)
    assert list(preset.names) == featurizer.feature_labels()
    assert_equal(found, expected, largest_values(name, preset.names))


def test_statistics_follow_their_definitions() -> None:
    fe, o = 26, 8
    magpie = {what: column("magpie", "Fe2O3", f"MagpieData {what} Number") for what in ("mean", "avg_dev", "mode")}
    mean = (2 * fe + 3 * o) / 5
    assert magpie == pytest.approx(
        {"mean": mean, "avg_dev": (2 * (fe - mean) + 3 * (mean - o)) / 5, "mode": o}, rel=1e-14
    )
    variance = 5 / (25 - 13) * (2 * (fe - mean) ** 2 + 3 * (mean - o) ** 2)
    assert column("deml", "Fe2O3", "DemlData std_dev atom_num") == pytest.approx(variance**0.5, rel=1e-14)
    assert column("deml", "Fe2", "DemlData std_dev atom_num") == 0
    assert column("magpie", "FeO1.000009", "MagpieData mode Number") == o
    assert column("magpie", "Fe1.000009O", "MagpieData mode Number") == o
    assert column("magpie", "Fe1.00002O", "MagpieData mode Number") == fe
    assert column("tm_fraction", "Fe2O3", "transition metal fraction") == 0.4


@pytest.mark.parametrize("name", [name for name in COMPOSITION_PRESETS if name != "ion_property"])
def test_the_size_of_the_formula_unit_does_not_matter(name: str) -> None:
    preset = make(name)
    one, two, fraction = preset.compute(materials(["Fe2O3", "Fe4O6", "Fe0.4O0.6"])).X
    np.testing.assert_allclose(two, one, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(fraction, one, rtol=1e-13, atol=1e-13)
    column = parse_formulas(random_formulas(300, seed=5)[::3]).compositions
    scaled = Compositions(column.row_ptr, column.z, column.amount * 3)
    found, expected = preset.compute(Materials(scaled)).X, preset.compute(Materials(column)).X
    scale = largest_values(name, preset.names)
    assert_equal(found, expected, scale)


@pytest.mark.parametrize("name", COMPOSITION_PRESETS)
def test_the_order_of_the_elements_does_not_matter(name: str) -> None:
    preset = make(name)
    column = parse_formulas(random_formulas(150, seed=6)).compositions
    reverse = np.concatenate([np.arange(a, b)[::-1] for a, b in itertools.pairwise(column.row_ptr.tolist())])
    turned = Compositions(column.row_ptr, column.z[reverse], column.amount[reverse])
    found, expected = preset.compute(Materials(turned)).X, preset.compute(Materials(column)).X
    assert_equal(found, expected, largest_values(name, preset.names))


@pytest.mark.parametrize("name", COMPOSITION_PRESETS)
def test_a_row_depends_on_itself_alone(name: str) -> None:
    preset = make(name)
    column = parse_formulas(random_formulas(COMPILE_FROM + 10, seed=8)).compositions
    together = preset.compute(Materials(column)).X
    order = np.random.default_rng(0).permutation(len(column))
    assert np.array_equal(preset.compute(Materials(column.take(order))).X, together[order], equal_nan=True)
    parts = [preset.compute(Materials(column.take(rows))).X for rows in np.array_split(np.arange(len(column)), 7)]
    assert np.array_equal(np.vstack(parts), together, equal_nan=True)


def test_interpreted_and_compiled_kernels_agree() -> None:
    from formation_mlp.features.composition import element_statistics, ionic, orbitals, stoichiometry

    column = parse_formulas(random_formulas(120, seed=9)).compositions
    arrays = (column.row_ptr, column.z, column.amount)
    values = load_table("magpie").values
    kernels: list[tuple[Any, tuple[Any, ...], int]] = [
        (element_statistics._mean_deviations, (*arrays, values), 6 * values.shape[1]),
        (element_statistics._standard_deviations, (*arrays, values), 5 * values.shape[1]),
        (orbitals._valence_electrons, (*arrays, values[:, 8:13].copy()), 8),
        (ionic._ionic_characters, (*arrays, values[:, 7]), 2),
        (stoichiometry._norms, (column.row_ptr, column.amount), 6),
    ]
    for kernel, arguments, n_columns in kernels:
        one, other = np.full((2, len(column), n_columns), -1.0)
        kernel(*arguments, one)
        compiled(kernel)(*arguments, other)
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)


def test_missing_element_data_are_nan_and_counted() -> None:
    rows = materials(["NaCl", "FeNe", "XeF2", "Fe2Ne"])
    preset = make("magpie")
    block = preset.compute(rows)
    mean = preset.names.index("MagpieData mean Electronegativity")
    assert np.isnan(block.X[:, mean]).tolist() == [False, True, False, True]
    assert block.missing["MagpieData mean Electronegativity"] == 2
    assert "MagpieData mean Number" not in block.missing
    assert block.missing["MagpieData mode Electronegativity"] == 1  # Fe2Ne has its mode at iron
    assert set(block.missing) == {preset.names[j] for j in np.flatnonzero(np.isnan(block.X).any(axis=0))}


def test_imputed_element_data_are_the_means_of_matminer_and_still_counted() -> None:
    rows = materials(["NaCl", "FeNe", "XeF2", "Fe2Ne"])
    plain, imputing = make("magpie"), make("magpie", impute_nan=True)
    block = imputing.compute(rows)
    assert np.isfinite(block.X).all()
    assert block.missing == plain.compute(rows).missing
    highest = imputing.names.index("MagpieData maximum Electronegativity")
    assert block.X[1, highest] == pytest.approx(1.83)
    lowest = imputing.names.index("MagpieData minimum Electronegativity")
    assert block.X[1, lowest] == pytest.approx(1.7151020408163267)


def test_every_table_has_all_elements_and_means_for_what_is_missing() -> None:
    for source in ("magpie", "deml", "pymatgen", "matscholar", "megnet_el"):
        table = load_table(source)
        assert table.values.shape == (119, len(table.properties))
        assert np.isnan(table.values[0]).all()
        assert np.isfinite(table.values[ATOMIC_NUMBER["Fe"]]).all()
        assert np.isfinite(table.imputed()[1:]).all()
    states = load_oxidation_states()
    assert states["common"][ATOMIC_NUMBER["Fe"]] == (2, 3)
    assert all(len(states[name]) == 119 for name in ("common", "icsd", "known"))
    assert 7 in states["known"][ATOMIC_NUMBER["Cl"]]
    assert states["known"][ATOMIC_NUMBER["Na"]] == (1,)


def brute_force_charges(states: Sequence[Sequence[int]], n_atoms: Sequence[int]) -> set[int]:
    sums = {0}
    for charges, n in zip(states, n_atoms, strict=True):
        for _ in range(n):
            sums = {total + charge for total in sums for charge in charges}
    return sums


def test_total_charges_are_those_of_all_assignments() -> None:
    generator = random.Random(12)  # noqa: S311
    for _ in range(300):
        states = [tuple(generator.sample(range(-5, 9), generator.randint(1, 5))) for _ in range(3)]
        n_atoms = [generator.choice([1, 2, 3, 7, 40]) for _ in states]
        expected = brute_force_charges(states, n_atoms)
        charges = total_charges(states, n_atoms)
        found = {charges.lowest + i for i in range(charges.bits.bit_length()) if charges.bits >> i & 1}
        assert found == expected
        assert charges.has_zero() == (0 in expected)
        assert charges.nearest_to_zero() == min(map(abs, expected))


def test_amounts_become_the_smallest_whole_numbers() -> None:
    assert whole_amounts([2.0, 3.0]) == [2, 3]
    assert whole_amounts([4.0, 6.0]) == [4, 6]
    assert whole_amounts([1.0, 0.5, 1.5, 4.0]) == [2, 1, 3, 8]
    assert whole_amounts([0.4, 0.6]) == [2, 3]
    assert whole_amounts([1 / 3, 2 / 3]) == [1, 2]
    assert whole_amounts([2**0.5, 1.0]) == [5858, 4142]
    assert sum(whole_amounts([1e8, 1e8])) == MOST_ATOMS
    assert whole_amounts([1e8, 1.0]) == [10_000, 1]


def test_ion_property_knows_whether_a_neutral_compound_is_possible() -> None:
    def possible(formula: str) -> float:
        return column("ion_property", formula, "compound possible")

    assert possible("NaCl") == 1
    assert possible("Fe3O4") == 1  # with Fe2+ and Fe3+
    assert possible("Na2Cl") == 0
    assert possible("Cu") == 1
    assert possible("LiNi0.5Mn1.5O4") == possible("Li2NiMn3O8") == 1
    assert possible("Fe0.4O0.6") == 1
    assert COMPOSITION_PRESETS["ion_property"]().compute(materials(["NaNe"])).missing["compound possible"] == 1


def test_ion_property_comes_to_an_end_where_enumeration_never_does() -> None:
    formulas = ["C100H3815Br21I279N2185Pb100", "Fe99999999O99999999", "Mn0.123457Fe0.31415926Co0.2718281828O1.234567"]
    block = COMPOSITION_PRESETS["ion_property"]().compute(materials(formulas))
    assert block.X[0, 0] == 1
    assert np.isfinite(block.X).all()


def test_ion_property_equals_matminer_on_small_random_formulas() -> None:
    import matminer.featurizers.composition as matminer

    generator = random.Random(4)  # noqa: S311
    symbols = [symbol for symbol in SYMBOLS[1:104] if symbol not in {"He", "Ne", "Ar", "Kr", "Rn"}]
    formulas = [
        "".join(f"{s}{generator.randint(1, 4)}" for s in generator.sample(symbols, generator.randint(1, 4)))
        for _ in range(250)
    ]
    rows = materials(formulas)
    featurizer = matminer.IonProperty(impute_nan=False)
    expected = np.array([featurizer.featurize(c) for c in rows.compositions.to_pymatgen()], float)
    found = COMPOSITION_PRESETS["ion_property"]().compute(rows).X
    assert 50 < expected[:, 0].sum() < 200
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_charge_balance_is_that_of_the_reduced_formula() -> None:
    def of(formula: str) -> dict[str, float]:
        preset = COMPOSITION_PRESETS["charge_balance"]()
        return dict(zip(preset.names, preset.compute(materials([formula])).X[0].tolist(), strict=True))

    iron_oxide = of("Fe2O3")
    assert iron_oxide["common neutral"] == iron_oxide["icsd neutral"] == 1
    assert iron_oxide["common smallest charge per atom"] == 0
    assert iron_oxide["common balanced charge per atom"] == pytest.approx(6 / 5)
    salt = of("Na2Cl")
    assert salt["common neutral"] == 0
    assert salt["common smallest charge per atom"] == pytest.approx(1 / 3)
    alloy = of("NaK")
    assert alloy["common smallest charge per atom"] == 1
    assert alloy["common balanced charge per atom"] == 0
    block = COMPOSITION_PRESETS["charge_balance"]().compute(materials(["NaNe", "NaCl"]))
    assert np.isnan(block.X[0]).all()
    assert set(block.missing.values()) == {1}


def test_one_formula_is_described_without_heavy_imports() -> None:
    code = (
        "import sys; from formation_mlp.materials.formula.reading import parse_formulas;"
        "from formation_mlp.materials.records import Materials;"
        "from formation_mlp.features.composition.presets import COMPOSITION_PRESETS;"
        "rows = Materials(parse_formulas(['Fe2O3']).compositions);"
        "[make().compute(rows) for make in COMPOSITION_PRESETS.values()];"
        "print([m for m in ('numba', 'pandas', 'scipy', 'pymatgen', 'matminer', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
