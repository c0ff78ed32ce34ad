"""What the page of a phase diagram shows, as traces of plotly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.figures.label_choice import named_points
from formation_mlp.figures.style import BLUE, SHADES, VERMILLION
from formation_mlp.hulls.amounts import with_fractions
from formation_mlp.hulls.facets import lower_facets, tie_lines
from formation_mlp.hulls.phase_points import PhasePoints
from formation_mlp.typing import Bools, Floats

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
SMALLEST, LARGEST = 6.5, 14.0
"""Diameters of marks in pixels, for compounds that cannot be stable, and for those that surely are."""
RIM = 2.0
"""Width of the rim of hollow marks in pixels."""
IN_LEGEND = 11.0
"""Diameter of the marks of the legend."""
SHOWN_CHANCES = (0.1, 0.9)
"""Chances to be stable of which the legend shows the size."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Compounds that look alike.

    Attributes
    ----------
    name : in the legend
    shown : which of the compounds these are, ``[n]``
    colour : of all; None: each has that of its energy above the hull
    is_hollow : whether only the rim is coloured
    symbol : plotly's name of the shape
    """

    name: str
    shown: Bools
    colour: str | None = None
    is_hollow: bool = False
    symbol: str = "circle"


def phase_figure(points: PhasePoints) -> Figure:
    """Return the tie lines, elements and compounds, and a legend that says that the size of a mark is p_stable.

    With each compound goes its name, if it is one of those to be named, or an empty name; the script of the page
    decides where there is room.
    """
    from plotly import graph_objects

    k = len(points.elements)
    figure = graph_objects.Figure()
    traces = _Traces(figure, points)
    traces.add_tie_lines()
    traces.add_elements()
    traces.add_colour_bar()
    for kind in _kinds(points):
        if kind.shown.any():
            traces.add_compounds(kind)
    if points.chance is not None and np.isfinite(points.chance).any():
        for share, size in zip(SHOWN_CHANCES, _diameters(np.array(SHOWN_CHANCES)), strict=True):
            traces.add_to_legend(Kind(f"size: p_stable {share:g}", np.zeros(0, np.bool_), "grey", True), size, 1020)
    legend = {"orientation": "h", "y": -0.16 if k == 2 else -0.02, "yanchor": "top", "x": 0}
    figure.update_layout(template="simple_white", margin={"l": 10, "r": 10, "t": 40, "b": 10}, legend=legend)
    _set_axes(figure, points.elements, points.energies)
    return figure


def _kinds(points: PhasePoints) -> Iterator[Kind]:
    """Yield the kinds of compounds, those on the hull last, on top."""
    is_told = points.known is not None
    known = np.ones(len(points.energies), np.bool_) if points.known is None else points.known
    above = ~points.on_hull & ~points.below
    yield Kind("known, above it" if is_told else "above the hull", above & known)
    yield Kind("new, above it", above & ~known, is_hollow=True)
    yield Kind("below that hull", points.below, VERMILLION, symbol="diamond")
    yield Kind("known, on the hull" if is_told else "on the hull", points.on_hull & known, BLUE)
    yield Kind("new, on the hull", points.on_hull & ~known, VERMILLION, is_hollow=True)


class _Traces:
    """Adds to a figure what a plane shows of two and three elements, and space of four."""

    def __init__(self, figure: Figure, points: PhasePoints) -> None:
        from plotly import graph_objects

        self._figure, self._points = figure, points
        self._is_flat = len(points.elements) < 4
        self._mark = graph_objects.Scatter if self._is_flat else graph_objects.Scatter3d
        self._places = _places(points.fractions, points.energies)
        self._corners = _places(np.eye(len(points.elements)), np.zeros(len(points.elements)))
        chosen = named_points(points.on_hull, points.below, points.known, points.chance)
        self._turn = {row: turn for turn, row in enumerate(chosen.tolist())}

    def _add(self, places: dict[str, Any], **look: Any) -> None:
        self._figure.add_trace(self._mark(**places, **look))

    def add_tie_lines(self) -> None:
        points, k = self._points, len(self._points.elements)
        spots = np.vstack([self._corners, self._places[points.on_hull]])
        levels = np.concatenate([np.zeros(k), points.energies[points.on_hull]])
        shares = np.vstack([np.eye(k), points.fractions[points.on_hull]])
        gap = np.full((1, spots.shape[1]), np.nan)  # ends one line before the next begins
        pieces = [piece for pair in tie_lines(lower_facets(shares, levels)) for piece in (spots[pair], gap)]
        line = {"color": "#555" if self._is_flat else "rgba(60, 60, 60, 0.35)", "width": 1.2}
        self._add(_xyz(np.vstack([gap, *pieces])), mode="lines", line=line, hoverinfo="skip", name="tie lines")

    def add_elements(self) -> None:
        symbols = [f"<b>{escape(symbol)}</b>" for symbol in self._points.elements]
        self._add(
            _xyz(self._corners),
            mode="markers",
            customdata=[[symbol, -1] for symbol in symbols],
            marker={"color": "black", "size": 5},
            hoverinfo="text",
            hovertext=[f"{symbol}<br>energy 0 eV/atom, by definition" for symbol in symbols],
            showlegend=False,
        )

    def add_colour_bar(self) -> None:
        if (self._points.on_hull | self._points.below).all():
            return
        bar: dict[str, Any] = {"orientation": "h", "thickness": 10, "len": 0.6, "y": 1.0, "yanchor": "bottom"}
        bar["title"] = {"text": "energy above the hull (meV/atom)", "side": "top"}
        marker = {"color": [0], **_scale(), "showscale": True, "colorbar": bar}
        self._add(self._nowhere(), mode="markers", showlegend=False, marker=marker)

    def add_compounds(self, kind: Kind) -> None:
        """Add the compounds of one kind, the surer the larger, and that kind to the legend."""
        points, rows = self._points, np.flatnonzero(kind.shown).tolist()
        chance = np.full(len(kind.shown), np.nan) if points.chance is None else points.chance
        places, sizes = _xyz(self._places[rows]), _diameters(chance[rows])
        distances = (1000 * points.distance[rows]).tolist()
        ink = {"color": distances, **_scale()} if kind.colour is None else {"color": kind.colour}
        rim = {"color": "white", "line": {"width": RIM, **ink}} if kind.is_hollow and self._is_flat else ink
        shape = {"symbol": kind.symbol, "opacity": 1}
        group: dict[str, Any] = {"mode": "markers", "name": kind.name, "legendgroup": kind.name, "showlegend": False}
        self._add(
            places,
            **group,
            customdata=[
                [low(points.formulas[row]) if row in self._turn else "", self._turn.get(row, 0)] for row in rows
            ],
            hoverinfo="text",
            hovertext=[_hover(points, row) for row in rows],
            marker={"size": sizes, **shape, **rim},
        )
        if kind.is_hollow and not self._is_flat:  # in space, lines are one pixel wide: a white mark in a larger one
            inner = {"size": [size - 2 * RIM for size in sizes], "color": "white", **shape}
            self._add(places, **group, hoverinfo="skip", marker=inner)
        self.add_to_legend(kind, IN_LEGEND, 1000 if kind.name.endswith("on the hull") else 1010)

    def add_to_legend(self, kind: Kind, size: float, rank: int) -> None:
        """Add a mark that is in the legend only, where its size must not be that of any compound."""
        colour = kind.colour or "grey"
        look = {"color": "white", "line": {"width": RIM, "color": colour}} if kind.is_hollow else {"color": colour}
        marker = {"size": size, "symbol": kind.symbol, **look}
        self._add(
            self._nowhere(),
            mode="markers",
            name=kind.name,
            legendgroup=kind.name,
            legendrank=rank,
            marker=marker,
        )

    def _nowhere(self) -> dict[str, list[None]]:
        return {axis: [None] for axis in ("xy" if self._is_flat else "xyz")}


def _scale() -> dict[str, Any]:
    return {"colorscale": [list(stop) for stop in SHADES], "cmin": 0, "cmax": WORTH_A_LOOK}


def _diameters(chance: Floats) -> list[float]:
    """Return the sizes of marks in pixels by the chance to be stable; where it is not told, one between."""
    sizes: list[float] = (SMALLEST + (LARGEST - SMALLEST) * np.nan_to_num(chance, nan=0.5)).tolist()
    return sizes


def _set_axes(figure: Figure, elements: Sequence[str], energies: Floats) -> None:
    """Set the ends of the axes, which names that are written later must not move."""
    if len(elements) == 2:
        lowest, highest = min(-0.05, float(energies.min())), max(0.0, float(energies.max()))
        room = 0.1 * (highest - lowest)
        figure.update_xaxes(title=f"share of {elements[1]} among the atoms", range=[-0.06, 1.06])
        figure.update_yaxes(title="formation energy (eV/atom)", range=[lowest - room, highest + room])
    elif len(elements) == 3:
        figure.update_xaxes(visible=False, range=[-0.1, 1.1])
        figure.update_yaxes(visible=False, scaleanchor="x", range=[-0.06, SIDE + 0.06])
    else:
        axis, camera = (
            {"visible": False},
            {"eye": {"x": 0.5, "y": -1.55, "z": 0.25}, "center": {"x": 0, "y": 0, "z": -0.13}},
        )
        scene = {"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "data", "camera": camera}
        figure.update_layout(scene=scene)


def _hover(points: PhasePoints, row: int) -> str:
    """Return what the page says of a compound."""
    lines = [f"<b>{low(points.formulas[row])}</b>", f"energy {points.energies[row]:.3f} eV/atom"]
    distance = f"distance to the hull {1000 * points.distance[row]:.0f} meV/atom"
    if np.isfinite(points.low[row]):
        distance += f" ({1000 * points.low[row]:.0f} to {1000 * points.high[row]:.0f})"
    lines.append(distance)
    if points.chance is not None and np.isfinite(points.chance[row]):
        lines.append(f"p_stable {points.chance[row]:.3f}")
    if points.known is not None:
        lines.append("known" if points.known[row] else "new")
    if points.trust is not None and points.trust[row]:
        lines.append(f"trust in the prediction: {points.trust[row]}")
    if points.products[row]:
        lines.append("products: " + escape(with_fractions(points.products[row])).replace(" + ", "<br>  + "))
    return "<br>".join(lines)


def low(formula: str) -> str:
    """Return a formula as HTML, with its numbers set low.

    Examples
    --------
    >>> low("Fe2O3")
    'Fe<sub>2</sub>O<sub>3</sub>'
    """
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
