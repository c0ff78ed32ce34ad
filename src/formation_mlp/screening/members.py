"""What each member of a model answers, for distances to the hull whose errors partly cancel."""

from __future__ import annotations

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.features.engine.table import featurize
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.screening.competition import Competition
from formation_mlp.typing import Floats


def member_energies(predictor: Predictor, read: ReadMaterials, scale: str | None = None) -> tuple[Floats, Floats]:
    """Return the energies that each member predicts, eV/atom ``[n_members, n]``, and the members' shares.

    Parameters
    ----------
    predictor
        A model of energies of formulas.
    read
        What it is asked, ``[n]``; none of it a failure.
    scale
        Energy scale of the answers, where the model has several; by default its first.
    """
    shares = np.array([member.share for member in predictor.checkpoint.members])
    table = featurize(read.materials, predictor.features)
    compositions = read.materials.compositions
    found = predictor.predict_members(table.X, compositions, predictor.place_of(scale))
    return np.where(compositions.n_elements == 1, 0.0, found), shares


def spread_of_distances(
    competition: Competition, compositions: Compositions, members: Floats, shares: Floats
) -> Floats:
    """Return how far the members disagree on the decomposition energy of each candidate, eV/atom ``[n]``.

    Each member has a hull of its own: its predictions of the candidates among the energies that are known. What it gets
    wrong for a compound and for its neighbours on the hull alike cancels.

    Parameters
    ----------
    competition
        Of ``n`` candidates.
    compositions
        Of the candidates.
    members
        Energies of the candidates by each member, eV/atom, ``[n_members, n]``.
    shares
        Of the members, which add up to one.
    """
    found, competes = [], np.flatnonzero(competition.places >= 0)
    for own in members:
        energies = np.where(competition.is_measure, competition.energies, own)
        phases = competition.phases
        theirs = phases.energies.copy()
        theirs[competition.places[competes]] = energies[competes]
        found.append(CompetingPhases(phases.compositions, theirs).decompose(compositions, energies).energy)
    each = np.stack(found)
    mean = shares @ each
    return np.asarray(np.sqrt(shares @ (each - mean) ** 2))
