"""Questions whose answers a lesson computes, and the judgement of what a student answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from formation_mlp.errors import DataError

RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question with a checked answer.

    Attributes
    ----------
    question : what is asked, with the unit
    answer : a number, or one of ``choices``
    tolerance : relative to the answer
    absolute : error that is accepted in any case, in the unit of the answer
    choices : texts to choose from; a letter stands for each
    hint : shown after a wrong answer
    """

    question: str
    answer: float | str
    tolerance: float
    absolute: float
    choices: tuple[str, ...]
    hint: str

    def __post_init__(self) -> None:
        if self.choices:
            if self.answer not in self.choices or len(set(self.choices)) < len(self.choices):
                raise ValueError(f"the answer {self.answer!r} must be one of different choices, {self.choices}")
        elif isinstance(self.answer, str) or not math.isfinite(self.answer):
            raise ValueError(f"the answer {self.answer!r} is no finite number, and there are no choices")

    @property
    def listed(self) -> str:
        """The choices as a list, with their letters."""
        return "\n".join(f"- {letter}) {text}" for letter, text in zip(ascii_lowercase, self.choices, strict=False))

    def accepts(self, given: str) -> bool:
        """Tell whether an answer is right.

        Raises
        ------
        DataError
            If it is no number, or none of the choices.
        """
        text = given.strip()
        if isinstance(self.answer, str):
            return self._chosen(text.lower()) == self.answer
        return math.isclose(_number(text), self.answer, rel_tol=self.tolerance, abs_tol=max(self.absolute, 1e-12))

    def _chosen(self, text: str) -> str:
        by_text = {choice.lower(): choice for choice in self.choices}
        letters = dict(zip(ascii_lowercase, self.choices, strict=False))
        found = by_text.get(text) or letters.get(text.rstrip(")."))
        if found is None:
            last = ascii_lowercase[len(letters) - 1]
            raise DataError(f"{text!r} is none of the choices; give a letter from a to {last}.")
        return found


def _number(text: str) -> float:
    """Read a number; a percent sign divides by a hundred."""
    digits = text.replace("−", "-").replace(",", "").removesuffix("%").strip()
    try:
        value = float(digits)
    except ValueError:
        raise DataError(f"{text!r} is no number.") from None
    return value / 100 if text.endswith("%") else value


def judge(exercises: Sequence[Exercise], answers: Sequence[str], say: Callable[[str], None]) -> int:
    """Judge one answer to each exercise, and return how many are not right.

    Raises
    ------
    DataError
        If the answers are not as many as the exercises.
    """
    if len(answers) != len(exercises):
        raise DataError(
            f"lesson --check: {len(exercises)} answers are needed, one for each exercise, but {len(answers)} are given."
        )
    n_wrong = 0
    for number, (exercise, given) in enumerate(zip(exercises, answers, strict=True), start=1):
        verdict, hint = _verdict(exercise, given)
        n_wrong += verdict != RIGHT
        say(f"exercise {number}: {given.strip() or 'no answer'}: {verdict}{hint}")
    return n_wrong


def ask(exercises: Sequence[Exercise], read: Callable[[], str], say: Callable[[str], None], tries: int = 2) -> int:
    """Ask each exercise, some tries each, and return how many are not right in the end.

    The answer is told after the last try only. ``read`` returns an empty text if there is no answer.
    """
    n_wrong = 0
    for number, exercise in enumerate(exercises, start=1):
        say("\n".join(filter(None, [f"\nExercise {number}. {exercise.question}", exercise.listed])))
        verdict = WRONG
        for _ in range(tries):
            verdict, hint = _verdict(exercise, read())
            say(verdict + hint)
            if verdict == RIGHT:
                break
        else:
            answer = exercise.answer if isinstance(exercise.answer, str) else f"{exercise.answer:.4g}"
            say(f"The answer is {answer}.")
        n_wrong += verdict != RIGHT
    return n_wrong


def _verdict(exercise: Exercise, given: str) -> tuple[str, str]:
    """Return whether an answer is right, and what helps if it is not."""
    hint = f" Hint: {exercise.hint}" if exercise.hint else ""
    try:
        return (RIGHT, "") if given.strip() and exercise.accepts(given) else (WRONG, f".{hint}")
    except DataError as error:
        return WRONG, f": {error}{hint}"


def split_answers(text: str) -> list[str]:
    """Return the answers of ``--answers``, separated by commas."""
    return text.split(",")


def answers_of_lines(lines: Iterable[str]) -> list[str]:
    """Return the answers of standard input, one a line; empty lines at the end are none."""
    return "".join(lines).rstrip().splitlines()
