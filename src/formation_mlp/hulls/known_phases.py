"""The known phases that are installed with the package: compounds of a database, which compete on every hull.

`known` means that a compound stands in the Materials Project, not that anybody made it. What a row is worth differs,
and the table says so: an energy of the scale itself, one that was converted from another scale, or a prediction for a
compound whose energy is withheld. Without the last ones, hulls would have holes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import CheckpointError
from formation_mlp.registry import lookup
from formation_mlp.system.array_checks import checked_array, checked_starts
from formation_mlp.system.tensor_file import TensorFile, encoded, read_file
from formation_mlp.typing import Array, Floats, Ints

PATH = Path(__file__).parent / "tables" / "known_phases.safetensors"
"""The table; ``scripts/build_known_phases.py`` makes it."""

FORMAT, KIND = 1, "known phases"

ORIGINS = ("own", "converted", "predicted")
"""Where an energy comes from: the database itself, another scale of it, or the model of the package."""


@dataclass(frozen=True, slots=True)
class KnownPhases:
    """``n`` compounds of a database with their formation energies on one scale.

    Attributes
    ----------
    compositions : ``[n]``
    formulas : ``[n]``
    energies : formation energies in eV/atom, ``[n]``
    errors : their standard errors in eV/atom, ``[n]``; zero for what is the scale's own
    origins : place in `ORIGINS` of where each energy comes from, ``[n]``
    scale : name of the energy scale
    """

    compositions: Compositions
    formulas: list[str]
    energies: Floats
    errors: Floats
    origins: Ints
    scale: str

    def __len__(self) -> int:
        return len(self.formulas)

    @property
    def words(self) -> list[str]:
        """Where each energy comes from, in words, ``[n]``."""
        return [ORIGINS[origin] for origin in self.origins.tolist()]

    def take(self, rows: Ints) -> KnownPhases:
        """Return the given rows, in the given order."""
        formulas = [self.formulas[row] for row in rows.tolist()]
        return KnownPhases(
            self.compositions.take(rows),
            formulas,
            self.energies[rows],
            self.errors[rows],
            self.origins[rows],
            self.scale,
        )


def scales() -> tuple[str, ...]:
    """Return the names of the energy scales on which there are known phases."""
    return tuple(_file().description["scales"])


def description() -> dict[str, object]:
    """Return where the table comes from: sources, licence, counts, and how it was made."""
    return dict(_file().description)


def known_phases(scale: str, elements: Ints | None = None) -> KnownPhases:
    """Return the known phases on an energy scale.

    Parameters
    ----------
    scale
        One of `scales`.
    elements
        Atomic numbers; only compounds that hold no other elements are returned. All of them if None.

    Raises
    ------
    ConfigError
        If there are none on this scale.
    CheckpointError
        If the table is missing or damaged.

    Examples
    --------
    >>> import numpy as np
    >>> phases = known_phases("mp2020", np.array([11, 17]))
    >>> "NaCl" in phases.formulas, set(phases.words) <= set(ORIGINS)
    (True, True)
    """
    known = scales()
    if scale not in known:
        lookup(dict.fromkeys(known, scale), scale, "known phases", "energy scale")
    table = _table()
    rows = np.arange(len(table.compositions))
    if elements is not None:
        foreign = ~np.isin(table.compositions.z, elements)
        starts = table.compositions.row_ptr[:-1]
        rows = np.flatnonzero(~np.logical_or.reduceat(foreign, starts))
    number = known.index(scale)
    text, ends = table.text, table.ends
    formulas = [text[ends[row] : ends[row + 1]].decode("ascii") for row in rows.tolist()]
    return KnownPhases(
        table.compositions.take(rows),
        formulas,
        table.energies[number, rows].astype(np.float64),
        table.errors[number, rows].astype(np.float64),
        table.origins[number, rows].astype(np.int64),
        scale,
    )


def table_bytes(phases: list[KnownPhases], described: dict[str, object]) -> bytes:
    """Return the content of the table's file: the same compounds on each scale, and what is to be known of them.

    Raises
    ------
    ValueError
        If the compounds differ from scale to scale, or an amount is no whole number up to 65,535.
    """
    first = phases[0]
    if any(other.formulas != first.formulas for other in phases):
        raise ValueError("known phases: the formulas of the scales differ")
    amount = np.rint(first.compositions.amount)
    if np.any(np.abs(amount - first.compositions.amount) > 1e-6) or amount.max() > np.iinfo(np.uint16).max:
        raise ValueError("known phases: an amount is no whole number, or too large")
    texts = [formula.encode("ascii") for formula in first.formulas]
    arrays: dict[str, Array] = {
        "row_ptr": first.compositions.row_ptr.astype(np.int32),
        "z": first.compositions.z.astype(np.uint8),
        "amount": amount.astype(np.uint16),
        "text": np.frombuffer(b"".join(texts), np.uint8),
        "ends": np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int32),
        "energies": np.stack([each.energies for each in phases]).astype(np.float32),
        "errors": np.stack([each.errors for each in phases]).astype(np.float16),
        "origins": np.stack([each.origins for each in phases]).astype(np.uint8),
    }
    return encoded(arrays, {"format": FORMAT, "kind": KIND, "scales": [each.scale for each in phases], **described})


@dataclass(frozen=True, slots=True)
class _Table:
    """The arrays of the file; ``energies``, ``errors`` and ``origins`` are ``[n_scales, n]``."""

    compositions: Compositions
    text: bytes
    ends: list[int]
    energies: NDArray[np.float32]
    errors: NDArray[np.float16]
    origins: NDArray[np.uint8]


@cache
def _file() -> TensorFile:
    """Return the file, whose digest is checked."""
    file = read_file(PATH)
    found = file.description
    if found.get("kind") != KIND or found.get("format") != FORMAT or file.stated != file.digest():
        raise CheckpointError(f"{PATH}: damaged or changed: not the table of known phases. Install again.")
    return file


@cache
def _table() -> _Table:
    arrays, n_scales = _file().arrays, len(scales())
    try:
        z = checked_array(arrays, "z", np.uint8, [None], 1, 118)
        row_ptr = checked_starts(arrays, "row_ptr", np.int32, None, len(z)).astype(np.int64)
        amount = checked_array(arrays, "amount", np.uint16, z.shape, 1)
        text = checked_array(arrays, "text", np.uint8, [None])
        n = len(row_ptr) - 1
        ends = checked_starts(arrays, "ends", np.int32, n, len(text))
        energies = checked_array(arrays, "energies", np.float32, [n_scales, n])
        errors = checked_array(arrays, "errors", np.float16, [n_scales, n], 0)
        origins = checked_array(arrays, "origins", np.uint8, [n_scales, n], 0, len(ORIGINS) - 1)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{PATH}: damaged: {error}. Install again.") from error
    compositions = Compositions(row_ptr, z.astype(np.int64), amount.astype(np.float64))
    return _Table(compositions, text.tobytes(), ends.tolist(), energies, errors, origins)
