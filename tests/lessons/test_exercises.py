"""Every exercise accepts the right answer, answers typical mistakes with a hint, and is not fooled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.errors import DataError
from formation_mlp.lessons import check
from formation_mlp.lessons.cells import all_lessons
from formation_mlp.lessons.exercises.activations import MISH_MINIMUM
from formation_mlp.lessons.exercises.collection import LESSONS, exercises_of, find_exercise
from formation_mlp.lessons.exercises.kinds import Choice, Code, Exercise, Number
from formation_mlp.lessons.exercises.reading import read_number

EXERCISES = [exercise for i in range(len(LESSONS)) for exercise in exercises_of(i + 1)]
FOOLISH = [..., None, "", "banana", "1,000,00", math.nan, math.inf, [1, 2, 3], {"a": 1}, object(), print, "1" * 5000]


def of_kind(kind: type) -> pytest.MarkDecorator:
    chosen = [exercise for exercise in EXERCISES if isinstance(exercise, kind)]
    return pytest.mark.parametrize("exercise", chosen, ids=[exercise.number for exercise in chosen])


every_exercise = of_kind(object)


@pytest.mark.parametrize("lesson", range(1, len(LESSONS) + 1))
def test_exercises_are_counted_and_some_are_code(lesson: int) -> None:
    found = exercises_of(lesson)
    assert [exercise.number for exercise in found] == [f"{lesson}.{i}" for i in range(1, len(found) + 1)]
    assert any(isinstance(exercise, Code) for exercise in found)
    assert len(LESSONS) == len(all_lessons())


@of_kind(Number)
def test_the_right_number_is_accepted_as_people_write_it(exercise: Number) -> None:
    written = f"{exercise.answer:.6g}"
    for given in (
        exercise.answer,
        np.float32(exercise.answer),
        torch.tensor(exercise.answer),
        written,
        f" {written} {exercise.unit}",
        written.replace(".", ",") if "e" not in written and len(written.rpartition(".")[2]) != 3 else written,
        written.replace("-", "−"),
    ):
        assert check(exercise.number, given).is_right, given
    assert exercise.solution


@of_kind(Number)
def test_a_typical_wrong_number_gets_its_hint(exercise: Number) -> None:
    assert exercise.mistakes
    for wrong, hint in exercise.mistakes:
        verdict = check(exercise.number, wrong)
        assert not verdict.is_right
        assert verdict.help == hint
        assert hint.endswith((".", "?"))


@of_kind(Number)
def test_another_wrong_number_gets_the_general_hint(exercise: Number) -> None:
    verdict = check(exercise.number, exercise.answer * 1.37 + 0.377)
    assert not verdict.is_right
    assert verdict.help == exercise.hint


@of_kind(Choice)
def test_one_letter_is_right_and_every_other_gets_a_hint(exercise: Choice) -> None:
    for i, text in enumerate(exercise.choices):
        letter = "abcdef"[i]
        for given in (letter, letter.upper(), f"{letter})", f"({letter})", text):
            verdict = check(exercise.number, given)
            assert verdict.is_right is (letter == exercise.answer), given
            assert verdict.is_right or verdict.help
    assert exercise.answer in "abcdef"[: len(exercise.choices)]
    assert {letter for letter, _ in exercise.mistakes} <= set("abcdef"[: len(exercise.choices)]) - {exercise.answer}


def test_the_right_choice_is_not_always_the_same_letter() -> None:
    answers = [exercise.answer for exercise in EXERCISES if isinstance(exercise, Choice)]
    assert len(set(answers)) >= 4


@of_kind(Code)
def test_the_right_function_is_accepted_and_shown(exercise: Code) -> None:
    for _ in range(20):
        assert check(exercise.number, exercise.right).is_right
    assert exercise.solution.startswith(f"def {exercise.name}(")
    parameters = exercise.start.partition("(")[2].partition(")")[0]
    assert f"({parameters}):" in exercise.solution
    assert "..." in exercise.start


@of_kind(Code)
def test_a_function_with_a_typical_mistake_gets_its_hint(exercise: Code) -> None:
    assert exercise.mistakes
    for wrong, hint in exercise.mistakes:
        for _ in range(20):
            verdict = check(exercise.number, wrong)
            assert not verdict.is_right
            assert verdict.help == hint


@of_kind(Code)
def test_a_function_cannot_be_fooled(exercise: Code) -> None:
    rng = np.random.default_rng(0)
    arguments = exercise.inputs(rng)
    learned = exercise.right(*arguments)
    nothing = type(learned)(np.zeros_like(part) for part in learned) if isinstance(learned, tuple) else 0 * learned

    def stops(*_: Any) -> None:
        raise KeyError("x")

    cheats: list[Callable[..., Any]] = [
        lambda *_: learned,  # by heart, of other inputs
        lambda *_: nothing,
        lambda *_: 0.0,
        lambda *_: None,
        lambda *_: ...,
        lambda *_: "right",
        lambda *_: math.nan,
        lambda *given: given[0],
        lambda *given: np.full_like(
            np.asarray(exercise.right(*given)[0] if isinstance(learned, tuple) else exercise.right(*given), float),
            np.nan,
        ),
        lambda: 1,
        stops,
    ]
    for cheat in cheats:
        verdict = check(exercise.number, cheat)
        assert not verdict.is_right
        assert verdict.help


@of_kind(Code)
def test_a_function_does_not_see_what_another_one_did_to_its_inputs(exercise: Code) -> None:
    def spoils(*arguments: Any) -> Any:
        result = exercise.right(*arguments)
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 0
            elif isinstance(argument, list):
                argument.clear()
        return result

    assert check(exercise.number, spoils).is_right


@every_exercise
@pytest.mark.parametrize("given", FOOLISH, ids=lambda given: repr(given)[:12])
def test_a_foolish_answer_is_wrong_and_gets_help(exercise: Exercise, given: object) -> None:
    verdict = check(exercise.number, given)
    assert not verdict.is_right
    assert 10 < len(verdict.help) < 400


def test_a_verdict_is_shown_in_a_notebook_without_trusting_the_answer() -> None:
    verdict = check("2.3", "<b>41</b>")
    html = verdict._repr_html_()
    assert "&lt;b&gt;41&lt;/b&gt;" in html
    assert "✗ 2.3: Not yet." in html
    assert "✓ 2.3: Right." in check("2.3", 41)._repr_html_()
    assert repr(check("2.3", 41)) == "2.3: right."


def test_an_unknown_exercise_is_refused_with_near_ones() -> None:
    with pytest.raises(DataError, match=r"there is no exercise '2\.9'.*'2\.\d'"):
        check("2.9", 1)
    with pytest.raises(DataError, match=r"there is no exercise '41'"):
        check(41, "2.1")  # in the wrong order
    assert find_exercise("2.1") is exercises_of(2)[0]
    assert check(2.3, 41).is_right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2,5", 2.5),
        ("1/2", 0.5),
        ("-1 / 2", -0.5),
        ("85 %", 0.85),
        ("0,125", 0.125),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1,234,567", 1234567.0),
        ("10 000", 10000.0),
        ("1.000", 1.0),
        ("1e-5", 1e-5),
        ("1,5·10^-8", 1.5e-8),
        ("10^-5", 1e-5),
        ("−3", -3.0),
        (".5", 0.5),
        ("+0.5", 0.5),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert read_number(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,000", "'1,000' can be read as 1000 and as 1.000"),
        ("-12,345", "can be read as -12345 and as -12.345"),
        ("1,2,3", "do not group three digits"),
        ("1.2.3", "more than one decimal point"),
        ("1/0", "divides by zero"),
        ("1e999", "is not finite"),
        ("abc", "is no number"),
        ("2+3", "is no number"),
        ("__import__('os')", "is no number"),
        ("0.5 kJ/mol", "has the unit 'kJ/mol'. The answer is in eV/atom"),
        ("0.5 eV", "eV of what?"),
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read_number(text, "eV/atom")
    assert told in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("0.5 eV/atom", 0.5), ("500 meV/atom", 0.5), ("0.5eV/atom", 0.5)])
def test_the_unit_that_is_asked_for_may_stand_behind(text: str, value: float) -> None:
    assert read_number(text, "eV/atom") == pytest.approx(value)
    with pytest.raises(DataError, match="The answer is a number without a unit"):
        read_number(text)


def test_answers_that_lessons_measure_are_what_the_exercises_say() -> None:
    z = np.linspace(-2, -1, 10_001)
    assert z[(z * np.tanh(np.log1p(np.exp(z)))).argmin()] == pytest.approx(MISH_MINIMUM, abs=2e-4)
