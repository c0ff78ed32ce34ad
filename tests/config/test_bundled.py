"""The configurations of the package: found by name, listed, and never mistaken for data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from formation_mlp.config.bundled import BundledConfig, bundled_configs, find_bundled, overview, resolved, where_to_get
from formation_mlp.config.loading import load_config
from formation_mlp.errors import ConfigError
from support.paths import ROOT

CONFIGS = bundled_configs()
VERBS = ("train", "benchmark", "tune")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, as whoever has installed the package."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_they_are_those_of_the_repository() -> None:
    assert [config.path.name for config in CONFIGS] == sorted(path.name for path in (ROOT / "configs").iterdir())


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_each_says_what_it_does_how_long_it_takes_and_what_it_reads(config: BundledConfig) -> None:
    found = find_bundled(config.name)
    data = load_config(found.path).data.path
    assert 20 < len(found.summary) < 110
    assert found.time
    assert (data == "bundled") == found.table.startswith("in the package")
    if data != "bundled":
        assert found.table.split(",")[0].endswith(Path(data).name)
        assert found.data in where_to_get(data)
    assert f"{found.name} " in overview()


@pytest.mark.parametrize("given", ["quickstart", "quickstart.yaml", "configs/quickstart.yaml", "configs/quickstart"])
def test_a_name_is_found_where_there_is_no_such_file(given: str) -> None:
    assert resolved(Path(given), "train") == find_bundled("quickstart").path


def test_a_file_of_ones_own_comes_first(elsewhere: Path) -> None:
    for name in ("quickstart", "quickstart.yaml", "configs/quickstart.yaml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("data: {path: bundled}\n")
        assert resolved(Path(name), "train") == Path(name)


def test_a_folder_of_the_name_does_not_hide_it() -> None:
    Path("quickstart").mkdir()
    assert resolved(Path("quickstart"), "train").is_file()


def test_a_pipe_is_read_as_it_is() -> None:
    os.mkfifo("pipe")
    assert resolved(Path("pipe"), "train") == Path("pipe")


@pytest.mark.parametrize("given", ["quickstrat", "quickstrat.yaml", "configs/quickstrat.yaml"])
def test_what_is_not_there_is_said_with_the_nearest_name(given: str) -> None:
    with pytest.raises(
        ConfigError, match=r"no such configuration file\. Did you mean 'quickstart.*formation-mlp configs"
    ):
        resolved(Path(given), "train")
    with pytest.raises(ConfigError, match="Did you mean 'quickstart'"):
        find_bundled("quickstrat")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "name", ["dft.csv", "dft.CSV.gz", "dft.tsv", "dft.json", "dft.jsonl", "dft.parquet", "dft.xlsx"]
)
@pytest.mark.parametrize("exists", [True, False])
def test_a_table_is_no_configuration(verb: str, name: str, exists: bool) -> None:
    if exists:
        Path(name).write_text("formula,energy\nNaCl,-2\n")
    with pytest.raises(ConfigError) as error:
        resolved(Path(name), verb)
    advice = f"formation-mlp {'fit' if verb == 'train' else 'init'} {name}"
    assert f"{name}: that is a table, and '{verb}' takes a configuration" in str(error.value)
    assert str(error.value).endswith(advice)


@pytest.mark.parametrize("name", ["NaCl.cif", "a.extxyz", "a.vasp"])
def test_a_structure_is_no_configuration(name: str) -> None:
    with pytest.raises(ConfigError, match=f"that is a structure.*formation-mlp predict {name}"):
        resolved(Path(name), "train")


def test_a_folder_and_a_run_are_no_configurations(elsewhere: Path) -> None:
    with pytest.raises(ConfigError, match=r"that is a folder.*formation-mlp fit"):
        resolved(elsewhere, "train")
    (elsewhere / "config.yaml").write_text("data: {path: bundled}\n")
    with pytest.raises(ConfigError, match=r"that is a run folder.*config\.yaml"):
        resolved(elsewhere, "train")


def test_only_tables_of_the_package_are_known() -> None:
    assert where_to_get("mine.csv") == ""
    assert "github.com" in where_to_get("anywhere/critexam_mp.csv.gz")
