"""What a network's output means: its loss, its prediction, and when one is better than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.config.own_code import NONE_OWN, Architectures, is_own
from formation_mlp.config.schema import TaskConfig, TrainingConfig
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.registry import lookup
from formation_mlp.targets.metrics import classification_scores, log_loss, regression_scores
from formation_mlp.targets.own_loss import own_loss
from formation_mlp.targets.scaler import TargetScaler
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor

Loss = Callable[["Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True, slots=True)
class Task:
    """Regression of an energy, or the probability of a class.

    The only crossing between eV/atom and the numbers that the network sees. Its `selection` is the score by
    which epochs and models are chosen; lower is better. Auxiliary targets only shape what the network learns:
    they are further outputs, which prediction leaves aside. Where rows are on several energy scales, the network has
    one output for each, and learns from a row at the output of its scale only.

    Examples
    --------
    >>> from formation_mlp.config.schema import TaskConfig
    >>> y = np.array([-3.0, -1.0, 1.0])  # eV/atom
    >>> task = Task.fit(TaskConfig(), y)
    >>> task.encode(y).round(2).tolist(), task.decode(task.encode(y)).round(2).tolist()
    ([-1.22, 0.0, 1.22], [-3.0, -1.0, 1.0])
    >>> task.selection_score, round(task.selection(y, y + 0.1), 3)
    ('MAE', 0.1)
    """

    config: TaskConfig
    target_scaler: TargetScaler
    auxiliary_scalers: tuple[TargetScaler, ...] = ()
    scales: tuple[str, ...] = ()

    @classmethod
    def fit(cls, config: TaskConfig, y: Floats, auxiliary: Floats | None = None, scales: Sequence[str] = ()) -> Task:
        """Build the task from the labels of the train rows, as `labels` returns them.

        ``auxiliary [n, t]`` are the auxiliary targets, NaN where a row has none; ``scales`` the energy scales.

        Raises
        ------
        DataError
            If all targets are equal, only one class occurs, or an auxiliary target has no values.
        """
        lookup(TASKS, config.type, "task.type", "task")
        if np.ptp(y) == 0:
            what = (
                f"only the class {config.labels[int(y[0])]!r} occurs"
                if config.type == "classification"
                else (f"all targets are {y[0]:g}")
            )
            raise DataError(f"data.target: {what} in the train part ({len(y)} rows); there is nothing to learn.")
        scalers = []
        for name, values in zip(config.auxiliary, [] if auxiliary is None else auxiliary.T, strict=True):
            present = values[np.isfinite(values)]
            if not len(present):
                raise DataError(f"task.auxiliary: the column {name!r} has no value in the train part.")
            scalers.append(TargetScaler.fit(present))
        for name in config.scale_weights:
            lookup(dict.fromkeys(scales), name, "task.scale_weights", "scale of these rows")
        scaler = TargetScaler.fit(y) if config.type == "regression" else TargetScaler()
        return cls(config, scaler, tuple(scalers), tuple(scales))

    @property
    def is_classification(self) -> bool:
        """Whether predictions are probabilities."""
        return self.config.type == "classification"

    @property
    def n_outputs(self) -> int:
        """How many numbers the network gives for a row."""
        return max(1, len(self.scales)) + len(self.config.auxiliary)

    @property
    def has_several_scales(self) -> bool:
        """Whether the network answers on more than one energy scale."""
        return len(self.scales) > 1

    def encode(
        self, y: Floats, auxiliary: Floats | None = None, scale: Ints | None = None, weight: Floats | None = None
    ) -> Floats:
        """Return what the network is trained on: standardised energies, or 0 and 1.

        ``weight [n]`` says how much each row counts; only their ratios matter.

        Returns
        -------
        ndarray ``[n]``, ``[n, 1 + t]`` with auxiliary targets, standardised too, or ``[n, s]`` with ``s`` scales, NaN
        but for the one of each row, ``scale [n]``; ``[n, 2]`` with weights, which stand in the second column
        """
        encoded = self.target_scaler.transform(y)
        if weight is not None:
            if self.n_outputs > 1:
                raise ValueError("weights of rows, and a network of several outputs")
            return np.stack([encoded, weight / weight.mean()], axis=1)
        if self.has_several_scales:
            if scale is None:
                raise ValueError("rows on several energy scales, and no scale of each")
            table = np.full((len(y), len(self.scales)), np.nan)
            table[np.arange(len(y)), scale] = encoded
            return table
        if auxiliary is None or not self.auxiliary_scalers:
            return encoded
        others = [scaler.transform(values) for scaler, values in zip(self.auxiliary_scalers, auxiliary.T, strict=True)]
        return np.stack([encoded, *others], axis=1)

    def decode(self, output: Floats) -> Floats:
        """Return the prediction for the network's output ``[n, ...]``: eV/atom, or a probability by the sigmoid.

        Returns
        -------
        ndarray ``[n]``, or ``[n, s]`` with several energy scales
        """
        if self.has_several_scales:
            return self.target_scaler.inverse(output)
        if output.ndim == 2:
            output = output[:, 0]
        if not self.is_classification:
            return self.target_scaler.inverse(output)
        # The two forms of the sigmoid avoid overflow of exp for large |output|.
        e = np.exp(-np.abs(output))
        return np.where(output >= 0, 1 / (1 + e), e / (1 + e))

    def loss(self, training: TrainingConfig, is_weighted: bool = False, own: Architectures = NONE_OWN) -> Loss:
        """Return the loss of outputs and encoded targets, ``[n], [n] -> []``.

        With weights, ``[n], [n, 2] -> []``: the mean of each row's loss times its weight. The weights have the mean 1
        over all rows, so that a batch of light rows makes a smaller step than one of heavy rows.

        With auxiliary targets, ``[n, 1 + t], [n, 1 + t] -> []``: their mean absolute errors are added, each
        with its weight, over the rows that have a value.

        ``own`` are losses of the user's own by name, see `formation_mlp.targets.own_loss`.
        """
        import torch

        if is_weighted:
            of_rows = self._loss_of_one(training, "none", own)
            return lambda output, y: (y[:, 1] * of_rows(output, y[:, 0])).mean()
        main = self._loss_of_one(training, "mean", own)
        if self.has_several_scales:
            return self._loss_of_scales(main)
        weights = torch.tensor(list(self.config.auxiliary.values()))
        if not len(weights):
            return main

        def with_auxiliary(output: Tensor, y: Tensor) -> Tensor:
            others = y[:, 1:]
            present = others.isfinite()
            distance = torch.where(present, output[:, 1:] - others, 0.0).abs()
            means = distance.sum(dim=0) / present.sum(dim=0).clamp_min(1)
            return main(output[:, 0], y[:, 0]) + (means * weights.to(means)).sum()

        return with_auxiliary

    def _loss_of_one(self, training: TrainingConfig, reduction: str, own: Architectures) -> Loss:
        """Return the loss of one output, ``[n], [n] -> []``, or ``[n]`` with the reduction ``none``."""
        losses = TASKS[self.config.type]
        name = training.loss or next(iter(losses))
        if is_own(name):
            return own_loss(name, own, reduction)
        return lookup(losses, name, "training.loss", f"loss of a {self.config.type}")(training, reduction)

    def _loss_of_scales(self, main: Loss) -> Loss:
        """Return the mean of ``main`` over rows, each at the output of its scale, ``[n, s], [n, s] -> []``."""
        weights = [self.config.scale_weights.get(name, 1.0) for name in self.scales]

        def of_scales(output: Tensor, y: Tensor) -> Tensor:
            present = y.isfinite()
            total, weight = output.new_zeros(()), output.new_zeros(())
            for k, w in enumerate(weights):
                rows = present[:, k]
                n = rows.sum()
                if n:
                    total = total + w * n * main(output[rows, k], y[rows, k])
                    weight = weight + w * n
            return total / weight

        return of_scales

    def scores(self, y: Floats, prediction: Floats) -> dict[str, float]:
        """Return all scores of a part."""
        if self.is_classification:
            return classification_scores(y, prediction, self.config.threshold)
        return regression_scores(y, prediction)

    @property
    def selection_score(self) -> str:
        """Name of the score that selects the best epoch."""
        return "log loss" if self.is_classification else "MAE"

    def selection(self, y: Floats, prediction: Floats, weight: Floats | None = None) -> float:
        """Return the score that selects the best epoch, of rows that count by ``weight [n]``; lower is better."""
        if self.is_classification:
            return log_loss(y, prediction, weight)
        return float(np.average(np.abs(prediction - y), weights=weight))


def at_scale(prediction: Floats, scale: Ints | int | None) -> Floats:
    """Return predictions ``[n]`` or ``[n, s]`` each on one scale, given by its place or one place per row, ``[n]``.

    Examples
    --------
    >>> at_scale(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0])).tolist()
    [2.0, 3.0]
    """
    if prediction.ndim == 1:
        return prediction
    chosen: Floats = prediction[np.arange(len(prediction)), 0 if scale is None else scale]
    return chosen


def labels(config: TaskConfig, y: Floats) -> Floats:
    """Return energies as they are, or as classes: 1 at or below ``config.boundary``, else 0.

    Raises
    ------
    ConfigError
        If the names of the classes are not two.
    """
    if config.type != "classification":
        return y
    if len(config.labels) != 2:
        raise ConfigError(f"task.labels: found {config.labels}, but a binary task has two: negative, positive.")
    return y if config.boundary is None else (y <= config.boundary).astype(float)


def _l1(_config: TrainingConfig, reduction: str) -> Loss:
    from torch.nn import functional as F

    return partial(F.l1_loss, reduction=reduction)


def _mse(_config: TrainingConfig, reduction: str) -> Loss:
    from torch.nn import functional as F

    return partial(F.mse_loss, reduction=reduction)


def _huber(config: TrainingConfig, reduction: str) -> Loss:
    from torch.nn import functional as F

    return partial(F.huber_loss, delta=config.huber_delta, reduction=reduction)


def _quantile(config: TrainingConfig, reduction: str) -> Loss:
    """Return the mean of max(q e, (q - 1) e) with e = y - output (Koenker and Bassett 1978)."""
    import torch

    q = config.quantile

    def pinball(output: Tensor, y: Tensor) -> Tensor:
        e = y - output
        of_rows = torch.maximum(q * e, (q - 1) * e)
        return of_rows.mean() if reduction == "mean" else of_rows

    return pinball


def _bce(_config: TrainingConfig, reduction: str) -> Loss:
    from torch.nn import functional as F

    return partial(F.binary_cross_entropy_with_logits, reduction=reduction)


TASKS: dict[str, dict[str, Callable[[TrainingConfig, str], Loss]]] = {
    "regression": {"l1": _l1, "mse": _mse, "huber": _huber, "quantile": _quantile},
    "classification": {"bce": _bce},
}
"""Task to its losses by name, the default first; each is built as the `mean` over rows, or of each row (`none`)."""
