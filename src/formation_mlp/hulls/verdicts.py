"""The verdicts on the compounds of a table: energies on the hull, scores against a truth, and the file of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.hulls.energy_table import EnergyTable
from formation_mlp.hulls.hull import Decompositions
from formation_mlp.system.files import write_csv
from formation_mlp.targets.metrics import call_scores
from formation_mlp.typing import Floats


def stability_scores(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Compare decomposition energies with true ones, both in eV/atom, ``[n]``; zero or less is stable.

    Returns
    -------
    dict
        The MAE in eV/atom, and `call_scores`.
    """
    mae = float(np.mean(np.abs(predicted - truth)))
    return {"MAE": mae, **call_scores(truth <= 0, predicted <= 0, -predicted)}


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on each of the ``n`` rows of a table.

    Attributes
    ----------
    table : the rows
    decompositions : of the rows with an energy, in their order
    products : what each row decomposes to, as text; empty without an energy, ``[n]``
    known : where the database has the energy of each row's composition from, one of `ORIGINS`; empty if it does not
        know it, ``[n]``; None if no known phases compete
    new_products : the products that are rows of the table and no known phases, ``[n]``
    truth : true decomposition energies in eV/atom, NaN where unknown, ``[n]``; None if no truth was given
    notes : remarks for the reader
    phase_errors : standard errors of the energies of the competing phases, in eV/atom
    phases : the competing phases: compositions, formation energies in eV/atom, and formulas
    verdicts : whether each compound is stable, in words, if its chance decides that and not its energy alone, ``[n]``
    chances : further columns, which say how sure the verdicts are, ``[n]`` each
    """

    table: EnergyTable
    decompositions: Decompositions
    products: list[str]
    truth: Floats | None
    notes: list[str]
    phase_errors: Floats
    phases: tuple[Compositions, Floats, list[str]]
    known: list[str] | None = None
    new_products: list[str] | None = None
    verdicts: list[str] | None = None
    chances: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def energy(self) -> Floats:
        """Decomposition energies in eV/atom, NaN where a row has none, ``[n]``."""
        energy = np.full(len(self.table), np.nan)
        energy[self.table.good] = self.decompositions.energy
        return energy

    def scores(self) -> dict[str, float] | None:
        """Return the number of scored rows and their `stability_scores`, or None without a truth."""
        if self.truth is None:
            return None
        scored = np.isfinite(self.truth) & np.isfinite(self.energy)
        return {"rows": int(scored.sum()), **stability_scores(self.truth[scored], self.energy[scored])}

    def write(self, out: Path) -> None:
        """Write one line per row, whole or not at all: see `formation-mlp stability --help` for the columns."""
        columns = self.columns()
        write_csv(out, list(columns), zip(*columns.values(), strict=True))

    def columns(self) -> dict[str, Sequence[object]]:
        """Return the columns of the file, their cells as texts."""
        table = self.table
        columns: dict[str, Sequence[object]] = {} if table.ids is None else {"id": table.ids}
        columns |= {
            "formula": table.labels,
            "energy": _texts(table.energies),
            "decomposition_energy": _texts(self.energy),
            "stable": self.verdicts or _words(self.energy),
            "products": self.products,
        }
        columns |= {name: _texts(values) for name, values in self.chances.items()}
        columns |= {} if self.known is None else {"known": self.known}
        columns |= {} if self.new_products is None else {"new_products": self.new_products}
        if self.truth is not None:
            columns |= {"true_decomposition_energy": _texts(self.truth), "truly_stable": _words(self.truth)}
        columns["warning"] = [text and f"no known compound has {text}" for text in unknown_states(table.compositions)]
        columns["error"] = [table.errors.get(row, "") for row in range(len(table))]
        return columns


def _texts(values: Floats) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.6f}" for value in values.tolist()]


def _words(energies: Floats) -> list[str]:
    return ["" if np.isnan(value) else "yes" if value <= 0 else "no" for value in energies.tolist()]
