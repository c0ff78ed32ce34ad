"""Where a training run stands, and when it should stop: no torch, no files."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class LoopState:
    """All that the loop counts; restoring it, the weights and the generators continues the run exactly.

    Attributes
    ----------
    epoch : epochs completed
    step : updates completed
    best_epoch : the epoch with the best validation score so far; 0 before the first
    best_score : its score, lower is better
    waiting : epochs since the best one
    """

    epoch: int = 0
    step: int = 0
    best_epoch: int = 0
    best_score: float = math.inf
    waiting: int = 0

    def advance(self, score: float) -> bool:
        """Count one more epoch with its validation score (lower is better); return whether it is the best.

        A NaN is never the best.
        """
        self.epoch += 1
        improved = score < self.best_score
        if improved:
            self.best_epoch, self.best_score, self.waiting = self.epoch, score, 0
        else:
            self.waiting += 1
        return improved

    def finished(self, max_epochs: int, patience: int | None) -> bool:
        """Return whether the epochs, or the patience, are used up."""
        return self.epoch >= max_epochs or (patience is not None and self.waiting >= patience)


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The losses and the score of one epoch.

    Attributes
    ----------
    epoch : counted from 1
    train_loss : mean over the rows, while the weights change
    val_loss : of the validation part after the epoch, same loss
    val_score : the score that selects the best epoch, lower is better
    learning_rate : at the end of the epoch, in units of its largest value
    is_best : whether no earlier epoch had a better score
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_score: float
    learning_rate: float
    is_best: bool
