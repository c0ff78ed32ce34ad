"""The two functions of the atomic number that lesson 4 approximates."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.chemistry.element_data import load_table

LAST_FITTED = 86
"""Atomic number of the last element that the networks of the lesson see."""


def elements() -> dict[str, Any]:
    """Return the covalent radii in Å by atomic number from 1 on, and the atomic numbers where the period jumps."""
    radii, magpie = load_table("radii"), load_table("magpie")
    radius = radii.values[1:, radii.properties.index("covalent")]
    period = magpie.values[1 : LAST_FITTED + 1, magpie.properties.index("Row")]
    jumps = np.flatnonzero(np.diff(period)) + 1.5
    return {"radius": radius[np.isfinite(radius)].tolist(), "jumps": jumps.tolist()}
