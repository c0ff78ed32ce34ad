"""matminer's own featurizers, by the name of their class."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.config.loading import check_config
from formation_mlp.config.names import RETIRED_PRESETS
from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.base import FeatureBlock
from formation_mlp.features.engine.table import featurize
from formation_mlp.features.external import matminer as matminer_adapter
from formation_mlp.features.presets import build_preset, choose_preset, choose_presets
from formation_mlp.materials.inputs import read_materials
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import DIED
from support.child_functions import crash_at_magnesium, crash_once

ENDLESS = "C100H3815Br21I279N2185Pb100"
FORMULAS = ["NaCl", "Fe2O3", "SrTiO3", "Li7La3Zr2O12", "Cu"]


def formulas(*texts: str) -> Materials:
    return read_materials(texts).materials


def crystals() -> Materials:
    """Return SrTiO3, the same with its sites in another order, and wurtzite ZnS with a site outside the cell."""
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    z = [38, 22, 8, 8, 8]
    order = [2, 4, 0, 3, 1]
    zinc = [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 1.374], [2 / 3, 1 / 3, -0.126]]
    hexagonal = [[3.82, 0, 0], [-1.91, 3.3082, 0], [0, 0, 6.26]]
    structures = Structures(
        np.array([0, 5, 10, 14]),
        np.array([3.9 * np.eye(3), 3.9 * np.eye(3), hexagonal]),
        np.array([*z, *(z[i] for i in order), 30, 30, 16, 16]),
        np.array([*frac, *(frac[i] for i in order), *zinc], float),
    )
    return Materials(structures.compositions(), structures)


def described(materials: Materials, *parts: Any) -> FeatureBlock:
    table = featurize(materials, parts, cache="off")
    return FeatureBlock(table.X, table.failures, table.missing)


@pytest.mark.parametrize(
    ("own", "adapted"),
    [
        ("band_center", "BandCenter"),
        ("stoichiometry", "Stoichiometry"),
        ("deml", {"featurizer": "ElementProperty", "preset": "deml"}),
        ({"magpie": {"impute_nan": True}}, {"featurizer": "ElementProperty", "preset": "magpie", "impute_nan": True}),
    ],
)
def test_a_featurizer_of_compositions_gives_the_numbers_of_the_preset(own: Any, adapted: Any) -> None:
    materials = formulas(*FORMULAS)
    expected, found = described(materials, own), described(materials, {"matminer": adapted})
    np.testing.assert_allclose(found.X, expected.X, rtol=1e-9, atol=1e-12)
    assert found.missing == expected.missing
    assert found.failures == {}
    assert build_preset({"matminer": adapted}).names == build_preset(own).names


@pytest.mark.parametrize(
    ("own", "adapted"),
    [
        ("density", "DensityFeatures"),
        ("ward2017", {"featurizer": "SiteStatsFingerprint", "preset": "LocalPropertyDifference_ward-prb-2017"}),
    ],
)
def test_a_featurizer_of_structures_gives_the_numbers_of_the_preset(own: Any, adapted: Any) -> None:
    """Also for rows that matminer by itself takes for each other, and for sites outside the cell."""
    materials = crystals()
    preset, other = build_preset(own), build_preset({"matminer": adapted})
    assert other.needs_structure
    columns = [preset.names.index(name) for name in other.names]
    expected = described(materials, own).X[:, columns]
    np.testing.assert_allclose(described(materials, {"matminer": adapted}).X, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("adapted", "columns", "numbers"),
    [
        (
            "RadialDistributionFunction",
            ["rdf [1.90000 - 2.00000]A", "rdf [2.30000 - 2.40000]A", "rdf [2.70000 - 2.80000]A"],
            [[29.787277, 0, 59.915881], [0, 45.590917, 0]],
        ),
        (
            "StructuralComplexity",
            ["structural complexity per atom", "structural complexity per cell"],
            [[1.370951, 6.854753], [1, 4]],
        ),
        (
            {"featurizer": "SiteStatsFingerprint", "preset": "CrystalNNFingerprint_ops"},
            ["mean wt CN_2", "std_dev wt CN_2"],
            [[0.310501, 0.253523], [0, 0]],
        ),
    ],
)
def test_what_replaces_a_retired_preset_gives_its_columns(adapted: Any, columns: list[str], numbers: Any) -> None:
    """The numbers are those of the presets as they were; those of ``rdf`` were divided by the number of sites."""
    names = list(build_preset({"matminer": adapted}).names)
    X = described(crystals().take([0, 2]), {"matminer": adapted}).X
    np.testing.assert_allclose(X[:, list(map(names.index, columns))], numbers, atol=1e-6)


def test_the_diffraction_pattern_that_replaces_a_retired_preset_is_that_of_matminer() -> None:
    X = described(crystals().take([0, 2]), {"matminer": "XRDPowderPattern"}).X
    assert build_preset({"matminer": "XRDPowderPattern"}).names == tuple(f"xrd_{angle}" for angle in range(128))
    np.testing.assert_allclose(X.sum(axis=1), [0.9992907, 0.99908016], atol=1e-7)


@pytest.mark.parametrize("name", RETIRED_PRESETS)
def test_a_retired_preset_says_what_to_write_instead(name: str) -> None:
    instead = RETIRED_PRESETS[name].split(",")[0]
    with pytest.raises(ConfigError, match=rf"{name}.*no longer\. Write {re.escape(instead)}.*trained again"):
        choose_presets([name])
    with pytest.raises(ConfigError, match=rf"(?s)1 problem in.*{name}.*no longer\. Write {re.escape(instead)}"):
        check_config({"data": {"path": "bundled"}, "features": ["density", {name: {}}]}, "job.yaml")


def test_values_that_are_missing_are_counted_and_not_imputed() -> None:
    materials = formulas("NaCl", "NaNe")  # Deml's data have no energy of neon
    (column,) = columns = ["DemlData mean GGAU_Etot"]
    options = {"featurizer": "ElementProperty", "preset": "deml", "columns": columns}
    block = described(materials, {"matminer": options})
    assert np.isnan(block.X[:, 0]).tolist() == [False, True]
    assert block.missing == {column: 1}
    assert block.failures == {}
    imputed = described(materials, {"matminer": {**options, "impute_nan": True}})
    assert np.isfinite(imputed.X).all()


@pytest.mark.slow
def test_a_row_that_does_not_end_is_given_up_and_the_next_ones_are_described() -> None:
    start = time.monotonic()
    part = {"matminer": {"featurizer": "IonProperty", "seconds": 0.5}}
    block = described(formulas("NaCl", ENDLESS, "MgO", "Fe2O3"), part)
    assert time.monotonic() - start < 900
    assert set(block.failures) == {1}
    assert "longer than 0.5 s" in block.failures[1]
    assert block.X[[0, 2, 3], 0].tolist() == [1, 1, 1]
    assert np.isnan(block.X[1]).all()


def test_what_matminer_raises_is_the_reason_of_the_row() -> None:
    block = described(formulas("Cu", "NaCl"), {"matminer": "ElectronegativityDiff"})
    assert set(block.failures) == {0, 1}
    assert "ValueError" in block.failures[0]
    assert "oxidation_states: true" in block.failures[0]


def test_oxidation_states_are_guessed_on_request_and_never_taken_for_zero() -> None:
    part = {"matminer": {"featurizer": "OxidationStates", "preset": "deml", "oxidation_states": True}}
    block = described(formulas("Fe2O3", "NaF2"), part)
    assert block.X[0, :2].tolist() == [-2, 3]
    assert set(block.failures) == {1}
    assert "add up to zero" in block.failures[1]


def test_an_infinite_value_fails_the_row() -> None:
    block = described(formulas("NaCl"), {"matminer": "AtomicPackingEfficiency"})
    assert "infinite 'mean simul. packing efficiency'" in block.failures[0]


def test_columns_of_text_are_refused_by_name_and_can_be_left_out() -> None:
    with pytest.raises(FeatureError, match=r"HOMO_character \(str\).*columns: \[HOMO_energy, LUMO_energy, gap_AO\]"):
        described(formulas("NaCl"), {"matminer": "AtomicOrbitals"})
    part = {"matminer": {"featurizer": "AtomicOrbitals", "columns": ["gap_AO", "HOMO_energy"]}}
    assert build_preset(part).names == ("gap_AO", "HOMO_energy")
    assert np.isfinite(described(formulas("NaCl"), part).X).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("BandCentre", r"no featurizer 'BandCentre'.*Did you mean 'BandCenter'"),
        ("CrystalNNFingerprint", r"featurizes a site.*SiteStatsFingerprint"),
        ("BondFractions", r"see the test rows.*\{table: FILE\}"),
        ("BagofBonds", "see the test rows"),
        ("CohesiveEnergy", "server"),
        ("ElementProperty", "missing 3 required.*or preset"),
        ({"featurizer": "ElementProperty", "preset": "dmel"}, "cannot be made.*'dmel'"),
        ({"featurizer": "BandCenter", "preset": "x"}, "has no presets"),
        ({"featurizer": "BandCenter", "wrong": 1}, "unexpected keyword argument 'wrong'.*Its arguments: impute_nan"),
        ({"featurizer": "BandCenter", "columns": ["band centre"]}, "Did you mean 'band center'"),
        ({"featurizer": "BandCenter", "seconds": 0}, "seconds: found 0"),
        ({"featurizer": "BandCenter", "seconds": "long"}, "seconds: found 'long'"),
        ({"featurizer": "BandCenter", "oxidation_states": "yes"}, "oxidation_states: found 'yes'"),
        ({"featurizer": "BandCenter", "anything": {1, 2}}, "plain data"),
        (None, "featurizer"),
    ],
)
def test_a_wrong_description_is_a_configuration_error(options: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s)features.matminer.*{message}"):
        choose_presets([{"matminer": options}])


def test_one_value_stands_for_the_first_option_and_all_spellings_are_one() -> None:
    short, long = {"matminer": "BandCenter"}, {"matminer": {"featurizer": "BandCenter"}}
    assert choose_preset(short).text == choose_preset(long).text
    with pytest.raises(ConfigError, match="named twice"):
        choose_presets([short, long])
    assert len(choose_presets([short, {"matminer": "TMetalFraction"}])) == 2
    with pytest.raises(ConfigError, match="'magpie' is named twice"):
        choose_presets(["magpie", {"magpie": {"impute_nan": True}}])
    with pytest.raises(ConfigError, match="no options"):
        choose_presets([{"stoichiometry": 3}])
    with pytest.raises(ConfigError, match="impute_nan: found 'yes'"):
        choose_presets([{"magpie": "yes"}])


def test_a_featurizer_of_structures_needs_structures() -> None:
    with pytest.raises(FeatureError, match="formulas only"):
        featurize(formulas("NaCl"), [{"matminer": "DensityFeatures"}], cache="off")


def test_a_broken_cell_fails_its_row_alone() -> None:
    materials = crystals()
    assert materials.structures is not None
    materials.structures.lattice[1] = np.nan
    block = described(materials, {"matminer": "DensityFeatures"})
    assert set(block.failures) == {1}
    assert np.isfinite(block.X[[0, 2]]).all()


def test_the_same_featurizer_runs_in_workers() -> None:
    materials = formulas(*FORMULAS)
    part = {"matminer": "TMetalFraction"}
    np.testing.assert_array_equal(
        featurize(materials, [part], compute=Compute(2), cache="off").X, described(materials, "tm_fraction").X
    )


@pytest.mark.slow
def test_a_row_that_crashes_the_process_twice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    preset = build_preset({"matminer": "TMetalFraction"})
    monkeypatch.setattr(matminer_adapter, "featurize_rows", crash_at_magnesium)
    block = preset.compute(formulas("NaCl", "MgO", "KCl", "LiF"))
    assert block.X[[0, 2, 3], 0].tolist() == [11, 19, 3]
    assert block.failures == {1: f"{DIED}: exit code 3"}


def test_a_process_that_is_killed_once_costs_no_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flag = tmp_path / "was killed"
    monkeypatch.setattr(matminer_adapter, "featurize_rows", crash_once)
    outcomes = matminer_adapter._outcomes(str(flag), 10.0, formulas("NaCl", "MgO", "KCl"))
    assert list(outcomes) == [[11], [12], [19]]
    assert flag.exists()
