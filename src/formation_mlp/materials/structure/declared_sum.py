"""The formulas that a file declares (``_chemical_formula_sum``, ``_moiety``) against the atoms that it places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.materials.structure.crystal import ISOTOPES

_PART = re.compile(r"([A-Z][a-z]?)\s?(\d+\.?\d*|\.\d+)?(?:\(\d+\))?")
_CHARGE = re.compile(r"\s+\d*[+-]$|\s+[+-]\d*$")

_MOIETY = re.compile(r"(?P<times>\d*\.?\d*)\s*\((?P<inner>[^()]*)\)|(?P<plain>[^()]*)")
"""Part of a moiety formula: ``C6 H6``, ``2(H2 O)``, ``0.5(C6 H6)``."""

TOLERANCE = 0.004
"""Relative difference that a sum with decimals may have; a sum of whole numbers must be exact."""


@dataclass(frozen=True, slots=True)
class DeclaredSum:
    """A declared formula.

    Attributes
    ----------
    text : as written
    amounts : element to atoms; heavy hydrogen is hydrogen
    slack : how far an amount may be off for the digits with which it is written
    """

    text: str
    amounts: Mapping[str, float]
    slack: float

    @property
    def divisor(self) -> int:
        """Return of how many smaller formulas it consists; some files count these in the cell."""
        whole = all(amount == round(amount) for amount in self.amounts.values())
        return gcd(*(round(amount) for amount in self.amounts.values())) if whole else 1

    def agrees(self, counts: Mapping[str, float], units: float | None = None) -> bool:
        """Tell whether a cell with these atoms is a multiple of the formula; of ``units`` of it, if that is known."""
        if set(counts) != set(self.amounts):
            return False
        factor = units or sum(counts.values()) / sum(self.amounts.values())
        return all(
            abs(counts[symbol] / factor - amount) <= self.slack + (TOLERANCE * amount if self.slack > 1e-3 else 0)
            for symbol, amount in self.amounts.items()
        )


def parse_sum(text: str) -> DeclaredSum | None:
    """Return the formula that a file declares, or None if it declares none that can be read."""
    plain = _CHARGE.sub("", " ".join(text.replace(",", " ").split()))
    amounts: dict[str, float] = {}
    end, digits = 0, list[str]()
    for part in _PART.finditer(plain):
        symbol, amount = part.group(1), part.group(2)
        if plain[end : part.start()].strip():
            return None
        end = part.end()
        symbol = "H" if symbol in ISOTOPES else symbol
        if symbol not in ATOMIC_NUMBER:
            return None
        digits.append((amount or "1").partition(".")[2])
        amounts[symbol] = amounts.get(symbol, 0.0) + float(amount or 1)
    amounts = {
        symbol: amount for symbol, amount in amounts.items() if amount > 0
    }  # a file may say that it holds no atom of an element
    if plain[end:].strip() or not amounts:
        return None
    precise = all(not decimals.strip("0") for decimals in digits)
    slack = 1e-6 if precise else 0.5 * 10.0 ** -max(1, *map(len, digits), 1)
    return DeclaredSum(text.strip(), amounts, slack)


def parse_moiety(text: str) -> DeclaredSum | None:
    """Return the sum of a formula of parts such as ``Co 2+, 2(Cl 1-), 6(H2 O)``, or None if it cannot be read.

    A part with an unknown multiple, such as the ``n(...)`` of polymers, cannot be.
    """
    amounts: dict[str, float] = {}
    slack = 0.0
    for part in text.split(","):
        match = _MOIETY.fullmatch(part.strip())
        inner = None if match is None else parse_sum(match["inner"] or match["plain"] or "")
        if match is None or inner is None:
            return None
        times = float(match["times"]) if (match["times"] or "").strip(".") else 1.0
        for symbol, amount in inner.amounts.items():
            amounts[symbol] = amounts.get(symbol, 0.0) + times * amount
        slack += max(1.0, times) * (inner.slack if times == round(times) else max(inner.slack, 0.01))
    return DeclaredSum(text.strip(), amounts, slack)
