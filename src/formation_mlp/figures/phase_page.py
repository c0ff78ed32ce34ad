"""Phase diagrams of two to four elements as a page that answers the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.figures.label_choice import named_points
from formation_mlp.figures.style import BLUE, VERMILLION
from formation_mlp.hulls.facets import lower_facets, tie_lines
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SIDE = 3**0.5 / 2
CORNERS = {
    2: np.array([[0.0], [1.0]]),
    3: np.array([[0.0, 0.0], [1.0, 0.0], [0.5, SIDE]]),
    4: np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, SIDE, 0.0], [0.5, SIDE / 3, (2 / 3) ** 0.5]]),
}
"""Where the elements stand: on a line, at the corners of a triangle or of a tetrahedron with sides of length one."""
WORTH_A_LOOK = 200.0
"""meV/atom above the hull, where the colours end."""
ROOM = np.array([0.2, 0.08, 0.2])
"""What a name takes of the width and height of a diagram, and of its depth, on a narrow screen."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 0.5rem 1rem; }}
h1 {{ font-size: 1.2rem; margin: 0.5rem 0; }}
p {{ margin: 0.5rem 0; }}
.diagram {{ height: min(80vh, 52rem); min-height: 30rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{hint}</p>
<div class="diagram">{diagram}</div>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PhasePoints:
    """The ``n`` compounds of a phase diagram.

    Attributes
    ----------
    elements : symbols, ``[k]``
    fractions : atomic fractions, ``[n, k]``
    energies : formation energies in eV/atom, ``[n]``
    formulas : ``[n]``
    distance : decomposition energies in eV/atom, negative on the hull, ``[n]``
    low, high : the ends of their intervals, NaN where there is none, ``[n]``
    on_hull : whether each is a corner of the hull, ``[n]``
    products : what each decomposes to, ``[n]``
    title : in words
    known : whether each is known, ``[n]``; None if that is not told
    chance : to lie on the hull, NaN where it is not told, ``[n]``; None if it is told of none
    """

    elements: list[str]
    fractions: Floats
    energies: Floats
    formulas: list[str]
    distance: Floats
    low: Floats
    high: Floats
    on_hull: Bools
    products: Sequence[str]
    title: str
    known: Bools | None
    chance: Floats | None


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
    turn = "Drag to turn it, scroll" if len(points.elements) == 4 else "Drag a rectangle"
    return PAGE.format(
        title=escape(points.title),
        hint=f"Point at a compound for its name, energies and products. {turn} to come closer; a click in the legend "
        "hides or shows a kind.",
        diagram=_figure(points).to_html(
            full_html=False,
            include_plotlyjs=True,
            default_height="100%",
            config={"responsive": True, "displaylogo": False},
        ),
    )


def _figure(points: PhasePoints) -> Figure:
    from plotly import graph_objects

    k = len(points.elements)
    mark = graph_objects.Scatter3d if k == 4 else graph_objects.Scatter
    figure = graph_objects.Figure()
    _add_tie_lines(figure, mark, points)
    _add_elements(figure, mark, points)
    _add_compounds(figure, mark, points)
    legend = {"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0}
    figure.update_layout(template="simple_white", margin={"l": 10, "r": 10, "t": 20, "b": 10}, legend=legend)
    _set_axes(figure, points.elements)
    return figure


def _add_tie_lines(figure: Figure, mark: Any, points: PhasePoints) -> None:
    k = len(points.elements)
    corners = _places(np.eye(k), np.zeros(k))
    spots = np.vstack([corners, _places(points.fractions, points.energies)[points.on_hull]])
    levels = np.concatenate([np.zeros(k), points.energies[points.on_hull]])
    shares = np.vstack([np.eye(k), points.fractions[points.on_hull]])
    gap = np.full((1, spots.shape[1]), np.nan)  # ends one line before the next begins
    pieces = [piece for pair in tie_lines(lower_facets(shares, levels)) for piece in (spots[pair], gap)]
    line = {"color": "rgba(60, 60, 60, 0.35)" if k == 4 else "black", "width": 1.5}
    places = _xyz(np.vstack([gap, *pieces]))
    figure.add_trace(mark(**places, mode="lines", line=line, hoverinfo="skip", name="tie lines"))


def _add_elements(figure: Figure, mark: Any, points: PhasePoints) -> None:
    k = len(points.elements)
    symbols = [f"<b>{escape(symbol)}</b>" for symbol in points.elements]
    figure.add_trace(
        mark(
            **_xyz(_places(np.eye(k), np.zeros(k))),
            mode="markers+text",
            text=symbols,
            textposition=_sides(k),
            textfont={"size": 17},
            marker={"color": "black", "size": 5},
            hoverinfo="text",
            hovertext=[f"{symbol}<br>energy 0 eV/atom, by definition" for symbol in symbols],
            showlegend=False,
        )
    )


def _add_compounds(figure: Figure, mark: Any, points: PhasePoints) -> None:
    is_told = points.known is not None
    known = np.ones(len(points.energies), np.bool_) if points.known is None else points.known
    below = ~points.on_hull & (points.distance < 0)
    above = ~points.on_hull & ~below
    _add(figure, mark, points, points.on_hull & known, "known, on the hull" if is_told else "on the hull", color=BLUE)
    _add(figure, mark, points, points.on_hull & ~known, "new, on the hull", color=VERMILLION)
    _add(figure, mark, points, below, "below that hull", color=VERMILLION, symbol="diamond")
    bar = {"orientation": "h", "thickness": 10, "len": 0.6, "y": 1.0, "yanchor": "bottom"}
    bar["title"] = {"text": "energy above the hull (meV/atom)", "side": "top"}
    shades = {"colorscale": "Viridis", "cmin": 0, "cmax": WORTH_A_LOOK, "showscale": True, "colorbar": bar}
    names = ("known, above it" if is_told else "above the hull", "new, above it")
    for shown, name, symbol in zip((above & known, above & ~known), names, ("circle", "circle-open"), strict=True):
        _add(figure, mark, points, shown, name, color=1000 * points.distance[shown], symbol=symbol, **shades)
        shades["showscale"] = not shown.any()  # one bar for both


def _set_axes(figure: Figure, elements: Sequence[str]) -> None:
    if len(elements) == 2:
        figure.update_layout(legend={"y": -0.14})
        figure.update_xaxes(title=f"share of {elements[1]} among the atoms", range=[-0.06, 1.06])
        figure.update_yaxes(title="formation energy (eV/atom)")
    elif len(elements) == 3:
        figure.update_xaxes(visible=False, range=[-0.1, 1.1])
        figure.update_yaxes(visible=False, scaleanchor="x", range=[-0.08, SIDE + 0.08])
    else:
        axis, camera = {"visible": False}, {"eye": {"x": 0.6, "y": -1.75, "z": 0.4}}
        scene = {"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "data", "camera": camera}
        figure.update_layout(scene=scene)


def _add(figure: Figure, mark: Any, points: PhasePoints, shown: Bools, name: str, **marker: Any) -> None:
    """Add the compounds of one kind, the important ones named, the surer the larger."""
    if not shown.any():
        return
    chance = np.full(len(shown), np.nan) if points.chance is None else points.chance
    below = ~points.on_hull & (points.distance < 0)
    named = _apart(points, named_points(points.on_hull, below, points.known, points.chance))
    rows = np.flatnonzero(shown).tolist()
    figure.add_trace(
        mark(
            **_xyz(_places(points.fractions, points.energies)[rows]),
            mode="markers+text",
            text=[_low(points.formulas[row]) if row in named else "" for row in rows],
            textposition="bottom center" if len(points.elements) == 2 else "top center",
            hoverinfo="text",
            hovertext=[_hover(points, row) for row in rows],
            name=name,
            marker={"size": (5 + 9 * np.nan_to_num(chance[rows], nan=0.5)).tolist(), "opacity": 1, **marker},
        )
    )


def _apart(points: PhasePoints, rows: Ints) -> set[int]:
    """Return those of the named points whose names do not touch on a narrow screen; the pointer tells the others."""
    places = _places(points.fractions, points.energies)
    places = places / np.ptp(
        np.vstack([places, _places(np.eye(len(points.elements)), np.zeros(len(points.elements)))]), axis=0
    )
    kept: list[int] = []
    for row in rows.tolist():
        gaps = np.abs(places[kept] - places[row])
        if np.all((gaps >= ROOM[: gaps.shape[1]]).any(axis=1)):
            kept.append(row)
    return set(kept)


def _hover(points: PhasePoints, row: int) -> str:
    """Return what the page says of a compound."""
    lines = [f"<b>{_low(points.formulas[row])}</b>", f"energy {points.energies[row]:.3f} eV/atom"]
    distance = f"distance to the hull {1000 * points.distance[row]:.0f} meV/atom"
    if np.isfinite(points.low[row]):
        distance += f" ({1000 * points.low[row]:.0f} to {1000 * points.high[row]:.0f})"
    lines.append(distance)
    if points.chance is not None and np.isfinite(points.chance[row]):
        lines.append(f"p_stable {points.chance[row]:.3f}")
    if points.known is not None:
        lines.append("known" if points.known[row] else "new")
    if points.products[row]:
        lines.append("products: " + escape(points.products[row]).replace(" + ", "<br>  + "))
    return "<br>".join(lines)


def _low(formula: str) -> str:
    """Return a formula with its numbers set low."""
    parts, is_number = [], False
    for letter in escape(formula):
        digit = letter.isdigit() or letter == "."
        parts.append(("<sub>" if digit else "</sub>") * (digit != is_number) + letter)
        is_number = digit
    return "".join(parts) + "</sub>" * is_number


def _places(fractions: Floats, energies: Floats) -> Floats:
    places: Floats = fractions @ CORNERS[fractions.shape[1]]
    return np.column_stack([places, energies]) if fractions.shape[1] == 2 else places


def _xyz(places: Floats) -> dict[str, list[float | None]]:
    """Return coordinates as plotly takes them, with gaps between lines."""
    columns = [[None if np.isnan(value) else value for value in column] for column in places.T.tolist()]
    return dict(zip("xyz", columns, strict=False))


def _sides(k: int) -> list[str]:
    return ["bottom center", "bottom center", "top center", "top center"][:k] if k > 2 else ["top center"] * 2
