"""What speaks against a unit: known compounds that fit another one, all of them or a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.data.unit_evidence import NEAR, distance_from, known_compounds, measured_enthalpies
from formation_mlp.quoting import counted
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import EV_PER_ATOM, UNITS, to_ev_per_atom

N_LOOKED_AT = 2000
"""Rows by which units are told."""
FEWEST_KNOWN = 10
"""Known compounds from which on a unit is called into question."""
TIMES_NEARER = 3.0
"""How much nearer to the measured enthalpies another unit has to lead. Published tables in their right unit reach 1.6,
in draws of ten known compounds and in single chemical families; whole tables in a wrong unit reach 6 to 20."""
LITTLE = 0.1
"""eV/atom, median distance up to which no unit is called into question."""
NOTHING = 0.05
"""Energies below this share of the measured ones are nothing beside them."""
TELLING = 0.3
"""eV/atom of a measured enthalpy from which on two units are well apart."""


@dataclass(frozen=True, slots=True)
class _Apart:
    """When rows are said to be in one of two units and not in the other.

    Attributes
    ----------
    fits, misses : shares of its measured enthalpy by which an energy is off, at most if right, and at least if wrong
    fewest : such rows of each unit
    """

    fits: float
    misses: float
    fewest: int


NEXT, FAR = _Apart(0.3, 0.6, 4), _Apart(0.6, 0.9, 3)
"""For units a few times, and more than twenty times as large as each other, such as eV/atom and kJ/mol."""
SHARE = 0.1
"""Of the rows that tell, from which on they are a part of their own. Published tables have up to 1 % of the kind `NEXT`
and none of `FAR`; draws of 40 rows of them up to 3 rows of `NEXT`."""
MIXES = "the column mixes units"
"""How a doubt begins where a part of the rows is in another unit."""
NAMED = 3
"""Rows of each unit that are named."""


def evenly_spread(n: int, most: int = N_LOOKED_AT) -> Ints:
    """Return the places of at most so many of ``n`` rows, spread over all.

    Examples
    --------
    >>> evenly_spread(5, 3)
    array([0, 2, 4])
    """
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)


def doubt_of_unit(energies: Floats, compositions: Compositions, unit: str, names: Sequence[str]) -> str:
    """Return what speaks against the unit of energies, in a sentence without its end; nothing if nothing does.

    Parameters
    ----------
    energies : ``[n]``, finite, in ``unit``
    compositions : ``[n]``, none empty
    unit : a key of `formation_mlp.units.UNITS`
    names : ``[n]``, of the rows, for the sentence

    Examples
    --------
    >>> from formation_mlp.data.unit_evidence import measured_enthalpies
    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> names = ["Al2O3", "MgO", "NaCl", "CaO", "KBr", "ZnS", "LiF", "TiO2", "BaO", "AlN"]
    >>> enthalpies = np.array([measured_enthalpies()[key] for key in parse_formulas(names).compositions.keys()])
    >>> doubt_of_unit(enthalpies, parse_formulas(names).compositions, "eV/atom", names)
    ''
    >>> print(doubt_of_unit(enthalpies, parse_formulas(names).compositions, "kJ/mol", names))
    in kJ/mol, 10 known compounds lie in the median 2.948 eV/atom from their measured enthalpies, but in eV/atom 0.000
    """
    known = known_compounds(compositions)
    converted = {one: to_ev_per_atom(energies, one, compositions.n_atoms) for one in UNITS}
    if not known:
        return ""
    best = min(UNITS, key=lambda one: distance_from(known, converted[one]))
    of_all = _of_all(converted, known, unit, best)
    if of_all and best != unit and not _mixture(converted, known, best, energies, names):
        return of_all  # one unit fits all rows, so that those which fit a third one do so by chance
    return _mixture(converted, known, unit, energies, names) or of_all


def doubt_by_some(energies: Floats, compositions: Compositions, unit: str, names: Sequence[str]) -> str:
    """Do the same for tables of any length, by at most `N_LOOKED_AT` rows spread over all."""
    some = evenly_spread(len(energies))
    return doubt_of_unit(energies[some], compositions.take(some), unit, [names[i] for i in some])


def _of_all(converted: Mapping[str, Floats], known: Mapping[str, Ints], unit: str, best: str) -> str:
    """Return what the lowest energies of all known compounds say; ``best`` is the unit that leads nearest."""
    if len(known) < FEWEST_KNOWN:
        return ""
    distance = {one: distance_from(known, converted[one]) for one in (unit, best)}
    said = (
        f"in {unit}, {counted(len(known), 'known compound')} lie in the median {distance[unit]:.3f} eV/atom from their "
        "measured enthalpies"
    )
    if distance[best] < NEAR and distance[unit] > max(TIMES_NEARER * distance[best], LITTLE):
        return f"{said}, but in {best} {distance[best]:.3f}"
    measured = measured_enthalpies()
    usual = float(np.median([abs(measured[key]) for key in known]))
    largest = float(np.quantile(np.abs(converted[unit]), 0.9))
    if unit != EV_PER_ATOM and largest < NOTHING * usual:
        return (
            f"{said}, as far as if all energies were zero: nine in ten are below {largest:.2g} eV/atom; no unit leads "
            "near, so they may be no formation energies, but total energies or others"
        )
    return ""


def _mixture(
    converted: Mapping[str, Floats], known: Mapping[str, Ints], unit: str, energies: Floats, names: Sequence[str]
) -> str:
    """Return that a part of the rows fits another unit, with some of each."""
    enthalpies = np.full(len(energies), np.nan)
    for key, rows in known.items():
        enthalpies[rows] = measured_enthalpies()[key]
    tells = np.abs(enthalpies) > TELLING
    off = {one: np.abs(values - enthalpies) / np.abs(enthalpies) for one, values in converted.items()}
    for other in UNITS:
        apart = _apart(unit, other)
        if apart is None:
            continue
        here, there = (
            tells & (off[a] < apart.fits) & (off[b] > apart.misses) for a, b in ((unit, other), (other, unit))
        )
        if min(here.sum(), there.sum()) >= max(apart.fewest, SHARE * tells.sum()):
            some, others = (
                ", ".join([f"{names[i]} ({energies[i]:.5g})" for i in np.flatnonzero(which)[:NAMED]])
                for which in (here, there)
            )
            return (
                f"{MIXES}: of the rows of known compounds {here.sum():,} fit {unit}, such as {some}, and "
                f"{there.sum():,} fit {other}, such as {others}"
            )
    return ""


def _apart(one: str, other: str) -> _Apart | None:
    """Return how to tell two units apart; None where they may agree: they differ in both what they are and count."""
    (energy, counts_formulas), (other_energy, other_counts) = UNITS[one], UNITS[other]
    if (energy == other_energy) == (counts_formulas == other_counts):
        return None
    return FAR if max(energy / other_energy, other_energy / energy) > 20 else NEXT
