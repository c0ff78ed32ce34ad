"""Exercises of lesson 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number


def _tanh_units(rng: np.random.Generator) -> tuple[Any, ...]:
    n, k = int(rng.integers(4, 9)), int(rng.integers(2, 6))
    return rng.uniform(-1, 1, n), *rng.normal(size=(3, k)), float(rng.normal())


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "4.1",
        "How many weights, biases included, does a network with one input, one hidden layer of 512 units and one "
        "output "
        "have?",
        3 * 512 + 1,
        "Each hidden unit has a weight from the input, a bias and a weight to the output: 3 · 512, and the output "
        "has a "
        "bias: 1,537.",
        "Each hidden unit has a weight from the input, a bias, and a weight to the output; the output has a bias.",
        (
            (3 * 512, "The bias of the output is missing."),
            (2 * 512, "The biases are missing: one for each hidden unit, and one for the output."),
            (2 * 512 + 1, "The biases of the hidden units are missing."),
        ),
    ),
    Number(
        "4.2",
        "Take the group of the elements (1 to 18) instead of the period. Between Ne (group 18) and Na (group 1) it "
        "jumps. "
        "What is the smallest possible largest error of a continuous function at this jump, in groups?",
        8.5,
        "The jump has the height 17. Through its middle, the error is 17 / 2 = 8.5 on both sides.",
        "The best that a continuous function can do is to go through the middle of the jump.",
        (
            (17.0, "17 is the height of the jump. In its middle a curve is wrong by half of that."),
            (0.5, "One half belongs to a jump of height 1, as in the staircase of the periods."),
        ),
    ),
    Choice(
        "4.3",
        "The networks above use tanh; far outside the range their output is a constant. What is it with ReLU, in "
        "general?",
        "b",
        ("a constant", "a straight line with a slope", "a parabola", "a random number"),
        "Far outside each ReLU unit is either 0 or equal to its z, and z is linear in x.",
        "Far outside each ReLU unit is either 0 or equal to its z. How does z depend on x?",
        (("a", "tanh saturates, ReLU does not: on one side it grows without bound."),),
    ),
    Number(
        "4.4",
        "How many straight pieces over 0 to 1 does the network of tents with 10 hidden layers have?",
        2.0**10,
        "Each layer doubles their number: 2¹⁰ = 1,024.",
        "One layer makes two pieces, and each further layer doubles their number.",
        (
            (20.0, "20 is the number of hidden units. Each layer doubles the number of pieces."),
            (512.0, "This is one doubling too few: one layer has two pieces already."),
        ),
    ),
    Code(
        "4.5",
        "Complete the network of this lesson: one input, a hidden layer of tanh units, one output.",
        'def network(x, w, b, v, c):\n    """Return the output [n] for inputs x [n] of k tanh units with weights '
        "w, b and "
        'v [k] and the output bias c."""\n    h = ...  # [n, k]\n    return ...',
        f.network,
        _tanh_units,
        "np.outer(x, w) is the matrix [n, k] of all products; then h @ v sums over the units.",
        (
            (f.network_without_tanh, "The tanh is missing: this network is a straight line."),
            (f.network_without_output_bias, "The bias c of the output is missing."),
        ),
    ),
)
