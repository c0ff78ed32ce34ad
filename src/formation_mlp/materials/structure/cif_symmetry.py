"""Symmetry operations of a CIF: those that it lists, or else those of its space-group symbol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.cif_text import UNKNOWN, Block
from formation_mlp.materials.structure.space_groups import of_number, of_symbol
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import gemmi

LISTED = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_magn_operation_xyz",
)
CENTRINGS = ("_space_group_symop_magn_centering_xyz",)
"""Of magnetic structures; each goes with every operation."""

SYMBOLS_OF_GROUP = (
    "_symmetry_space_group_name_h-m",
    "_symmetry_space_group_name_h_m",
    "_space_group_name_h-m_alt",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m",
)
MAGNETIC = ("_space_group_magn_name_bns", "_space_group_magn_number_bns", "_space_group_magn_name_og")
HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")

MOST = 1000
"""Operations of a list; the largest groups have 192, magnetic ones and those of supercells more."""
_TERM = r"((\d+(\.\d*)?|\.\d+)(/\d+)?\*?[xyz]?|[xyz])"
_SUM = re.compile(rf"[+-]*{_TERM}([+-]+{_TERM})*")  # signs stand between terms, so that matching takes linear time
MOST_COMPARED = 2_000_000
"""Pairs of a product and an operation that are compared to see whether a list is a whole group."""
SAME_LATTICE = 0.02
"""Relative change of the metric up to which an operation maps a measured lattice onto itself."""
SAME_TRANSLATION = 0.01
"""Difference of translations, as written with two or more digits, in fractions of the cell."""


@dataclass(frozen=True, slots=True)
class Operations:
    """``k`` symmetry operations ``x -> rotation x + translation`` on fractional coordinates.

    Attributes
    ----------
    rotation : ``[k, 3, 3]``
    translation : ``[k, 3]``
    name : of the setting, or where they come from
    notes : remarks
    """

    rotation: Floats
    translation: Floats
    name: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rotation)


def possible_operations(block: Block, lattice: Floats) -> list[Operations]:
    """Return the operations of a data block; several sets if its symbol leaves open which setting is meant.

    Raises
    ------
    DataError
        If there are none, or they contradict the lattice or each other.
    """
    listed = _listed(block)
    if listed is not None:
        if not _fit(listed, lattice):
            raise DataError("the symmetry operations listed do not map the cell onto itself: one of both is wrong")
        return [listed]
    settings, notes = _settings(block)
    fitting = [found for found in (_of_setting(setting, notes) for setting in settings) if _fit(found, lattice)]
    if not fitting:
        names = ", ".join(setting.xhm() for setting in settings)
        others = [one.xhm() for one in of_number(str(settings[0].number)) if _fit(_of_setting(one, ()), lattice)]
        hint = f"; the cell would fit {', '.join(others[:3])}" if others else ""
        raise DataError(f"the symmetry of {names} does not fit the cell, and no symmetry operations are listed{hint}")
    return fitting


def named_orders(block: Block, lattice: Floats) -> tuple[str, set[int]]:
    """Return the symbol of the space group, and how many operations it has in the settings that fit the cell."""
    symbol, number = block.first(*SYMBOLS_OF_GROUP), block.first(*NUMBERS)
    settings = (of_symbol(symbol)[0] if symbol else []) or of_number(number)
    fitting = [operations for operations in (_of_setting(one, ()) for one in settings) if _fit(operations, lattice)]
    return symbol or number, set(map(len, fitting))


def _listed(block: Block) -> Operations | None:
    column = tuple(text for text in block.column(*LISTED) or [] if text not in UNKNOWN)
    centrings = tuple(text for text in block.column(*CENTRINGS) or [] if text not in UNKNOWN)
    return _group(column, centrings or ("x,y,z",)) if column else None


@lru_cache(maxsize=256)
def _group(column: tuple[str, ...], centrings: tuple[str, ...]) -> Operations:
    """Return the operations of a list, and check that it is whole; most files of a folder share theirs with others."""
    if len(column) * len(centrings) > MOST:
        raise DataError(
            f"{len(column) * len(centrings):,} symmetry operations are listed; no group has more than {MOST}"
        )
    pairs = list(product(map(_operation, column), map(_operation, centrings)))
    rotation = np.array([operation[0] for operation, _ in pairs])
    translation = np.array([operation[1] + centring[1] for operation, centring in pairs])
    found = Operations(rotation, translation, "the operations listed")
    _check_group(found)
    return found


def _operation(text: str) -> tuple[Floats, Floats]:
    """Return rotation and translation of a text such as ``-x+y, -x, z+1/3``; time reversal (``,-1``) moves no atom."""
    text = re.sub(r"^\s*\d+\s+(?=[-+.\dxyz])", "", text.lower())  # some write the number of the operation before it
    parts = re.sub(r"\s", "", text).split(",")
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("+1", "-1", "1", "m", "-m", "+m")):
        raise DataError(f"the symmetry operation {text!r} does not consist of three parts")
    for row, part in enumerate(parts[:3]):
        if not _SUM.fullmatch(part):
            raise DataError(f"the symmetry operation {text!r} is not understood")
        for sign, size, divisor, axis in re.findall(r"([+-]?)(\d+\.?\d*|\.\d+)?(/\d+)?\*?([xyz])?", part):
            if not (size or axis):
                continue
            below = float(divisor[1:]) if divisor else 1.0
            if below == 0:
                raise DataError(f"the symmetry operation {text!r} divides by zero")
            value = float(size or 1) / below * (-1 if sign == "-" else 1)
            if axis:
                rotation[row, "xyz".index(axis)] += value
            else:
                translation[row] += value
    if abs(abs(np.linalg.det(rotation)) - 1) > 1e-6 or np.abs(rotation - rotation.round()).max() > 1e-6:
        raise DataError(f"the symmetry operation {text!r} maps no lattice onto itself")
    return rotation, translation


def _fit(operations: Operations, lattice: Floats) -> bool:
    """Tell whether each rotation leaves lengths and angles of the lattice as they are."""
    metric = lattice @ lattice.T
    turned = operations.rotation.transpose(0, 2, 1) @ metric @ operations.rotation
    size = np.sqrt(np.outer(metric.diagonal(), metric.diagonal()))
    return bool((np.abs(turned - metric) <= SAME_LATTICE * size).all())


def _check_group(operations: Operations) -> None:
    """Refuse a list that is incomplete: two operations one after the other must be in it, too."""
    rotation, translation = operations.rotation.round(), operations.translation
    weights = 3.0 ** np.arange(9)
    codes = (rotation.reshape(-1, 9) + 1) @ weights
    alike = int(np.unique(codes, return_counts=True)[1].max())
    first = slice(max(1, MOST_COMPARED // (len(codes) * alike)))  # all, but of very long lists
    products = rotation[first, None] @ rotation
    moved = (rotation[first, None] @ translation[:, :, None])[..., 0] + translation[first, None]
    found = (np.abs(products) <= 1).all(axis=(2, 3))
    wanted = (products.reshape(*found.shape, 9) + 1) @ weights
    present = np.zeros(found.shape, bool)
    for code in np.unique(codes):
        same = wanted == code
        gap = moved[same][:, None] - translation[codes == code]
        near = (np.abs(gap - gap.round()) <= SAME_TRANSLATION).all(axis=2).any(axis=1)
        present[same] = near
    if not (found & present).all():
        raise DataError(
            f"the {len(operations)} symmetry operations listed are no whole group: some are missing or wrong"
        )


def _settings(block: Block) -> tuple[list[gemmi.SpaceGroup], tuple[str, ...]]:
    """Return the settings that the symbol, or else the number, may mean."""
    import gemmi

    symbol, hall, number = block.first(*SYMBOLS_OF_GROUP), block.first(*HALL), block.first(*NUMBERS)
    table = list(gemmi.spacegroup_table())
    by_number = of_number(number)
    by_hall = [setting for setting in table if hall and setting.hall == " ".join(hall.replace("_", " ").split())]
    by_symbol, note = of_symbol(symbol)
    _agree(symbol, hall, number, (by_symbol, by_hall, by_number))
    for other in (block.first(tag) for tag in SYMBOLS_OF_GROUP):
        _agree(symbol, other, "", (by_symbol, of_symbol(other)[0] if other else [], []))
    if by_hall:
        return by_hall[:1], ()
    if by_symbol:
        return by_symbol, (note,) if note else ()
    if symbol:
        if len(by_number) in (1, 2) and by_number[0].hm == by_number[-1].hm:
            return by_number, (f"symmetry read as {by_number[0].hm}, group number {number}",)
        raise DataError(
            f"the symmetry is uncertain: the space-group symbol {symbol!r} is unknown and no symmetry operations are "
            "listed. List them (_space_group_symop_operation_xyz), or write a symbol of the International Tables"
        )
    magnetic = block.first(*MAGNETIC)
    if magnetic.replace(" ", "") not in ("", "P1", "P11'", "P11'1"):
        raise DataError(
            f"the symmetry is uncertain: of the magnetic group {magnetic!r} no symmetry operations are listed"
        )
    if by_number:
        usual = [setting for setting in by_number if setting.hm == by_number[0].hm]
        return usual, (f"symmetry read as {usual[0].hm}, the usual setting of group number {number}",)
    if hall or number:
        raise DataError(
            f"the symmetry is uncertain: {hall or number!r} is no space group, and no operations are listed"
        )
    return of_symbol("P 1")[0], ("no symmetry is given: read as P 1",)


def _agree(symbol: str, hall: str, number: str, settings: Sequence[Sequence[gemmi.SpaceGroup]]) -> None:
    """Refuse symbols that name different space groups."""
    numbers = [{setting.number for setting in found} for found in settings if found]
    if any(a.isdisjoint(b) for a in numbers for b in numbers):
        said = ", ".join(repr(text) for text in (symbol, hall, number) if text)
        raise DataError(f"the symmetry is uncertain: {said} are different space groups, and no operations are listed")


def _of_setting(setting: gemmi.SpaceGroup, notes: tuple[str, ...]) -> Operations:
    operations = list(setting.operations())
    rotation = np.array([operation.rot for operation in operations], float) / operations[0].DEN
    translation = np.array([operation.tran for operation in operations], float) / operations[0].DEN
    return Operations(rotation, translation, setting.xhm(), notes)
