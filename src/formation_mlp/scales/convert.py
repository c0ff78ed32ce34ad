"""Energies of one scale on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.scales.ions import ions_of
from formation_mlp.scales.kinds import kinds_of, remark
from formation_mlp.scales.maps import ScaleMap, map_between
from formation_mlp.scales.terms import term_values
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions

FEWEST = 3
"""With fewer shared compounds of an element, its compounds are refused."""
FEW = 20
"""With fewer, they are converted with a warning."""


@dataclass(frozen=True, slots=True)
class Converted:
    """``n`` energies on another scale, in eV/atom.

    Attributes
    ----------
    values : NaN where there is an error, ``[n]``
    lo, hi : ends of the interval that holds the energy calculated on the other scale in 90 % of left-out compounds of
        the same kind, ``[n]``
    kinds : kind of each compound, a key of `formation_mlp.scales.kinds.KINDS`
    warnings : row to what a reader should know
    errors : row to the reason why it has no value
    """

    values: Floats
    lo: Floats
    hi: Floats
    kinds: list[str]
    warnings: dict[int, str]
    errors: dict[int, str]


def convert(compositions: Compositions, energies: Floats | Sequence[float], from_: str, to: str) -> Converted:
    """Put energies of one scale on another.

    The difference of the scales is a sum over the elements, their states and the metals with U
    (`formation_mlp.scales.terms`): the published corrections (Jain et al. 2011; Wang et al., Sci. Rep. 11, 15496
    (2021)) where both scales have them, and what was fitted to compounds that are known on both. It belongs to one
    structure: an energy of a hypothetical structure stays that of this structure.

    Parameters
    ----------
    compositions
        Of ``n`` compounds; `formation_mlp.materials.formula.reading.parse_formulas` reads formulas.
    energies
        eV/atom on the scale ``from_``, ``[n]``; NaN where there is none.
    from_, to
        Names of the scales.

    Raises
    ------
    ConfigError
        If a scale is unknown, or no shared compounds connect the two.

    Examples
    --------
    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> compositions = parse_formulas(["AgBr", "Fe", "Na2O2"]).compositions
    >>> converted = convert(compositions, [-0.25, 0.0, -1.2], "mp2019", "mp2020")
    >>> bool(converted.values[0] < -0.45), float(converted.values[1]), sorted(converted.warnings)
    (True, 0.0, [2])
    """
    known = map_between(from_, to)
    given = np.asarray(energies, np.float64)
    ions = ions_of(compositions)
    kinds = kinds_of(compositions, ions)
    rows, columns, shares = term_values(compositions, ions)
    weights = shares * known.coefficients[columns]
    values = given + np.bincount(rows, weights=weights, minlength=len(compositions))
    half = np.array([known.half_widths[kind] for kind in kinds], np.float64)
    half[compositions.n_elements == 1] = 0.0  # elements are the zero of each scale
    errors = dict.fromkeys(np.flatnonzero(~np.isfinite(given)).tolist(), "no energy")
    warnings = {row: text for row, kind in enumerate(kinds) if (text := remark(kind, ions.doubtful.get(row, [])))}
    rare, lacking = _scarce(compositions, known)
    errors |= lacking
    for row, text in rare.items():
        warnings[row] = f"{warnings[row]}; {text}" if row in warnings else text
    for row in np.flatnonzero(compositions.n_elements == 0).tolist():
        errors[row] = "no composition"
    values[list(errors)] = np.nan
    warnings = {row: text for row, text in warnings.items() if row not in errors}
    return Converted(values, values - half, values + half, kinds, warnings, errors)


def _scarce(compositions: Compositions, known: ScaleMap) -> tuple[dict[int, str], dict[int, str]]:
    """Return warnings and errors of compounds with an element of which few or no compounds are known on both scales."""
    rare: dict[int, str] = {}
    lacking: dict[int, str] = {}
    symbols = [SYMBOLS[z] for z in compositions.z.tolist()]
    for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
        if stop - start < 2:
            continue
        fewest, symbol = min((known.n_compounds.get(symbol, 0), symbol) for symbol in symbols[start:stop])
        if fewest < FEWEST:
            lacking[row] = f"{fewest or 'no'} compounds of {symbol} are known on both scales: nothing says how it moves"
        elif fewest < FEW:
            rare[row] = f"only {fewest} compounds of {symbol} are known on both scales"
    return rare, lacking
