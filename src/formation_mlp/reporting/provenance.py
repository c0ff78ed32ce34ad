"""Where the numbers of a run come from, and how to make them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from markupsafe import Markup

from formation_mlp.data.duplicates import is_merged
from formation_mlp.reporting.html import bullets, code, details, facts, joined, paragraph
from formation_mlp.version import __version__

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

NUMBERS = {
    "parameters": "trained parameters",
    "epochs": "epochs",
    "best_epoch": "best epoch",
    "device": "device",
    "precision": "precision",
    "fit_seconds": "training time (s)",
}
"""Key of report.json to its name on the page."""
MOST_NAMED = 50
"""Rows left out that the page names; report.json names all of them."""


def data_section(run: FinishedRun) -> Markup:
    """Return the rows, their parts and what leaks between them."""
    report, config = run.report, run.config
    target, rows, shared = report["target"], report["rows"], report["overlap"]
    declared, unit = target.get("declared_unit"), target.get("unit") or "class"
    lines = {
        "rows": str(config["data"]["path"]),
        "target": f"{run.target}, {unit}" + (f", declared in {declared}" if declared not in (None, unit) else ""),
        "origin": str(target.get("source") or "not declared"),
        "fingerprint of ids, compositions and targets": f"sha256 {report['rows_sha256']}",
        "parts": ", ".join(f"{rows[part]:,} {part}" for part in rows) + f", split by {config['split']['method']}",
    }
    if shared["test_rows"]:
        for key, words in (("formula", "formula"), ("chemical_system", "chemical system")):
            count = shared[f"test_rows_with_{key}_in_train"]
            share = f"{count:,} of {shared['test_rows']:,} ({100 * count / shared['test_rows']:.0f} %)"
            lines[f"test rows whose {words} is in training"] = share
    left_out = report.get("left_out", {})
    unread = {row: reason for row, reason in left_out.items() if not is_merged(reason)}
    lines["rows left out"] = f"{len(unread):,}"
    if len(left_out) > len(unread):
        lines["rows merged into another of their formula"] = f"{len(left_out) - len(unread):,}"
    constant = len(report.get("constant_descriptors", ()))
    lines["features"] = f"{report['descriptors']}, of which {constant} are constant and not used"
    notes = bullets(report["notes"]) if report.get("notes") else Markup()
    return facts(lines, "data") + notes + _named(unread)


def _named(left_out: Mapping[str, str]) -> Markup:
    if not left_out:
        return Markup()
    shown = [f"{row}: {reason}" for row, reason in islice(left_out.items(), MOST_NAMED)]
    rest = len(left_out) - len(shown)
    return details("Rows left out", bullets([*shown, f"{rest:,} more, in report.json"] if rest else shown))


def making_section(run: FinishedRun) -> Markup:
    """Return how the run was made, and how to make it again."""
    report = run.report
    lines = {words: _plain(report[key]) for key, words in NUMBERS.items() if report.get(key) is not None}
    shares = [f"{member.name} ({member.share:.2f})" for member in run.checkpoint.members]
    if len(shares) > 1:
        lines["members and their shares"] = ", ".join(shares)
    lines["seed"] = str(run.config["seed"])
    lines["versions"] = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    lines |= {f"sha256 of {path.name}": file_sha256(path) for path in (run.folder.model, run.folder.predictions)}
    lines["this page"] = f"formation-mlp {__version__}"
    config, output = (shlex.quote(str(path)) for path in (run.folder.config, f"{run.folder.path}-again"))
    written = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
    return joined(
        [
            facts(lines, "model"),
            paragraph("This trains it again, with every key as it was:"),
            code(f"formation-mlp train {config} --set output={output}"),
            details("Configuration", code(written)),
        ]
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return sha256(path.read_bytes()).hexdigest()


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
