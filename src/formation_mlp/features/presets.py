"""All feature presets by name, and the choice of some of them by a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from formation_mlp.config.schema import Entry, named_options
from formation_mlp.errors import ConfigError
from formation_mlp.features.base import Preset
from formation_mlp.features.composition.presets import COMPOSITION_PRESETS
from formation_mlp.features.external.feature_file import table
from formation_mlp.features.external.matminer import matminer
from formation_mlp.features.structure.presets import STRUCTURE_PRESETS
from formation_mlp.quoting import quoted
from formation_mlp.registry import lookup, unknown_name


def build_presets(parts: Sequence[Entry]) -> list[Preset]:
    """Return the presets that a configuration names, in its order.

    Raises
    ------
    ConfigError
        If a name or an option is unknown, an option has a wrong value, or a preset is named twice. Those in
        `REPEATABLE` may be named again with other options.
    """
    seen = set[str]()
    for part in parts:
        name, _ = resolved(part)
        text = part_text(part) if name in REPEATABLE else name
        if text in seen:
            raise ConfigError(f"features: {name!r} is named twice.")
        seen.add(text)
    return [build_preset(part) for part in parts]


def build_preset(part: Entry) -> Preset:
    """Return the preset of one entry of the configuration; raise `ConfigError` as `build_presets` does."""
    name, options = resolved(part)
    return _build(name, options) if options or name in REPEATABLE else _build_plain(name)


@cache
def _build_plain(name: str) -> Preset:
    """Return a preset without options, which is the same every time."""
    return _build(name, {})


def _build(name: str, options: Mapping[str, Any]) -> Preset:
    factory = PRESETS[name]
    parameters = signature(factory).parameters
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    for option, value in options.items():
        if option in parameters:
            _require_kind(value, parameters[option].default, f"features.{name}.{option}")
        elif not takes_any:
            raise ConfigError(unknown_name(option, parameters, f"features.{name}", "option"))
    try:
        return factory(**options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"features.{name}: {error}") from error


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
        factory = lookup(PRESETS, str(key), "features", "preset")
        if value is not None and not isinstance(value, Mapping):
            first = next(iter(signature(factory).parameters), None)
            if first is None:
                raise ConfigError(f"features.{key}: found {quoted(value)}, but this preset has no options.")
            return str(key), {first: value}
    name, options = named_options(part, "features")
    lookup(PRESETS, name, "features", "preset")
    return name, options


def part_text(part: Entry) -> str:
    """Return one text for all spellings of an entry, from which `build_preset` can make it again."""
    name, options = resolved(part)
    try:
        return json.dumps({name: options}, sort_keys=True)
    except TypeError as error:
        raise ConfigError(f"features.{name}: options must be plain data, as in a YAML file: {error}.") from error


def files_of(features: Iterable[Entry]) -> list[Path]:
    """Return the files that presets read, such as that of `table`: they decide the numbers, and must not be written."""
    texts = [text for part in features for text in resolved(part)[1].values() if isinstance(text, str)]
    return [path for path in (Path(text).expanduser() for text in texts if "\0" not in text) if path.is_file()]


def is_costly(part: Entry, preset: Preset) -> bool:
    """Tell whether a preset takes so long that its numbers are worth being kept, and its rows being spread."""
    return preset.needs_structure or resolved(part)[0] == "matminer"


PRESETS: dict[str, Callable[..., Preset]] = {
    **COMPOSITION_PRESETS,
    **STRUCTURE_PRESETS,
    "matminer": matminer,
    "table": table,
}

REPEATABLE = ("matminer", "table")
"""Presets that may be named more than once, with other options each time."""
