"""Tables of any size: in parts, in order, resumed after a kill with the same file in the end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from formation_mlp.config.loading import check_config
from formation_mlp.errors import DataError
from formation_mlp.prediction import predict_in_parts as module
from formation_mlp.prediction.inputs import Request
from formation_mlp.prediction.predict_in_parts import predict_in_parts
from formation_mlp.runs import train as run
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.predictor import load
from support.commands import python_environment
from support.configs import TINY, changed

pytestmark = pytest.mark.slow

FORMULAS = ["NaCl", "MgO", "NACL", "Fe2O3", "CuSO4.5H2O", "", "Al2O3", "LiF", "ZnO", "TiO2", "KBr"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "materials.csv"
    lines = [f"row {i},{formula},unused" for i, formula in enumerate(FORMULAS)]
    path.write_text("\n".join(["name,formula,other", *lines]) + "\n")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_come_in_their_order_with_the_numbers_of_the_model(
    finished_run: Path, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    seen = []
    request = Request(str(finished_run), id="name")
    done = predict_in_parts(table, out, request, rows_per_part=4, progress=lambda n, of: seen.append((n, of)))
    rows = rows_of(out)
    assert (done.n_rows, done.n_failed, done.n_found) == (len(FORMULAS), 2, 0)
    assert [row["id"] for row in rows] == [f"row {i}" for i in range(len(FORMULAS))]
    assert [row["formula"] for row in rows] == FORMULAS
    good = [i for i, row in enumerate(rows) if not row["error"]]
    assert [i for i in range(len(rows)) if i not in good] == [2, 5]
    expected = load(finished_run).predict([FORMULAS[i] for i in good])
    assert [float(rows[i]["prediction"]) for i in good] == pytest.approx(expected.tolist(), abs=1e-5)
    assert "read as the adduct" in rows[4]["warning"]
    assert seen == [(4, 11), (8, 11), (11, 11)]
    about = json.loads((tmp_path / "out.csv.about.json").read_text())
    assert (about["rows"], about["rows_without_prediction"]) == (len(FORMULAS), 2)
    assert list(about["columns"]) == list(rows[0])
    assert not list(tmp_path.glob(".*"))


def test_parts_and_processes_do_not_change_the_file(finished_run: Path, table: Path, tmp_path: Path) -> None:
    request = Request(str(finished_run))
    ways: dict[str, dict[str, Any]] = {
        "whole": {},
        "parts": {"rows_per_part": 3},
        "two": {"rows_per_part": 3, "workers": 2},
    }
    for name, options in ways.items():
        predict_in_parts(table, tmp_path / f"{name}.csv", request, **options)
    whole, parts, two = ((tmp_path / f"{name}.csv").read_bytes() for name in ("whole", "parts", "two"))
    assert whole == parts == two


@pytest.mark.parametrize("model", ["composition", "stability"])
def test_all_digits_are_the_same_in_parts_of_any_size_and_in_processes(model: str, tmp_path: Path) -> None:
    formulas = FORMULAS * 40 + ["LiFePO4", "Ca10(PO4)6(OH)2", "SiO2"] * 30
    path = tmp_path / "many.csv"
    path.write_text("\n".join(["formula", *formulas]) + "\n", encoding="utf-8")
    found = []
    ways: list[dict[str, Any]] = [{}, {"rows_per_part": 211}, {"rows_per_part": 211, "workers": 2}]
    for number, options in enumerate(ways):
        out = tmp_path / f"{number}.parquet"
        predict_in_parts(path, out, Request(model), **options)
        found.append(pq.read_table(out).replace_schema_metadata(None))
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_all_digits_of_structures_are_the_same_in_parts_and_in_processes(
    structure_folder: Path, tmp_path: Path
) -> None:
    names = sorted(path.name for path in structure_folder.iterdir() if path.suffix == ".cif") * 20
    (structure_folder / "table.csv").write_text("\n".join(["structure", *names]) + "\n", encoding="utf-8")
    found = []
    ways: list[dict[str, Any]] = [{}, {"rows_per_part": 7}, {"rows_per_part": 7, "workers": 2}]
    for number, options in enumerate(ways):
        out = tmp_path / f"{number}.parquet"
        done = predict_in_parts(structure_folder / "table.csv", out, Request("structure"), **options)
        assert done.n_failed < len(names)
        found.append(pq.read_table(out).replace_schema_metadata(None))
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def killed_after(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job stop after some parts, as if it were killed."""
    real, written = module.write_part, list[object]()

    def write(*arguments: Any) -> Iterator[Any]:
        yield from real(*arguments)
        written.append(arguments[0])
        if len(written) == n:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_part", write)


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_structure_file_edited_in_between_is_read_anew(
    structure_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
) -> None:
    """Parts of one row; the file of a part that is done, and that of one that is not."""
    files = sorted(path for path in structure_folder.iterdir() if path.suffix == ".cif")
    source = structure_folder
    if not as_folder:
        source = structure_folder / "table.csv"
        source.write_text("\n".join(["structure", *(path.name for path in files)]) + "\n", encoding="utf-8")
    out, request = tmp_path / "out.csv", Request("structure")
    with monkeypatch.context() as patch:
        killed_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            predict_in_parts(source, out, request, rows_per_part=1)
    text = files[0].read_text(encoding="utf-8")
    files[0].write_text(files[1].read_text(encoding="utf-8"), encoding="utf-8")
    done = predict_in_parts(source, out, request, rows_per_part=1)
    assert done.n_found == 2
    predict_in_parts(source, tmp_path / "straight.csv", request, rows_per_part=1)
    assert rows_of(out) == rows_of(tmp_path / "straight.csv")
    assert text != files[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["table", "model"])
def test_what_is_changed_while_it_is_predicted_is_not_mixed(
    own_run: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    real = module.write_part
    model = own_run / "model.safetensors"

    def write(path: Path, *arguments: Any) -> Iterator[Any]:
        is_second = path.name == "part-00001.csv"
        if is_second and what == "table":
            table.write_text(table.read_text().replace("KBr", "KCl"))
        elif is_second:
            model.write_bytes(model.read_bytes() + b" ")
        yield from real(path, *arguments)

    monkeypatch.setattr(module, "write_part", write)
    out = tmp_path / "out.csv"
    with pytest.raises(DataError, match="was changed while its rows were predicted"):
        predict_in_parts(table, out, Request(str(own_run)), rows_per_part=4)
    assert not out.exists()


def test_parquet_in_and_out(finished_run: Path, table: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    import pandas as pd

    pd.read_csv(table, keep_default_na=False).to_parquet(source)
    predict_in_parts(source, out, Request(str(finished_run)), rows_per_part=5)
    found = pq.read_table(out)
    assert found.column("formula").to_pylist() == FORMULAS
    assert found.column("prediction").null_count == 2
    assert json.loads(found.schema.metadata[b"formation_mlp"])["rows"] == len(FORMULAS)


SLOW = """
import sys, time
from pathlib import Path
from formation_mlp.prediction import predict_in_parts as job
write = job.WRITERS[".csv"]
def slowly(path, answers):
    write(path, answers)
    time.sleep(0.3)
job.WRITERS[".csv"] = slowly
job.predict_in_parts(Path(sys.argv[1]), Path(sys.argv[2]), job.Request(sys.argv[3]), rows_per_part=2)
"""


def test_a_killed_job_goes_on_and_ends_with_the_same_file(finished_run: Path, table: Path, tmp_path: Path) -> None:
    undisturbed, out = tmp_path / "undisturbed.csv", tmp_path / "out.csv"
    request = Request(str(finished_run))
    predict_in_parts(table, undisturbed, request, rows_per_part=2)
    command = [sys.executable, "-c", SLOW, str(table), str(out), str(finished_run)]
    process = subprocess.Popen(command, env=python_environment())
    parts = tmp_path / ".out.csv.parts"
    deadline = time.monotonic() + 900
    while not (parts / "part-00001.json").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    done = predict_in_parts(table, out, request, rows_per_part=2)
    assert 4 <= done.n_found < len(FORMULAS)
    assert done.n_rows == len(FORMULAS)
    assert out.read_bytes() == undisturbed.read_bytes()


def test_parts_of_another_job_are_not_used(finished_run: Path, table: Path, tmp_path: Path) -> None:
    out, request = tmp_path / "out.csv", Request(str(finished_run))
    parts = tmp_path / ".out.csv.parts"
    parts.mkdir()
    (parts / "job.json").write_text('{"key": "another"}')
    (parts / "part-00000.json").write_text('{"rows": 11, "failed": 0, "unit": "eV/atom", "columns": ["formula"]}')
    assert predict_in_parts(table, out, request).n_found == 0
    assert len(rows_of(out)) == len(FORMULAS)


def test_a_folder_of_unknown_origin_is_left_alone(finished_run: Path, table: Path, tmp_path: Path) -> None:
    mine = tmp_path / ".out.csv.parts" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("precious")
    with pytest.raises(DataError, match="unknown origin"):
        predict_in_parts(table, tmp_path / "out.csv", Request(str(finished_run)))
    assert mine.read_text() == "precious"


def test_a_missing_column_is_said_before_anything_is_written(finished_run: Path, table: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'formla'.*Did you mean 'formula'"):
        predict_in_parts(table, tmp_path / "out.csv", Request(str(finished_run), formula="formla"))
    assert not list(tmp_path.glob("*out*"))
    assert not list(tmp_path.glob(".*"))


def test_the_table_that_a_model_describes_by_counts_by_what_it_holds(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    own, table, out = tmp_path / "own.csv", tmp_path / "table.csv", tmp_path / "out.csv"
    lines = [f"{formula},{i}" for i, (formula, _) in enumerate(rows)]
    own.write_text("\n".join(["formula,number", *lines]) + "\n")
    table.write_text("\n".join(["formula,formation_energy_per_atom", *(f"{a},{b}" for a, b in rows)]) + "\n")
    features = ["stoichiometry", {"table": str(own)}]
    raw = changed(TINY, {"data": {"path": str(table)}, "features": features, "output": str(tmp_path / "run")})
    run.train(check_config(raw, "here"), Reporter(-1))
    predict_in_parts(table, out, Request(str(tmp_path / "run")), rows_per_part=10)
    expected = out.read_bytes()
    out = tmp_path / "again.csv"

    def stop(done: int, _of: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_in_parts(table, out, Request(str(tmp_path / "run")), rows_per_part=10, progress=stop)
    own.write_text("\n".join(["formula,number", *(f"{line}000" for line in lines)]) + "\n")
    found = predict_in_parts(table, out, Request(str(tmp_path / "run")), rows_per_part=10).n_found
    assert found == 0
    assert out.read_bytes() != expected
    with pytest.raises(DataError, match="is what is read here"):
        predict_in_parts(table, own, Request(str(tmp_path / "run")), overwrite=True)
