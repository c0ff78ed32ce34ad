"""Pages and their pieces, from the templates beside this module, which escape every text.

A piece is `markupsafe.Markup`: text that is HTML already. Other text in a piece or on a page is escaped. A page loads
nothing from elsewhere.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup, escape

from formation_mlp.figures.picture import Picture, Points
from formation_mlp.system.files import write_bytes

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
LARGEST_SVG = 200_000
"""Bytes up to which a figure stands on the page as SVG, sharp at any size; beyond, as PNG."""

WIDE = 6.5
"""Inches from which a figure takes the whole width of the page."""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["whole_options"] = whole_options
    return environment


def page(template: str, *, is_scripted: bool = False, **values: Any) -> str:
    """Return a whole document: a template such as ``report.html``, which extends ``page.html``, with its values.

    With ``is_scripted``, tables sort and dots of figures are named. A browser is told the hash of that script, and
    runs no other.
    """
    script = _environment().get_template("page.js").render() if is_scripted else ""
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    own = {"script": Markup(script), "script_source": Markup(f"'sha256-{digest}'")}  # noqa: S704 (a file of ours)
    return _environment().get_template(template).render(own | values) + "\n"


def _piece(name: str, *values: Any) -> Markup:
    """Return what a macro of ``pieces.html`` makes of some values."""
    return Markup(getattr(_environment().get_template("pieces.html").module, name)(*values))  # noqa: S704 (escaped)


def joined(pieces: Sequence[Markup]) -> Markup:
    """Return pieces one below the other."""
    return Markup("\n").join(pieces)


def paragraph(text: str, kind: str = "") -> Markup:
    """Return a paragraph of plain text; ``kind`` is a class of ``style.css`` such as ``note``."""
    return _piece("paragraph", text, kind)


def title(text: str, level: int = 3) -> Markup:
    """Return the title of a part of a section, as a heading of some level."""
    return _piece("title", text, level)


def bullets(texts: Sequence[str]) -> Markup:
    """Return a list of plain texts."""
    return _piece("bullets", texts)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", own: str = "") -> Markup:
    """Return a table that scrolls inside its box and sorts by its columns; those of numbers stand to the right.

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


def whole_options(text: str) -> Markup:
    """Return a text in which no line ends within an option of a command, so that it can be copied.

    Examples
    --------
    >>> whole_options("predict --csv <FILE>")
    Markup('predict <span class="whole">--csv</span> &lt;FILE&gt;')
    """
    return Markup(_OPTION.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704 (escaped here)


def verdict(believe: Sequence[tuple[str, str]], doubt: Sequence[tuple[str, str]]) -> Markup:
    """Return what to believe and what not beside each other: pairs of a few words that stand out, and sentences."""
    return _piece("verdict", believe, doubt)


def periodic_table(
    cells: Sequence[Mapping[str, Any]], ends: tuple[str, str], colours: Sequence[str], caption: str
) -> Markup:
    """Return a periodic table that reads on a phone, too; see `formation_mlp.reporting.periodic_table`."""
    return _piece("periodic_table", cells, *ends, colours, caption)


def figures(pictures: Sequence[Picture], folder: Path) -> Markup:
    """Write the figures as PNG, SVG and PDF into ``folder``, and return them as part of the page."""
    return _piece("figures", [_image(picture, folder) for picture in pictures]) if pictures else Markup()


def save(picture: Picture, folder: Path) -> dict[str, bytes]:
    """Write a figure as PNG, SVG and PDF into ``folder``; return the content of each by its ending."""
    import matplotlib as mpl

    written, title = {}, {"Title": picture.alt}
    dates: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "formation_mlp", "pdf.fonttype": 42}):  # the same run gives the same bytes
        for ending, no_date in dates.items():
            buffer = io.BytesIO()
            picture.figure.savefig(buffer, format=ending, metadata=title | no_date)
            written[ending] = buffer.getvalue()
            write_bytes(folder / f"{picture.name}.{ending}", written[ending])
    return written


def _image(picture: Picture, folder: Path) -> dict[str, Any]:
    """Write a figure, and return what the page shows of it."""
    written = save(picture, folder)
    kind, data = ("svg+xml", written["svg"]) if len(written["svg"]) <= LARGEST_SVG else ("png", written["png"])
    width, height = (round(96 * inches) for inches in picture.figure.get_size_inches())
    return {
        "source": f"data:image/{kind};base64,{base64.b64encode(data).decode()}",
        "width": width,
        "height": height,
        "is_wide": picture.figure.get_size_inches()[0] > WIDE,
        "alt": picture.alt,
        "caption": picture.caption,
        "files": {ending.upper(): f"{folder.name}/{picture.name}.{ending}" for ending in ("svg", "pdf", "png")},
        "points": "" if picture.points is None else _placed(picture.figure, picture.points),
    }


def _placed(figure: Figure, points: Points) -> str:
    """Return a line for each point: ten-thousandths of the figure from its upper left corner, name and words."""
    ax = figure.axes[points.panel]
    places = ax.transData.transform(np.column_stack([points.x, points.y])) / figure.bbox.size
    shares = np.rint(1e4 * np.column_stack([places[:, 0], 1 - places[:, 1]])).astype(int)
    texts = zip(shares.tolist(), points.names, points.words, strict=True)
    return "\n".join(f"{x}\t{y}\t{_one_line(name)}\t{_one_line(words)}" for (x, y), name, words in texts)


def _one_line(text: str) -> str:
    return " ".join(text.split())
