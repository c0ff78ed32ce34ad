"""How the main model of a benchmark stands against the best opponent on some of the rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from formation_mlp.benchmark.paired import Comparison, over_formulas, sentence
from formation_mlp.benchmark.results import Results
from formation_mlp.benchmark.write import ShownRows


def statements_of_rows(results: Results, rows: Mapping[str, ShownRows], ids: Collection[str], words: str) -> list[str]:
    """Compare the main model of a regression with the model of the smallest error among the others.

    Parameters
    ----------
    results
        Of one division.
    rows
        Model to all rows that it was shown on.
    ids
        Those that count; of two formulas at least.
    words
        How many they are, and which.

    Returns
    -------
    list of str
        A sentence; none for a classification, and without a second model of the same rows.
    """
    main = results.about.main
    if not results.unit or main not in rows or len(results.divisions) != 1:
        return []
    shown = {name: own for name, own in rows.items() if own.ids == rows[main].ids}
    counts = np.array([one in ids for one in rows[main].ids], np.bool_)
    losses = {name: np.abs(own.prediction - own.y)[counts] for name, own in shown.items()}
    others = sorted((float(loss.mean()), name) for name, loss in losses.items() if name != main)
    formulas = [formula for formula, does_count in zip(rows[main].formulas, counts, strict=True) if does_count]
    if not others or len(set(formulas)) < 2:
        return []
    best = others[0][1]
    comparison = Comparison(main, best, *over_formulas(losses[main] - losses[best], formulas), "formulas")
    return [f"{sentence(comparison, results.unit)}, over {words}"]
