"""Whether a training starts from a model: by errors on rows whose formula that model has not learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.benchmark.paired import over_formulas, p_words
from formation_mlp.config.schema import Config
from formation_mlp.fitting.recipes import Recipes, Start
from formation_mlp.fitting.start_table import PLAIN, STARTED, StartTable
from formation_mlp.fitting.untrained import Untrained, untrained
from formation_mlp.runs.prepare import divide, featurize_dataset, network_training
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.start_rows import start_rows
from formation_mlp.saved_model.shipped import model_in_words
from formation_mlp.splits.methods import Split, make_split
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.typing import Floats, Ints

ENOUGH = 30
"""Rows of new formulas from which on the smaller mean error on them decides."""
FEWEST = 10
"""New formulas of train and val rows below which nothing is decided by errors."""
LIKELY = 0.05
"""With fewer rows, a smaller p-value has to speak for the start."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The recipe that won.

    Attributes
    ----------
    config : of the training
    sentence : which recipe it is, and why
    untrained : what the model to start from answers as it is, where that can be held against the training
    """

    config: Config
    sentence: str
    untrained: Untrained | None = None


@dataclass(frozen=True, slots=True)
class _Errors:
    """Absolute errors on ``m`` rows of formulas that the model has not learned.

    Attributes
    ----------
    start : what the model is called
    of : recipe to the errors of one network, eV/atom, ``[m]``
    untrained : those of the model as it is, ``[m]``; None if it does not answer on the scale of the rows
    formulas : reduced formula of each row, ``[m]``
    where : which rows these are, in words
    are_left_out : whether they come from cross-validation
    """

    start: str
    of: dict[str, Floats]
    untrained: Floats | None
    formulas: list[str]
    where: str
    are_left_out: bool

    @property
    def p_value(self) -> float:
        """Of a paired t-test of the two recipes, over formulas."""
        return over_formulas(self.of[STARTED] - self.of[PLAIN], self.formulas)[3]

    @property
    def speak_for_start(self) -> bool:
        """Whether the start is better: fewer than `ENOUGH` rows must show it clearly."""
        is_ahead = bool(self.of[STARTED].mean() < self.of[PLAIN].mean())
        return is_ahead and (len(self.formulas) >= ENOUGH or self.p_value < LIKELY)

    def __str__(self) -> str:
        told = (
            f"on {self.where} one network that starts from it has MAE {self.of[STARTED].mean():.3f} eV/atom, one that "
            f"starts from nothing {self.of[PLAIN].mean():.3f}"
        )
        told += f" (paired t-test, {p_words(self.p_value)})" if self.are_left_out else ""
        if self.untrained is None:
            return told
        return f"{told}; {model_in_words(self.start)}, without training, {self.untrained.mean():.3f}"


def choose(recipes: Recipes, reporter: Reporter, compute: Compute = HERE) -> Choice:
    """Return the recipe that starts from nothing, or the one that starts from a model: what is better on new formulas.

    New are formulas that the model has not learned. On the others it would win without being better: it has seen them.
    One network is trained by each recipe, and val rows decide; where fewer than `ENOUGH` of them are new, those of the
    train and val part are left out in turn. Where these are fewer as well, a paired t-test has to speak for the start;
    with fewer than `FEWEST`, nothing does. A model that the user names is taken, whatever the errors say.

    Parameters
    ----------
    recipes
        Both.
    reporter
        Told of the trainings.
    compute
        Where structures are featurized.
    """
    start, configs = recipes.start, recipes.configs
    if start is None:
        return Choice(configs[PLAIN], recipes.sentence)
    rows = _rows(configs, start, reporter, compute)
    answers = untrained(start.model, start.name, rows)
    judged, why_not = _judged(configs, rows, answers, start.name, reporter)
    if start.is_asked_for:
        return Choice(configs[STARTED], f"Recipe: {_as_you_say(start.name, judged, why_not)}.", answers)
    if judged is None:
        return Choice(configs[PLAIN], f"Recipe: a training from nothing, for {why_not}.", answers)
    wins = judged.speak_for_start
    kind = f"a training that starts from {model_in_words(start.name)}" if wins else "a training from nothing"
    return Choice(configs[STARTED if wins else PLAIN], f"Recipe: {kind}; {judged}.", answers)


def _as_you_say(start: str, judged: _Errors | None, why_not: str) -> str:
    """Return a comment on a model that the user names."""
    said = f"a training that starts from {model_in_words(start)}, as you say"
    if judged is None:
        return f"{said}; whether that is better than one from nothing is not known, for {why_not}"
    advice = "" if judged.of[STARTED].mean() <= judged.of[PLAIN].mean() else "; --start none would start from nothing"
    return f"{said}; {judged}{advice}"


def _rows(configs: dict[str, Config], start: Start, reporter: Reporter, compute: Compute) -> StartTable:
    plain = configs[PLAIN]
    with reporter:
        lists = [one.features for one in configs.values()]
        dataset, tables = featurize_dataset(plain, start.dataset, lists, compute=compute, progress=reporter.rows)
    split = make_split(dataset, plain.split, plain.seed, tables[0].X)
    known = start_rows(start.model, dataset.materials.compositions)
    return StartTable(dataset, dict(zip(configs, tables, strict=True)), split, known)


def _judged(
    configs: dict[str, Config], rows: StartTable, answers: Untrained | None, start: str, reporter: Reporter
) -> tuple[_Errors | None, str]:
    """Return the errors of both recipes on new rows; or None, and why there are none."""
    if not rows.start.is_told:
        return None, f"nothing tells which formulas {model_in_words(start)} has learned"
    n_val, n_tried = len(rows.new(rows.split.val)), len(rows.tried)
    keys = rows.dataset.keys()
    if len({keys[i] for i in rows.tried}) < FEWEST:
        found = f"only {n_tried} train and val rows have another" if n_tried else "no row has another"
        return None, f"{model_in_words(start)} would look better for the formulas that it has learned, and {found}"
    are_few = n_val < ENOUGH
    divisions = rows.left_out_in_turn(configs[PLAIN].seed) if are_few else [(rows.split, rows.new(rows.split.val))]
    judged = np.concatenate([some for _, some in divisions])
    part = "train and val" if are_few else "val"
    where = f"{len(judged)} {part} rows of formulas that {model_in_words(start)} has not learned"
    where += f" (left out in {rows.n_parts} parts)" if are_few else ""
    reporter.say(f"Whether a training should start from {model_in_words(start)}: {where} decide.")
    of = {name: _errors(config, name, rows, divisions, reporter) for name, config in configs.items()}
    as_it_is = None if answers is None else np.abs(answers.values[judged] - rows.dataset.y[judged])
    return _Errors(start, of, as_it_is, [keys[i] for i in judged], where, are_few), ""


def _errors(
    config: Config, name: str, rows: StartTable, divisions: Sequence[tuple[Split, Ints]], reporter: Reporter
) -> Floats:
    """Return the absolute errors of one network over the judged rows, eV/atom."""
    errors: list[Floats] = []
    for split, judged in divisions:
        prepared = divide(config, rows.dataset, rows.tables[name], split)
        job = network_training(prepared)
        with reporter:
            reporter.begin_training(f"a network {name}", job.limits.max_epochs)
            for record in job.epochs():
                reporter.passing(record, prepared.task.selection_score)
        asked = prepared.rows(judged)
        errors.append(np.abs(job.predict(asked.X, asked.compositions, asked.scale) - asked.y))
    return np.concatenate(errors)
