"""The command line: one short function a verb. It parses, calls and prints; everything else is elsewhere.

Heavy packages are imported inside the verb that needs them, so that ``--help`` is instant.
"""

from __future__ import annotations

import os
import sys

from formation_mlp import interrupts
from formation_mlp.cli import console, lecture, materials, models, predictions  # noqa: F401 (the verbs)
from formation_mlp.cli.app import app
from formation_mlp.errors import FormationMLPError


def _run(arguments: list[str]) -> None:
    """Run the verb; of the processes that torchrun starts only the first does, and the others help it to train."""
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
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
