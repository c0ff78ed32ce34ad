"""A member of boosted trees that are told predicted formation energies, and the hull of the train rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.models.hull_trees import HullTrees, KnownCompounds
from formation_mlp.runs.assemble import checkpoint
from formation_mlp.runs.ensemble.member import MemberPlan, TreesPlan, grown, without_structures
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.network import finished_before, train_network
from formation_mlp.runs.prepare import Prepared
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import HullTreesMember
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.system.costs import Cost, Meter, total
from formation_mlp.system.files import write_json
from formation_mlp.training.callbacks import Callback
from formation_mlp.training.state import EpochRecord
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class HullTreesPlan(TreesPlan):
    """Boosted trees that are told energies and a hull.

    Attributes
    ----------
    energies : rows and configuration of each network of formation energies that the trees rest on
    """

    energies: tuple[Prepared, ...]

    @property
    def networks(self) -> Sequence[Prepared]:
        """The networks of energies."""
        return self.energies

    @property
    def inner(self) -> str:
        """Of what the member is made."""
        return f": {len(self.energies)} networks of formation energies, then boosted trees"

    def without_structures(self) -> MemberPlan:
        """Return the plan as a process needs it."""
        energies = tuple(map(without_structures, self.energies))
        return replace(self, prepared=without_structures(self.prepared), energies=energies)

    def train(self, folder: RunFolder, threads: int, callbacks: Sequence[Callback] = ()) -> Iterator[EpochRecord]:
        """Train the networks of energies, one for each fold of the train rows, then the trees; yield their epochs.

        The trees must not learn from energies that are better known than those of new compounds are. So they see, of
        each train row, the energy predicted by the network that was not trained on it, and a hull without its own
        composition.
        """
        resume = folder.config.exists()
        prepared = self.prepared
        raw, known = prepared.config.model_dump(), prepared.fingerprint()
        folder.begin(raw, overwrite=not resume, resume=resume, fingerprint=known)
        folders = [RunFolder(str(fold.config.output)) for fold in self.energies]
        for number, (fold, own) in enumerate(zip(self.energies, folders, strict=True)):
            if not finished_before(fold, own):
                yield from train_network(fold, own, number, callbacks)
        meter = Meter()
        networks = [Checkpoint.load(own.model, architectures=prepared.architectures) for own in folders]
        trees = _grow(self, _predicted(self, networks), threads)
        inner = [(network.members[0], network.target_scaler) for network in networks]
        checkpoint(prepared, [HullTreesMember.of(self.name, self.options, trees, inner)], {}).save(folder.model)
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


def _predicted(plan: HullTreesPlan, networks: list[Checkpoint]) -> Floats:
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


def _grow(plan: HullTreesPlan, predicted: Floats, threads: int) -> HullTrees:
    prepared, energies = plan.prepared, plan.energies[0].y
    rows, y, scale = prepared.split, prepared.y, prepared.scaler.transform
    X, compositions = prepared.table.X, prepared.dataset.materials.compositions
    known = KnownCompounds.fit(compositions.take(rows.train), energies[rows.train], predicted[rows.train])

    def inputs(part: Ints) -> Floats:
        return known.inputs(scale(X[part]), compositions.take(part), predicted[part])

    trees = grown(plan, inputs(rows.train), y[rows.train], inputs(rows.val), y[rows.val], threads)
    return HullTrees(trees, known)
