"""The token of a service comes from a file or a variable: on a command line every user of the machine could read it."""

from __future__ import annotations

import os
from pathlib import Path

from formation_mlp.errors import FormationMLPError

VARIABLE = "FORMATION_MLP_TOKEN"


def token_of(file: Path | None) -> str | None:
    """Return the token, or None if there is none.

    Raises
    ------
    FormationMLPError
        If the file cannot be read, is empty, or others may read it.
    """
    if file is None:
        return os.environ.get(VARIABLE, "").strip() or None
    try:
        token = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise FormationMLPError(f"--token-file: {str(file)!r} cannot be read ({error}). Name a text file.") from error
    if not token:
        raise FormationMLPError(f"--token-file: {str(file)!r} is empty. Put the token into it.")
    if os.name == "posix" and mode & 0o077:
        raise FormationMLPError(
            f"--token-file: other users of this machine may read {str(file)!r}. Take that right away: chmod 600 {file}"
        )
    return token
