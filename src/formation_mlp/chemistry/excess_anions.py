"""Whether a compound has more anions than its other elements can charge, as NaCl3 and LiO8 do.

Calculated energies are corrected for each atom of an anion (Wang et al., Sci. Rep. 11, 15496 (2021): -0.61 eV for Cl,
-0.69 eV for O of an oxide). In NaCl3 only one of three Cl can take the electron of Na; the others are bonded to one
another, yet all three are corrected, and the energy is too low by some tenths of an eV/atom. Databases hold such
compounds: proposed ones, crystals whose hydrogen nobody found (GdCO4 is a hydroxide carbonate), electrodes without
their lithium. On a hull they would make what chemists make look unstable.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.chemistry.known_states import (
    CHARGE,
    LIGANDS,
    TOLERANCE,
    load_known_states,
    most_electronegative,
    unknown_states,
)
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.typing import Bools, Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

ANIONS = ("F", "O", "Cl", "H")
"""Anions that are judged. S, Se, Te, N, Br and I bond to themselves in so many compounds that a ratio says nothing."""


def has_excess_anions(compositions: Compositions) -> Bools:
    """Return whether each compound has more anions than the known states of its other elements can charge, ``[n]``.

    Only what `formation_mlp.chemistry.known_states.unknown_states` warns of is judged. The anion is the most
    electronegative element, if it is one of `ANIONS`. Beside it the other element of a compound of two has at most its
    highest state in known compounds of the two, peroxides and the like included; those of other compounds have at most
    their highest state in any compound. States that are too low, and those that an element has with another anion
    only, are no reason.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> formulas = ["NaCl3", "LiO8", "GdCO4", "NaCl", "KO2", "K3NbO8", "K2MnF7", "Na3Cl"]
    >>> has_excess_anions(read_materials(formulas).materials.compositions).tolist()
    [True, True, True, False, False, False, False, False]
    """
    found = np.zeros(len(compositions), np.bool_)
    flagged = np.flatnonzero([bool(text) for text in unknown_states(compositions)])
    if len(flagged):
        found[flagged] = _demand_more(compositions.take(flagged))
    return found


def _demand_more(compositions: Compositions) -> Bools:
    """Return whether the anions of each row demand more charge than the other elements supply, ``[n]``."""
    n, z, amount = len(compositions), compositions.z, compositions.amount
    row, known = np.repeat(np.arange(n), compositions.n_elements), load_known_states()
    is_anion = most_electronegative(compositions)
    anion = [SYMBOLS[one] for one in z[is_anion].tolist()]
    is_judged = np.isin(anion, ANIONS)
    place = np.array([LIGANDS.index(symbol) if symbol in ANIONS else 0 for symbol in anion])
    beside = np.fmax(known.highest, known.chain_highest)[z, place[row]]
    of_two = (compositions.n_elements == 2)[row] & ~np.isnan(beside)
    highest = np.where(of_two, beside, _highest_states()[z])
    demand = np.array([CHARGE[symbol] for symbol in anion]) * amount[is_anion]
    supply = np.bincount(row, amount * highest * ~is_anion, n)
    found: Bools = is_judged & (demand > supply * (1 + TOLERANCE))
    return found


@cache
def _highest_states() -> Floats:
    """Return the highest oxidation state of each element in any compound that the tables know, ``[119]``."""
    listed = load_oxidation_states().values()
    of_tables = [max((0, *(state for states in listed for state in states[z]))) for z in range(len(SYMBOLS))]
    found: Floats = np.fmax(np.array(of_tables, np.float64), np.fmax.reduce(load_known_states().highest, axis=1))
    found[ATOMIC_NUMBER["H"]] = 1
    return found
