"""Exercises of lesson 5."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

X, Y, P = 1.5, 1.0, 1 / (1 + math.exp(-2))
"""Input, truth, and the output of a neuron with z = 2."""


def _one_sample(rng: np.random.Generator) -> tuple[Any, ...]:
    d = int(rng.integers(1, 6))
    return rng.normal(size=d), float(rng.integers(0, 2)), rng.normal(size=d), float(rng.normal())


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "5.1",
        "A neuron has z = 2, its input is x = 1.5, and the truth is y = 1. What is dE/dw for "
        "$E = \\frac{1}{2} (\\hat y - y)^2$ (two significant digits)?",
        (P - Y) * P * (1 - P) * X,
        "ŷ = σ(2) = 0.881. dE/dw = (ŷ − y) ŷ (1 − ŷ) x = −0.119 · 0.105 · 1.5 = −0.019.",
        "ŷ = σ(2), then (ŷ − y) · ŷ(1 − ŷ) · x.",
        (
            (-(P - Y) * P * (1 - P) * X, "Mind the sign: ŷ − y is negative, for the neuron says less than 1."),
            ((P - Y) * X, "The factor ŷ(1 − ŷ) of the sigmoid is missing."),
            ((P - Y) * P * (1 - P), "This is dE/db. For dE/dw multiply by x."),
            (2 * (P - Y) * P * (1 - P) * X, "The 2 of the square and the 1/2 before it cancel."),
        ),
        tolerance=0.03,
    ),
    Choice(
        "5.2",
        "A slide says dσ/dz = −exp(−z) / (1 + exp(−z)). How do you see at once that this cannot be right?",
        "a",
        (
            "it is negative, but the sigmoid rises",
            "it is not zero at z = 0",
            "it depends on z",
            "it has no limit for large z",
        ),
        "The right form is exp(−z) / (1 + exp(−z))², positive everywhere: the sign is wrong, and the square is "
        "missing.",
        "What do you know about the slope of the sigmoid before you differentiate anything?",
        (("b", "The slope of the sigmoid at z = 0 is 1/4, so it need not be zero there."),),
    ),
    Number(
        "5.3",
        "What is dE/dw of the neuron of exercise 5.1 for the cross-entropy (two significant digits)?",
        (P - Y) * X,
        "σ′ cancels: dE/dw = (ŷ − y) x = −0.119 · 1.5 = −0.179.",
        "The derivative of the sigmoid cancels: dE/dz = ŷ − y.",
        (
            (-(P - Y) * X, "Mind the sign: ŷ − y is negative."),
            ((P - Y) * P * (1 - P) * X, "This is the answer for the squared error. Here the factor ŷ(1 − ŷ) cancels."),
            ((P - Y), "This is dE/dz. For dE/dw multiply by x."),
        ),
        tolerance=0.03,
    ),
    Choice(
        "5.4",
        "Which step is best for a central difference in double precision?",
        "b",
        ("1", "1e-5", "1e-12", "the smaller, the better"),
        "At 1 the curvature spoils the difference, at 1e-12 rounding does. In between, near 1e-5, both are small.",
        "Look at the figure of the finite differences.",
        (
            ("a", "With such a step the curvature between the two points counts."),
            ("c", "Two nearly equal numbers are subtracted: rounding is divided by the tiny step."),
            ("d", "Rounding is divided by the step, so a tiny step makes it large."),
        ),
    ),
    Number(
        "5.5",
        "How many layers does it take until a gradient that loses the factor 4 in each is a million times smaller (a "
        "whole number)?",
        10,
        "4⁹ = 262,144 is not enough, 4¹⁰ = 1,048,576 is.",
        "Solve 4ⁿ ≥ 10⁶ for n.",
        (
            (9, "4⁹ = 262,144: one layer more is needed."),
            (250_000, "The factors multiply: after two layers it is 16, after three 64."),
            (6, "Six layers would be enough for a factor of 10 in each."),
        ),
    ),
    Code(
        "5.6",
        "Complete backpropagation for one neuron with the error of one sample.",
        'def gradient(x, y, w, b):\n    """Return dE/dw [d] and dE/db of E = (y_hat - y)^2 / 2 for one sample, where '
        'y_hat = sigmoid(w x + b)."""\n    y_hat = 1 / (1 + np.exp(-(w @ x + b)))\n    dE_dz = ...\n'
        "    return ..., ...",
        f.gradient,
        _one_sample,
        "dE/dz = (ŷ − y) · ŷ(1 − ŷ); then multiply by dz/dw = x and by dz/db = 1.",
        (
            (
                f.gradient_without_sigmoid_derivative,
                "This is the gradient of the cross-entropy: σ′ = ŷ(1 − ŷ) is missing.",
            ),
            (f.gradient_with_wrong_sign, "The sign is wrong: dE/dŷ = ŷ − y."),
            (f.gradient_times_two, "This is twice the gradient: the 1/2 in E cancels the 2 of the square."),
        ),
    ),
)
