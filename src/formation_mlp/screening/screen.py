"""The verb screen: predict candidates, compare them with the hull of their competitors, and rank them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.hulls.energy_table import OF_COMPETING, EnergyTable, read_energy_table
from formation_mlp.hulls.hull import CompetingPhases, Decompositions
from formation_mlp.hulls.known_phases import ORIGINS
from formation_mlp.hulls.scale_evidence import ScaleEvidence, scale_evidence
from formation_mlp.hulls.stability import product_texts
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.prediction.answers import LEVEL, Answers, answer
from formation_mlp.prediction.inputs import Query
from formation_mlp.saved_model.columns import Columns
from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY, NamedModel, named_model
from formation_mlp.scales.scale import scale_named
from formation_mlp.screening.candidates import Candidates
from formation_mlp.screening.chances import DOUBTFUL
from formation_mlp.screening.competition import (
    CANDIDATE,
    Competition,
    Phases,
    against_one_another,
    against_table,
    with_known_phases,
)
from formation_mlp.screening.verdicts import chances_of, columns_of_chances, numbers, order_of, taken
from formation_mlp.typing import Bools, Floats, Ints, Progress

ROWS_PER_PART = 25_000
"""Predicted between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Screening:
    """Candidates from the most stable to the least.

    Attributes
    ----------
    candidates : in the order in which they were given
    answers : one row a candidate, ranked; rows without a prediction come last
    competition : what competes
    table : where that comes from, if the user gave it; else None
    rows : the place of each row of ``answers`` among the candidates, ``[n]``
    compositions : of the candidates, ``[n]``
    classifier : the model that gives `p_stable`
    threshold : chance from which on a compound is called stable; None without intervals
    evidence : on which scale the predictions seem to lie, of a model that declares none; else None
    """

    candidates: Candidates
    answers: Answers
    competition: Competition
    table: EnergyTable | None
    rows: Ints
    compositions: Compositions
    classifier: NamedModel
    threshold: float | None = None
    evidence: ScaleEvidence | None = None

    @property
    def decomposition_energy(self) -> Floats:
        """In eV/atom, in the order of the ranks, NaN without a prediction, ``[n]``."""
        return numbers(self.answers.columns, "decomposition_energy")

    @property
    def scale(self) -> str:
        """The energy scale of the numbers, or an empty text."""
        return self.answers.scale or self.answers.models[0].predictor.scale

    @property
    def is_element(self) -> Bools:
        """Whether a row is an element, in the order of the ranks, ``[n]``."""
        found: Bools = self.compositions.take(self.rows).n_elements == 1
        return found

    @property
    def is_judged(self) -> Bools:
        """Whether a row is a compound with a prediction, and not doubtful, in the order of the ranks, ``[n]``."""
        is_doubtful = np.array([word == DOUBTFUL for word in self.answers.columns["stable"]], np.bool_)
        return np.isfinite(self.decomposition_energy) & ~is_doubtful & ~self.is_element

    @property
    def energies(self) -> Floats:
        """By which the candidates are judged, in eV/atom: known ones where there are, else predictions, ``[n]``."""
        columns = self.answers.columns
        predicted = numbers(columns, "prediction")
        if "known_energy" not in columns:
            return predicted
        known = numbers(columns, "known_energy")
        return np.where(np.isnan(known), predicted, known)


def screen(
    candidates: Candidates,
    *,
    model: str | NamedModel | None = None,
    classifier: str | NamedModel | None = None,
    known: bool = True,
    competing: Path | EnergyTable | None = None,
    competing_energy: str | None = None,
    competing_formula: str | None = None,
    competing_unit: str | None = None,
    encoding: str | None = None,
    given: EnergyTable | None = None,
    level: float | None = None,
    scale: str | None = None,
    progress: Progress | None = None,
) -> Screening:
    """Predict formation energies, and rank candidates by their chance to be stable, then by their decomposition energy.

    Candidates with an oxidation state that no known compound has come behind all others, whatever their energy.

    Parameters
    ----------
    candidates
        See `candidates_of`.
    model
        As for `predict`, or one that is loaded; the shipped model for formulas if not given.
    classifier
        A model that tells stable compounds from others by their formulas; the shipped one if not given.
    known
        Whether the known phases that come with the package compete, beside the candidates and the elements.
    competing
        A table of formulas and energies in eV/atom instead, or one that is read already. Its compounds and the
        elements, at zero, make the hull; neither the candidates nor the known phases compete.
    competing_energy, competing_formula, competing_unit
        Its columns and the unit of its energies, where names and numbers do not tell them.
    encoding
        Of that table, if it is text; by default UTF-8.
    given
        Compounds with energies on the same scale that take the place of known phases and of predictions.
    level
        Of the intervals; by default 0.9 where the model has them.
    scale
        Energy scale of predictions and known phases; by default that of the model. That of a model which declares none
        is what the user says.
    progress
        Called with the number of candidates that are predicted, and of all.

    Raises
    ------
    ConfigError
        If the model does not predict energies of formulas, or not on that scale, or the classifier no classes of
        formulas.
    DataError
        If no candidate can be predicted, or the table of competing phases is of no use for them.
    CheckpointError
        If the model is missing, damaged, or has no intervals though a level is given.
    """
    of_energies = _of_formulas("--model", model, FOR_FORMULAS)
    if of_energies.predictor.task.is_classification:
        raise ConfigError(f"--model: {of_energies.name} predicts a probability, and a convex hull is made of energies.")
    of_classes = _of_formulas("--classifier", classifier, FOR_STABILITY)
    if not of_classes.predictor.task.is_classification:
        raise ConfigError(
            f"--classifier: {of_classes.name} predicts energies. Name one that tells stable compounds from others."
        )
    others = competing if isinstance(competing, EnergyTable) else None
    if isinstance(competing, Path):
        others = read_energy_table(
            competing,
            formula=competing_formula,
            energy=competing_energy,
            unit=competing_unit,
            options=OF_COMPETING,
            encoding=encoding,
        )
    read = read_materials(candidates.formulas)
    asked = _asked_of(of_energies, scale)  # an unknown one is refused before anything is predicted
    answers, by_class = _predicted(Query.of_all(of_energies, read), of_classes, level, asked, progress)
    energies = numbers(answers.columns, "prediction")
    energies[np.isfinite(energies) & (read.materials.compositions.n_elements == 1)] = 0.0
    good = np.flatnonzero(np.isfinite(energies))
    if not len(good):
        raise DataError(f"screen: no formula of {candidates.name} has a prediction: {answers.columns['error'][0]}")
    compositions = read.materials.compositions
    chosen, formulas = compositions.take(good), [candidates.formulas[row] for row in good.tolist()]
    if others is not None:
        competition = against_table(chosen, energies[good], others, candidates.name)
    elif known:
        competition = with_known_phases(chosen, energies[good], formulas, of_energies, scale, given)
    else:
        competition = against_one_another(chosen, energies[good], formulas)
    phases = competition.phases
    found = CompetingPhases(phases.compositions, phases.energies).decompose(chosen, competition.energies)
    columns = _columns(answers, candidates, good, found, competition, chosen)
    used = level if level is not None else LEVEL
    rows = taken(read, good)
    sure = chances_of(of_energies, rows, answers, good, found, competition, by_class[good], used, asked)
    columns |= columns_of_chances(len(answers), good, sure, (chosen, found.energy), by_class, used)
    order = order_of(columns, np.array([bool(text) for text in unknown_states(compositions)]))
    ranked: Columns = {
        name: values[order] if isinstance(values, np.ndarray) else [values[row] for row in order.tolist()]
        for name, values in columns.items()
    }
    by_rank = Answers(_ordered(ranked), answers.unit, answers.models, scale)
    threshold = None if sure is None else sure.threshold
    evidence = None if of_energies.predictor.scales else scale_evidence(chosen, energies[good])
    return Screening(candidates, by_rank, competition, others, order, compositions, of_classes, threshold, evidence)


def _asked_of(model: NamedModel, scale: str | None) -> str | None:
    """Return the scale on which a model is asked: a model that declares none is asked for what it answers.

    Raises
    ------
    ConfigError
        If the model does not answer on the scale, or there is no such scale.
    """
    if scale is not None and not model.predictor.scales:
        scale_named(scale, "scale")
        return None
    model.predictor.place_of(scale)
    return scale


def _of_formulas(option: str, name: str | NamedModel | None, default: str) -> NamedModel:
    model = name if isinstance(name, NamedModel) else named_model(name, default)
    if model.needs_structures:
        raise ConfigError(f"{option}: {model.name} needs crystal structures, and a formula has none.")
    return model


def _predicted(
    query: Query, classifier: NamedModel, level: float | None, scale: str | None, progress: Progress | None
) -> tuple[Answers, Floats]:
    """Predict energies, and the chances to be stable, in parts."""
    parts, by_class, n = list[Answers](), list[Floats](), len(query.rows)
    for start in range(0, n, ROWS_PER_PART):
        read = _part(query.read, start, min(start + ROWS_PER_PART, n))
        part = Query.of_all(query.model, read)
        parts.append(answer([part], level=level, scale=scale))
        by_class.append(classifier.predictor.predict_read(read).values)
        if progress is not None:
            progress(start + len(read.labels), n)
    names = parts[0].columns
    joined: Columns = {}
    for name, first in names.items():
        values = [part.columns[name] for part in parts]
        joined[name] = (
            np.concatenate(values) if isinstance(first, np.ndarray) else [cell for part in values for cell in part]
        )
    return Answers(joined, parts[0].unit, [query.model]), np.concatenate(by_class)


def _part(read: ReadMaterials, start: int, stop: int) -> ReadMaterials:
    failures, notes = (
        {row - start: text for row, text in texts.items() if start <= row < stop}
        for texts in (read.failures, read.notes)
    )
    return ReadMaterials(read.materials.take(range(start, stop)), read.labels[start:stop], failures, notes)


def _columns(
    answers: Answers,
    candidates: Candidates,
    good: Ints,
    found: Decompositions,
    competition: Competition,
    chosen: Compositions,
) -> Columns:
    """Return the columns of the predictions and those that the hull adds, in the order of the candidates."""
    n, phases = len(answers), competition.phases
    energy, known_energy = np.full((2, n), np.nan)
    energy[good] = found.energy
    known_energy[good] = np.where(competition.is_measure, competition.energies, np.nan)
    products, unsure, known = [""] * n, [""] * n, [""] * n
    texts = product_texts(found, chosen.n_atoms, phases.formulas, phases.compositions.n_atoms)
    for row, text, names, word in zip(good.tolist(), texts, _unmade(found, phases), competition.known, strict=True):
        products[row], unsure[row], known[row] = text, names, word
    columns = answers.columns | {"decomposition_energy": energy, "products": products}
    if any(known):
        columns["known"] = known
    if np.isfinite(known_energy).any():
        columns["known_energy"] = known_energy
    if any(word in ORIGINS for word in phases.words):
        columns["new_products"] = unsure
    if candidates.states is not None:
        columns["oxidation_states"] = candidates.states
    return columns


def _unmade(found: Decompositions, phases: Phases) -> list[str]:
    """Name, for each row, the products that are candidates themselves, and in no database."""
    names = []
    for start, stop in pairwise(found.row_ptr.tolist()):
        rows = [row for row in found.product[start:stop].tolist() if row >= 0]
        names.append(" ".join(phases.formulas[row] for row in rows if phases.words[row] == CANDIDATE))
    return names


ORDER = (
    "formula",
    "stable",
    "p_stable",
    "decomposition_energy",
    "decomposition_lo",
    "decomposition_hi",
    "known",
    "known_energy",
    "prediction",
    "lo",
    "hi",
    "products",
    "new_products",
    "oxidation_states",
)
"""The first columns of the output; the others follow as they come."""


def kind_of(name: str) -> str:
    """Return the name of a column without the level of an interval."""
    return name.rstrip("0123456789.")


def _ordered(columns: Columns) -> Columns:
    def place(name: str) -> int:
        kind = kind_of(name)
        return ORDER.index(kind) if kind in ORDER else len(ORDER)

    return {name: columns[name] for name in sorted(columns, key=place)}
