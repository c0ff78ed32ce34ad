"""The oxidation states of the elements."""

from __future__ import annotations

from functools import cache

from formation_mlp.chemistry.element_data import read_element_csv


@cache
def load_oxidation_states() -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return the oxidation states of each atomic number.

    They are the ``common`` ones, those seen in the ``icsd``, and all that are ``known``, but for metals as anions.
    """
    (_, *names), *rows = read_element_csv("oxidation_states")
    _, *columns = zip(*rows, strict=True)
    states: dict[str, tuple[tuple[int, ...], ...]] = {}
    for name, cells in zip(names, columns, strict=True):
        states[name] = ((), *[tuple(map(int, cell.split())) for cell in cells])
    return states
