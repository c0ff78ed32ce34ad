"""The members of an ensemble, each trained in a folder of its own: here, in processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from formation_mlp.errors import TrainingError
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.runs.assemble import checkpoint
from formation_mlp.runs.ensemble.hull_member import train_hull_trees
from formation_mlp.runs.ensemble.plan import MemberPlan
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.network import finished_before, train_network
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import Member, package_versions
from formation_mlp.system.compute import Compute, Job, Terms
from formation_mlp.system.costs import Meter
from formation_mlp.system.files import write_json
from formation_mlp.system.jobs import run_jobs
from formation_mlp.training.state import EpochRecord


def is_trained(plan: MemberPlan) -> bool:
    """Return whether the folder of a member holds it, trained to its end.

    Raises
    ------
    CheckpointError
        If what it holds learned from something else.
    """
    return finished_before(plan.prepared, RunFolder(str(plan.prepared.config.output)))


def train_member(plan: MemberPlan, threads: int) -> Iterator[EpochRecord]:
    """Train one member in its folder, from where an earlier attempt left it, and yield the epochs of a network.

    Nothing is done if a process that was lost has finished it.
    """
    if is_trained(plan):
        return
    folder = RunFolder(str(plan.prepared.config.output))
    with folder.fitting():
        if plan.energies:
            yield from train_hull_trees(plan, folder, threads)
        elif plan.trees is not None:
            _train_trees(plan, folder, threads)
        else:
            yield from train_network(plan.prepared, folder, plan.number)


def _train_trees(plan: MemberPlan, folder: RunFolder, threads: int) -> None:
    prepared = plan.prepared
    folder.begin(prepared.config.model_dump(), overwrite=True, resume=False, fingerprint=prepared.fingerprint())
    train, val = prepared.part("train"), prepared.part("val")
    scale = prepared.scaler.transform
    meter = Meter()
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
    cost = meter.cost()
    member = Member(plan.name, 1.0, {"boosted_trees": dict(plan.trees or {})}, trees.weights())
    checkpoint(prepared, [member], {}).save(folder.model)
    write_json(folder.report, {"fit_seconds": round(cost.seconds, 3), "trees": trees.n_trees, **cost.as_json()})
    folder.finish()


def train_side_by_side(plans: Sequence[MemberPlan], home: RunFolder, compute: Compute, reporter: Reporter) -> None:
    """Train members in processes of one thread each, here or on a cluster, and tell when one is done.

    The workers of a cluster write the members themselves, on a disk that they share with this process. So a member
    whose worker is lost goes on elsewhere from its last state.

    Raises
    ------
    TrainingError
        If each process died that trained a member.
    """
    jobs = (Job(plan.name, train_member, (_without_structures(plan), 1)) for plan in plans)
    terms = Terms(package_versions, home.config.resolve())
    with closing(run_jobs(jobs, compute.for_parts(len(plans)), terms)) as events:
        for event in events:
            if event.lost:
                raise TrainingError(
                    f"member {event.key}: each process that trained it died: {event.lost}. Give more memory, or look "
                    "into the logs of the cluster if there is one; 'train CONFIG --resume' goes on."
                )
            if event.is_end:
                reporter.say(f"{event.key}: trained")
            else:
                reporter.say(f"{event.key}: epoch {event.item.epoch}, val {event.item.val_score:.4f}", 1)


def _without_structures(plan: MemberPlan) -> MemberPlan:
    """Return the plan as a process needs it: structures are featurized already, and would travel for nothing."""

    def lighter(prepared: Prepared) -> Prepared:
        dataset = prepared.dataset
        return replace(prepared, dataset=replace(dataset, materials=replace(dataset.materials, structures=None)))

    return replace(plan, prepared=lighter(plan.prepared), energies=tuple(map(lighter, plan.energies)))
