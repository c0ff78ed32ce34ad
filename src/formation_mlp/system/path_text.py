"""Texts that name files: what no file can be called is said in one sentence, before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path

from formation_mlp.errors import FormationMLPError
from formation_mlp.quoting import quoted

LONGEST_NAME = 255
"""Bytes of one name on the usual file systems."""
LONGEST_PATH = 4095
"""Bytes of a path on Linux; elsewhere fewer, which the system says itself."""


def usable_path(text: str | Path, where: str, error: type[FormationMLPError] = FormationMLPError) -> Path:
    """Return a text as a path, ``~`` replaced by the home folder.

    Parameters
    ----------
    text
        As the user gave it.
    where
        The place of the text for the message, such as ``data.path``.
    error
        What is raised.

    Raises
    ------
    FormationMLPError
        If no file can be called so: the text is empty, holds NUL or half a sign, or is too long.
    """
    problem = path_problem(str(text))
    if problem is not None:
        raise error(f"{where}: {problem}")
    try:
        return Path(text).expanduser()
    except RuntimeError as reason:  # there is no such user
        raise error(f"{where}: {quoted(str(text))}: {reason}") from reason


def path_problem(text: str) -> str | None:
    """Return why no file can be called ``text``, or None."""
    if not text.strip():
        return f"found {text!r}, but the name of a file or folder is expected. For the current folder write '.'."
    if "\0" in text:
        return f"{quoted(text)} holds the sign U+0000, which no file name has. Remove it."
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError as error:
        return f"{quoted(text)} holds the sign U+{ord(text[error.start]):04X}, which no file name has. Remove it."
    longest = max(map(len, encoded.split(os.sep.encode())))
    if longest > LONGEST_NAME or len(encoded) > LONGEST_PATH:
        found, most = (longest, LONGEST_NAME) if longest > LONGEST_NAME else (len(encoded), LONGEST_PATH)
        what = "name" if longest > LONGEST_NAME else "path"
        return f"{quoted(text)} has a {what} of {found} bytes; at most {most} are possible. Give a shorter one."
    return None
