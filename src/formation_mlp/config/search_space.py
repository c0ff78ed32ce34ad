"""What a search may try: keys of a configuration, and the values declared for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from formation_mlp.config.loading import check_config, merged
from formation_mlp.config.schema import Config, ModelConfig, SearchRange, TrainingConfig, TuneConfig
from formation_mlp.errors import ConfigError
from formation_mlp.registry import unknown_name

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler


FORMS = ("log", "range", "choices")
DIGITS = 4
"""Drawn numbers are rounded to this many digits, as a person would write them."""

_SECTIONS: dict[str, type[BaseModel]] = {"model": ModelConfig, "training": TrainingConfig}
_EXAMPLE = "Declare values, such as tune.parameters: {training.learning_rate: {log: [1e-4, 1e-2]}}."


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key that is searched.

    Attributes
    ----------
    key : such as ``training.learning_rate``, or ``features``
    form : ``log``, ``range`` or ``choices``
    values : the two ends, or the choices
    whole : whether the key takes whole numbers only
    """

    key: str
    form: str
    values: tuple[Any, ...]
    whole: bool = False

    def distribution(self) -> BaseDistribution:
        """Return the values as Optuna featurizes them: choices by their JSON, since some are lists."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.form == "choices":
            return CategoricalDistribution([_text(value) for value in self.values])
        low, high = self.values
        kind = IntDistribution if self.whole else FloatDistribution
        return kind(low, high, log=self.form == "log")

    def value(self, drawn: Any) -> Any:
        """Return what stands in the configuration for what Optuna has drawn."""
        if self.form == "choices":
            return json.loads(drawn)
        low, high = self.values
        return drawn if self.whole else min(max(float(f"{drawn:.{DIGITS}g}"), low), high)

    def drawn(self, value: Any) -> Any | None:
        """Return what Optuna would have drawn for a value of the configuration, or None if it is not among these."""
        if self.form == "choices":
            text = _text(value)
            return text if text in map(_text, self.values) else None
        low, high = self.values
        return value if value is not None and low <= value <= high else None

    def of(self, config: Config) -> Any:
        """Return the value of the key in a configuration."""
        section, _, key = self.key.partition(".")
        value = config.model_dump()[section]
        return value[key] if key else value


def parameters(config: Config, tune: TuneConfig) -> tuple[Parameter, ...]:
    """Return what the section `tune` of a configuration declares.

    Raises
    ------
    ConfigError
        With all that is wrong: keys that cannot be searched, and every end and choice that its key does not take.
    """
    if not tune.parameters:
        raise ConfigError(f"tune.parameters: nothing to search. {_EXAMPLE}")
    found: list[Parameter] = []
    problems: list[str] = []
    for key, declared in tune.parameters.items():
        where = f"tune.parameters.{key}"
        wrong = _wrong_key(key, tune, where)
        if wrong is None:
            problems += _problems(config, key, declared, where)
        else:
            problems.append(wrong)
        if not problems:
            found.append(_parameter(config, key, declared))
    if problems:
        lines = "".join(f"\n  {line}" for line in problems)
        raise ConfigError(f"tune: {len(problems)} problem{'s' * (len(problems) > 1)} in what is to be searched{lines}")
    return tuple(found)


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """Return the configuration of one network, with some keys changed and without the section `tune`."""
    sections: dict[str, dict[str, Any]] = {}
    top_level: dict[str, Any] = {"tune": None}
    for place, value in values.items():
        section, _, key = place.partition(".")
        if key:
            sections.setdefault(section, {})[key] = value
        else:
            top_level[section] = value
    return check_config(merged(config, sections, **top_level), "tune")


def shown(value: Any) -> str:
    """Return a value in full, as one would write it in YAML."""
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def cut(text: str, most: int = 32) -> str:
    """Return a text, shortened if it would make a table too wide."""
    return text if len(text) <= most else text[: most - 3] + "..."


def short(key: str) -> str:
    """Return a key without its section."""
    return key.rpartition(".")[2]


def _wrong_key(key: str, tune: TuneConfig, where: str) -> str | None:
    keys = ["features", *(f"{name}.{field}" for name, section in _SECTIONS.items() for field in section.model_fields)]
    if key not in keys:
        return unknown_name(key, keys, where, "key")
    if key == "training.start_from":
        return f"{where}: the model to start from decides scalers and shapes. Give one to all trials, or none."
    if key == "training.max_epochs" and tune.pruner == "median":
        return (
            f"{where}: trials of different length cannot be compared epoch by epoch, as tune.pruner 'median' does. "
            "Give tune.pruner: none, or one number of epochs to all trials."
        )
    return None


def _problems(config: Config, key: str, declared: SearchRange, where: str) -> Iterator[str]:
    """Yield what is wrong with the values of a key that can be searched."""
    given = [form for form in FORMS if getattr(declared, form) is not None]
    if len(given) != 1:
        yield f"{where}: found {' and '.join(given) or 'no values'}. Give one of: {', '.join(FORMS)}."
        return
    (form,) = given
    values = getattr(declared, form)
    if form == "choices":
        yield from (f"{where}: the choice {value!r} occurs twice." for value in _twice(values))
    elif not _is_number(key):
        yield f"{where}: {form!r} is for numbers, and {key} is none. Give choices: [...]."
        return
    elif not values[0] < values[1]:
        yield f"{where}: found {form} {_ends(values)}, but the first end must be below the second."
    if form == "log" and values[0] <= 0:
        yield f"{where}: found log {_ends(values)}, but both ends must be above 0."
    for value in values:
        try:
            with_values(config, {key: _plain(key, form, value)})
        except ConfigError as error:
            yield from (f"{where}.{form}: {line.strip()}" for line in str(error).splitlines()[1:])


def _parameter(config: Config, key: str, declared: SearchRange) -> Parameter:
    form = next(form for form in FORMS if getattr(declared, form) is not None)
    whole = _is_whole(key)
    raw = Parameter(key, form, ())
    plain = (_plain(key, form, value) for value in getattr(declared, form))
    # As the configuration holds them: 1 becomes 1.0 where a key takes any number.
    values = tuple(raw.of(with_values(config, {key: value})) for value in plain)
    return Parameter(key, form, values, whole)


def _plain(key: str, form: str, value: Any) -> Any:
    return int(value) if form != "choices" and _is_whole(key) and value == int(value) else value


def _types(key: str) -> set[Any]:
    """Return the types that a key takes, without what narrows them."""
    section, _, field = key.partition(".")
    return set(_leaves(_SECTIONS[section].model_fields[field].annotation)) if field else set()


def _leaves(annotation: Any) -> Iterator[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _leaves(inner[0])
    elif origin in (UnionType, Union):
        for part in inner:
            yield from _leaves(part)
    else:
        yield annotation


def _is_number(key: str) -> bool:
    return bool(_types(key) & {int, float})


def _is_whole(key: str) -> bool:
    return int in _types(key)


def _twice(values: Sequence[Any]) -> list[Any]:
    texts = [_text(value) for value in values]
    return [value for i, value in enumerate(values) if texts[i] in texts[:i]]


def _ends(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def _text(value: Any) -> str:
    return json.dumps(value, default=str)


def _tpe(seed: int) -> BaseSampler:
    """Bergstra et al., NeurIPS 2011; all keys jointly; ten trials at random come first."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed)


def _random(seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


def _median(warmup_epochs: int) -> BasePruner:
    """Compare now and then, once five trials are complete.

    A trial that is compared after every epoch must be lucky every time: on the bundled table (60 random trials of 40
    epochs, in 300 orders) this lost the best of 30 in 39 % of the searches, and comparing at epochs 10, 20 and 30 in
    11 %, for 755 instead of 619 epochs out of 1,200.
    """
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=5, n_warmup_steps=warmup_epochs, interval_steps=warmup_epochs)


def _none(_warmup_epochs: int) -> BasePruner:
    from optuna.pruners import NopPruner

    return NopPruner()


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {"tpe": _tpe, "random": _random}
"""Name to what draws the values of a trial, made anew for each one from a seed."""

PRUNERS: dict[str, Callable[[int], BasePruner]] = {"median": _median, "none": _none}
"""Name to what ends a trial early, made from the number of epochs that it grants."""
