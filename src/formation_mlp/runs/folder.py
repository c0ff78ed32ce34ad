"""One job, one folder: what lies in it, and when it may be written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from formation_mlp.config.bundled import TABLES
from formation_mlp.config.yaml_text import read_yaml
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.runs.contents import (
    BENCHMARK_FILES,
    CELLS,
    INNER_FOLDERS,
    empty,
    foreign_files,
    is_passing,
    paths_below,
)
from formation_mlp.runs.fingerprint import differences, differing_sections, split_digest
from formation_mlp.runs.folder_files import HistoryLine, read_json_file, read_json_lines
from formation_mlp.saved_model.checkpoint import MODEL_FILE
from formation_mlp.system.files import sweep, write_json, write_text
from formation_mlp.system.locks import FIT_LOCK, JOB_LOCK, PATIENCE_SECONDS, held
from formation_mlp.training.state import EpochRecord

WAY_ON = "Continue it with --resume"
"""What a message offers where an interrupted run is."""


class RunFolder:
    """The files of a run.

    Attributes
    ----------
    path : the folder
    config : resolved configuration, YAML
    rows : fingerprint of all that decides what the run learns, JSON; written when it begins
    split : ids of train, val and test, JSON
    history : one JSON line per epoch
    model : the best model, all that prediction needs
    state : what continues an interrupted run
    predictions : truth and predictions of the val and test rows, csv
    report : all numbers of the run, JSON
    fit : which training of a benchmark this is, JSON
    outcome : what a benchmark needs of it, JSON
    choice : between which recipes a fit has chosen, and why, JSON
    done : an empty file, written last

    Examples
    --------
    >>> run = RunFolder("runs/not_begun")
    >>> run.model.name, run.is_done()
    ('model.safetensors', False)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.rows = self.path / "rows.json"
        self.split = self.path / "split.json"
        self.history = self.path / "history.jsonl"
        self.model = self.path / MODEL_FILE
        self.state = self.path / "state.safetensors"
        self.predictions = self.path / "predictions.csv"
        self.report = self.path / "report.json"
        self.fit = self.path / "cell.json"
        self.outcome = self.path / "outcome.json"
        self.choice = self.path / "choice.json"
        self.done = self.path / "DONE"

    def is_done(self) -> bool:
        """Return whether the run is finished."""
        return self.done.exists()

    def require_finished(self) -> None:
        """Refuse a folder that is not that of a finished run, and say what it is.

        Raises
        ------
        CheckpointError
            If it is absent, cannot be looked into, is of something else, or of a run that is not finished.
        """
        try:
            self.done.stat()
            return
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError) as error:  # a name with NUL is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise CheckpointError(f"{self.path}: cannot be looked into ({reason}).") from error
        if self.config.exists():
            raise CheckpointError(
                f"{self.path}: the run is not finished: it has no file {self.done.name}. "
                "Continue it: formation-mlp train CONFIG --resume"
            )
        if self.path.name.lower().endswith(TABLES) and self.path.exists():
            raise CheckpointError(
                f"{self.path}: that is a table, not a run folder. To train on it: formation-mlp fit {self.path}. "
                f"To score a model on it: formation-mlp evaluate MODEL --csv {self.path}"
            )
        what = "not a run folder" if self.path.exists() else "no such run folder"
        raise CheckpointError(
            f"{self.path}: {what}. Give the folder of a finished run, which 'formation-mlp train CONFIG' writes."
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other job out of the folder, from before anything in it is read or removed.

        Raises
        ------
        InUseError
            If there is one.
        """
        with self._held(JOB_LOCK, 0.0):
            yield

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Keep every other process from fitting the model of this folder, which may belong to a larger job.

        One that a job left behind which was killed is waited for: it ends soon, or is on another machine.

        Raises
        ------
        InUseError
            If it does not end.
        """
        with self._held(FIT_LOCK, PATIENCE_SECONDS):
            yield

    def _held(self, name: str, patience: float) -> AbstractContextManager[None]:
        if self.path.exists() and not self.path.is_dir():  # `begin` says what is wrong
            return nullcontext()
        return held(self.path / name, self.path, patience)

    def begin(
        self,
        config: Mapping[str, Any],
        *,
        overwrite: bool,
        resume: bool,
        fingerprint: Mapping[str, Any] | None = None,
        way_on: str = WAY_ON,
    ) -> None:
        """Make the folder ready, and write the configuration and the fingerprint of what the run learns from.

        ``way_on`` is what the message offers if an interrupted run is there.

        Raises
        ------
        ConfigError
            If the folder is in use and neither ``overwrite`` nor ``resume`` allows to go on.
        CheckpointError
            If the run to resume is missing, finished, or was begun with another configuration or fingerprint.
        """
        if resume:
            self._check_resumable(config)
            if fingerprint is not None:
                self._check_fingerprint(fingerprint)
            if self.saved_config() != dict(config):  # the folder was moved
                self.write_config(config)
            self._sweep()
            return
        self.require_free(config, overwrite=overwrite, way_on=way_on)
        if self._is_used():
            self._clear()
        self._sweep()
        self.write_config(config)
        if fingerprint is not None:
            write_json(self.rows, fingerprint)

    def require_free(self, config: Mapping[str, Any], *, overwrite: bool, way_on: str = WAY_ON) -> None:
        """Refuse a folder in which `begin` would not begin a run; nothing in it is changed.

        Raises
        ------
        ConfigError
            If it is in use and not to be replaced, or holds what no run writes or what this one reads.
        """
        self._check_free(overwrite)
        if not self._is_used():
            return
        foreign = next(self._foreign_files(), None)
        where = "Name another folder with --set output=runs/NAME"
        if foreign is not None:
            raise ConfigError(f"output: {str(self.path)!r} holds other files, such as {foreign.name!r}. {where}.")
        if not overwrite:
            is_whole = self.is_done() or (self.path / BENCHMARK_FILES[0]).exists()
            what = "holds an earlier run" if is_whole else f"holds an interrupted run. {way_on}"
            raise ConfigError(f"output: {str(self.path)!r} {what}. {where}, or replace it with --overwrite.")
        needed = next(paths_below(self.path, config), None)
        if needed is not None:
            raise ConfigError(f"output: {needed!r}, which the run reads, is in {str(self.path)!r}. {where}.")

    def check_same(self, config: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> None:
        """Check that the run in this folder is of this configuration and this fingerprint.

        Raises
        ------
        CheckpointError
            If it is not; the message says what differs, and how to go on.
        """
        self._check_config(config)
        self._check_fingerprint(fingerprint)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the resolved configuration."""
        write_text(self.config, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))

    def saved_config(self) -> dict[str, Any]:
        """Return the resolved configuration as plain data.

        Raises
        ------
        CheckpointError
            If the folder is no run folder.
        """
        try:
            saved = read_yaml(self.config)
        except ConfigError as error:
            raise CheckpointError(f"{self.path}: not a run folder: {error}") from error
        if not isinstance(saved, dict):
            raise CheckpointError(f"{self.path}: not a run folder: {self.config.name} holds no configuration.")
        return saved

    def read_json(self, path: Path) -> dict[str, Any]:
        """Return the content of one of the JSON files of the run.

        Raises
        ------
        CheckpointError
            If the file is missing or damaged.
        """
        return read_json_file(path)

    def write_history(self, history: list[EpochRecord]) -> None:
        """Write one JSON line per epoch."""
        write_text(self.history, "".join(json.dumps(asdict(record)) + "\n" for record in history))

    def read_history(self) -> list[dict[str, Any]]:
        """Return the epochs as plain data.

        Raises
        ------
        CheckpointError
            If the file is missing, or a line of it damaged.
        """
        return read_json_lines(self.history, HistoryLine)

    def finish(self) -> None:
        """Mark the run as complete."""
        write_text(self.done, "")

    def _check_free(self, overwrite: bool) -> None:
        """Refuse what a folder of another kind holds and a new job may not replace; called before it is emptied."""

    def _check_resumable(self, config: Mapping[str, Any]) -> None:
        self.saved_config()
        if self.is_done():
            raise CheckpointError(f"{self.path}: this run is finished; there is nothing to resume.")
        self._check_config(config)

    def _check_config(self, config: Mapping[str, Any]) -> None:
        differing = differing_sections(self.saved_config(), config)
        if differing:
            raise CheckpointError(
                f"{self.path}: the interrupted run had other values under: {', '.join(differing)}. "
                f"Resume with its own configuration, {self.config}, or start a new run."
            )

    def _check_fingerprint(self, fingerprint: Mapping[str, Any]) -> None:
        if not self.rows.exists() and not any(path.exists() for path in self._trained()):
            write_json(self.rows, fingerprint)  # it was killed before anything was learned
            return
        if not self.rows.exists():
            raise CheckpointError(
                f"{self.path}: {self.rows.name} is missing, which tells what the run was begun with (earlier versions "
                "wrote none), so it cannot go on. Start anew with --overwrite."
            )
        kept = self.read_json(self.rows)
        if self.split.exists():
            kept = {**kept, "split": self.split_digest()}
        differing = differences(kept, fingerprint)
        if differing:
            raise CheckpointError(
                f"{self.path}: the run was begun with other {', '.join(differing)}. "
                "Put back what it was begun with to go on, or start anew with --overwrite."
            )

    def split_digest(self) -> str | None:
        """Return the hash of the parts as they stand in ``split``, or None if these are no parts."""
        try:
            return split_digest(self.read_json(self.split))
        except CheckpointError:
            return None

    def _trained(self) -> Iterator[Path]:
        inner = (self.path / name for name in INNER_FOLDERS if name != CELLS)  # other fits, which begin side by side
        yield from (self.history, self.state, self.model, *inner)

    def _sweep(self) -> None:
        """Remove what a process left that was killed while it wrote; who calls has the folder for itself."""
        sweep(self.path, [file.name for file in vars(self).values()])

    def _is_used(self) -> bool:
        return self.path.exists() and (not self.path.is_dir() or not all(map(is_passing, self.path.iterdir())))

    def _clear(self) -> None:
        try:
            # Without its configuration it would be no run folder, and what an interrupt left could not be removed.
            empty(self.path, last=self.config)
        except OSError as error:
            raise ConfigError(f"output: {str(self.path)!r} cannot be emptied ({error}). Name another one.") from error

    def _foreign_files(self) -> Iterator[Path]:
        own = {file.name for file in vars(self).values() if file != self.path} if self.config.exists() else set()
        return foreign_files(self.path, own, lambda path: RunFolder(path)._foreign_files())
