"""pymatgen ``Composition`` objects as arrays, held to the same rules as formulas in text."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.atoms import LARGEST_AMOUNT, SMALLEST_AMOUNT
from formation_mlp.materials.formula.reading import ParsedFormulas
from formation_mlp.quoting import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Composition

_HYDROGEN = {"D": "H", "T": "H"}


def read_compositions(items: Sequence[object]) -> tuple[ParsedFormulas, list[str]]:
    """Read pymatgen compositions, and give each a label: its reduced formula, or its atoms if it could not be read.

    Every amount must be a finite number between `SMALLEST_AMOUNT` and `LARGEST_AMOUNT`, also where several species are
    of one element. Oxidation states that the species carry are not used: whether a compound can be charge-balanced is
    judged from the oxidation states that its elements are known for, as for formulas in text.

    Parameters
    ----------
    items
        ``n`` objects; one that is no ``Composition`` fails, as do those with a species that is no element.
    """
    from pymatgen.core import Composition

    rows: list[tuple[list[int], list[float]]] = []
    labels: list[str] = []
    failures: dict[int, str] = {}
    notes: dict[int, str] = {}
    for row, item in enumerate(items):
        try:
            if not isinstance(item, Composition):
                raise DataError(f"{quoted(item)} is no Composition, but others in the same call are.")
            amounts, isotopes = _amounts(item)
            label = _reduced_formula(item)
        except DataError as error:
            failures[row] = str(error)
            amounts, isotopes, label = {}, [], _shown(item)
        rows.append((list(amounts), list(amounts.values())))
        labels.append(label)
        if isotopes:
            notes[row] = f"composition {label}: " + "; ".join(f"{symbol} read as H" for symbol in isotopes)
    return ParsedFormulas(Compositions.from_rows(rows), failures, notes), labels


def _amounts(composition: Composition) -> tuple[dict[int, float], list[str]]:
    """Return the amount of each atomic number, in the order of the composition, and the isotopes among its species."""
    amounts: dict[int, float] = {}
    isotopes: dict[str, None] = {}
    where = f"composition {_shown(composition)}"
    for species, found in composition.items():
        symbol = _symbol(species)
        z = ATOMIC_NUMBER.get(_HYDROGEN.get(symbol, symbol))
        if z is None:
            raise DataError(f"{where}: {shortened(str(species))} is no element. Give elements, or leave it out.")
        amount = float(found)
        _check_amount(amount, str(species), where)
        amounts[z] = amounts.get(z, 0.0) + amount
        _check_amount(amounts[z], symbol, where)
        if symbol in _HYDROGEN:
            isotopes[symbol] = None
    if not amounts:
        raise DataError(f"{where}: it holds no element. Give one such as Composition('Fe2O3').")
    return amounts, list(isotopes)


def _symbol(species: Any) -> str:
    """Return the symbol of an element, isotopes by their own: ``symbol`` of pymatgen's deuterium is H."""
    element = getattr(species, "element", species)  # of a species with an oxidation state
    return str(getattr(element, "name", "") or species.symbol)


def _check_amount(amount: float, species: str, where: str) -> None:
    if math.isfinite(amount) and SMALLEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        return
    raise DataError(
        f"{where}: the amount {amount:g} of {shortened(species)} is outside {SMALLEST_AMOUNT:g} to "
        f"{LARGEST_AMOUNT:g}. Leave out what is not there, and count atoms per formula unit."
    )


def _reduced_formula(composition: Composition) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of noble gases, which have no electronegativity
        formula: str = composition.reduced_formula
    return formula


def _shown(item: Any) -> str:
    """Return the atoms of a composition, whatever their amounts: pymatgen's own text fails for some."""
    try:
        return shortened(" ".join(f"{species}{amount:g}" for species, amount in item.items())) or "?"
    except (AttributeError, TypeError, ValueError):
        return quoted(item)
