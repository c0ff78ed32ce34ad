"""Exercises of lesson 6."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

W, B, X, Y, RATE = 0.5, 0.1, 2.0, 3.0, 0.1
"""Weight, bias, input, truth and learning rate of one step."""


def _weights(rng: np.random.Generator) -> tuple[Any, ...]:
    k, d = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    return (
        rng.normal(size=(k, d)),
        rng.normal(size=k),
        rng.normal(size=(k, d)),
        rng.normal(size=k),
        float(rng.uniform(0.01, 0.5)),
    )


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "6.1",
        "A table has 1000 train rows. How many updates does the toolkit make in an epoch with batches of 64? (It "
        "rounds "
        "rows / batch to the nearest whole number, so that all batches are nearly equal.)",
        16,
        "1000 / 64 = 15.6, rounded to 16 batches of 62 or 63 rows.",
        "1000 / 64 = 15.6, rounded to the nearest whole number.",
        (
            (15, "This drops the rows that are left over. The toolkit rounds to the nearest whole number."),
            (15.625, "The number of updates is whole: round it."),
            (64, "64 rows are in each batch. How many such batches are there?"),
        ),
    ),
    Number(
        "6.2",
        f"One weight, one row: $\\hat y = w x + b$ with w = {W}, b = {B}, x = {X:g}, y = {Y:g}, and "
        f"$E = \\frac{{1}}{{2}} (\\hat y - y)^2$. What is w after one step of gradient descent with η = {RATE}?",
        W - RATE * (W * X + B - Y) * X,
        "ŷ = 1.1, dE/dw = (1.1 − 3) · 2 = −3.8, and w = 0.5 + 0.38 = 0.88.",
        "First ŷ, then ∂E/∂w = (ŷ − y) x, then w − η ∂E/∂w.",
        (
            (W + RATE * (W * X + B - Y) * X, "This step goes uphill: subtract η times the gradient."),
            (W - RATE * (W * X + B - Y), "∂E/∂w has the factor x. Without it this is the step of the bias."),
            (W - (W * X + B - Y) * X, "The learning rate is missing."),
        ),
        absolute=0.004,
    ),
    Choice(
        "6.3",
        "The loss of a run becomes inf in the second epoch. What do you change first?",
        "b",
        ("more epochs", "a smaller learning rate", "a larger network", "no shuffling"),
        "The steps overshoot and grow. A smaller learning rate is the first thing to try.",
        "Look at the right-hand side of the figure of learning rates.",
        (("a", "A loss that is inf stays inf: there is nothing left to train."),),
    ),
    Number(
        "6.4",
        "In a valley like that of this lesson the steepest curvature of the loss is 2(1 + r), where r is the "
        "correlation "
        "of the two features. Gradient descent is stable for η below 2 / curvature. What is the largest stable η for "
        "r = 0.6?",
        1 / 1.6,
        "2 / (2 · 1.6) = 0.625.",
        "2 / (2(1 + r)) with r = 0.6.",
        (
            (2 / 1.6, "The curvature is 2(1 + r): the 2 is missing there."),
            (1 / 0.4, "The steepest curvature is along the sum of the features, 2(1 + r), not 2(1 − r)."),
        ),
        absolute=0.006,
    ),
    Code(
        "6.5",
        "Complete the update of one layer by plain gradient descent.",
        'def update(W, b, dW, db, learning_rate):\n    """Return the weights W [k, d] and biases b [k] after one '
        "step of "
        'gradient descent; dW and db are the gradients."""\n    return ..., ...',
        f.update,
        _weights,
        "Move against the gradient: subtract the learning rate times the gradient, from W and from b.",
        (
            (f.update_uphill, "This step goes uphill: the error would grow. Subtract instead of adding."),
            (f.update_of_weights_only, "The biases learn, too: b moves against db."),
            (f.update_without_rate, "The learning rate is missing."),
        ),
    ),
)
