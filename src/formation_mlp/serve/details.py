"""What is told of a prediction beside its columns: why it is trusted, what the database has, what is nearest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.hulls.known_phases import ORIGINS, KnownPhases, known_phases, scales
from formation_mlp.prediction.answers import Answers
from formation_mlp.saved_model.columns import DIGITS
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.screening.balance import oxidation_states
from formation_mlp.serve.answers import Row
from formation_mlp.serve.nearest import Neighbourhood
from formation_mlp.trust.error_model import KNOWN
from formation_mlp.units import EV_PER_ATOM, from_ev_per_atom

MOST_ATOMS = 500
"""Of a formula unit whose oxidation states are looked for: the search takes longer the more there are."""
MOST_ROWS = 200
"""Rows of which details are told."""


def details_of(
    answers: Answers, model: NamedModel, compositions: Compositions, near: Neighbourhood | None
) -> list[Row | None]:
    """Return, for each row with a prediction, what else is known of it.

    Parameters
    ----------
    answers
        Of one model, ``n`` rows.
    model
        That answered.
    compositions
        Of the rows, ``[n]``.
    near
        Finds the nearest known compounds; None leaves them out.
    """
    good = [row for row, error in enumerate(answers.columns["error"]) if not error]
    told: list[Row | None] = [None] * len(answers)
    chosen = compositions.take(good)
    phases = _known(answers.scale or model.predictor.scale)
    database = _database(chosen, phases, answers.unit)
    neighbours = [[]] * len(good) if near is None else near.of(chosen, phases, answers.unit)
    states = _states(chosen)
    for place, row in enumerate(good):
        told[row] = {
            "trust_because": trust_because(answers, row, model),
            "database": database[place],
            "nearest_known": neighbours[place],
            "oxidation_states": states[place],
        }
    return told


def _known(scale: str) -> KnownPhases | None:
    return known_phases(scale) if scale in scales() else None


def _states(compositions: Compositions) -> list[str]:
    """Return the oxidation states that balance each formula, empty where none do or the formula is too large."""
    whole = np.abs(compositions.amount - np.rint(compositions.amount)) < 1e-9
    rows = [row for row, n in enumerate(compositions.n_atoms.tolist()) if n <= MOST_ATOMS]
    rows = [row for row in rows if whole[compositions.row_ptr[row] : compositions.row_ptr[row + 1]].all()]
    told = [""] * len(compositions)
    for row, text in zip(rows, oxidation_states(compositions.take(rows)), strict=True):
        told[row] = text
    return told


@lru_cache(maxsize=8)  # of each scale: writing the keys of all known phases takes longer than a prediction
def _places(scale: str) -> dict[str, int]:
    return {key: row for row, key in enumerate(known_phases(scale).compositions.keys())}


def _database(compositions: Compositions, phases: KnownPhases | None, unit: str) -> list[Row | None]:
    """Return what the known phases of the package hold of each composition."""
    if phases is None:
        return [None] * len(compositions)
    own_keys, place = compositions.keys(), _places(phases.scale)
    found = [place.get(key) for key in own_keys]
    return [None if row is None else phase_told(phases, row, unit) for row in found]


def phase_told(phases: KnownPhases, row: int, unit: str) -> Row:
    """Return what is known of one phase, its energy in a unit per atom, or in eV/atom beside a probability."""
    unit = unit if unit in DIGITS and unit != "probability" else EV_PER_ATOM
    energy = from_ev_per_atom(phases.energies[[row]], unit)
    return {
        "formula": phases.formulas[row],
        "energy": round(float(energy[0]), DIGITS[unit][0]),
        "unit": unit,
        "scale": phases.scale,
        "origin": ORIGINS[phases.origins[row]],
    }


def trust_because(answers: Answers, row: int, model: NamedModel) -> list[str]:
    """Return why the trust in a row is what it is, in sentences without their full stops."""
    columns = answers.columns
    if "trust" not in columns or not columns["trust"][row]:
        return []
    trust, expected = str(columns["trust"][row]), float(columns["expected_error"][row])
    digits = DIGITS[answers.unit][0]
    reasons = [f"{trust}: an error of about {round(expected, max(digits - 3, 0)):g} {answers.unit} is expected"]
    population = str(columns["population"][row]) if "population" in columns else KNOWN
    level = next((one for one in model.predictor.intervals.levels(population) if one.name == trust), None)
    if level is not None:
        off = level.error_on(answers.scale or model.predictor.scale)
        reasons.append(f"held-out rows of this level were off by {off:.2g} eV/atom on average")
    return reasons + [text for text in str(columns["warning"][row]).split("; ") if text]
