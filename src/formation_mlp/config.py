"""The configuration of a run: type, default and explanation of every key on adjacent lines.

The sections know keys, types and ranges. Names of parts (activations, splits, ...) are checked against
the tables that the caller hands over, so that adding a part never touches this file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from formation_mlp.errors import ConfigError
from formation_mlp.registry import did_you_mean, unknown_name

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Part = str | dict[str, Any]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class DataConfig(Section):
    """Where the rows come from and what their columns mean."""

    path: str
    """A .csv(.gz), .json(.gz) or .parquet file, a folder of structure files, `bundled`, or `matminer:NAME`."""
    formula: str | None = None
    """Column of formulas; found by its usual names if not given."""
    structure: str | None = None
    """Column of structures: pymatgen JSON, or the path of a CIF or POSCAR file."""
    target: str | None = None
    """Column of the target; found by its usual names if not given."""
    id: str | None = None
    """Column of unique row names; the row number if not given."""
    unit: str | None = None
    """Unit of the target: eV/atom, meV/atom, kJ/mol (of atoms), eV/formula, kJ/mol-formula."""
    source: str | None = None
    """Origin of the energies, such as 'measured, 298 K' or 'PBE, Materials Project'; it travels to every output."""
    duplicates: str = "keep"
    """Rows of one reduced formula: keep all, their `mean`, or the `lowest` (the ground state)."""
    invalid: str = "error"
    """Rows that cannot be read or described: stop with an `error`, or `drop` them, named and counted."""
    encoding: str = "utf-8-sig"
    """Text encoding of a csv file."""


class TaskConfig(Section):
    """What is predicted: an energy, or the probability of a class."""

    type: str = "regression"
    """`regression` (eV/atom) or `classification` (probability of the positive class)."""
    boundary: float | None = None
    """Classification of an energy: the positive class lies below this value, in eV/atom. None: the target is 0 or 1."""
    labels: list[str] = ["negative", "positive"]
    """Names of the negative and the positive class, for reports."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A row is called positive where its probability reaches this value."""


class SplitConfig(Section):
    """How the rows are divided into train, val and test."""

    method: str = "formula"
    """`formula` and `chemical_system` keep groups together; `random`, `column` and `k_fold` do as they say."""
    val: Share = 0.1
    """Share of the rows in the validation part."""
    test: Share = 0.1
    """Share of the rows in the test part."""
    column: str | None = None
    """Column of `train`, `val` and `test`, for the method `column`."""
    n_folds: Annotated[int, Field(ge=2)] = 5
    """Number of folds, grouped by reduced formula, for the method `k_fold`."""
    fold: Annotated[int, Field(ge=0)] = 0
    """The fold that is the test part, for the method `k_fold`."""


class ModelConfig(Section):
    """The network."""

    hidden: list[Count] = [256, 256]
    """Widths of the hidden layers; none at all is linear or logistic regression."""
    activation: str = "relu"
    """The non-linearity between layers."""
    dropout: Share = 0.0
    """Share of hidden units that is switched off at random in training."""
    normalization: str = "none"
    """`none`, `layer` or `batch`."""
    residual: bool = False
    """Hidden layers as residual blocks x + W2 act(W1 norm(x)); the widths must be equal."""


class TrainingConfig(Section):
    """The training loop."""

    loss: str | None = None
    """Regression: `l1`, `mse`, `huber`; classification: `bce`. None: `l1` or `bce`."""
    huber_delta: Positive = 0.3
    """Where the Huber loss turns from square to linear, in standard deviations of the target."""
    optimizer: str = "adamw"
    """`sgd`, `adam`, `adamw`, or `muon` (weight matrices by Muon, the rest by AdamW)."""
    learning_rate: Positive = 2e-3
    """Largest step size; with `muon`, that of the part trained by AdamW."""
    muon_learning_rate: Positive = 0.02
    """Largest step size of the weight matrices under `muon`."""
    momentum: Share = 0.9
    """Momentum of `sgd`."""
    weight_decay: NonNegative = 0.01
    """Decay of weight matrices: decoupled for `adamw` and `muon`, L2 for the others; biases and norms have none."""
    schedule: str = "cosine"
    """Step size over the run: `constant`, `cosine` or `one_cycle`."""
    warmup: Share = 0.03
    """Share of the steps over which `cosine` and `constant` rise to the full step size."""
    gradient_clip: Positive | None = None
    """Largest norm of the gradient; longer ones are shortened. None: no limit."""
    batch_size: Count = 64
    """Rows per step; the rows of an epoch are dealt into batches of nearly this size."""
    max_epochs: Count = 100
    """Passes through the training rows."""
    patience: Count | None = None
    """Epochs without a better validation score after which training stops. None: never."""
    device: str = "auto"
    """`auto` (cuda if there is one, else cpu), `cpu`, `cuda` or `mps`."""


class NetworkVariant(Section):
    """A further network for the benchmark: keys that differ from the main `model` and `training`."""

    model: dict[str, Any] = {}
    """Keys of `model` to change."""
    training: dict[str, Any] = {}
    """Keys of `training` to change."""


class BenchmarkConfig(Section):
    """What the model is compared with, on the same rows."""

    baselines: list[Part] = ["mean", "ridge", "random_forest"]
    """Baselines by name, or `{name: {option: value}}`."""
    networks: dict[str, NetworkVariant] = {}
    """Further networks by a name of your own."""


class Config(Section):
    """One job."""

    data: DataConfig
    """The rows."""
    task: TaskConfig = TaskConfig()
    """The question."""
    features: Annotated[list[Part], Field(min_length=1)] = [
        "magpie",
        "stoichiometry",
        "valence_orbital",
        "element_fraction",
    ]
    """Descriptor presets by name, or `{name: {option: value}}`."""
    split: SplitConfig = SplitConfig()
    """The parts."""
    model: ModelConfig = ModelConfig()
    """The network."""
    training: TrainingConfig = TrainingConfig()
    """The loop."""
    benchmark: BenchmarkConfig = BenchmarkConfig()
    """The opponents."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the split, the weights, the batches and the baselines."""
    output: str | None = None
    """The run folder; `runs/` and the name of the configuration file if not given."""


def load_config(path: Path, overrides: Sequence[str] = (), choices: Mapping[str, Collection[str]] = {}) -> Config:
    """Read a YAML file, apply ``section.key=value`` overrides and check everything.

    Parameters
    ----------
    path
        The file. `output` defaults to ``runs/`` and its name without the suffix.
    overrides
        Texts such as ``model.hidden=[256, 256]``; the value is read as YAML.
    choices
        Allowed names of each key, such as ``{"model.activation": ACTIVATIONS}``.

    Raises
    ------
    ConfigError
        All that is wrong, in one message.
    """
    raw = _read_yaml(path)
    for override in overrides:
        _apply(raw, override)
    config = check_config(raw, str(path), choices)
    return config if config.output else config.model_copy(update={"output": f"runs/{path.stem}"})


def check_config(raw: Mapping[str, Any], where: str, choices: Mapping[str, Collection[str]]) -> Config:
    """Build a `Config` from plain data; raise one `ConfigError` with all that is wrong."""
    problems: list[str] = []
    config: Config | None = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems = list(dict.fromkeys(_explain(item) for item in error.errors(include_url=False)))
    problems += list(_wrong_names(raw, choices))
    if problems or config is None:
        lines = "".join(f"\n  {line}" for line in problems)
        raise ConfigError(f"{where}: {len(problems)} problem{'s' * (len(problems) > 1)} in the configuration{lines}")
    return config


def merged(config: Config, changes: Mapping[str, Mapping[str, Any]], **top_level: Any) -> dict[str, Any]:
    """Return ``config`` as plain data with the keys of some sections replaced."""
    raw: dict[str, Any] = config.model_dump() | top_level
    for section, keys in changes.items():
        raw[section] = raw[section] | dict(keys)
    return raw


def named_options(part: Part, where: str) -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name``, ``{name: null}`` or ``{name: {option: value}}``."""
    if isinstance(part, str):
        return part, {}
    if len(part) != 1:
        raise ConfigError(f"{where}: {part!r} is not one part. Write 'name' or '{{name: {{option: value}}}}'.")
    ((name, options),) = part.items()
    if options is not None and not isinstance(options, dict):
        raise ConfigError(f"{where}.{name}: {options!r} are no options. Write '{{{name}: {{option: value}}}}'.")
    return str(name), dict(options or {})


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads ``1e-3`` as text; everyone means the number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+0123456789."),
)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.y*ml")])
        raise ConfigError(f"{path}: no such configuration file.{near}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected sections such as 'data:' and 'model:', found {type(raw).__name__}.")
    return {key: value for key, value in raw.items() if value is not None}  # a section without keys


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise ConfigError(f"--set {override!r}: write section.key=value, such as model.hidden='[256, 256]'.")
    try:
        value = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override!r}: the value cannot be read as YAML: {error}") from error
    node = raw
    for name in path[:-1]:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise ConfigError(f"--set {override!r}: {name!r} is a value, not a section.")
    node[path[-1]] = value


def _explain(item: Any) -> str:
    """Turn one pydantic error into the sentence shape of the house."""
    place = ".".join(str(step) for step in item["loc"])
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_name(item["loc"][-1], _keys_at(item["loc"][:-1]), place, "key")
    if kind == "missing":
        return f"{place}: missing. It must be given."
    if item["loc"][-1] in ("str", "dict[str,any]"):  # the two forms of a `Part`
        place = ".".join(str(step) for step in item["loc"][:-1])
        return f"{place}: found {item['input']!r}, but it should be a name, or '{{name: {{option: value}}}}'."
    if kind == "model_type":
        return f"{place}: found {item['input']!r}, but it should be a section of keys and values."
    message = item["msg"].removeprefix("Input ").replace("a valid integer", "an integer").replace("valid ", "")
    expected = f"it {message}" if message.startswith("should") else message
    return f"{place}: found {item['input']!r}, but {expected}{_range(context)}."


def _range(context: Mapping[str, Any]) -> str:
    return "" if not context or "error" not in context else f" ({context['error']})"


def _keys_at(location: Sequence[int | str]) -> list[str]:
    section: type[BaseModel] = Config
    for step in location:
        field = section.model_fields.get(str(step))
        if field is None:
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        section = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), section)
    return list(section.model_fields)


def _wrong_names(raw: Mapping[str, Any], choices: Mapping[str, Collection[str]]) -> Iterator[str]:
    for key, allowed in choices.items():
        value: Any = raw
        for step in key.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        for name in _names(value):
            if name not in allowed:
                yield unknown_name(name, allowed, key, _singular(key.rsplit(".", 1)[-1]))


def _singular(key: str) -> str:
    return key if key.endswith("ss") else key.removesuffix("s")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Mapping):
                yield from (str(name) for name in part)
