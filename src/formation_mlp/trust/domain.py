"""What a model was trained on, and how far from it a row lies."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.chemistry.neutrality import charge_balance
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.system.array_checks import checked_array
from formation_mlp.system.blocks import in_blocks, product
from formation_mlp.trust.nearest import ARRAYS as POINTS
from formation_mlp.trust.nearest import MOST, Points
from formation_mlp.typing import Bools, Floats

Singles = NDArray[np.float32]

RARE, RARE_SHARE = 50, 0.01
"""An element in fewer training rows is called rare: 50, or a hundredth of them where that is less, but at least 2."""
FAR = 99.0
"""A row is far from the training rows if it is farther than this percentage of the val rows."""
DENSITIES = (0.25, 99.75)
"""Percentiles of the train rows between which a density is usual."""

DIMENSIONS = 16
FARTHEST = 4.0
"""Standard deviations at which a feature is cut off, so that one outlier does not hide the other features."""
MOST_POINTS = 65_536
"""A larger training set is represented by a random part of it."""
PERCENTILES = np.linspace(0, 100, 1001)


@dataclass(frozen=True, slots=True)
class DomainColumns:
    """How ``n`` rows compare with the training rows.

    Attributes
    ----------
    unseen : elements that no training row holds, as in ``Xe Kr``, or empty, ``[n]``
    rare : elements in fewer than ``Domain.rare_below`` training rows, with their number, as in ``Tc(3)``, or empty
    distance : share of the val rows that lie nearer to the training rows, in percent, ``[n]``; NaN where a row
        could not be featurized
    charge_balanced : ``yes``, ``rare states``, ``no``, or empty where the question says nothing, ``[n]``
    unknown_states : the oxidation state that no known compound has, as in ``Mn+7 with F``, or empty, ``[n]``
    density : ``below`` or ``above`` those of similar training rows, or empty, ``[n]``; None without structures
    flagged : whether the model is out of its depth for any of these reasons, ``[n]``
    """

    unseen: list[str]
    rare: list[str]
    distance: Floats
    charge_balanced: list[str]
    unknown_states: list[str]
    density: list[str] | None
    flagged: Bools

    @classmethod
    def blank(cls, n: int, with_density: bool) -> DomainColumns:
        """Return the columns of ``n`` rows of which nothing is known, to be filled."""
        density = [""] * n if with_density else None
        unseen, rare, balanced, unknown = ([""] * n for _ in range(4))
        return cls(unseen, rare, np.full(n, np.nan), balanced, unknown, density, np.zeros(n, np.bool_))

    @property
    def has_unknown_state(self) -> Bools:
        """Whether a row needs an oxidation state that no known compound has, ``[n]``."""
        return np.array([bool(text) for text in self.unknown_states], np.bool_)

    def fill(self, rows: Sequence[int], part: DomainColumns, skipped: Container[int]) -> None:
        """Put the columns of some rows in their places, except for those that are skipped."""
        places = [(i, row) for i, row in enumerate(rows) if i not in skipped]
        for i, row in places:
            self.unseen[row], self.rare[row] = part.unseen[i], part.rare[i]
            self.charge_balanced[row], self.unknown_states[row] = part.charge_balanced[i], part.unknown_states[i]
        if self.density is not None and part.density is not None:
            for i, row in places:
                self.density[row] = part.density[i]
        source, target = ([place[side] for place in places] for side in (0, 1))
        self.distance[target] = part.distance[source]
        self.flagged[target] = part.flagged[source]

    def remarks(self) -> list[str]:
        """Return what is wrong with each row in a few words, or an empty text, ``[n]``."""
        remarks = [""] * len(self.unseen)
        for i in np.flatnonzero(self.flagged).tolist():
            density = "" if self.density is None else self.density[i]
            reasons = [
                self.unseen[i] and f"never seen in training: {self.unseen[i].replace(' ', ', ')}",
                self.rare[i] and f"few training rows with: {self.rare[i].replace(' ', ', ')}",
                f"farther from the training rows than {self.distance[i]:.1f} % of validation"
                if self.distance[i] > FAR
                else "",
                self.unknown_states[i] and f"no known compound has {self.unknown_states[i]}",
                density and f"density {density} the range of the training rows",
            ]
            remarks[i] = "; ".join(filter(None, reasons))
        return remarks


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
        volumes = _atomic_volumes(materials.compositions, materials.structures)
        ratios = _density_ratios(volumes, materials.compositions, materials.structures)
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
        ratios = _density_ratios(self.volumes, materials.compositions, materials.structures)
        low, high = self.densities
        return ["below" if ratio < low else "above" if ratio > high else "" for ratio in ratios.tolist()]


def uncommon_elements(
    compositions: Compositions, training_elements: Mapping[str, int], rare_below: int
) -> tuple[list[str], list[str]]:
    """Return, per row, the elements that no training row holds, and those in fewer than ``rare_below`` of them.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> compositions = read_materials(["KrF2", "TcO2"]).materials.compositions
    >>> uncommon_elements(compositions, {"F": 900, "O": 5000, "Tc": 3}, 50)
    (['Kr', ''], ['', 'Tc(3)'])
    """
    counts = np.array([training_elements.get(symbol, 0) for symbol in SYMBOLS])
    unseen, rare = [""] * len(compositions), [""] * len(compositions)
    entries = np.flatnonzero(counts[compositions.z] < rare_below)
    rows = np.searchsorted(compositions.row_ptr, entries, side="right") - 1
    for row in dict.fromkeys(rows.tolist()):  # np.unique would import numpy.ma, a tenth of a prediction
        found = {(SYMBOLS[z], int(counts[z])) for z in compositions.z[entries[rows == row]].tolist()}
        unseen[row] = " ".join(symbol for symbol, n in sorted(found) if n == 0)
        rare[row] = " ".join(f"{symbol}({n})" for symbol, n in sorted(found) if n > 0)
    return unseen, rare


def _components(X: Floats, directions: Singles, origin: Singles) -> Singles:
    """Return the whitened principal components of scaled features, ``[n, q]``."""
    if not len(X):
        return np.empty((0, len(origin)), np.float32)
    projected = in_blocks(lambda rows: product(np.clip(rows, -FARTHEST, FARTHEST), directions), X)
    return (projected - origin).astype(np.float32)


def _volumes_per_atom(structures: Structures) -> Floats:
    volumes: Floats = np.abs(np.linalg.det(structures.lattice)) / structures.n_sites
    return volumes


def _atomic_volumes(compositions: Compositions, structures: Structures) -> Singles:
    """Return the volumes of elements (cubic angstrom, ``[119]``) whose mean over the atoms is nearest to the actual.

    Elements of few rows are drawn to the mean of all.
    """
    volume = _volumes_per_atom(structures)
    usable = np.flatnonzero(volume > 0)
    mean = float(volume[usable].mean())
    normal, right = np.zeros((len(SYMBOLS), len(SYMBOLS))), np.zeros(len(SYMBOLS))
    for start in range(0, len(usable), MOST_POINTS):
        rows = usable[start : start + MOST_POINTS]
        part = compositions.take(rows)
        shares = np.zeros((len(rows), len(SYMBOLS)))
        shares[np.repeat(np.arange(len(rows)), part.n_elements), part.z] = part.fractions()
        shares *= mean / volume[rows, None]
        normal += shares.T @ shares
        right += shares.sum(axis=0)
    identity = np.eye(len(SYMBOLS))
    return (mean * np.linalg.solve(normal + identity, right + 1)).astype(np.float32)


def _density_ratios(volumes: Singles, compositions: Compositions, structures: Structures) -> Floats:
    """Return the densities in units of the expected ones, ``[n]``."""
    weighted = compositions.fractions() * volumes[compositions.z]
    with np.errstate(divide="ignore"):
        ratios: Floats = np.add.reduceat(weighted, compositions.row_ptr[:-1]) / _volumes_per_atom(structures)
    return ratios
