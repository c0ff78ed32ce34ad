"""Energies in eV/atom, and the conversion to it; nothing else in the package converts."""

from __future__ import annotations

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted
from formation_mlp.registry import lookup
from formation_mlp.typing import Floats

EV_PER_ATOM = "eV/atom"

LARGEST_ENERGY = 20.0
"""eV/atom; a prediction farther from zero is a defect of the model, not an energy.

Formation energies lie between about -5 and 5, and cohesive energies, the largest that are given per atom, end at about
10 (tungsten 8.9 eV/atom; Kittel, Introduction to Solid State Physics)."""

KJ_PER_MOL = 96.48533212331
"""One eV per particle in kJ/mol: the Faraday constant / 1000 (CODATA 2018)."""
KJ_PER_KCAL = 4.184
"""The thermochemical calorie."""

UNITS: dict[str, tuple[float, bool]] = {
    "eV/atom": (1.0, False),
    "meV/atom": (1e-3, False),
    "kJ/mol": (1 / KJ_PER_MOL, False),
    "kcal/mol": (KJ_PER_KCAL / KJ_PER_MOL, False),
    "J/mol": (1e-3 / KJ_PER_MOL, False),
    "eV/formula": (1.0, True),
    "kJ/mol-formula": (1 / KJ_PER_MOL, True),
    "kcal/mol-formula": (KJ_PER_KCAL / KJ_PER_MOL, True),
    "J/mol-formula": (1e-3 / KJ_PER_MOL, True),
}
"""Unit to (value in eV, whether it counts a formula unit instead of one atom).

``kJ/mol`` is per mole of atoms; ``kJ/mol-formula`` is per mole of the formula as written, which is
what thermochemical tables usually print. Databases for phase diagrams (CALPHAD) hold ``J/mol``.
"""


def unit_in_words(unit: str) -> str:
    """Return a unit with what it counts, for readers of a line: a mole of atoms, or of the formula.

    Examples
    --------
    >>> [unit_in_words(unit) for unit in ("eV/atom", "kJ/mol", "kJ/mol-formula", "eV/formula")]
    ['eV/atom', 'kJ per mole of atoms', 'kJ per mole of the formula as written', 'eV per formula as written']
    """
    energy, _, counted = unit.partition("/")
    words = {
        "mol": "mole of atoms",
        "mol-formula": "mole of the formula as written",
        "formula": "formula as written",
    }
    return f"{energy} per {words[counted]}" if counted in words else unit


def to_ev_per_atom(energy: Floats, unit: str, n_atoms: Floats) -> Floats:
    """Convert energies to eV/atom.

    Parameters
    ----------
    energy : ``[n]``, in ``unit``
    unit : a key of `UNITS`
    n_atoms : ``[n]``, atoms in the formula as written
    """
    factor, per_formula = UNITS[unit]
    return energy * factor / n_atoms if per_formula else energy * factor


def check_per_atom(unit: str, where: str) -> None:
    """Raise `ConfigError` if ``unit`` is unknown, or counts formula units instead of atoms."""
    per_atom = {name: factor for name, (factor, per_formula) in UNITS.items() if not per_formula}
    if unit in UNITS and unit not in per_atom:
        raise ConfigError(f"{where}: {quoted(unit)} counts formula units. Choose one per atom: {', '.join(per_atom)}.")
    lookup(per_atom, unit, where, "unit")


def from_ev_per_atom(energy: Floats, unit: str) -> Floats:
    """Convert energies ``[n]`` in eV/atom, or their errors, to a unit per atom (``kJ/mol``: per mole of atoms).

    Examples
    --------
    >>> from_ev_per_atom(np.array([-2.0]), "meV/atom")
    array([-2000.])
    """
    check_per_atom(unit, "unit")
    return energy / UNITS[unit][0]


def suspicion(energy: Floats) -> str | None:
    """Say why undeclared energies are hardly formation energies in eV/atom, or return None.

    Formation energies of compounds lie between about -5 (fluorides) and +5 eV/atom. Enthalpies in
    kJ/mol are a hundred times larger, and total energies are negative throughout and large.
    """
    largest = float(np.abs(energy).max())
    if largest > 10:
        return f"values reach {largest:.4g}, which looks like kJ/mol or energies per formula unit"
    if len(energy) >= 3 and energy.max() < -1 and np.median(energy) < -4.5:
        return f"all values lie between {energy.min():.3g} and {energy.max():.3g}, which looks like total energies"
    return None


def impossible(energy: Floats) -> dict[int, str]:
    """Return the places of energies, eV/atom, that no material can have, each with what is wrong.

    Examples
    --------
    >>> impossible(np.array([-2.0, 414.0]))
    {1: '414 eV/atom, but no material lies beyond 20 eV/atom'}
    """
    return {
        i: f"{energy[i]:.4g} eV/atom, but no material lies beyond {LARGEST_ENERGY:g} eV/atom"
        for i in np.flatnonzero(np.abs(energy) > LARGEST_ENERGY).tolist()
    }


def impossible_energies(energy: Floats) -> dict[int, str]:
    """Return the places of predicted energies, eV/atom, that no material can have, each with what is wrong.

    Examples
    --------
    >>> list(impossible_energies(np.array([-2.0, 1e4])))
    [1]
    """
    return {
        i: f"the prediction is {why}: the model is damaged, or far out of its depth"
        for i, why in impossible(energy).items()
    }
