"""An ensemble, trained member by member in one run folder, one after another or side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from formation_mlp.checkpoint import Checkpoint, Member
from formation_mlp.choices import CHOICES
from formation_mlp.config import Config, EnsembleConfig
from formation_mlp.config import Member as MemberConfig
from formation_mlp.config_file import check_config, merged
from formation_mlp.errors import ConfigError
from formation_mlp.features.workers import ChildProcess, in_processes
from formation_mlp.files import write_json
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.network_run import NetworkRun
from formation_mlp.predict import Predictor
from formation_mlp.progress import Reporter
from formation_mlp.registry import lookup
from formation_mlp.run_folder import RunFolder
from formation_mlp.selection import SELECTIONS
from formation_mlp.split import Split, deal_folds
from formation_mlp.stages import Prepared, checkpoint
from formation_mlp.training.state import EpochRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """One member to be trained.

    Attributes
    ----------
    name : also of its folder
    number : counted from 0
    prepared : rows, and the member's own configuration
    trees : options of boosted trees, or None for a network
    """

    name: str
    number: int
    prepared: Prepared
    trees: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Trained:
    """An ensemble whose members are trained.

    Attributes
    ----------
    predictor : the members that have a share
    val_scores : member to its score on the val rows, lower is better
    seconds : spent on training, summed over the members
    details : what a report says of them
    """

    predictor: Predictor
    val_scores: dict[str, float]
    seconds: float
    details: dict[str, object]


def plan_members(prepared: Prepared, ensemble: EnsembleConfig) -> list[Plan]:
    """Return the members that a section `ensemble` asks for.

    Raises
    ------
    ConfigError
        If the name of a member cannot be that of a folder, or its configuration is wrong.
    """
    config, plans = prepared.config, list[Plan]()
    splits = _splits(prepared, ensemble.folds)
    for kind, member in ensemble.members.items():
        if not kind.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"ensemble.members: {kind!r} is not made of letters, digits, '-' and '_'.")
        if "start_from" in member.training:
            raise ConfigError(f"ensemble.members.{kind}: start_from is for all members; give training.start_from.")
        for i in range(member.seeds):
            for fold, split in enumerate(splits):
                name = f"{kind}-{i}" + (f"-fold{fold}" if len(splits) > 1 else "")
                own = _member_config(config, member, name, config.seed + len(plans))
                plans.append(Plan(name, len(plans), replace(prepared, config=own, split=split), member.boosted_trees))
    return plans


def _member_config(config: Config, member: MemberConfig, name: str, seed: int) -> Config:
    changes = {"model": member.model, "training": member.training}
    output = f"{config.output}/members/{name}"
    raw = merged(config, changes, output=output, ensemble=None, benchmark={}, seed=seed)
    return check_config(raw, f"ensemble.members: {name}", CHOICES)


def _splits(prepared: Prepared, n_folds: int | None) -> list[Split]:
    """Return the split of each fold: the fold is the member's val part, and what it must not see its test part.

    The scalers stay those of the whole train part, which is never scored.
    """
    whole = prepared.split
    if n_folds is None:
        return [whole]
    folds = deal_folds(prepared.dataset, whole.train, n_folds, prepared.config.seed)
    held_back = np.sort(np.concatenate([whole.val, whole.test]))
    return [Split(np.setdiff1d(whole.train, fold), fold, held_back) for fold in folds]


def train_ensemble(
    prepared: Prepared,
    ensemble: EnsembleConfig,
    folder: RunFolder,
    reporter: Reporter,
    *,
    overwrite: bool,
    resume: bool,
    workers: int,
) -> Trained:
    """Train the members that are not yet trained, and weigh them on the val rows."""
    plans = plan_members(prepared, ensemble)
    folder.begin(prepared.config.model_dump(), overwrite=overwrite, resume=resume)
    reporter.say(f"{len(plans)} members: {', '.join(plan.name for plan in plans)}")
    missing = [plan for plan in plans if not RunFolder(str(plan.prepared.config.output)).is_done()]
    if len(missing) < len(plans):
        reporter.say(f"{len(plans) - len(missing)} of them are already trained")
    with reporter:
        train = _one_after_another if workers <= 1 or len(missing) <= 1 else _side_by_side
        train(missing, reporter, workers)
    trained = _combined(prepared, ensemble, plans)
    shares = {member.name: member.share for member in trained.predictor.checkpoint.members}
    for name, score in trained.val_scores.items():
        share = f"share {shares[name]:.2f}" if name in shares else "not used"
        reporter.say(f"{name}: val {prepared.task.selection_score} {score:.4f}, {share}")
    return trained


def _combined(prepared: Prepared, ensemble: EnsembleConfig, plans: Sequence[Plan]) -> Trained:
    folders = [RunFolder(str(plan.prepared.config.output)) for plan in plans]
    members = [
        replace(Checkpoint.load(folder.model).members[0], name=plan.name, share=1 / len(plans))
        for folder, plan in zip(folders, plans, strict=True)
    ]
    reports = [folder.read_json(folder.report) for folder in folders]
    val = prepared.part("val")
    task = prepared.task
    predictions = Predictor(checkpoint(prepared, members, {})).predict_members(val.X, val.compositions)
    select = lookup(SELECTIONS, ensemble.weights, "ensemble.weights", "choice")
    shares = select(predictions, lambda prediction: task.selection(val.y, prediction))
    members = [replace(member, share=float(share)) for member, share in zip(members, shares, strict=True)]
    val_scores = {
        plan.name: task.selection(val.y, prediction) for plan, prediction in zip(plans, predictions, strict=True)
    }
    details = {
        "members": {
            member.name: {"share": member.share, f"val {task.selection_score}": val_scores[member.name], **report}
            for member, report in zip(members, reports, strict=True)
        },
        "parameters": sum(report.get("parameters", 0) for report in reports),
    }
    seconds = sum(report["fit_seconds"] for report in reports)
    answering = [member for member in members if member.share > 0]
    return Trained(Predictor(checkpoint(prepared, answering, {})), val_scores, seconds, details)


def train_member(plan: Plan, threads: int) -> Iterator[EpochRecord]:
    """Train one member in its folder, from where an earlier attempt left it, and yield the epochs of a network."""
    folder = RunFolder(str(plan.prepared.config.output))
    if plan.trees is not None:
        _train_trees(plan, folder, threads)
        return
    resume = folder.config.exists()
    run = NetworkRun(plan.prepared, folder, plan.number, resume=resume, overwrite=not resume)
    yield from run.epochs()
    run.save({})
    write_json(folder.report, {"fit_seconds": round(run.seconds, 3), **run.details()})
    folder.finish()


def _train_trees(plan: Plan, folder: RunFolder, threads: int) -> None:
    prepared = plan.prepared
    folder.begin(prepared.config.model_dump(), overwrite=True, resume=False)
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    start = perf_counter()
    trees = BoostedTrees.fit(
        scale(train.X),
        train.y,
        scale(val.X),
        val.y,
        classify=prepared.task.is_classification,
        options=plan.trees or {},
        seed=prepared.config.seed,
        threads=threads,
    )
    seconds = round(perf_counter() - start, 3)
    member = Member(plan.name, 1.0, {"boosted_trees": dict(plan.trees or {})}, trees.weights())
    checkpoint(prepared, [member], {}).save(folder.model)
    write_json(folder.report, {"fit_seconds": seconds, "trees": trees.n_trees})
    folder.finish()


def _one_after_another(plans: Sequence[Plan], reporter: Reporter, _workers: int) -> None:
    for plan in plans:
        reporter.say(f"member {plan.name}")
        reporter.begin_training(plan.name, plan.prepared.config.training.max_epochs)
        for record in train_member(plan, threads=-1):
            reporter.epoch(record, plan.prepared.task.selection_score)
        reporter.end_training()


def _side_by_side(plans: Sequence[Plan], reporter: Reporter, workers: int) -> None:
    """Train members in processes of one thread each, and tell when one is done."""

    def events(child: ChildProcess, plan: Plan) -> Iterator[tuple[str, int]]:
        for record in child.run(train_member, _without_structures(plan), 1):
            yield f"{plan.name}: epoch {record.epoch}, val {record.val_score:.4f}", 1
        yield f"{plan.name}: trained", 0

    for text, level in in_processes(iter(plans), min(workers, len(plans)), events):
        reporter.say(text, level)


def _without_structures(plan: Plan) -> Plan:
    """Return the plan as a process needs it: structures are described already, and only cost a journey."""
    dataset = plan.prepared.dataset
    materials = replace(dataset.materials, structures=None)
    return replace(plan, prepared=replace(plan.prepared, dataset=replace(dataset, materials=materials)))
