"""Where numbers that took long are kept for the next run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

OFF = "off"


def cache_root(asked: str | Path | None = None) -> Path | None:
    """Return the folder of all that is kept, or None if nothing is.

    Parameters
    ----------
    asked
        A folder, or ``off``. If not given, ``$FORMATION_MLP_CACHE`` says it, and else it is the user's cache folder.
        The folder may be deleted at any time.
    """
    folder = asked or os.environ.get("FORMATION_MLP_CACHE")
    try:
        return None if folder == OFF else Path(folder or _user_cache() / "formation_mlp").expanduser()
    except RuntimeError:  # a user without a home
        return None


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
