"""The configuration of a run: type, default and explanation of every key on adjacent lines.

The sections know keys, types and ranges. Names of parts (activations, splits, ...) are checked where a
configuration is read, against the tables of parts, so that adding a part never touches this file.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from formation_mlp.errors import ConfigError, FormationMLPError
from formation_mlp.quoting import quoted
from formation_mlp.system.path_text import path_problem, usable_path

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Entry = str | dict[str, Any]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Ends = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=2)]


def _possible_path(text: str) -> str:
    """Return ``text`` if a file can be called so; pydantic turns the ValueError into a line of its message."""
    problem = path_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


def _home_expanded(text: str) -> str:
    try:
        return str(usable_path(text, "path")) if text.startswith("~") else text
    except FormationMLPError as error:
        raise ValueError(str(error)) from error


FilePath = Annotated[str, AfterValidator(_possible_path)]
OutputPath = Annotated[str, AfterValidator(_possible_path), AfterValidator(_home_expanded)]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys and wrong types are errors.

    The explanations below the keys are for readers of this file. Where pydantic collects them
    (``use_attribute_docstrings``), it parses this source at every start, at a twentieth of the cost of a prediction.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class DataConfig(Section):
    """Where the rows come from and what their columns mean."""

    path: FilePath
    """A .csv(.gz), .json(.gz) or .parquet file, a folder of structure files, `bundled`, or `matminer:NAME`."""
    formula: str | None = None
    """Column of formulas; found by its usual names if not given."""
    structure: str | None = None
    """Column of structures: pymatgen JSON, or the path of a CIF or POSCAR file."""
    target: str | None = None
    """Column of the target; found by its usual names if not given."""
    id: str | None = None
    """Column of unique row names, or `row_number`; `id` or `material_id` if the table has it, else the row number."""
    unit: str | None = None
    """Unit of the target: eV/atom, meV/atom, kJ/mol, kcal/mol or J/mol (of atoms), or eV/formula, kJ/mol-formula,
    kcal/mol-formula and J/mol-formula (of the formula as written)."""
    source: str | None = None
    """Origin of the energies, such as 'measured, 298 K' or 'PBE, Materials Project'; it travels to every output."""
    scale: str | None = None
    """Energy scale of the target: a name that `formation-mlp scales` lists, or the column that names it row by row."""
    duplicates: str = "keep"
    """Rows of one reduced formula: keep all, their `mean` or `median`, or the `lowest` (the ground state)."""
    invalid: str = "error"
    """Rows that cannot be read or featurized: stop with an `error`, or `drop` them, named and counted."""
    encoding: str = "utf-8-sig"
    """Text encoding of a csv or JSON file; where UTF-8 is named, the mark at the beginning of another is seen, too."""


class TaskConfig(Section):
    """What is predicted: an energy, or the probability of a class."""

    type: str = "regression"
    """`regression` (eV/atom) or `classification` (probability of the positive class)."""
    boundary: float | None = None
    """Classification of an energy: the positive class lies at or below it, in eV/atom. None: the target is 0 or 1."""
    labels: list[str] = ["negative", "positive"]
    """Names of the negative and the positive class, for reports."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A row is called positive where its probability reaches this value."""
    auxiliary: dict[str, Positive] = {}
    """Further target columns that the network learns beside its own, each with the weight of its L1 loss."""
    scale_weights: dict[str, Positive] = {}
    """Where rows are on several energy scales: weight of a row's loss by its scale; 1 if not given."""


class SplitConfig(Section):
    """How the rows are divided into train, val and test."""

    method: str = "formula"
    """`formula` and `chemical_system` keep groups together, `random` does not. One of several parts is test: `k_fold`,
    `leave_cluster_out`, `leave_element_out`, `matbench` (the official folds). From the table: `column`, `fold_column`,
    `time` (the latest rows)."""
    val: Share = 0.1
    """Share of the rows in the validation part."""
    test: Share = 0.1
    """Share of the rows in the test part."""
    column: str | None = None
    """Column of `train`, `val` and `test` (method `column`), numbers of folds (`fold_column`), or times (`time`)."""
    n_folds: Annotated[int, Field(ge=2)] = 5
    """Number of folds for the method `k_fold`, of clusters for `leave_cluster_out`."""
    fold: Annotated[int, Field(ge=0)] = 0
    """The fold that is the test part, for `k_fold`, `fold_column`, `matbench` and `leave_cluster_out`."""
    by: str = "formula"
    """What `k_fold` keeps in one fold: rows of one `formula` or `chemical_system`; `row`: each row for itself."""
    element: str | None = None
    """The element that only test rows contain, for the method `leave_element_out`."""
    seed: Seed | None = None
    """Seed of the division. None: that of the configuration."""
    train_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the train rows that are used, at random; those of a smaller share are among those of a larger one."""


class ModelConfig(Section):
    """The network."""

    architecture: str = "mlp"
    """`mlp`, `residual` (blocks x + W2 act(W1 norm(x)) of equal width), `set` (elements as a set beside them), or
    `module:Class`, a network of your own (see README)."""
    hidden: list[Count] = [256, 256]
    """Widths of the hidden layers, or residual blocks; none at all is linear or logistic regression."""
    activation: str = "relu"
    """The non-linearity between layers."""
    dropout: Share = 0.0
    """Share of hidden units that is switched off at random in training."""
    normalization: str | None = None
    """`none`, `layer` or `batch`. None: `none` for an `mlp`, `layer` for the others."""
    set_width: Count = 64
    """Architecture `set`: numbers in the vector of an element; a multiple of `set_heads`."""
    set_layers: Count = 2
    """Architecture `set`: layers in which the elements of a composition see each other."""
    set_heads: Count = 4
    """Architecture `set`: attention weights per element where the vectors are pooled."""


class TrainingConfig(Section):
    """The training loop."""

    loss: str | None = None
    """Regression: `l1`, `mse`, `huber`, `quantile`; classification: `bce`; or `module:function`, a loss of your own.
    None: `l1` or `bce`."""
    metrics: list[str] = []
    """Further scores of your own for reports, each `module:function`, from true and predicted values to a number."""
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The quantile that the loss `quantile` predicts; 0.5 is the median."""
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
    """Step size over the run: `constant`, `cosine`, `trapezoid` or `one_cycle`."""
    warmup: Share = 0.03
    """Share of the steps over which `constant`, `cosine` and `trapezoid` rise to the full step size."""
    gradient_clip: Positive | None = None
    """Largest norm of the gradient; longer ones are shortened. None: no limit."""
    average: Share | None = None
    """Decay of a running mean of the weights (0.99 spans about 100 steps), which is then the model. None: no mean."""
    batch_size: Count = 64
    """Rows per step; the rows of an epoch are dealt into batches of nearly this size."""
    max_epochs: Count = 100
    """Passes through the training rows."""
    patience: Count | None = None
    """Epochs without a better validation score after which training stops. None: never."""
    device: str = "auto"
    """`auto` (cuda if there is one, else cpu), `cpu`, `cuda` or `mps`."""
    precision: str = "auto"
    """Of matrix products in training: `float32`, `bfloat16`, or `auto` (bfloat16 where it is fast and pays)."""
    loggers: list[str] = []
    """Where epochs are logged beside `history.jsonl`: `tensorboard`, `mlflow`, each in a folder of its name."""
    start_from: OutputPath | None = None
    """Run folder or model file of a trained network of the same shape, whose weights and scalers are the start."""


class HullConfig(Section):
    """What boosted trees are told of predicted formation energies, and of the convex hull of the train rows."""

    column: str = "formation_energy_per_atom"
    """The formation energies, eV/atom: one of the columns under `task.auxiliary`."""
    folds: Annotated[int, Field(ge=2)] = 5
    """Networks that predict them, each of the train rows that it did not see."""
    model: dict[str, Any] = {}
    """Keys of `model` in which these networks differ from the main one."""
    training: dict[str, Any] = {}
    """Keys of `training` in which they differ."""


class MemberConfig(Section):
    """A kind of member of an ensemble: a network that differs from the main one, or boosted trees."""

    model: dict[str, Any] = {}
    """Keys of `model` to change."""
    training: dict[str, Any] = {}
    """Keys of `training` to change."""
    boosted_trees: dict[str, Any] | None = None
    """Instead of a network, LightGBM with these options; `{}` takes the usual ones."""
    hull: HullConfig | None = None
    """Beside `boosted_trees`: further columns for them, from predicted energies and the hull of the train rows."""
    seeds: Count = 1
    """How many members of this kind, each with a seed of its own."""


class EnsembleConfig(Section):
    """Several models that answer as one."""

    members: Annotated[dict[str, MemberConfig], Field(min_length=1)] = {"network": MemberConfig()}
    """The kinds of members, by names of your own."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Each member is repeated this often, leaving out one fold of the train rows, which selects its best epoch."""
    weights: str = "equal"
    """`equal`, or `greedy` (Caruana et al. 2004): members are added as long as the val score falls."""


class NetworkVariant(Section):
    """A further network for the benchmark: keys that differ from the main configuration."""

    model: dict[str, Any] = {}
    """Keys of `model` to change."""
    training: dict[str, Any] = {}
    """Keys of `training` to change."""
    features: Annotated[list[Entry], Field(min_length=1)] | None = None
    """Feature presets of its own. None: those of the main network."""
    ensemble: EnsembleConfig | None = None
    """Several networks instead of one."""


class LearningCurve(Section):
    """Train on parts of the train rows, too."""

    fractions: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1)] = [0.01, 0.03, 0.1, 0.3]
    """Shares of the train rows, beside all of them; smaller ones are contained in larger ones."""
    models: list[str] | None = None
    """Names of the models. None: all."""


class BenchmarkConfig(Section):
    """What the model is compared with, on the same rows."""

    protocol: Entry = "holdout"
    """How the rows are divided, and how often: a protocol by name, or `{name: {option: value}}`."""
    seeds: Count = 1
    """Each division is repeated with this many seeds of the models, from `seed` on."""
    baselines: list[Entry] = ["mean", "ridge", "random_forest"]
    """Baselines by name, or `{name: {option: value}}`: options of the estimator, and `tuned`, `features`, `label`."""
    networks: dict[str, NetworkVariant] = {}
    """Further networks by a name of your own, or `lecture`, `elemnet`, `quick`, `best` as they are: `{elemnet: {}}`."""
    learning_curve: LearningCurve | None = None
    """Errors against the number of train rows. None: all train rows only."""


class SearchRange(Section):
    """The values that a search may give to a key, in exactly one of three forms."""

    log: Ends | None = None
    """Smallest and largest value, above 0, drawn evenly over the orders of magnitude."""
    range: Ends | None = None
    """Smallest and largest value, drawn evenly."""
    choices: Annotated[list[Any], Field(min_length=2, max_length=26)] | None = None
    """Values to choose from, of any type that the key takes."""


class TuneConfig(Section):
    """The search for better values of some keys, for `formation-mlp tune`."""

    parameters: dict[str, SearchRange] = {}
    """What is searched: `features`, or a key as in `model.dropout`, to its values."""
    trials: Count = 40
    """Networks to train; the first one has the values of this configuration."""
    sampler: str = "tpe"
    """`tpe` (learns from the trials so far which values do well), or `random`."""
    pruner: str = "median"
    """`median` ends a trial whose best epoch so far is behind the median of the complete ones; or `none`."""
    warmup_epochs: Count = 10
    """Epochs that `median` grants to every trial, and again after each comparison."""


class Config(Section):
    """One job."""

    data: DataConfig
    """The rows."""
    task: TaskConfig = TaskConfig()
    """The question."""
    features: Annotated[list[Entry], Field(min_length=1)] = [
        "magpie",
        "stoichiometry",
        "valence_orbital",
        "element_fraction",
    ]
    """Feature presets by name, or `{name: {option: value}}`."""
    split: SplitConfig = SplitConfig()
    """The parts."""
    model: ModelConfig = ModelConfig()
    """The network."""
    training: TrainingConfig = TrainingConfig()
    """The loop."""
    ensemble: EnsembleConfig | None = None
    """Several models instead of one. None: one network."""
    tune: TuneConfig | None = None
    """What `formation-mlp tune` searches; other verbs leave it aside."""
    benchmark: BenchmarkConfig = BenchmarkConfig()
    """The opponents."""
    seed: Seed = 0
    """Of the split, the weights, the batches and the baselines."""
    output: OutputPath | None = None
    """The run folder; `runs/` and the name of the configuration file if not given."""


def named_options(part: Entry, where: str) -> tuple[str, dict[str, Any]]:
    """Return name and options of ``name``, ``{name: null}`` or ``{name: {option: value}}``."""
    if isinstance(part, str):
        return part, {}
    if len(part) != 1:
        raise ConfigError(f"{where}: {quoted(part)} is not one part. Write 'name' or '{{name: {{option: value}}}}'.")
    ((name, options),) = part.items()
    if options is not None and not isinstance(options, dict):
        raise ConfigError(f"{where}.{name}: {quoted(options)} are no options. Write '{{{name}: {{option: value}}}}'.")
    return str(name), dict(options or {})
