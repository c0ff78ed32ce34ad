"""The rows whose formula the model that a training starts from has learned: they are counted and scored apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.learned import learned_formulas
from formation_mlp.saved_model.shipped import model_in_words
from formation_mlp.splits.methods import PARTS, Split
from formation_mlp.targets.task import Task
from formation_mlp.trust.listed import are_listed
from formation_mlp.typing import Bools, Floats, Ints

KNOWN, NEW = "known", "new"
"""Groups of rows: the start model has learned their formula, or not."""


@dataclass(frozen=True, slots=True)
class StartRows:
    """What the model to start from knows of ``n`` rows.

    Attributes
    ----------
    known : whether it has learned the formula, ``[n]``; all of them where nothing tells what it has learned
    is_told : whether the model tells what it has learned
    """

    known: Bools
    is_told: bool = True

    def new(self, rows: Ints) -> Bools:
        """Return which of some rows have a formula that the start model has not learned."""
        new: Bools = ~self.known[rows]
        return new

    def counts(self, split: Split) -> dict[str, dict[str, int]]:
        """Return part to the numbers of its known and new rows."""
        new = {part: self.new(getattr(split, part)) for part in PARTS}
        return {part: {KNOWN: int((~rows).sum()), NEW: int(rows.sum())} for part, rows in new.items()}


def start_rows(start: Checkpoint, compositions: Compositions) -> StartRows:
    """Return which rows have a formula that a model has learned.

    Examples
    --------
    >>> from formation_mlp import load
    >>> from formation_mlp.materials.inputs import read_materials
    >>> asked = read_materials(["NaCl", "Na7Cl"]).materials.compositions
    >>> start_rows(load("composition").checkpoint, asked).known.tolist()
    [True, False]
    """
    learned = learned_formulas(start)
    if learned is None:
        return StartRows(np.ones(len(compositions), np.bool_), is_told=False)
    return StartRows(are_listed(compositions, learned))


def scores_apart(task: Task, known: Bools, y: Floats, prediction: Floats) -> dict[str, dict[str, float]]:
    """Return the scores of the known and of the new rows of a part; a group without rows has none."""
    groups = {KNOWN: known, NEW: ~known}
    return {name: task.scores(y[rows], prediction[rows]) for name, rows in groups.items() if rows.any()}


def apart_in_words(about: Mapping[str, Any], part: str, selection: str) -> str:
    """Return what `report.json` holds under ``start`` as a sentence on one part; empty for a part without rows.

    Examples
    --------
    >>> about = {"model": "composition", "is_told": True, "rows": {"test": {"known": 213, "new": 54}}}
    >>> about["scores"] = {"test": {"known": {"MAE": 0.045}, "new": {"MAE": 0.083}}}
    >>> apart_in_words(about, "test", "MAE")
    "213 of 267 test rows are formulas that the start model 'composition' knows: MAE 0.045; the other 54: 0.083"
    """
    counts = about["rows"].get(part, {})
    n, n_known = sum(counts.values()), counts.get(KNOWN, 0)
    if not n:
        return ""
    if not about["is_told"]:
        return (
            f"nothing tells which formulas the start model '{about['model']}' has learned, so the scores of the {part} "
            "rows may be too good"
        )
    score = {name: f"{values[selection]:.3f}" for name, values in about["scores"].get(part, {}).items()}
    if not n_known:
        whole = f"none of the {n} {part} formulas" if n > 1 else f"no formula of the one {part} row"
        return f"the start model '{about['model']}' knows {whole}"
    said = f"{n_known} of {n} {part} rows are formulas that the start model '{about['model']}' knows"
    said += f": {selection} {score[KNOWN]}" if KNOWN in score else ""
    return said + (f"; the other {n - n_known}: {score[NEW]}" if NEW in score else "; there are no others")


def untrained_in_words(about: Mapping[str, Any]) -> str:
    """Return what `report.json` holds under ``untrained`` in sentences: whether the training was worth it.

    Examples
    --------
    >>> about = {"model": "composition", "scale": "measured", "part": "test", "rows": 41, "MAE": 0.061}
    >>> print(untrained_in_words(about | {"MAE_of_training": 0.241, "low": -0.25, "high": -0.11}))
    The shipped model 'composition', without training, is off by 0.061 eV/atom on the 41 test rows of formulas that it \
has not learned, this training by 0.241. To ask it: formation-mlp predict composition --csv NEW.csv --scale measured
    >>> print(untrained_in_words(about | {"MAE_of_training": 0.031, "low": 0.01, "high": 0.05}))
    The shipped model 'composition', without training, is off by 0.061 eV/atom on the 41 test rows of formulas that it \
has not learned, this training by 0.031, which is clearly better.
    """
    whole = model_in_words(about["model"])
    said = (
        f"{whole[0].upper()}{whole[1:]}, without training, is off by {about['MAE']:.3f} eV/atom on the {about['rows']} "
        f"{about['part']} rows of formulas that it has not learned, this training by {about['MAE_of_training']:.3f}"
    )
    if not is_as_good_untrained(about):
        return f"{said}, which is clearly better."
    scale = f" --scale {about['scale']}" if about["scale"] else ""
    may_be_chance = "; the difference may be chance" if about["MAE"] > about["MAE_of_training"] else ""
    return f"{said}{may_be_chance}. To ask it: formation-mlp predict {about['model']} --csv NEW.csv{scale}"


def ahead_in_words(about: Mapping[str, Any]) -> str:
    """Return what a start gave the model that its opponents did not have, of what `report.json` holds under ``start``.

    Examples
    --------
    >>> ahead_in_words({"model": "composition"})
    "The opponents learned this table alone, the training started from what the shipped model 'composition' knew."
    """
    return (
        f"The opponents learned this table alone, the training started from what {model_in_words(about['model'])} knew."
    )


def is_as_good_untrained(about: Mapping[str, Any]) -> bool:
    """Return whether the model that a training might start from is as good or better without it, as far as rows tell.

    It is unless the 95 % interval of how much larger its error is lies above zero.
    """
    return bool(about["low"] <= 0)
