"""Pages that show what the program prints: their blocks, and a checkout in which their commands run again."""

from __future__ import annotations

import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

from support.paths import ROOT

WIDTH = 80
"""Columns of the terminal in which commands run."""

ONCE = "compiling numerical code for this machine"
"""Said by the first command that compiles after an installation; no page shows it."""

FENCED = re.compile(r"^```(\S*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
SECONDS = 1800


def pages() -> list[Path]:
    """Return the README and every page of the site that is written by hand."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    made = tuple(str(ROOT / line.strip("/")) for line in ignored if line.startswith("/docs/"))
    return [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if not str(p).startswith(made))]


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language in a page."""
    return [body for name, body in FENCED.findall(text) if name == language]


def console(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command that follows a dollar sign in a console block, and the output shown below it."""
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield _without_comment(command), output


def with_outputs(text: str, outputs: dict[str, str]) -> str:
    """Return a page whose console blocks show these outputs, by command; comments behind a command stay."""

    def filled(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        lines = [line for line in match[2].splitlines() if line.startswith("$ ")]
        shown = [f"{line}\n{outputs[_without_comment(line[2:])]}" for line in lines]
        return f"```console\n{''.join(shown)}```"

    return FENCED.sub(filled, text)


def _without_comment(command: str) -> str:
    return re.sub(r"\s+# .*", "", command)


def copy_checkout(folder: Path) -> Path:
    """Return a copy of the repository whose environment is the present one."""
    copy = folder / "formation_mlp"
    ignored = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", ".coverage*")

    def left_out(at: str, names: list[str]) -> set[str]:
        own = {"runs", "build"} if Path(at) == ROOT else set()  # the package of the name runs is needed
        return own | set(ignored(at, names))

    shutil.copytree(ROOT, copy, ignore=left_out)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


def is_installed() -> bool:
    """Tell whether the present environment is that of this checkout, by the stamp of ``scripts/_environment.sh``.

    In a copy of any other, the set-up script would install the copy into the environment, which outlives it.
    """
    command = ["bash", "-c", ". scripts/_environment.sh && stamp"]
    stamp = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    installed = Path(sys.prefix) / ".installed"
    return installed.exists() and f"{stamp} [dev]" in installed.read_text(encoding="utf-8").splitlines()


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of somebody who has activated the checkout's."""
    environment = {
        **os.environ,
        "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TERM": "dumb",
        "COLUMNS": str(WIDTH),
    }
    for name in ("PYTHONPATH", "COLUMNS"):
        environment.pop(name, None)
    return environment


def shell(command: str, folder: Path) -> str:
    """Run a command as in a pipe, and return both streams."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout


def terminal(command: str, folder: Path, width: int = WIDTH) -> str:
    """Run a command on a terminal of ``width`` columns, and return what it shows, without blank ends of lines.

    What is said once after an installation is left out.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment_of(folder),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    lines = [line.split("\r")[-1].rstrip() for line in shown.decode("utf-8").replace("\r\n", "\n").split("\n")]
    return "\n".join(line for line in lines if not line.startswith(ONCE))


def _read(ours: int) -> bytes:
    try:
        return os.read(ours, 65536)
    except OSError:  # Linux ends a pseudo-terminal by an error
        return b""
