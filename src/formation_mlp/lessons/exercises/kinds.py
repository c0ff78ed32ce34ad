"""Three kinds of exercises: a number, a choice, and code to complete."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.lessons.exercises.reading import read_number
from formation_mlp.lessons.exercises.verdict import Verdict

N_TRIALS = 8
"""Random inputs on which a function is compared with the right one."""

Inputs = Callable[[np.random.Generator], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Number:
    """A question whose answer is a number.

    Attributes
    ----------
    number : of the exercise, such as ``2.1``
    question : what is asked, with the number of digits
    answer : in ``unit``
    solution : how one gets there
    hint : after a wrong answer that is none of ``mistakes``
    mistakes : typical wrong answers, each with its hint
    unit : of the answer; nothing for a pure number
    tolerance, absolute : accepted error, relative and in ``unit``; the larger one counts
    """

    number: str
    question: str
    answer: float
    solution: str
    hint: str
    mistakes: tuple[tuple[float, str], ...]
    unit: str = ""
    tolerance: float = 0.0
    absolute: float = 0.0

    @property
    def shown_answer(self) -> str:
        """The answer with its unit."""
        return f"{self.answer:.4g} {self.unit}".strip()

    @property
    def listed(self) -> str:
        """Nothing: there are no choices."""
        return ""

    @property
    def scaffold(self) -> str:
        """The lines of a notebook that take the answer."""
        return f'my_answer = ...\ncheck("{self.number}", my_answer)'

    @property
    def solved(self) -> str:
        """The same lines with the answer."""
        return self.scaffold.replace("...", f"{self.answer:.6g}", 1)

    def judge(self, given: object) -> Verdict:
        """Return the verdict on an answer, which may be a number or a text."""
        if _is_missing(given):
            return _unanswered(self.number)
        try:
            value = read_number(given, self.unit)
        except DataError as error:
            return Verdict(self.number, False, str(error))
        if self._is_near(value, self.answer):
            return Verdict(self.number, True)
        hint = next((hint for wrong, hint in self.mistakes if self._is_near(value, wrong)), self.hint)
        return Verdict(self.number, False, hint)

    def _is_near(self, value: float, to: float) -> bool:
        return math.isclose(value, to, rel_tol=self.tolerance, abs_tol=max(self.absolute, 1e-12))


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with texts to choose from; the first is not the right one more often than others.

    Attributes
    ----------
    number : of the exercise, such as ``2.1``
    question : what is asked
    answer : the letter of the right choice
    choices : the texts; a letter from ``a`` on stands for each
    solution : why it is the right one
    hint : after a wrong answer that has no hint of its own
    mistakes : letter of a wrong choice to its hint
    """

    number: str
    question: str
    answer: str
    choices: tuple[str, ...]
    solution: str
    hint: str
    mistakes: tuple[tuple[str, str], ...]

    @property
    def shown_answer(self) -> str:
        """The letter of the right choice."""
        return self.answer

    @property
    def listed(self) -> str:
        """The choices as a list, with their letters."""
        return "\n".join(f"- {letter}) {text}" for letter, text in zip(ascii_lowercase, self.choices, strict=False))

    @property
    def scaffold(self) -> str:
        """The lines of a notebook that take the answer."""
        return f'my_answer = ...  # a letter, such as "a"\ncheck("{self.number}", my_answer)'

    @property
    def solved(self) -> str:
        """The same lines with the answer."""
        return f'my_answer = "{self.answer}"\ncheck("{self.number}", my_answer)'

    def judge(self, given: object) -> Verdict:
        """Return the verdict on an answer: a letter, or the text of a choice."""
        if _is_missing(given):
            return _unanswered(self.number)
        letters = ascii_lowercase[: len(self.choices)]
        text = given.strip().lower() if isinstance(given, str) else ""
        by_text = {choice.lower(): letter for letter, choice in zip(letters, self.choices, strict=True)}
        letter = by_text.get(text, text.strip("()."))
        if len(letter) != 1 or letter not in letters:
            said = f"Give one of the letters a to {letters[-1]}, in quotation marks in a notebook."
            return Verdict(self.number, False, said)
        if letter == self.answer:
            return Verdict(self.number, True)
        return Verdict(self.number, False, dict(self.mistakes).get(letter, self.hint))


@dataclass(frozen=True, slots=True)
class Code:
    """A function to complete, compared with the right one on random inputs that are new in every check.

    Attributes
    ----------
    number : of the exercise, such as ``5.3``
    question : what the function is to do
    start : its lines with ``...`` where something is missing
    right : the function itself
    inputs : draws one set of its arguments
    hint : after a wrong answer that is none of ``mistakes``
    mistakes : functions with a typical mistake, each with its hint
    tolerance : accepted error, relative to the largest number of the right result
    """

    number: str
    question: str
    start: str
    right: Callable[..., Any]
    inputs: Inputs
    hint: str
    mistakes: tuple[tuple[Callable[..., Any], str], ...]
    tolerance: float = 1e-6

    @property
    def listed(self) -> str:
        """The lines to complete."""
        return "\n".join(f"    {line}".rstrip() for line in self.start.splitlines())

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.start.partition("def ")[2].partition("(")[0]

    @property
    def scaffold(self) -> str:
        """The lines of a notebook that take the answer."""
        return f'{self.start}\n\n\ncheck("{self.number}", {self.name})'

    @property
    def solution(self) -> str:
        """The right lines."""
        return inspect.getsource(self.right).rstrip()

    @property
    def solved(self) -> str:
        """The lines of a notebook with the right answer."""
        return f'{self.solution}\n\n\ncheck("{self.number}", {self.name})'

    def judge(self, given: object) -> Verdict:
        """Return the verdict on a function."""
        if _is_missing(given):
            return _unanswered(self.number)
        if not callable(given):
            said = (
                f'{type(given).__name__} is no function. Give the function itself: check("{self.number}", {self.name}).'
            )
            return Verdict(self.number, False, said)
        rng = np.random.default_rng()  # new numbers each time: results that are learned by heart do not help
        trials = [self.inputs(rng) for _ in range(N_TRIALS)]
        try:
            results = [given(*copy.deepcopy(arguments)) for arguments in trials]
        except Exception as error:  # whatever a student's function raises is told to the student
            said = f"The function stopped with {type(error).__name__}: {error}."
            return Verdict(self.number, False, said)
        if any(has_dots(result) for result in results):
            return Verdict(self.number, False, "There is no answer yet: put your lines in place of the dots.")
        if all(result is None for result in results):
            return Verdict(self.number, False, "The function returns nothing: end it with a line 'return ...'.")
        return self._compared(trials, results)

    def _compared(self, trials: Sequence[tuple[Any, ...]], results: Sequence[object]) -> Verdict:
        expected = [self.right(*copy.deepcopy(arguments)) for arguments in trials]
        unlike = next((said for e, r in zip(expected, results, strict=True) if (said := shape_problem(e, r))), "")
        if unlike:
            return Verdict(self.number, False, f"{unlike} {self.hint}")
        if self._agree(expected, results):
            return Verdict(self.number, True)
        for wrong, hint in self.mistakes:
            if self._agree([wrong(*copy.deepcopy(arguments)) for arguments in trials], results):
                return Verdict(self.number, False, hint)
        return Verdict(self.number, False, f"On random inputs the results differ from the right ones. {self.hint}")

    def _agree(self, expected: Sequence[Any], results: Sequence[Any]) -> bool:
        return all(is_close(ours, theirs, self.tolerance) for ours, theirs in zip(expected, results, strict=True))


Exercise = Number | Choice | Code


def has_dots(result: object) -> bool:
    """Tell whether a result, or a part of it, is the three dots of the lines to complete."""
    return result is ... or (isinstance(result, tuple) and any(part is ... for part in result))


def shape_problem(expected: Any, result: object) -> str:
    """Return in words how a result differs in kind from the expected one; nothing if it does not."""
    if isinstance(expected, tuple):
        if not isinstance(result, tuple | list) or len(result) != len(expected):
            return f"{len(expected)} results are expected, in the order of the last line."
        return next((said for e, r in zip(expected, result, strict=True) if (said := shape_problem(e, r))), "")
    try:
        array = np.asarray(result, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        return f"A result is of the type {type(result).__name__}, where numbers are expected."
    if array.shape != np.shape(expected):
        return f"A result has the shape {array.shape}, where {np.shape(expected)} is expected."
    return "" if np.isfinite(array).all() else "A result is not finite."


def is_close(expected: Any, result: Any, tolerance: float) -> bool:
    """Tell whether numbers, or tuples of numbers and arrays, agree within a share of the largest expected one."""
    if isinstance(expected, tuple):
        return all(is_close(e, r, tolerance) for e, r in zip(expected, result, strict=True))
    ours, theirs = np.asarray(expected, float), np.asarray(result, float)
    return ours.shape == theirs.shape and bool(
        np.allclose(theirs, ours, rtol=0, atol=tolerance * max(1e-12, float(np.abs(ours).max(initial=0))))
    )


def _is_missing(given: object) -> bool:
    return given is None or given is ... or (isinstance(given, str) and given.strip() in ("", "..."))


def _unanswered(number: str) -> Verdict:
    return Verdict(number, False, "There is no answer yet: put yours in place of the three dots.")
