"""A trained model under the name by which the user calls it, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from formation_mlp.features.presets import choose_presets
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.columns import PROBABILITY
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.saved_model.shipped import card, shipped_path
from formation_mlp.scales.scale import SCALES

FOR_FORMULAS, FOR_STRUCTURES, FOR_STABILITY = "composition", "structure", "stability"
"""The shipped models that answer where none is named."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that answers.

    Attributes
    ----------
    name : as the user calls it: a run folder, a file, or a shipped model
    path : its file
    predictor : the model
    """

    name: str
    path: Path
    predictor: Predictor

    @property
    def is_shipped(self) -> bool:
        """Whether it is a model of the package, and has a card."""
        return self.path == shipped_path(self.name)

    @property
    def needs_structures(self) -> bool:
        """Whether it needs crystal structures, and so cannot answer for a formula."""
        return any(one.preset.needs_structure for one in choose_presets(self.predictor.features))

    def meaning(self, unit: str, scale: str | None = None) -> str:
        """Return what its numbers are, in one line.

        ``unit`` is that of energies, or `PROBABILITY`; ``scale`` the energy scale, by default that of the model.
        """
        scale = scale or self.predictor.scale
        own = self.predictor.intervals.own_rows(scale)
        calibrated = "" if own is None else f", {own.said()}"
        if self.is_shipped:
            known = card(self.name)
            in_unit = "" if unit == PROBABILITY else f", {unit}"
            energies = f"scale {scale}: {SCALES[scale].title}" if scale and in_unit else known.energies
            return f"{known.target}{in_unit} ({energies}), {known.state}; model {self.name}"
        target, task = self.predictor.checkpoint.target, self.predictor.task
        source = target.source or "origin of the energies not declared"
        if scale:
            source = f"scale {scale}: {SCALES[scale].title}"
        state = "of the given structure" if self.needs_structures else "from the composition alone"
        if not task.is_classification:
            return f"{target.label}, {unit} ({source}), {state}; model {self.name}{calibrated}"
        boundary = task.config.boundary
        where = "" if boundary is None else f", {target.label} at or below {boundary:g} eV/atom"
        return f"probability of {task.config.labels[1]!r}{where} ({source}), {state}; model {self.name}"

    def heading(self, unit: str, scale: str | None = None) -> str:
        """Return the same for a reader, with a line for each remark on the model's file."""
        return "\n".join([self.meaning(unit, scale), *(f"remark: {remark}" for remark in self.predictor.remarks)])

    def description(self, unit: str, scale: str | None = None) -> dict[str, Any]:
        """Return what the reader of a file of its numbers must know of it."""
        named = scale or self.predictor.scale
        checkpoint = self.predictor.checkpoint
        described: dict[str, Any] = {
            "name": self.name,
            "prediction": self.meaning(unit, scale),
            **({"scale": SCALES[named].as_json()} if named else {}),
            "source": checkpoint.target.source,
            "input": "structure" if self.needs_structures else "composition",
            "sha256": sha256(self.path.read_bytes()).hexdigest(),
            "made_with": checkpoint.versions,
            **({} if checkpoint.own is None else {"calibrated_on": checkpoint.own.as_json()}),
            **({"remarks": list(checkpoint.remarks)} if checkpoint.remarks else {}),
        }
        if self.is_shipped:
            known = card(self.name)
            described |= {"licence": known.licence, "attribution": known.data.attribution, "not_for": known.not_for}
        return described


def named_model(name: str | None, default: str) -> NamedModel:
    """Load the model of this name; without one the shipped ``default``, whatever lies in the working folder under it.

    Raises
    ------
    CheckpointError
        If the model is missing or damaged.
    """
    path = (shipped_path(default) if name is None else None) or model_path(name or default)
    return NamedModel(name or default, path, load(path if name is None else name))
