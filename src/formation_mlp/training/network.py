"""A network in training: all that must be kept to continue, and nothing that knows of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from formation_mlp.config import ModelConfig, TrainingConfig
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.scaler import FeatureScaler
from formation_mlp.seeding import borrowed_torch_rng, torch_generator
from formation_mlp.tasks import Task
from formation_mlp.training.batches import Rows, choose_device, n_batches
from formation_mlp.training.loop import Generators, Limits, as_array, fit, forward_rows
from formation_mlp.training.optim import build_optimizers
from formation_mlp.training.state import EpochRecord, LoopState

Floats = NDArray[np.float64]

SMALL_STEP = 5e7
"""Rows times weights of an update below which it runs on one CPU thread.

The threads of so small an update wait for each other longer than they compute (five times slower on two busy
cores), and sums over several threads round differently on machines with other numbers of cores.
"""


def build_model(d_in: int, config: ModelConfig) -> MLP:
    """Return an untrained network; its weights come from torch's global generator."""
    return MLP(d_in, config.hidden, config.activation, config.dropout, config.normalization, config.residual)


@contextmanager
def _cpu_threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class NetworkTraining:
    """One network, its train and val rows, and where its training stands.

    Parameters
    ----------
    X_train, X_val : ``[n, d]``, descriptors as computed
    y_train, y_val : ``[n]``, labels (eV/atom, or 0 and 1)
    scaler : fitted on the train rows
    task : fitted on the train rows
    model, training : sections of the configuration
    seed : of weights, batches and noise in layers

    Attributes
    ----------
    history : one record per completed epoch
    best_weights : weights of the epoch with the best validation score

    Raises
    ------
    ConfigError
        If a name is unknown, the device is missing, or batch normalisation would see single rows.
    """

    def __init__(
        self,
        X_train: Floats,
        y_train: Floats,
        X_val: Floats,
        y_val: Floats,
        scaler: FeatureScaler,
        task: Task,
        model: ModelConfig,
        training: TrainingConfig,
        seed: int,
    ) -> None:
        device = choose_device(training.device)
        self.loss = task.loss(training.loss, training.huber_delta)
        self.scaler, self.task = scaler, task
        self.train = Rows.from_arrays(scaler.transform(X_train), task.encode(y_train), device)
        self.val = Rows.from_arrays(scaler.transform(X_val), task.encode(y_val), device)
        self._y_val = y_val
        self.generators = Generators(torch_generator(seed, "batches"), torch_generator(seed, "layers"))
        with borrowed_torch_rng(torch_generator(seed, "weights")):
            self.model = build_model(len(scaler.kept), model).to(device)
        if training.batch_size == 1 and model.normalization == "batch":
            raise ConfigError(
                "training.batch_size: found 1, but model.normalization 'batch' needs 2 or more rows a step."
            )
        steps = n_batches(len(self.train), training.batch_size) * training.max_epochs
        self.optimizers = build_optimizers(self.model, training, steps)
        self.limits = Limits(training.max_epochs, training.patience, training.batch_size, training.gradient_clip)
        self.state = LoopState()
        self.history: list[EpochRecord] = []
        self.best_weights = self._weights()

    def epochs(self) -> Iterator[EpochRecord]:
        """Train to the end, yielding one record per epoch; then put the best weights into the model."""
        loop = fit(
            self.model,
            self.train,
            self.val,
            self.loss,
            self._select,
            self.optimizers,
            self.state,
            self.generators,
            self.limits,
        )
        while (record := self._next_epoch(loop)) is not None:
            self.history.append(record)
            if record.is_best:
                self.best_weights = self._weights()
            yield record
        self.model.load_state_dict(self.best_weights)

    def predict(self, X: Floats) -> Floats:
        """Return predictions for descriptors ``[n, d]`` with the model's present weights."""
        device = self.train.X.device
        rows = torch.as_tensor(self.scaler.transform(X), dtype=self.train.X.dtype, device=device)
        return self.task.decode(as_array(forward_rows(self.model, rows)))

    def _next_epoch(self, loop: Iterator[EpochRecord]) -> EpochRecord | None:
        with _cpu_threads(1 if self._is_small else torch.get_num_threads()):
            return next(loop, None)

    @property
    def _is_small(self) -> bool:
        return self.limits.batch_size * self.n_parameters < SMALL_STEP

    @property
    def n_parameters(self) -> int:
        """Number of trained weights."""
        return n_parameters(self.model)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that continues the run: named tensors, and plain data."""
        tensors = {f"model.{name}": value for name, value in self._weights().items()}
        tensors |= {f"best.{name}": value for name, value in self.best_weights.items()}
        for part, values in enumerate(self.optimizers.state()):
            for weight, entries in values.items():
                tensors |= {f"optimizer.{part}.{weight}.{key}": entries[key].cpu().clone() for key in entries}
        tensors["generator.batches"] = self.generators.batches.get_state()
        tensors["generator.layers"] = self.generators.layers.get_state()
        plain = {
            "loop": asdict(self.state) if self.state.epoch else None,
            "history": [asdict(record) for record in self.history],
            "rows": self._fingerprint(),
        }
        return tensors, plain

    def restore(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Continue from what `snapshot` returned.

        Raises
        ------
        CheckpointError
            If the rows are not those of the interrupted run.
        """
        if plain["rows"] != self._fingerprint():
            raise CheckpointError("the rows or descriptors are not those of the interrupted run. Start a new run.")
        self.model.load_state_dict(_under(tensors, "model."))
        self.best_weights = _under(tensors, "best.")
        optimizer_states: list[dict[int, dict[str, Any]]] = [{} for _ in self.optimizers.parts]
        for name, value in _under(tensors, "optimizer.").items():
            part, weight, key = name.split(".", 2)
            optimizer_states[int(part)].setdefault(int(weight), {})[key] = value.clone()
        self.optimizers.restore(optimizer_states)
        self.generators.batches.set_state(tensors["generator.batches"])
        self.generators.layers.set_state(tensors["generator.layers"])
        self.state.__dict__.update(plain["loop"] or asdict(LoopState()))
        self.history[:] = [EpochRecord(**record) for record in plain["history"]]

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}

    def _select(self, output: Floats) -> float:
        return self.task.selection(self._y_val, self.task.decode(output))

    def _fingerprint(self) -> str:
        arrays = (self.train.X, self.train.y, self.val.X, self.val.y)
        return sha256(b"".join(a.cpu().numpy().tobytes() for a in arrays)).hexdigest()


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
