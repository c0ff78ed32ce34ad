"""An ensemble, trained member by member in one run folder: one after another, side by side, or on a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from formation_mlp.config.schema import EnsembleConfig
from formation_mlp.quoting import counted
from formation_mlp.registry import lookup
from formation_mlp.runs.assemble import checkpoint
from formation_mlp.runs.ensemble.member import MemberPlan, is_trained, train_member, train_side_by_side
from formation_mlp.runs.ensemble.plan import plan_members
from formation_mlp.runs.ensemble.weighting import SELECTIONS
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import write_split
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.system.compute import Compute
from formation_mlp.system.costs import Cost, total
from formation_mlp.training.callbacks import Callback
from formation_mlp.training.parallel import current_group
from formation_mlp.typing import Floats


@dataclass(frozen=True, slots=True)
class Trained:
    """An ensemble whose members are trained.

    Attributes
    ----------
    predictor : the members that have a share
    of_val : their predictions of the val rows, ``[n_members, n_val]``
    val_scores : member to its score on the val rows, lower is better
    cost : of the training; times are summed over the members
    details : what a report says of them
    """

    predictor: Predictor
    of_val: Floats
    val_scores: dict[str, float]
    cost: Cost
    details: dict[str, object]


def train_ensemble(
    prepared: Prepared,
    ensemble: EnsembleConfig,
    folder: RunFolder,
    reporter: Reporter,
    *,
    overwrite: bool,
    resume: bool,
    compute: Compute,
    callbacks: Sequence[Callback] = (),
) -> Trained:
    """Train the members that are not yet trained, and weigh them on the val rows.

    They are trained one after another by all processes of a group, or by this one; or as tasks of a Dask cluster; or
    in processes of one thread each. ``callbacks`` are functions of this process: with them, members are trained here.
    """
    prepared = prepared.with_content()
    plans = plan_members(prepared, ensemble)
    raw, known = prepared.config.model_dump(), prepared.fingerprint()
    folder.begin(raw, overwrite=overwrite, resume=resume, fingerprint=known)
    write_split(folder.split, prepared)
    reporter.say(f"{counted(len(plans), 'member')}: {', '.join(plan.name for plan in plans)}")
    missing = [plan for plan in plans if not is_trained(plan)]
    if len(missing) < len(plans):
        reporter.say(f"{len(plans) - len(missing)} of them are already trained")
    with reporter:
        if callbacks or current_group().size > 1 or compute.for_parts(len(missing)).is_here:
            _one_after_another(missing, reporter, callbacks)
        else:
            train_side_by_side(missing, folder, compute, reporter)
    trained = _combined(prepared, ensemble, plans)
    shares = {member.name: member.share for member in trained.predictor.checkpoint.members}
    for name, score in trained.val_scores.items():
        share = f"share {shares[name]:.2f}" if name in shares else "not used"
        reporter.say(f"{name}: val {prepared.task.selection_score} {score:.4f}, {share}")
    return trained


def _combined(prepared: Prepared, ensemble: EnsembleConfig, plans: Sequence[MemberPlan]) -> Trained:
    folders = [RunFolder(str(plan.prepared.config.output)) for plan in plans]
    members = [
        replace(
            Checkpoint.load(folder.model, architectures=prepared.architectures).members[0],
            name=plan.name,
            share=1 / len(plans),
        )
        for folder, plan in zip(folders, plans, strict=True)
    ]
    reports = [folder.read_json(folder.report) for folder in folders]
    val = prepared.part("val")
    task = prepared.task
    predictions = Predictor(checkpoint(prepared, members, {})).predict_members(val.X, val.compositions, val.scale)
    select = lookup(SELECTIONS, ensemble.weights, "ensemble.weights", "choice")
    shares = select(predictions, lambda prediction: task.selection(val.y, prediction))
    members = [replace(member, share=float(share)) for member, share in zip(members, shares, strict=True)]
    val_scores = {
        plan.name: task.selection(val.y, prediction) for plan, prediction in zip(plans, predictions, strict=True)
    }
    costs = [Cost(r["fit_seconds"], r.get("cpu_seconds", 0.0), r.get("peak_memory")) for r in reports]
    cost, is_known = total(costs), all("cpu_seconds" in report for report in reports)  # not in earlier versions
    details = {
        "members": {
            member.name: {"share": member.share, f"val {task.selection_score}": val_scores[member.name], **report}
            for member, report in zip(members, reports, strict=True)
        },
        "parameters": sum(report.get("parameters", 0) for report in reports),
        **(cost.as_json() if is_known else {}),
    }
    answering = [i for i, member in enumerate(members) if member.share > 0]
    predictor = Predictor(checkpoint(prepared, [members[i] for i in answering], {}))
    return Trained(predictor, predictions[answering], val_scores, cost, details)


def _one_after_another(plans: Sequence[MemberPlan], reporter: Reporter, callbacks: Sequence[Callback]) -> None:
    for plan in plans:
        reporter.say(f"member {plan.name}{plan.inner}")
        shown = (*plan.networks, plan.prepared)[0]
        reporter.begin_training(plan.name, shown.config.training.max_epochs)
        for record in train_member(plan, -1, callbacks):
            reporter.epoch(record, shown.task.selection_score)
        reporter.end_training()
