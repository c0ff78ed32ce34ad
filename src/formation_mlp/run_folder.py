"""One job, one folder: what lies in it, and when it may be written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.files import write_text
from formation_mlp.training.state import EpochRecord


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of a run.

    ``config.yaml`` resolved configuration, ``split.json`` ids of the parts, ``history.jsonl`` one line an
    epoch, ``model.safetensors`` the best model, ``state.safetensors`` the last state, ``predictions.csv``,
    ``report.json``, figures, and an empty ``DONE``, written last.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.yaml"

    @property
    def split(self) -> Path:
        """The ids of train, val and test."""
        return self.path / "split.json"

    @property
    def history(self) -> Path:
        """One JSON line per epoch."""
        return self.path / "history.jsonl"

    @property
    def model(self) -> Path:
        """The best model."""
        return self.path / "model.safetensors"

    @property
    def state(self) -> Path:
        """What continues an interrupted run."""
        return self.path / "state.safetensors"

    @property
    def report(self) -> Path:
        """All numbers of the run."""
        return self.path / "report.json"

    @property
    def predictions(self) -> Path:
        """Predictions for the val and test rows."""
        return self.path / "predictions.csv"

    @property
    def done(self) -> Path:
        """Present when everything else is."""
        return self.path / "DONE"

    def is_done(self) -> bool:
        """Return whether the run is finished."""
        return self.done.exists()

    def begin(self, config: Mapping[str, Any], *, overwrite: bool, resume: bool) -> None:
        """Make the folder ready and write the configuration.

        Raises
        ------
        ConfigError
            If the folder is in use and neither ``overwrite`` nor ``resume`` allows to go on.
        CheckpointError
            If the run to resume is missing, finished, or was started with another configuration.
        """
        if resume:
            self._check_resumable(config)
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            self._clear(overwrite)
        write_text(self.config, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))

    def saved_config(self) -> dict[str, Any]:
        """Return the resolved configuration as plain data.

        Raises
        ------
        CheckpointError
            If the folder is no run folder.
        """
        try:
            saved: dict[str, Any] = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise CheckpointError(f"{self.path}: not a run folder: {error}") from error
        return saved

    def write_history(self, history: list[EpochRecord]) -> None:
        """Write one JSON line per epoch."""
        write_text(self.history, "".join(json.dumps(asdict(record)) + "\n" for record in history))

    def read_history(self) -> list[dict[str, Any]]:
        """Return the epochs as plain data."""
        return [json.loads(line) for line in self.history.read_text(encoding="utf-8").splitlines()]

    def finish(self) -> None:
        """Mark the run as complete."""
        write_text(self.done, "")

    def _check_resumable(self, config: Mapping[str, Any]) -> None:
        saved = self.saved_config()
        if self.is_done():
            raise CheckpointError(f"{self.path}: this run is finished; there is nothing to resume.")
        differing = [key for key in config if saved.get(key) != config[key]]
        if differing:
            raise CheckpointError(
                f"{self.path}: the interrupted run had other values under: {', '.join(differing)}. "
                f"Resume with its own configuration, {self.config}, or start a new run."
            )

    def _clear(self, overwrite: bool) -> None:
        is_run = self.config.exists()
        if not overwrite or not is_run:
            what = "holds an earlier run" if is_run else "holds other files"
            offer = "Use --overwrite, or name another folder" if is_run else "Name another folder"
            raise ConfigError(f"output: {str(self.path)!r} {what}. {offer} with --set output=runs/NAME.")
        shutil.rmtree(self.path)
