"""The phase diagram of a screening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.hulls.phase_points import PhasePoints
from formation_mlp.hulls.stability import product_texts
from formation_mlp.quoting import counted
from formation_mlp.saved_model.columns import Columns
from formation_mlp.screening.competition import CANDIDATE
from formation_mlp.screening.compositions import electronegativity
from formation_mlp.screening.screen import Screening, kind_of
from formation_mlp.screening.verdicts import numbers
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = (2, 3)
"""Numbers of elements of which there are pictures."""
ON_PAGES = (*DRAWN, 4)
"""Numbers of elements of which there are pages."""


def elements_of(screening: Screening) -> tuple[int, ...]:
    """Return the atomic numbers of the axes, in the order of the user, or from the least electronegative on."""
    symbols = screening.compositions.elements().tolist()
    return screening.candidates.elements or tuple(sorted(symbols, key=electronegativity))


def diagram(screening: Screening) -> Figure:
    """Draw the hull and the candidates.

    Raises
    ------
    DataError
        If there are not two or three elements.
    """
    from formation_mlp.figures.phase_diagram import phase_diagram

    check_number(len(elements_of(screening)), screening.candidates.name)
    points = points_of(screening)
    return phase_diagram(
        points.elements,
        points.fractions,
        points.energies,
        points.formulas,
        np.where(points.on_hull, 0.0, points.distance),
        points.on_hull,
        points.title,
        points.known,
        points.chance,
    )


def points_of(screening: Screening) -> PhasePoints:
    """Return the stable phases, then the candidates that are judged and are none of them."""
    elements, phases = elements_of(screening), screening.competition.phases
    ranked = screening.compositions.take(screening.rows)
    judged = CompetingPhases(phases.compositions, phases.energies).decompose(phases.compositions, phases.energies)
    keys = phases.compositions.keys()
    stable = {
        keys[row]: row for row in np.flatnonzero(judged.is_stable & (phases.compositions.n_elements > 1)).tolist()
    }
    on = list(stable.values())
    drawn, candidate_keys, columns = screening.is_judged, ranked.keys(), screening.answers.columns
    rest = [row for row, key in enumerate(candidate_keys) if drawn[row] and key not in stable]
    row_of_key = {key: row for row, key in enumerate(candidate_keys)}

    def told(name: str) -> Floats:
        """Return a column of the candidates, NaN for phases that are none and if there is no such column."""
        found = next((column for column in columns if kind_of(column) == name), None)
        values = np.full(len(ranked), np.nan) if found is None else numbers(columns, found)
        of_phases = [values[row_of_key[keys[row]]] if keys[row] in row_of_key else np.nan for row in on]
        return np.concatenate([np.array(of_phases, np.float64), values[rest]])

    n_atoms = phases.compositions.n_atoms
    products = product_texts(judged, n_atoms, phases.formulas, n_atoms)
    known = None
    if "known" in columns:
        words = columns["known"]
        known = np.array([phases.words[row] != CANDIDATE for row in on] + [bool(words[row]) for row in rest], np.bool_)
    return PhasePoints(
        elements=[SYMBOLS[z] for z in elements],
        fractions=np.vstack(
            [fractions_of(phases.compositions.take(on), elements), fractions_of(ranked.take(rest), elements)]
        ),
        energies=np.concatenate([phases.energies[on], screening.energies[rest]]),
        formulas=[phases.formulas[row] for row in on]
        + [screening.candidates.formulas[screening.rows[row]] for row in rest],
        distance=np.concatenate([judged.energy[on], screening.decomposition_energy[rest]]),
        low=told("decomposition_lo"),
        high=told("decomposition_hi"),
        on_hull=np.arange(len(on) + len(rest)) < len(on),
        products=[products[row] for row in on] + [str(columns["products"][row]) for row in rest],
        title=f"{screening.candidates.name}: {_short_competing(screening)}",
        known=known,
        chance=told("p_stable") if "p_hull" in columns else None,
        trust=_trust(columns, [row_of_key.get(keys[row], -1) for row in on] + rest) if "trust" in columns else None,
    )


def _trust(columns: Columns, rows: list[int]) -> list[str]:
    """Return how far the predictions of candidates may be believed; empty for phases that are none, which are -1."""
    return [str(columns["trust"][row]) if row >= 0 else "" for row in rows]


def _short_competing(screening: Screening) -> str:
    name, on = screening.answers.models[0].name, screening.scale
    scale = f", scale {on}" if on else ", scale not declared"
    if screening.table is None:
        n = screening.competition.phases.words.count(CANDIDATE)
        n_known = len(screening.competition.phases) - n
        known = f"{counted(n_known, 'known phase')} and " if n_known else ""
        alone = "" if n_known or not screening.competition.remark else " alone"
        return f"hull of {known}{counted(n, 'prediction')}{alone}, model {name}{scale}"
    return f"hull of {screening.table.path.name}, predictions of model {name}{scale}"


def fractions_of(compositions: Compositions, elements: tuple[int, ...]) -> Floats:
    """Return the share of each of these elements, ``[n, k]``."""
    shares = np.zeros((len(compositions), len(elements)))
    row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    shares[row, [elements.index(z) for z in compositions.z.tolist()]] = compositions.fractions()
    return shares


def check_number(n_elements: int, name: str) -> None:
    """Raise `DataError` if there is no diagram of so many elements."""
    if n_elements not in DRAWN:
        raise DataError(
            f"--figure: diagrams are drawn of two or three elements; {name} has {n_elements}. Leave --figure out, or "
            "screen a part of the system."
        )
