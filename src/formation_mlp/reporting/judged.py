"""The rows of a run that tell of new compounds: those whose formula its start model has not learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.typing import Bools

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun

ENOUGH_FOR_A_CLAIM = 10
"""Rows from which on the page claims an error."""


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """The rows that claims are made of.

    Attributes
    ----------
    is_new : which of the ``n`` rows of the part they are, ``[n]``
    words : how many they are, and which
    short : the same, where which they are has been said
    all_words : how many rows the part has
    """

    is_new: Bools
    words: str
    short: str
    all_words: str

    @property
    def n(self) -> int:
        """How many there are."""
        return int(self.is_new.sum())

    @property
    def are_enough(self) -> bool:
        """Whether they are enough for a claim."""
        return self.n >= ENOUGH_FOR_A_CLAIM

    @property
    def shown(self) -> tuple[Bools, str]:
        """Which rows pictures show beside the claims, ``[n]``, and how many and which: all, if no claim is made."""
        if self.are_enough:
            return self.is_new, self.words
        return np.ones(len(self.is_new), np.bool_), self.all_words

    @property
    def are_all(self) -> bool:
        """Whether the part has no other rows."""
        return bool(self.is_new.all())


def judged_rows(run: FinishedRun) -> JudgedRows:
    """Return all rows of the part, without those whose formula the start model of the run has learned.

    Errors are too small on the latter, and intervals hold too often. Of a start model that does not tell what it has
    learned, all rows count as learned.
    """
    start = run.report.get("start") or {}
    known = set(start.get("known_ids", ()))
    is_new = np.array([one not in known for one in run.ids], np.bool_)
    n = int(is_new.sum())
    words, every = counted_rows(n, run.part), counted_rows(len(is_new), run.part)
    if not known:
        return JudgedRows(is_new, words, words, every)
    new = f"{words} whose formula the start model '{start['model']}' has not learned"
    return JudgedRows(is_new, new, f"these {words}", every)


def counted_rows(n: int, part: str) -> str:
    """Return how many rows of a part there are.

    Examples
    --------
    >>> counted_rows(1, "test"), counted_rows(2000, "val")
    ('1 test row', '2,000 val rows')
    """
    return f"{n:,} {part} row{'s' * (n != 1)}"
