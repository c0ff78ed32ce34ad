"""The rows of a finished run, read again: a saved model does not hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.data.records import Dataset
from formation_mlp.errors import CheckpointError
from formation_mlp.quoting import quoted
from formation_mlp.runs.fingerprint import rows_digest
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import load_rows
from formation_mlp.runs.results import rows_sha256
from formation_mlp.splits.methods import PARTS


class RowsChangedError(CheckpointError):
    """The rows of a run are no longer what they were."""


def rows_of_run(folder: str | Path, config: Mapping[str, Any]) -> tuple[Config, Dataset, dict[str, list[int]]]:
    """Read the rows of a finished run where its configuration says they are, or near a folder that was moved.

    Parameters
    ----------
    folder
        Of the run.
    config
        Of its model, as plain data.

    Returns
    -------
    Config, Dataset, dict
        The configuration, the rows of its table, and which of them are ``train``, ``val`` and ``test``.

    Raises
    ------
    CheckpointError
        If the folder is no finished run, or its files do not belong together.
    RowsChangedError
        If its rows have changed since.
    DataError
        If the rows are no longer where the configuration says.
    """
    run = RunFolder(folder)
    run.require_finished()
    checked = _with_found_table(check_config(config, str(run.model)), Path(folder))
    dataset = load_rows(checked)
    row = {name: i for i, name in enumerate(dataset.ids)}
    ids = run.read_json(run.split)
    used = [name for part in PARTS for name in ids[part]]
    gone = [name for name in used if name not in row]
    if gone:
        raise RowsChangedError(f"{folder}: row {quoted(gone[0])} of the run is no longer in {checked.data.path}.")
    kept = dataset.take(sorted(row[name] for name in used))
    if rows_sha256(kept) != run.read_json(run.report)["rows_sha256"] or structures_changed(run, kept):
        raise RowsChangedError(
            f"{folder}: formulas, structures or targets in {checked.data.path} have changed since the run. Train again."
        )
    if run.rows.exists() and run.read_json(run.rows).get("split") != run.split_digest():
        raise CheckpointError(f"{folder}: {run.split.name} was edited after the run. Train again.")
    return checked, dataset, {part: [row[name] for name in ids[part]] for part in PARTS}


def _with_found_table(config: Config, folder: Path) -> Config:
    """Return the configuration with the place of its table today, if that was moved together with the run.

    The table is looked for by its path, then its name, from the run folder upwards. Whether it is the same one tells
    the fingerprint of its rows.
    """
    path = Path(config.data.path)
    if path.exists() or not path.suffix:  # no file has been lost, or it is the name of a source
        return config
    for parent in folder.resolve().parents:
        for place in (parent / path, parent / path.name):
            if place.is_file():
                return config.model_copy(update={"data": config.data.model_copy(update={"path": str(place)})})
    return config


def structures_changed(run: RunFolder, used: Dataset) -> bool:
    """Return whether the structures of a run's rows have changed; earlier versions did not keep what tells it."""
    if used.materials.structures is None or not run.rows.exists():
        return False
    kept = run.read_json(run.rows)
    return kept.get("n") == len(used) and kept.get("rows") != rows_digest(used)  # fewer: the run left some unused
