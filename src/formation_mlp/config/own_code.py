"""Classes of the user's own that a configuration names, such as ``my_module:MyNet``, and when they are imported.

To import a module is to run it. So nothing is imported because a file names it: only `import_own` imports, only what a
configuration names that the user gives to a verb, and only modules that the user allows by name beside it. Who reads a
model or goes on with a run gives the classes again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted

Architectures = Mapping[str, Any]
"""Classes of networks by their names in a configuration, such as ``{"my_module:MyNet": MyNet}``."""

NONE_OWN: Architectures = {}

_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def is_own(name: object) -> bool:
    """Tell whether a name has the form ``module:Class``.

    Examples
    --------
    >>> is_own("my_package.networks:MyNet"), is_own("residual"), is_own("os:path.join")
    (True, False, False)
    """
    return isinstance(name, str) and _OWN.fullmatch(name) is not None


def import_own(config: Config, allowed: Sequence[str]) -> dict[str, Any]:
    """Import the classes that a configuration names, and return them by name.

    Parameters
    ----------
    config
        As the user gave it to a verb; never one that was read from a model file or run folder.
    allowed
        Names of the modules that may be imported.

    Raises
    ------
    ConfigError
        If a module is not allowed, cannot be imported or lacks the class, or an allowed one is not asked for.
    """
    named = dict(_named(config.model_dump(), ""))
    modules = {name: name.partition(":")[0] for name in named}
    for name, place in named.items():
        if modules[name] not in allowed:
            raise ConfigError(
                f"{place}: {name!r} is code of your own, which is imported only where you allow it: formation-mlp "
                f"train (or tune) CONFIG --allow-import {modules[name]}. Or choose an architecture of this package."
            )
    for module in allowed:
        if module not in modules.values():
            raise ConfigError(
                f"--allow-import {quoted(module)}: the configuration names no class of this module. Write "
                "model.architecture: 'module:Class', or leave the option out."
            )
    return {name: _imported(name, module) for name, module in modules.items()}


def require_importable(architectures: Architectures) -> None:
    """Refuse classes that other processes cannot import: they get the names of classes, and not their code.

    Raises
    ------
    ConfigError
        If a class is not found under its name in the module where it says that it is defined.
    """
    for name, found in architectures.items():
        module, own_name = getattr(found, "__module__", "__main__"), getattr(found, "__qualname__", "")
        if module == "__main__" or getattr(sys.modules.get(module), own_name, None) is not found:
            raise ConfigError(
                f"model.architecture: other processes cannot import {name!r} as {module}.{own_name}. Define the class "
                "in a file of its own, which is found from anywhere, or train in this process (one worker)."
            )


def not_given(name: str) -> str:
    """Return why a class cannot be used that a file or configuration only names, and what to do."""
    short = name.partition(":")[2]
    return (
        f"{name!r} is a class of your own. It is never imported because a file names it, and must be given again: "
        f"in Python with formation_mlp.load(path, architectures={{{name!r}: {short}}}); the verbs train and tune, "
        f"whose configuration names it, take --allow-import {name.partition(':')[0]}; other verbs cannot use it."
    )


def _named(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield the names of classes under any key `architecture`, and under those of a search, with their places."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f"{place}.{key}" if place else str(key)
            if key in ("architecture", "model.architecture"):
                yield from ((name, where) for name in _texts(inner) if is_own(name))
            else:
                yield from _named(inner, where)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _imported(name: str, module: str) -> Any:
    try:
        found = import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"--allow-import {module}: it cannot be imported: {error}. Install it; a file of the working folder is "
            "found with PYTHONPATH=. before the command."
        ) from error
    own_name = name.partition(":")[2]
    if not isinstance(getattr(found, own_name, None), type):
        raise ConfigError(f"model.architecture: the module {module} has no class {own_name!r}.")
    return getattr(found, own_name)
