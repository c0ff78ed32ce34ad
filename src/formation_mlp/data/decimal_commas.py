"""Tables of spreadsheets that write decimals with a comma: which columns do so for certain, and their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+([eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")
_BOTH = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+")
_POINT_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(\.[0-9]{3})+")
_WITH_COMMAS = re.compile(r"[-+]?[0-9.]*,[0-9.,]*")
_POINT = re.compile(r"[-+]?[0-9.,]*\.[0-9.,]*([eE][-+]?[0-9]+)?")


def places_of_decimal_commas(rows: Iterable[Sequence[str]]) -> list[int]:
    """Return the places of the columns whose numbers have a comma before the decimals; none unless that is certain.

    A column has decimal commas if some of its numbers hold a comma and none a point. It is certain as soon as one such
    number, in any of these columns, cannot be a whole number with a sign between thousands: a table is written in one
    way.

    Parameters
    ----------
    rows
        Cells, of columns that are not separated by commas.

    Examples
    --------
    >>> places_of_decimal_commas([["NaCl", "-2,13", "5"], ["MgO", "-3,0", "8"]])
    [1]
    >>> places_of_decimal_commas([["NaCl", "-2,131"], ["MgO", "-3,045"]])  # -2131 and -3045?
    []
    >>> places_of_decimal_commas([["NaCl", "-2,13"], ["MgO", "-3.04"]])
    []
    """
    with_comma, certain, with_point = set[int](), set[int](), set[int]()
    for row in rows:
        for place, cell in enumerate(row):
            if _COMMA.fullmatch(cell):
                with_comma.add(place)
                if not _THOUSANDS.fullmatch(cell):
                    certain.add(place)
            elif _POINT.fullmatch(cell):
                with_point.add(place)
    return sorted(with_comma - with_point) if certain - with_point else []


def cell_with_point_and_comma(rows: Iterable[Sequence[str]]) -> str:
    """Return the first cell with a point between thousands and a decimal comma; an empty text if there is none.

    Examples
    --------
    >>> cell_with_point_and_comma([["NaCl", "-411,1"], ["Al2O3", "-1.675,7"]])
    '-1.675,7'
    """
    return next((cell for row in rows for cell in row if _BOTH.fullmatch(cell)), "")


def are_decimal_points(rows: Iterable[Sequence[str]]) -> bool:
    """Tell whether no number has a comma, and points stand before decimals for certain, not between thousands.

    Examples
    --------
    >>> are_decimal_points([["NaCl", "-2.13"], ["MgO", "-3.045"]]), are_decimal_points([["NaCl", "-2,131"]])
    (True, False)
    >>> are_decimal_points([["NaCl", "-411.153"]])  # -411153, as German tables write it?
    False
    """
    may_be_thousands = is_certain = False
    for cell in (cell for row in rows for cell in row):
        if _WITH_COMMAS.fullmatch(cell):
            return False
        if _POINT_THOUSANDS.fullmatch(cell):
            may_be_thousands = True
        elif _POINT.fullmatch(cell):
            is_certain = True
    return is_certain or not may_be_thousands


def with_decimal_points(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return a table of texts whose numbers with a comma, in the columns of these names, have a point.

    Examples
    --------
    >>> import pandas as pd
    >>> with_decimal_points(pd.DataFrame({"E_f": ["-2,13", "n.d."]}), ["E_f"])["E_f"].tolist()
    ['-2.13', 'n.d.']
    """
    found = frame.copy()
    for name in names:
        found[name] = [_with_point(cell) for cell in frame[name]]
    return found


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell
