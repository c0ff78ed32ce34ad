"""Take answers to the exercises of a lesson on the command line, and judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from formation_mlp.errors import DataError
from formation_mlp.lessons import markup
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number

Asked = Number | Choice


def asked(exercises: Iterable[Exercise]) -> list[Asked]:
    """Return the exercises whose answers can be typed; code is completed in a notebook."""
    return [exercise for exercise in exercises if not isinstance(exercise, Code)]


def judge(exercises: Sequence[Asked], answers: Sequence[str], say: Callable[[str], None]) -> int:
    """Judge one answer to each exercise, and return how many are not right.

    Raises
    ------
    DataError
        If the answers are not as many as the exercises.
    """
    if len(answers) != len(exercises):
        raise DataError(
            f"lesson --check: {len(exercises)} answers are needed, one for each of the exercises "
            f"{exercises[0].number} to {exercises[-1].number} that ask for a number or a letter, but {len(answers)} "
            f"are "
            "given. Separate answers with semicolons if one has a decimal comma."
        )
    verdicts = [exercise.judge(given) for exercise, given in zip(exercises, answers, strict=True)]
    for given, verdict in zip(answers, verdicts, strict=True):
        say(f"{verdict!r} (answer: {given.strip() or 'none'})")
    return sum(not verdict.is_right for verdict in verdicts)


def ask(exercises: Sequence[Asked], read: Callable[[], str], say: Callable[[str], None], tries: int = 2) -> int:
    """Ask each exercise, some tries each, and return how many are not right in the end.

    The answer is told after the last try only. ``read`` returns an empty text if there is no answer.
    """
    n_wrong = 0
    for exercise in exercises:
        question = markup.as_text(f"Exercise {exercise.number}. {exercise.question}\n\n{exercise.listed}", 80)
        say(f"\n{question}")
        for _ in range(tries):
            verdict = exercise.judge(read())
            say(repr(verdict))
            if verdict.is_right:
                break
        else:
            answer = (
                exercise.answer if isinstance(exercise, Choice) else f"{exercise.answer:.4g} {exercise.unit}".strip()
            )
            say(f"The answer is {answer}. {exercise.solution}")
        n_wrong += not verdict.is_right
    return n_wrong


def split_answers(text: str) -> list[str]:
    """Return the answers of ``--answers``, separated by semicolons or, if there is none, by commas.

    >>> split_answers("2,5; b"), split_answers("2.5,b")
    (['2,5', ' b'], ['2.5', 'b'])
    """
    return text.split(";" if ";" in text else ",")


def answers_of_lines(lines: Iterable[str]) -> list[str]:
    """Return the answers of standard input, one a line; empty lines at the end are none."""
    return "".join(lines).rstrip().splitlines()
