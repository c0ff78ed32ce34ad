"""The teacher's guide of a lesson: aims, minutes, what to ask, answers and typical mistakes."""

from __future__ import annotations

from formation_mlp.lessons.cells import Lesson
from formation_mlp.lessons.exercises.collection import exercises_of
from formation_mlp.lessons.exercises.kinds import Code, Exercise


def guide_text(lesson: Lesson) -> str:
    """Return the guide as Markdown: the part that is written by hand, and a section on each exercise."""
    written = (lesson.path.parent / "guides" / f"{lesson.path.stem}.md").read_text(encoding="utf-8")
    exercises = "\n".join(_section(exercise) for exercise in exercises_of(lesson.number))
    return f"{written.rstrip()}\n\n## Exercises, answers and typical mistakes\n\n{exercises}"


def _section(exercise: Exercise) -> str:
    lines = [f"### {exercise.number}\n", f"{exercise.question}\n"]
    if isinstance(exercise, Code):
        lines.append(f"```python\n{exercise.solution}\n```\n")
    else:
        lines += [exercise.listed + "\n"] * bool(exercise.listed)
        lines.append(f"**Answer: {exercise.shown_answer}.** {exercise.solution}\n")
    lines += [f"- {_mistake(wrong)}: {hint}" for wrong, hint in exercise.mistakes]
    return "\n".join(lines) + "\n"


def _mistake(wrong: object) -> str:
    if isinstance(wrong, float | int):
        return f"Who answers {wrong:.4g}"
    if isinstance(wrong, str):
        return f"Who chooses {wrong}"
    return f"A function like `{getattr(wrong, '__name__', 'wrong')}`"
