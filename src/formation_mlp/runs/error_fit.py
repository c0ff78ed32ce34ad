"""From errors out of sample to a model that tells how far each answer may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formation_mlp.training.error_network import fit_error_network
from formation_mlp.trust.error_model import ErrorModel, Errors, packed_scores, scores_of
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
    blank = ErrorModel(weights, centre, width, pairs, listed, (), none, np.zeros(1, np.int64), none, none, ())
    return calibrated(blank, blank.expected(rows.inputs), rows)


def calibrated(
    model: ErrorModel, errors: Errors, rows: OutOfSample, powers: Mapping[str, float] | None = None
) -> ErrorModel:
    """Return the error model with factors, ratios and levels by the rows that are ``scored``.

    Parameters
    ----------
    model
        Its network counts.
    errors
        What that expects of the rows.
    rows
        With the errors that they had.
    powers
        Of each group, where they are known from more rows.
    """
    known = powers or {}
    scores = scores_of(errors, rows.error)
    groups = sorted(set(rows.group[rows.scored].tolist()))
    by_group = {name: rows.scored & (rows.group == name) for name in groups}
    used = [
        known[name] if name in known else power_of(errors.size[own], rows.error[own]) for name, own in by_group.items()
    ]
    size, ratios = np.zeros(len(scores)), []
    for own, power in zip(by_group.values(), used, strict=True):
        expected = errors.size[own] ** power
        ratios.append(float(np.abs(rows.error[own]).mean() / expected.mean()))
        size[own] = expected * ratios[-1]
    scale = np.array([name.partition("/")[0] for name in rows.group[rows.scored].tolist()])
    names, packed, starts = packed_scores({name: scores[own] for name, own in by_group.items()})
    return replace(
        model,
        groups=names,
        scores=packed,
        starts=starts,
        ratios=np.array(ratios, np.float32),
        powers=np.array(used, np.float32),
        levels=levels_of(size[rows.scored], rows.error[rows.scored], scale),
    )


def power_of(size: Floats, error: Floats) -> float:
    """Return how much of the differences between expected errors ``[n]`` is seen in errors ``[n]``, from 0 to 1.

    Of expected errors ``a size^b`` the power ``b`` with the smallest deviance ``log m + |e| / m``, where ``m`` is the
    expected error; ``a`` has a closed form. It is 1 where the network tells rows apart as well as it says, or better.

    Examples
    --------
    >>> size = np.array([0.01, 0.1] * 50)
    >>> power_of(size, size), power_of(size, np.full(100, 0.05)), round(power_of(size, size**0.5), 2)
    (1.0, 0.0, 0.5)
    """
    off, log_size = np.abs(error), np.log(size)
    powers = np.linspace(0, 1, 41)
    deviance = [np.log((off * size**-power).mean() + 1e-12) + power * log_size.mean() for power in powers]
    return float(powers[int(np.argmin(deviance))])


def halves(keys: Sequence[str], seed: int) -> Bools:
    """Return which rows belong to the second half, ``[n]``; rows of one formula stay together."""
    _, formula = np.unique(keys, return_inverse=True)
    second: Bools = np.random.default_rng(seed).random(int(formula.max(initial=0)) + 1)[formula] < 0.5
    return second
