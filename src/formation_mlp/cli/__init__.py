"""The command line: one short function a verb. It parses, calls and prints; everything else is elsewhere.

Heavy packages are imported inside the verb that needs them, so that ``--help`` is instant.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module

from formation_mlp.cli import console
from formation_mlp.cli.app import VERBS, app
from formation_mlp.cli.wording import in_options
from formation_mlp.errors import FormationMLPError
from formation_mlp.system import interrupts

NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS") if hasattr(errno, name)}
"""Errors of a disk that other packages let through when they write files of their own."""


def import_verbs(arguments: list[str]) -> None:
    """Import the module of the verb that is asked for, or of all: typer takes long to look at the options of each."""
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for verb in [asked] if asked in VERBS else VERBS:
        import_module(f"formation_mlp.cli.{verb}")


def _run(arguments: list[str]) -> None:
    """Run the verb; of the processes that torchrun starts only the first does, and the others help it to train."""
    import_verbs(arguments)
    if os.environ.get("WORLD_SIZE", "1") == "1":
        app(args=arguments, prog_name="formation-mlp")
    else:
        from formation_mlp.training.parallel import run_together

        run_together(lambda: app(args=arguments, prog_name="formation-mlp"))


def main() -> None:
    """Run the command line: errors of the user end with a message and exit code 2."""
    debug = "--debug" in sys.argv
    # Threads that wait by spinning take the cores from those that work: four times slower beside one busy process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    console.prepare()
    if not {"-q", "--quiet"} & set(sys.argv):
        console.show_remarks()
    try:
        try:
            with interrupts.in_words():
                _run([argument for argument in sys.argv[1:] if argument != "--debug"])
        finally:
            sys.stdout.flush()
    except console.OutputError as error:
        console.end(error)
    except FormationMLPError as error:
        if debug:
            raise
        verb = next((argument for argument in sys.argv[1:] if argument in VERBS), "")
        print(f"error: {in_options(verb, str(error))}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        no_folder = error.errno == errno.ENOENT and error.filename is None and "temporary directory" in str(error)
        if debug or not (no_folder or error.errno in NO_ROOM):
            raise
        print(
            f"error: a temporary file cannot be written ({error.strerror or error}). Free some space, or name another "
            "folder for temporary files with TMPDIR=FOLDER.",
            file=sys.stderr,
        )
        sys.exit(2)
