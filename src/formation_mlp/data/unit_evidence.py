"""In which unit energies are, told by the numbers themselves where their column does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.data import columns
from formation_mlp.data.numbers import numbers_of_cells
from formation_mlp.data.sources import read_table
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import suspicion, to_ev_per_atom, unit_in_words

FEWEST_KNOWN = 3
"""Compounds of the bundled table of measured enthalpies from which on it settles a unit."""
NEAR = 0.25
"""eV/atom, median distance from the measured enthalpies: computed energies lie about 0.1 from them."""
FAR = 1.0
"""eV/atom; what lies farther from the measured enthalpies is no formation energy in the unit that the name tells."""
MEASURED = 0.01
"""eV/atom; two compilations of measurements differ by 0.002 in the median."""
COMPUTED, FEWEST_TO_TELL = 0.04, 10
"""eV/atom from which on energies are no measured ones, and known compounds that can tell; draws of ten compounds of two
compilations differ by at most 0.037, and computed energies lie 0.06 to 0.1 from measured ones."""
PER_ATOM_AT_MOST = 5.5
"""eV/atom; no compound is bound more strongly (fluorides: 4.5), but its formula unit often is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the numbers say.

    Attributes
    ----------
    unit : a key of `formation_mlp.units.UNITS`, or None if they do not settle it
    reason : why, for a reader
    distance : median distance from measured enthalpies in eV/atom, NaN if too few compounds are known
    n_known : known compounds that tell it
    """

    unit: str | None
    reason: str
    distance: float = np.nan
    n_known: int = 0


def unit_by_numbers(energies: Floats, compositions: Compositions, candidates: Sequence[str]) -> Verdict:
    """Choose the unit of energies among the candidates.

    Known compounds decide if there are at least `FEWEST_KNOWN`; otherwise numbers that no compound reaches per atom do.

    Parameters
    ----------
    energies : ``[n]``, finite
    compositions : ``[n]``, none empty
    candidates : keys of `formation_mlp.units.UNITS`

    Examples
    --------
    >>> read = parse_formulas(["Al2O3", "MgO", "Fe2O3", "SiO2"]).compositions
    >>> unit_by_numbers(np.array([-1675.7, -601.6, -824.2, -910.7]), read, ["kJ/mol", "kJ/mol-formula"]).unit
    'kJ/mol-formula'
    """
    n_atoms = compositions.n_atoms
    converted = {unit: to_ev_per_atom(energies, unit, n_atoms) for unit in candidates}
    verdict = _by_known(converted, compositions)
    if verdict is not None:
        return verdict
    if len(candidates) == 1:
        return Verdict(candidates[0], "the name of the column says so")
    return _by_size(converted, energies)


def _by_known(converted: dict[str, Floats], compositions: Compositions) -> Verdict | None:
    """Hold the lowest energy of each known compound against its measured enthalpy, in each unit."""
    known = known_compounds(compositions)
    if len(known) < FEWEST_KNOWN:
        return None

    def off(values: Floats, sign: float = 1) -> float:
        return distance_from(known, sign * values)

    distance = {unit: off(values) for unit, values in converted.items()}
    best, *others = sorted(distance, key=lambda unit: distance[unit])
    told = f"{len(known)} known compounds lie in the median {distance[best]:.3f} eV/atom from their measured enthalpies"
    if distance[best] > NEAR:
        if min(off(values, -1) for values in converted.values()) < NEAR:
            return Verdict(None, "the signs are the wrong way round: a compound that is bound has a negative energy")
        best = best if not others and distance[best] < FAR else ""
        return Verdict(best or None, told, distance.get(best, np.nan), len(known))
    if others and distance[others[0]] < max(3 * distance[best], 0.1):
        return None
    if others:
        told += f", in {unit_in_words(others[0])} {distance[others[0]]:.3f}"
    return Verdict(best, told, distance[best], len(known))


def _by_size(converted: dict[str, Floats], energies: Floats) -> Verdict:
    """Tell a unit by how large the numbers are."""
    n = len(energies)
    possible = {
        unit: values
        for unit, values in converted.items()
        if (values < -PER_ATOM_AT_MOST).sum() < max(2, 0.02 * n) and np.median(np.abs(values)) > 0.01
    }
    if len(possible) == 1:
        (unit,) = possible
        return Verdict(unit, f"in every other unit that the name allows, compounds would lie below -{PER_ATOM_AT_MOST}")
    if "eV/atom" in possible and suspicion(energies) is None:
        return Verdict("eV/atom", f"the numbers lie between {energies.min():.3g} and {energies.max():.3g}")
    return Verdict(None, f"the numbers lie between {energies.min():.4g} and {energies.max():.4g}")


def known_compounds(compositions: Compositions) -> dict[str, Ints]:
    """Return the rows of each compound of several elements that the bundled table of measured enthalpies has."""
    measured = measured_enthalpies()
    rows: dict[str, list[int]] = {}
    for row, (key, n) in enumerate(zip(compositions.keys(), compositions.n_elements, strict=True)):
        if n > 1 and key in measured:
            rows.setdefault(key, []).append(row)
    return {key: np.array(places) for key, places in rows.items()}


def distance_from(known: Mapping[str, Ints], values: Floats) -> float:
    """Return how far the lowest energy of each known compound is from its measured enthalpy, eV/atom, in the median.

    Parameters
    ----------
    known : compounds and their rows, as `known_compounds` gives them; at least one
    values : energies of all rows in eV/atom, ``[n]``
    """
    measured = measured_enthalpies()
    return float(np.median([abs(values[rows].min() - measured[key]) for key, rows in known.items()]))


@cache
def measured_enthalpies() -> dict[str, float]:
    """Return the measured enthalpies of the bundled table in eV/atom, by reduced formula."""
    frame = read_table("bundled")
    compositions = parse_formulas(columns.cells_of(frame, "formula")).compositions
    values, _, _ = numbers_of_cells(columns.cells_of(frame, "formation_enthalpy_per_atom"))
    return dict(zip(compositions.keys(), values.tolist(), strict=True))
