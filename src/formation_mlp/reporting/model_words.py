"""What a model is, in words: how many networks of which kind answer, and what their training started from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from formation_mlp.saved_model.shipped import CALLED, model_in_words

KINDS = {
    "mlp": ("multilayer perceptron", "multilayer perceptrons"),
    "residual": ("residual network", "residual networks"),
    "set": ("network that reads elements as a set", "networks that read elements as a set"),
}
"""Architecture to what one and several such networks are called."""
TREES = ("set of boosted trees", "sets of boosted trees")
OWN = ("network of your own", "networks of your own")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def model_words(members: Sequence[Mapping[str, Any]], start: str | None = None) -> str:
    """Return what a model is, with its article.

    Parameters
    ----------
    members
        Description of each model that answers, as a model file holds it: the section ``model`` of a network.
    start
        Run folder, file or name of the model from which the training started.

    Examples
    --------
    >>> model_words([{"architecture": "residual"}] * 3, "composition")
    "an ensemble of three residual networks started from the shipped model 'composition'"
    >>> model_words([{"architecture": "mlp"}])
    'a multilayer perceptron'
    """
    kinds = Counter(_kind(member) for member in members)
    begun = f" started from {model_in_words(start if start in CALLED else Path(start).name)}" if start else ""
    if len(members) == 1:
        return f"a {next(iter(kinds))[0]}{begun}"
    counts = [f"{NUMBERS[n] if n < len(NUMBERS) else f'{n:,}'} {kind[n > 1]}" for kind, n in kinds.items()]
    return f"an ensemble of {' and '.join(filter(None, [', '.join(counts[:-1]), counts[-1]]))}{begun}"


def _kind(member: Mapping[str, Any]) -> tuple[str, str]:
    if "architecture" not in member:
        return TREES
    return KINDS.get(str(member["architecture"]), OWN)
