"""Random compositions, and texts that are known to name a compound."""

import csv

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.data.sources import bundled_path

_NAMES = "H Li Be B C N O F Na Mg Al Si P S Cl K Ca Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Sr Zr Nb Mo"
COMMON = tuple(_NAMES.split())
ALL = tuple(ATOMIC_NUMBER)


def real_formulas() -> list[str]:
    """Return the formulas of the bundled table."""
    with bundled_path().open(encoding="utf-8", newline="") as file:
        return [row["formula"] for row in csv.DictReader(file)]


def random_amount(rng) -> float:
    draw = rng.random()
    if draw < 0.7:
        return float(rng.randint(1, 12))
    if draw < 0.95:
        return round(rng.uniform(0.01, 4), rng.randint(1, 3)) or 1.0
    return float(rng.randint(13, 300))


def random_composition(rng, most: int = 5) -> dict[str, float]:
    pool = COMMON if rng.random() < 0.7 else ALL
    return {symbol: random_amount(rng) for symbol in rng.sample(pool, rng.randint(1, most))}


def same(one, other, *, scaled: bool = False) -> bool:
    """Tell whether two mappings of symbols to amounts agree to nine digits, or do so up to a common factor."""
    if one is None or other is None or set(one) != set(other):
        return False
    ratio = sum(one.values()) / sum(other.values()) if scaled else 1.0
    return all(abs(one[symbol] - ratio * other[symbol]) <= 1e-9 * abs(one[symbol]) for symbol in one)


def balanced(formula: str) -> bool | None:
    """Tell whether usual oxidation states of a formula add up to zero; None for an element or one that is too large."""
    from pymatgen.core import Composition

    composition = Composition(formula)
    if len(composition) < 2 or composition.num_atoms > 30 or len(composition) > 4:
        return None
    if any(amount != int(amount) for amount in composition.values()):
        return None
    return bool(composition.oxi_state_guesses(max_sites=-1))
