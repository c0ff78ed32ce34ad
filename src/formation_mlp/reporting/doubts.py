"""What not to believe of a run: rows known before, groups that fail, elements never seen, other scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.reporting.groups import by_class, by_element, clearly_worse, group_errors
from formation_mlp.reporting.judged import JudgedRows, counted_rows

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

Claim = tuple[str, str]
"""Words that stand out, and what is said."""

FEW = 100
"""Rows below which an error is called uncertain."""
NAMED = 5
"""Groups and elements that are named."""


def doubts(run: FinishedRun, rows: JudgedRows, of_intervals: Sequence[Claim]) -> list[Claim]:
    """Return what not to believe.

    Parameters
    ----------
    run
        A finished run.
    rows
        Those of which claims are made.
    of_intervals
        What not to believe of its intervals.
    """
    return [
        *[("The scores as a whole:", f"{doubt}.") for doubt in run.report.get("doubts", ())],
        *_known(run),
        *_few(run, rows),
        *_failures(run),
        *of_intervals,
        *_elements(run),
        *_kind(run),
    ]


def _start_scores(run: FinishedRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return rows and score of the formulas that the start model has learned, and of the others; empty without."""
    start = run.report.get("start") or {}
    counts = start.get("rows", {}).get(run.part, {})
    scores: Mapping[str, Mapping[str, Any]] = start.get("scores", {}).get(run.part, {})
    key = "log loss" if run.is_classification else "MAE"
    known, new = ({"n": counts.get(name, 0), "score": scores.get(name, {}).get(key)} for name in ("known", "new"))
    return ({} if known["score"] is None else known), ({} if new["score"] is None else new)


def _known(run: FinishedRun) -> list[Claim]:
    """Return what of the rows was known before: to the start model, or in training."""
    claims: list[Claim] = []
    start, n = run.report.get("start"), len(run.y)
    known, new = _start_scores(run)
    if start and not start.get("is_told", True):
        claims.append(
            ("The scores may be too good:", f"nothing tells what the start model '{start['model']}' has learned.")
        )
    elif start and known:
        rest = f"; of the other {new['n']:,}: {new['score']:.3f}" if new else "; there are no others"
        told = "Only the latter tell of new compounds." if new else "They tell nothing of new compounds."
        claims.append(
            (
                "Rows known before:",
                f"{known['n']:,} of {n:,} {run.part} rows are formulas that the start model '{start['model']}' has "
                f"learned (error {known['score']:.3f}{rest}). {told}",
            )
        )
    shared = run.report["overlap"]
    leaked = shared.get("test_rows_with_formula_in_train", 0) if run.part == "test" else 0
    if leaked:
        share = 100 * leaked / shared["test_rows"]
        claims.append(("Leaked rows:", f"{leaked:,} test rows ({share:.0f} %) have their formula in training, too."))
    if run.part == "val":
        claims.append(
            ("No test rows:", "the rows shown have helped to choose the model, which looks better than it is.")
        )
    return claims


def _few(run: FinishedRun, rows: JudgedRows) -> list[Claim]:
    if not rows.are_enough:
        errors, unit, name = group_errors(run)
        over = counted_rows(len(errors), run.part)
        said = f"the {name} of {over}, {f'{errors.mean():.3f} {unit}'.strip()}, may be far from that of new compounds"
        learned = len(errors) - rows.n
        why = f": a start model may have learned {learned:,} of them" if learned else ""
        return [("The error:", f"{said}{why}. Hold out ten new formulas at least, better a hundred.")]
    if run.part == "test" and rows.n < FEW:
        return [("Few rows:", f"{counted_rows(rows.n, run.part)}; another draw would give another error.")]
    return []


def _failures(run: FinishedRun) -> list[Claim]:
    if run.compositions is None:
        return []
    errors, unit, _ = group_errors(run)
    overall = float(errors.mean())
    groups = clearly_worse(by_class(run.compositions, errors), overall)
    elements = clearly_worse(by_element(run.compositions, errors), overall)
    said = [f"{name} ({one.mean:.3f}, {one.n} rows)" for name, one in [*groups.items(), *elements.items()][:NAMED]]
    worst = int(np.argmax(run.errors))
    claims = [("Clearly worse than average:", f"{', '.join(said)}.")] if said else []
    if unit:
        error = f"{run.prediction[worst] - run.y[worst]:+.2f}".replace("-", "−")
        claims.append(("The worst row:", f"{run.formulas[worst]} is off by {error} {unit}; see the worst rows below."))
    return claims


def _elements(run: FinishedRun) -> list[Claim]:
    if run.training is None:
        return []
    compositions = run.training.dataset.materials.compositions.take(run.training.rows["train"])
    held = {SYMBOLS[z] for z in compositions.elements()}
    missing = [symbol for symbol in SYMBOLS[1:95] if symbol not in held]
    if not missing:
        return []
    named = ", ".join(missing[:12]) + (f" and {len(missing) - 12} more" if len(missing) > 12 else "")
    return [("Elements without training row:", f"{named}. Predictions for them are guesses; predict flags them.")]


def _kind(run: FinishedRun) -> list[Claim]:
    if run.is_classification:
        return []
    source = run.report["target"].get("source")
    scale = f"They are energies of the origin {source!r}" if source else "The origin of the energies is not declared"
    return [
        ("Other energies:", f"{scale}: do not mix them with other scales. A low energy alone is no proof of stability.")
    ]
