"""Settings of space groups by the symbols that files write: short or full, with or without a choice of origin.

gemmi holds the table of the settings and knows its short symbols; here the other ways of writing are led back to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import gemmi

_CHOICES = (
    ("1", r"s|o1|origin\s*(?:choice|no\.?)?\s*[:=]?\s*1"),
    ("2", r"z|o2|origin\s*(?:choice|no\.?)?\s*[:=]?\s*2"),
    ("H", r"h|hr|hex(?:agonal)?(?:\s+(?:axes|setting))?"),
    ("R", r"r|rs|rhomb(?:ohedral)?(?:\s+(?:axes|setting))?"),
)
"""Names of settings in gemmi's table, and what files write for them at the end of a symbol."""
_ENDINGS = [(ext, re.compile(rf"[\s:;,(\[]*(?:{words})[)\]]*$", re.IGNORECASE)) for ext, words in _CHOICES]
_ABBREVIATED = re.compile(r"(s|z|hr|rs)$", re.IGNORECASE)
"""Endings of the Inorganic Crystal Structure Database that not every reader knows."""
_AXIS = re.compile(r"([246])([1-5]?)/(?=[a-z])")
"""Axis in a full symbol that stands before the plane perpendicular to it: ``2/``, ``21/``, ``4/``."""
_NO_AXIS_LEFT = re.compile(r"[A-Z](21?/[a-z]){3}|[A-Z][24][1-3]?/[a-z]-3(2/[a-z])?")
"""Orthorhombic and cubic full symbols, of which the short ones keep the planes only."""
_FIRST_AXIS_LEFT = re.compile(r"[A-Z][46][1-5]?/[a-z](21?/[a-z]){2}|[A-Z]-3(12/[a-z]|2/[a-z]1?)")
"""Tetragonal, hexagonal and trigonal ones, of which the first axis is kept."""


def of_number(number: str) -> list[gemmi.SpaceGroup]:
    """Return all settings of the group with a number of the International Tables."""
    import gemmi

    return [setting for setting in gemmi.spacegroup_table() if number and str(setting.number) == number.strip()]


def of_symbol(symbol: str) -> tuple[list[gemmi.SpaceGroup], str]:
    """Return the setting that a symbol means, and a remark if it is written with an abbreviation.

    There are two settings if the symbol does not say which of two origins, or of two sets of axes, is meant; none if it
    is no symbol of the International Tables.
    """
    import gemmi

    name = _cleaned(symbol)
    group: gemmi.SpaceGroup | None = gemmi.find_spacegroup_by_name(name)
    if group is not None and (group.ext == "\0" or name.upper().endswith(group.ext)):
        return [group], ""
    if group is not None:
        return _choices(group), ""
    group = _of_full(name)
    if group is not None:
        return _choices(group), ""
    for ext, ending in _ENDINGS:
        shorter = ending.sub("", name)
        base = None if shorter == name else gemmi.find_spacegroup_by_name(shorter) or _of_full(shorter)
        left = [one for one in _choices(base) if one.ext == ext] if base is not None else []
        if left:
            is_plain = _ABBREVIATED.search(name) is None
            return left, "" if is_plain else f"space group {symbol!r} is read as {left[0].xhm()}"
    return [], ""


def _choices(setting: gemmi.SpaceGroup) -> list[gemmi.SpaceGroup]:
    """Return the settings that differ from one by no more than the origin, or by hexagonal or rhombohedral axes."""
    import gemmi

    return [one for one in gemmi.spacegroup_table() if (one.number, one.hm) == (setting.number, setting.hm)]


def _cleaned(symbol: str) -> str:
    """Return a symbol without marks of subscripts, as in ``P2(1)/c`` or ``P 2_1/c``, and without its number."""
    symbol = re.sub(r"\s*\(?(no\.?|#)\s*\d+\)?$|\s+\(\d{2,3}\)$", "", symbol.strip(), flags=re.IGNORECASE)
    return re.sub(r"\((\d)\)", r"\1", symbol).replace("_", "").replace("{", "").replace("}", "")


def _of_full(symbol: str) -> gemmi.SpaceGroup | None:
    """Return the setting of a full symbol such as ``P 21/n 21/m 21/a`` (``P n m a``), or None if it is none.

    The short symbol leaves out the axes that follow from the planes, so that it says which group is meant. An axis that
    the group does not have makes the symbol wrong; a screw axis may be written without its subscript.
    """
    import gemmi

    compact = "".join(symbol.split())
    compact = compact[:1].upper() + compact[1:].lower()
    if _NO_AXIS_LEFT.fullmatch(compact):
        short = _AXIS.sub("", compact)
    elif _FIRST_AXIS_LEFT.fullmatch(compact):
        first = _AXIS.match(compact, 1)
        kept = 1 if first is None else first.end()
        short = compact[:kept] + _AXIS.sub("", compact[kept:])
    else:
        return None
    group: gemmi.SpaceGroup | None = gemmi.find_spacegroup_by_name(short)
    written = [(int(order), int(screw or 0)) for order, screw in _AXIS.findall(compact)]
    is_right = group is not None and all(
        screw == 0 or _has_screw(group, order, screw, direction if len(written) == 3 and written[0][0] == 2 else None)
        for direction, (order, screw) in enumerate(written)
    )
    return group if is_right else None


def _has_screw(setting: gemmi.SpaceGroup, order: int, screw: int, direction: int | None) -> bool:
    """Tell whether a group has a screw axis, such as 21 (order 2, screw 1), along an edge of the cell or anywhere."""
    for operation in setting.operations():
        rotation = np.array(operation.rot, float) / operation.DEN
        powers = [np.linalg.matrix_power(rotation, k) for k in range(order)]
        is_axis = np.linalg.det(rotation) > 0 and np.allclose(powers[-1] @ rotation, np.eye(3))
        is_axis = is_axis and not any(np.allclose(power, np.eye(3)) for power in powers[1:])
        if not is_axis or (direction is not None and rotation[direction, direction] < 1):
            continue
        along = sum(powers) @ (np.array(operation.tran, float) / operation.DEN) / order
        if any(abs(part * order - screw - round((part * order - screw) / order) * order) < 1e-6 for part in along):
            return True
    return False
