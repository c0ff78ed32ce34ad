"""All exercises by their numbers, and the judgement of an answer in a notebook."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from formation_mlp.errors import DataError
from formation_mlp.lessons.exercises.kinds import Exercise
from formation_mlp.lessons.exercises.verdict import Verdict

LESSONS = (
    "logistic_regression",
    "hidden_layers",
    "activations",
    "approximation",
    "backpropagation",
    "training_loop",
    "stopping",
    "formation_energy",
)
"""Modules of this package, in the order of the lessons; each has a tuple ``EXERCISES``."""


@cache
def exercises_of(lesson: int) -> tuple[Exercise, ...]:
    """Return the exercises of a lesson, counted from 1."""
    module = import_module(f"formation_mlp.lessons.exercises.{LESSONS[lesson - 1]}")
    exercises: tuple[Exercise, ...] = module.EXERCISES
    return exercises


def find_exercise(number: str) -> Exercise:
    """Return an exercise by its number, such as ``2.1``.

    Raises
    ------
    DataError
        If there is none.
    """
    known = {exercise.number: exercise for i in range(len(LESSONS)) for exercise in exercises_of(i + 1)}
    if number not in known:
        near = difflib.get_close_matches(str(number), known, n=3, cutoff=0.3)
        raise DataError(
            f"there is no exercise {number!r}. Give the number that stands in its title, in quotation marks, such as "
            f"{' or '.join(repr(name) for name in near or ['2.1'])}."
        )
    return known[number]


def check(number: str | float, answer: object) -> Verdict:
    """Judge an answer to an exercise at once; a notebook shows the verdict.

    Parameters
    ----------
    number
        Of the exercise, such as ``"2.1"``; 2.1 without quotation marks is understood, too.
    answer
        A number, a text with a number (``"2,5"``, ``"1/2"``, ``"0.5 eV/atom"``), a letter, or a function.

    Returns
    -------
    Verdict
        Right, or what helps.

    Raises
    ------
    DataError
        If there is no such exercise.

    Examples
    --------
    >>> check("2.3", 41)
    2.3: right.
    >>> check("2.3", "30")
    2.3: not yet. You have counted the weights only; each unit has a bias, too.
    """
    return find_exercise(str(number)).judge(answer)
