"""All descriptor presets by name, and the choice of some of them by a configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature

from formation_mlp.config import Part, named_options
from formation_mlp.errors import ConfigError
from formation_mlp.features.base import Preset
from formation_mlp.features.composition import COMPOSITION_PRESETS
from formation_mlp.features.structure import STRUCTURE_PRESETS
from formation_mlp.registry import lookup, unknown_name


def build_presets(parts: Sequence[Part]) -> list[Preset]:
    """Return the presets that a configuration names, in its order.

    Raises
    ------
    ConfigError
        If a name or an option is unknown, an option has a wrong value, or a preset is named twice.
    """
    presets, seen = [], set[str]()
    for part in parts:
        name, options = named_options(part, "features")
        factory = lookup(PRESETS, name, "features", "preset")
        if name in seen:
            raise ConfigError(f"features: {name!r} is named twice.")
        seen.add(name)
        allowed = list(signature(factory).parameters)
        for option in options:
            if option not in allowed:
                raise ConfigError(unknown_name(option, allowed, f"features.{name}", "option"))
        try:
            presets.append(factory(**options))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"features.{name}: {error}") from error
    return presets


PRESETS: dict[str, Callable[..., Preset]] = {**COMPOSITION_PRESETS, **STRUCTURE_PRESETS}
