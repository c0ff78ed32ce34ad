"""The columns of an answer: what each means, their order, and their cells as texts."""

from __future__ import annotations

import math

from formation_mlp.scales.scale import SCALES
from formation_mlp.typing import Floats
from formation_mlp.units import EV_PER_ATOM

PROBABILITY = "probability"
"""Stands for the unit of a classifier's answers."""

COLUMNS = {
    "id": "name of the row in the table, or the structure file",
    "formula": "the formula as given, or the reduced formula of the sites of a structure",
    "sites": "number of atoms in the cell of the structure, as read",
    "space_group": "of the structure, as spglib finds it within 0.01 angstrom",
    "prediction": "as 'models' says, in the unit beside it; empty where there is an error",
    "unit": "of all energies here; kJ/mol is per mole of atoms",
    "scale": "energy scale of the prediction: functional, corrections and reference states; see formation-mlp scales",
    "std": "weighted standard deviation of the members of the model",
    "lo": "lower end of the interval",
    "hi": "upper end of the interval; of many compounds like those of the val rows, the level in its name lies inside",
    "on": "prediction on a further energy scale",
    "on_lo": "lower end of the interval on a further energy scale",
    "on_hi": "upper end of the interval on a further energy scale",
    "expected_error": "mean absolute error of such predictions on the same energy scale, as far as the model can tell",
    "trust": "of the prediction on that scale: high, medium or low, by the expected error; low where it is flagged",
    "population": "what the interval is meant for: known, compounds like those of databases; hypothetical; or own rows",
    "unseen_elements": "elements that no training row holds",
    "rare_elements": "elements of few training rows, with their number",
    "distance_percentile": "percent of the val rows that lie nearer to the training rows",
    "charge_balanced": "whether oxidation states, seen in the ICSD or rare, add up to zero; empty where unanswered",
    "unknown_states": "an oxidation state that no known compound of the element has with this ligand, or ratio beyond",
    "density": "whether the density of the structure is below or above those of the training rows",
    "model": "that gave the number",
    "warning": "how the row was read, or why its number may be wrong",
    "error": "why there is no number",
}
"""Column to its meaning, in the order of the output; ``lo`` and ``hi`` are followed by the level, as in ``lo90``."""

HIDDEN = (
    *("unit", "expected_error", "unseen_elements", "rare_elements"),
    *("charge_balanced", "unknown_states", "density"),
)
"""Columns that a terminal does not show: the line above the table, or the warning, says the same."""

DIGITS = {
    EV_PER_ATOM: (6, 3),
    "meV/atom": (3, 0),
    "kJ/mol": (4, 1),
    "kcal/mol": (5, 2),
    "J/mol": (1, 0),
    PROBABILITY: (6, 3),
}
"""Unit to the digits after the point in a file, and on a terminal."""

Columns = dict[str, list[str] | Floats]


def ordered(columns: Columns) -> Columns:
    """Return columns in the order of `COLUMNS`; the three of each further energy scale stay together."""
    order = {name: place for place, name in enumerate(COLUMNS)}
    order |= dict.fromkeys(("on_lo", "on_hi"), order["on"])
    return {name: columns[name] for name in sorted(columns, key=lambda name: order[kind(name)])}


def kind(name: str) -> str:
    """Return the name of a column without the level of an interval; those of further energy scales are one kind."""
    scale, _, end = name.partition("_")
    if scale in SCALES:
        return f"on_{end[:2]}" if end else "on"
    return name[:2] if name[:2] in ("lo", "hi") else name


def texts(name: str, values: list[str] | Floats, digits: int) -> list[str]:
    """Return the cells of a column as texts, numbers with so many digits after the point."""
    if isinstance(values, list):
        return values
    places = {"distance_percentile": 1, "sites": 0}.get(name, digits)
    return ["" if math.isnan(value) else f"{value:.{places}f}" for value in values.tolist()]
