"""How far each answer may be off: quantiles of the error by a small network, made to hold by conformal prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import CheckpointError
from formation_mlp.system.array_checks import checked_array
from formation_mlp.system.blocks import in_blocks, product
from formation_mlp.trust import conformal
from formation_mlp.trust.error_inputs import Asked, places_of_scales
from formation_mlp.trust.levels import Level
from formation_mlp.trust.own_rows import OWN
from formation_mlp.typing import Bools, Floats, Ints

Singles = NDArray[np.float32]

LAYERS = ("first", "second", "out")
OUTPUTS = 4
"""Median, the logarithms of how far the 5 % and 95 % quantiles lie from it, and that of the mean absolute error."""
LARGEST_LOG = 3.0
"""Of a width or error, which is at most 20 eV/atom."""
KNOWN, HYPOTHETICAL = "known", "hypothetical"
POPULATIONS = {
    KNOWN: "compounds like those that databases hold of made ones",
    HYPOTHETICAL: "compounds that nobody has made",
    OWN: "compounds like the user's own rows, by which the model was calibrated",
}
"""What kind of compounds intervals are meant for."""


class Errors(NamedTuple):
    """What to expect of ``n`` errors ``truth - prediction``, eV/atom.

    Attributes
    ----------
    low, high : quantiles at 5 and 95 %, ``[n]``, not yet calibrated
    size : mean absolute error, ``[n]``
    """

    low: Floats
    high: Floats
    size: Floats


@dataclass(frozen=True)
class ErrorModel:
    """Conformalized quantile regression (Romano, Patterson and Candes, NeurIPS 2019) on errors out of sample.

    A small network tells, from how a row compares with the training rows and from the answers of the model, the
    quantiles of the error at 5 and 95 %. It learned from errors of networks that had not seen a row's chemical
    system, cluster or elements, as far as there were such networks, else from val rows. In each group of rows, an
    energy scale and a population, the quantiles are widened by the factor that makes them hold for the val rows of
    that group: the score of a row is the smallest factor whose interval holds its truth, and the interval at a level
    takes the ``ceil((n + 1) level)``-th smallest of ``n`` scores. The promise is marginal, in that group: of many
    rows drawn as its val rows were, a share of at least the level lies inside. For a group without val rows it is
    none; there the scores of the widest group serve.

    Attributes
    ----------
    weights : float32, ``first.weight [k, h]``, ``first.bias``, ``second.*``, ``out.*``
    centre, width : float32 ``[k]``, mean and standard deviation of the inputs
    pairs : uint16 ``[119, 119]``, see `formation_mlp.trust.error_inputs.pair_counts`
    listed : uint32 ``[l]``, sorted, of the compounds that databases list (`formation_mlp.trust.listed`)
    groups : names ``scale/population``, of those with scores
    scores : float32 ``[m]``, of all groups, one after another, each sorted
    starts : int64 ``[groups + 1]``, where each begins
    ratios : float32 ``[groups]``, mean absolute error of the val rows over the mean of what is expected of them
    powers : float32 ``[groups]``, between 0 and 1: what is expected in a group is that power of what the network says,
        times the ratio, so that the network cannot tell rows apart in a group where it never could
    levels : what high, medium and low trust mean, by mean absolute error
    is_symmetric : whether both quantiles count as far away as the farther one, for a model whose errors lie to other
        sides than those that the network learned from
    """

    weights: dict[str, Singles]
    centre: Singles
    width: Singles
    pairs: NDArray[np.uint16]
    listed: NDArray[np.uint32]
    groups: tuple[str, ...]
    scores: Singles
    starts: Ints
    ratios: Singles
    powers: Singles
    levels: tuple[Level, ...]
    is_symmetric: bool = False
    _by_level: dict[tuple[str, float], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def errors(self, asked: Asked) -> Errors:
        """Return what to expect of the errors, ``[n]`` each."""
        return self.expected(asked.inputs(self.pairs))

    def expected(self, inputs: Floats) -> Errors:
        """Return what to expect of the errors of rows with these inputs ``[n, k]``, ``[n]`` each."""
        if not len(inputs):
            return Errors(*np.empty((3, 0)))
        inputs = ((inputs - self.centre) / self.width).astype(np.float32)
        middle, below, above, size = in_blocks(self._outputs, np.clip(inputs, -6, 6)).T.astype(np.float64)
        below, above, size = np.exp(np.minimum([below, above, size], LARGEST_LOG))
        low, high = middle - below, middle + above
        if self.is_symmetric:
            high = np.maximum(-low, high)
            low = -high
        return Errors(low, high, size)

    def _outputs(self, inputs: Singles) -> Singles:
        for name in LAYERS:
            inputs = product(inputs, self.weights[f"{name}.weight"]) + self.weights[f"{name}.bias"]
            if name != LAYERS[-1]:
                inputs = np.maximum(inputs, 0)
        return inputs

    def reason(self, level: float) -> str:
        """Return why there are no intervals at ``level``, or an empty text."""
        return conformal.reason(level, max(map(len, self._scores().values())))

    def ends(self, level: float, errors: Errors, group: str) -> tuple[Floats, Floats]:
        """Return how far below and above the predictions the intervals at ``level`` end, eV/atom, ``[n]`` each.

        An interval holds its prediction, even where most such predictions are too low.

        Raises
        ------
        CheckpointError
            If the level is not between 0 and 1, or too high for the number of val rows.
        """
        reason = self.reason(level)
        if reason:
            raise CheckpointError(f"no intervals: {reason}.")
        factor = self.factor(level, group)
        half, middle = (errors.high - errors.low) / 2, (errors.high + errors.low) / 2
        return np.minimum(middle - factor * half, 0.0), np.maximum(middle + factor * half, 0.0)

    def factor(self, level: float, group: str) -> float:
        """Return by what the quantiles of a group are widened; that of the widest group if it has no scores."""
        if (group, level) not in self._by_level:
            scores = self._scores()
            usable = {name: own for name, own in scores.items() if conformal.rank(len(own), level) <= len(own)}
            own = {group: usable[group]} if group in usable else usable
            self._by_level[group, level] = max(float(one[conformal.rank(len(one), level) - 1]) for one in own.values())
        return self._by_level[group, level]

    def sizes(self, errors: Errors, group: str) -> Floats:
        """Return the mean absolute errors to expect of rows of a group, eV/atom, ``[n]``; else the largest of all."""
        own = [self.groups.index(group)] if group in self.groups else range(len(self.groups))
        found: Floats = np.max([errors.size ** float(self.powers[k]) * float(self.ratios[k]) for k in own], axis=0)
        return found

    def for_scales(self, places: Sequence[int], n_scales: int) -> ErrorModel:
        """Return the error model of a model that answers on some of the ``n_scales`` scales only, without scores.

        Answers on the other scales are taken to differ from a row's own as they do on average.
        """
        differences, names = places_of_scales(len(self.centre), n_scales)
        gone = np.setdiff1d(names, names[list(places)])
        dropped = np.concatenate([np.setdiff1d(differences, differences[list(places)]), gone])
        kept = np.setdiff1d(np.arange(len(self.centre)), [*dropped, *differences, *names])
        kept = np.concatenate([kept[:-1], differences[list(places)], names[list(places)], kept[-1:]])
        first = self.weights["first.weight"]
        off = np.clip(-self.centre[gone] / self.width[gone], -6, 6)
        bias = self.weights["first.bias"] + off @ first[gone]
        weights = self.weights | {"first.weight": first[kept], "first.bias": bias.astype(np.float32)}
        none = np.empty(0, np.float32)
        return replace(
            self,
            weights=weights,
            centre=self.centre[kept],
            width=self.width[kept],
            groups=(),
            scores=none,
            starts=np.zeros(1, np.int64),
            ratios=none,
            powers=none,
        )

    @property
    def is_seen(self) -> Bools:
        """Whether a train row holds an element, by atomic number, ``[119]``."""
        found: Bools = self.pairs.diagonal() > 0
        return found

    def has_group(self, group: str) -> bool:
        """Return whether the promise is kept for a group of its own."""
        return group in self.groups

    def _scores(self) -> dict[str, Singles]:
        return {
            name: self.scores[a:b] for name, a, b in zip(self.groups, self.starts[:-1], self.starts[1:], strict=True)
        }

    def dump(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and plain data, for `restore`."""
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self, name) for name in ("centre", "width", "pairs", "scores", "ratios", "powers", "listed")
        }
        arrays |= {"starts": self.starts, **{f"weights.{name}": array for name, array in self.weights.items()}}
        return arrays, {
            "groups": list(self.groups),
            "levels": [level.as_json() for level in self.levels],
            **({"is_symmetric": True} if self.is_symmetric else {}),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], plain: Mapping[str, Any]) -> ErrorModel:
        """Return what was dumped.

        Raises
        ------
        ValueError
            If it is something else.
        """
        most = 1e6
        first = checked_array(arrays, "weights.first.weight", np.float32, [None, None], -most, most)
        k, h = first.shape
        shapes = {"first": (k, h), "second": (h, h), "out": (h, OUTPUTS)}
        weights = {}
        for name, shape in shapes.items():
            weights[f"{name}.weight"] = checked_array(arrays, f"weights.{name}.weight", np.float32, shape, -most, most)
            weights[f"{name}.bias"] = checked_array(arrays, f"weights.{name}.bias", np.float32, shape[1:], -most, most)
        scores = checked_array(arrays, "scores", np.float32, [None], -1, most)
        groups = tuple(plain["groups"])
        starts = checked_array(arrays, "starts", np.int64, [len(groups) + 1], 0, len(scores))
        if starts[0] != 0 or starts[-1] != len(scores) or (np.diff(starts) < 1).any():
            raise ValueError("errors: the groups of scores do not fit")
        powers = np.ones(len(groups), np.float32)  # files of earlier versions have none
        if "powers" in arrays:
            powers = checked_array(arrays, "powers", np.float32, [len(groups)], 0, 1)
        if len(arrays) - ("powers" in arrays) != 7 + len(weights):
            raise ValueError(f"errors: {', '.join(arrays)} are more than an error model has")
        return cls(
            weights,
            checked_array(arrays, "centre", np.float32, [k], -most, most),
            checked_array(arrays, "width", np.float32, [k], 1e-9, most),
            checked_array(arrays, "pairs", np.uint16, [119, 119]),
            checked_array(arrays, "listed", np.uint32, [None]),
            groups,
            scores,
            starts,
            checked_array(arrays, "ratios", np.float32, [len(groups)], 0, most),
            powers,
            tuple(Level(**level) for level in plain["levels"]),
            is_symmetric=plain.get("is_symmetric", False),
        )


def group_name(scale: str, population: str) -> str:
    """Return the name of the group of an energy scale and a population; a model may know no scale."""
    return f"{scale}/{population}"


def scores_of(errors: Errors, error: Floats) -> Floats:
    """Return, for errors ``truth - prediction``, ``[n]``, the smallest factor whose interval holds each; see `ends`."""
    half, middle = (errors.high - errors.low) / 2, (errors.high + errors.low) / 2
    found: Floats = np.abs(error - middle) / half
    return found


def packed_scores(by_group: Mapping[str, Floats]) -> tuple[tuple[str, ...], Singles, Ints]:
    """Return names, sorted scores one group after another, and where each begins."""
    parts = [np.sort(scores) for scores in by_group.values()]
    starts = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return tuple(by_group), np.concatenate(parts).astype(np.float32), starts
