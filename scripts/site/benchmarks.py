"""The page of benchmarks: what was measured, and what was tried, as it stands beside the scripts that measured it."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "bench" / "RESULTS.md"


def page() -> str:
    """Return the page as Markdown; links to files of the repository become their names."""
    text = RESULTS.read_text(encoding="utf-8").replace("# Accuracy and speed", "# Benchmarks: accuracy and speed", 1)
    return re.sub(r"\[([^\]]+)\]\((?!https?://)[^)]+\)", r"`\1`", text)
