"""Phase diagrams of two to four elements as a page that answers the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from formation_mlp.figures.phase_traces import CORNERS, low, phase_figure
from formation_mlp.hulls.phase_points import PhasePoints


def phase_page(points: PhasePoints) -> str:
    """Return a page with the hull: energies of two elements, a triangle of three, a tetrahedron of four.

    The page needs no network: plotly's script is part of it, 4.8 MB, since a tetrahedron must be turned to be read,
    and all three kinds are drawn by the same tool rather than two of them by code of our own.

    Raises
    ------
    ValueError
        If there are not two, three or four elements.

    Examples
    --------
    >>> import numpy as np
    >>> nan, yes = np.array([np.nan]), np.array([True])
    >>> share, energy = np.array([[0.5, 0.5]]), np.array([-2.1])
    >>> salt = PhasePoints(["Na", "Cl"], share, energy, ["NaCl"], energy, nan, nan, yes, ["1 Na"], "Na-Cl", None, None)
    >>> phase_page(salt).count("<h1>Na-Cl</h1>")
    1
    """
    if len(points.elements) not in CORNERS:
        raise ValueError(f"pages are drawn of two, three or four elements, found {len(points.elements)}")
    folder = Path(__file__).parent
    turn = "Drag to turn it, scroll" if len(points.elements) == 4 else "Drag a rectangle"
    return Template((folder / "phase_page.html").read_text(encoding="utf-8")).substitute(
        title=escape(points.title),
        hint=f"Point at a compound for its name, energies and products. {turn} to come closer; a click in the legend "
        "hides or shows a kind. Compounds on the hull are named where there is room, and all of them below.",
        diagram=phase_figure(points).to_html(
            full_html=False,
            include_plotlyjs=True,
            default_height="100%",
            config={"responsive": True, "displaylogo": False},
            post_script=(folder / "phase_page.js").read_text(encoding="utf-8"),
        ),
        warnings=_said(line for line in points.said if line.startswith(WARNING)),
        said=_said(line for line in points.said if not line.startswith(WARNING)),
        names=_names(points),
    )


WARNING = "warning: "


def _said(lines: Iterable[str]) -> str:
    """Return lines as paragraphs; those that warn stand out."""
    classes = {True: ' class="warning"', False: ""}
    return "\n".join(
        f"<p{classes[line.startswith(WARNING)]}>{escape(line[:1].upper() + line[1:])}</p>" for line in lines
    )


def _names(points: PhasePoints) -> str:
    """Return all compounds on the hull by name, those with the lowest energy first, and what lies below it."""
    known = np.ones(len(points.energies), np.bool_) if points.known is None else points.known
    kinds = {
        "On the hull" if points.known is None else "Known compounds on the hull": points.on_hull & known,
        "New compounds on the hull": points.on_hull & ~known,
        "Below that hull": points.below,
    }
    order = np.argsort(points.energies, kind="stable")
    return "\n".join(
        f"<p>{words}: {', '.join(_named(points, row) for row in order[shown[order]].tolist())}.</p>"
        for words, shown in kinds.items()
        if shown.any()
    )


def _named(points: PhasePoints, row: int) -> str:
    chance = np.nan if points.chance is None else points.chance[row]
    is_new = points.known is not None and not points.known[row]
    return low(points.formulas[row]) + (f" (p_stable {chance:.2f})" if is_new and np.isfinite(chance) else "")
