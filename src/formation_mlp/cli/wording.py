"""Messages about a table name keys of a configuration; a verb without a configuration has options instead."""

from __future__ import annotations

import re

WITHOUT_CONFIGURATION = (
    "fit",
    "init",
    "predict",
    "evaluate",
    "calibrate",
    "featurize",
    "stability",
    "screen",
    "convert",
)
"""Verbs that read a table and take no configuration."""
_OPTION_OF = {"convert": {"target": "column"}, "stability": {"target": "energy"}}
_PATH = re.compile(r"\bdata\.path: ")
_KEY = re.compile(r"\bdata\.(formula|target|unit|id|scale|encoding)\b")


def in_options(verb: str, message: str) -> str:
    """Return a message with the options of a verb in place of the keys of a configuration.

    Examples
    --------
    >>> in_options("evaluate", "data.target: the table has no column 'Ef'. Name the right one with data.target.")
    "--target: the table has no column 'Ef'. Name the right one with --target."
    >>> in_options("train", "data.target: the table has no column 'Ef'.")
    "data.target: the table has no column 'Ef'."
    """
    if verb not in WITHOUT_CONFIGURATION:
        return message
    own = _OPTION_OF.get(verb, {})
    return _KEY.sub(lambda match: f"--{own.get(match[1], match[1])}", _PATH.sub("", message))
