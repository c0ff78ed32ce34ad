"""Pages and their pieces, from the templates beside this module, which escape every text.

A piece is `markupsafe.Markup`: text that is HTML already. Other text in a piece or on a page is escaped. A page loads
nothing from elsewhere.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from formation_mlp.figures.picture import Picture
from formation_mlp.system.files import write_bytes

if TYPE_CHECKING:
    from jinja2 import Environment

LARGEST_SVG = 150_000
"""Bytes up to which a figure stands on the page as SVG, sharp at any size; beyond, as PNG."""

WIDE = 6.5
"""Inches from which a figure takes the whole width of the page, and is not shrunk below it on a phone."""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def page(template: str, **values: Any) -> str:
    """Return a whole document: a template such as ``report.html``, which extends ``page.html``, with its values."""
    return _environment().get_template(template).render(values) + "\n"


def _piece(name: str, *values: Any) -> Markup:
    """Return what a macro of ``pieces.html`` makes of some values."""
    return Markup(getattr(_environment().get_template("pieces.html").module, name)(*values))  # noqa: S704 (escaped)


def joined(pieces: Sequence[Markup]) -> Markup:
    """Return pieces one below the other."""
    return Markup("\n").join(pieces)


def paragraph(text: str, kind: str = "") -> Markup:
    """Return a paragraph of plain text; ``kind`` is a class of ``style.css`` such as ``note``."""
    return _piece("paragraph", text, kind)


def title(text: str) -> Markup:
    """Return the title of a part of a section."""
    return _piece("title", text)


def bullets(texts: Sequence[str]) -> Markup:
    """Return a list of plain texts."""
    return _piece("bullets", texts)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", own: str = "") -> Markup:
    """Return a table that scrolls inside its box; columns of numbers stand to the right.

    Parameters
    ----------
    header, rows : plain texts
    caption : above it
    own : first cell of the row to be stressed
    """
    kinds = [_kind([row[i] for row in rows]) for i in range(len(header))]
    return _piece("table", header, rows, kinds, caption, own)


def _kind(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell and cell != "undefined"]
    if filled and all(cell[0] in "−+0123456789" and cell[-1] in "0123456789%" and len(cell) < 14 for cell in filled):
        return "number"
    longest = max(map(len, cells), default=0)
    return "long" if longest > 40 else "short" if longest <= 24 else ""


def facts(lines: Mapping[str, str], caption: str) -> Markup:
    """Return a table of two columns: what, and its value; ``caption`` is for those who cannot see it."""
    return _piece("facts", lines, caption)


def code(text: str) -> Markup:
    """Return lines of a file or a command."""
    return _piece("code", text)


def details(summary: str, content: Markup) -> Markup:
    """Return what is shown on demand."""
    return _piece("details", summary, content)


def figures(pictures: Sequence[Picture], folder: Path) -> Markup:
    """Write the figures as PNG and SVG into ``folder``, and return them as part of the page."""
    return _piece("figures", [_image(picture, folder) for picture in pictures])


def _image(picture: Picture, folder: Path) -> dict[str, Any]:
    """Write a figure, and return what the page shows of it."""
    import matplotlib as mpl

    png, svg = io.BytesIO(), io.BytesIO()
    title = {"Title": picture.alt}
    picture.figure.savefig(png, format="png", metadata=title)
    with mpl.rc_context({"svg.hashsalt": "formation_mlp"}):  # the same run gives the same bytes
        picture.figure.savefig(svg, format="svg", metadata=title | {"Date": None})
    for content, ending in ((png, ".png"), (svg, ".svg")):
        write_bytes(folder / f"{picture.name}{ending}", content.getvalue())
    kind, data = ("svg+xml", svg) if len(svg.getvalue()) <= LARGEST_SVG else ("png", png)
    width, height = (round(96 * inches) for inches in picture.figure.get_size_inches())
    return {
        "source": f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}",
        "width": width,
        "height": height,
        "is_wide": picture.figure.get_size_inches()[0] > WIDE,
        "alt": picture.alt,
        "caption": picture.caption,
    }
