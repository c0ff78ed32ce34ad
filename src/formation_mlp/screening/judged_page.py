"""The phase diagram of a table whose compounds `stability` judged, as a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.hulls.phase_points import PhasePoints
from formation_mlp.hulls.stability import product_texts
from formation_mlp.hulls.verdicts import Judged
from formation_mlp.screening.compositions import electronegativity
from formation_mlp.screening.diagram import ON_PAGES, fractions_of
from formation_mlp.system.files import write_text
from formation_mlp.typing import Floats


def write_page(judged: Judged, out: Path) -> Path | None:
    """Write the page beside ``out`` and return its place, or None if there are not two, three or four elements."""
    elements = elements_of_judged(judged)
    if len(elements) not in ON_PAGES:
        return None
    from formation_mlp.figures.phase_page import phase_page

    page = out.with_suffix(".html")
    write_text(page, phase_page(points_of_judged(judged, elements)))
    return page


def elements_of_judged(judged: Judged) -> tuple[int, ...]:
    """Return the atomic numbers of the axes, from the least electronegative on."""
    symbols = judged.table.compositions.take(judged.table.good).elements().tolist()
    return tuple(sorted(symbols, key=electronegativity))


def points_of_judged(judged: Judged, elements: tuple[int, ...]) -> PhasePoints:
    """Return the stable phases of these elements, then the compounds of the table that are none of them."""
    table, (compositions, energies, labels) = judged.table, judged.phases
    hull = CompetingPhases(compositions, energies).decompose(compositions, energies)
    fits = np.array([set(z.tolist()) <= set(elements) for z in np.split(compositions.z, compositions.row_ptr[1:-1])])
    keys, rows = compositions.keys(), np.flatnonzero(hull.is_stable & fits & (compositions.n_elements > 1))
    stable = {keys[row]: row for row in sorted(rows.tolist(), key=lambda row: -energies[row])}
    on, own_keys = list(stable.values()), table.compositions.keys()
    good = table.good.tolist()
    is_compound, lies_above = table.compositions.n_elements > 1, judged.energy > 0
    rest = [row for row in good if is_compound[row] and (lies_above[row] or own_keys[row] not in stable)]
    row_of_key = {own_keys[row]: row for row in sorted(good, key=lambda row: -table.energies[row])}  # the lowest

    def told(name: str) -> Floats:
        values = judged.chances.get(name, np.full(len(table), np.nan))
        of_phases = [values[row_of_key[keys[row]]] if keys[row] in row_of_key else np.nan for row in on]
        return np.concatenate([np.array(of_phases, np.float64), values[rest]])

    products = product_texts(hull, compositions.n_atoms, labels, compositions.n_atoms)
    known = None
    if judged.known is not None:
        of_phases = [keys[row] not in row_of_key or bool(judged.known[row_of_key[keys[row]]]) for row in on]
        known = np.array(of_phases + [bool(judged.known[row]) for row in rest], np.bool_)
    shares = [fractions_of(compositions.take(on), elements), fractions_of(table.compositions.take(rest), elements)]
    name = "-".join(SYMBOLS[z] for z in elements)
    return PhasePoints(
        elements=[SYMBOLS[z] for z in elements],
        fractions=np.vstack(shares),
        energies=np.concatenate([energies[on], table.energies[rest]]),
        formulas=[labels[row] for row in on] + [table.labels[row] for row in rest],
        distance=np.concatenate([hull.energy[on], judged.energy[rest]]),
        low=told("decomposition_lo90"),
        high=told("decomposition_hi90"),
        on_hull=np.arange(len(on) + len(rest)) < len(on),
        products=[products[row] for row in on] + [judged.products[row] for row in rest],
        title=f"{name}: hull of {table.path.name}",
        known=known,
        chance=told("p_stable") if judged.chances else None,
        said=tuple(judged.notes),
    )
