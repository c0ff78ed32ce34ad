"""The reference of the command line, from the program itself."""

from __future__ import annotations

from typing import Any

import typer

from formation_mlp.cli import import_verbs
from formation_mlp.cli.app import VERBS, app

INTRODUCTION = """# Command line

`formation-mlp VERB --help` prints the same. Results go to standard output, everything else to standard error.
Exit codes: 0, all done; 2, something of what was given is wrong (the message says where, what was found, what
is allowed and what to try); 1, an error of the program itself; 130, interrupted. `formation-mlp --debug VERB
...` shows the traceback.

This page is made from the program.
"""


def page() -> str:
    """Return the page as Markdown."""
    import_verbs([])
    group = typer.main.get_command(app)
    parts = [INTRODUCTION]
    for verb in VERBS:
        command = group.commands[verb]  # type: ignore[attr-defined]
        context = typer.Context(command, info_name=f"formation-mlp {verb}")
        parts += [
            f"## {verb}\n",
            f"{command.help}\n",
            f"```text\n{command.get_usage(context)}\n```\n",
            _table(command, context),
        ]
    return "\n".join(parts)


def _table(command: Any, context: Any) -> str:
    lines = ["| | |", "|---|---|"]
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is None:
            name, text = parameter.metavar or parameter.name.upper(), getattr(parameter, "help", None) or ""
        else:
            name, text = record
        if "--help" in name:
            continue
        lines.append(f"| `{_cell(name)}` | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return a text for a cell of a table, in which a bar would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
