"""A member of boosted trees that are told predicted formation energies, and the hull of the train rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from formation_mlp.checkpoint import Checkpoint, Member
from formation_mlp.costs import Cost, Meter, total
from formation_mlp.ensembles.plan import Plan, plan_energies
from formation_mlp.files import write_json
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.models.hull_trees import HullTrees, KnownCompounds
from formation_mlp.network_run import train_network
from formation_mlp.predict import Predictor
from formation_mlp.run_folder import RunFolder
from formation_mlp.stages import checkpoint
from formation_mlp.training.state import EpochRecord

Floats = NDArray[np.float64]


def train_hull_trees(plan: Plan, folder: RunFolder, threads: int) -> Iterator[EpochRecord]:
    """Train the networks of energies, one for each fold of the train rows, then the trees; yield the networks' epochs.

    The trees must not learn from energies that are better known than those of new compounds are. So they see, of each
    train row, the energy predicted by the network that was not trained on it, and a hull without its own composition.
    """
    resume = folder.config.exists()
    folder.begin(plan.prepared.config.model_dump(), overwrite=not resume, resume=resume)
    prepared, networks = plan.prepared, list[Checkpoint]()
    energies = plan_energies(plan)
    predicted = np.zeros(len(prepared.y))
    for number, fold in enumerate(energies):
        own = RunFolder(str(fold.config.output))
        if not own.is_done():
            yield from train_network(fold, own, number)
        networks.append(Checkpoint.load(own.model))
        answer = Predictor(networks[-1]).predict_descriptors
        unseen = fold.part("val")
        predicted[fold.split.val] = answer(unseen.X, unseen.compositions)
        val = prepared.part("val")
        predicted[prepared.split.val] += answer(val.X, val.compositions) / len(energies)
    meter = Meter()
    trees = _grow(plan, energies[0].y, predicted, threads)
    reports = [RunFolder(str(fold.config.output)) for fold in energies]
    member = _member(plan, networks, trees)
    checkpoint(prepared, [member], {}).save(folder.model)
    details = [own.read_json(own.report) for own in reports]
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


def _grow(plan: Plan, energies: Floats, predicted: Floats, threads: int) -> HullTrees:
    prepared = plan.prepared
    rows, y, scale = prepared.split, prepared.y, prepared.scaler.transform
    X, compositions = prepared.table.X, prepared.dataset.materials.compositions
    known = KnownCompounds.fit(compositions.take(rows.train), energies[rows.train], predicted[rows.train])

    def inputs(part: NDArray[np.int64]) -> Floats:
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


def _member(plan: Plan, networks: list[Checkpoint], trees: HullTrees) -> Member:
    weights = trees.weights()
    described = []
    for number, network in enumerate(networks):
        (member,) = network.members
        weights |= {f"energies.{number}.{name}": value for name, value in member.weights.items()}
        scaler = network.target_scaler
        described.append({"model": member.model, "centre": scaler.centre, "scale": scaler.scale})
    model = {"boosted_trees": dict(plan.trees or {}), "energies": described}
    return Member(plan.name, 1.0, model, weights)
