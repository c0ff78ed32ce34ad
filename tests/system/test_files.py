"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from formation_mlp.errors import FormationMLPError
from formation_mlp.system.files import csv_text, write_bytes, write_csv, write_json, write_text

DISK_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    return fail


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "µ\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "µ\n".encode()


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_text(file, "a long first version")
    write_text(file, "second")
    assert file.read_text() == "second"
    assert os.listdir(tmp_path) == ["a.txt"]  # noqa: PTH208


def test_a_file_is_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("old", ["the old content", None])
@pytest.mark.parametrize("place", ["os.fsync", "pathlib.Path.replace", "tempfile.mkstemp"])
@pytest.mark.parametrize(
    ("error", "raised"), [(DISK_FULL, FormationMLPError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_an_interrupted_write_leaves_the_old_file_or_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: BaseException,
    raised: type[BaseException],
    old: str | None,
) -> None:
    file = tmp_path / "model.bin"
    if old is not None:
        file.write_text(old)
    monkeypatch.setattr(place, failing(error))
    with pytest.raises(raised):
        write_bytes(file, b"new" * 1000)
    assert [path.read_text() for path in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_full_disk_is_named_with_the_file_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing(DISK_FULL))
    with pytest.raises(FormationMLPError, match=r"a\.txt: cannot be written \(No space left on device\).*Free some"):
        write_text(tmp_path / "a.txt", "")


@pytest.mark.parametrize("target", ["file/below.txt", "folder"])
def test_a_place_that_is_no_place_for_a_file_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormationMLPError, match="cannot be written"):
        write_text(tmp_path / target, "")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_json_is_indented_utf8_and_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"unit": "Å", "n": 1})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "unit": "Å",\n  "n": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"R2": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_csv_quotes_what_must_be_and_leaves_none_empty(tmp_path: Path) -> None:
    rows: list[list[object]] = [["NaCl", None, 'a "b", c'], ["MgO", 1.5, ""]]
    write_csv(tmp_path / "a.csv", ["formula", "x", "error"], rows)
    expected = 'formula,x,error\nNaCl,,"a ""b"", c"\nMgO,1.5,\n'
    assert (tmp_path / "a.csv").read_text() == expected == csv_text(["formula", "x", "error"], rows)
