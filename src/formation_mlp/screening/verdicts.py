"""The columns of a screening that say how sure it is of each candidate, and its order."""

from __future__ import annotations

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.hulls.hull import Decompositions
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.prediction.answers import Answers
from formation_mlp.saved_model.columns import Columns
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.screening.chances import DOUBTFUL, Chances, Errors, at_ninety, chances, product_errors, settled
from formation_mlp.screening.competition import Competition
from formation_mlp.screening.members import member_energies, spread_of_distances
from formation_mlp.typing import Bools, Floats, Ints


def taken(read: ReadMaterials, rows: Ints) -> ReadMaterials:
    """Return rows that could be read."""
    return ReadMaterials(read.materials.take(rows), [read.labels[row] for row in rows.tolist()], {}, {})


def chances_of(
    model: NamedModel,
    read: ReadMaterials,
    answers: Answers,
    good: Ints,
    found: Decompositions,
    competition: Competition,
    classifier: Floats,
    level: float,
    scale: str | None = None,
) -> Chances | None:
    """Return how sure the verdicts on the candidates with a prediction are; None if the model has no intervals."""
    low, high = f"lo{100 * level:g}", f"hi{100 * level:g}"
    if high not in answers.columns:
        return None
    half_width = (numbers(answers.columns, high) - numbers(answers.columns, low))[good] / 2
    spread = None
    if len(model.predictor.checkpoint.members) > 1:
        members, shares = member_energies(model.predictor, read, scale)
        spread = spread_of_distances(competition, read.materials.compositions, members, shares)
    products = product_errors(found, competition.phases.errors)
    errors = Errors(at_ninety(half_width, level), spread, competition.errors, products)
    return settled(chances(found.energy, errors, classifier, level), read.materials.compositions, found.energy)


def columns_of_chances(
    n: int, good: Ints, sure: Chances | None, found: tuple[Compositions, Floats], classifier: Floats, level: float
) -> Columns:
    """Return verdicts, and what they rest on; without intervals the classifier alone gives chances.

    ``found`` are the candidates with a prediction and their decomposition energies in eV/atom.
    """
    stable, (compositions, energy) = [""] * n, found
    if sure is None:
        chance, is_doubtful = classifier.copy(), has_excess_anions(compositions)
        chance[good[is_doubtful]] = np.nan
        chance[good[compositions.n_elements == 1]] = 1.0
        for row, value, doubtful in zip(good.tolist(), energy.tolist(), is_doubtful.tolist(), strict=True):
            stable[row] = DOUBTFUL if doubtful else "yes" if value <= 0 else "no"
        return {"stable": stable, "p_stable": chance}
    for row, word in zip(good.tolist(), sure.stable, strict=True):
        stable[row] = word
    columns: Columns = {"stable": stable, "p_classifier": classifier}
    named = {"p_stable": sure.joined, "p_hull": sure.by_hull}
    named |= {f"decomposition_lo{100 * level:g}": sure.low, f"decomposition_hi{100 * level:g}": sure.high}
    for name, values in named.items():
        whole = np.full(n, np.nan)
        whole[good] = values
        columns[name] = whole
    return columns


def order_of(columns: Columns, is_unknown: Bools) -> Ints:
    """Return the ranks: by the chance to be stable where hull and classifier are joined, then by the distance.

    Candidates with unknown oxidation states, ``is_unknown [n]``, come behind all others, and last those without energy.
    """
    energy = numbers(columns, "decomposition_energy")
    chance = numbers(columns, "p_stable") if "p_hull" in columns else np.zeros(len(energy))
    return np.lexsort((energy, -np.round(chance, 3), is_unknown, np.isnan(energy)))


def numbers(columns: Columns, name: str) -> Floats:
    """Return a column of numbers."""
    return np.asarray(columns[name], np.float64)
