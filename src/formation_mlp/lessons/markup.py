"""The few marks of a lesson's prose, as text for a terminal and as HTML.

``# title``, ``- item`` and ``1. item``, lines indented by four blanks (a formula, kept as it is), ``**stress**`` and
`` `code` ``; paragraphs are separated by an empty line. An asterisk or an underscore alone means itself, so that
formulas need no escapes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby

STRESS = re.compile(r"\*\*(\S(?:.*?\S)?)\*\*", re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
ITEM = re.compile(r"(?:-|\d+\.) ")
TITLE = re.compile(r"(#+) +(.+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A ``title`` (level and text), ``paragraph``, ``formula`` (lines), ``bullet`` or ``number`` (an item)."""

    kind: str
    text: str
    level: int = 0


def parts(text: str) -> Iterator[Block]:
    """Yield titles, paragraphs, formulas and items in order."""
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.splitlines()
        heading = TITLE.fullmatch(lines[0].strip()) if lines else None
        if heading is not None:
            yield Block("title", heading[2], len(heading[1]))
            lines = lines[1:]
        if not lines:
            continue
        if all(line.startswith("    ") for line in lines):
            yield Block("formula", textwrap.dedent("\n".join(lines)))
        elif ITEM.match(lines[0]):
            yield from map(_item, _items(lines))
        else:
            yield Block("paragraph", " ".join(line.strip() for line in lines))


def _items(lines: list[str]) -> Iterator[str]:
    """Yield the items of a list, each with the lines that continue it."""
    found: list[str] = []
    for line in lines:
        if ITEM.match(line) and found:
            yield " ".join(found)
            found = []
        found.append(line.strip())
    yield " ".join(found)


def _item(text: str) -> Block:
    mark, _, rest = text.partition(" ")
    return Block("bullet" if mark == "-" else "number", rest)


def as_text(text: str, width: int) -> str:
    """Return prose for a terminal, wrapped; marks are left out."""
    pieces = []
    for kind, group in groupby(parts(text), key=lambda part: part.kind):
        members = list(group)
        if kind in ("bullet", "number"):
            marks = ["- " if kind == "bullet" else f"{i}. " for i in range(1, len(members) + 1)]
            lines = [
                textwrap.fill(_plain(part.text), width, initial_indent=mark, subsequent_indent=" " * len(mark))
                for mark, part in zip(marks, members, strict=True)
            ]
            pieces.append("\n".join(lines))
            continue
        for part in members:
            if kind == "title":
                title = _plain(part.text)
                pieces.append(f"{title}\n{('=' if part.level == 1 else '-') * len(title)}")
            else:
                indented = textwrap.indent(part.text, "    ")
                pieces.append(indented if kind == "formula" else textwrap.fill(_plain(part.text), width))
    return "\n\n".join(pieces)


def as_html(text: str) -> str:
    """Return prose as HTML; everything else in it is escaped."""
    pieces = []
    for kind, group in groupby(parts(text), key=lambda part: part.kind):
        members = list(group)
        if kind in ("bullet", "number"):
            tag = "ul" if kind == "bullet" else "ol"
            pieces.append(f"<{tag}>" + "".join(f"<li>{_marked(part.text)}</li>" for part in members) + f"</{tag}>")
        elif kind == "title":
            pieces += [f"<h{part.level}>{_marked(part.text)}</h{part.level}>" for part in members]
        elif kind == "formula":
            pieces += [f'<pre class="formula" tabindex="0">{escape(part.text)}</pre>' for part in members]
        else:
            pieces += [f"<p>{_marked(part.text)}</p>" for part in members]
    return "\n".join(pieces)


def _plain(text: str) -> str:
    return CODE.sub(r"\1", STRESS.sub(r"\1", text))


def _marked(text: str) -> str:
    """Return a line as HTML; between backticks asterisks mean themselves."""
    pieces = CODE.split(text)
    pieces[::2] = [STRESS.sub(r"<strong>\1</strong>", escape(piece)) for piece in pieces[::2]]
    pieces[1::2] = [f"<code>{escape(piece)}</code>" for piece in pieces[1::2]]
    return "".join(pieces)
