"""The models that a service answers with: the shipped ones, and those of run folders; by name, never by path."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from formation_mlp.errors import CheckpointError
from formation_mlp.registry import unknown_name
from formation_mlp.saved_model.checkpoint import MODEL_FILE
from formation_mlp.saved_model.named import NamedModel, named_model
from formation_mlp.saved_model.shipped import CALLED

MOST_LOADED = 8
"""Models of runs that stay in memory."""


class Models:
    """Loads each model once, when it is first asked for.

    Parameters
    ----------
    runs
        Folder of run folders, whose names are names of models, too; None if there is none.

    Examples
    --------
    >>> Models().get("measured").predictor.scale
    'measured'
    """

    def __init__(self, runs: Path | None = None) -> None:
        self.runs = runs
        self._loaded: dict[str, tuple[float, NamedModel]] = {}
        self._lock = Lock()

    def names(self) -> list[str]:
        """Return all names."""
        return [*CALLED, *(name for name in self.run_names() if name not in CALLED)]

    def run_names(self) -> list[str]:
        """Return the names of the runs that have a model."""
        return sorted(self._runs())

    def get(self, name: str) -> NamedModel:
        """Return a model.

        Raises
        ------
        CheckpointError
            If there is none of this name, or it is damaged.
        """
        path = None if name in CALLED else self._folder(name)
        changed = 0.0 if path is None else (path / MODEL_FILE).stat().st_mtime
        with self._lock:
            before = self._loaded.pop(name, None)
            if before is None or before[0] != changed:
                before = changed, self._load(name, path)
            self._loaded[name] = before  # the last that was asked for stands last
            of_runs = [other for other in self._loaded if other not in CALLED]
            for old in of_runs[:-MOST_LOADED]:
                del self._loaded[old]
            return before[1]

    def source(self, name: str) -> str:
        """Return by what another process finds a model: the name of a shipped one, or the folder of a run."""
        return name if name in CALLED else str(self._folder(name))

    def _load(self, name: str, folder: Path | None) -> NamedModel:
        if folder is None:
            return named_model(name, name)
        loaded = named_model(str(folder), str(folder))
        return NamedModel(name, loaded.path, loaded.predictor)

    def _folder(self, name: str) -> Path:
        """Return the folder of a run that was found; a name is looked up, and never put into a path."""
        found = self._runs()
        if name not in found:
            raise CheckpointError(unknown_name(name, self.names(), "model", "model"))
        return found[name]

    def _runs(self) -> dict[str, Path]:
        files = [] if self.runs is None else self.runs.glob(f"*/{MODEL_FILE}")
        return {file.parent.name: file.parent for file in files}
