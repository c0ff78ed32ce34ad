"""Protocols of published benchmarks, whose divisions are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from formation_mlp.benchmark.protocol import WHERE, Division, Protocol, of_folds, val_in_words
from formation_mlp.config.schema import SplitConfig
from formation_mlp.data.records import Dataset
from formation_mlp.errors import SplitError
from formation_mlp.splits.groups import MATBENCH_FOLDS
from formation_mlp.splits.methods import folds_of_column

Fold = Annotated[int, Field(ge=0)]


class Matbench(Protocol):
    """The five official folds of matbench's regression tasks, as they follow from the order of the table's rows."""

    N_ROWS: ClassVar[int] = 132_752
    """Rows of matbench_mp_e_form, the task whose published scores are known here."""

    column: str | None = None
    """A column with the number of the fold. None: ``KFold(5, shuffle=True, random_state=18012019)``."""
    folds: Annotated[list[Fold], Field(min_length=1)] | None = None
    """Some of the folds. None: all; with a column, those in which a row has a target."""

    def keys(self) -> dict[str, Any]:
        """Return where the folds come from."""
        return {"method": "matbench"} if self.column is None else {"method": "fold_column", "column": self.column}

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return one division a fold; its test part is empty where the table withholds its targets."""
        every = range(MATBENCH_FOLDS) if self.column is None else sorted(set(folds_of_column(dataset).tolist()))
        unknown = [fold for fold in self.folds or () if fold not in every]
        if unknown:
            raise SplitError(f"{WHERE}.matbench.folds: found {unknown[0]}, but the folds are {list(every)}.")
        return of_folds(split, every if self.folds is None else self.folds)

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Name the folds."""
        folds = ", ".join(str(division.split.fold) for division in divisions)
        origin = "in the order of the table" if self.column is None else f"of the column {self.column!r}"
        named = f"The official folds of matbench {origin}, number {folds}"
        return f"{named}; each is the test part once. {val_in_words(split)}"

    def published(self, dataset: Dataset) -> str | None:
        """Return matbench if the table is matbench_mp_e_form as a whole."""
        return "matbench" if dataset.n_table == self.N_ROWS else None


class Critexam(Protocol):
    """The parts of the critical examination of formation energies: 70 % train, 15 % val, 15 % test by a column."""

    SHARES: ClassVar[dict[str, float]] = {"train": 0.7, "val": 0.15, "test": 0.15}
    N_ROWS: ClassVar[int] = 85_014
    """Rows of the table whose published scores are known here (Bartel et al. 2020; parts of the CrabNet paper)."""

    column: str = "split"

    def keys(self) -> dict[str, Any]:
        """Return the column."""
        return {"method": "column", "column": self.column}

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return the one division, if train and val have their shares; test may be withheld."""
        n = {part: np.count_nonzero(np.array(dataset.parts or ()) == part) for part in self.SHARES}
        wanted = self.SHARES["val"] / self.SHARES["train"]
        if not n["train"] or abs(n["val"] / n["train"] - wanted) > 0.1 * wanted:
            raise SplitError(
                f"{WHERE}.critexam: column {self.column!r} has {n['train']} train, {n['val']} val and {n['test']} test "
                "rows with a target, but the protocol divides 70/15/15. For other shares use the protocol holdout with "
                f"split: {{method: column, column: {self.column}}}."
            )
        return [Division("", split)]

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Say where the parts come from."""
        return f"The parts of the column {self.column!r} of the table: 70 % train, 15 % val, 15 % test."

    def published(self, dataset: Dataset) -> str | None:
        """Return critexam if the table is that one as a whole."""
        return "critexam" if dataset.n_table == self.N_ROWS else None
