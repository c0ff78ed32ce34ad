"""Exercises of lesson 7."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.lessons.exercises import functions as f
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

SCORES = [0.31, 0.25, 0.22, 0.23, 0.21, 0.24, 0.22, 0.23, 0.2]
PATIENCE = 3
LISTED = ", ".join(map(str, SCORES))


def _history(rng: np.random.Generator) -> tuple[Any, ...]:
    n = int(rng.integers(12, 30))
    scores = 0.3 + 0.2 * np.abs(np.arange(n) - n / 2) / n + 0.1 * rng.random(n)
    scores[-1] = 0.1  # better than all, but training ends before
    return scores.tolist(), int(rng.integers(1, 5))


EXERCISES: tuple[Exercise, ...] = (
    Number(
        "7.1",
        f"The validation errors of successive epochs are {LISTED} (lower is better), and the patience is {PATIENCE}. "
        "After which epoch does the run stop?",
        f.early_stopping(SCORES, PATIENCE)[0],
        "The best so far is epoch 5 (0.21). Epochs 6, 7 and 8 are not better, so the run stops after epoch 8.",
        "Count the epochs since the best one; training stops before it can see a later, better score.",
        (
            (9, "Epoch 9 is never trained: after epoch 8 the patience of 3 is used up."),
            (7, "Count from the best epoch, 5, on: there are three epochs after it."),
            (6, "Epoch 5 is better than epoch 3, so the counting starts again there."),
        ),
    ),
    Number(
        "7.2",
        "In the same run: the weights of which epoch are kept?",
        f.early_stopping(SCORES, PATIENCE)[1],
        "The lowest error among the epochs that were trained, 0.21, is that of epoch 5.",
        "The lowest error among the epochs that were trained.",
        (
            (9, "Epoch 9 has the lowest error of the list, but it is never trained."),
            (8, "The run ends with epoch 8, but the weights of the best epoch are put back."),
            (3, "Epoch 3 is the best only until epoch 5."),
        ),
    ),
    Choice(
        "7.3",
        "A table lists several polymorphs of many formulas, and the model sees compositions only. Which split gives an "
        "honest error for new formulas?",
        "c",
        ("random rows", "sorted by energy", "grouped by formula", "no split: all rows train"),
        "All rows of a formula have the same features, so none of them may lie on both sides.",
        "No formula may lie on both sides.",
        (
            ("a", "Then a polymorph of many a test row is among the train rows, with the same features."),
            (
                "b",
                "Then the test part holds other energies than the train part, and formulas on both sides of a border.",
            ),
            ("d", "An error on rows that were trained on says nothing about new ones."),
        ),
    ),
    Number(
        "7.4",
        "The error falls as n to the power −0.5. By what factor does it change when you measure 4 times as many "
        "compounds (a number below 1)?",
        0.5,
        "4 to the power −0.5 is 1/2.",
        "Compute 4 to the power −0.5.",
        (
            (0.25, "This is 4 to the power −1: the error does not fall as fast as n grows."),
            (2.0, "The error falls: the factor is below 1."),
        ),
        absolute=0.004,
    ),
    Code(
        "7.5",
        "Complete early stopping.",
        'def early_stopping(scores, patience):\n    """Return the epoch after which training stops and the epoch whose '
        "weights are kept, both counted from 1.\n\n    scores are validation errors, one for each epoch (lower is "
        "better). "
        "Training stops when the error has not been\n    better than the best one for `patience` epochs, or when there "
        'are no more scores.\n    """\n    best, best_epoch = float("inf"), 0\n'
        "    for epoch, score in enumerate(scores, start=1):\n        ...\n    return epoch, best_epoch",
        f.early_stopping,
        _history,
        "If a score is better than the best, remember it and its epoch; if patience epochs have passed since, break.",
        (
            (f.stopping_counted_from_zero, "Epochs are counted from 1 here."),
            (f.stopping_that_keeps_the_last, "The weights of the best epoch are kept, not those of the last."),
            (
                f.stopping_that_looks_ahead,
                "The best epoch is that of the epochs that were trained, not of the whole list.",
            ),
        ),
    ),
)
