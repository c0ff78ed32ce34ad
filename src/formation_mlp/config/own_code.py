"""Networks, losses and metrics of the user's own, such as ``my_module:MyNet``, and when they are imported.

To import a module is to run it. So nothing is imported because a file names it: only `import_own` imports, only what a
configuration names that the user gives to a verb, and only modules that the user allows by name beside it. Who goes on
with a run gives them again, and who reads a model its class of networks; losses and metrics are no part of a model.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted

Architectures = Mapping[str, Any]
"""Networks, losses and metrics by their names in a configuration, such as ``{"my_module:MyNet": MyNet}``."""

NONE_OWN: Architectures = {}

OWN_KEYS = {
    "model.architecture": "architecture",
    "training.loss": "loss",
    "training.metrics": "metric",
}
"""Keys of a configuration that may name code of the user's own, and what it is there."""

_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def is_own(name: object) -> bool:
    """Tell whether a name has the form ``module:Class`` or ``module:function``.

    Examples
    --------
    >>> is_own("my_package.networks:MyNet"), is_own("residual"), is_own("os:path.join")
    (True, False, False)
    """
    return isinstance(name, str) and _OWN.fullmatch(name) is not None


def import_own(config: Config, allowed: Sequence[str]) -> dict[str, Any]:
    """Import the classes and functions of the user's own that a configuration names, and return them by name.

    Parameters
    ----------
    config
        As the user gave it to a verb; never one that was read from a model file or run folder.
    allowed
        Names of the modules that may be imported.

    Raises
    ------
    ConfigError
        If a module is not allowed, cannot be imported or lacks what is named, or an allowed one is not asked for.
    """
    named = list(_named(config.model_dump(), ""))
    modules = {one.name: one.module for one in named}
    for one in named:
        if one.module not in allowed:
            others = f"choose one of the {'architectures' if one.kind == 'architecture' else 'losses'} of this package"
            raise ConfigError(
                f"{one.place}: {one.name!r} is code of your own, which is imported only where you allow it: "
                f"formation-mlp train (or tune) CONFIG --allow-import {one.module}. Or "
                f"{'leave the metric out' if one.kind == 'metric' else others}."
            )
    for module in allowed:
        if module not in modules.values():
            raise ConfigError(
                f"--allow-import {quoted(module)}: the configuration names no class and no function of this module. "
                "Write model.architecture: 'module:Class', training.loss: 'module:function' or training.metrics: "
                "['module:function'], or leave the option out."
            )
    return {one.name: _imported(one) for one in named}


def require_importable(architectures: Architectures) -> None:
    """Refuse code that other processes cannot import: they get its names, and not the code.

    Raises
    ------
    ConfigError
        If a class or function is not found under its name in the module where it says that it is defined.
    """
    for name, found in architectures.items():
        module, own_name = getattr(found, "__module__", "__main__"), getattr(found, "__qualname__", "")
        if module == "__main__" or getattr(sys.modules.get(module), own_name, None) is not found:
            raise ConfigError(
                f"code of your own: other processes cannot import {name!r} as {module}.{own_name}. Define it in a "
                "file of its own, which is found from anywhere, or train in this process (one worker)."
            )


def not_given(name: str) -> str:
    """Return why a class cannot be used that a file or configuration only names, and what to do."""
    short = name.partition(":")[2]
    return (
        f"{name!r} is a class of your own. It is never imported because a file names it, and must be given again: "
        f"in Python with formation_mlp.load(path, architectures={{{name!r}: {short}}}); the verbs train and tune, "
        f"whose configuration names it, take --allow-import {name.partition(':')[0]}; other verbs cannot use it."
    )


def not_imported(name: str) -> str:
    """Return why a loss or a metric cannot be used that a configuration only names, and what to do."""
    short = name.partition(":")[2]
    return (
        f"{name!r} is code of your own, and nothing is imported because a configuration names it. Give it beside the "
        f"configuration: formation-mlp train CONFIG --allow-import {name.partition(':')[0]}, or in Python "
        f"formation_mlp.runs.train.train(..., architectures={{{name!r}: {short}}}); the estimators cannot use it."
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """Code of the user's own: its name, the place in the configuration that names it, and what it is there."""

    name: str
    place: str
    kind: str

    @property
    def module(self) -> str:
        return self.name.partition(":")[0]


def _named(value: Any, place: str) -> Iterator[_Named]:
    """Yield what is named under the keys of `OWN_KEYS`, by any part of the configuration or as keys of a search."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f"{place}.{key}" if place else str(key)
            found = next((own for own in OWN_KEYS if f".{where}".endswith(f".{own}")), None)
            if found is None:
                yield from _named(inner, where)
            else:
                yield from (_Named(name, where, OWN_KEYS[found]) for name in _texts(inner) if is_own(name))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _imported(named: _Named) -> Any:
    try:
        module = import_module(named.module)
    except ImportError as error:
        raise ConfigError(
            f"--allow-import {named.module}: it cannot be imported: {error}. Install it; a file of the working folder "
            "is found with PYTHONPATH=. before the command."
        ) from error
    own_name = named.name.partition(":")[2]
    found = getattr(module, own_name, None)
    is_network = named.kind == "architecture"
    if not (isinstance(found, type) if is_network else callable(found)):
        what = "class" if is_network else "function or class"
        raise ConfigError(f"{named.place}: the module {named.module} has no {what} {own_name!r}.")
    return found
