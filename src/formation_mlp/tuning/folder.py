"""The folder of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.runs.fingerprint import differing_sections
from formation_mlp.runs.folder import RunFolder
from formation_mlp.system.files import write_text


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

    def begin(
        self,
        config: Mapping[str, Any],
        *,
        overwrite: bool,
        resume: bool,
        fingerprint: Mapping[str, Any] | None = None,
        way_on: str = "Continue it with --resume",
    ) -> None:
        """Make the folder ready and write the configuration.

        Raises
        ------
        ConfigError
            If the folder is in use and neither ``overwrite`` nor ``resume`` allows to go on.
        CheckpointError
            If the search to resume is missing, or was begun with another configuration; only the number of trials
            may differ.
        """
        if self.store.exists() and not (overwrite or resume):
            raise ConfigError(f"{self.path} holds a search: --resume continues it, --overwrite replaces it.")
        if resume:
            self._check_resumable(config)
            self._sweep()
            write_text(self.config, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
        else:
            super().begin(config, overwrite=overwrite, resume=False, fingerprint=fingerprint, way_on=way_on)

    def _foreign_files(self) -> Iterator[Path]:
        for path in super()._foreign_files():
            if not path.name.startswith((self.store_lock.name, "search.lock")):  # a killed process leaves them
                yield path

    def _check_resumable(self, config: Mapping[str, Any]) -> None:
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
