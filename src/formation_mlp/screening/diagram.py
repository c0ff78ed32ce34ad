"""The phase diagram of a screening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.screening.competition import CANDIDATE
from formation_mlp.screening.compositions import electronegativity
from formation_mlp.screening.screen import Screening
from formation_mlp.screening.summary import counted
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = (2, 3)
"""Numbers of elements of which there are diagrams."""


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

    elements, phases = elements_of(screening), screening.competition.phases
    check_number(len(elements), screening.candidates.name)
    ranked = screening.compositions.take(screening.rows)
    judged = CompetingPhases(phases.compositions, phases.energies).decompose(phases.compositions, phases.energies)
    keys = phases.compositions.keys()
    stable = {
        keys[row]: row for row in np.flatnonzero(judged.is_stable & (phases.compositions.n_elements > 1)).tolist()
    }
    on = list(stable.values())
    drawn = screening.is_judged
    candidate_keys = ranked.keys()
    rest = [row for row, key in enumerate(candidate_keys) if drawn[row] and key not in stable]
    fractions = [_fractions(phases.compositions.take(on), elements), _fractions(ranked.take(rest), elements)]
    columns = screening.answers.columns
    known = None
    if "known" in columns:
        words = columns["known"]
        known = np.array([phases.words[row] != CANDIDATE for row in on] + [bool(words[row]) for row in rest], np.bool_)
    chance = None
    if "p_hull" in columns:
        p_stable = np.asarray(columns["p_stable"], np.float64)
        of_key = dict(zip(candidate_keys, p_stable.tolist(), strict=True))
        chance = np.concatenate([[of_key.get(keys[row], np.nan) for row in on], p_stable[rest]])
    return phase_diagram(
        [SYMBOLS[z] for z in elements],
        np.vstack(fractions),
        np.concatenate([phases.energies[on], screening.energies[rest]]),
        [phases.formulas[row] for row in on] + [screening.candidates.formulas[screening.rows[row]] for row in rest],
        np.concatenate([np.zeros(len(on)), screening.decomposition_energy[rest]]),
        np.arange(len(on) + len(rest)) < len(on),
        f"{screening.candidates.name}: {_short_competing(screening)}",
        known,
        chance,
    )


def _short_competing(screening: Screening) -> str:
    name, on = screening.answers.models[0].name, screening.scale
    scale = f", {on}" if on else ""
    if screening.table is None:
        n = screening.competition.phases.words.count(CANDIDATE)
        n_known = len(screening.competition.phases) - n
        known = f"{counted(n_known, 'known phase')} and " if n_known else ""
        return f"hull of {known}{counted(n, 'prediction')}, model {name}{scale}"
    return f"hull of {screening.table.path.name}, predictions of model {name}{scale}"


def _fractions(compositions: Compositions, elements: tuple[int, ...]) -> Floats:
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
