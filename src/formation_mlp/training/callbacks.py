"""What the user's own functions are told after each epoch, and how they end a training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.training.state import EpochRecord


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch of a network.

    Attributes
    ----------
    member : name of the network among those that answer together
    epoch : counted from 1
    train_loss : mean over the rows, while the weights change
    val_loss : of the validation part after the epoch, same loss
    val_score : the score that selects the best epoch, lower is better: mean absolute error (eV/atom), or log loss
    learning_rate : at the end of the epoch
    is_best : whether no earlier epoch had a better score
    seconds : on the clock, from the start of this network's training on
    """

    member: str
    epoch: int
    train_loss: float
    val_loss: float
    val_score: float
    learning_rate: float
    is_best: bool
    seconds: float

    @classmethod
    def of(cls, record: EpochRecord, member: str, largest_rate: float, seconds: float) -> Epoch:
        """Return the record of the loop, whose learning rate is a share of the largest, with what else is known."""
        losses = record.train_loss, record.val_loss, record.val_score
        return cls(member, record.epoch, *losses, record.learning_rate * largest_rate, record.is_best, seconds)


Callback = Callable[[Epoch], object]
"""Called after each epoch; it ends the training of the network by returning True."""


def check_callbacks(callbacks: Sequence[Callback]) -> tuple[Callback, ...]:
    """Return the callbacks; raise `ConfigError` if one cannot be called, before anything is trained.

    Examples
    --------
    >>> check_callbacks([print])
    (<built-in function print>,)
    """
    if callable(callbacks) or not hasattr(callbacks, "__iter__"):
        raise ConfigError("callbacks: found one object, but a list of functions is expected, such as [print].")
    for one in callbacks:
        if not callable(one):
            raise ConfigError(f"callbacks: found {one!r}, but each should be a function of one epoch, such as print.")
    return tuple(callbacks)


def tell(callbacks: Sequence[Callback], epoch: Epoch) -> bool:
    """Call all callbacks; return whether one of them ends the training, by returning True.

    Examples
    --------
    >>> epoch = Epoch("network", 3, 0.2, 0.3, 0.1, 1e-3, True, 1.5)
    >>> tell([lambda epoch: None, lambda epoch: epoch.val_score < 0.2], epoch)
    True
    """
    answers = [callback(epoch) for callback in callbacks]  # each is called, whatever the others say
    return any(answer is True or answer is np.True_ for answer in answers)
