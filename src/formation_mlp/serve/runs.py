"""Run folders as they grow: what they are, their loss curves, their numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from formation_mlp.errors import CheckpointError
from formation_mlp.runs.contents import INNER_FOLDERS, REPORT_PAGE
from formation_mlp.runs.folder import RunFolder
from formation_mlp.serve.problems import ProblemError
from formation_mlp.serve.settings import Settings

MOST_INNER = 50
"""Networks of an ensemble whose curves are told."""


def folders(settings: Settings) -> dict[str, RunFolder]:
    """Return the runs below the folder that the service was started with, by their names."""
    if settings.runs is None or not settings.runs.is_dir():
        return {}
    found = [RunFolder(path.parent) for path in sorted(settings.runs.glob("*/config.yaml"))]
    return {run.path.name: run for run in found}


def run_named(settings: Settings, name: str) -> RunFolder:
    """Return a run; the name is looked up among those that are there, and never put into a path.

    Raises
    ------
    ProblemError
        If there is none of this name.
    """
    found = folders(settings)
    if name not in found:
        where = "the service was started without --runs" if settings.runs is None else f"it is not in {settings.runs}"
        raise ProblemError(404, f"run {name!r}: there is none; {where}.")
    return found[name]


def overview(settings: Settings) -> dict[str, Any]:
    """Return one entry a run, the newest first."""
    told = [summary(run) for run in folders(settings).values()]
    told.sort(key=lambda one: str(one["changed"]), reverse=True)
    return {"folder": None if settings.runs is None else str(settings.runs), "runs": told}


def summary(run: RunFolder) -> dict[str, Any]:
    """Return what a run is, in JSON; a file that is damaged tells nothing."""
    report = _json(run.report)
    curves = [records for _, records in _curves(run)]
    files = [path for path in (run.config, run.history, run.model, run.report) if path.exists()]
    changed = max(path.stat().st_mtime for path in files)
    return {
        "name": run.path.name,
        "state": "finished" if run.is_done() else "unfinished",
        "changed": datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds"),
        "epochs": max((records[-1]["epoch"] for records in curves if records), default=0),
        "networks": len(curves),
        "scores": _plain(report.get("scores", {})),
        "target": _plain(report.get("target")),
        "rows": _plain(report.get("rows")),
        "has_model": run.model.exists(),
        "has_report": (run.path / REPORT_PAGE).exists(),
    }


def details(run: RunFolder) -> dict[str, Any]:
    """Return the same with the configuration as it was written, and all numbers of the finished run."""
    return summary(run) | {"config": _text(run.config), "report": _plain(_json(run.report))}


def history(run: RunFolder, after: int) -> dict[str, Any]:
    """Return the epochs of each network of a run that come after one of them."""
    curves = [
        {"network": name, "epochs": [_plain(record) for record in records if record["epoch"] > after]}
        for name, records in _curves(run)
    ]
    return {"name": run.path.name, "state": "finished" if run.is_done() else "unfinished", "curves": curves}


def report_page(run: RunFolder) -> str:
    """Return the page of a run's report.

    Raises
    ------
    ProblemError
        If it has none yet.
    """
    page = run.path / REPORT_PAGE
    if not page.exists():
        raise ProblemError(404, f"run {run.path.name!r}: has no {REPORT_PAGE} yet. Ask for it: POST to this address.")
    return page.read_text(encoding="utf-8")


def write_report_page(run: RunFolder) -> dict[str, Any]:
    """Write the page of a run's report, as `formation-mlp report` does.

    Raises
    ------
    CheckpointError
        If the run is not finished, or damaged.
    """
    from formation_mlp.reporting.report import write_report

    try:
        write_report([run.path])
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(f"{run.path.parent}/", "")) from error
    return summary(run)


def _curves(run: RunFolder) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the name of each network and its epochs so far; that of a run of one network is empty."""
    if run.history.exists():
        yield "", _lines(run.history)
    files = [
        path
        for inner, depth in INNER_FOLDERS.items()
        for path in run.path.glob(f"{inner}{'/*' * depth}/{run.history.name}")
    ]
    for path in sorted(files)[:MOST_INNER]:
        yield path.parent.relative_to(run.path).as_posix(), _lines(path)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the epochs of a file that may be growing: what is not whole yet comes the next time."""
    found = []
    for line in _text(path).splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            break
        if not isinstance(record, dict) or not isinstance(record.get("epoch"), int):
            break
        found.append(record)
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_text(path))
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _plain(value: Any) -> Any:
    """Return plain data without NaN and infinity, which JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
