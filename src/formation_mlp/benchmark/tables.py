"""The tables of a benchmark, as headers and cells of text, for a terminal and for a page."""

from __future__ import annotations

import math

from formation_mlp.benchmark.paired import Comparison
from formation_mlp.benchmark.results import Results
from formation_mlp.quoting import counted

Table = tuple[list[str], list[list[str]]]
"""Header and rows; the first cell of a row names it."""

SHORT = {"accuracy": "acc.", "balanced accuracy": "bal. acc.", "median error": "median"}
"""Shorter names of scores, for a table that fits a terminal."""

LEFT_TO_PAGE = ("precision", "recall")
"""Scores of a classifier that a terminal has no room for."""

MAX_DIVISIONS = 30
"""Divisions up to which each has a line of its own."""


def score_table(results: Results, *, every: bool = False) -> Table:
    """Return the scores of all models, the best first; mean and standard deviation where there are several.

    ``every`` adds those that a terminal has no room for.
    """
    selection = results.selection
    columns: dict[str, list[str]] = {"model": [one.model for one in results.models]}
    if results.part != "val":
        columns[f"val {selection}"] = [f"{one.val_score.mean:.4f}" for one in results.models]
    names = [name for name in results.models[0].scores if every or name not in LEFT_TO_PAGE]
    for i, name in enumerate(names):
        scores = [one.scores[name] for one in results.models]
        columns[f"{results.part} " * (i == 0) + SHORT.get(name, name)] = [f"{score.mean:.4f}" for score in scores]
        if name == selection:
            spreads = {"±": [one.divisions for one in scores], "± seeds": [one.seeds for one in scores]}
            for label, values in spreads.items():
                if any(value is not None for value in values):
                    columns[label] = ["" if value is None else f"{value:.4f}" for value in values]
    columns["fit (s)"] = [f"{one.fit_seconds:.1f}" for one in results.models]
    columns["predict (s)"] = [f"{one.predict_seconds:.3f}" for one in results.models]
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def comparison_table(results: Results) -> Table | None:
    """Return how much worse each model is than the main one and the best opponent.

    The intervals are of each pair on its own, the p-values corrected for the number of models.
    """
    if len(results.models) < 3 or not results.comparisons:
        return None
    against = [name for name in (results.about.main, results.opponent) if name]
    header = [f"{results.selection} minus that of"]
    for name in against:
        header += [name, "from", "to", "p"]
    rows = [
        [one.model, *(cell for name in against for cell in _cells(results.comparison(one.model, name)))]
        for one in results.models
    ]
    return header, rows


def _cells(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return [""] * 4
    p = "< 0.001" if comparison.p_of_all < 0.001 else f"{comparison.p_of_all:.3f}"
    return [*(f"{value:+.4f}" for value in (comparison.difference, comparison.low, comparison.high)), p]


def cost_table(results: Results) -> Table:
    """Return what each model costs, beside its times in the table of scores."""
    rows = [
        [
            one.model,
            f"{one.cpu_seconds:.1f}",
            "" if one.peak_memory is None else f"{one.peak_memory / 2**20:.0f}",
            counted(round(one.size), one.size_unit.removesuffix("s"), one.size_unit),
        ]
        for one in results.models
    ]
    return ["model", "CPU (s)", "peak memory (MiB)", "size"], rows


def division_table(results: Results) -> Table | None:
    """Return the scores of the main model and of the best others in each of several divisions."""
    divisions = results.divisions
    if not 1 < len(divisions) <= MAX_DIVISIONS:
        return None
    shown = list(dict.fromkeys([results.about.main, results.models[0].model, results.opponent or results.about.main]))
    rows = [
        [
            one.name,
            str(one.n_train),
            str(one.n_shown),
            *(f"{one.scores[name]:.4f}" if name in one.scores else "" for name in shown),
        ]
        for one in divisions
    ]
    return [f"{results.selection} by division", "train rows", f"{results.part} rows", *shown], rows


def novelty_table(results: Results) -> Table | None:
    """Return the error of each model on rows that train holds more or less of; None if there is one kind only."""
    counts = results.novelty.counts
    if len(counts) < 2:
        return None
    rows = [["number of rows", *(str(count) for count in counts.values())]]
    for one in results.models:
        scores = results.novelty.scores[one.model]
        rows.append([one.model, *(f"{scores[name]:.4f}" if name in scores else "" for name in counts)])
    return [f"{results.part} {results.selection} by what train holds", *counts], rows


def published_table(results: Results) -> Table | None:
    """Return published models and one's own beside each other, the best first; None if nothing is published."""
    if not results.published:
        return None
    names = [name for name in results.models[0].scores if any(name in one.scores for one in results.published)]
    lower = results.selection in names
    key = results.selection if lower else names[-1]
    lines = [(one.model, "published", one.inputs, dict(one.scores)) for one in results.published]
    lines += [(one.model, "here", "", {n: score.mean for n, score in one.scores.items()}) for one in results.models]
    sign = 1 if lower else -1
    lines.sort(key=lambda line: sign * line[3].get(key, sign * math.inf))
    rows = [[*line[:3], *(f"{line[3][name]:.4f}" if name in line[3] else "" for name in names)] for line in lines]
    return ["model", "from", "sees", *(SHORT.get(name, name) for name in names)], rows
