"""What a model to start from answers as it is, without training: the first opponent of every training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.benchmark.paired import over_formulas
from formation_mlp.data.records import Dataset
from formation_mlp.fitting.start_table import STARTED, StartTable
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Bools, Floats, Ints

FEWEST = 10
"""Rows of new formulas below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Untrained:
    """What a model answers to ``n`` rows.

    Attributes
    ----------
    model : as the user calls it
    scale : energy scale of the answers; empty if the model knows none
    ids : of the rows, ``[n]``
    is_new : whether the model has not learned the formula, ``[n]``
    values : eV/atom, ``[n]``; NaN for known train rows, which are not asked
    """

    model: str
    scale: str
    ids: tuple[str, ...]
    is_new: Bools
    values: Floats

    def beside(self, outcome: Outcome) -> dict[str, Any] | None:
        """Return how far the model is off on the shown rows that it has not learned, beside a training.

        Returns
        -------
        dict
            What `formation_mlp.runs.start_rows.untrained_in_words` takes, for ``report.json``; None with fewer than
            `FEWEST` rows. ``low`` and ``high`` are the 95 % interval of how much larger its mean absolute error is than
            that of the training, over formulas.
        """
        of_row = {name: i for i, name in enumerate(self.ids)}
        places = np.array([of_row[name] for name in outcome.ids], np.int64)
        new = np.flatnonzero(self.is_new[places])
        if len(new) < FEWEST:
            return None
        own, other = (np.abs(values[new] - outcome.y[new]) for values in (outcome.prediction, self.values[places]))
        formulas = [outcome.formulas[i] for i in new.tolist()]
        if len(set(formulas)) < 2:
            return None
        _, low, high, _, _ = over_formulas(other - own, formulas)
        numbers = {"MAE": other.mean(), "MAE_of_training": own.mean(), "low": low, "high": high}
        about = {"model": self.model, "scale": self.scale, "part": outcome.part, "rows": len(new)}
        return about | {name: round(float(value), 5) for name, value in numbers.items()}


def untrained(model: Checkpoint, name: str, rows: StartTable) -> Untrained | None:
    """Return the answers of a model on the energy scale that the rows declare, or else the nearest to train and val.

    None if the rows are on several scales, or on one that the model does not know.
    """
    dataset, split = rows.dataset, rows.split
    asked = np.sort(np.concatenate([split.val, split.test, rows.new(split.train)]))
    answers = Predictor(model).on_all_scales(rows.tables[STARTED].X[asked], dataset.materials.compositions.take(asked))
    place = _place(model, dataset, answers, asked, split.test)
    if place is None:
        return None
    values = np.full(len(dataset), np.nan)
    values[asked] = answers[:, place]
    scale = model.target.scales[place] if model.target.scales else ""
    return Untrained(name, scale, dataset.ids, ~rows.start.known, values)


def _place(model: Checkpoint, dataset: Dataset, answers: Floats, asked: Ints, test: Ints) -> int | None:
    """Return which of the model's energy scales, ``[n_asked, s]``, is that of the rows; test rows do not tell."""
    declared, known = dataset.target.scales, model.target.scales
    if len(declared) > 1 or (declared and declared[0] not in known):
        return None
    if declared:
        return known.index(declared[0])
    told = ~np.isin(asked, test)
    return int(np.argmin(np.abs(answers[told] - dataset.y[asked[told], None]).mean(axis=0)))
