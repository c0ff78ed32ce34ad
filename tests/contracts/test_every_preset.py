"""What every set of features must do; a new entry of the table is held to it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.presets import preset_table
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials, Numbers

TABLE = Path(__file__).with_name("features.csv")
NEEDED: dict[str, dict[str, Any]] = {
    "matminer": {"featurizer": "TMetalFraction"},
    "table": {"path": str(TABLE), "key": "formula"},
    "columns": {"names": ["share"]},
}
"""Options without which a preset cannot be made."""

SIZE_DEPENDENT: set[str] = set()
"""Presets of compositions whose numbers depend on the size of the formula unit, and say so."""

FORMULAS = ["NaCl", "Fe2O3", "SrTiO3", "Fe", "Cs3Sb", "Al0.3Ga0.7As", "HeNa2", "Pu", "Ca3(PO4)2", "O3Fe2"]


def crystal(a: float, *sites: tuple[str, list[float]]) -> Structure:
    return Structure(Lattice.cubic(a), [symbol for symbol, _ in sites], [frac for _, frac in sites])


CORNER, CENTRE, FACES = [0.0, 0.0, 0.0], [0.5] * 3, [[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
CRYSTALS = [
    crystal(4.12, ("Cs", CORNER), ("Cl", CENTRE)),
    crystal(3.905, ("Sr", CORNER), ("Ti", CENTRE), *(("O", face) for face in FACES)),
    crystal(2.87, ("Fe", CORNER), ("Fe", CENTRE)),
    crystal(3.57, ("Ni", FACES[0]), ("Ni", FACES[1]), ("Ni", FACES[2]), ("Al", CORNER)),
    crystal(3.4, ("Xe", CORNER), ("Pu", [0.5, 0.5, 0.48])),
]


def read(items: Sequence[object]) -> Materials:
    """Read materials that come with a number of their own, for the preset that takes it."""
    found = read_materials(items).materials
    return replace(found, numbers=Numbers(("share",), found.compositions.n_elements[:, None] / 10))


@pytest.fixture(scope="module", params=preset_table())
def name(request: pytest.FixtureRequest) -> str:
    preset: str = request.param
    return preset


@pytest.fixture(scope="module")
def preset(name: str) -> Preset:
    parameters = signature(preset_table()[name]).parameters.values()
    needed = {p.name for p in parameters if p.default is Parameter.empty and p.kind is not Parameter.VAR_KEYWORD}
    assert needed <= set(NEEDED.get(name, {})), f"give the options of {name!r} in NEEDED"
    return preset_table()[name](**NEEDED.get(name, {}))


@pytest.fixture(scope="module")
def materials(preset: Preset) -> Materials:
    return read(CRYSTALS if preset.needs_structure else FORMULAS)


@pytest.fixture(scope="module")
def block(preset: Preset, materials: Materials) -> FeatureBlock:
    return preset.compute(materials)


def test_columns_have_unique_names_and_a_source(preset: Preset) -> None:
    assert len(preset.names) == len(set(preset.names)) > 0
    assert all(isinstance(column, str) and column.strip() == column and column for column in preset.names)
    assert preset.citation.strip()


def test_there_is_one_float_per_row_and_column(preset: Preset, materials: Materials, block: FeatureBlock) -> None:
    assert block.X.shape == (len(materials), len(preset.names))
    assert block.X.dtype == np.float64


def test_most_rows_can_be_described(block: FeatureBlock) -> None:
    assert len(block.failures) <= 1
    assert all(isinstance(reason, str) and reason for reason in block.failures.values())


def test_a_number_is_finite_or_counted_as_missing_or_its_row_failed(preset: Preset, block: FeatureBlock) -> None:
    good = np.delete(block.X, list(block.failures), axis=0)
    assert np.isnan(block.X[list(block.failures)]).all()
    assert not np.isinf(good).any()
    n_missing = dict(zip(preset.names, np.isnan(good).sum(axis=0).tolist(), strict=True))
    uncounted = {column: n for column, n in n_missing.items() if n > block.missing.get(column, 0)}
    assert uncounted == {}
    assert set(block.missing) <= set(preset.names)
    assert all(0 < n <= len(good) for n in block.missing.values())


def test_a_row_depends_on_itself_alone(preset: Preset, materials: Materials, block: FeatureBlock) -> None:
    order = list(range(len(materials)))[::-1]
    reverse = preset.compute(materials.take(order))
    np.testing.assert_allclose(reverse.X[::-1], block.X, rtol=1e-12, atol=1e-14)
    assert {order[row]: reason for row, reason in reverse.failures.items()} == block.failures
    for row in (0, len(materials) - 1):
        alone = preset.compute(materials.take([row]))
        np.testing.assert_allclose(alone.X[0], block.X[row], rtol=1e-12, atol=1e-14)
        assert bool(alone.failures) == (row in block.failures)


def test_describing_again_gives_the_same_and_changes_no_input(
    preset: Preset, materials: Materials, block: FeatureBlock
) -> None:
    before = [array.copy() for array in arrays(materials)]
    again = preset.compute(materials)
    np.testing.assert_array_equal(again.X, block.X)
    assert (again.failures, again.missing) == (block.failures, block.missing)
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays(materials), strict=True))


def arrays(materials: Materials) -> list[np.ndarray]:
    compositions, structures = materials.compositions, materials.structures
    found = [compositions.row_ptr, compositions.z, compositions.amount]
    return (
        found
        if structures is None
        else [*found, structures.site_ptr, structures.lattice, structures.z, structures.frac]
    )


def test_no_rows_give_no_numbers(preset: Preset, materials: Materials) -> None:
    block = preset.compute(materials.take([]))
    assert block.X.shape == (0, len(preset.names))
    assert (block.failures, block.missing) == ({}, {})


def test_columns_tell_materials_apart(block: FeatureBlock) -> None:
    assert (np.ptp(np.nan_to_num(block.X), axis=0) > 0).any()


def test_a_preset_of_compositions_describes_structures_the_same_way(name: str, preset: Preset) -> None:
    if preset.needs_structure:
        pytest.skip("featurizes structures")
    of_structures = preset.compute(read(CRYSTALS[:4]))
    of_formulas = preset.compute(read(["CsCl", "SrTiO3", "Fe2", "Ni3Al"]))
    np.testing.assert_allclose(of_structures.X, of_formulas.X, rtol=1e-12)


def test_the_size_of_the_formula_unit_does_not_matter_but_where_it_is_documented(name: str, preset: Preset) -> None:
    if preset.needs_structure:
        pytest.skip("featurizes structures")
    X = preset.compute(read(["Fe2O3", "Fe4O6", "O3Fe2", "Fe0.4O0.6"])).X
    if name in SIZE_DEPENDENT:
        assert not np.allclose(X[0], X[1], equal_nan=True)
        assert "formula unit" in (preset_table()[name].__doc__ or "")
    else:
        np.testing.assert_allclose(X, X[[0, 0, 0, 0]], rtol=1e-9, atol=1e-12)


def test_a_preset_says_what_it_is(name: str) -> None:
    docstring = preset_table()[name].__doc__ or ""
    assert docstring.splitlines()[0].strip()
    assert "matminer" in docstring or "package" in docstring or name in NEEDED
