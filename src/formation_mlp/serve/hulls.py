"""Chemical systems and tables of energies in, hulls with everything above them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import EnergyTable, energy_table
from formation_mlp.hulls.facets import lower_facets, tie_lines
from formation_mlp.hulls.phase_points import PhasePoints
from formation_mlp.hulls.stability import judge_rows
from formation_mlp.hulls.verdicts import Judged
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.quoting import quoted
from formation_mlp.saved_model.columns import COLUMNS, kind
from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY
from formation_mlp.screening.balance import oxidation_states
from formation_mlp.screening.candidates import Candidates, candidates_of
from formation_mlp.screening.diagram import ON_PAGES, elements_of, points_of
from formation_mlp.screening.judged import with_chances
from formation_mlp.screening.judged_page import elements_of_judged, points_of_judged
from formation_mlp.screening.output import MEANINGS
from formation_mlp.screening.screen import Screening, kind_of
from formation_mlp.screening.screen import screen as run_screen
from formation_mlp.screening.summary import in_words
from formation_mlp.serve.answers import number, rows_of
from formation_mlp.serve.schemas import Compound, Predicted, ScreenRequest, StabilityRequest
from formation_mlp.serve.state import Service
from formation_mlp.typing import Floats

DIGITS = 6


def screen(service: Service, request: ScreenRequest) -> dict[str, Any]:
    """Return the hull of a chemical system with its candidates as JSON.

    Raises
    ------
    FormationMLPError
        As the command line does.
    """
    candidates = with_compounds(_candidates(service, request), request.compounds)
    known, competing = _competing(request.competing, request.unit, "competing")
    own = [compound for compound in request.compounds if compound.energy is not None]
    if own and not known:
        raise DataError("compounds: those with energies compete beside known phases. Leave 'competing' out.")
    screened = run_screen(
        candidates,
        model=service.models.get(request.model or FOR_FORMULAS),
        classifier=service.models.get(FOR_STABILITY),
        known=known,
        competing=competing,
        given=_energy_table(own, request.unit, "compounds") if own else None,
        level=request.level,
        scale=request.scale,
    )
    answers = screened.answers
    return {
        "system": candidates.name,
        "said": in_words(screened),
        "unit": answers.unit,
        "scale": screened.scale or None,
        "model": answers.models[0].name,
        "columns": {name: MEANINGS.get(kind_of(name)) or COLUMNS[kind(name)] for name in answers.columns},
        "n_rows": len(answers),
        "n_failed": answers.n_failed,
        "rows": rows_of(answers.columns, DIGITS, request.top),
        "diagram": diagram_of(points_of(screened)) if _is_drawn(screened) else None,
    }


def _is_drawn(screened: Screening) -> bool:
    return len(elements_of(screened)) in ON_PAGES


def _candidates(service: Service, request: ScreenRequest) -> Candidates:
    """Return the compositions of the system; symbols are looked up first, so that none can name a file."""
    limits = service.settings.limits
    wrong = next((symbol for symbol in request.elements if symbol not in ATOMIC_NUMBER), None)
    if wrong is not None:
        raise DataError(f"elements: {quoted(wrong)} is no element. Give symbols, such as Li, Fe, O.")
    if request.max_atoms > limits.atoms:
        raise DataError(f"max_atoms: found {request.max_atoms}, but this service takes up to {limits.atoms}.")
    candidates = candidates_of(
        "-".join(request.elements),
        max_atoms=request.max_atoms,
        unbalanced=request.all,
        all_states=request.all_states,
    )
    if len(candidates.formulas) > limits.candidates:
        raise DataError(
            f"max_atoms: {request.max_atoms} atoms make {len(candidates.formulas):,} candidates, but this service "
            f"screens up to {limits.candidates:,} at once. Take fewer atoms."
        )
    return candidates


def with_compounds(candidates: Candidates, compounds: Sequence[Compound]) -> Candidates:
    """Return candidates with further formulas of their elements; those that are there already are not doubled.

    Raises
    ------
    DataError
        If one cannot be read, or holds another element.
    """
    if not compounds:
        return candidates
    formulas = [compound.formula for compound in compounds]
    parsed = parse_formulas(formulas)
    foreign = [z not in candidates.elements for z in parsed.compositions.z.tolist()]
    for row, formula in enumerate(formulas):
        if row in parsed.failures:
            raise DataError(f"compounds, row {row + 1}: {parsed.failures[row]}")
        if any(foreign[parsed.compositions.row_ptr[row] : parsed.compositions.row_ptr[row + 1]]):
            raise DataError(f"compounds, row {row + 1}: {formula!r} holds an element that is not in {candidates.name}.")
    there = set(parse_formulas(candidates.formulas).compositions.keys())
    keys = parsed.compositions.keys()
    new = [row for row, key in enumerate(keys) if key not in there and key not in keys[:row]]
    states = None
    if candidates.states is not None:
        states = candidates.states + oxidation_states(parsed.compositions.take(new))
    return replace(candidates, formulas=candidates.formulas + [formulas[row] for row in new], states=states)


def stability(service: Service, request: StabilityRequest) -> dict[str, Any]:
    """Return how far compounds with energies are above the hull, as JSON.

    Raises
    ------
    FormationMLPError
        As the command line does.
    """
    service.check_rows(len(request.compounds))
    known, others = _competing(request.competing, request.unit, "competing")
    table = _energy_table(request.compounds, request.unit, "compounds")
    judged = judge_rows(table, scale=request.scale, known=known, others=others)
    judged = with_chances(judged, service.models.get(FOR_STABILITY))
    elements = elements_of_judged(judged)
    drawn = len(elements) in ON_PAGES
    return {
        "notes": judged.notes,
        "unit": "eV/atom",
        "rows": _judged_rows(judged),
        "diagram": diagram_of(points_of_judged(judged, elements)) if drawn else None,
    }


def _judged_rows(judged: Judged) -> list[dict[str, Any]]:
    columns = judged.columns()
    numbers = ("energy", "decomposition_energy", *judged.chances)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for row in rows:
        for name in numbers:
            row[name] = float(row[name]) if row[name] else None
    return rows


def _competing(asked: str | list[Compound], unit: str | None, where: str) -> tuple[bool, EnergyTable | None]:
    """Return whether the known phases compete, and the compounds that do instead."""
    if isinstance(asked, str):
        return asked == "known", None
    return False, _energy_table(asked, unit, where)


def _energy_table(compounds: Sequence[Compound], unit: str | None, where: str) -> EnergyTable:
    """Return the compounds of a request as a table of the command line."""
    import pandas as pd

    numbers: dict[str, list[float | None]] = {"energy": [compound.energy for compound in compounds]}
    ranges = [compound for compound in compounds if isinstance(compound, Predicted)]
    if any(one.lo90 is not None and one.hi90 is not None for one in ranges):
        numbers |= {"lo90": [one.lo90 for one in ranges], "hi90": [one.hi90 for one in ranges]}
    frame = pd.DataFrame(
        {
            "formula": [compound.formula for compound in compounds],
            **{name: pd.Series(values, dtype="float64") for name, values in numbers.items()},
        }
    )
    return energy_table(frame, Path(where), formula="formula", energy="energy", unit=unit or "eV/atom")


def diagram_of(points: PhasePoints) -> dict[str, Any]:
    """Return the compounds of a phase diagram and its tie lines; those index elements first, then points.

    The elements, at zero, are no points themselves: number ``i`` below the number of elements stands for element ``i``,
    number ``n_elements + j`` for point ``j``.
    """
    on = np.flatnonzero(points.on_hull)
    k = len(points.elements)
    fractions = np.vstack([np.eye(k), points.fractions[on]])
    energies: Floats = np.concatenate([np.zeros(k), points.energies[on]])
    place = [*range(k), *(k + int(row) for row in on)]
    lines = tie_lines(lower_facets(fractions, energies))
    return {
        "title": points.title,
        "elements": points.elements,
        "points": [_point(points, row) for row in range(len(points.formulas))],
        "tie_lines": [[place[a], place[b]] for a, b in lines.tolist()],
    }


def _point(points: PhasePoints, row: int) -> dict[str, Any]:
    return {
        "formula": points.formulas[row],
        "fractions": [round(share, DIGITS) for share in points.fractions[row].tolist()],
        "energy": round(float(points.energies[row]), DIGITS),
        "decomposition_energy": round(float(points.distance[row]), DIGITS),
        "lo": _rounded(points.low[row]),
        "hi": _rounded(points.high[row]),
        "on_hull": bool(points.on_hull[row]),
        "products": points.products[row],
        "known": None if points.known is None else bool(points.known[row]),
        "p_stable": None if points.chance is None else _rounded(points.chance[row]),
    }


def _rounded(value: float) -> float | None:
    found = number(float(value))
    return None if found is None else round(found, DIGITS)
