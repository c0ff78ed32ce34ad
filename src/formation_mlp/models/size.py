"""How much memory a network takes, counted before anything of it is built."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from formation_mlp.config.schema import ModelConfig, TrainingConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models.architectures import IN_NUMPY, normalization_of

NUMBER = 4
"""Bytes of a weight, a gradient or an activation: float32."""
COPIES = {"sgd": 5, "adam": 6, "adamw": 6, "muon": 6}
"""Optimizer to the arrays of each weight's size: weight, gradient, what the optimizer keeps (one or two, Kingma and Ba
2015), the best weights so far, and a copy of those for the file."""
PER_UNIT = 4
"""Arrays that a layer keeps for the backward pass: input, normalised input, output, and its gradient."""
WAVES_IN, PROPERTIES = 14, 23
"""Numbers that describe an atomic fraction, and an element, to the set encoder."""
ELEMENTS = 119
MOST_IN_A_ROW = 5
"""Elements of a typical material, at most."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux tells how much memory a container may use."""


def n_weights(model: ModelConfig, d_in: int, n_outputs: int = 1) -> int:
    """Return the number of weights of a network, as a whole number of any size.

    Examples
    --------
    >>> n_weights(ModelConfig(hidden=[4]), 3)
    21
    """
    d, encoder = model.set_width, 0
    if model.architecture == "set":
        layer = 2 * d + (2 * d * d + 2 * d) + 2 * d * d + (2 * d * d + d)
        encoder = ELEMENTS * d + (PROPERTIES + 1) * d + (WAVES_IN + 1) * d + model.set_layers * layer + 2 * d
        encoder += 2 * d * d + 2 * d + model.set_heads * (d + 2)
        d_in += 4 * d
    widths = [d_in, *model.hidden]
    norm = 2 if normalization_of(model) != "none" else 0
    if model.architecture == "mlp":
        layers = sum(a * b + b + norm * b for a, b in pairwise(widths))
    else:
        first = widths[min(1, len(widths) - 1)]
        layers = d_in * first + first + sum(2 * (h * h + h) + norm * h for h in model.hidden) + norm * first
    return encoder + layers + (widths[-1] + 1) * n_outputs


def n_activations(model: ModelConfig, d_in: int) -> int:
    """Return about how many numbers a row takes in a training step."""
    n = d_in + sum(model.hidden) * (1 if model.architecture == "mlp" else 2)
    if model.architecture == "set":
        n += MOST_IN_A_ROW * model.set_width * (3 + 5 * model.set_layers) + 4 * model.set_width
    return PER_UNIT * n


def check_size(
    model: ModelConfig,
    training: TrainingConfig,
    n_rows: int | None = None,
    d_in: int = 1,
    n_outputs: int = 1,
    where: str = "model",
) -> None:
    """Refuse a network that this machine has no memory for.

    Parameters
    ----------
    model, training
        Sections of its configuration.
    n_rows
        Rows that it is trained on, or None if they are not known yet.
    d_in, n_outputs
        Features and outputs; 1 is a lower bound.
    where
        Of the configuration, for the message.

    Raises
    ------
    ConfigError
        With the memory that it takes and that there is.
    """
    if training.device not in ("auto", "cpu") or model.architecture not in IN_NUMPY:
        return  # the memory of an accelerator is its own, and of other networks nobody knows the size: torch says it
    weights = n_weights(model, d_in, n_outputs)
    rows = min(training.batch_size, 1 if n_rows is None else n_rows)
    alone, step = NUMBER * weights, NUMBER * rows * n_activations(model, d_in)
    needed, there = alone * COPIES.get(training.optimizer, 6) + step, machine_memory()
    if there is not None and needed > there:
        smaller = "widths or batches (training.batch_size)" if step > alone else "widths"
        raise ConfigError(
            f"{where}.{_largest_key(model)}: the network needs {in_words(alone)} for its weights, "
            f"and {in_words(needed)} with their gradients, what the optimizer keeps, and a step of {rows:,} "
            f"row{'s' * (rows != 1)}; this machine has {in_words(there)}. Choose smaller {smaller}."
        )


def machine_memory() -> int | None:
    """Return the bytes of memory that this machine, or the container around it, has; None if it does not tell."""
    found = []
    with suppress(AttributeError, OSError, ValueError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in LIMITS:
        with suppress(OSError, ValueError):  # there is none, or it says "max"
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found, default=None)


def in_words(n: int) -> str:
    """Return a number of bytes for a reader.

    Examples
    --------
    >>> in_words(24 * 2**30), in_words(4 * 10**14)
    ('25.8 GB', '400 TB')
    """
    units = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
    power = min((len(str(n)) - 1) // 3, len(units) - 1)
    whole = n // 1000**power
    return f"{n / 1000**power:.3g} {units[power]}" if whole < 1000 else f"{whole:,} {units[power]}"


def _largest_key(model: ModelConfig) -> str:
    sizes = {"hidden": max(model.hidden, default=0)}
    if model.architecture == "set":
        sizes |= {"set_width": model.set_width, "set_layers": model.set_layers}
    return max(sizes, key=lambda key: sizes[key])
