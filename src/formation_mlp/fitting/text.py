"""What a fit says at its end: scores, what to believe of them, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.benchmark.results import Results, results_of
from formation_mlp.benchmark.text import statements
from formation_mlp.fitting.fit import Fitted
from formation_mlp.fitting.next_steps import next_commands
from formation_mlp.quoting import counted
from formation_mlp.runs.start_rows import ahead_in_words, apart_in_words, is_as_good_untrained, untrained_in_words
from formation_mlp.system.text_table import aligned
from formation_mlp.typing import Bools, Floats

WIDTH = 110
FEW = 100
"""Rows below which an error is called uncertain."""
FEWEST = 10
"""Rows below which nothing is said of new compounds, nor of which model is better."""


def closing_text(fitted: Fitted) -> str:
    """Return the scores of all models, what to believe of them, and the next commands."""
    report = fitted.folder.read_json(fitted.folder.report)
    honest = [_only_new(one, report) for one in fitted.benchmark.outcomes]
    has_new = all(len(one.ids) for one in honest)
    results = results_of(honest if has_new else fitted.benchmark.outcomes, fitted.benchmark.about)
    blocks = [
        score_table(fitted.benchmark.outcomes, honest, results),
        _wrapped(believe(results, report, _errors(honest, results) if has_new else np.empty(0))),
        next_commands(fitted),
    ]
    return "\n\n".join(blocks)


def score_table(outcomes: Sequence[Outcome], honest: Sequence[Outcome], results: Results) -> str:
    """Return one line per model, the best first; errors on new formulas apart where the start model knows others."""
    part, differs = results.part, any(len(a.ids) != len(b.ids) for a, b in zip(outcomes, honest, strict=True))
    by_name = {one.model: one for one in outcomes}
    honest_by_name = {one.model: one for one in honest}
    n_all, n_new = len(outcomes[0].ids), len(honest[0].ids)
    header = ["model", "val MAE", f"{part} MAE ({counted(n_all, 'row')})"]
    header += [f"new formulas ({n_new})"] if differs else []
    header += [f"{part} RMSE", "fit (s)"]
    rows = []
    for summary in results.models:
        one, new = by_name[summary.model], honest_by_name[summary.model]
        error = np.abs(one.prediction - one.y)
        cells = [summary.model, f"{one.val_score:.4f}", f"{error.mean():.4f}"]
        if differs:
            cells.append(f"{np.abs(new.prediction - new.y).mean():.4f}" if len(new.ids) else "")
        rows.append([*cells, f"{np.sqrt(np.mean(error**2)):.4f}", f"{one.fit_seconds:.1f}"])
    return aligned(header, rows)


def believe(results: Results, report: dict[str, Any], errors: Floats) -> list[str]:
    """Return sentences on what the scores are worth; ``errors`` are those of the network on new formulas, ``[n]``."""
    said = []
    if "start" in report:
        said.append(apart_in_words(report["start"], results.part, "MAE") + ".")
    if len(errors) < FEWEST:
        held_out = counted(len(errors), f"{results.part} row") + (" of new formulas" if "start" in report else "")
        said.append(
            f"What to believe: nothing yet. {held_out} cannot tell how far off a new compound is, nor which model is "
            f"better; {FEWEST} are the fewest that can. {_advice(report)}"
        )
    else:
        half = 1.96 * float(errors.std(ddof=1)) / len(errors) ** 0.5
        low, high = max(0.0, errors.mean() - half), errors.mean() + half
        tenth = float(np.quantile(errors, 0.9))
        is_few = len(errors) < FEW
        counts = f" (here {int((errors > tenth).sum())} of {len(errors)} rows)" if is_few else ""
        few = f", for {len(errors)} rows are few" if is_few else ""
        said.append(
            f"What to believe: a new compound of this kind is off by {errors.mean():.3f} eV/atom on average, by more "
            f"than {tenth:.3f} one time in ten{counts}. Of other {results.part} rows the average would lie "
            f"between {low:.3f} and {high:.3f} (95 %){few}."
        )
        untrained = [untrained_in_words(report["untrained"])] if "untrained" in report else []
        compared = [f"{one}." for one in statements(results)]
        compared += [ahead_in_words(report["start"])] if compared and "start" in report else []
        is_needless = bool(untrained) and is_as_good_untrained(report["untrained"])
        said += [*untrained, *compared] if is_needless else [*compared, *untrained]
    said.append(
        "What not to believe: predictions for other kinds of compounds, such as elements that are rare or missing in "
        "the table; predict flags them."
    )
    return said


def _advice(report: dict[str, Any]) -> str:
    """Return what to do where too few rows are held out."""
    if "start" in report:
        model = report["start"]["model"]
        return f"The model {model} knows the others: what is known of its own errors says formation-mlp models {model}."
    return "Add rows to the table, or hold out more of them, such as with --set split.test=0.3."


def _only_new(outcome: Outcome, report: dict[str, Any]) -> Outcome:
    """Return an outcome without the rows whose formula the model to start from has learned."""
    known = set(report.get("start", {}).get("known_ids", ()))
    new: Bools = np.array([name not in known for name in outcome.ids], np.bool_)
    return replace(
        outcome,
        ids=[name for name, is_new in zip(outcome.ids, new, strict=True) if is_new],
        formulas=[formula for formula, is_new in zip(outcome.formulas, new, strict=True) if is_new],
        novelty=outcome.novelty[new],
        y=outcome.y[new],
        prediction=outcome.prediction[new],
    )


def _errors(outcomes: Sequence[Outcome], results: Results) -> Floats:
    main = next(one for one in outcomes if one.model == results.about.main)
    return np.abs(main.prediction - main.y)


def _wrapped(texts: Sequence[str]) -> str:
    return "\n".join(line for text in texts for line in textwrap.wrap(text, WIDTH, subsequent_indent="  "))
