"""A member of boosted trees that are told predicted formation energies, and the hull of the train rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.models.hull_trees import HullTrees, KnownCompounds
from formation_mlp.runs.assemble import checkpoint
from formation_mlp.runs.ensemble.plan import MemberPlan
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.network import finished_before, train_network
from formation_mlp.saved_model.checkpoint import Checkpoint, Member
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.system.costs import Cost, Meter, total
from formation_mlp.system.files import write_json
from formation_mlp.training.state import EpochRecord
from formation_mlp.typing import Floats, Ints


def train_hull_trees(plan: MemberPlan, folder: RunFolder, threads: int) -> Iterator[EpochRecord]:
    """Train the networks of energies, one for each fold of the train rows, then the trees; yield the networks' epochs.

    The trees must not learn from energies that are better known than those of new compounds are. So they see, of each
    train row, the energy predicted by the network that was not trained on it, and a hull without its own composition.
    """
    resume = folder.config.exists()
    prepared = plan.prepared
    raw, known = prepared.config.model_dump(), prepared.fingerprint()
    folder.begin(raw, overwrite=not resume, resume=resume, fingerprint=known)
    folders = [RunFolder(str(fold.config.output)) for fold in plan.energies]
    for number, (fold, own) in enumerate(zip(plan.energies, folders, strict=True)):
        if not finished_before(fold, own):
            yield from train_network(fold, own, number)
    meter = Meter()
    networks = [Checkpoint.load(own.model) for own in folders]
    trees = _grow(plan, _predicted(plan, networks), threads)
    checkpoint(prepared, [_member(plan, networks, trees)], {}).save(folder.model)
    details = [own.read_json(own.report) for own in folders]
    cost = total([*(Cost(d["fit_seconds"], d["cpu_seconds"], d["peak_memory"]) for d in details), meter.cost()])
    write_json(
        folder.report,
        {
            "fit_seconds": round(cost.seconds, 3),
            "parameters": sum(d["parameters"] for d in details),
            "trees": trees.trees.n_trees,
            **cost.as_json(),
        },
    )
    folder.finish()


def _predicted(plan: MemberPlan, networks: list[Checkpoint]) -> Floats:
    """Return energies of the train rows, each by the network that did not see it, and of the val rows, by all.

    Test rows get none: nothing here may look at them.
    """
    prepared = plan.prepared
    predicted, val = np.zeros(len(prepared.y)), prepared.part("val")
    for fold, network in zip(plan.energies, networks, strict=True):
        answer, unseen = Predictor(network).predict_features, fold.part("val")
        predicted[fold.split.val] = answer(unseen.X, unseen.compositions)
        predicted[prepared.split.val] += answer(val.X, val.compositions) / len(networks)
    return predicted


def _grow(plan: MemberPlan, predicted: Floats, threads: int) -> HullTrees:
    prepared, energies = plan.prepared, plan.energies[0].y
    rows, y, scale = prepared.split, prepared.y, prepared.scaler.transform
    X, compositions = prepared.table.X, prepared.dataset.materials.compositions
    known = KnownCompounds.fit(compositions.take(rows.train), energies[rows.train], predicted[rows.train])

    def inputs(part: Ints) -> Floats:
        return known.inputs(scale(X[part]), compositions.take(part), predicted[part])

    trees = BoostedTrees.fit(
        inputs(rows.train),
        y[rows.train],
        inputs(rows.val),
        y[rows.val],
        classify=prepared.task.is_classification,
        options=plan.trees or {},
        seed=prepared.config.seed,
        threads=threads,
    )
    return HullTrees(trees, known)


def _member(plan: MemberPlan, networks: list[Checkpoint], trees: HullTrees) -> Member:
    weights = trees.weights()
    described = []
    for number, network in enumerate(networks):
        (member,) = network.members
        weights |= {f"energies.{number}.{name}": value for name, value in member.weights.items()}
        scaler = network.target_scaler
        described.append({"model": member.model, "centre": scaler.centre, "scale": scaler.scale})
    model = {"boosted_trees": dict(plan.trees or {}), "energies": described}
    return Member(plan.name, 1.0, model, weights)
