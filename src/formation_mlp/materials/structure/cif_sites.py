"""Atom sites of a CIF: what they are called, where they lie, and how far they are occupied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.cif_text import UNKNOWN, Block, number
from formation_mlp.materials.structure.limits import FARTHEST
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    pass

COORDINATES = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
FULL, OVERFULL = 0.999, 1.02
"""Occupancies between these are 1 but for rounding."""


@dataclass(frozen=True, slots=True)
class Sites:
    """``k`` sites as listed.

    Attributes
    ----------
    labels : names in the file
    texts : what tells the element: the type symbol, or else the label
    frac : ``[k, 3]``
    occupancies : ``[k]``
    are_types : whether the texts are type symbols
    notes : remarks
    """

    labels: list[str]
    texts: list[str]
    frac: Floats
    occupancies: Floats
    are_types: bool
    notes: tuple[str, ...]


def has_sites(block: Block) -> bool:
    """Tell whether a data block lists atoms; bibliographic ones do not."""
    column = block.column(*COORDINATES, "_atom_site_cartn_x") or []
    return any(value not in ("?", "") for value in column)


def sites_of(block: Block) -> Sites:
    """Return the sites of a data block.

    Raises
    ------
    DataError
        If a coordinate, an element or an occupancy is missing or impossible, or a site is partially occupied.
    """
    block, notes = _without_dummies(block)
    x, y, z = (block.column(tag) for tag in COORDINATES)
    labels, types = block.column("_atom_site_label"), block.column("_atom_site_type_symbol")
    if x is None or y is None or z is None:
        raise DataError("the atom sites have no fractional coordinates (_atom_site_fract_x, y, z)")
    texts = types or labels
    if texts is None:
        raise DataError("the atom sites have neither labels nor type symbols")
    labels = labels or texts
    if len(set(map(len, (x, y, z, labels, texts)))) > 1:
        raise DataError("the columns of the atom sites differ in length")
    frac = np.array(
        [_coordinates(label, place) for label, place in zip(labels, zip(x, y, z, strict=True), strict=True)]
    )
    for label, text in zip(labels, texts, strict=True):
        if text in UNKNOWN:
            raise DataError(f"site {label}: its element is unknown (type symbol {text!r})")
    occupancies, unknown = _occupancies(labels, block.column("_atom_site_occupancy"))
    notes = (*notes, *unknown, *_doubts(block, labels))
    return Sites(labels, texts, frac, occupancies, types is not None, notes)


def _without_dummies(block: Block) -> tuple[Block, tuple[str, ...]]:
    """Leave out sites that the file marks as no atoms, such as centres of rings."""
    flags = block.column("_atom_site_calc_flag") or []
    dummies = {i for i, flag in enumerate(flags) if flag.lower() == "dum"}
    if not dummies or len(dummies) == len(flags):
        return block, ()
    values = {
        tag: [value for i, value in enumerate(column) if i not in dummies]
        if tag.startswith("_atom_site_") and len(column) == len(flags)
        else column
        for tag, column in block.values.items()
    }
    names = block.column("_atom_site_label", "_atom_site_type_symbol") or []
    shown = ", ".join(names[i] for i in sorted(dummies)[:5] if i < len(names))
    return Block(block.name, values), (f"left out {shown}: marked as no atom (_atom_site_calc_flag dum)",)


def _doubts(block: Block, labels: Sequence[str]) -> list[str]:
    """Return remarks on hydrogens without a place, and on alternatives that are all there."""
    doubts = []
    attached = block.column("_atom_site_attached_hydrogens") or []
    with_hydrogens = [label for label, n in zip(labels, attached, strict=False) if n.strip("0.?")]
    if with_hydrogens:
        shown = ", ".join(with_hydrogens[:5])
        doubts.append(f"hydrogens that the file declares at {shown} have no place, and are left out")
    groups = block.column("_atom_site_disorder_group") or []
    parts = block.column("_atom_site_disorder_assembly") or ["."] * len(groups)
    named = {(part, group) for part, group in zip(parts, groups, strict=False) if group not in UNKNOWN}
    if len({part for part, _ in named}) < len(named):
        shown = ", ".join(label for label, group in zip(labels, groups, strict=False) if group not in UNKNOWN)
        doubts.append(f"alternatives of a disordered structure ({shown[:60]}) are all read, as they are fully occupied")
    return doubts


def _coordinates(label: str, place: Sequence[str]) -> list[float]:
    try:
        numbers = [0.0 if text == "." else _fraction(text) for text in place]  # the default of the CIF dictionary
    except ValueError:
        numbers = [np.nan]
    if not (np.abs(numbers) <= FARTHEST).all():
        raise DataError(f"site {label} has no place in the cell: its coordinates are {' '.join(place)}")
    return numbers


def _fraction(text: str) -> float:
    """Return a number such as ``0.3333(2)`` or ``1/3``."""
    above, _, below = text.partition("/")
    return number(above) / number(below) if re.fullmatch(r"[1-9]\d?", below) else number(text)


def _occupancies(labels: Sequence[str], column: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """Return occupancies as written; a full stop is 1 by the CIF dictionary."""
    found = np.ones(len(labels))
    unknown = []
    for i, text in enumerate(column or []):
        if text == "?":
            unknown.append(labels[i])
        if text in UNKNOWN:
            continue
        try:
            found[i] = number(text)
        except ValueError:
            raise DataError(f"site {labels[i]}: its occupancy {text!r} is no number") from None
        if not found[i] > 0:
            raise DataError(f"site {labels[i]}: its occupancy {text} is not above 0, so nothing is there")
        if found[i] > OVERFULL:
            raise DataError(f"site {labels[i]}: its occupancy {text} exceeds 1")
    return found, (f"unknown occupancy of {', '.join(unknown[:5])} read as 1",) if unknown else ()
