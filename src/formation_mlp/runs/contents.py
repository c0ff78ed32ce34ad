"""What lies in the folder of a run besides its own files, and what of it may be emptied."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from formation_mlp.system.files import real_path
from formation_mlp.system.locks import FIT_LOCK, PATIENCE_SECONDS, held, is_held_here, is_lock

FIGURES = (
    *("loss", "parity", "residuals", "confusion_matrix", "roc"),
    *("benchmark", "benchmark_parity", "benchmark_roc", "benchmark_learning", "benchmark_cost", "benchmark_seen"),
)
BENCHMARK_FILES = ("benchmark.json", "benchmark_predictions.csv", "matbench_record.json.gz")

CELLS = "cells"
"""Folder of the further trainings of a benchmark: one folder per model, and in it a run folder per training."""

ENERGIES = "energies"
"""Folder of a member of an ensemble, in it the networks of formation energies that it rests on."""

INNER_FOLDERS = {"networks": 1, "members": 1, ENERGIES: 1, CELLS: 2}
"""Folders inside a run to how deep in them its inner runs lie: members of an ensemble, trainings of a benchmark."""

LOG_FOLDERS = ("tensorboard", "mlflow")
"""Folders of the loggers of a network, by their names in `training.loggers`."""

REPORT_PAGE = "report.html"
FIGURE_ENDINGS = (".png", ".svg", ".pdf", ".tex", ".bib")
"""Of the files in the folder of a report's figures, and of what a paper takes beside them."""


def report_figures(page: Path) -> Path:
    """Return the folder of the figures that belong to a report's page."""
    return page.with_name(f"{page.stem}_figures")


def is_passing(path: Path) -> bool:
    """Return whether a file is a lock or temporary, and may lie in any folder of a run."""
    return path.is_file() and (is_lock(path) or (path.name.startswith(".") and path.suffix == ".tmp"))


def foreign_files(
    folder: Path, own_names: Collection[str], foreign_of_inner: Callable[[Path], Iterator[Path]]
) -> Iterator[Path]:
    """Yield what no run writes: a folder that holds such a thing is never emptied.

    Parameters
    ----------
    folder : of a run
    own_names : of the files of a run; none if the folder has no configuration and so is no run's, whatever it holds
    foreign_of_inner : yields the same of the folder of an inner run
    """
    if not folder.is_dir():
        yield folder
        return
    names = {*own_names, REPORT_PAGE, *BENCHMARK_FILES, *(f"{name}.png" for name in FIGURES)} if own_names else set()
    for path in sorted(folder.iterdir()):
        if path.name in INNER_FOLDERS and path.is_dir():
            for inner in _folders_below(path, INNER_FOLDERS[path.name]):
                yield from foreign_of_inner(inner)
        elif path == report_figures(folder / REPORT_PAGE) and path.is_dir():
            yield from (file for file in sorted(path.iterdir()) if file.suffix not in FIGURE_ENDINGS)
        elif own_names and path.name in LOG_FOLDERS and path.is_dir():
            continue  # what a logger keeps there has names of its own
        elif path.name not in names and not is_passing(path):
            yield path


def _folders_below(path: Path, depth: int) -> Iterator[Path]:
    """Yield what lies ``depth`` levels below, where inner run folders do, and what is no folder on the way there."""
    for inner in sorted(path.iterdir()):
        if depth > 1 and inner.is_dir():
            yield from _folders_below(inner, depth - 1)
        else:
            yield inner


def paths_below(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a configuration, but for the output itself, that are paths of files in a folder."""
    texts: list[Any] = [value for key, value in config.items() if key != "output"]
    while texts:
        one = texts.pop()
        if isinstance(one, Mapping):
            texts += one.values()
        elif isinstance(one, list | tuple):
            texts += one
        elif isinstance(one, str) and _is_below(folder, Path(one)):
            yield one


def _is_below(folder: Path, path: Path) -> bool:
    try:
        return path.exists() and real_path(folder) in real_path(path.expanduser()).parents
    except (OSError, ValueError, RuntimeError):  # a text that is no path
        return False


def empty(folder: Path, last: Path) -> None:
    """Remove all but locks from the folder of a run, ``last`` at last, when no fit of a killed job works there.

    Raises
    ------
    InUseError
        If such a fit does not end.
    OSError
        If something cannot be removed.
    """
    for lock in folder.rglob(FIT_LOCK):
        if not is_held_here(lock):
            with held(lock, lock.parent, PATIENCE_SECONDS):  # left by a job that was killed, or still fitting
                pass
    for path in sorted(folder.iterdir(), key=lambda path: path == last):
        if not is_lock(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
