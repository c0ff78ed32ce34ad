"""All feature presets by name, and the choice of some of them by a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from formation_mlp.config.names import unknown_preset
from formation_mlp.config.schema import Entry, named_options
from formation_mlp.errors import ConfigError
from formation_mlp.features.base import Preset
from formation_mlp.features.composition.presets import COMPOSITION_PRESETS
from formation_mlp.quoting import quoted
from formation_mlp.registry import unknown_name

REPEATABLE = ("matminer", "table")
"""Presets that may be named more than once, with other options each time."""


@dataclass(frozen=True, slots=True)
class ChosenPreset:
    """One entry of a configuration's list of features, read once and passed on.

    Attributes
    ----------
    name : of the preset
    options : those that the configuration gives
    preset : what is made of both
    """

    name: str
    options: Mapping[str, Any]
    preset: Preset

    @property
    def text(self) -> str:
        """One text for all spellings of the entry, from which `build_preset` can make the preset again.

        Raises
        ------
        ConfigError
            If an option is no plain data.
        """
        return _text(self.name, self.options)

    @property
    def is_costly(self) -> bool:
        """Whether it takes so long that its numbers are worth being kept, and its rows being spread."""
        return self.preset.needs_structure or self.name == "matminer"


def choose_presets(parts: Sequence[Entry]) -> list[ChosenPreset]:
    """Return the presets that a configuration names, in its order.

    Raises
    ------
    ConfigError
        If a name or an option is unknown, an option has a wrong value, or a preset is named twice. Those in
        `REPEATABLE` may be named again with other options.
    """
    chosen, seen = [], set[str]()
    for part in parts:
        name, options = resolved(part)
        text = _text(name, options) if name in REPEATABLE else name
        if text in seen:
            raise ConfigError(f"features: {name!r} is named twice.")
        seen.add(text)
        chosen.append(_choose(name, options))
    return chosen


def choose_preset(part: Entry) -> ChosenPreset:
    """Return the preset of one entry of the configuration; raise `ConfigError` as `choose_presets` does."""
    return _choose(*resolved(part))


def _choose(name: str, options: Mapping[str, Any]) -> ChosenPreset:
    if options or name in REPEATABLE:
        return ChosenPreset(name, options, _build(name, options))
    return _choose_plain(name)


@cache
def _choose_plain(name: str) -> ChosenPreset:
    """Return a preset without options, which is the same every time."""
    return ChosenPreset(name, {}, _build(name, {}))


def build_preset(part: Entry) -> Preset:
    """Return the preset of `choose_preset` alone."""
    return choose_preset(part).preset


def _build(name: str, options: Mapping[str, Any]) -> Preset:
    factory = _factory(name)
    if options:
        _check_options(name, options, signature(factory).parameters)
    try:
        return factory(**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"features.{name}: {error}") from error


def _check_options(name: str, options: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> None:
    """Refuse options that a preset does not have, and values of another kind than their defaults."""
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    for option, value in options.items():
        if option in parameters:
            _require_kind(value, parameters[option].default, f"features.{name}.{option}")
        elif not takes_any:
            raise ConfigError(unknown_name(option, parameters, f"features.{name}", "option"))


def _require_kind(value: object, default: object, where: str) -> None:
    """Refuse a value of another kind than the default; a whole number may stand for a real one."""
    if isinstance(default, bool | int | float | str) and type(value) is not type(default):
        if type(default) is float and type(value) is int:
            return
        raise ConfigError(f"{where}: found {quoted(value)}; give a value like the default, {default!r}.")


def resolved(part: Entry) -> tuple[str, dict[str, Any]]:
    """Return name and options of an entry; a value that is no mapping is that of the preset's first option."""
    if isinstance(part, Mapping) and len(part) == 1:
        ((key, value),) = part.items()
        factory = _factory(str(key))
        if value is not None and not isinstance(value, Mapping):
            first = next(iter(signature(factory).parameters), None)
            if first is None:
                raise ConfigError(f"features.{key}: found {quoted(value)}, but this preset has no options.")
            return str(key), {first: value}
    name, options = named_options(part, "features")
    _factory(name)
    return name, options


def _text(name: str, options: Mapping[str, Any]) -> str:
    try:
        return json.dumps({name: options}, sort_keys=True)
    except TypeError as error:
        raise ConfigError(f"features.{name}: options must be plain data, as in a YAML file: {error}.") from error


def files_of(features: Iterable[Entry]) -> list[Path]:
    """Return the files that presets read, such as that of `table`: they decide the numbers, and must not be written."""
    texts = [text for part in features for text in resolved(part)[1].values() if isinstance(text, str)]
    return [path for path in (Path(text).expanduser() for text in texts if "\0" not in text) if path.is_file()]


@cache
def preset_table() -> Mapping[str, Callable[..., Preset]]:
    """Return all presets: the name of each to the function that makes it from its options."""
    from formation_mlp.features.external.feature_file import table
    from formation_mlp.features.external.matminer import matminer
    from formation_mlp.features.external.own_columns import columns
    from formation_mlp.features.structure.presets import STRUCTURE_PRESETS

    return {**COMPOSITION_PRESETS, **STRUCTURE_PRESETS, "matminer": matminer, "table": table, "columns": columns}


def _factory(name: str) -> Callable[..., Preset]:
    """Return what makes a preset; a formula is predicted without importing what featurizes structures."""
    factory = COMPOSITION_PRESETS.get(name) or preset_table().get(name)
    if factory is None:
        raise ConfigError(unknown_preset(name))
    return factory
