"""What a model was trained on, and how far from it a row lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.chemistry.neutrality import charge_balance
from formation_mlp.materials.records import Materials
from formation_mlp.system.array_checks import checked_array
from formation_mlp.system.blocks import in_blocks, product
from formation_mlp.trust.densities import atomic_volumes, density_ratios
from formation_mlp.trust.domain_columns import FAR, DomainColumns, uncommon_elements
from formation_mlp.trust.nearest import ARRAYS as POINTS
from formation_mlp.trust.nearest import MOST, Points
from formation_mlp.typing import Floats

Singles = NDArray[np.float32]

RARE, RARE_SHARE = 50, 0.01
"""An element in fewer training rows is called rare: 50, or a hundredth of them where that is less, but at least 2."""
DENSITIES = (0.25, 99.75)
"""Percentiles of the train rows between which a density is usual."""

DIMENSIONS = 16
FARTHEST = 4.0
"""Standard deviations at which a feature is cut off, so that one outlier does not hide the other features."""
MOST_POINTS = 65_536
"""A larger training set is represented by a random part of it."""
PERCENTILES = np.linspace(0, 100, 1001)


@dataclass(frozen=True)
class Domain:
    """The training rows, as far as a model must know them to tell when a row is unlike them.

    The distance of a row is the Euclidean one to the nearest training row, in the space of the whitened leading
    principal components of the scaled features, each cut off at four standard deviations. It is told as a
    percentile of the distances of the val rows, which are new to the model but of the same kind.

    The density of a structure is compared with that which its elements have in the training rows: the mean atomic
    volumes of the elements, fitted to the train rows by least squares of the relative error, give an expected volume
    per atom, and the ratio of expected to actual volume has a usual range. Within one range for all densities a
    sodium chloride of twice its density would pass for usual.

    Oxidation states beyond those of known compounds are flagged, see `unknown_states`. That charges cannot be balanced
    is told, see `charge_balance`, and no flag: it holds for KO2, Ag2F and Cs11O3, too.

    Attributes
    ----------
    directions : float32 ``[k, q]``, from the kept features, scaled and cut off, to the components
    origin : float32 ``[q]``, of the mean training row
    points : the training rows
    percentiles : float32 ``[1001]``, of the distances of the val rows
    rare_below : an element in fewer training rows is called rare
    volumes : float32 ``[119]``, of each element in cubic angstrom; None without structures
    densities : lowest and highest usual ratio of density and expected density; None without structures

    Examples
    --------
    >>> from formation_mlp import load
    >>> found = load("composition").predict_rows(["NaCl", "PuNe2"]).domain
    >>> found.unseen, found.flagged.tolist()
    (['', 'Ne'], [False, True])
    """

    directions: Singles
    origin: Singles
    points: Points
    percentiles: Singles
    rare_below: int
    volumes: Singles | None = None
    densities: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        dimensions = {self.origin.shape, self.points.step.shape, self.directions.shape[1:]}
        if len(dimensions) != 1 or self.percentiles.shape != PERCENTILES.shape:
            raise ValueError(f"domain: {dimensions} dimensions, {self.percentiles.shape} percentiles")
        if (self.volumes is None) != (self.densities is None) or (
            self.volumes is not None and self.volumes.shape != (len(SYMBOLS),)
        ):
            raise ValueError("domain: volumes and densities do not fit each other")

    @classmethod
    def fit(cls, train: Floats, materials: Materials, val: Floats, seed: int) -> Domain:
        """Learn from the scaled features ``[n, k]`` of train rows and val rows, and the materials of the former."""
        generator, n = np.random.default_rng(seed), len(train)
        rows = np.arange(n) if n <= MOST_POINTS else np.sort(generator.choice(n, MOST_POINTS, replace=False))
        Z = np.clip(train[rows], -FARTHEST, FARTHEST)
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(Z.T)))
        leading = np.flatnonzero(values > 1e-9 * values.max())[::-1][:DIMENSIONS]
        directions = (vectors[:, leading] / np.sqrt(values[leading])).astype(np.float32)
        origin = (Z.mean(axis=0) @ directions).astype(np.float32)
        points = Points.fit(_components(Z, directions, origin), generator)
        distances = points.distance(_components(val, directions, origin))
        percentiles = np.percentile(distances, PERCENTILES).astype(np.float32)
        rare_below = max(2, min(RARE, int(RARE_SHARE * n)))
        if materials.structures is None:
            return cls(directions, origin, points, percentiles, rare_below)
        volumes = atomic_volumes(materials.compositions, materials.structures)
        ratios = density_ratios(volumes, materials.compositions, materials.structures)
        low, high = np.percentile(ratios, DENSITIES).tolist()
        return cls(directions, origin, points, percentiles, rare_below, volumes, (low, high))

    def compare(self, X: Floats, materials: Materials, training_elements: Mapping[str, int]) -> DomainColumns:
        """Compare rows, with their scaled features ``[n, k]``, with the training rows."""
        return self.compare_at(self.position(X)[1], materials, training_elements)

    def compare_at(
        self, distances: Singles, materials: Materials, training_elements: Mapping[str, int]
    ) -> DomainColumns:
        """Do the same for rows whose distances to the nearest train row are known, ``[n]``."""
        compositions = materials.compositions
        nearer = np.searchsorted(self.percentiles, distances)
        distance = np.minimum(nearer / 10, 100.0)
        unseen, rare = uncommon_elements(compositions, training_elements, self.rare_below)
        unknown = unknown_states(compositions)
        density = self._density(materials)
        flagged = distance > FAR
        for column in (unseen, rare, unknown, density or []):
            flagged[[i for i, text in enumerate(column) if text]] = True
        return DomainColumns(unseen, rare, distance, charge_balance(compositions), unknown, density, flagged)

    def position(self, X: Floats) -> tuple[Singles, Singles]:
        """Return components ``[n, q]`` of scaled features ``[n, k]``, and the distances to the nearest train row."""
        rows = self.components(X)
        return rows, self.points.distance(rows)

    def components(self, X: Floats) -> Singles:
        """Return components ``[n, q]`` of scaled features ``[n, k]``: where the rows lie."""
        return _components(X, self.directions, self.origin)

    def dump(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and plain data, for `restore`."""
        arrays = {name: getattr(self, name) for name in ("directions", "origin", "percentiles")}
        arrays |= {f"points.{name}": getattr(self.points, name) for name in POINTS}
        if self.volumes is not None:
            arrays["volumes"] = self.volumes
        return arrays, {"densities": self.densities, "rare_below": self.rare_below}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], plain: Mapping[str, Any], k: int) -> Domain:
        """Return what was dumped, for ``k`` kept features.

        Raises
        ------
        ValueError
            If it is something else.
        """
        directions = checked_array(arrays, "directions", np.float32, [k, None], -MOST, MOST)
        points = {name.removeprefix("points."): array for name, array in arrays.items() if name.startswith("points.")}
        percentiles = checked_array(arrays, "percentiles", np.float32, PERCENTILES.shape, 0, MOST)
        if (np.diff(percentiles) < 0).any():
            raise ValueError("domain: percentiles fall")
        densities, volumes = plain["densities"], None
        if "volumes" in arrays:
            volumes = checked_array(arrays, "volumes", np.float32, [len(SYMBOLS)], -MOST, MOST)
        if len(arrays) != 3 + len(points) + (volumes is not None):
            raise ValueError(f"domain: {', '.join(arrays)} are more than a domain has")
        return cls(
            directions,
            checked_array(arrays, "origin", np.float32, directions.shape[1:], -MOST, MOST),
            Points.restore(points, directions.shape[1]),
            percentiles,
            plain["rare_below"],
            volumes,
            None if densities is None else tuple(densities),
        )

    def _density(self, materials: Materials) -> list[str] | None:
        if self.volumes is None or self.densities is None or materials.structures is None:
            return None
        ratios = density_ratios(self.volumes, materials.compositions, materials.structures)
        low, high = self.densities
        return ["below" if ratio < low else "above" if ratio > high else "" for ratio in ratios.tolist()]


def _components(X: Floats, directions: Singles, origin: Singles) -> Singles:
    """Return the whitened principal components of scaled features, ``[n, q]``."""
    if not len(X):
        return np.empty((0, len(origin)), np.float32)
    projected = in_blocks(lambda rows: product(np.clip(rows, -FARTHEST, FARTHEST), directions), X)
    return (projected - origin).astype(np.float32)
