"""Look names up in the tables of parts, with an answer that helps when the name is wrong."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted

T = TypeVar("T")

NEAR = 0.66
"""A name is offered in place of another if, as difflib measures it, so much of both is the same."""


def lookup(table: Mapping[str, T], name: str, where: str, what: str) -> T:
    """Return ``table[name]``.

    Parameters
    ----------
    table
        A table of parts, such as ``ACTIVATIONS``.
    name
        The name asked for.
    where
        The place of the name for the error message, such as ``model.activation``.
    what
        The kind of part, such as ``activation``.

    Raises
    ------
    ConfigError
        If the name is not in the table; the message lists the names and the nearest one.
    """
    if name in table:
        return table[name]
    raise ConfigError(unknown_name(name, table, where, what))


def unknown_name(name: object, allowed: Iterable[str], where: str, what: str) -> str:
    """Return the one sentence shape of every unknown name."""
    choices = sorted(allowed)
    offer = f"Choose one of: {', '.join(choices)}." if choices else "There is none to choose."
    return f"{where}: unknown {what} {quoted(name)}. {offer}{did_you_mean(name, choices)}"


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest choice, or nothing if none is near."""
    lowered = {choice.lower(): choice for choice in choices}
    asked = str(name).lower()
    near = get_close_matches(asked, lowered, n=1, cutoff=NEAR)
    near = near or [choice for choice in lowered if sorted(choice) == sorted(asked)]
    return f" Did you mean {lowered[near[0]]!r}?" if near else ""
