"""The checked rows of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from formation_mlp.data.unit_names import name_in
from formation_mlp.materials.records import Materials
from formation_mlp.typing import Floats, Ints


@dataclass(frozen=True, slots=True)
class Target:
    """What the numbers mean.

    Attributes
    ----------
    name : the column, such as ``formation_energy_per_atom``
    unit : ``eV/atom``, or empty for a class
    source : origin of the energies, as declared
    declared_unit : unit before conversion, as declared
    scales : the energy scales of the numbers, the first by default (`formation_mlp.scales`); none if not declared
    """

    name: str
    unit: str
    source: str | None = None
    declared_unit: str | None = None
    scales: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What its numbers are called: the column, without a unit that they are no longer in."""
        return name_in(self.unit, self.name)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is not used, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """``n`` materials of a table whose targets are blank; row ``i`` of everything is the same material.

    Attributes
    ----------
    ids : ``[n]``
    formulas : ``[n]``, as written
    materials : ``[n]``
    places : ``[n]``, where in the whole table each row stands, counted from 0
    n_table : number of rows of the whole table
    """

    ids: tuple[str, ...]
    formulas: tuple[str, ...]
    materials: Materials
    places: Ints
    n_table: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """``n`` materials with a target.

    Row ``i`` of everything is the same material; ids are unique; ``y`` is finite, in eV/atom (or 0/1).

    Attributes
    ----------
    ids : ``[n]``
    formulas : ``[n]``, as written
    materials : ``[n]``
    y : ``[n]``
    target : what ``y`` means
    parts : ``[n]``, the column of the split, if the configuration names one
    auxiliary : ``[n, t]``, further targets as they are in the table; NaN where a row has none
    places : ``[n]``, where in the whole table each row stands, counted from 0; None for rows without a table
    n_table : number of rows of the whole table, those without a target too; None for rows without a table
    scale : ``[n]``, which of ``target.scales`` each row is on; None if there are not several
    weight : ``[n]``, above 0: how much each row counts in training; None if all count the same
    left_out : rows of the source that are not here
    notes : remarks for the reader, such as merged duplicates
    doubts : what speaks against what is declared of the rows, such as their unit
    """

    ids: tuple[str, ...]
    formulas: tuple[str, ...]
    materials: Materials
    y: Floats
    target: Target
    parts: tuple[str, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = field(default=())
    auxiliary: Floats | None = None
    places: Ints | None = None
    n_table: int | None = None
    scale: Ints | None = None
    weight: Floats | None = None
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.ids)
        lengths = {len(self.formulas), len(self.materials), len(self.y), n}
        lengths |= {
            len(column)
            for column in (self.parts, self.auxiliary, self.places, self.scale, self.weight)
            if column is not None
        }
        if len(lengths) != 1:
            raise ValueError(f"columns of unequal length: {sorted(lengths)}")
        if len(set(self.ids)) != n:
            raise ValueError("ids are not unique")
        if not np.isfinite(self.y).all():
            raise ValueError("targets are not finite")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Ints | Sequence[int], left_out: Sequence[LeftOut] = (), notes: Sequence[str] = ()) -> Dataset:
        """Return the given rows, with further rows named as left out and further notes."""
        index = [int(i) for i in rows]
        return Dataset(
            tuple(self.ids[i] for i in index),
            tuple(self.formulas[i] for i in index),
            self.materials.take(index),
            self.y[index],
            self.target,
            None if self.parts is None else tuple(self.parts[i] for i in index),
            self.left_out + tuple(left_out),
            self.notes + tuple(notes),
            None if self.auxiliary is None else self.auxiliary[index],
            None if self.places is None else self.places[index],
            self.n_table,
            None if self.scale is None else self.scale[index],
            None if self.weight is None else self.weight[index],
            self.doubts,
        )

    def keys(self) -> list[str]:
        """Return one text per row that is equal for equal reduced formulas."""
        return self.materials.compositions.keys()
