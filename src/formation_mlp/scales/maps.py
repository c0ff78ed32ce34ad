"""The fitted differences between energy scales, and how far they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.scales.scale import SCALES, scale_named
from formation_mlp.scales.terms import NAMES
from formation_mlp.typing import Floats

FILE = "maps.json"
"""Written by ``scripts/build_scale_maps.py``, with the sources and licences of what it was fitted to."""
LEVEL = 0.9
"""Share of left-out compounds of a kind that lie within its half width."""


@dataclass(frozen=True, slots=True)
class ScaleMap:
    """The difference of the energies of one compound on two scales, in eV/atom: the first subtracted from the second.

    Attributes
    ----------
    from_, to : names of the scales
    coefficients : eV per atom of each term, in the order of `NAMES`
    n_compounds : element to the number of compounds with it that were known on both scales
    half_widths : kind of compound to the half width of the 90 % interval, a key for each of `KINDS`
    n : compounds that the fit saw
    """

    from_: str
    to: str
    coefficients: Floats
    n_compounds: dict[str, int]
    half_widths: dict[str, float]
    n: int


@cache
def stored() -> dict[str, Any]:
    """Return what the file of the maps holds."""
    content: dict[str, Any] = json.loads((files(__package__) / FILE).read_text(encoding="utf-8"))
    return content


def pairs() -> list[tuple[str, str]]:
    """Return the pairs of scales that shared compounds connect; each map goes both ways."""
    return [(key.split()[0], key.split()[1]) for key in stored()["maps"]]


def map_between(from_: str, to: str) -> ScaleMap:
    """Return the map from one scale to another.

    Raises
    ------
    ConfigError
        If a name is unknown, the scales are the same, or too few shared compounds connect them.

    Examples
    --------
    >>> map_between("mp2019", "mp2020").n > 10_000
    True
    """
    for name, option in ((from_, "--from"), (to, "--to")):
        scale_named(name, option)
    if from_ == to:
        others = ", ".join(name for name in SCALES if name != to)
        raise ConfigError(f"--to: the energies are on the scale {to!r} already. Choose another one: {others}.")
    maps = stored()["maps"]
    for key, sign in ((f"{from_} {to}", 1.0), (f"{to} {from_}", -1.0)):
        if key in maps:
            return _read(maps[key], from_, to, sign)
    reachable = ", ".join(sorted({b if a == from_ else a for a, b in pairs() if from_ in (a, b)}))
    raise ConfigError(
        f"--from {from_} --to {to}: too few compounds are known on both scales to connect them. "
        f"From {from_} there is a way to: {reachable}."
    )


def _read(raw: dict[str, Any], from_: str, to: str, sign: float) -> ScaleMap:
    coefficients = [sign * raw["terms"].get(group, {}).get(name, 0.0) for group, name in NAMES]
    half_widths = {kind: residual["half_width"] for kind, residual in raw["residuals"].items()}
    return ScaleMap(from_, to, np.array(coefficients), raw["n_compounds"], half_widths, raw["n"])
