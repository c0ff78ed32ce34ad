"""Ask whether something is taken or refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from formation_mlp.errors import FormationMLPError

T = TypeVar("T")


def result_or_refusal(function: Callable[..., T], *arguments: object) -> tuple[T | None, str]:
    """Return what the function returns, and the message of the package's own error, of which one is empty."""
    try:
        return function(*arguments), ""
    except FormationMLPError as error:
        message = str(error)
        assert message, "an error of the package must say what is wrong"
        return None, message
