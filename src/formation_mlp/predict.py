"""From formulas or structures to numbers, with nothing but a saved model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from formation_mlp.checkpoint import Checkpoint, Member, model_path
from formation_mlp.config import ModelConfig, TaskConfig
from formation_mlp.errors import CheckpointError, DataError
from formation_mlp.features.table import featurize
from formation_mlp.materials.elements import SYMBOLS
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.models.networks import build_network
from formation_mlp.seeding import borrowed_torch_rng, torch_generator
from formation_mlp.tasks import Task
from formation_mlp.training.loop import as_array, forward_rows
from formation_mlp.training.network import network_inputs

if TYPE_CHECKING:
    from formation_mlp.materials.compositions import Compositions
    from formation_mlp.materials.records import Materials

Floats = NDArray[np.float64]
CHUNK = 65_536
"""Rows described and predicted at a time, so that memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of ``n`` inputs, in their order.

    Attributes
    ----------
    labels : the formula as given, or what stands for a structure, ``[n]``
    values : eV/atom, or the probability of the positive class; NaN where there is an error, ``[n]``
    warnings : a remark, or empty, ``[n]``
    errors : why there is no prediction, or empty, ``[n]``
    """

    labels: list[str]
    values: NDArray[np.float64]
    warnings: list[str]
    errors: list[str]

    def rows(self) -> list[tuple[str, float | None, str, str]]:
        """Return label, prediction (or None), warning and error of each input."""
        values = [None if error else float(value) for value, error in zip(self.values, self.errors, strict=True)]
        return list(zip(self.labels, values, self.warnings, self.errors, strict=True))


class Predictor:
    """A trained model, of one member or several, together with its descriptors and scalers.

    Raises
    ------
    CheckpointError
        If the configuration in the checkpoint is damaged, or the weights do not fit it.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        try:
            task = TaskConfig.model_validate(checkpoint.config["task"])
            self.features = checkpoint.config["features"]
            self.task = Task(task, checkpoint.target_scaler)
            self._members = [self._answering(member) for member in checkpoint.members]
        except (KeyError, TypeError, ValidationError) as error:
            raise CheckpointError(f"the configuration in the model file is damaged: {error}. Train again.") from error
        self._shares = np.array([member.share for member in checkpoint.members])

    def __reduce__(self) -> tuple[type[Predictor], tuple[Checkpoint]]:
        """Let a predictor be copied to other processes: it is built anew there."""
        return Predictor, (self.checkpoint,)

    def _answering(self, member: Member) -> Callable[[Floats, Compositions | None], Floats]:
        """Return what turns descriptors and compositions into a member's predictions."""
        scaler = self.checkpoint.scaler
        if "boosted_trees" in member.model:
            trees = BoostedTrees.from_weights(member.weights)
            return lambda X, _compositions: trees.predict(scaler.transform(X))
        config = ModelConfig.model_validate(member.model)
        with borrowed_torch_rng(torch_generator(0, "weights")):  # initial weights, replaced at once
            network = build_network(len(scaler.kept), config, self.task.n_outputs)
        try:
            network.load_state_dict(member.weights, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"the weights do not fit the network of the configuration: {error}") from error

        def answer(X: Floats, compositions: Compositions | None) -> Floats:
            inputs = network_inputs(X, compositions, scaler, config, torch.device("cpu"))
            return self.task.decode(as_array(forward_rows(network, inputs)))

        return answer

    def predict(self, items: Sequence[object]) -> NDArray[np.float64]:
        """Return one number per formula, ``Composition``, ``Structure`` or structure file.

        Returns
        -------
        ndarray ``[n]``
            eV/atom, or the probability of the positive class.

        Raises
        ------
        DataError
            If an input cannot be read or described (`predict_rows` gives the others), or one text is
            given instead of a list.
        """
        predictions = self.predict_rows(items)
        failed = [(i, error) for i, error in enumerate(predictions.errors) if error]
        if failed:
            i, error = failed[0]
            raise DataError(f"{len(failed)} of {len(items)} inputs have no prediction; number {i}: {error}")
        return predictions.values

    def predict_rows(self, items: Sequence[object]) -> Predictions:
        """Predict what can be predicted; an input that fails carries its reason."""
        if isinstance(items, str):
            raise DataError(f"found the text {items!r}, but a list of inputs is expected, such as [{items!r}].")
        return self.predict_read(read_materials(items))

    def predict_read(self, read: ReadMaterials) -> Predictions:
        """Predict inputs that are already read."""
        n = len(read.labels)
        values, errors = np.full(n, np.nan), [""] * n
        for row, reason in read.failures.items():
            errors[row] = reason
        good = [i for i in range(n) if not errors[i]]
        for start in range(0, len(good), CHUNK):
            rows = good[start : start + CHUNK]
            values[rows], failures = self._predict_materials(read.materials.take(rows))
            for j, reason in failures.items():
                errors[rows[j]] = reason
        warnings = [
            "; ".join(filter(None, (read.notes.get(i, ""), "" if errors[i] else unseen)))
            for i, unseen in enumerate(self._unseen(read.materials))
        ]
        return Predictions(read.labels, values, warnings, errors)

    def _predict_materials(self, materials: Materials) -> tuple[NDArray[np.float64], dict[int, str]]:
        scaler = self.checkpoint.scaler
        table = featurize(materials, self.features)
        if table.names != scaler.names:
            here, there = set(table.names), set(scaler.names)
            raise CheckpointError(
                "the model was trained on other descriptors than its presets give here: "
                f"{len(there - here)} are missing ({', '.join(sorted(there - here)[:3])}), "
                f"{len(here - there)} are new. It was made with {self.checkpoint.versions}; "
                "install those versions, or train again."
            )
        values = self.predict_descriptors(table.X, materials.compositions)
        wild = np.flatnonzero(~np.isfinite(values)).tolist()
        failures = dict.fromkeys(wild, "the prediction is not finite") | table.failures
        values[list(failures)] = np.nan
        return values, failures

    def predict_descriptors(self, X: Floats, compositions: Compositions | None) -> Floats:
        """Return predictions for descriptors ``[n, d]`` in the order of the model's feature names."""
        values: Floats = self._shares @ self.predict_members(X, compositions)
        return values

    def predict_members(self, X: Floats, compositions: Compositions | None) -> Floats:
        """Return the predictions of each member, ``[n_members, n]``."""
        return np.stack([answer(X, compositions) for answer in self._members])

    def _unseen(self, materials: Materials) -> list[str]:
        """Name, per row, the elements that no train row holds."""
        known = self.checkpoint.training_elements
        unseen = np.array([symbol not in known for symbol in SYMBOLS])
        compositions = materials.compositions
        ptr, z = compositions.row_ptr, compositions.z
        flagged = np.flatnonzero(unseen[z])
        rows = np.searchsorted(ptr, flagged, side="right") - 1
        messages = [""] * len(compositions)
        for row in np.unique(rows):
            names = sorted({SYMBOLS[i] for i in z[flagged[rows == row]]})
            messages[row] = f"never seen in training: {', '.join(names)}"
        return messages


def load(path: str | Path) -> Predictor:
    """Load a trained model from a run folder, or from its ``model.safetensors``.

    Raises
    ------
    CheckpointError
        If there is no model, or it cannot be used.
    """
    return Predictor(Checkpoint.load(model_path(path)))
