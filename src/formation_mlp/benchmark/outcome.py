"""What one model showed on one division of the rows: the only thing that the tables and figures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.typing import Floats

NEW_SYSTEM, NEW_FORMULA, SEEN_FORMULA = 0, 1, 2
"""How much of a shown row also occurs in train: neither, its chemical system only, or its reduced formula."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One model, fitted once, and the part of the rows that it is judged by.

    Attributes
    ----------
    model : its name in the tables, such as ``random_forest (tuned)``
    is_network : a network of this package, or an opponent from another library
    division : name of the division of the rows, such as ``fold 0`` or ``without F``; empty if there is one only
    seed : of the model
    fraction : share of the train rows that it was fitted on; 1 but for learning curves
    n_train : rows that it was fitted on
    part : ``test``, or ``val`` where no test row has a target
    ids : of the rows of that part, ``[n]``
    formulas : their reduced formulas, ``[n]``
    novelty : `NEW_SYSTEM`, `NEW_FORMULA` or `SEEN_FORMULA`, ``[n]``; against the rows that it was fitted on
    y : true energies in eV/atom, or classes, ``[n]``
    prediction : eV/atom, or probabilities, ``[n]``
    val_score : its selection score on the val rows, lower is better
    fit_seconds, cpu_seconds : to learn, with all candidates of a search: on the clock, and of all threads
    predict_seconds : for the shown part, from features
    peak_memory : of the process while it was fitted, in bytes; None where the system does not tell
    size, size_unit : such as 66,000 ``parameters`` or ``nodes``
    anytime : pairs (seconds since the start, best val score so far), in order; empty if there is no such thing
    details : options, best epoch and the like
    """

    model: str
    is_network: bool
    division: str
    seed: int
    fraction: float
    n_train: int
    part: str
    ids: Sequence[str]
    formulas: Sequence[str]
    novelty: NDArray[np.int8]
    y: Floats
    prediction: Floats
    val_score: float
    fit_seconds: float
    cpu_seconds: float
    predict_seconds: float
    peak_memory: int | None
    size: int
    size_unit: str
    anytime: Sequence[tuple[float, float]] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What all outcomes of a benchmark have in common.

    Attributes
    ----------
    protocol : its name, such as ``grouped_k_fold``
    sentence : how the rows were divided, in words
    main : name of the model that the others are compared with, the network of the configuration
    task : ``regression`` or ``classification``
    threshold : a probability at or above it is called positive
    quantity : what is predicted, as words for an axis: ``formation energy``
    source : origin of the energies
    description : everything else that the JSON file should say: rows, configuration, versions, what was left out
    published : key of the published scores that were measured in the same way, such as ``critexam``; None if there
        are none
    """

    protocol: str
    sentence: str
    main: str
    task: str
    threshold: float
    quantity: str
    source: str
    description: Mapping[str, Any]
    published: str | None = None
