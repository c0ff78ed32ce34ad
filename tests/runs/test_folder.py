"""One job, one folder, and nothing of anybody else's is ever removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.runs.folder import RunFolder
from formation_mlp.training.state import EpochRecord
from support.configs import TINY

HISTORY = [EpochRecord(1, 0.5, 0.4, 0.3, 1.0, True), EpochRecord(2, 0.4, 0.5, 0.35, 0.5, False)]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return a folder with an unfinished run."""
    folder = RunFolder(tmp_path / "runs" / "job")
    folder.begin(TINY, overwrite=False, resume=False)
    folder.write_history(HISTORY)
    return folder


def names(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*"))


def test_a_run_begins_with_its_configuration(folder: RunFolder) -> None:
    assert folder.saved_config() == TINY
    assert not folder.is_done()
    folder.finish()
    assert folder.is_done()
    assert names(folder.path) == ["DONE", "config.yaml", "history.jsonl"]


def test_epochs_come_back_as_they_were(folder: RunFolder) -> None:
    assert [EpochRecord(**record) for record in folder.read_history()] == HISTORY


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    RunFolder(tmp_path).begin(TINY, overwrite=False, resume=False)
    assert names(tmp_path) == ["config.yaml"]


def test_a_folder_in_use_is_not_touched_without_leave(folder: RunFolder) -> None:
    before = names(folder.path)
    with pytest.raises(ConfigError, match=r"output: '.*job' holds an interrupted run. Continue it with --resume. Name"):
        folder.begin(TINY, overwrite=False, resume=False)
    assert names(folder.path) == before


def test_an_earlier_run_is_replaced_if_asked(folder: RunFolder) -> None:
    for inner in (
        "networks/wide",
        "members/a-0",
        "networks/wide/members/a-0",
        "cells/wide/rows",
        "cells/wide/rows/members/a-0",
    ):
        RunFolder(folder.path / inner).begin(TINY, overwrite=False, resume=False)
    (folder.path / ".model.safetensors.abc.tmp").write_text("left by a crash")
    folder.begin(TINY, overwrite=True, resume=False)
    assert names(folder.path) == ["config.yaml"]


@pytest.mark.parametrize(
    "foreign",
    [
        "notes.txt",
        "thesis/chapter.tex",
        "networks/notes.txt",
        "networks/a/b.txt",
        "cells/notes.txt",
        "cells/a/notes.txt",
        "cells/a/b/c.txt",
        "members/c.txt",
        "photo.png",
        ".git/x",
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_files_of_other_origin_is_never_emptied(folder: RunFolder, foreign: str, overwrite: bool) -> None:
    file = folder.path / foreign
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("precious")
    before = names(folder.path)
    with pytest.raises(ConfigError, match=r"holds other files, such as '.*'. Name another folder"):
        folder.begin(TINY, overwrite=overwrite, resume=False)
    assert names(folder.path) == before


@pytest.mark.parametrize("name", ["report.json", "loss.png", "DONE", "networks/report.json"])
def test_a_folder_without_a_configuration_is_no_run_whatever_its_files_are_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "networks").mkdir()
    (tmp_path / name).write_text("precious")
    with pytest.raises(ConfigError, match="holds other files"):
        RunFolder(tmp_path).begin(TINY, overwrite=True, resume=False)
    assert (tmp_path / name).read_text() == "precious"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("precious")
    with pytest.raises(ConfigError, match="holds other files"):
        RunFolder(tmp_path / "run").begin(TINY, overwrite=True, resume=False)
    assert (tmp_path / "run").read_text() == "precious"


def test_a_link_to_a_run_folder_stays_a_link(folder: RunFolder, tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(folder.path)
    RunFolder(link).begin(TINY, overwrite=True, resume=False)
    assert link.is_symlink()
    assert names(folder.path) == ["config.yaml"]


def test_a_folder_that_cannot_be_emptied_is_named(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ConfigError, match=r"cannot be emptied \(.*Permission denied\)"):
        folder.begin(TINY, overwrite=True, resume=False)


def test_a_run_with_its_own_configuration_may_be_resumed(folder: RunFolder) -> None:
    before = names(folder.path)
    folder.begin(TINY, overwrite=False, resume=True)
    assert names(folder.path) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "the interrupted run had other values under: seed. Resume with its own configuration"),
        ({"model": {"hidden": [9]}, "features": ["magpie"]}, "other values under: features, model"),
    ],
)
def test_a_run_is_not_resumed_with_another_configuration(
    folder: RunFolder, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        folder.begin(TINY | changes, overwrite=False, resume=True)


def test_a_finished_run_is_not_resumed(folder: RunFolder) -> None:
    folder.finish()
    with pytest.raises(CheckpointError, match="this run is finished; there is nothing to resume"):
        folder.begin(TINY, overwrite=False, resume=True)


def test_a_folder_that_is_missing_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a run folder"):
        RunFolder(tmp_path / "gone").begin(TINY, overwrite=False, resume=True)
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: [", b"", b"text"])
def test_a_damaged_configuration_is_no_run(folder: RunFolder, content: bytes) -> None:
    folder.config.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a run folder"):
        folder.saved_config()


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_damaged_json_file_is_named(folder: RunFolder, content: bytes | None) -> None:
    if content is not None:
        folder.report.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"report\.json: missing or damaged"):
        folder.read_json(folder.report)


def test_the_configuration_is_written_for_people(folder: RunFolder) -> None:
    text = folder.config.read_text(encoding="utf-8")
    assert list(yaml.safe_load(text)) == list(TINY)
    assert "hidden:\n" in text


def test_other_fits_of_a_benchmark_are_no_sign_that_this_one_has_begun(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(TINY, overwrite=False, resume=False)
    (tmp_path / "cells" / "ridge").mkdir(parents=True)
    folder.begin(TINY, overwrite=False, resume=True, fingerprint={"rows": "a"})
    assert folder.read_json(folder.rows) == {"rows": "a"}
