"""The rows of a table, featurized for a training from nothing and for one that starts from a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.data.records import Dataset
from formation_mlp.features.engine.table import FeatureTable
from formation_mlp.runs.start_rows import StartRows
from formation_mlp.splits.methods import Split, deal_folds
from formation_mlp.typing import Ints

MANY = 1000
"""Train and val rows from which on fewer parts are left out in turn."""
N_PARTS, N_PARTS_OF_MANY = 5, 3
"""Parts of the new rows: of a small table much has to be left to train."""

PLAIN, STARTED = "from nothing", "from the model"
"""The two recipes."""


@dataclass(frozen=True, slots=True)
class StartTable:
    """``n`` rows that may be learned from nothing, or by a start from a model.

    Attributes
    ----------
    dataset : the rows
    tables : `PLAIN` and `STARTED` to the features of all rows
    split : of the rows
    start : which rows have a formula that the model has learned
    """

    dataset: Dataset
    tables: dict[str, FeatureTable]
    split: Split
    start: StartRows

    def new(self, rows: Ints) -> Ints:
        """Return those of some rows whose formula the model has not learned."""
        found: Ints = rows[self.start.new(rows)]
        return found

    @property
    def tried(self) -> Ints:
        """The train and val rows whose formula the model has not learned, sorted."""
        return self.new(np.sort(np.concatenate([self.split.train, self.split.val])))

    @property
    def n_parts(self) -> int:
        """Parts of the new rows that are left out in turn."""
        return N_PARTS if len(self.split.train) + len(self.split.val) < MANY else N_PARTS_OF_MANY

    def left_out_in_turn(self, seed: int) -> list[tuple[Split, Ints]]:
        """Return splits that leave aside one part of the new train and val rows each, and these rows.

        The other rows stay in their part, so that a training has as many of them as it can; a split that would leave no
        val row takes one from the train rows.
        """
        found = []
        for fold in deal_folds(self.dataset, self.tried, self.n_parts, seed):
            train, val = np.setdiff1d(self.split.train, fold), np.setdiff1d(self.split.val, fold)
            if not len(val):
                train, val = train[1:], train[:1]
            unused = np.sort(np.concatenate([fold, self.split.test, self.split.unused]))
            found.append((Split(train, val, unused), fold))
        return found
