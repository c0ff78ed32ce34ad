"""Places in the repository."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
"""The folder of the tests; what a test imports from here is found below it."""

ROOT = TESTS.parent
"""The repository."""

GOLDEN = TESTS / "golden"
"""Frozen numbers of other programs, and models that earlier versions wrote."""

SHARED_DATA = ROOT.parent / "shared" / "data"
"""The published tables, where they lie beside the repository; not every machine has them."""

BUNDLED = ROOT / "data" / "measured_enthalpies.csv"
"""The table that is installed with the package."""
