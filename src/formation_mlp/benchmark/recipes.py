"""Networks by name that a benchmark can set beside the user's own."""

from __future__ import annotations

from typing import Any

from formation_mlp.config.schema import Config, EnsembleConfig, ModelConfig, NetworkVariant, TrainingConfig

LECTURE: dict[str, Any] = {
    "model": {"architecture": "mlp", "hidden": [64], "activation": "sigmoid"},
    "training": {
        "loss": "mse",
        "optimizer": "sgd",
        "momentum": 0.0,
        "learning_rate": 0.03,
        "weight_decay": 0.0,
        "schedule": "constant",
        "warmup": 0.0,
        "batch_size": 16,
        "max_epochs": 40,
    },
}
"""The multi-layer perceptron of a first lecture on neural networks: one hidden layer of sigmoids, mean squared error,
and stochastic gradient descent with one step size and nothing else. It shows what every later idea is worth.

All sigmoids are positive, so the output layer is the stiffer the more there are: with 256 of them, steps of 0.05
diverge. One minute on one core for the 59,509 train rows of critexam, val MAE 0.11 eV/atom.
"""

ELEMNET: dict[str, Any] = {
    "features": ["element_fraction"],
    "model": {
        "architecture": "mlp",
        "hidden": [*[1024] * 4, *[512] * 3, *[256] * 3, *[128] * 3, *[64] * 2, 32],
        "activation": "relu",
    },
    "training": {
        "loss": "l1",
        "optimizer": "adam",
        "learning_rate": 3e-4,
        "weight_decay": 0.0,
        "batch_size": 256,
        "max_epochs": 30,
    },
}
"""ElemNet (Jha et al., Sci. Rep. 8, 17593, 2018): 17 layers on element fractions alone, L1 loss, Adam.

Theirs differs in this: batches of 32 rows at a constant step size of 1e-4 and up to 200 epochs of patience, which take
half a day; dropout of 20, 10, 30 and 20 % behind the last layers of 1024, 512, 256 and 128 units, where this package
has one rate for all layers, and none here; and fractions that are not standardised. Six minutes on one core for the
59,509 train rows of critexam, val MAE 0.075 eV/atom (published for theirs: test MAE 0.0706). A table of few thousand
rows needs smaller batches: ``{elemnet: {training: {batch_size: 32}}}``.
"""

QUICK: dict[str, Any] = {
    "model": {"architecture": "set", "hidden": [256, 256], "set_width": 64},
    "training": {
        "loss": "l1",
        "optimizer": "muon",
        "learning_rate": 2e-3,
        "batch_size": 512,
        "max_epochs": 16,
    },
}
"""One network of ``configs/quick.yaml``."""

BEST: dict[str, Any] = {
    "model": {"architecture": "set", "hidden": [384, 384, 384], "set_width": 128},
    "training": {
        "loss": "l1",
        "optimizer": "muon",
        "learning_rate": 2e-3,
        "batch_size": 512,
        "max_epochs": 30,
    },
    "ensemble": {
        "weights": "greedy",
        "members": {
            "set": {"seeds": 2},
            "narrow": {"model": {"hidden": [256, 256], "set_width": 64}, "training": {"max_epochs": 40}},
            "features": {"model": {"architecture": "residual"}},
        },
    },
}
"""The ensemble of ``configs/best.yaml``."""

MACHINE = ("device", "precision")
"""Keys of `training` that a recipe leaves to the user: they belong to the machine."""


def with_recipe(name: str, variant: NetworkVariant, config: Config) -> NetworkVariant:
    """Return a network of a benchmark with everything that its recipe says, if its name is that of one.

    What a recipe does not say is the default of the package, not the value of ``config``: the same name is the same
    network in every benchmark. Only device and precision are those of ``config``. Keys given beside the name change
    the recipe; a classifier has the usual loss of classifiers.

    Parameters
    ----------
    name : under which the network stands in ``benchmark.networks``
    variant : what stands there
    config : of the benchmark
    """
    if name not in RECIPES:
        return variant
    recipe = RECIPES[name]
    of_machine = {key: getattr(config.training, key) for key in MACHINE}
    training = _defaults(TrainingConfig) | of_machine | recipe["training"]
    if config.task.type != "regression":
        training["loss"] = None
    ensemble = EnsembleConfig.model_validate(recipe["ensemble"]) if "ensemble" in recipe else None
    return NetworkVariant(
        model=_defaults(ModelConfig) | recipe["model"] | variant.model,
        training=training | variant.training,
        features=variant.features or recipe.get("features"),
        ensemble=variant.ensemble or ensemble,
    )


def _defaults(section: type[ModelConfig] | type[TrainingConfig]) -> dict[str, Any]:
    values = section().model_dump()
    values.pop("start_from", None)  # is for the main network only
    return values


RECIPES: dict[str, dict[str, Any]] = {"lecture": LECTURE, "elemnet": ELEMNET, "quick": QUICK, "best": BEST}
