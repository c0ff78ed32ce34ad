"""The scores of a part, with the user's own metrics beside those of the task."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from formation_mlp.config.own_code import Architectures, not_imported
from formation_mlp.errors import ConfigError
from formation_mlp.runs.prepare import Prepared
from formation_mlp.runs.scores import scores
from formation_mlp.typing import Floats

PLACE = "training.metrics"


def all_scores(prepared: Prepared, y: Floats, prediction: Floats) -> dict[str, float]:
    """Return the scores of a part, those of the task first; an empty part has none.

    Parameters
    ----------
    prepared : rows, with the configuration and the code of the user's own that it names
    y : labels (eV/atom, or 0 and 1), ``[n]``
    prediction : eV/atom, or probabilities of the positive class, ``[n]``

    Raises
    ------
    ConfigError
        If a metric was not given, answers with something else than a number, or has the name of another score.
    """
    found = scores(prepared.task, y, prediction)
    for name in prepared.config.training.metrics if len(y) else ():
        short = name.partition(":")[2]
        if short in found:
            raise ConfigError(f"{PLACE}: there are two scores of the name {short!r}. Give {name} another name.")
        found[short] = _score(name, prepared.architectures, y, prediction)
    return found


def check_metrics(prepared: Prepared) -> None:
    """Try the user's own metrics, with other rows' labels as predictions, so that none fails after the training.

    Raises
    ------
    ConfigError
        As `all_scores` does.
    """
    for part in ("val", "test") if prepared.config.training.metrics else ():
        y = prepared.y[getattr(prepared.split, part)]
        all_scores(prepared, y, y[::-1])


def _score(name: str, own: Architectures, y: Floats, prediction: Floats) -> float:
    if name not in own:
        raise ConfigError(f"{PLACE}: {not_imported(name)}")
    value: Any = own[name](y.copy(), prediction.copy())  # which the user's code may change
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, Real):
        raise ConfigError(
            f"{PLACE}: {name} answered with {type(value).__name__!r} for targets and predictions of {len(y)} rows, but "
            "it must give one number."
        )
    return float(value)
