"""Whether a piece of a formula is a substance by itself."""

from __future__ import annotations

from functools import lru_cache

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula.atoms import HYDROGEN, FormulaError, count_atoms


@lru_cache(maxsize=10_000)
def amounts_of(text: str) -> dict[int, float]:
    """Return the amount of each atomic number of a formula without adducts, or nothing if it cannot be read."""
    amounts: dict[int, float] = {}
    try:
        for symbol, amount in count_atoms(text):
            z = ATOMIC_NUMBER[HYDROGEN.get(symbol, symbol)]
            amounts[z] = amounts.get(z, 0.0) + amount
    except FormulaError:
        return {}
    return amounts


@lru_cache(maxsize=10_000)
def is_compound(text: str) -> bool:
    """Return whether a formula is a charge-balanced compound."""
    from formation_mlp.chemistry.plausible import is_charge_balanced

    amounts = amounts_of(text)
    return bool(amounts) and is_charge_balanced(amounts)


def is_molecule(text: str) -> bool:
    """Return whether a formula is a neutral molecule with hydrogen: NH3, CH3OH, HCl, N2H4.

    With carbon or nitrogen, any number of atoms counts that leaves no electron alone.
    """
    amounts = amounts_of(text)
    if len(amounts) < 2 or not all(amount.is_integer() for amount in amounts.values()):
        return False
    if _HYDROGEN not in amounts or not all(z in _OF_MOLECULES for z in amounts):
        return False
    is_organic = _CARBON in amounts or _NITROGEN in amounts
    return is_compound(text) or (is_organic and sum(z * amount for z, amount in amounts.items()) % 2 == 0)


_HYDROGEN, _CARBON, _NITROGEN = (ATOMIC_NUMBER[symbol] for symbol in ("H", "C", "N"))
_OF_MOLECULES = frozenset(
    ATOMIC_NUMBER[symbol] for symbol in ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
)
