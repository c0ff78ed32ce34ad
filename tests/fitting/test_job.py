"""What a table becomes: shares, duplicates, opponents, overrides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp.errors import ConfigError, DataError
from formation_mlp.fitting.job import Asked, default_output, job_for

Write = Callable[..., Path]

COMPUTED = [(f"Na{i}Cl{j}", -0.1 * i - 0.01 * j) for i in range(1, 7) for j in (7, 8, 9, 11)]


def test_computed_energies_of_formulas_take_the_lowest(write_csv: Write) -> None:
    write_csv(COMPUTED, ["Compound", "E_f [eV/at]"])
    job = job_for(Asked("table.csv"))
    data = job.config.data
    assert (data.formula, data.target, data.unit) == ("Compound", "E_f [eV/at]", "eV/atom")
    assert (data.duplicates, data.invalid) == ("lowest", "drop")
    assert "the lowest is taken, for the energies are computed" in job.notes[-1]
    assert job.config.output == "runs/table"


def test_measured_enthalpies_take_the_median(write_csv: Write) -> None:
    write_csv()
    job = job_for(Asked("table.csv"))
    assert job.table.measured
    assert job.config.data.duplicates == "median"
    assert job_for(Asked("table.csv", kind="computed")).config.data.duplicates == "lowest"


@pytest.mark.parametrize(
    ("table", "header", "kind", "scale", "source"),
    [
        (None, ["formula", "formation_energy"], None, None, "measured"),
        (None, ["formula", "formation_energy"], "computed", None, None),
        (None, ["formula", "formation_energy"], None, "measured", None),  # the scale says it
        (COMPUTED, ["formula", "E_f [eV/at]"], None, None, None),
        (COMPUTED, ["formula", "E_f [eV/at]"], "measured", None, "measured"),
        ([(*row, "NIST") for row in COMPUTED], ["formula", "E_f [eV/at]", "source"], "measured", None, "NIST"),
    ],
)
def test_measured_energies_have_an_origin_wherever_the_model_goes(
    write_csv: Write,
    table: list[tuple[object, ...]] | None,
    header: list[str],
    kind: str | None,
    scale: str | None,
    source: str | None,
) -> None:
    write_csv(table, header)
    assert job_for(Asked("table.csv", kind=kind, scale=scale)).config.data.source == source


def test_structures_are_all_kept(structure_folder: Path, write_csv: Write) -> None:
    files = sorted(path for path in structure_folder.iterdir() if path.suffix == ".cif")
    write_csv([(path, -2.0 - 0.1 * i) for i, path in enumerate(files)], ["structure", "formation_energy_per_atom"])
    job = job_for(Asked("table.csv", {"unit": "eV/atom"}))
    assert job.config.data.duplicates == "keep"
    assert "ward2017" in job.config.features


@pytest.mark.parametrize("kind", ["experimental", ""])
def test_another_kind_is_refused(write_csv: Write, kind: str) -> None:
    write_csv()
    with pytest.raises(ConfigError, match=r"--kind: unknown kind of energies .*Choose one of: computed, measured"):
        job_for(Asked("table.csv", kind=kind))


def test_what_is_unsure_stops_before_anything_is_written(write_csv: Write, workplace: Path) -> None:
    write_csv([("NaCl", 1.0), ("MgO", 2.0)], ["formula", "band_gap"])
    with pytest.raises(DataError, match="--target"):
        job_for(Asked("table.csv"))
    assert [path.name for path in workplace.iterdir()] == ["table.csv"]


def test_overrides_columns_and_the_scale_go_into_the_configuration(write_csv: Write) -> None:
    write_csv(COMPUTED, ["Compound", "E_f [eV/at]"])
    overrides = ("model.hidden=[8]", "seed=3", "benchmark.baselines=[mean]")
    asked = Asked("table.csv", {"target": "E_f [eV/at]"}, scale="mp2020", out="elsewhere", overrides=overrides)
    config = job_for(asked).config
    assert (config.model.hidden, config.seed, config.benchmark.baselines) == ([8], 3, ["mean"])
    assert (config.data.scale, config.output) == ("mp2020", "elsewhere")
    with pytest.raises(ConfigError, match=r"model\.hiden"):
        job_for(Asked("table.csv", overrides=("model.hiden=[8]",)))


def test_what_is_set_of_the_data_is_as_good_as_an_option(write_csv: Write) -> None:
    write_csv()
    scaled = job_for(Asked("table.csv", overrides=("data.scale=measured", "data.duplicates=mean")))
    assert (scaled.config.data.scale, scaled.config.data.source) == ("measured", None)  # the scale says it
    assert scaled.config.data.duplicates == "mean"
    assert not any("Of several rows" in note for note in scaled.notes)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked("table.csv", {"formula": "formula"}, overrides=("data.formula=x",)), "--formula: --set data.formula"),
        (Asked("table.csv", scale="measured", overrides=("data.scale=mp2020",)), "--scale: --set data.scale"),
        (Asked("table.csv", out="here", overrides=("output=there",)), "--out: --set output"),
    ],
)
def test_what_is_said_twice_is_refused(write_csv: Write, asked: Asked, message: str) -> None:
    write_csv()
    with pytest.raises(ConfigError, match=message):
        job_for(asked)


def test_small_tables_hold_out_larger_shares(write_csv: Write) -> None:
    write_csv()
    assert job_for(Asked("table.csv")).config.split.test == 0.15
    assert job_for(Asked("bundled")).config.split.test == 0.1


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("dft.csv", "runs/dft"),
        ("a/b.xlsx", "runs/b"),
        ("b.csv.gz", "runs/b"),
        ("cifs/", "runs/cifs"),
        ("bundled", "runs/bundled"),
        ("matminer:expt_formation_enthalpy", "runs/expt_formation_enthalpy"),
        ("-", "runs/stdin"),
    ],
)
def test_a_run_has_the_name_of_its_table(path: str, output: str) -> None:
    assert default_output(path) == output
