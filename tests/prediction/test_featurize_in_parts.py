"""Tables that are larger than memory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from formation_mlp.config.schema import DataConfig
from formation_mlp.errors import DataError
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials
from formation_mlp.prediction import featurize_in_parts as job
from formation_mlp.prediction.featurize_in_parts import Featurized, featurize_in_parts

pytestmark = pytest.mark.slow

FEATURES = ["stoichiometry", "tm_fraction"]
N = 20_000


@pytest.fixture(scope="module")
def formulas() -> list[str]:
    """Return 20,000 formulas, some of which cannot be read."""
    rng = np.random.default_rng(0)
    symbols = np.array(["Na", "Cl", "Fe", "O", "Mg", "Si", "Al", "Ti", "Li", "Ba"])
    pairs = symbols[rng.random((N, 10)).argsort(axis=1)[:, :3]]
    amounts = rng.integers(1, 9, (N, 3))
    texts = ["".join(f"{s}{k}" for s, k in zip(*row, strict=True)) for row in zip(pairs, amounts.tolist(), strict=True)]
    texts[123] = texts[N - 1] = "Xx2O"
    return texts


@pytest.fixture
def source(tmp_path: Path, formulas: list[str]) -> Path:
    """Return a folder of three parquet files of unequal size."""
    folder = tmp_path / "in"
    folder.mkdir()
    start = 0
    for number, n in enumerate((11_000, 8_000, 1_000)):
        rows = {
            "noise": np.zeros(n),
            "formula": formulas[start : start + n],
            "id": [f"m{i}" for i in range(start, start + n)],
        }
        pq.write_table(pa.table(rows), folder / f"{number}.parquet", row_group_size=3_000)
        start += n
    return folder


def described(source: Path, out: Path, **options: Any) -> Featurized:
    return featurize_in_parts(DataConfig(path=str(source)), out, FEATURES, rows_per_part=3_000, **options)


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def test_all_rows_come_out_in_order_and_equal_to_those_of_one_table(
    source: Path, tmp_path: Path, formulas: list[str]
) -> None:
    seen: list[tuple[int, int]] = []
    summary = described(source, tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    assert (summary.n_rows, summary.n_errors, summary.n_columns, summary.n_parts, summary.n_found) == (N, 2, 7, 7, 0)
    assert seen == [(min(done, N), N) for done in range(3_000, N + 3_000, 3_000)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "_manifest.json",
        *(f"part-{i:05d}.parquet" for i in range(7)),
    ]
    whole = pq.read_table(tmp_path / "out").to_pandas()
    assert whole["id"].tolist() == [f"m{i}" for i in range(N)]
    assert whole["formula"].tolist() == formulas
    failed = np.flatnonzero(whole["error"] != "").tolist()
    assert failed == [123, N - 1]
    assert "Xx" in whole["error"][123]
    numbers = whole.iloc[:, 3:].to_numpy()
    assert np.isnan(numbers[failed]).all()
    good = np.delete(np.arange(N), failed)
    expected = featurize(Materials(parse_formulas([formulas[i] for i in good]).compositions), FEATURES)
    assert tuple(whole.columns[3:]) == expected.names
    np.testing.assert_array_equal(numbers[good], expected.X)


def test_the_manifest_describes_what_is_there(source: Path, tmp_path: Path) -> None:
    described(source, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    assert (manifest["rows"], manifest["errors"]) == (N, 2)
    assert [part["rows"] for part in manifest["parts"]] == [3_000] * 6 + [2_000]
    assert manifest["parts"][0] == {"file": "part-00000.parquet", "rows": 3_000, "errors": 1, "missing": {}}
    assert len(manifest["descriptors"]) == 7


def test_an_interrupted_run_goes_on_where_it_stopped(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(source, tmp_path / "whole")

    def stop(done: int, _total: int) -> None:
        if done == 9_000:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        described(source, out, progress=stop)
    assert sorted(contents(out)) == [f"part-{i:05d}.parquet" for i in range(3)]
    (out / "part-00001.parquet").unlink()
    n_featurized: list[int] = []
    describe = featurize

    def counting(materials: Materials, *args: Any, **options: Any) -> Any:
        n_featurized.append(len(materials))
        return describe(materials, *args, **options)

    monkeypatch.setattr(job, "featurize", counting)
    summary = described(source, out)
    assert (summary.n_found, summary.n_errors) == (2, 2)
    assert n_featurized == [3_000, 3_000, 3_000, 3_000, 1_999]
    assert contents(out) == contents(tmp_path / "whole")
    n_featurized.clear()
    assert described(source, out).n_found == 7
    assert n_featurized == []


@pytest.mark.parametrize("other", ["features", "source", "size", "foreign", "damaged"])
def test_a_folder_of_something_else_is_left_alone(other: str, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    described(source, out)
    features, rows_per_part = list(FEATURES), 3_000
    if other == "features":
        features = FEATURES[:1]
    elif other == "source":
        pq.write_table(pa.table({"noise": [0.0], "formula": ["NaCl"], "id": ["x"]}), source / "9.parquet")
    elif other == "size":
        rows_per_part = 4_000
    elif other == "foreign":
        pq.write_table(pa.table({"x": [1.0]}), out / "mine.parquet")
    else:
        (out / "part-00002.parquet").write_bytes(b"PAR1 half a file")
    before = contents(out)
    with pytest.raises(DataError, match="not of this job"):
        featurize_in_parts(DataConfig(path=str(source)), out, features, rows_per_part=rows_per_part)
    assert contents(out) == before


@pytest.mark.parametrize("way", ["touched", "moved", "edited in place"])
def test_what_the_source_holds_counts_and_not_its_time(
    way: str, source: Path, tmp_path: Path, formulas: list[str]
) -> None:
    out = tmp_path / "out"
    described(source, out)
    file = source / "2.parquet"
    time = file.stat().st_mtime_ns
    if way == "edited in place":
        rows = {"noise": np.zeros(1_000), "formula": formulas[18_999:19_999], "id": [f"m{i}" for i in range(1_000)]}
        pq.write_table(pa.table(rows), file)
        os.utime(file, ns=(time, time))
        with pytest.raises(DataError, match="not of this job"):
            described(source, out)
        return
    if way == "touched":
        os.utime(file, ns=(0, 0))
    else:
        source = source.rename(tmp_path / "elsewhere")
    assert described(source, out).n_found == 7


def test_a_source_that_changes_on_the_way_is_no_result(source: Path, tmp_path: Path) -> None:
    rows = pa.table({"noise": np.zeros(1_000), "formula": ["NaCl"] * 1_000, "id": ["a"] * 1_000})
    with pytest.raises(DataError, match="was changed while its rows were featurized"):
        described(source, tmp_path / "out", progress=lambda *_: pq.write_table(rows, source / "2.parquet"))
    assert not (tmp_path / "out" / job.MANIFEST).exists()
    with pytest.raises(DataError, match="not of this job"):
        described(source, tmp_path / "out")


def test_parts_whose_structure_files_have_changed_are_described_anew(tmp_path: Path) -> None:
    from pymatgen.core import Lattice, Structure

    for i in range(4):
        Structure(Lattice.cubic(4), ["Cs", "Cl"], [[0, 0, 0], [0.5] * 3]).to(str(tmp_path / f"{i}.cif"))
    file, out = tmp_path / "table.parquet", tmp_path / "out"
    pq.write_table(pa.table({"structure": [f"{i}.cif" for i in range(4)]}), file)
    data = DataConfig(path=str(file))

    def run() -> tuple[int, list[float]]:
        found = featurize_in_parts(data, out, ["density"], rows_per_part=2, cache=tmp_path / "cache").n_found
        return found, pq.read_table(out).to_pandas()["vpa"].round(9).tolist()

    assert run() == (0, [32.0] * 4)
    Structure(Lattice.cubic(6), ["Cs", "Cl"], [[0, 0, 0], [0.5] * 3]).to(str(tmp_path / "3.cif"))
    assert run() == (1, [32.0, 32.0, 32.0, 108.0])
    assert run()[0] == 2


def test_a_table_of_features_counts_by_what_it_holds(tmp_path: Path) -> None:
    file, own, out = tmp_path / "in.parquet", tmp_path / "own.csv", tmp_path / "out"
    pq.write_table(pa.table({"formula": ["NaCl", "MgO"]}), file)
    own.write_text("formula,gap\nNaCl,1\nMgO,2\n")
    features = [{"table": str(own)}]
    data = DataConfig(path=str(file))
    featurize_in_parts(data, out, features)
    own.write_text("formula,gap\nNaCl,5\nMgO,2\n")
    with pytest.raises(DataError, match="not of this job"):
        featurize_in_parts(data, out, features)
    featurize_in_parts(data, out, features, overwrite=True)
    assert pq.read_table(out)["gap"].to_pylist() == [5.0, 2.0]
    with pytest.raises(DataError, match="which is read, is in"):
        featurize_in_parts(data, tmp_path, features, overwrite=True)


def test_single_precision_is_half_the_size(source: Path, tmp_path: Path) -> None:
    described(source, tmp_path / "double")
    described(source, tmp_path / "single", single_precision=True)
    double, single = (pq.read_table(tmp_path / name) for name in ("double", "single"))
    assert set(map(str, double.schema.types[3:])) == {"double"}
    assert set(map(str, single.schema.types[3:])) == {"float"}
    np.testing.assert_allclose(single.to_pandas().iloc[:, 3:], double.to_pandas().iloc[:, 3:], rtol=1e-6)


def test_one_file_without_ids_and_with_missing_cells(tmp_path: Path) -> None:
    file = tmp_path / "one.parquet"
    pq.write_table(pa.table({"composition": [None, None, "NaCl", ""]}), file)
    summary = featurize_in_parts(DataConfig(path=str(file)), tmp_path / "out", FEATURES, rows_per_part=2)
    rows = pq.read_table(tmp_path / "out").to_pandas()
    assert summary.n_errors == 3
    assert rows["formula"].tolist() == ["", "", "NaCl", ""]
    assert [bool(error) for error in rows["error"]] == [True, True, False, True]
    assert "id" not in rows.columns


def test_structures_are_streamed_too(tmp_path: Path) -> None:
    from pymatgen.core import Lattice, Structure

    file = tmp_path / "structures.parquet"
    texts = [Structure(Lattice.cubic(3 + i), ["Cs", "Cl"], [[0, 0, 0], [0.5] * 3]).to_json() for i in range(3)]
    pq.write_table(pa.table({"structure": [*texts, "no structure"], "formula": ["?"] * 4}), file)
    data = DataConfig(path=str(file))
    featurize_in_parts(data, tmp_path / "out", ["density"], rows_per_part=3, cache=tmp_path / "cache")
    rows = pq.read_table(tmp_path / "out").to_pandas()
    assert rows["formula"].tolist() == ["CsCl", "CsCl", "CsCl", "?"]
    np.testing.assert_allclose(rows["vpa"][:3], [13.5, 32, 62.5])
    assert [bool(error) for error in rows["error"]] == [False, False, False, True]


def test_what_is_no_parquet_dataset_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.csv").write_text("formula\nNaCl\n")
    for path in ("empty", "a.csv", "nowhere.parquet"):
        with pytest.raises(DataError, match="give a parquet file"):
            described(tmp_path / path, tmp_path / "out")
    (source / "0.parquet").write_bytes(b"text")
    with pytest.raises(DataError, match="not readable as parquet"):
        described(source, tmp_path / "out")
    pq.write_table(pa.table({"composition": ["NaCl"]}), source / "0.parquet")
    with pytest.raises(DataError, match=r"its columns are .*'formula'"):
        described(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
