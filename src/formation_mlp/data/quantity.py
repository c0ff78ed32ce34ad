"""What a target is called in words, whatever its column is called."""

from __future__ import annotations

import re

from formation_mlp.data.unit_names import without_unit

FORMATION_ENERGY = {"ef", "eform", "eformation", "formationenergy", "formatione", "deltae", "de", "deltaef"}
FORMATION_ENTHALPY = {"hf", "hform", "deltahf", "dhf", "dhform", "deltah", "dh", "enthalpyofformation"}
"""Usual abbreviations, of letters alone."""

_PER_ATOM = re.compile(r"[\s_,-]+per[\s_]?atom\s*$", re.IGNORECASE)


def quantity_words(column: str) -> str:
    """Return the name of a target's column as words for an axis, without the unit that some names carry.

    Examples
    --------
    >>> quantity_words("formation_energy_per_atom")
    'formation energy'
    >>> quantity_words("E_f [eV/at]"), quantity_words("Hf (kJ/mol)"), quantity_words("e_above_hull")
    ('formation energy', 'formation enthalpy', 'e above hull')
    """
    bare = _PER_ATOM.sub("", without_unit(column))
    letters = re.sub(r"[^a-z]", "", bare.lower().replace("δ", "delta").replace("Δ", "delta"))
    if letters in FORMATION_ENERGY:
        return "formation energy"
    if letters in FORMATION_ENTHALPY:
        return "formation enthalpy"
    return bare.replace("_", " ").strip() or column
