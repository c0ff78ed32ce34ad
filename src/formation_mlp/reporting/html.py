"""Small pieces of a page: every text is escaped here, and nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from formation_mlp.figures.picture import Picture
from formation_mlp.system.files import write_bytes

LARGEST_SVG = 150_000
"""Bytes up to which a figure stands on the page as SVG, sharp at any size; beyond, as PNG."""

WIDE = 6.5
"""Inches from which a figure takes the whole width of the page, and is not shrunk below it on a phone."""

STYLE = """
html { color-scheme: light; }
:root { --ink: #1b1b1b; --soft: #555; --line: #d4d4d4; --accent: #0072b2; --pale: #f4f6f8; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1rem 4rem; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 3px solid var(--accent);
  overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, ul { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; }
.note { border-left: 4px solid #e69f00; background: #fdf6e7; padding: .5rem .75rem; }
.soft { color: var(--soft); font-size: .92rem; }
a { color: #00588a; }
.scroll { overflow-x: auto; max-width: 100%; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0 .4rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--soft); white-space: nowrap; vertical-align: bottom; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.long { min-width: 16rem; }
td.short { white-space: nowrap; }
table.facts th { font-weight: 400; width: 38%; min-width: 8rem; }
table.facts td { overflow-wrap: anywhere; }
tr.own td { font-weight: 600; background: #eaf3f9; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.5rem;
  align-items: start; margin: 1rem 0; }
figure { margin: 0; min-width: 0; }
figure.wide { grid-column: 1 / -1; }
figure img { display: block; max-width: 100%; height: auto; }
figure.wide img { min-width: 40rem; }
figcaption { color: var(--soft); font-size: .92rem; margin-top: .35rem; max-width: 46rem; }
pre { background: var(--pale); border: 1px solid var(--line); padding: .75rem; overflow-x: auto; font-size: .85rem;
  line-height: 1.45; }
code { background: var(--pale); padding: 0 .2rem; font-size: .92em; }
pre code { padding: 0; background: none; font-size: 1em; }
summary { cursor: pointer; font-weight: 600; padding: .4rem 0; }
@media print { body { max-width: none; } figure, tr { break-inside: avoid; } }
"""


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def title(text: str) -> str:
    """Return the title of a part of a section."""
    return f"<h3>{escape(text)}</h3>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", own: str = "") -> str:
    """Return a table that scrolls inside its box; columns of numbers stand to the right.

    Parameters
    ----------
    header, rows : plain texts
    caption : above it
    own : first cell of the row to be stressed
    """
    kinds = [_kind([row[i] for row in rows]) for i in range(len(header))]

    def cells(tag: str, texts: Sequence[str]) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return "".join(
            f"<{tag}{scope}" + (f' class="{kind}"' if kind else "") + f">{escape(text)}</{tag}>"
            for text, kind in zip(texts, kinds, strict=True)
        )

    stressed = ['<tr class="own">' if own and row[0] == own else "<tr>" for row in rows]
    lines = [f"{start}{cells('td', row)}</tr>" for start, row in zip(stressed, rows, strict=True)]
    named = f"<caption>{escape(caption)}</caption>" * bool(caption)
    head = f"<thead><tr>{cells('th', header)}</tr></thead>"
    label = escape(caption or ", ".join(header[:3]))
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>{named}{head}<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _kind(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell and cell != "undefined"]
    if filled and all(cell[0] in "−+0123456789" and cell[-1] in "0123456789%" and len(cell) < 14 for cell in filled):
        return "number"
    longest = max(map(len, cells), default=0)
    return "long" if longest > 40 else "short" if longest <= 24 else ""


def facts(lines: Mapping[str, str], caption: str) -> str:
    """Return a table of two columns: what, and its value; ``caption`` is for those who cannot see it."""
    rows = [f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in lines.items()]
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="facts"><tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )


def code(text: str) -> str:
    """Return lines of a file or a command."""
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def details(summary: str, content: str) -> str:
    """Return what is shown on demand; ``content`` is HTML."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def figures(pictures: Sequence[Picture], folder: Path) -> str:
    """Write the figures as PNG and SVG into ``folder``, and return them as part of the page."""
    return '<div class="figures">\n' + "\n".join(_figure(picture, folder) for picture in pictures) + "\n</div>"


def _figure(picture: Picture, folder: Path) -> str:
    import matplotlib as mpl

    png, svg = io.BytesIO(), io.BytesIO()
    title = {"Title": picture.alt}
    picture.figure.savefig(png, format="png", metadata=title)
    with mpl.rc_context({"svg.hashsalt": "formation_mlp"}):  # the same run gives the same bytes
        picture.figure.savefig(svg, format="svg", metadata=title | {"Date": None})
    for content, ending in ((png, ".png"), (svg, ".svg")):
        write_bytes(folder / f"{picture.name}{ending}", content.getvalue())
    small = len(svg.getvalue()) <= LARGEST_SVG
    kind, data = ("svg+xml", svg) if small else ("png", png)
    width, height = (round(96 * inches) for inches in picture.figure.get_size_inches())
    wide = picture.figure.get_size_inches()[0] > WIDE
    source = f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
    image = f'<img src="{source}" width="{width}" height="{height}" alt="{escape(picture.alt)}">'
    if wide:
        image = f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(picture.alt)}">{image}</div>'
    start = '<figure class="wide">' if wide else "<figure>"
    return f"{start}{image}<figcaption>{escape(picture.caption)}</figcaption></figure>"


def page(title: str, body: str) -> str:
    """Return the whole document; ``body`` is HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n"
        "</html>\n"
    )
