"""Syntax of CIF: data blocks and the values of their tags, through gemmi."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.crystal import plain_number
from formation_mlp.quoting import is_encodable

if TYPE_CHECKING:
    from gemmi import cif

NEEDED = (
    "_cell",
    "_symmetry",
    "_space_group",
    "_atom_site",
    "_chemical_formula",
    "_exptl_crystal_density_diffrn",
    "_parent_space_group",
)
"""Beginnings of the tags that are looked at."""

DECISIVE = (
    "_cell_length",
    "_cell_angle",
    "_symmetry",
    "_space_group_n",
    "_space_group_s",
    "_atom_site_fract",
    "_chemical_f",
)
"""Beginnings of the tags of which there can be only one value."""
UNKNOWN = ("?", ".", "")
MENDED_LINES = 20
"""Lines of no concern here, such as titles with a lost quotation mark, that are left out before a file is refused."""

Values = list[str]


@dataclass(frozen=True, slots=True)
class Block:
    """One data block.

    Attributes
    ----------
    name : after ``data_``
    values : tag to its values, of those that are needed; tags are lower-case, dots in them are underscores
    """

    name: str
    values: dict[str, Values]

    def first(self, *tags: str) -> str:
        """Return the value of the first of these tags that has one, or an empty text."""
        found = (self.values.get(tag, [""])[0].strip() for tag in tags)
        return next((value for value in found if value not in UNKNOWN), "")

    def column(self, *tags: str) -> Values | None:
        """Return all values of the first of these tags that is there, or None."""
        return next((self.values[tag] for tag in tags if self.values.get(tag)), None)


def blocks_of(text: str) -> list[Block]:
    """Return the data blocks of a CIF.

    Raises
    ------
    DataError
        If the text does not follow the rules of CIF.
    """
    return [_block(block) for block in _document(_with_headers(text))]


def number(text: str) -> float:
    """Return a number, written with or without its uncertainty: ``4.21(3)``.

    Raises
    ------
    ValueError
        If it is none.
    """
    return plain_number(re.sub(r"\(\d*\)$", "", text.strip()))


def _with_headers(text: str) -> str:
    """Give the header that is missing, and none with blanks in its name; both occur, and no meaning hangs on them."""
    text = text.rstrip("\0\x1a \t\r\n") + "\n"
    text = re.sub(r"(?im)^(data_\S*)[ \t]+(?=[^\s_#])(?!loop_)(.*)$", _joined, text)
    first = re.search(r"(?im)^[ \t]*data_", text)
    if first is None:
        return f"data_\n{text}"
    before = text[: first.start()]
    if all(not line.strip() or line.lstrip().startswith("#") for line in before.splitlines()):
        return text
    return text[first.start() :] if "_cell" not in before and "loop_" not in before else f"data_\n{text}"


def _joined(header: re.Match[str]) -> str:
    return header.group(1) + "_" + re.sub(r"\s+", "_", header.group(2).strip())


def _document(text: str) -> cif.Document:
    from gemmi import cif

    if not is_encodable(text):  # gemmi takes what a file can hold
        raise DataError("not readable as CIF: the text holds half a sign (a lone surrogate). Remove it")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as gemmi counts them
    for _ in range(MENDED_LINES):
        try:
            return cif.read_string("\n".join(lines) + "\n", check_level=0)
        except ValueError as error:  # what gemmi raises for all breaches of syntax
            reason = re.sub(r"^string:", "line ", re.sub(r":\d+\(\d+\)", "", str(error)))
            place = re.match(r"string:(\d+):", str(error))
            line = "" if place is None else "".join(lines[int(place.group(1)) - 1 : int(place.group(1))])
            if place is None or not re.match(r"_\w\S*\s+\S", line) or line.lower().startswith(NEEDED):
                raise DataError(f"not readable as CIF: {reason}") from error
            del lines[int(place.group(1)) - 1]
    raise DataError(f"not readable as CIF: {reason}")


def _block(block: cif.Block) -> Block:
    values: dict[str, Values] = {}
    for tag, column in _columns(block):
        known = values.get(tag)
        if not known or known[0] in UNKNOWN:
            values[tag] = column
        elif known != column and column and tag.startswith(DECISIVE):
            raise DataError(f"data block {block.name!r}: {tag} occurs twice with different values")
    return Block(block.name.strip(), values)


def _columns(block: cif.Block) -> Iterator[tuple[str, Values]]:
    """Yield the tags that are needed and their values."""
    from gemmi import cif

    tags: list[str]
    cells: list[str]
    for item in block:
        if isinstance(item.pair, list | tuple):
            tags, cells = [item.pair[0]], [item.pair[1]]
        elif item.loop is not None and any(tag.lower().startswith(NEEDED) for tag in item.loop.tags):
            tags, cells = list(item.loop.tags), list(item.loop.values)
        else:
            continue
        for i, tag in enumerate(tags):
            if tag.lower().startswith(NEEDED):
                column = cells[i :: len(tags)]
                yield _plain(tag), [_unquoted(cell, cif) for cell in column]


def _plain(tag: str) -> str:
    return tag.lower().replace(".", "_").rstrip("_")


def _unquoted(cell: str, cif: Any) -> str:
    text: str = cell if cell in UNKNOWN else cif.as_string(cell)
    return text
