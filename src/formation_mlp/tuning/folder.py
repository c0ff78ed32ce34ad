"""The folder of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.runs.fingerprint import differing_sections
from formation_mlp.runs.folder import RunFolder


class SearchFolder(RunFolder):
    """The files of a search, and who may write them.

    Attributes
    ----------
    config : configuration of the search, YAML
    store : trials with their epochs, a journal of Optuna
    trials : one line per finished trial, csv
    best : configuration of the best trial, YAML
    figure : scores by trial and by parameter
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.store = self.path / "search.journal"
        self.store_lock = self.path / "search.journal.lock"
        self.trials = self.path / "trials.csv"
        self.best = self.path / "best.yaml"
        self.figure = self.path / "search.png"

    def _check_free(self, overwrite: bool) -> None:
        if self.store.exists() and not overwrite:
            raise ConfigError(f"{self.path} holds a search: --resume continues it, --overwrite replaces it.")

    def _foreign_files(self) -> Iterator[Path]:
        for path in super()._foreign_files():
            if not path.name.startswith((self.store_lock.name, "search.lock")):  # a killed process leaves them
                yield path

    def _check_resumable(self, config: Mapping[str, Any]) -> None:
        """Check that the search to resume is there and of this configuration; only the number of trials may differ."""
        saved, asked = _without_trials(self.saved_config()), _without_trials(config)
        differing = differing_sections(saved, asked)
        if differing:
            raise CheckpointError(
                f"{self.path}: the search was begun with other values under: {', '.join(differing)}. "
                f"Resume with its own configuration, {self.config}, or start a new search."
            )


def _without_trials(config: Mapping[str, Any]) -> dict[str, Any]:
    tune = config.get("tune")
    return {**config, "tune": {**tune, "trials": None} if isinstance(tune, Mapping) else tune}
