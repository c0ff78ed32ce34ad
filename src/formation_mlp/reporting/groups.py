"""The errors of a run by what its rows are: elements, chemical classes, and how much of them training held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.chemical_class import CHEMICAL_CLASSES, chemical_classes
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.reporting.finished import FinishedRun

SEEN, NEW_FORMULA, NEW_SYSTEM = "formula in training", "new formula, known system", "new system"
"""How much of a row training held."""

ENOUGH = 5
"""Rows from which on the error of a group is told in words."""


@dataclass(frozen=True)
class MeanError:
    """The mean of the errors of some rows, with its 95 % interval: 1.96 standard errors to either side.

    Examples
    --------
    >>> mean_error(np.array([0.1, 0.2, 0.3])).words("eV/atom")
    '0.200 eV/atom (95 %: 0.087 to 0.313; 3 rows)'
    """

    n: int
    mean: float
    half: float

    @property
    def low(self) -> float:
        """Lower end of the interval, not below zero."""
        return max(0.0, self.mean - self.half)

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half

    def words(self, unit: str) -> str:
        """Return mean, interval and number of rows."""
        between = f"95 %: {self.low:.3f} to {self.high:.3f}; " if self.n > 1 else ""
        return f"{self.mean:.3f} {unit}".strip() + f" ({between}{self.n:,} row{'s' * (self.n != 1)})"


def mean_error(errors: Floats) -> MeanError:
    """Return the mean of errors ``[n]`` and its interval; n at least 1."""
    spread = 1.96 * float(errors.std(ddof=1)) / len(errors) ** 0.5 if len(errors) > 1 else 0.0
    return MeanError(len(errors), float(errors.mean()), spread)


def group_errors(run: FinishedRun) -> tuple[Floats, str, str]:
    """Return what is averaged over the rows of a group ``[n]``, its unit and its name."""
    if not run.is_classification:
        return run.errors, run.unit, "mean absolute error"
    called = run.prediction >= run.config["task"]["threshold"]
    return (called != run.y).astype(float), "", "share of wrong calls"


def by_element(compositions: Compositions, errors: Floats) -> dict[str, Floats]:
    """Return element symbol to the errors of the rows that hold it."""
    z = compositions.z.tolist()
    of_element: dict[str, set[int]] = {}
    for i, (a, b) in enumerate(pairwise(compositions.row_ptr.tolist())):
        for number in z[a:b]:
            of_element.setdefault(SYMBOLS[number], set()).add(i)
    return {symbol: errors[sorted(rows)] for symbol, rows in of_element.items()}


def by_class(compositions: Compositions, errors: Floats) -> dict[str, Floats]:
    """Return chemical class to the errors of its rows; classes without rows are empty."""
    classes = chemical_classes(compositions)
    return {name: errors[[i for i, found in enumerate(classes) if found == name]] for name in CHEMICAL_CLASSES}


def by_count(compositions: Compositions, errors: Floats) -> dict[str, Floats]:
    """Return number of elements, in words, to the errors of the rows."""
    counts = np.minimum(compositions.n_elements, 7)
    return {_count_name(k): errors[counts == k] for k in range(1, 8)}


def by_novelty(run: FinishedRun, errors: Floats) -> dict[str, Floats] | None:
    """Return what training held of a row to the errors; None where the train rows are gone."""
    training = run.training
    if training is None:
        return None
    keys, systems = training.dataset.keys(), training.dataset.materials.compositions.chemical_systems()
    train = training.rows["train"].tolist()
    known_keys, known_systems = {keys[i] for i in train}, {systems[i] for i in train}
    groups: dict[str, list[int]] = {SEEN: [], NEW_FORMULA: [], NEW_SYSTEM: []}
    for j, i in enumerate(training.rows[run.part].tolist()):
        name = SEEN if keys[i] in known_keys else NEW_FORMULA
        groups[name if systems[i] in known_systems else NEW_SYSTEM].append(j)
    return {name: errors[rows] for name, rows in groups.items()}


def clearly_worse(groups: Mapping[str, Floats], overall: float) -> dict[str, MeanError]:
    """Return the groups whose whole interval lies above the mean over all rows, the worst first.

    Groups of less than `ENOUGH` rows say too little.
    """
    found = {name: mean_error(errors) for name, errors in groups.items() if len(errors) >= ENOUGH}
    worse = {name: error for name, error in found.items() if error.low > overall}
    return dict(sorted(worse.items(), key=lambda item: -item[1].mean))


def _count_name(k: int) -> str:
    return "1 element" if k == 1 else f"{k} elements" if k < 7 else "7 or more"
