"""Exercises of lesson 3."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

SIGMA_6 = 1 / (1 + math.exp(-6))
MISH_MINIMUM = -1.1924
"""Where x tanh(ln(1 + exp x)) is smallest; a test finds it again on a fine grid."""


def _leaky(rng: np.random.Generator) -> tuple[Any, ...]:
    return np.append(rng.normal(size=int(rng.integers(4, 10))), [-1.0, 1.0]), float(rng.uniform(0.05, 0.5))


EXERCISES: tuple[Exercise, ...] = (
    Choice(
        "3.1",
        "A slide defines PReLU as max(0, z). What is wrong with it?",
        "d",
        (
            "nothing",
            "it must be min(0, z)",
            "it must be smooth at z = 0",
            "the leak is missing: a min(0, z) must be added",
        ),
        "max(0, z) is ReLU. PReLU is max(0, z) + a min(0, z), and a is learned.",
        "Which of the eighteen functions is max(0, z)?",
        (("a", "max(0, z) is plain ReLU, so the two would be one function."),),
    ),
    Number(
        "3.2",
        "What is the derivative of the sigmoid at z = 6 (two significant digits)?",
        SIGMA_6 * (1 - SIGMA_6),
        "σ(6) = 0.99753, so σ′ = σ (1 − σ) = 0.0025. The unit is saturated.",
        "σ′ = σ (1 − σ) with σ(6) = 1 / (1 + exp(−6)).",
        (
            (SIGMA_6, "This is σ(6) itself. Multiply it by 1 − σ(6)."),
            (-SIGMA_6 * (1 - SIGMA_6), "The sigmoid rises everywhere, so its derivative is positive."),
        ),
        tolerance=0.03,
    ),
    Number(
        "3.3",
        "At which z does mish have its minimum (two digits after the point)?",
        MISH_MINIMUM,
        "The derivative changes its sign at z = −1.19; mish is −0.31 there.",
        "Evaluate z tanh(ln(1 + exp z)) on a fine grid between −2 and −1 and look for the smallest value.",
        ((-0.3088, "This is the smallest value of mish. The question asks at which z it is reached."),),
        absolute=0.011,
    ),
    Number(
        "3.4",
        "Each layer multiplies the gradient by σ′(z), among other things. By what factor at most do ten layers of "
        "hardsigmoid do so (such as 1e-5)?",
        (1 / 6) ** 10,
        "The largest derivative is 1/6, and (1/6)¹⁰ = 1.7e-8.",
        "Take the largest derivative of hardsigmoid, which is the slope of z/6 + 1/2, to the power of ten.",
        (
            (0.25**10, "1/4 is the largest derivative of the sigmoid. That of hardsigmoid is smaller."),
            (10 / 6, "The factors of the layers are multiplied, not added."),
        ),
        tolerance=0.06,
    ),
    Number(
        "3.5",
        "The inputs z of a ReLU unit follow a normal distribution with mean −1 and standard deviation 1. For which "
        "share "
        "of the rows is its derivative zero (two digits after the point)?",
        0.5 * (1 + math.erf(1 / math.sqrt(2))),
        "z < 0 where a standard normal number is below 1: 84 %.",
        "z is negative where a standard normal number is below 1.",
        (
            (0.5 * (1 - math.erf(1 / math.sqrt(2))), "This is the share with z > 0, where the derivative is 1."),
            (0.5, "One half would be right for the mean 0. Here most of z lies on the negative side."),
        ),
        absolute=0.011,
    ),
    Code(
        "3.6",
        "Complete PReLU, with the leak a on the left side.",
        'def prelu(z, a):\n    """Return PReLU of z [n]: z itself where it is positive, a times z where it is '
        'negative."""\n    return ...',
        f.prelu,
        _leaky,
        "np.maximum(z, 0) is the right side, np.minimum(z, 0) the left one; both act on every number of z.",
        (
            (f.prelu_without_leak, "This is ReLU: the leak a min(0, z) is missing."),
            (f.prelu_with_leak_everywhere, "The leak is added on the right side, too. It belongs to negative z only."),
        ),
    ),
)
