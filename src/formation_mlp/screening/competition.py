"""What competes with the candidates of a screening: one another, and the compounds that are known already."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import EnergyTable
from formation_mlp.hulls.known_phases import ORIGINS, KnownPhases, known_phases, scales
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.typing import Floats, Ints

CANDIDATE, GIVEN = "candidate", "given"
"""Where the energy of a phase comes from, beside `ORIGINS`: a new candidate's prediction, a user's table."""
ELEMENT = "element"
"""Where the energy of an element comes from: it is zero by definition."""


@dataclass(frozen=True, slots=True)
class Phases:
    """Compounds of which hulls are made.

    Attributes
    ----------
    compositions : ``[n]``
    energies : formation energies in eV/atom, ``[n]``
    errors : their standard errors in eV/atom, as far as the table of known phases tells, else zero, ``[n]``
    formulas : ``[n]``
    words : where each energy comes from: one of `ORIGINS`, `CANDIDATE` or `GIVEN`, ``[n]``
    """

    compositions: Compositions
    energies: Floats
    errors: Floats
    formulas: list[str]
    words: list[str]

    def __len__(self) -> int:
        return len(self.formulas)


@dataclass(frozen=True, slots=True)
class Competition:
    """What ``n`` candidates are judged by.

    Attributes
    ----------
    phases : those that compete, the elements aside
    energies : of the candidates, by which they are judged, eV/atom: the known one where it is better, ``[n]``
    known : for each candidate one of `ORIGINS`, `GIVEN` or `ELEMENT`, or ``yes`` (of a user's table), or empty if it
        is new, ``[n]``
    errors : standard errors of the known energies, eV/atom; NaN for candidates that are judged by predictions, ``[n]``
    places : of the candidates among the phases; -1 for those whose prediction does not compete, ``[n]``
    remark : why no known phases compete, or empty
    left_out : known phases that do not compete since they have excess anions
    shift : eV/atom, which a calibration adds to predictions: to those of candidates, and of known phases whose energy
        is withheld; energies of the database are none of the model and stay
    """

    phases: Phases
    energies: Floats
    known: list[str]
    errors: Floats
    places: Ints
    remark: str = ""
    left_out: tuple[str, ...] = ()
    shift: float = 0.0

    @property
    def is_measure(self) -> np.ndarray:
        """Whether a candidate is judged by a known energy or a given one and not by its prediction, ``[n]``."""
        return np.array([word in (*ORIGINS[:2], GIVEN) for word in self.known], np.bool_)


def against_one_another(
    compositions: Compositions, energies: Floats, formulas: list[str], remark: str = ""
) -> Competition:
    """Let candidates compete with one another, and nothing else."""
    n, own = len(formulas), np.flatnonzero(_may_compete(compositions))
    labels = [formulas[row] for row in own.tolist()]
    phases = Phases(compositions.take(own), energies[own], np.zeros(len(own)), labels, [CANDIDATE] * len(own))
    places = np.full(n, -1)
    places[own] = np.arange(len(own))
    return Competition(phases, energies, _elements(compositions), np.full(n, np.nan), places, remark)


def _elements(compositions: Compositions) -> list[str]:
    return [ELEMENT if n == 1 else "" for n in compositions.n_elements.tolist()]


def _may_compete(compositions: Compositions) -> np.ndarray:
    """Tell which candidates may make others unstable, ``[n]``: not those with an oxidation state that nobody knows.

    Elements compete anyway, at zero.
    """
    is_known = np.array([not text for text in unknown_states(compositions)], np.bool_)
    return is_known & (compositions.n_elements > 1)


def with_known_phases(
    compositions: Compositions,
    energies: Floats,
    formulas: list[str],
    model: NamedModel,
    scale: str | None = None,
    given: EnergyTable | None = None,
) -> Competition:
    """Let candidates compete with one another and with the known phases of their elements.

    Each composition competes once. Where the database has an energy, it takes the place of the candidate's
    prediction, which is worse. Where it has none and the table holds a prediction, the candidate's is taken, so that
    all predictions are of one model; if that model was calibrated, its shift moves the other predictions of the table,
    too. Phases with excess anions do not compete, since their energies are too low. If the energies are on a scale of
    which no phases are known, none compete: energies of two scales make no hull. ``scale`` is by default the model's;
    of a model that declares none, it is what the user says.

    Compounds that the user gives with energies on that scale take the place of known phases and of predictions.
    """
    scale = scale or model.predictor.scale
    remark = ""
    if scale in scales():
        known = known_phases(scale, compositions.elements())
    else:
        said = f"on the scale {scale}" if scale else "on no declared scale"
        remark = (
            f"no known phase competes: energies of {model.name} are {said}, and there are known phases on "
            f"{_and(scales())}"
        )
        if given is None:
            return against_one_another(compositions, energies, formulas, remark)
        known = known_phases(scales()[0], np.array([0]))  # of no element, and so none
    own = model.predictor.intervals.own_rows(scale if model.predictor.scales else None)
    shift = 0.0 if own is None else own.shift
    if given is None:
        return _joined(compositions, energies, formulas, known, shift)
    joined = replace(_joined(compositions, energies, formulas, with_given(known, given), shift), remark=remark)
    return _with_words(joined, compositions, set(given.compositions.take(given.good).keys()))


def with_given(known: KnownPhases, given: EnergyTable) -> KnownPhases:
    """Return known phases with a user's compounds in place of those of the same composition; the lowest of each.

    They count as energies of the scale itself, without an error.
    """
    rows = sorted(given.good.tolist(), key=lambda row: float(given.energies[row]))
    keys, theirs = given.compositions.keys(), dict[str, int]()
    for row in rows:
        theirs.setdefault(keys[row], row)
    lowest = np.array(list(theirs.values()), np.int64)
    kept = known.take(np.array([i for i, key in enumerate(known.compositions.keys()) if key not in theirs], np.int64))
    n = len(lowest)
    return replace(
        kept,
        compositions=kept.compositions.joined(given.compositions.take(lowest)),
        formulas=kept.formulas + [given.labels[row] for row in lowest.tolist()],
        energies=np.concatenate([kept.energies, given.energies[lowest]]),
        errors=np.concatenate([kept.errors, np.zeros(n)]),
        origins=np.concatenate([kept.origins, np.full(n, ORIGINS.index("own"))]),
    )


def _with_words(joined: Competition, compositions: Compositions, given: set[str]) -> Competition:
    """Return the same, where what the user gave is called so."""
    phases, keys = joined.phases, joined.phases.compositions.keys()
    words = [GIVEN if key in given else word for key, word in zip(keys, phases.words, strict=True)]
    own = compositions.keys()
    known = [GIVEN if key in given and word != ELEMENT else word for key, word in zip(own, joined.known, strict=True)]
    return replace(joined, phases=replace(phases, words=words), known=known)


def _joined(
    compositions: Compositions, energies: Floats, formulas: list[str], known: KnownPhases, shift: float
) -> Competition:
    keys, known_keys = compositions.keys(), known.compositions.keys()
    place = {key: row for row, key in enumerate(known_keys)}
    rows = np.array([place.get(key, -1) for key in keys], np.int64)
    words = ["" if row < 0 else ORIGINS[known.origins[row]] for row in rows.tolist()]
    words = [element or word for element, word in zip(_elements(compositions), words, strict=True)]
    is_better = np.array([word in ORIGINS[:2] for word in words], np.bool_)
    judged = energies.copy()
    judged[is_better] = known.energies[rows[is_better]]
    asked, excess = set(keys), has_excess_anions(known.compositions)
    is_predicted = known.origins == ORIGINS.index("predicted")
    kept = [row for row, key in enumerate(known_keys) if not (excess[row] or (is_predicted[row] and key in asked))]
    known = replace(known, energies=known.energies + shift * is_predicted)
    others, own = known.take(np.array(kept, np.int64)), np.flatnonzero(~is_better & _may_compete(compositions))
    phases = Phases(
        compositions.take(own).joined(others.compositions),
        np.concatenate([energies[own], others.energies]),
        np.concatenate([np.zeros(len(own)), others.errors]),
        [formulas[row] for row in own.tolist()] + others.formulas,
        [words[row] or CANDIDATE for row in own.tolist()] + others.words,
    )
    errors = np.full(len(keys), np.nan)
    errors[is_better] = known.errors[rows[is_better]]
    places = np.full(len(keys), -1)
    places[own] = np.arange(len(own))
    left_out = tuple(known.formulas[row] for row in np.flatnonzero(excess).tolist())
    return Competition(phases, judged, words, errors, places, "", left_out, shift)


def against_table(compositions: Compositions, energies: Floats, table: EnergyTable, name: str) -> Competition:
    """Judge candidates by the compounds of a table that hold no other elements; the candidates do not compete.

    Raises
    ------
    DataError
        If there are none.
    """
    theirs = table.compositions
    rows = np.intersect1d(
        np.flatnonzero(_within(theirs, compositions.elements()) & (theirs.n_elements > 1)), table.good
    )
    if not len(rows):
        raise DataError(
            f"--competing: no compound of {table.path} consists of the elements of {name} alone, so nothing but the "
            "elements would compete. Give a table of that system, or leave --competing out: then the known phases "
            "and the predictions compete."
        )
    chosen = theirs.take(rows)
    labels = [table.labels[row] for row in rows.tolist()]
    phases = Phases(chosen, table.energies[rows], np.zeros(len(rows)), labels, [GIVEN] * len(rows))
    given, keys = set(chosen.keys()), compositions.keys()
    n = len(keys)
    return Competition(
        phases,
        energies,
        [
            element or ("yes" if key in given else "")
            for key, element in zip(keys, _elements(compositions), strict=True)
        ],
        np.full(n, np.nan),
        np.full(n, -1),
    )


def _within(compositions: Compositions, elements: Ints) -> np.ndarray:
    """Tell which rows hold no element but these, ``[n]``."""
    row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    foreign = np.bincount(row[~np.isin(compositions.z, elements)], minlength=len(compositions))
    return np.asarray(foreign == 0)


def _and(names: tuple[str, ...]) -> str:
    return " and ".join(names)
