"""The kind of a compound, as a chemist would sort it at a glance."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from formation_mlp.chemistry.elements import SYMBOLS

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

_ANIONS = (
    ("oxides", frozenset(["O"])),
    ("halides", frozenset(["F", "Cl", "Br", "I"])),
    ("chalcogenides", frozenset(["S", "Se", "Te"])),
    ("pnictides", frozenset(["N", "P", "As", "Sb", "Bi"])),
)
_NO_METALS = frozenset(["H", "B", "C", "Si", "Ge", "He", "Ne", "Ar", "Kr", "Xe", "Rn", "Og", "At", "Ts"])
"""Beside the elements of the anions above."""

CHEMICAL_CLASSES = {
    "oxides": "with oxygen: also hydroxides, carbonates, sulfates, phosphates and oxyhalides",
    "halides": "with F, Cl, Br or I, without O",
    "chalcogenides": "with S, Se or Te, without O and halogens",
    "pnictides": "with N, P, As, Sb or Bi, without O, halogens and chalcogens",
    "intermetallics": "of metals only (Bi makes a pnictide)",
    "others": "hydrides, borides, carbides, silicides, germanides, and single elements",
}
"""Name to what belongs to it; the first that fits counts."""


def chemical_classes(compositions: Compositions) -> list[str]:
    """Return the class of each row, a key of `CHEMICAL_CLASSES`.

    A compound of an anion-forming element belongs to the first of oxides, halides, chalcogenides and pnictides
    that fits; one of metals alone is an intermetallic; what is left, and every element by itself, is another.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> formulas = ["CaCO3", "NaCl", "BiOCl", "ZnS", "GaAs", "NiAl", "TiC", "Fe"]
    >>> chemical_classes(read_materials(formulas).materials.compositions)
    ['oxides', 'halides', 'oxides', 'chalcogenides', 'pnictides', 'intermetallics', 'others', 'others']
    """
    symbols, ptr = [SYMBOLS[z] for z in compositions.z.tolist()], compositions.row_ptr.tolist()
    return [_class_of(frozenset(symbols[a:b])) for a, b in pairwise(ptr)]


def _class_of(elements: frozenset[str]) -> str:
    if len(elements) < 2:
        return "others"
    for name, anions in _ANIONS:
        if elements & anions:
            return name
    return "others" if elements & _NO_METALS else "intermetallics"
