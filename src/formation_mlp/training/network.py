"""A network in training: all that must be kept to continue, and nothing that knows of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.own_code import NONE_OWN, Architectures
from formation_mlp.config.schema import ModelConfig, TrainingConfig
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.models.architectures import sees_elements
from formation_mlp.models.mlp import n_parameters
from formation_mlp.models.networks import build_network
from formation_mlp.models.size import check_size
from formation_mlp.seeding import borrowed_torch_rng, stream_seed, torch_generator
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, at_scale
from formation_mlp.training.average import count_updates, weight_average
from formation_mlp.training.batches import DeviceRows, Inputs, as_inputs, choose_device, n_batches
from formation_mlp.training.loop import Generators, Limits, as_array, fit, forward_rows
from formation_mlp.training.optim import build_optimizers
from formation_mlp.training.parallel import current_group
from formation_mlp.training.precision import choose_precision, cpu_threads, n_cpu_threads
from formation_mlp.training.state import EpochRecord, LoopState
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows with their labels.

    Attributes
    ----------
    X : features as computed, ``[n, d]``
    y : labels (eV/atom, or 0 and 1), ``[n]``
    compositions : ``[n]``; only the architecture `set` looks at them
    auxiliary : further targets, ``[n, t]``, NaN where a row has none
    scale : the place of each row's energy scale among those of the task, ``[n]``; None if there are not several
    weight : how much each row counts in loss and score, above 0, ``[n]``; None if all count the same
    """

    X: Floats
    y: Floats
    compositions: Compositions | None = None
    auxiliary: Floats | None = None
    scale: Ints | None = None
    weight: Floats | None = None


def network_inputs(
    X: Floats, compositions: Compositions | None, scaler: FeatureScaler, model: ModelConfig, device: torch.device
) -> Inputs:
    """Return the arguments of a network for rows: scaled features, and elements if it looks at them."""
    if not sees_elements(model):
        return as_inputs(device, scaler.transform(X))
    if compositions is None:
        raise ValueError("the architecture 'set' needs compositions beside the features")
    return as_inputs(device, scaler.transform(X), *compositions.padded())


class NetworkTraining:
    """One network, its train and val rows, and where its training stands.

    It can be pickled at any time, and goes on elsewhere, on a device of the same kind. Within
    `formation_mlp.training.parallel.run_together` all processes of the group train it together.

    Parameters
    ----------
    train, val : rows that are learned from, and those that select the best epoch
    scaler : fitted on the train rows
    task : fitted on the train rows
    model, training : sections of the configuration
    seed : of weights, batches and noise in layers
    start : weights by name to start from, instead of random ones
    architectures : networks and losses of the user's own by name

    Attributes
    ----------
    history : one record per completed epoch
    best_weights : weights of the epoch with the best validation score

    Raises
    ------
    ConfigError
        If a name is unknown, the device is missing, batch normalisation would see single rows or a share of them, a
        batch or the val part has no row for each process, or the weights to start from do not fit the network.
    """

    def __init__(
        self,
        train: Examples,
        val: Examples,
        scaler: FeatureScaler,
        task: Task,
        model: ModelConfig,
        training: TrainingConfig,
        seed: int,
        start: Mapping[str, Tensor] | None = None,
        architectures: Architectures = NONE_OWN,
    ) -> None:
        self.scaler, self.task, self.config, self.training, self.seed = scaler, task, model, training, seed
        self.architectures = architectures
        self.device = choose_device(training.device)
        self._scale_of_val, self._weight_of_val = val.scale, val.weight
        self._set_up(self._rows(train), self._rows(val), val.y, start)

    def _set_up(
        self, train: DeviceRows, val: DeviceRows, y_val: Floats, start: Mapping[str, Tensor] | None = None
    ) -> None:
        model, training, seed = self.config, self.training, self.seed
        self.train, self.val, self._y_val = train, val, y_val
        self.group = current_group()
        self._check_batches()
        self.loss = self.task.loss(training, self._weight_of_val is not None, self.architectures)
        self._is_stopped = False
        self.generators = Generators(torch_generator(seed, "batches"), torch_generator(seed, "layers"))
        check_size(model, training, len(train), len(self.scaler.kept), self.task.n_outputs)
        with borrowed_torch_rng(torch_generator(seed, "weights")):
            self.model = build_network(len(self.scaler.kept), model, self.task.n_outputs, self.architectures).to(
                self.device
            )
        if start is not None:
            self._start_from(start)
        steps = n_batches(len(self.train), training.batch_size) * training.max_epochs
        self.optimizers = build_optimizers(self.model, training, steps)
        self.average = None if training.average is None else weight_average(self.model, training.average)
        precision = choose_precision(training.precision, self.device, self._step_size(training.batch_size))
        self.limits = Limits(
            training.max_epochs, training.patience, training.batch_size, training.gradient_clip, precision
        )
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
            self.average,
            self.group,
        )
        self.group.begin(self)
        while not self._is_stopped and (record := self._next_epoch(loop)) is not None:
            self.history.append(record)
            if record.is_best:
                self.best_weights = self._weights(averaged=True)
            yield record
        self.model.load_state_dict(self.best_weights)

    def stop(self) -> None:
        """End `epochs` after the present one; the weights are then those of the best epoch, as at the usual end."""
        self._is_stopped = True

    def predict(self, X: Floats, compositions: Compositions | None = None, scale: Ints | None = None) -> Floats:
        """Return predictions for features ``[n, d]`` with the model's present weights, each on its scale ``[n]``."""
        inputs = network_inputs(X, compositions, self.scaler, self.config, self.device)
        with cpu_threads(self._n_threads):  # as in training, here and in a process of one thread
            return at_scale(self.task.decode(as_array(forward_rows(self.model, inputs))), scale)

    def description(self) -> str:
        """Return in words where, in which number format and on how many threads the network is trained."""
        kind = str(self.limits.precision).removeprefix("torch.")
        threads = f", {self._n_threads} thread{'s' * (self._n_threads > 1)}" if self.device.type == "cpu" else ""
        processes = f", {self.group.size} processes" if self.group.size > 1 else ""
        return (
            f"{self.n_parameters:,} weights, {len(self.train):,} rows, on {self.device} in {kind}{threads}{processes}"
        )

    def _rows(self, part: Examples) -> DeviceRows:
        inputs = network_inputs(part.X, part.compositions, self.scaler, self.config, self.device)
        (y,) = as_inputs(self.device, self.task.encode(part.y, part.auxiliary, part.scale, part.weight))
        return DeviceRows(inputs, y)

    def _start_from(self, weights: Mapping[str, Tensor]) -> None:
        here = {name: list(value.shape) for name, value in self.model.state_dict().items()}
        there = {name: list(value.shape) for name, value in weights.items()}
        for name in [*here, *there]:
            if here.get(name) != there.get(name):
                raise ConfigError(
                    f"training.start_from: {name} is {there.get(name, 'absent')} there, and {here.get(name, 'absent')} "
                    "in this network. Give the same under 'model' and 'task.auxiliary'."
                )
        self.model.load_state_dict(dict(weights))

    def _check_batches(self) -> None:
        n, size, batches = len(self.train), self.training.batch_size, self.config.normalization == "batch"
        if size == 1 and batches:
            raise ConfigError(
                "training.batch_size: found 1, but model.normalization 'batch' needs 2 or more rows a step."
            )
        if self.group.size == 1:
            return
        if batches:
            raise ConfigError(
                f"model.normalization: 'batch' needs the mean of the whole batch, which {self.group.size} processes "
                "share. Choose 'layer' or 'none', or train in one process."
            )
        fewest = min(n // n_batches(n, size), len(self.val))
        if fewest < self.group.size:
            raise ConfigError(
                f"training.batch_size: {self.group.size} processes share the {fewest} rows of a batch, or of the val "
                "part. Take larger ones, or fewer processes."
            )

    def _next_epoch(self, loop: Iterator[EpochRecord]) -> EpochRecord | None:
        if self.group.rank:  # each process switches off other hidden units
            stream = f"layers of process {self.group.rank} after epoch {self.state.epoch}"
            self.generators.layers.manual_seed(stream_seed(self.seed, stream))
        with cpu_threads(self._n_threads), self.group.epoch():
            record = next(loop, None)
            if record is not None:
                self.group.compare(self.model)
        return record

    def _step_size(self, batch_size: int) -> float:
        return float(min(batch_size, len(self.train))) * self.n_parameters

    @property
    def _n_threads(self) -> int:
        if self.group.size > 1:  # the sums depend on their number anyway, and torchrun gives each its threads
            return torch.get_num_threads()
        return n_cpu_threads(self._step_size(self.limits.batch_size))

    @property
    def n_parameters(self) -> int:
        """Number of trained weights."""
        return n_parameters(self.model)

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that continues the run: named tensors, and plain data."""
        tensors = {f"model.{name}": value for name, value in self._weights().items()}
        tensors |= {f"best.{name}": value for name, value in self.best_weights.items()}
        if self.average is not None:
            tensors |= {f"average.{name}": value for name, value in self._weights(averaged=True).items()}
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

    def __getstate__(self) -> dict[str, Any]:
        """Return what continues the run in another process."""
        parts = [[tensor.cpu().numpy() for tensor in (*part.inputs, part.y)] for part in (self.train, self.val)]
        training = self.training.model_copy(update={"device": self.device.type})
        kept = {
            "scaler": self.scaler,
            "task": self.task,
            "config": self.config,
            "seed": self.seed,
            "architectures": self.architectures,
            "_scale_of_val": self._scale_of_val,
            "_weight_of_val": self._weight_of_val,
        }
        return kept | {"training": training, "parts": parts, "y_val": self._y_val, "snapshot": self.snapshot()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what `__getstate__` returned."""
        parts, y_val, snapshot = (state.pop(key) for key in ("parts", "y_val", "snapshot"))
        self.__dict__.update(state)
        self.device = choose_device(self.training.device)
        train, val = (DeviceRows(part[:-1], part[-1]) for part in (as_inputs(self.device, *arrays) for arrays in parts))
        self._set_up(train, val, y_val)
        self.restore(*snapshot)

    def restore(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Continue from what `snapshot` returned.

        Raises
        ------
        CheckpointError
            If the rows are not those of the interrupted run, or the network is built in another way.
        """
        if plain["rows"] != self._fingerprint():
            raise CheckpointError("the rows or features are not those of the interrupted run. Start a new run.")
        try:
            self.model.load_state_dict(_under(tensors, "model."))
        except RuntimeError as error:
            raise CheckpointError(
                f"the network is not that of the interrupted run: {error}. Give its class as it was then, or start a "
                "new run."
            ) from error
        self.best_weights = _under(tensors, "best.")
        if self.average is not None:
            self.average.module.load_state_dict(_under(tensors, "average."))
        optimizer_states: list[dict[int, dict[str, Any]]] = [{} for _ in self.optimizers.parts]
        for name, value in _under(tensors, "optimizer.").items():
            part, weight, key = name.split(".", 2)
            optimizer_states[int(part)].setdefault(int(weight), {})[key] = value.clone()
        self.optimizers.restore(optimizer_states)
        self.generators.batches.set_state(tensors["generator.batches"])
        self.generators.layers.set_state(tensors["generator.layers"])
        self.state.__dict__.update(plain["loop"] or asdict(LoopState()))
        if self.average is not None:
            count_updates(self.average, self.state.step)
        self.history[:] = [EpochRecord(**record) for record in plain["history"]]

    def _weights(self, averaged: bool = False) -> dict[str, Tensor]:
        model = self.average.module if averaged and self.average is not None else self.model
        return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}

    def _select(self, output: Floats) -> float:
        prediction = at_scale(self.task.decode(output), self._scale_of_val)
        return self.task.selection(self._y_val, prediction, self._weight_of_val)

    def _fingerprint(self) -> str:
        arrays = (*self.train.inputs, self.train.y, *self.val.inputs, self.val.y)
        return sha256(b"".join(a.cpu().numpy().tobytes() for a in arrays)).hexdigest()


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
