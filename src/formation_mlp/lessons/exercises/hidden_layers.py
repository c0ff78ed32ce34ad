"""Exercises of lesson 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number


def _one_layer(rng: np.random.Generator) -> tuple[Any, ...]:
    n_units, n_inputs = rng.permutation([2, 3, 4, 5])[:2]
    return rng.normal(size=n_inputs), rng.normal(size=(n_units, n_inputs)), rng.normal(size=n_units)


EXERCISES: tuple[Exercise, ...] = (
    Choice(
        "2.1",
        "Which of the gates cannot be learned by one neuron, however long it is trained?",
        "c",
        ("AND", "OR", "XOR", "NAND (the opposite of AND)"),
        "The corners of XOR with answer 1 lie on one diagonal, those with answer 0 on the other: no line separates "
        "them.",
        "Draw the four corners and try to put a line between the classes.",
        (
            ("a", "For AND a line that cuts off the corner (1, 1) is enough."),
            ("b", "For OR a line that cuts off the corner (0, 0) is enough."),
            ("d", "The opposite of a separable gate is separable by the same line, with all signs changed."),
        ),
    ),
    Number(
        "2.2",
        "The hidden layer of the XOR network has W = [[1, 1], [1, 1]] and b = [−1/2, −3/2], with hard steps. What is "
        "h₁ + h₂ for x = (1, 1)?",
        2.0,
        "The sums are 2 − 1/2 and 2 − 3/2. Both are positive, so both units say 1, and h₁ + h₂ = 2.",
        "Compute both sums Wx + b first. A unit whose sum is zero or more says 1.",
        (
            (1.0, "One of the two units is missing: 2 − 3/2 is positive, too, so h₂ = 1 (AND)."),
            (0.0, "This is the answer of XOR for (1, 1). The question asks for h₁ + h₂ of the hidden layer."),
        ),
    ),
    Number(
        "2.3",
        "A network has 2 inputs, one hidden layer of 10 units and one output. How many weights and biases does it "
        "have?",
        10 * 2 + 10 + 10 + 1,
        "W has 10 rows of 2 (20), b has 10, v has 10, c is one number: 41.",
        "W has 10 rows of 2, b has 10 entries, v has 10, and c is one number.",
        (
            (30, "You have counted the weights only; each unit has a bias, too."),
            (40, "One bias is missing, that of the output."),
            (31, "The ten biases of the hidden units are missing."),
        ),
    ),
    Number(
        "2.4",
        "Two linear layers without biases: first h = [[1, 2], [0, −1]] x, then [3, 1] h. They are one layer with two "
        "weights. What is the second one?",
        5.0,
        "[3, 1] times the second column (2, −1): 3 · 2 + 1 · (−1) = 5.",
        "Multiply the row (3, 1) with the second column of the first matrix.",
        (
            (3.0, "This is the first weight, from the first column. The question asks for the second."),
            (7.0, "Mind the sign of −1 in the second column."),
        ),
    ),
    Code(
        "2.5",
        "Complete one hidden layer: the weighted sums of all its units, and the sigmoid of each.",
        'def layer(x, W, b):\n    """Return h = sigmoid(W x + b) for one sample x [d], weights W [k, d] and biases b '
        '[k]."""\n    return ...',
        f.layer,
        _one_layer,
        "W @ x is the product of matrix and vector; the sigmoid is 1 / (1 + np.exp(-z)).",
        (
            (
                f.layer_without_sigmoid,
                "This is z. The non-linearity is missing, and without it layers collapse into one.",
            ),
            (f.layer_without_bias, "The biases b are missing."),
            (f.layer_with_wrong_sign, "The sign of the exponent is wrong: σ(z) = 1 / (1 + exp(−z))."),
        ),
    ),
)
