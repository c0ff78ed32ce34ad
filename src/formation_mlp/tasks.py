"""What a network's output means: its loss, its prediction, and when one is better than another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from formation_mlp.config import TaskConfig
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.metrics import classification_scores, log_loss, regression_scores
from formation_mlp.registry import lookup
from formation_mlp.scaler import TargetScaler

Floats = NDArray[np.float64]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Task:
    """Regression of an energy, or the probability of a class.

    The only crossing between eV/atom and the numbers that the network sees. Every epoch's score is
    turned into "higher is better" here, once.
    """

    config: TaskConfig
    target_scaler: TargetScaler

    @classmethod
    def fit(cls, config: TaskConfig, y: Floats) -> Task:
        """Build the task from the labels of the train rows, as `labels` returns them.

        Raises
        ------
        DataError
            If all targets are equal, or only one class occurs.
        """
        lookup(TASKS, config.type, "task.type", "task")
        if np.ptp(y) == 0:
            what = (
                f"only the class {config.labels[int(y[0])]!r} occurs"
                if config.type == "classification"
                else (f"all targets are {y[0]:g}")
            )
            raise DataError(f"data.target: {what} in the train part ({len(y)} rows); there is nothing to learn.")
        return cls(config, TargetScaler.fit(y) if config.type == "regression" else TargetScaler())

    @property
    def is_classification(self) -> bool:
        """Whether predictions are probabilities."""
        return self.config.type == "classification"

    def encode(self, y: Floats) -> Floats:
        """Return what the network is trained on: standardised energies, or 0 and 1."""
        return self.target_scaler.transform(y)

    def decode(self, output: Floats) -> Floats:
        """Return the prediction for the network's output: eV/atom, or a probability by the sigmoid."""
        if not self.is_classification:
            return self.target_scaler.inverse(output)
        # The two forms of the sigmoid avoid overflow of exp for large |output|.
        e = np.exp(-np.abs(output))
        return np.where(output >= 0, 1 / (1 + e), e / (1 + e))

    def loss(self, name: str | None, huber_delta: float) -> Loss:
        """Return the loss of outputs and encoded targets, ``[n], [n] -> []``."""
        losses = TASKS[self.config.type]
        make = lookup(losses, name or next(iter(losses)), "training.loss", f"loss of a {self.config.type}")
        return make(huber_delta)

    def scores(self, y: Floats, prediction: Floats) -> dict[str, float]:
        """Return all scores of a part."""
        if self.is_classification:
            return classification_scores(y, prediction, self.config.threshold)
        return regression_scores(y, prediction)

    @property
    def selection_score(self) -> str:
        """Name of the score that selects the best epoch."""
        return "log loss" if self.is_classification else "MAE"

    def selection(self, y: Floats, prediction: Floats) -> float:
        """Return the score that selects the best epoch; lower is better."""
        return log_loss(y, prediction) if self.is_classification else float(np.mean(np.abs(prediction - y)))


def labels(config: TaskConfig, y: Floats) -> Floats:
    """Return energies as they are, or as classes: 1 below ``config.boundary``, else 0.

    Raises
    ------
    ConfigError
        If the names of the classes are not two.
    """
    if config.type != "classification":
        return y
    if len(config.labels) != 2:
        raise ConfigError(f"task.labels: found {config.labels}, but a binary task has two: negative, positive.")
    return y if config.boundary is None else (y < config.boundary).astype(float)


def _l1(_delta: float) -> Loss:
    return F.l1_loss


def _mse(_delta: float) -> Loss:
    return F.mse_loss


def _huber(delta: float) -> Loss:
    return partial(F.huber_loss, delta=delta)


def _bce(_delta: float) -> Loss:
    return F.binary_cross_entropy_with_logits


TASKS: dict[str, dict[str, Callable[[float], Loss]]] = {
    "regression": {"l1": _l1, "mse": _mse, "huber": _huber},
    "classification": {"bce": _bce},
}
"""Task to its losses by name, the default first."""
