"""The oxidation states of the elements."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def load_oxidation_states() -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return the oxidation states of each atomic number.

    They are the ``common`` ones, those seen in the ``icsd``, and all that are ``known``, but for metals as anions.
    """
    text = (files(__package__) / "tables" / "oxidation_states.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    columns = zip(*(row[1:] for row in rows), strict=True)
    return {
        name: ((), *(tuple(map(int, cell.split())) for cell in cells))
        for name, cells in zip(header[1:], columns, strict=True)
    }
