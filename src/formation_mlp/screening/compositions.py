"""Every composition of a chemical system up to a number of atoms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.registry import did_you_mean

MOST = 2_000_000
"""Compositions that are enumerated at most, so that memory stays below some hundred megabytes."""


def read_system(text: str) -> tuple[int, ...]:
    """Return the atomic numbers of a chemical system, such as ``Li-Fe-O``, in its order.

    Raises
    ------
    DataError
        If a part of the text is no element, an element is named twice, or there is only one.

    Examples
    --------
    >>> read_system("Li-Fe-O")
    (3, 26, 8)
    """
    parts = [part.strip() for part in text.split("-")]
    unknown = [part for part in parts if part not in ATOMIC_NUMBER]
    if unknown:
        raise DataError(
            f"screen: {text!r} is no chemical system: {unknown[0]!r} is no element, nor is there a file of this name. "
            f"Write element symbols joined by hyphens, such as Li-Fe-O.{_meant(text, unknown[0])}"
        )
    z = tuple(ATOMIC_NUMBER[part] for part in parts)
    if len(set(z)) < len(z):
        raise DataError(f"screen: {text!r} names an element twice. Name each once.")
    if len(z) == 1:
        raise DataError(
            f"screen: {text!r} is one element, whose formation energy is zero. Name two or more, such as {text}-O."
        )
    return z


def _meant(text: str, part: str) -> str:
    parsed = parse_formulas([text])
    if not parsed.failures:
        symbols = [SYMBOLS[z] for z in parsed.compositions.z.tolist()]
        return f" Did you mean {'-'.join(symbols)!r}?"
    return did_you_mean(part, ATOMIC_NUMBER)


def n_compositions(n_elements: int, max_atoms: int) -> int:
    """Return how many compounds (of two elements or more) have a reduced formula of at most ``max_atoms`` atoms.

    Of the ``C(max_atoms + k, k) - 1`` formulas of ``k`` elements, reduced or not, those whose amounts have the greatest
    common divisor ``d`` are as many as the reduced ones of at most ``max_atoms / d`` atoms.

    Examples
    --------
    >>> n_compositions(2, 3), n_compositions(3, 12)
    (3, 331)
    """

    @cache
    def reduced(atoms: int) -> int:
        multiples = sum(reduced(atoms // divisor) for divisor in range(2, atoms + 1))
        return math.comb(atoms + n_elements, n_elements) - 1 - multiples

    return reduced(max_atoms) - n_elements


def enumerate_compositions(elements: Sequence[int], max_atoms: int) -> Compositions:
    """Return every compound of two or more of these elements whose reduced formula has at most ``max_atoms`` atoms.

    Parameters
    ----------
    elements
        Atomic numbers, ``[k]``; the formulas name them from the least to the most electronegative.
    max_atoms
        In a reduced formula.

    Returns
    -------
    Compositions
        In the order of their atoms; `n_compositions` of them.

    Raises
    ------
    DataError
        If there are more than `MOST`.
    """
    k = len(elements)
    if math.comb(max_atoms + k, k) > MOST:
        fitting = next(atoms for atoms in range(max_atoms, 0, -1) if math.comb(atoms + k, k) <= MOST)
        raise DataError(
            f"screen: {k} elements have {n_compositions(k, max_atoms):,} compositions of up to {max_atoms} atoms, too "
            f"many to list. Try --max-atoms {fitting} ({n_compositions(k, fitting):,}), fewer elements, or a file of "
            "formulas."
        )
    ordered = np.array(sorted(elements, key=electronegativity))
    amounts, left = np.zeros((1, 0), np.int16), np.array([max_atoms])
    for _ in elements:
        n_choices = left + 1
        start = np.repeat(np.cumsum(n_choices) - n_choices, n_choices)
        chosen = np.arange(len(start)) - start
        amounts = np.column_stack([np.repeat(amounts, n_choices, axis=0), chosen.astype(np.int16)])
        left = np.repeat(left, n_choices) - chosen
    amounts = amounts[(np.gcd.reduce(amounts, axis=1) == 1) & (np.count_nonzero(amounts, axis=1) > 1)]
    n_elements = np.count_nonzero(amounts, axis=1)
    order = np.lexsort((n_elements, amounts.sum(axis=1)))
    amounts, n_elements = amounts[order], n_elements[order]
    row, column = np.nonzero(amounts)
    row_ptr = np.concatenate([[0], np.cumsum(n_elements)]).astype(np.int64)
    return Compositions(row_ptr, ordered[column].astype(np.int64), amounts[row, column].astype(np.float64))


PEROXIDES = {f"{cation}O": f"{cation}2O2" for cation in ("H", "Li", "Na", "K", "Rb", "Cs")}
"""Formulas that nobody writes in reduced form."""


def formula_texts(compositions: Compositions) -> list[str]:
    """Return the formulas of whole amounts as one writes them: ``Fe2O3``, ``Li2O2``.

    Examples
    --------
    >>> formula_texts(enumerate_compositions((8, 26), 3))
    ['FeO', 'FeO2', 'Fe2O']
    """
    atoms = [
        SYMBOLS[z] if amount == 1 else f"{SYMBOLS[z]}{amount:g}"
        for z, amount in zip(compositions.z.tolist(), compositions.amount.tolist(), strict=True)
    ]
    texts = ["".join(atoms[start:stop]) for start, stop in pairwise(compositions.row_ptr.tolist())]
    return [PEROXIDES.get(text, text) for text in texts]


def electronegativity(z: int) -> tuple[float, int]:
    """Return Pauling's scale, elements without a value last: the order of the elements in a formula."""
    value = float(select_properties("pymatgen", ("X",)).values[z, 0])
    return (math.inf if math.isnan(value) else value, z)
