"""How rows compare with the training rows, in columns and in words."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.typing import Bools, Floats

FAR = 99.0
"""A row is far from the training rows if it is farther than this percentage of the val rows."""


@dataclass(frozen=True, slots=True)
class DomainColumns:
    """How ``n`` rows compare with the training rows.

    Attributes
    ----------
    unseen : elements that no training row holds, as in ``Xe Kr``, or empty, ``[n]``
    rare : elements in fewer than ``Domain.rare_below`` training rows, with their number, as in ``Tc(3)``, or empty
    distance : share of the val rows that lie nearer to the training rows, in percent, ``[n]``; NaN where a row
        could not be featurized
    charge_balanced : ``yes``, ``rare states``, ``no``, or empty where the question says nothing, ``[n]``
    unknown_states : the oxidation state that no known compound has, as in ``Mn+7 with F``, or empty, ``[n]``
    density : ``below`` or ``above`` those of similar training rows, or empty, ``[n]``; None without structures
    flagged : whether the model is out of its depth for any of these reasons, ``[n]``
    """

    unseen: list[str]
    rare: list[str]
    distance: Floats
    charge_balanced: list[str]
    unknown_states: list[str]
    density: list[str] | None
    flagged: Bools

    @classmethod
    def blank(cls, n: int, with_density: bool) -> DomainColumns:
        """Return the columns of ``n`` rows of which nothing is known, to be filled."""
        density = [""] * n if with_density else None
        unseen, rare, balanced, unknown = ([""] * n for _ in range(4))
        return cls(unseen, rare, np.full(n, np.nan), balanced, unknown, density, np.zeros(n, np.bool_))

    @property
    def has_unknown_state(self) -> Bools:
        """Whether a row needs an oxidation state that no known compound has, ``[n]``."""
        return np.array([bool(text) for text in self.unknown_states], np.bool_)

    def fill(self, rows: Sequence[int], part: DomainColumns, skipped: Container[int]) -> None:
        """Put the columns of some rows in their places, except for those that are skipped."""
        places = [(i, row) for i, row in enumerate(rows) if i not in skipped]
        for i, row in places:
            self.unseen[row], self.rare[row] = part.unseen[i], part.rare[i]
            self.charge_balanced[row], self.unknown_states[row] = part.charge_balanced[i], part.unknown_states[i]
        if self.density is not None and part.density is not None:
            for i, row in places:
                self.density[row] = part.density[i]
        source, target = ([place[side] for place in places] for side in (0, 1))
        self.distance[target] = part.distance[source]
        self.flagged[target] = part.flagged[source]

    def remarks(self) -> list[str]:
        """Return what is wrong with each row in a few words, or an empty text, ``[n]``."""
        remarks = [""] * len(self.unseen)
        for i in np.flatnonzero(self.flagged).tolist():
            density = "" if self.density is None else self.density[i]
            reasons = [
                self.unseen[i] and f"never seen in training: {self.unseen[i].replace(' ', ', ')}",
                self.rare[i] and f"few training rows with: {self.rare[i].replace(' ', ', ')}",
                f"farther from the training rows than {self.distance[i]:.1f} % of validation"
                if self.distance[i] > FAR
                else "",
                self.unknown_states[i] and f"no known compound has {self.unknown_states[i]}",
                density and f"density {density} the range of the training rows",
            ]
            remarks[i] = "; ".join(filter(None, reasons))
        return remarks


def uncommon_elements(
    compositions: Compositions, training_elements: Mapping[str, int], rare_below: int
) -> tuple[list[str], list[str]]:
    """Return, per row, the elements that no training row holds, and those in fewer than ``rare_below`` of them.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> compositions = read_materials(["KrF2", "TcO2"]).materials.compositions
    >>> uncommon_elements(compositions, {"F": 900, "O": 5000, "Tc": 3}, 50)
    (['Kr', ''], ['', 'Tc(3)'])
    """
    counts = np.array([training_elements.get(symbol, 0) for symbol in SYMBOLS])
    unseen, rare = [""] * len(compositions), [""] * len(compositions)
    entries = np.flatnonzero(counts[compositions.z] < rare_below)
    rows = np.searchsorted(compositions.row_ptr, entries, side="right") - 1
    for row in dict.fromkeys(rows.tolist()):  # np.unique would import numpy.ma, a tenth of a prediction
        found = {(SYMBOLS[z], int(counts[z])) for z in compositions.z[entries[rows == row]].tolist()}
        unseen[row] = " ".join(symbol for symbol, n in sorted(found) if n == 0)
        rare[row] = " ".join(f"{symbol}({n})" for symbol, n in sorted(found) if n > 0)
    return unseen, rare
