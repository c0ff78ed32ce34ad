"""Whether a training starts from a model: by errors on rows whose formula that model has not learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from formation_mlp.config.loading import check_config, merged
from formation_mlp.config.recipe import TRAINING_FROM_START
from formation_mlp.config.schema import Config, ModelConfig, TrainingConfig
from formation_mlp.data.records import Dataset
from formation_mlp.features.engine.table import FeatureTable
from formation_mlp.features.presets import choose_presets
from formation_mlp.runs.prepare import divide, featurize_dataset, load_rows, network_training
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.start_rows import StartRows, start_rows
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.members import NetworkMember
from formation_mlp.splits.methods import Split, deal_folds, make_split
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.typing import Floats, Ints

ENOUGH = 30
"""Rows of new formulas from which on errors on them decide."""
N_FOLDS = 3
"""Of the cross-validation where the val part has too few of them."""

PLAIN, STARTED = "from nothing", "from the model"


@dataclass(frozen=True, slots=True)
class Choice:
    """The recipe that won.

    Attributes
    ----------
    config : of the training
    sentence : which recipe it is, and why
    """

    config: Config
    sentence: str


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a table, featurized for both recipes."""

    dataset: Dataset
    tables: dict[str, FeatureTable]
    configs: dict[str, Config]
    split: Split
    start: StartRows


def choose_start(config: Config, start: str | None, reporter: Reporter, compute: Compute = HERE) -> Choice:
    """Return the recipe of ``config``, or the one that starts from a model, whichever does better on new formulas.

    New are formulas that the model has not learned. On the others it would win without being better: it has seen them.
    One network is trained by each recipe on the train rows; val rows decide or, where they are fewer than `ENOUGH`,
    cross-validation over the train rows. With too few new formulas for that, nothing speaks for the start.

    Parameters
    ----------
    config
        The recipe that starts from nothing.
    start
        A run folder, a model file or a shipped model; None for no such choice.
    reporter
        Told of the trainings.
    compute
        Where structures are featurized.

    Raises
    ------
    CheckpointError
        If there is no such model.
    """
    if start is None or config.training.start_from is not None:
        return Choice(config, "")
    model = Checkpoint.load(model_path(start))
    reason = _unfit(model, config)
    if reason:
        return Choice(config, f"Recipe: a training from nothing, for the model {start} {reason}.")
    rows = _rows(config, started(config, start, model), model, reporter, compute)
    n_val, n_train = int(rows.start.new(rows.split.val).sum()), int(rows.start.new(rows.split.train).sum())
    if not rows.start.is_told:
        why = f"nothing tells which formulas the model {start} has learned"
        return Choice(config, f"Recipe: a training from nothing, for {why}.")
    if n_val + n_train < ENOUGH:
        found = f"only {n_val + n_train} train and val rows have another" if n_val + n_train else "no row has another"
        why = f"{start} would look better for the formulas that it has learned, and {found}"
        return Choice(config, f"Recipe: a training from nothing; {why}.")
    return _better(rows, start, n_val, reporter)


def started(config: Config, start: str, model: Checkpoint) -> Config:
    """Return the recipe that starts from a model: its features and its network, and small steps."""
    first = next(member for member in model.members if isinstance(member, NetworkMember))
    of_machine = {key: getattr(config.training, key) for key in ("device", "precision")}
    training = TrainingConfig.model_validate(TRAINING_FROM_START | of_machine | {"start_from": start})
    network = ModelConfig.model_validate(first.model | {"dropout": 0.0})
    sections = {"model": network.model_dump(), "training": training.model_dump()}
    return check_config(
        merged(config, sections, features=model.config["features"]), "the recipe that starts from a model"
    )


def _unfit(model: Checkpoint, config: Config) -> str:
    """Return why a model cannot be a start for a table, or an empty text."""
    if model.config["task"]["type"] != config.task.type:
        return f"is a {model.config['task']['type']}"
    if not any(isinstance(member, NetworkMember) for member in model.members):
        return "holds no network"
    if not all(member.can_be_trained_further for member in model.members):
        return "holds boosted trees, which cannot be trained further"
    needs, has = (
        any(one.preset.needs_structure for one in choose_presets(features))
        for features in (model.config["features"], config.features)
    )
    return "needs crystal structures" if needs and not has else ""


def _rows(plain: Config, from_start: Config, model: Checkpoint, reporter: Reporter, compute: Compute) -> _Rows:
    with reporter:
        lists = [plain.features, from_start.features]
        dataset, (own, other) = featurize_dataset(
            plain, load_rows(plain), lists, compute=compute, progress=reporter.rows
        )
    split = make_split(dataset, plain.split, plain.seed, own.X)
    known = start_rows(model, dataset.materials.compositions)
    return _Rows(dataset, {PLAIN: own, STARTED: other}, {PLAIN: plain, STARTED: from_start}, split, known)


def _better(rows: _Rows, start: str, n_val: int, reporter: Reporter) -> Choice:
    divisions = list(_divisions(rows, n_val))
    n_judged = sum(len(judged) for _, judged in divisions)
    part, how = ("val", "") if n_val >= ENOUGH else ("train", " (left out in turn)")
    rows_of_new = f"{n_judged} {part} rows of formulas that {start} has not learned{how}"
    reporter.say(f"Whether a training should start from {start}: {rows_of_new} decide.")
    errors = {name: _mean_error(rows, name, divisions, reporter) for name in (PLAIN, STARTED)}
    wins = errors[STARTED] < errors[PLAIN]
    kind = f"a training that starts from {start}" if wins else "a training from nothing"
    sentence = (
        f"Recipe: {kind}; on {rows_of_new} one network that starts from it has MAE {errors[STARTED]:.3f} eV/atom, "
        f"one that starts from nothing {errors[PLAIN]:.3f}."
    )
    return Choice(rows.configs[STARTED if wins else PLAIN], sentence)


def _divisions(rows: _Rows, n_val: int) -> Iterator[tuple[Split, Ints]]:
    """Yield splits, and for each the new rows that it is judged by."""
    split = rows.split
    if n_val >= ENOUGH:
        yield split, split.val[rows.start.new(split.val)]
        return
    for fold in deal_folds(rows.dataset, split.train, N_FOLDS, rows.configs[PLAIN].seed):
        unused = np.sort(np.concatenate([fold, split.test, split.unused]))
        yield Split(np.setdiff1d(split.train, fold), split.val, unused), fold[rows.start.new(fold)]


def _mean_error(rows: _Rows, name: str, divisions: list[tuple[Split, Ints]], reporter: Reporter) -> float:
    """Return the mean absolute error of one network over the judged rows, eV/atom."""
    errors: list[Floats] = []
    for split, judged in divisions:
        prepared = divide(rows.configs[name], rows.dataset, rows.tables[name], split)
        job = network_training(prepared)
        with reporter:
            reporter.begin_training(f"a network {name}", job.limits.max_epochs)
            for record in job.epochs():
                reporter.passing(record, prepared.task.selection_score)
        asked = prepared.rows(judged)
        errors.append(np.abs(job.predict(asked.X, asked.compositions, asked.scale) - asked.y))
    return float(np.concatenate(errors).mean())
