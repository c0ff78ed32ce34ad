"""What every verb refuses before it runs: values that are empty, and more processes than a machine can bear."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from formation_mlp.errors import FormationMLPError
from formation_mlp.system.path_text import usable_path

WORKERS_PER_CORE = 8
"""More only wait for one another."""
FEWEST_OF_MOST = 64
"""So many processes may be asked for on any machine."""
VERBS_OF_PATHS = (
    *("fit", "init", "train", "configs", "benchmark", "tune", "evaluate", "calibrate", "report"),
    *("featurize", "stability", "screen", "convert", "cite"),
)
"""Arguments of these name files or folders; of the others a material may be empty, and keeps its place as a row."""
PATHS = ("--csv", "--out", "--competing", "--figure", "--html", "--model", "--classifier", "--data")
"""Options that name files or folders."""


def check_values(verb: str, command: Any, arguments: Sequence[str]) -> None:
    """Look at the arguments of a verb as they were written; an empty path would silently mean the current folder.

    Parameters
    ----------
    verb
        Its name.
    command
        What typer made of it: ``command.params`` know their names, and which take no value.
    arguments
        Those after the verb.

    Raises
    ------
    FormationMLPError
        If a value is empty or no file can be called so, or ``--workers`` is outside of what is possible.
    """
    for option, value in _values(command, arguments):
        is_path = option in PATHS if option else verb in VERBS_OF_PATHS
        if not value.strip() and option:
            raise FormationMLPError(f"{option}: the value is empty. Give one, or leave the option out.")
        if is_path:
            usable_path(value, option or verb)
        if option == "--workers":
            _check_workers(value)


def _values(command: Any, arguments: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Yield options with their values, and arguments with None."""
    takes_value = {
        name
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("-") and not getattr(parameter, "is_flag", False)
    }
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            yield from ((None, value) for value in rest)
        elif argument in takes_value:
            yield from ((argument, value) for value in (next(rest, None),) if value is not None)
        elif argument.startswith("--") and "=" in argument:
            name, _, value = argument.partition("=")
            yield name, value
        elif not argument.startswith("-") or argument == "-":
            yield None, argument


def _check_workers(value: str) -> None:
    cores = os.cpu_count() or 1
    most = max(FEWEST_OF_MOST, WORKERS_PER_CORE * cores)
    try:
        n = int(value)
    except ValueError:
        return  # typer says that it is no number
    if not 1 <= n <= most:
        raise FormationMLPError(
            f"--workers: found {n if len(value) < 20 else 'a very large number'}, but 1 to {most} processes are "
            f"possible on this machine, which has {cores} {'core' if cores == 1 else 'cores'}."
        )
