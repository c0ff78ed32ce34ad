"""Structure files that are uploaded are predicted as by the command line, and nothing else is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from support.commands import Outcome

Command = Callable[..., Outcome]


def uploads(*files: Path) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (file.name, file.read_bytes())) for file in files]


def asked(client: TestClient, files: Any, **words: Any) -> Any:
    return client.post("/api/v1/predict/structures", files=files, params=words)


def test_files_have_the_columns_and_numbers_of_the_command_line(
    client: TestClient, command: Command, structure_folder: Path
) -> None:
    files = sorted(path for path in structure_folder.iterdir() if path.suffix != ".csv")
    answer = asked(client, uploads(*files), level="0.5")
    assert answer.status_code == 200, answer.text
    found = answer.json()["rows"]
    printed = command("predict", *[str(file) for file in files], "--level", "0.5").succeeded()
    cells = list(csv.DictReader(io.StringIO(printed)))
    assert [row["id"] for row in found] == [file.name for file in files]
    for row, line in zip(found, cells, strict=True):
        assert row.keys() == line.keys()
        for name in row.keys() - {"id"}:
            value = row[name]
            assert value == float(line[name]) if isinstance(value, float) else (value or "") == line[name], name


def test_what_is_no_structure_is_refused(client: TestClient, tmp_path: Path) -> None:
    for name, said in {"mine.csv": "is a table", "mine.txt": "is no structure file", "../../x": "'x' is no"}.items():
        refused = asked(client, [("files", (name, b"NaCl\n"))])
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
    broken = asked(client, [("files", ("mine.cif", b"data_\n_cell_length_a 5\n"))]).json()["rows"]
    assert broken[0]["prediction"] is None
    assert broken[0]["error"].startswith("mine.cif: ")
    assert asked(client, [("files", ("POSCAR", b"x"))] * 501).status_code == 422


def test_two_files_of_one_name_are_two_rows(client: TestClient, structure_folder: Path) -> None:
    (file,) = uploads(structure_folder / "CaO.vasp")
    found = asked(client, [file, file]).json()["rows"]
    assert [row["id"] for row in found] == ["CaO.vasp", "2 CaO.vasp"]
    assert found[0]["prediction"] == found[1]["prediction"]


def test_files_are_asked_of_other_models_too(client: TestClient, structure_folder: Path) -> None:
    (row,) = asked(client, uploads(structure_folder / "CaO.vasp"), model="composition", scale="oqmd").json()["rows"]
    assert row["scale"] == "oqmd"
    assert row["prediction"] is not None
