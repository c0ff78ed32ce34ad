"""Exercises of lesson 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

NACL = (2.23, 2.5)
WEIGHTS, BIAS = (3.9, 0.6), -6.5
"""The neuron of the lesson in round numbers."""
TP, TN, FP, FN = 40, 130, 10, 20


def _z(x1: float, x2: float) -> float:
    return WEIGHTS[0] * x1 + WEIGHTS[1] * x2 + BIAS


def _probabilities(rng: np.random.Generator) -> tuple[Any, ...]:
    n = int(rng.integers(5, 20))
    return rng.permutation(np.arange(n) % 2).astype(float), rng.uniform(0.02, 0.98, n)


def _classes(rng: np.random.Generator) -> tuple[Any, ...]:
    y = rng.permutation(np.repeat([0, 0, 1, 1], [9, 2, 4, 7]))
    return y, np.where(rng.random(len(y)) < 0.3, 1 - y, y)


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "1.1",
        "One feature, as in the example above: $z = 2 x + 5$ and $\\hat y = \\sigma(z)$. At which x is the decision "
        "boundary?",
        -2.5,
        "On the boundary z = 0, so 2x = −5 and x = −2.5.",
        "On the boundary z = 0. Solve 0 = 2x + 5 for x.",
        (
            (2.5, "Mind the sign: 2x + 5 = 0 gives a negative x."),
            (0.0, "x = 0 is not the boundary: there z = 5. The boundary is where z = 0."),
            (5.0, "5 is the bias, the value of z at x = 0. Look for the x at which z = 0."),
        ),
        absolute=0.005,
    ),
    Number(
        "1.2",
        "In round numbers, the neuron of this lesson is $z = 3.9 x_1 + 0.6 x_2 - 6.5$. NaCl has x₁ = 2.23 and x₂ = "
        "2.50. "
        "What is z (two digits after the point)?",
        _z(*NACL),
        f"z = 3.9 · 2.23 + 0.6 · 2.50 − 6.5 = {_z(*NACL):.2f}, far on the side of the strongly bound compounds.",
        "Multiply each feature by its weight, add both, and add the bias −6.5.",
        (
            (_z(*NACL) - BIAS, "The bias is missing: subtract 6.5."),
            (_z(*NACL) - 2 * BIAS, "The bias is −6.5, so it makes z smaller."),
            (1 / (1 + math.exp(-_z(*NACL))), "This is the probability. The question asks for z, before the sigmoid."),
        ),
        absolute=0.02,
    ),
    Number(
        "1.3",
        "Which probability does a compound with z = 2 have (two digits after the point)?",
        1 / (1 + math.exp(-2)),
        "σ(2) = 1 / (1 + exp(−2)) = 1 / 1.135 = 0.88.",
        "Put z = 2 into 1 / (1 + exp(−z)).",
        (
            (
                1 / (1 + math.exp(2)),
                "This is σ(−2), the probability of the other class: check the sign of the exponent.",
            ),
            (math.exp(-2), "This is exp(−2) alone: add 1 and take the reciprocal."),
        ),
        absolute=0.006,
    ),
    Number(
        "1.4",
        "With the same neuron, $z = 3.9 x_1 + 0.6 x_2 - 6.5$: at which electronegativity difference does a compound "
        "with "
        "2 p electrons per atom lie on the decision boundary (two digits after the point)?",
        -(BIAS + 2 * WEIGHTS[1]) / WEIGHTS[0],
        "0 = 3.9 x₁ + 1.2 − 6.5, so x₁ = 5.3 / 3.9 = 1.36 Pauling units.",
        "Set z = 0, put x₂ = 2 and solve for x₁.",
        (
            (-BIAS / WEIGHTS[0], "The p electrons are missing: put x₂ = 2 before you solve."),
            (-(BIAS - 2 * WEIGHTS[1]) / WEIGHTS[0], "Mind the sign of 0.6 · 2 when it changes sides."),
        ),
        unit="Pauling",
        absolute=0.011,
    ),
    Number(
        "1.5",
        f"A model calls 200 compounds: TP = {TP}, TN = {TN}, FP = {FP} and FN = {FN}. What is its precision?",
        TP / (TP + FP),
        "Precision = TP / (TP + FP) = 40 / 50 = 0.8. (Recall is 40 / 60 = 0.67, accuracy 170 / 200 = 0.85.)",
        "Of those that are called strongly bound, TP + FP, which share is?",
        (
            (TP / (TP + FN), "This is the recall: it divides by all that are strongly bound, TP + FN."),
            ((TP + TN) / 200, "This is the accuracy: it counts both classes."),
        ),
        absolute=0.006,
    ),
    Choice(
        "1.6",
        "The threshold on the probability goes up from 0.5 to 0.9. What happens on the validation part?",
        "b",
        (
            "precision falls and recall rises",
            "precision rises and recall falls",
            "both rise",
            "both fall",
        ),
        "Fewer compounds are called strongly bound, and those are the surest: more of them are right, and more of the "
        "others are missed.",
        "Fewer compounds are called strongly bound. Which of them remain, and which are missed?",
        (("a", "It is the other way round: those that remain are the surest ones."),),
    ),
    Code(
        "1.7",
        "Complete the loss of this lesson, the mean cross-entropy of all samples.",
        'def cross_entropy(y, p):\n    """Return the mean cross-entropy of probabilities p [n] for classes y '
        "[n], each 0 or "
        '1."""\n    return ...',
        f.cross_entropy,
        _probabilities,
        "Write −[y ln p + (1 − y) ln(1 − p)] with np.log, and take np.mean over the samples.",
        (
            (f.cross_entropy_without_minus, "The minus sign is missing: a loss is positive."),
            (f.cross_entropy_as_sum, "This is the sum over the samples. The loss is their mean."),
            (f.cross_entropy_of_class_1, "Only the samples with y = 1 count here. Those with y = 0 add ln(1 − p)."),
        ),
    ),
    Code(
        "1.8",
        "Count the true and false positives and negatives, from which accuracy, precision and recall follow.",
        'def counts(y, called):\n    """Return TP, TN, FP and FN of classes y [n] and the classes that a model '
        "calls [n], "
        'each 0 or 1."""\n    TP = np.sum((called == 1) & (y == 1))\n    TN = ...\n    FP = ...\n    FN = ...\n'
        "    return TP, TN, FP, FN",
        f.counts,
        _classes,
        "The second letter is what the model calls, the first whether it is right.",
        (
            (
                f.counts_with_false_ones_swapped,
                "FP and FN are swapped. A false positive is called 1 although it is 0.",
            ),
        ),
    ),
)
