"""What a benchmark trains: every model, on every division, with every seed, on every share of the train rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from formation_mlp.baselines import Baseline
from formation_mlp.benchmark.protocol import Division
from formation_mlp.benchmark.recipes import with_recipe
from formation_mlp.config.loading import check_config, merged
from formation_mlp.config.schema import BenchmarkConfig, Config, Entry, SplitConfig
from formation_mlp.errors import ConfigError
from formation_mlp.registry import unknown_name
from formation_mlp.runs.contents import CELLS
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.train import main_name


@dataclass(frozen=True, slots=True)
class Contender:
    """A model of a benchmark.

    Attributes
    ----------
    name : in the tables
    config : of the network; of a baseline, that of the main network with the baseline's features
    baseline : or None for a network
    has_curve : whether it is fitted on parts of the train rows, too
    """

    name: str
    config: Config
    baseline: Entry | None
    has_curve: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """One model, to be fitted once.

    Attributes
    ----------
    model : its name in the tables
    division : name of the division of the rows; empty if there is one only
    seed : of the model
    fraction : share of the train rows
    config : all that the fit needs: ``formation-mlp train`` on it trains the same network
    baseline : or None for a network
    is_main : whether this is what ``formation-mlp train`` trains with the configuration of the benchmark, in its folder
    """

    model: str
    division: str
    seed: int
    fraction: float
    config: Config
    baseline: Entry | None
    is_main: bool

    @property
    def folder(self) -> RunFolder:
        """The run folder."""
        return RunFolder(str(self.config.output))

    @property
    def features(self) -> str:
        """The presets that featurize its rows, as a key."""
        return features_key(self.config)

    def title(self) -> str:
        """Return the fit in words."""
        parts = [self.model, self.division]
        parts += [f"seed {self.seed}"] if self.seed != self.config.split.seed and not self.is_main else []
        parts += [f"{100 * self.fraction:g} % of the train rows"] if self.fraction != 1 else []
        return ", ".join(part for part in parts if part)


def features_key(config: Config) -> str:
    """Return a text that is equal for equal lists of presets."""
    return json.dumps(config.features)


def contenders(config: Config) -> list[Contender]:
    """Return the models of a benchmark in the order of its configuration: baselines, the main network, others.

    Raises
    ------
    ConfigError
        If a model is none, or two have one name.
    """
    models: dict[str, tuple[Config, Entry | None]] = {}
    for part in config.benchmark.baselines:
        baseline = Baseline(part, config.task, config.seed)
        if baseline.label in models:
            raise ConfigError(
                f"benchmark.baselines: two models are called {baseline.label!r}. Give one of them a name of its own: "
                f"{{{baseline.name}: {{label: ...}}}}."
            )
        models[baseline.label] = (_baseline_config(config, part, baseline), part)
    main = main_name(config)
    for name, own in {main: config, **_networks(config, main)}.items():
        if name in models:
            raise ConfigError(f"benchmark: a baseline and a network are called {name!r}. Name one of them otherwise.")
        models[name] = (own, None)
    curve = config.benchmark.learning_curve
    drawn = set(models) if curve is not None and curve.models is None else set(curve.models or ()) if curve else set()
    for name in drawn - set(models):
        raise ConfigError(unknown_name(name, models, "benchmark.learning_curve.models", "model"))
    return [Contender(name, own, part, name in drawn) for name, (own, part) in models.items()]


def _baseline_config(config: Config, part: Entry, baseline: Baseline) -> Config:
    own = {"baselines": [part]}
    features = config.features if baseline.features is None else baseline.features
    raw = merged(config, {"training": {"start_from": None}}, features=features, benchmark=own, tune=None)
    return check_config(raw, f"benchmark.baselines.{baseline.label}")


def _networks(config: Config, main: str) -> dict[str, Config]:
    """Return the further networks of a benchmark."""
    networks = {}
    for name, given in config.benchmark.networks.items():
        if name == main or not name.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"benchmark.networks: {name!r} is taken, or not made of letters, digits, '-' and '_'.")
        if "start_from" in given.training:
            raise ConfigError(f"benchmark.networks.{name}: start_from is for the main network only; others start anew.")
        variant = with_recipe(name, given, config)
        changes = {"model": variant.model, "training": {**variant.training, "start_from": None}}
        features = config.features if variant.features is None else variant.features
        ensemble = None if variant.ensemble is None else variant.ensemble.model_dump()
        raw = merged(config, changes, features=features, ensemble=ensemble, benchmark={}, tune=None)
        networks[name] = check_config(raw, f"benchmark.networks.{name}")
    return networks


def fits(config: Config, models: Sequence[Contender], divisions: Sequence[Division]) -> list[Fit]:
    """Return all fits of a benchmark, model by model; what takes longest comes first within each."""
    main, folders = main_name(config), _folders(models)
    curve = config.benchmark.learning_curve
    parts = sorted(set(curve.fractions), reverse=True) if curve is not None else []
    found = []
    for model in models:
        for fraction in [1.0, *(parts if model.has_curve else ())]:
            for division, seed in _repeats(config, divisions):
                is_own = is_plain(config, divisions) and fraction == 1 and seed == config.seed
                is_main = is_own and model.name == main
                name = _cell_name(division, seed - config.seed, fraction)
                output = f"{config.output}/{CELLS}/{folders[model.name]}/{name}"
                own = config if is_main else _cell_config(model, division.split, seed, fraction, output)
                keys = (fraction, own, model.baseline, is_main)
                found.append(Fit(model.name, division.name, seed, *keys))
    return found


def is_plain(config: Config, divisions: Sequence[Division]) -> bool:
    """Return whether the rows are divided once, as ``formation-mlp train`` divides them."""
    if len(divisions) > 1:
        return False
    return divisions[0].split.model_copy(update={"seed": config.split.seed}) == config.split


def _repeats(config: Config, divisions: Sequence[Division]) -> Iterator[tuple[Division, int]]:
    for division in divisions:
        for number in range(config.benchmark.seeds):
            yield division, config.seed + number


def _cell_config(model: Contender, split: SplitConfig, seed: int, fraction: float, output: str) -> Config:
    own = split.model_copy(update={"train_share": split.train_share * fraction})
    benchmark = model.config.benchmark if model.baseline is not None else BenchmarkConfig()
    update = {"split": own, "seed": seed, "output": output, "benchmark": benchmark, "tune": None}
    return model.config.model_copy(update=update)


def _cell_name(division: Division, number: int, fraction: float) -> str:
    seed = f"-seed{number}" if number else ""
    share = f"-{100 * fraction:g}pct" if fraction != 1 else ""
    return _safe(division.name or "rows") + seed + share


def _folders(models: Sequence[Contender]) -> dict[str, str]:
    """Return a folder name for each model; no two are the same, in capitals or not."""
    taken: dict[str, str] = {}
    for model in models:
        name, number = _safe(model.name), 1
        while name.lower() in (other.lower() for other in taken.values()):
            number += 1
            name = f"{_safe(model.name)}-{number}"
        taken[model.name] = name
    return taken


def _safe(name: str) -> str:
    """Return a name that every system accepts for a folder."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "model"
