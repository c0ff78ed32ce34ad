"""A column of compositions as three flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from pymatgen.core import Composition


@dataclass(frozen=True, slots=True)
class Compositions:
    """``n`` compositions in compressed rows.

    Row ``i`` consists of the elements ``z[row_ptr[i]:row_ptr[i + 1]]`` with as many atoms as
    ``amount`` says, in the order in which the formula names them (the order fixes the order of
    summation). A row without elements stands for a formula that could not be read.

    Attributes
    ----------
    row_ptr : int64 ``[n + 1]``
    z : int64 ``[m]``, atomic numbers
    amount : float64 ``[m]``, atoms per formula unit
    """

    row_ptr: Ints
    z: Ints
    amount: Floats

    def __len__(self) -> int:
        return len(self.row_ptr) - 1

    @property
    def n_elements(self) -> Ints:
        """Number of elements of each row, ``[n]``."""
        return np.diff(self.row_ptr)

    @property
    def n_atoms(self) -> Floats:
        """Atoms per formula unit of each row, ``[n]``."""
        rows = self._row_of_entry()
        return np.bincount(rows, weights=self.amount, minlength=len(self)).astype(np.float64)

    def _row_of_entry(self) -> Ints:
        return np.repeat(np.arange(len(self)), self.n_elements)

    def fractions(self) -> Floats:
        """Atomic fraction of each entry, ``[m]``; those of a row add up to one."""
        return self.amount / np.repeat(self.n_atoms, self.n_elements)

    def padded(self) -> tuple[Ints, Floats]:
        """Return atomic numbers and fractions as two tables ``[n, k]``, with zeros after the last element of a row."""
        row = self._row_of_entry()
        shape = (len(self), int(self.n_elements.max(initial=0)))
        place = row, np.arange(len(row)) - self.row_ptr[row]
        z, fraction = np.zeros(shape, np.int64), np.zeros(shape)
        z[place], fraction[place] = self.z, self.fractions()
        return z, fraction

    def take(self, rows: Ints | Sequence[int]) -> Compositions:
        """Return the given rows, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        counts = self.n_elements[index]
        row_ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        entry = np.arange(row_ptr[-1]) + np.repeat(self.row_ptr[index] - row_ptr[:-1], counts)
        return Compositions(row_ptr, self.z[entry], self.amount[entry])

    def joined(self, others: Compositions) -> Compositions:
        """Return these rows, and after them the others."""
        row_ptr = np.concatenate([self.row_ptr, others.row_ptr[1:] + self.row_ptr[-1]])
        z, amount = np.concatenate([self.z, others.z]), np.concatenate([self.amount, others.amount])
        return Compositions(row_ptr, z, amount)

    def keys(self) -> list[str]:
        """Return one text per row, equal for equal atomic fractions: ``Fe2O3``, ``Fe4O6``, ``O3Fe2``.

        Fractions are compared to six digits, so that fractional and integer spellings of one
        compound meet. This is the key of "the same reduced formula" everywhere in the package.
        """
        order = np.lexsort((self.z, self._row_of_entry()))
        z = self.z[order].tolist()
        fraction = np.rint(self.fractions()[order] * 1e6).astype(np.int64).tolist()
        ptr = self.row_ptr.tolist()
        return [" ".join(f"{SYMBOLS[z[j]]}{fraction[j]}" for j in range(a, b)) for a, b in pairwise(ptr)]

    def formulas(self) -> list[str]:
        """Return the atoms of each row as text, in its order: ``Fe2 O3``."""
        atoms = [f"{SYMBOLS[z]}{amount:g}" for z, amount in zip(self.z.tolist(), self.amount.tolist(), strict=True)]
        return [" ".join(atoms[a:b]) for a, b in pairwise(self.row_ptr.tolist())]

    def chemical_systems(self) -> list[str]:
        """Return the sorted element symbols of each row, joined by hyphens: ``Fe-O``."""
        symbols = [SYMBOLS[z] for z in self.z.tolist()]
        ptr = self.row_ptr.tolist()
        return ["-".join(sorted(set(symbols[a:b]))) for a, b in pairwise(ptr)]

    def elements(self) -> Ints:
        """Return the atomic numbers that occur in any row, sorted."""
        return np.flatnonzero(np.bincount(self.z))

    def to_pymatgen(self) -> list[Composition]:
        """Return one pymatgen ``Composition`` per row, elements in the same order."""
        from pymatgen.core import Composition

        symbols = [SYMBOLS[z] for z in self.z.tolist()]
        amount, ptr = self.amount.tolist(), self.row_ptr.tolist()
        return [Composition(dict(zip(symbols[a:b], amount[a:b], strict=True))) for a, b in pairwise(ptr)]

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Sequence[int], Sequence[float]]]) -> Compositions:
        """Build from one ``(atomic numbers, amounts)`` pair per row."""
        counts, z, amount = [0], list[int](), list[float]()
        for row_z, row_amount in rows:
            z.extend(row_z)
            amount.extend(row_amount)
            counts.append(len(row_z))
        return cls(np.cumsum(counts, dtype=np.int64), np.array(z, np.int64), np.array(amount, np.float64))
