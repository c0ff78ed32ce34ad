"""What competes with the rows of a table of energies, and is not judged: known phases, or those of another table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.errors import ConfigError
from formation_mlp.hulls.energy_table import EnergyTable
from formation_mlp.hulls.known_phases import ORIGINS, KnownPhases, known_phases, scales
from formation_mlp.scales.scale import DEFAULT, scale_named
from formation_mlp.typing import Floats, Ints

SHOWN = 6
"""Phases that do not compete are named up to this number."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Phases that compete beside the rows of a table.

    Attributes
    ----------
    compositions : ``[n]``
    energies : formation energies in eV/atom, ``[n]``
    labels : ``[n]``
    errors : standard errors of the energies in eV/atom, ``[n]``
    """

    compositions: Compositions
    energies: Floats
    labels: list[str]
    errors: Floats

    def take(self, rows: Ints) -> Beside:
        """Return the given rows."""
        labels = [self.labels[row] for row in rows.tolist()]
        return Beside(self.compositions.take(rows), self.energies[rows], labels, self.errors[rows])


def known_on_scale(table: EnergyTable, scale: str | None) -> tuple[KnownPhases | None, str]:
    """Return the known phases that compete with a table, if there are any on its scale, and a remark on them.

    Raises
    ------
    ConfigError
        If the scale is unknown, or the table names another one.
    """
    if scale and table.scale and scale != table.scale:
        raise ConfigError(
            f"--scale: found {scale}, but the column 'scale' of {table.path} says {table.scale}. Leave --scale out, or "
            "put the table on that scale with formation-mlp convert."
        )
    declared = scale or table.scale
    name = scale_named(declared or DEFAULT, "--scale" if scale else f"{table.path}, column 'scale'").name
    if name not in scales():
        among = ", ".join(scales())
        return None, f"no known phases compete: the energies are on the scale {name}, and phases are known on {among}"
    elements = table.compositions.take(table.good).elements()
    found = known_phases(name, elements)
    left_out = [found.formulas[row] for row in np.flatnonzero(has_excess_anions(found.compositions)).tolist()]
    counts = ", ".join(f"{found.words.count(word):,} {word}" for word in ORIGINS)
    assumed = "" if declared else f" The table does not name its energy scale, and {name} is assumed: --scale names it"
    return found, (
        f"known phases of these elements compete: {len(found):,} (in a database, which does not say that anybody made "
        f"them; energies: {counts}), on the scale {name}; a row of the table takes the place of its own"
        f"{excess_said(left_out)}.{assumed}"
    )


def excess_said(formulas: list[str]) -> str:
    """Return in words which known phases do not compete since they have excess anions; empty if all do.

    Examples
    --------
    >>> excess_said(["NaCl3", "NaCl7"])
    '; 2 do not compete, since more anions are in them than known states can charge: NaCl3, NaCl7'
    """
    if not formulas:
        return ""
    more = f" and {len(formulas) - SHOWN:,} more" if len(formulas) > SHOWN else ""
    return (
        f"; {len(formulas):,} {'do' if len(formulas) > 1 else 'does'} not compete, since more anions are in "
        f"{'them' if len(formulas) > 1 else 'it'} than known states can charge: {', '.join(formulas[:SHOWN])}{more}"
    )


def without(database: KnownPhases, rows: Compositions) -> Beside:
    """Return the known phases of other compositions than these rows, without those that have excess anions."""
    keys, theirs = database.compositions.keys(), set(rows.keys())
    kept = np.flatnonzero(np.array([key not in theirs for key in keys]) & ~has_excess_anions(database.compositions))
    return Beside(database.compositions, database.energies, database.formulas, database.errors).take(kept)
