"""Limits as the command line names them: ``--limit rows=20000``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from formation_mlp.errors import FormationMLPError
from formation_mlp.registry import unknown_name
from formation_mlp.serve.settings import Limits


def limits_of(texts: Sequence[str]) -> Limits:
    """Return the limits with those that are asked for in place of the usual ones.

    Raises
    ------
    FormationMLPError
        If there is no such limit, or its value is no number above zero.

    Examples
    --------
    >>> limits_of(["rows=20000", "seconds=2.5"]).rows
    20000
    """
    kinds = {field.name: type(getattr(Limits(), field.name)) for field in fields(Limits)}
    found: dict[str, int | float] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if name not in kinds:
            raise FormationMLPError(unknown_name(name, kinds, "--limit", "limit"))
        try:
            number = kinds[name](value)
        except ValueError:
            number = 0
        if not mark or not 0 < number < float("inf"):
            kind = "whole number" if kinds[name] is int else "number"
            raise FormationMLPError(f"--limit {name}: found {value!r}, but a {kind} above zero is expected: {name}=...")
        found[name] = number
    return replace(Limits(), **found)  # type: ignore[arg-type]
