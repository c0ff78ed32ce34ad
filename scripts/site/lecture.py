"""The lecture as pages to read: prose and code of the lessons."""

from __future__ import annotations

import re
from collections.abc import Callable

from formation_mlp.lessons import formulas
from formation_mlp.lessons.cells import Lesson, all_lessons
from formation_mlp.lessons.exercises.collection import find_exercise
from formation_mlp.lessons.moving import pages_of
from formation_mlp.lessons.notebooks import split_shown


def pages() -> dict[str, Callable[[], str]]:
    """Return the name of each page, and what writes it."""
    lessons = {lesson.path.stem: (lambda lesson=lesson: _page(lesson)) for lesson in all_lessons()}
    return {"index": _index, **lessons}


def _index() -> str:
    lines = [
        "# The lecture\n",
        "Eight lessons lead from one neuron to a network that predicts formation energies, on measured enthalpies that "
        "come with the package. Each is a script that runs: `formation-mlp lesson 2` runs one and prints it, "
        "`formation-mlp lesson 2 --check` asks its exercises and judges the answers, "
        "`formation-mlp lesson --html lecture` writes all of them as pages with their figures and results, and "
        "`formation-mlp lesson --notebooks lecture` writes notebooks to work in, which judge your answers where you "
        "give them. [Pages that move](../live/index.md) let you turn a weight and see what happens, and "
        "[one page](../slides.md) says where each slide of the lecture is treated, which formulas on slides need a "
        "second look, and where to read on.\n",
        "| lesson | time on 2 cores | about |",
        "|---|---|---|",
    ]
    lines += [
        f"| [{lesson.number}. {lesson.title}]({lesson.path.stem}.md) | {lesson.time} | {lesson.summary} |"
        for lesson in all_lessons()
    ]
    names = "\n".join([*(lesson.path.stem for lesson in all_lessons()), "../slides"])
    return "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"


def _page(lesson: Lesson) -> str:
    parts = [
        f"`formation-mlp lesson {lesson.number}` runs this page, with its figures and results ({lesson.time})."
        f"{_moving(lesson.number)}\n"
    ]
    title = None
    for cell in lesson.cells:
        if not cell.is_prose:
            parts += [_question(number) for number in cell.asked] or _code(cell.text.strip())
        elif title is None:
            title, _, rest = cell.text.strip().partition("\n")
            parts.insert(0, f"{title}\n")
            parts.append(f"{_with_blocks(rest)}\n")
        else:
            parts.append(f"{_with_blocks(cell.text)}\n")
    return "\n".join(parts)


def _code(text: str) -> list[str]:
    """Return the lines that compute and, folded away, those that only show the result."""
    work, shown = split_shown(text)
    parts = [f"```python\n{work}\n```\n"] * bool(work)
    folded = f"::::{{dropdown}} Lines that show the result\n```python\n{shown}\n```\n::::\n"
    return parts + [folded] * bool(shown)


def _moving(number: int) -> str:
    """Return the links to the pages that move, of a lesson that has any."""
    links = [f"[{page.title}](../live/{page.name}.md)" for page in pages_of(number)]
    return f" In the browser: {', '.join(links)}." * bool(links)


def _question(number: str) -> str:
    exercise = find_exercise(number)
    question = _with_blocks(f"### Exercise {number}\n\n{exercise.question}\n\n{exercise.listed}")
    return f"{question}\n:::{{dropdown}} Hint\n{exercise.hint}\n:::\n"


def _with_blocks(text: str) -> str:
    """Put a blank line before lists, tables and formulas, which the site's Markdown wants."""
    text = formulas.replaced(text, _formula)
    return re.sub(r"(?m)(^(?![-|*] |\d+\. |\|).+\n)(?=[-*] |\d+\. |\|)", r"\1\n", text.strip()) + "\n"


def _formula(latex: str, is_block: bool) -> str:
    return f"\n\n$$\n{latex}\n$$\n\n" if is_block else f"${' '.join(latex.split())}$"
