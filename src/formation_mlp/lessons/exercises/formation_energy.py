"""Exercises of lesson 8."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number


def _composition(rng: np.random.Generator) -> tuple[Any, ...]:
    n = int(rng.integers(3, 6))
    return rng.dirichlet(np.ones(n)), rng.uniform(0.8, 4.0, n)


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "8.1",
        "MgO: the electronegativity of Mg is 1.31, that of O 3.44. What is the mean deviation "
        "$\\sum_i f_i |\\chi_i - \\bar\\chi|$ (two digits after the point)?",
        1.065,
        "Both fractions are 1/2 and the mean is 2.375, so both deviations are 1.065.",
        "Both fractions are 1/2, and the mean lies in the middle of the two.",
        (
            (2.13, "This is the range. Each atom is half of that away from the mean."),
            (2.375, "This is the mean. How far are the two elements from it?"),
        ),
        absolute=0.006,
    ),
    Number(
        "8.2",
        "A plain MLP has 100 inputs, one hidden layer of 50 units and one output. How many weights, biases included, "
        "does it have?",
        100 * 50 + 50 + 50 + 1,
        "100 · 50 + 50 for the hidden layer, 50 + 1 for the output: 5,101.",
        "A layer from a to b units has a · b weights and b biases.",
        (
            (
                5050,
                "This is the hidden layer alone, or all weights without the biases. Count both layers and their "
                "biases.",
            ),
            (5100, "The bias of the output is missing."),
        ),
    ),
    Choice(
        "8.3",
        "Shuffling a group of features leaves the error of a model as it was. What follows?",
        "d",
        (
            "they have nothing to do with the energy",
            "the model is over-fitted",
            "they were computed wrongly",
            "this model does not need them as long as it has the others",
        ),
        "Other features may say the same. Importance is a statement about a model, not about nature.",
        "Other features may say the same.",
        (("a", "They may have much to do with it, if other features say the same."),),
    ),
    Choice(
        "8.4",
        "A model sees compositions only. What does it say about the difference in energy of rutile and anatase?",
        "b",
        ("the right value, if trained on enough rows", "exactly zero", "a random value", "it refuses both"),
        "All its features are the same for both, so it gives both the same energy.",
        "All its features are the same for both.",
        (("a", "No number of rows helps: equal inputs give equal outputs."),),
    ),
    Code(
        "8.5",
        "Complete the aggregation of one property over a composition.",
        'def describe(fractions, values):\n    """Return mean, range and mean deviation of a property with '
        "values [n] of "
        'elements with fractions [n]."""\n    mean = ...\n    return mean, ..., ...',
        f.describe,
        _composition,
        "The mean is fractions @ values; the mean deviation weighs |value − mean| by the fractions, too.",
        (
            (f.describe_without_fractions, "Each element counts alike here. Weigh it by its fraction."),
            (
                f.describe_with_standard_deviation,
                "This is the standard deviation. The mean deviation takes |value − mean|.",
            ),
        ),
    ),
)
