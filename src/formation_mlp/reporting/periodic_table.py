"""The periodic table of errors as a part of the page, which reads on a phone and without its colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.figures.elements import FEWEST, brief, brief_count, element_colours, place
from formation_mlp.reporting.groups import mean_error
from formation_mlp.reporting.html import details, periodic_table, table
from formation_mlp.typing import Floats


def element_table(errors: Mapping[str, Floats], unit: str, score_name: str, rows: str) -> Markup:
    """Return the periodic table, each element with the mean over its rows, and a table that sorts.

    Parameters
    ----------
    errors : element symbol to the errors of the rows that hold it, ``[n]`` each, in ``unit``
    unit : of the errors; empty for a share
    score_name : what the mean is
    rows : all rows in words, such as ``320 test rows``
    """
    colours, low, high = element_colours(errors)
    cells = [_cell(symbol, errors.get(symbol, np.empty(0)), unit, colours) for symbol in SYMBOLS[1:]]
    named = f" in {unit}" if unit else ""
    caption = (
        f"{score_name[0].upper()}{score_name[1:]}{named} of the {rows} that hold each element, and their number. "
        f"Dashed: fewer than {FEWEST} rows, which say little. Pale: no row."
    )
    ends = (f"{low:.2g}", f"{high:.2g} {unit}".strip())
    shades = [colours(low * (high / low) ** (i / 8) if low > 0 else high * i / 8)[0] for i in range(9)]
    return periodic_table(cells, ends, shades, caption) + details("All elements as a table", _as_table(errors, unit))


def _cell(symbol: str, values: Floats, unit: str, colours: Any) -> dict[str, Any]:
    column, row = place(ATOMIC_NUMBER[symbol])
    mean = float(values.mean()) if len(values) else 0.0
    fill, ink = colours(mean) if len(values) >= FEWEST else ("", "")
    return {
        "symbol": symbol,
        "row": int(row) + 1 + (row > 7),  # the f block stands apart
        "column": int(column) + 1,
        "n": brief_count(len(values)) if len(values) else "",
        "mean": brief(mean),
        "fill": fill,
        "ink": ink,
        "words": f"{symbol}: {mean_error(values).words(unit)}" if len(values) else f"{symbol}: no row",
    }


def _as_table(errors: Mapping[str, Floats], unit: str) -> Markup:
    found = {symbol: mean_error(errors[symbol]) for symbol in SYMBOLS[1:] if symbol in errors}
    header = ["element", "rows", f"mean ({unit})" if unit else "mean", "95 % from", "to"]
    rows = [
        [symbol, f"{one.n:,}", *(f"{value:.3f}" if one.n > 1 or i == 0 else "" for i, value in enumerate(_ends(one)))]
        for symbol, one in found.items()
    ]
    return table(header, rows)


def _ends(one: Any) -> tuple[float, float, float]:
    return one.mean, one.low, one.high
