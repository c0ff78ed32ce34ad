"""The application, the options that several verbs share, and what several of them say."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from formation_mlp.cli.arguments import check_values
from formation_mlp.errors import FormationMLPError
from formation_mlp.quoting import counted
from formation_mlp.system import interrupts

if TYPE_CHECKING:
    from formation_mlp.config.schema import Config


VERBS = (
    "predict",
    "models",
    "explain",
    "fit",
    "init",
    "train",
    "configs",
    "benchmark",
    "tune",
    "evaluate",
    "calibrate",
    "report",
    "featurize",
    "stability",
    "screen",
    "scales",
    "convert",
    "cite",
    "export",
    "lesson",
    "serve",
)
"""The verbs, in the order of ``--help``; each has the module of its name in this package."""


class _Verbs(typer.core.TyperGroup):
    """The verbs; an interrupt ends them with a message, where typer would say nothing."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.commands, key=VERBS.index)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and name is not None:
            check_values(name, command, rest)
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            interrupts.end(stop)


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Formation energies of materials from composition and structure features with small neural networks.",
)

ConfigPath = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG", help="YAML file, or the name of one that comes with the package, such as quickstart."
    ),
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run, such as runs/quickstart.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key, such as model.hidden='[64, 64]'.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the same folder.")]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but results and errors.")]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        help="Processes that featurize structures, or train members of an ensemble, trials of a search or models of a "
        "benchmark.",
    ),
]
Dask = Annotated[
    str | None, typer.Option("--dask", metavar="ADDRESS", help="Dask scheduler, tcp://HOST:PORT, or its file.")
]
AllowImport = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-import",
        metavar="MODULE",
        help="Import this module, of which model.architecture, training.loss or training.metrics names a class or "
        "function as 'MODULE:NAME'.",
    ),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
CsvIn = Annotated[
    Path | None,
    typer.Option("--csv", help="A table: .csv, .xlsx, .json, .parquet and others, or - for standard input."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="Of a table of text, such as cp1252; UTF-8 by default, UTF-16 by its mark at the beginning."
    ),
]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take the options that stand before the verb; `main` reads ``--debug`` itself."""
    if version:
        from formation_mlp import __version__

        print(__version__)
        raise typer.Exit


def load(path: Path, overrides: list[str] | None, verb: str) -> Config:
    """Return the configuration of a file or of the package, with what ``--set`` changes.

    A table that comes by standard input is kept beside the folder of the run, and named in its place, so that the
    configuration in the run folder repeats the run.
    """
    from formation_mlp.config.bundled import resolved
    from formation_mlp.config.loading import load_config
    from formation_mlp.data.standard_input import STANDARD_INPUT, keep_standard_input

    loaded = load_config(resolved(path, verb), overrides or ())
    if loaded.data.path != STANDARD_INPUT:
        return loaded
    kept = keep_standard_input(Path(str(loaded.output)).parent)
    return load_config(resolved(path, verb), [*(overrides or ()), f"data.path={kept}"])


def refuse_without_table(table: str, named: Mapping[str, str | None]) -> None:
    """Refuse options that tell what is in a table where none is given; they would be ignored.

    Parameters
    ----------
    table
        The option that gives the table.
    named
        Options without their dashes, and their values.
    """
    given = [f"--{name}" for name, value in named.items() if value is not None]
    if given:
        raise FormationMLPError(f"{given[0]} is about a table. Give the table with {table}, or leave it out.")


@contextmanager
def readable_table(table: Path) -> Iterator[Path]:
    """Give a table a file for the time of a block, if it comes by standard input: tables are read more than once."""
    from formation_mlp.data.standard_input import STANDARD_INPUT, keep_standard_input

    if str(table) != STANDARD_INPUT:
        yield table
        return
    with TemporaryDirectory() as folder:
        yield keep_standard_input(Path(folder))


def known_or_table(competing: Path | None) -> tuple[bool, Path | None]:
    """Return whether known phases compete, and the table that competes instead, from the value of ``--competing``."""
    if competing is not None and str(competing) == "none":
        return False, None
    return competing is None, competing


def say_failures(n_failed: int, n_rows: int) -> None:
    """Say how many rows have no prediction; if none has one, the verb ends with exit code 2."""
    if n_failed:
        failed = f"{n_failed:,} of {counted(n_rows, 'row')} {'has' if n_failed == 1 else 'have'} no prediction"
        print(f"{failed}; the column 'error' says why", file=sys.stderr)
    if n_failed == n_rows:
        raise typer.Exit(2)
