"""The names that a configuration may hold, key by key.

They are written out, so that a configuration is checked without importing what the names stand for; a test compares
each list with the table of parts that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from formation_mlp.quoting import quoted
from formation_mlp.registry import unknown_name
from formation_mlp.units import UNITS

NAMES: Mapping[str, tuple[str, ...]] = {
    "data.unit": tuple(UNITS),
    "data.duplicates": (
        "keep",
        "mean",
        "median",
        "lowest",
    ),
    "data.invalid": (
        "error",
        "drop",
    ),
    "task.type": (
        "regression",
        "classification",
    ),
    "features": (
        "magpie",
        "stoichiometry",
        "valence_orbital",
        "ion_property",
        "element_fraction",
        "charge_balance",
        "deml",
        "matscholar",
        "megnet_el",
        "pymatgen",
        "band_center",
        "tm_fraction",
        "ward2017",
        "contacts",
        "density",
        "symmetry",
        "sine_coulomb",
        "electrostatics",
        "scaled_rdf",
        "matminer",
        "table",
        "columns",
    ),
    "split.method": (
        "formula",
        "chemical_system",
        "random",
        "k_fold",
        "leave_element_out",
        "leave_cluster_out",
        "matbench",
        "column",
        "fold_column",
        "time",
    ),
    "split.by": (
        "formula",
        "chemical_system",
        "row",
    ),
    "model.architecture": (
        "mlp",
        "residual",
        "set",
    ),
    "model.activation": (
        "relu",
        "gelu",
        "prelu",
        "elu",
        "swish",
        "selu",
        "softplus",
        "mish",
        "rrelu",
        "hardswish",
        "sigmoid",
        "softsign",
        "tanh",
        "hardtanh",
        "hardsigmoid",
        "tanhshrink",
        "softshrink",
        "hardshrink",
    ),
    "model.normalization": (
        "none",
        "layer",
        "batch",
    ),
    "training.loss": (
        "huber",
        "mse",
        "l1",
        "quantile",
        "bce",
    ),
    "training.optimizer": (
        "sgd",
        "adam",
        "adamw",
        "muon",
    ),
    "training.schedule": (
        "constant",
        "cosine",
        "trapezoid",
        "one_cycle",
    ),
    "training.device": (
        "auto",
        "cpu",
        "cuda",
        "mps",
    ),
    "training.precision": (
        "auto",
        "float32",
        "bfloat16",
    ),
    "training.loggers": (
        "tensorboard",
        "mlflow",
    ),
    "ensemble.weights": (
        "equal",
        "greedy",
    ),
    "tune.sampler": (
        "tpe",
        "random",
    ),
    "tune.pruner": (
        "median",
        "none",
    ),
    "benchmark.baselines": (
        "random_forest",
        "mlp_regressor",
        "mlp_classifier",
        "ridge",
        "mean",
        "nearest_neighbours",
        "median",
        "logistic_regression",
        "hist_gradient_boosting",
        "lightgbm",
        "extra_trees",
    ),
}
"""Key of the configuration to the names allowed there."""

RETIRED_PRESETS: Mapping[str, str] = {
    "rdf": "{matminer: RadialDistributionFunction}, whose numbers are those of 'rdf' times the sites of the cell",
    "xrd": "{matminer: XRDPowderPattern}, which gives the same columns",
    "structural_complexity": "{matminer: StructuralComplexity}, which gives the same columns, per given cell",
    "site_stats": "{matminer: {featurizer: SiteStatsFingerprint, preset: CrystalNNFingerprint_ops}}, which gives the "
    "same columns",
    "bond_fractions": "'contacts', or columns of your own that matminer's BondFractions has computed, "
    "{table: my_features.parquet}",
}
"""Presets of earlier versions, which did not make models better, to what to write instead."""


def unknown_preset(name: str) -> str:
    """Return what to say of a preset that does not exist, or no longer does."""
    if name in RETIRED_PRESETS:
        return (
            f"features: the preset {quoted(name)} was part of earlier versions and is no longer. "
            f"Write {RETIRED_PRESETS[name]}; a model that was trained with it must be trained again."
        )
    return unknown_name(name, NAMES["features"], "features", "preset")
