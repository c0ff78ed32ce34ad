"""The command line as tests use it: run as a process of its own, what it leaves behind, and its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import formation_mlp


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: exit code and both streams."""

    code: int
    out: str
    err: str

    def refused(self) -> str:
        """Check that the command ended as bad input must, and return its message."""
        assert self.code == 2, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        assert "error: " in self.err
        return self.err.split("error: ", 1)[1]

    def succeeded(self) -> str:
        assert self.code == 0, self.err
        return self.out


def python_environment(**variables: str) -> dict[str, str]:
    """Return the variables of a process that imports the package tested here."""
    return {**os.environ, "PYTHONPATH": str(Path(formation_mlp.__file__).parents[1]), **variables}


def real_command(*arguments: object, stdin: bytes = b"", **variables: str) -> Outcome:
    """Run ``formation-mlp`` as a process of its own; this costs seconds, so only where it matters."""
    done = subprocess.run(
        [sys.executable, "-m", "formation_mlp", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=python_environment(**variables),
        timeout=900,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def leftovers(folder: Path) -> list[str]:
    """Return temporary files below a folder: what an interrupted write must not leave."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*.tmp")]
