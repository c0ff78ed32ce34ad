"""The stages before training: rows are read, described, divided into parts and scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from formation_mlp.config.own_code import NONE_OWN, Architectures
from formation_mlp.config.schema import Config, Entry, ModelConfig
from formation_mlp.data.dataset import invalid_rows, load_dataset
from formation_mlp.data.records import Dataset, LeftOut
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.models.architectures import normalization_of, sees_elements
from formation_mlp.models.size import check_size
from formation_mlp.quoting import counted, first_of
from formation_mlp.runs.fingerprint import Content, Fingerprint, content_of, fingerprint_of
from formation_mlp.runs.inherited_trust import InheritedTrust
from formation_mlp.runs.start_rows import StartRows, start_rows
from formation_mlp.runs.warm_start import members_to_start_from
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.members import Member
from formation_mlp.splits.methods import COLUMN_METHODS, Split, make_split
from formation_mlp.system.compute import HERE, Compute
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining
from formation_mlp.typing import Floats, Ints, Progress


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows, features, parts and what was fitted on the train rows.

    ``y`` are the labels: eV/atom, or 0 and 1. Of the model to start from, ``start`` are the members, ``start_rows`` its
    knowledge of the rows, ``start_trust`` of its errors, ``start_elements`` the rows with each element. ``content`` are
    hashes of rows and features, ``architectures`` the user's own networks, losses and metrics by name.
    """

    config: Config
    dataset: Dataset
    table: FeatureTable
    split: Split
    scaler: FeatureScaler
    task: Task
    y: Floats
    start: tuple[Member, ...] = ()
    start_rows: StartRows | None = None
    start_trust: InheritedTrust | None = None
    start_elements: Mapping[str, int] = field(default_factory=dict)
    content: Content | None = None
    architectures: Architectures = field(default_factory=dict)

    def with_content(self) -> Prepared:
        """Return the same with the hashes of rows and features, which are then not made anew for each network."""
        return self if self.content is not None else replace(self, content=content_of(self.dataset, self.table))

    def fingerprint(self) -> Fingerprint:
        """Return what tells these rows, targets, parts, features and this configuration from any other."""
        content = self.with_content().content
        if content is None:
            raise RuntimeError("content without hashes")
        return fingerprint_of(self.config.model_dump(), self.dataset, self.split, content, weights_of(self.start))

    def part(self, name: str) -> Examples:
        """Return the rows of ``train``, ``val`` or ``test``."""
        return self.rows(getattr(self.split, name))

    def rows(self, rows: Ints) -> Examples:
        """Return features, labels and compositions of some rows."""
        auxiliary = self.dataset.auxiliary
        return Examples(
            self.table.X[rows],
            self.y[rows],
            self.dataset.materials.compositions.take(rows),
            None if auxiliary is None else auxiliary[rows],
            None if self.dataset.scale is None else self.dataset.scale[rows],
            None if self.dataset.weight is None else self.dataset.weight[rows],
        )


def prepare(
    config: Config,
    dataset: Dataset,
    *,
    compute: Compute = HERE,
    progress: Progress | None = None,
    architectures: Architectures = NONE_OWN,
) -> Prepared:
    """Describe, divide and scale the rows; everything that is fitted sees train rows only.

    ``architectures`` are classes of the user's own networks by name; the other keywords are those of
    `formation_mlp.features.engine.table.featurize`.

    Examples
    --------
    >>> config = Config.model_validate({"data": {"path": "bundled"}, "features": ["stoichiometry"]})
    >>> prepared = prepare(config, load_rows(config))
    >>> prepared.table.X.shape, prepared.part("val").y.shape
    ((2135, 6), (213,))
    """
    dataset, (table,) = featurize_dataset(config, dataset, [config.features], compute=compute, progress=progress)
    return divide(
        config, dataset, table, make_split(dataset, config.split, config.seed, table.X), architectures=architectures
    )


def featurize_dataset(
    config: Config,
    dataset: Dataset,
    lists: Sequence[Sequence[Entry]],
    *,
    compute: Compute = HERE,
    progress: Progress | None = None,
) -> tuple[Dataset, list[FeatureTable]]:
    """Featurize the rows by each of several lists of presets; return the rows that all of them describe, and these.

    Raises
    ------
    DataError
        If a row cannot be featurized, and ``data.invalid`` does not allow to leave it out.
    """
    tables = [featurize(dataset.materials, features, compute=compute, progress=progress) for features in lists]
    failures: dict[int, str] = {}
    for features, table in zip(lists, tables, strict=True):
        which = f" (by {', '.join(map(str, features))})" if len(tables) > 1 else ""
        failures = {i: reason + which for i, reason in table.failures.items()} | failures
    failures = dict(sorted(failures.items()))
    kept = [_without_failures(dataset, replace(table, failures=failures), config) for table in tables]
    return kept[0][0], [table for _, table in kept]


def divide(
    config: Config,
    dataset: Dataset,
    table: FeatureTable,
    split: Split,
    content: Content | None = None,
    architectures: Architectures = NONE_OWN,
) -> Prepared:
    """Return rows in their parts; everything that is fitted sees train rows only.

    ``content`` are their hashes, if they are known, ``architectures`` classes of the user's own networks by name.
    """
    y = labels(config.task, dataset.y)
    start = model_to_start_from(config, table.names, architectures)
    auxiliary = None if dataset.auxiliary is None else dataset.auxiliary[split.train]
    task = Task.fit(config.task, y[split.train], auxiliary, dataset.target.scales)
    _require_apart(dataset, split)
    if start is None:
        scaler = FeatureScaler.fit(table.X[split.train], table.names)
        return Prepared(config, dataset, table, split, scaler, task, y, content=content, architectures=architectures)
    task = replace(task, target_scaler=start.target_scaler)
    own: dict[str, Any] = {"content": content, "architectures": architectures}
    prepared = Prepared(config, dataset, table, split, start.scaler, task, y, **own)
    members, places, notes = members_to_start_from(start, prepared.part("val"), dataset.target.scales)
    dataset = replace(dataset, notes=(*dataset.notes, *notes))
    known = start_rows(start, dataset.materials.compositions)
    prepared = replace(prepared, start=members, start_rows=known, dataset=dataset)
    return replace(prepared, start_trust=InheritedTrust.of(start, places), start_elements=start.training_elements)


def _require_apart(dataset: Dataset, split: Split) -> None:
    """Refuse parts that share a formula on different scales: what is held out in one source is held out in all.

    Raises
    ------
    DataError
        With the first formula that lies in two parts.
    """
    if dataset.scale is None:
        return
    keys = dataset.keys()
    train = {keys[i] for i in split.train}
    for part in ("val", "test"):
        shared = next((i for i in getattr(split, part) if keys[i] in train), None)
        if shared is not None:
            raise DataError(
                f"split: row {dataset.ids[shared]} ({dataset.formulas[shared]}) is in {part}, and another row of its "
                "formula in train. On several energy scales a formula must be held out of all of them: split by "
                "'formula' or 'chemical_system', or correct the column."
            )


def weights_of(members: Sequence[Member]) -> list[tuple[str, Any]]:
    """Return the weights of all members with their names, in a fixed order."""
    return [(name, value) for member in members for name, value in sorted(member.weights.items())]


def model_to_start_from(
    config: Config, names: Sequence[str], architectures: Architectures = NONE_OWN
) -> Checkpoint | None:
    """Return the model to start from, if there is one: its weights mean something with its own scalers only.

    Raises
    ------
    ConfigError
        If it has other features than ``names``, another task, or cannot be trained further.
    """
    where = config.training.start_from
    if where is None:
        return None
    start = Checkpoint.load(model_path(where), architectures=architectures)
    if start.scaler.names != tuple(names):
        raise ConfigError(
            f"training.start_from: {where} was trained on the features {start.config['features']}; "
            "use the same under 'features'."
        )
    if start.config["task"]["type"] != config.task.type:
        raise ConfigError(f"training.start_from: {where} is a {start.config['task']['type']}; so must be task.type.")
    if not all(member.can_be_trained_further for member in start.members):
        raise ConfigError(f"training.start_from: {where} holds boosted trees, which cannot be trained further.")
    return start


def load_rows(config: Config) -> Dataset:
    """Read the rows of a configuration."""
    if (config.split.method in COLUMN_METHODS) != (config.split.column is not None):
        raise ConfigError(
            f"split: the methods {', '.join(COLUMN_METHODS[:-1])} and {COLUMN_METHODS[-1]} and the key split.column "
            "belong together; give both or neither."
        )
    return load_dataset(config.data, config.task, config.split.column)


def require_fitting(prepared: Prepared, where: str = "model") -> None:
    """Refuse a network that this machine has no memory for, before anything is written.

    Raises
    ------
    ConfigError
        With the memory that it takes.
    """
    model, training = prepared.config.model, prepared.config.training
    n_rows, d_in = len(prepared.split.train), len(prepared.scaler.kept)
    check_size(model, training, n_rows, d_in, prepared.task.n_outputs, where)


def network_training(prepared: Prepared, number: int = 0) -> NetworkTraining:
    """Return the network of the configuration, ready to be trained on the prepared rows.

    ``number`` counts the networks of an ensemble: each starts from another member of the model to start from, as
    far as that has members of the same shape.
    """
    config = prepared.config
    weights = _weights_to_start_from(prepared.start, config, number)
    train, val = prepared.part("train"), prepared.part("val")
    scaler, task = prepared.scaler, prepared.task
    return NetworkTraining(
        train, val, scaler, task, config.model, config.training, config.seed, weights, prepared.architectures
    )


def _weights_to_start_from(start: Sequence[Member], config: Config, number: int) -> dict[str, Tensor] | None:
    if not start:
        return None
    first = number % len(start)
    in_turn = [*start[first:], *start[:first]]
    shapes = [_shape(ModelConfig.model_validate(member.model)) for member in in_turn]
    wanted = _shape(config.model)
    if wanted not in shapes:
        there = "; ".join(dict.fromkeys(_shape_in_words(shape) for shape in shapes))
        raise ConfigError(
            f"training.start_from: {config.training.start_from} is {there}; this network is {_shape_in_words(wanted)}. "
            "Give the same under 'model'."
        )
    return in_turn[shapes.index(wanted)].weights


def _shape(model: ModelConfig) -> tuple[Any, ...]:
    """Return what decides the names and sizes of a network's weights."""
    of_set = (model.set_width, model.set_layers, model.set_heads) if sees_elements(model) else ()
    return model.architecture, tuple(model.hidden), normalization_of(model), *of_set


def _shape_in_words(shape: tuple[Any, ...]) -> str:
    architecture, hidden, normalization, *of_set = shape
    further = "".join(
        f", {name} {n}" for name, n in zip(("set_width", "set_layers", "set_heads"), of_set, strict=False)
    )
    return f"{architecture} with hidden {list(hidden)}, normalization {normalization}{further}"


def _without_failures(dataset: Dataset, table: FeatureTable, config: Config) -> tuple[Dataset, FeatureTable]:
    if not table.failures:
        return dataset, table
    rows = [(dataset.ids[i], reason) for i, reason in table.failures.items()]
    if config.data.invalid == "error":
        raise DataError(invalid_rows(config.data.path, rows))
    keep = [i for i in range(len(dataset)) if i not in table.failures]
    if not keep:
        raise DataError(f"{config.data.path}: no row can be featurized:{first_of(rows)}")
    note = counted(len(rows), "row cannot be featurized and is left out", "rows cannot be featurized and are left out")
    note += "; the report names " + ("it" if len(rows) == 1 else "them")
    dataset = dataset.take(keep, [LeftOut(*row) for row in rows], [note])
    return dataset, replace(table, X=table.X[keep], failures={}, ids=dataset.ids)
