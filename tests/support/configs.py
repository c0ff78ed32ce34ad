"""A configuration that trains in a moment, and variations of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TINY: dict[str, Any] = {
    "data": {"path": "table.csv"},
    "features": ["stoichiometry", "element_fraction"],
    "split": {"val": 0.2, "test": 0.2},
    "model": {"hidden": [8]},
    "training": {"max_epochs": 2, "batch_size": 16, "device": "cpu"},
    "benchmark": {"baselines": ["mean", "ridge"]},
    "output": "run",
}


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested plain data with some keys changed or added; other keys stay."""
    return {
        **base,
        **{
            key: changed(base[key], value) if isinstance(value, Mapping) and key in base else value
            for key, value in changes.items()
        },
    }
