"""From errors out of sample to a model that tells how far each answer may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formation_mlp.training.error_network import fit_error_network
from formation_mlp.trust.error_model import ErrorModel, packed_scores, scores_of
from formation_mlp.trust.levels import levels_of
from formation_mlp.typing import Bools, Floats

ENOUGH = 400
"""Val rows from which on an error model is fitted: half of them for the network, half for the scores."""


@dataclass(frozen=True, slots=True)
class OutOfSample:
    """``n`` answers of networks to rows that these had not seen, with their errors.

    Attributes
    ----------
    inputs : of the error model, see `formation_mlp.trust.error_inputs.Asked.inputs`, ``[n, k]``
    error : truth minus answer, eV/atom, ``[n]``
    group : energy scale and population of each, see `formation_mlp.trust.error_model.group_name`, ``[n]``
    scored : whether a row is calibrated on, instead of being learned from, ``[n]``
    weight : of each row that is learned from, ``[n]``
    """

    inputs: Floats
    error: Floats
    group: NDArray[np.str_]
    scored: Bools
    weight: Floats


def fit_error_model(rows: OutOfSample, pairs: NDArray[np.uint16], listed: NDArray[np.uint32], seed: int) -> ErrorModel:
    """Learn quantiles of the error from some rows, and widen them until they hold for the others.

    Parameters
    ----------
    rows
        Some of them ``scored``: those decide the factors and what the levels of trust mean.
    pairs
        In how many train rows two elements occur together.
    listed
        Numbers of the compounds that databases list, sorted.
    seed
        Of the network's weights and batches.
    """
    learned = ~rows.scored
    weights, centre, width = fit_error_network(rows.inputs[learned], rows.error[learned], rows.weight[learned], seed)
    none = np.empty(0, np.float32)
    blank = ErrorModel(weights, centre, width, pairs, listed, (), none, np.zeros(1, np.int64), none, ())
    errors = blank.expected(rows.inputs)
    scores = scores_of(errors, rows.error)
    groups = sorted(set(rows.group[rows.scored].tolist()))
    by_group = {name: rows.scored & (rows.group == name) for name in groups}
    ratios = [float(np.abs(rows.error[own]).mean() / errors.size[own].mean()) for own in by_group.values()]
    size = np.zeros(len(scores))
    for own, ratio in zip(by_group.values(), ratios, strict=True):
        size[own] = errors.size[own] * ratio
    levels = levels_of(size[rows.scored], rows.error[rows.scored])
    packed = packed_scores({name: scores[own] for name, own in by_group.items()})
    return ErrorModel(weights, centre, width, pairs, listed, *packed, np.array(ratios, np.float32), levels)


def halves(keys: Sequence[str], seed: int) -> Bools:
    """Return which rows belong to the second half, ``[n]``; rows of one formula stay together."""
    _, formula = np.unique(keys, return_inverse=True)
    second: Bools = np.random.default_rng(seed).random(int(formula.max(initial=0)) + 1)[formula] < 0.5
    return second
