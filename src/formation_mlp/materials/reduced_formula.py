"""The formula of a cell in its usual way of writing: ``Na4 Cl4`` is ``NaCl``, ``Ca2 Al4 O8`` is ``Ca(AlO2)2``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.typing import Ints

if TYPE_CHECKING:
    from formation_mlp.materials.structures import Structures

_PAULING = (
    "Fr70 Cs79 K82 Rb82 Ba89 Ra90 Na93 Sr95 Li98 Ca100 Ac110 La110 Tb110 Yb110 Ce112 Pm113 Pr113 Nd114 Sm117 Eu120 "
    "Gd120 Dy122 Y122 Ho123 Er124 Tm125 Lu127 Pu128 Am130 Bk130 Cf130 Cm130 Es130 Fm130 Hf130 Lr130 Md130 No130 Th130 "
    "Mg131 Zr133 Np136 Sc136 U138 Pa150 Ta150 Ti154 Mn155 Be157 Nb160 Al161 Tl162 V163 Zn165 Cr166 Cd169 In178 Ga181 "
    "Fe183 Co188 Cu190 Re190 Si190 Tc190 Ni191 Ag193 Sn196 Hg200 Po200 Ge201 Bi202 B204 Sb205 Te210 Mo216 As218 P219 "
    "At220 H220 Ir220 Os220 Pd220 Rn220 Ru220 Pt228 Rh228 Pb233 W236 Au254 C255 Se255 S258 Xe260 I266 Br296 Kr300 "
    "N304 Cl316 O344 F398"
)
ELECTRONEGATIVITY = {
    symbol: int(value) for symbol, value in (re.findall(r"[A-Za-z]+|\d+", part) for part in _PAULING.split())
}
"""Pauling's values, in hundredths, as pymatgen has them; elements without one are written last."""

UNREDUCED = {
    **{f"{metal}O": f"{metal}2O2" for metal in ("Li", "Na", "K", "Rb", "Cs", "H")},
    **{symbol: f"{symbol}2" for symbol in ("H", "N", "O", "F", "Cl")},
}
"""Formulas that keep their two: peroxides and molecules of two atoms."""

OF_ONE_ANION = 165
"""Difference of electronegativity, in hundredths, below which the last two elements are written as one group."""


def reduced_formula(z: Ints) -> str:
    """Return the formula of a cell with these atomic numbers, written as pymatgen writes it."""
    numbers, counts = np.unique(z, return_counts=True)
    return _written(tuple(zip(numbers.tolist(), counts.tolist(), strict=True)))


def reduced_formulas(structures: Structures) -> list[str]:
    """Return the formula of each structure; an empty text for one without sites."""
    cells = structures.compositions()
    ptr, z, amount = cells.row_ptr.tolist(), cells.z.tolist(), cells.amount.astype(int).tolist()
    return [_written(tuple(sorted(zip(z[start:end], amount[start:end], strict=True)))) for start, end in pairwise(ptr)]


@lru_cache(maxsize=4096)
def _written(cell: tuple[tuple[int, int], ...]) -> str:
    if not cell:
        return ""
    text, _ = _reduced({SYMBOLS[z]: n for z, n in cell})
    return UNREDUCED.get(text, text)


def _reduced(amounts: Mapping[str, int]) -> tuple[str, int]:
    """Return the formula and how many times it is in the amounts."""
    factor = gcd(*amounts.values())
    symbols = sorted(amounts, key=lambda symbol: (ELECTRONEGATIVITY.get(symbol, 10_000), symbol))
    group = ""
    if len(symbols) >= 3 and symbols[-1] in ELECTRONEGATIVITY:
        one, other = symbols[-2:]
        if ELECTRONEGATIVITY[other] - ELECTRONEGATIVITY[one] < OF_ONE_ANION:
            inner, times = _reduced({symbol: amounts[symbol] // factor for symbol in (one, other)})
            group = f"({inner}){times}" if times > 1 else ""
    rest = symbols[:-2] if group else symbols
    return "".join(f"{symbol}{_times(amounts[symbol] // factor)}" for symbol in rest) + group, factor


def _times(n: int) -> str:
    return "" if n == 1 else str(n)
