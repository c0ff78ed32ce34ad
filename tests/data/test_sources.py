"""One table from every kind of source, and what becomes of a damaged one."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from formation_mlp.data.sources import bundled_path, read_table
from formation_mlp.errors import DataError
from support.paths import BUNDLED
from support.structures import ROCK_SALTS, rock_salt

ROWS = [("NaCl", "-2.131"), ("NaN", "0.25"), ("Ca(OH)2", "-2.04"), ("µ", "1")]
CSV = "formula,target\n" + "".join(f"{a},{b}\n" for a, b in ROWS)
RECORDS = [{"formula": a, "target": float(b)} for a, b in ROWS]


def write_kind(folder: Path, name: str) -> str:
    """Write the rows under a name, in the form that its ending promises; return the path."""
    path = folder / name
    frame = pd.DataFrame(RECORDS)
    if ".json" in name:
        content = {"records": RECORDS, "columns": frame.to_dict("list"), "split": frame.to_dict("split")}
        text = json.dumps(content[name.split(".")[0]]).encode()
    elif ".parquet" in name:
        frame.to_parquet(path)
        return str(path)
    else:
        text = CSV.encode()
    path.write_bytes(gzip.compress(text, mtime=0) if name.endswith("gz") else text)
    return str(path)


@pytest.mark.parametrize(
    "name",
    [
        "t.csv",
        "T.CSV",
        "t.csv.gz",
        "records.json",
        "columns.json",
        "split.json",
        "records.json.gz",
        "t.parquet",
    ],
)
def test_every_kind_of_file_gives_the_same_table(tmp_path: Path, name: str) -> None:
    frame = read_table(write_kind(tmp_path, name))
    assert list(frame.columns)[-2:] == ["formula", "target"]
    assert frame["formula"].tolist() == [a for a, _ in ROWS]
    assert frame["target"].astype(float).tolist() == [float(b) for _, b in ROWS]
    assert frame.attrs["folder"] == str(tmp_path)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CSV.encode("utf-8-sig"), "utf-8-sig"),
        (CSV.replace("\n", "\r\n").encode(), "utf-8-sig"),
        (CSV.replace("\n", "\r").encode(), "utf-8-sig"),
        (CSV.replace("\n", "\n\n").encode(), "utf-8-sig"),
        (CSV.replace(",", ",  ").encode(), "utf-8-sig"),
        (CSV.replace("NaCl", '"NaCl"').removesuffix("\n").encode(), "utf-8-sig"),
        (CSV.encode("latin-1"), "latin-1"),
        (CSV.encode("cp1252"), "cp1252"),
        (CSV.encode("utf-16"), "utf-16"),
    ],
    ids=["byte order mark", "CRLF", "CR", "blank lines", "blanks", "quotes", "latin-1", "cp1252", "utf-16"],
)
def test_every_dialect_of_csv_gives_the_same_table(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    frame = read_table(str(path), encoding)
    assert [tuple(row) for row in frame.to_numpy()] == ROWS
    assert list(frame.columns) == ["formula", "target"]


def damaged(content: bytes) -> bytes:
    """Return gzipped data with wrong bytes in its middle."""
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[15:25] = b"\xff" * 10
    return bytes(packed)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"formula,target\n", "the table has no rows"),
        ("t.csv", CSV.encode("latin-1"), "not text in UTF-8: .* data.encoding, such as cp1252"),
        ("t.csv", CSV.encode("utf-16-le"), "not text in UTF-8: .* such as utf-16-le"),
        (
            "t.csv",
            b"formula,target\nNaCl,1,2\nMgO,3\n",
            "row 1 has 3 cells, but the first line, 'formula,target', has 2 names",
        ),
        ("t.csv", b"formula,target\nNaCl,1,\nMgO,3,\n", "row 1 has 3 cells.*end no row with a comma"),
        ("t.csv", b"formula,target\nNaCl,1\nMgO,3,4\n", "row 2 has 3 cells"),
        ("t.csv", b'formula,target\n"NaCl,1\n', "EOF inside string"),
        ("t.csv", b"formula;target\nNaCl;-2.131\n", "the columns are separated by ';'"),
        ("t.csv", b"formula\ttarget\nNaCl\t-2.131\n", r"the columns are separated by '\\t'"),
        ("t.csv.gz", CSV.encode(), "Not a gzipped file"),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-20], "ended before the end-of-stream"),
        ("t.csv.gz", damaged(CSV.encode()), "not readable as a comma-separated table"),
        ("t.json", b"{", "not readable as a JSON table"),
        ("t.json", b"5", "not readable as a JSON table"),
        ("t.json", b"[]", "the table has no rows"),
        ("t.json", b'{"columns": ["a", "a"], "data": [[1, 2]]}', "column occurs twice, the first is 'a'"),
        ("t.json.gz", damaged(json.dumps(RECORDS).encode()), "not readable as a JSON table"),
        ("t.json.gz", b"[]", "not readable as a JSON table"),
        ("t.parquet", b"PAR1", "not readable as parquet"),
        ("t.ods", b"PK", "unknown kind of table. Endings: .csv, .csv.gz, .json, .json.gz, .parquet"),
        ("t.xlsx", b"PK", "no Excel workbook, or not whole"),
    ],
)
def test_a_damaged_file_is_named_with_the_reason(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read_table(str(path))
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("utf-61", "data.encoding: unknown encoding: utf-61. Try utf-8"), ("utf-16", "not text in 'utf-16'")],
)
def test_a_wrong_encoding_is_refused(tmp_path: Path, encoding: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write_kind(tmp_path, "t.csv"), encoding)


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    write_kind(tmp_path, "table.csv")
    with pytest.raises(DataError, match=r"data\.path: '.*tabel\.csv' does not exist.*Did you mean 'table\.csv'\?"):
        read_table(str(tmp_path / "tabel.csv"))


def test_columns_of_a_json_table_without_names_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([["NaCl", -2.1]]))
    assert list(read_table(str(tmp_path / "t.json")).columns) == ["0", "1"]


def test_the_bundled_table_is_read_by_its_name() -> None:
    frame = read_table("bundled")
    assert len(frame) == len(BUNDLED.read_text(encoding="utf-8").splitlines()) - 1
    assert frame.loc[frame["formula"] == "NaCl", "formation_enthalpy_per_atom"].astype(float).item() == pytest.approx(
        -2.131, abs=0.005
    )
    assert bundled_path().name == BUNDLED.name


def test_a_folder_of_structures_is_a_table_of_files_and_targets(structure_folder: Path) -> None:
    frame = read_table(str(structure_folder)).set_index("id")
    assert set(frame.index) == set(ROCK_SALTS)
    assert frame.loc["CaO", "structure"] == "CaO.vasp"
    assert frame.loc["NaF", "structure"] == "NaF.json"
    found = frame["formation_energy_per_atom"].astype(float).to_dict()
    assert found == {name: energy for name, (_, energy) in ROCK_SALTS.items()}


def test_a_listing_without_header_names_files_with_or_without_ending(structure_folder: Path) -> None:
    (structure_folder / "targets.csv").unlink()
    (structure_folder / "id_prop.csv").write_text("NaCl.cif,-2.1\nMgO,-3.1\nCaO.vasp,-3.3\n")
    frame = read_table(str(structure_folder)).set_index("id")
    assert frame["target"].dropna().astype(float).to_dict() == {"NaCl": -2.1, "MgO": -3.1, "CaO": -3.3}
    assert len(frame) == len(ROCK_SALTS)


def test_a_file_named_in_the_listing_but_missing_stays_in_the_table(structure_folder: Path) -> None:
    with (structure_folder / "targets.csv").open("a") as file:
        file.write("SrO,-3.07\n")
    frame = read_table(str(structure_folder)).set_index("id")
    assert frame.loc["SrO", "structure"] == "SrO.cif"
    assert len(frame) == len(ROCK_SALTS) + 1


def test_files_called_poscar_keep_their_whole_name(workplace: Path) -> None:
    for name in ("POSCAR.NaCl", "POSCAR.MgO", "CONTCAR"):
        rock_salt("Na", "Cl", 5.6).to(workplace / name, fmt="poscar")
    assert sorted(read_table(str(workplace))["id"]) == ["CONTCAR", "POSCAR.MgO", "POSCAR.NaCl"]


@pytest.mark.parametrize(
    ("listing", "content", "message"),
    [
        ("targets.csv", "name,target\nNaCl,-2\nNaCl.cif,-3\n", "1 name occurs twice, the first is 'NaCl'"),
        ("targets.csv", "name\nNaCl\n", "one column only"),
        ("targets.csv", "", "the file is empty"),
        ("id_prop.csv", "NaCl|-2\n", "one column only"),
    ],
)
def test_a_wrong_listing_is_refused(structure_folder: Path, listing: str, content: str, message: str) -> None:
    (structure_folder / "targets.csv").unlink()
    (structure_folder / listing).write_text(content)
    with pytest.raises(DataError, match=message) as error:
        read_table(str(structure_folder))
    assert listing in str(error.value)


def test_two_files_of_one_name_are_refused(structure_folder: Path) -> None:
    rock_salt("Na", "Cl", 5.6).to(structure_folder / "NaCl.vasp", fmt="poscar")
    with pytest.raises(DataError, match=r"structure file names? occurs? twice, the first is 'NaCl'"):
        read_table(str(structure_folder))


def test_a_folder_without_structures_is_refused(workplace: Path) -> None:
    with pytest.raises(DataError, match="no CIF, POSCAR or JSON file in this folder"):
        read_table(str(workplace))


@pytest.fixture
def matminer_stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Put two small data sets, one of which cannot be downloaded, in the place of matminer's collection."""

    def load_dataset(name: str) -> pd.DataFrame:
        if name == "offline_set":
            raise OSError("no route to host")
        return pd.DataFrame({"composition": ["NaCl", "MgO"], "e_form": [-2.131, -3.118], 2024: [0, 0]})

    module = ModuleType("matminer.datasets")
    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    module.get_available_datasets = lambda print_format: ["expt_formation_enthalpy", "offline_set"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "matminer.datasets", module)
    return module


@pytest.mark.usefixtures("matminer_stand_in")
def test_a_data_set_of_matminer_is_read_by_its_name() -> None:
    frame = read_table("matminer:expt_formation_enthalpy")
    assert list(frame.columns) == ["composition", "e_form", "2024"]
    assert frame["e_form"].tolist() == [-2.131, -3.118]


@pytest.mark.usefixtures("matminer_stand_in")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("expt_formation_entalpy", "no data set 'expt_formation_entalpy'. Did you mean 'expt_formation_enthalpy'?"),
        ("offline_set", "could not load 'offline_set': no route to host. If this machine has no network"),
    ],
)
def test_a_data_set_that_cannot_be_had_is_named(name: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_table(f"matminer:{name}")
    assert message in str(error.value)


def test_sodium_nitride_survives_in_a_published_table(shared_data: Path) -> None:
    frame = read_table(str(shared_data / "matbench_mp_e_form" / "matbench_mp_e_form.csv.gz"))
    assert (frame["formula"] == "NaN").sum() == 3
    assert len(frame) == 132_752


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_kind(tmp_path, "t.csv")
    assert len(read_table("~/t.csv")) == len(ROWS)
