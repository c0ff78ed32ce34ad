"""The members of an ensemble, each trained in a folder of its own: here, in processes, or on a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from formation_mlp.config.own_code import require_importable
from formation_mlp.errors import TrainingError
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.runs.assemble import checkpoint
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.network import finished_before, train_network
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.saved_model.members import TreesMember
from formation_mlp.system.compute import Compute, Job, Terms
from formation_mlp.system.costs import Meter
from formation_mlp.system.files import write_json
from formation_mlp.system.jobs import run_jobs
from formation_mlp.training.callbacks import Callback
from formation_mlp.training.state import EpochRecord
from formation_mlp.typing import Floats


@dataclass(frozen=True, slots=True)
class MemberPlan(ABC):
    """One member to be trained; its kind decides how.

    Attributes
    ----------
    name : also of its folder
    number : counted from 0
    prepared : rows, and the member's own configuration
    """

    name: str
    number: int
    prepared: Prepared

    @abstractmethod
    def train(self, folder: RunFolder, threads: int, callbacks: Sequence[Callback] = ()) -> Iterator[EpochRecord]:
        """Train the member in its folder, from where an earlier attempt left it, and yield the epochs of networks."""

    @property
    def networks(self) -> Sequence[Prepared]:
        """Rows and configuration of each network that is trained."""
        return ()

    @property
    def inner(self) -> str:
        """What a message says of a member that is made of several models."""
        return ""

    def without_structures(self) -> MemberPlan:
        """Return the plan as a process needs it: structures are featurized already, and would only be sent."""
        return replace(self, prepared=without_structures(self.prepared))


@dataclass(frozen=True, slots=True)
class NetworkPlan(MemberPlan):
    """A network."""

    def train(self, folder: RunFolder, threads: int, callbacks: Sequence[Callback] = ()) -> Iterator[EpochRecord]:
        """Train the network, and yield its epochs."""
        yield from train_network(self.prepared, folder, self.number, callbacks)

    @property
    def networks(self) -> Sequence[Prepared]:
        """The network itself."""
        return (self.prepared,)


@dataclass(frozen=True, slots=True)
class TreesPlan(MemberPlan):
    """Boosted trees.

    Attributes
    ----------
    options : of LightGBM
    """

    options: dict[str, Any]

    def train(self, folder: RunFolder, threads: int, callbacks: Sequence[Callback] = ()) -> Iterator[EpochRecord]:
        """Grow the trees; there are no epochs."""
        prepared = self.prepared
        folder.begin(prepared.config.model_dump(), overwrite=True, resume=False, fingerprint=prepared.fingerprint())
        train, val = prepared.part("train"), prepared.part("val")
        scale = prepared.scaler.transform
        meter = Meter()
        trees = grown(self, scale(train.X), train.y, scale(val.X), val.y, threads)
        cost = meter.cost()
        checkpoint(prepared, [TreesMember.of(self.name, self.options, trees)], {}).save(folder.model)
        write_json(folder.report, {"fit_seconds": round(cost.seconds, 3), "trees": trees.n_trees, **cost.as_json()})
        folder.finish()
        yield from ()


def grown(plan: TreesPlan, X: Floats, y: Floats, X_val: Floats, y_val: Floats, threads: int) -> BoostedTrees:
    """Return the trees of a plan, grown on train rows and stopped by val rows."""
    return BoostedTrees.fit(
        X,
        y,
        X_val,
        y_val,
        classify=plan.prepared.task.is_classification,
        options=plan.options,
        seed=plan.prepared.config.seed,
        threads=threads,
    )


def without_structures(prepared: Prepared) -> Prepared:
    """Return prepared rows without their structures."""
    dataset = prepared.dataset
    return replace(prepared, dataset=replace(dataset, materials=replace(dataset.materials, structures=None)))


def is_trained(plan: MemberPlan) -> bool:
    """Return whether the folder of a member holds it, trained to its end.

    Raises
    ------
    CheckpointError
        If what it holds learned from something else.
    """
    return finished_before(plan.prepared, RunFolder(str(plan.prepared.config.output)))


def train_member(plan: MemberPlan, threads: int, callbacks: Sequence[Callback] = ()) -> Iterator[EpochRecord]:
    """Train one member in its folder, from where an earlier attempt left it, and yield the epochs of a network.

    Nothing is done if a process that was lost has finished it.
    """
    if is_trained(plan):
        return
    folder = RunFolder(str(plan.prepared.config.output))
    with folder.fitting():
        yield from plan.train(folder, threads, callbacks)


def train_side_by_side(plans: Sequence[MemberPlan], home: RunFolder, compute: Compute, reporter: Reporter) -> None:
    """Train members in processes of one thread each, here or on a cluster, and tell when one is done.

    The workers of a cluster write the members themselves, on a disk that they share with this process. So a member
    whose worker is lost goes on elsewhere from its last state.

    Raises
    ------
    ConfigError
        If a network is of a class of the user's own that other processes cannot import.
    TrainingError
        If each process died that trained a member.
    """
    for plan in plans:
        require_importable(plan.prepared.architectures)
    jobs = (Job(plan.name, train_member, (plan.without_structures(), 1)) for plan in plans)
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
