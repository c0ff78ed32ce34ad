"""The lessons run to their end, compute the numbers that they tell, and judge answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from formation_mlp.errors import DataError
from formation_mlp.lessons import cells, pages
from formation_mlp.lessons import lesson as lesson_verb
from formation_mlp.lessons.asking import ask
from formation_mlp.lessons.blocks import Drawing, Printed, Prose, Table
from formation_mlp.lessons.cells import Lesson
from formation_mlp.lessons.exercises.collection import exercises_of
from formation_mlp.lessons.exercises.kinds import Code
from formation_mlp.lessons.moving import pages_of
from formation_mlp.lessons.running import LessonError, run_lesson
from formation_mlp.lessons.session import Session
from support.commands import Outcome

pytestmark = pytest.mark.slow

LESSONS = cells.all_lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.path.stem for lesson in LESSONS])
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?!\.?\d)|(?<![\w.])\d+(?:\.\d+)?(?=\s?%)")
SPEAKERS = {"say", "table", "show"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Lesson], Session]:
    """Return a function that gives the finished run of a lesson; each is run once for all tests."""
    folder = tmp_path_factory.mktemp("lessons")
    done: dict[Path, Session] = {}

    def finish(lesson: Lesson) -> Session:
        if lesson.path not in done:
            done[lesson.path] = run_lesson(lesson, folder / "figures")
        return done[lesson.path]

    return finish


def test_the_lessons_are_counted_from_one_without_gaps() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, len(LESSONS) + 1))


@every_lesson
def test_a_lesson_has_a_title_a_summary_and_a_measured_time(lesson: Lesson) -> None:
    assert lesson.cells[0].text.startswith(f"# {lesson.number}. {lesson.title}")
    assert lesson.summary.endswith((".", "?"))
    assert re.fullmatch(r"\d+ s", lesson.time), "a line '# time: 10 s' before the first cell"


@every_lesson
def test_a_lesson_runs_and_tells_numbers_and_asks(lesson: Lesson, finished: Callable[[Lesson], Session]) -> None:
    run = finished(lesson)
    told = "\n".join(block.as_text(80) for block in run.blocks)
    assert "nan" not in re.findall(r"\w+", told)
    assert sum(isinstance(block, Table) for block in run.blocks) >= 2
    assert sum(isinstance(block, Drawing) for block in run.blocks) >= 2
    assert len(run.exercises) >= 3


@every_lesson
def test_its_figures_are_files_with_something_on_them(lesson: Lesson, finished: Callable[[Lesson], Session]) -> None:
    from matplotlib.image import imread

    drawings = [block for block in finished(lesson).blocks if isinstance(block, Drawing)]
    assert len({drawing.path for drawing in drawings}) == len(drawings)
    for drawing in drawings:
        assert drawing.path.name.startswith(f"{lesson.digits}_")
        assert drawing.caption
        picture = imread(drawing.path)
        assert picture[..., :3].std() > 0.02, drawing.path.name


@every_lesson
def test_a_lesson_asks_all_its_exercises_once(lesson: Lesson, finished: Callable[[Lesson], Session]) -> None:
    assert finished(lesson).exercises == list(exercises_of(lesson.number))


@every_lesson
def test_the_numbers_in_its_text_are_computed(lesson: Lesson) -> None:
    """A decimal number or a percentage that is typed into a text must be a constant of the code: a definition."""
    tree = ast.parse(lesson.source)
    constants = {float(ast.literal_eval(node)) for node in ast.walk(tree) if _is_number(node)}
    texts = [*_said(tree), *(cell.text for cell in lesson.cells if cell.is_prose)]
    typed = {number for text in texts for number in DECIMAL.findall(re.sub(r"\$[^$]*\$|arXiv:\S+", "", text))}
    assert [number for number in sorted(typed) if float(number) not in constants] == []


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _said(tree: ast.AST) -> Iterator[str]:
    """Yield the typed parts of what is said, without the format of computed numbers."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in SPEAKERS:
            formats = {
                id(part)
                for node in ast.walk(call)
                if isinstance(node, ast.FormattedValue) and node.format_spec is not None
                for part in ast.walk(node.format_spec)
            }
            for node in ast.walk(call):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in formats:
                    yield node.value


def test_a_typed_result_would_be_found() -> None:
    tree = ast.parse('say(f"It reaches 0.93 of {x:.2f}, that is 93 %.")')
    assert DECIMAL.findall(" ".join(_said(tree))) == ["0.93", "93"]


def test_two_runs_of_a_lesson_tell_the_same(tmp_path: Path, finished: Callable[[Lesson], Session]) -> None:
    first, second = finished(LESSONS[0]), run_lesson(LESSONS[0], tmp_path)
    told = [
        [block.as_text(80) for block in run.blocks if isinstance(block, Prose | Table | Printed)]
        for run in (first, second)
    ]
    assert told[0] == told[1]


def test_pages_of_all_lessons_need_nothing_from_elsewhere(
    tmp_path: Path, finished: Callable[[Lesson], Session]
) -> None:
    written = [pages.write_page(lesson, finished(lesson), tmp_path) for lesson in LESSONS]
    index = pages.write_index(tmp_path).read_text(encoding="utf-8")
    for lesson, path in zip(LESSONS, written, strict=True):
        page = path.read_text(encoding="utf-8")
        assert "\\" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL), "no formula is left in LaTeX"
        assert f'<a href="{path.name}">' in index
        assert page.count("<img ") == sum(isinstance(block, Drawing) for block in finished(lesson).blocks)
        assert "<details><summary>Code</summary>" in page
        assert "<script" not in page
        assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', page))
        links = re.findall(r'href="([^"]*)"', page)
        figures = {f"figures/{figure.name}" for figure in (tmp_path / "figures").iterdir()}
        moving = {one.page for lesson in LESSONS for one in pages_of(lesson.number)}
        assert set(links) <= {other.name for other in written} | {"index.html"} | figures | moving
    assert "<script" not in index


def test_a_page_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    pages.write_index(tmp_path)
    assert pages.write_pages([], tmp_path, print) == tmp_path / "index.html"
    (tmp_path / "index.html").write_text("my own", encoding="utf-8")
    with pytest.raises(DataError, match="is no page of the lecture"):
        pages.write_pages(LESSONS[:1], tmp_path, print)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "my own"


SMALL = """\
# time: 1 s

# %% [markdown]
# # 5. A small lesson
#
# It shows what a lesson is. It says little. This is left out.

# %%
from formation_mlp.lessons import data_path, exercise, say, table

print("printed")
say(f"The sum is {1 + 1}, the data are {data_path()}, and $x_1 = 2$.")

# %%
table(["a"], [[1]])

# %%
exercise("5.1")
exercise("5.4")
"""


@pytest.fixture
def small(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the only lesson that there is, number 5."""
    path = workplace / "sources" / "05_small.py"
    path.parent.mkdir()
    path.write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr(cells, "folder", lambda: path.parent)
    return path


def test_the_verb_lists_the_lessons(small: Path, command: Callable[..., Outcome]) -> None:
    printed = command("lesson").succeeded()
    assert "5       A small lesson  1 s" in printed
    assert "5. It shows what a lesson is. It says little.\n" in printed


def test_the_verb_runs_a_lesson_in_the_order_of_its_words(small: Path, command: Callable[..., Outcome]) -> None:
    printed = command("lesson", "5", "--data", "t.csv").succeeded()
    order = [
        "A small lesson\n====",
        "printed",
        "The sum is 2, the data are t.csv, and x₁ = 2.",
        "a\n-\n1",
        "Exercise 5.1.",
        "Exercise 5.4.",
        "b) 1e-5",
    ]
    places = [printed.index(text) for text in order]
    assert places == sorted(places)


ANSWERS = ["-0.0188", "a", "-0,179", "b", "10"]


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({}, 0, "5.1: right. (answer: -0.0188)"),
        ({0: "0.0188"}, 1, "5.1: not yet. Mind the sign"),
        ({4: "1,000"}, 1, "5.5: not yet. '1,000' can be read as 1000 and as 1.000. Write 1000 or 1.000."),
        ({3: "B)"}, 0, "5.4: right."),
        ({3: "yes"}, 1, "5.4: not yet. Give one of the letters a to d"),
        ({0: ""}, 1, "5.1: not yet. There is no answer yet"),
    ],
)
def test_answers_are_judged_without_running_the_lesson(
    command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, changed: dict[int, str], code: int, told: str
) -> None:
    monkeypatch.setattr(lesson_verb, "run_lesson", None)
    answers = [changed.get(i, answer) for i, answer in enumerate(ANSWERS)]
    for outcome in (
        command("lesson", "5", "--answers", "; ".join(answers)),
        command("lesson", "5", "--check", stdin="\n".join(answers) + "\n"),
    ):
        assert outcome.code == code, outcome.err
        assert told in outcome.out
        assert outcome.out.count("right.") == len(ANSWERS) - code


def test_too_few_answers_are_refused(command: Callable[..., Outcome]) -> None:
    outcome = command("lesson", "5", "--answers", "7")
    assert outcome.code == 2
    assert "5 answers are needed, one for each of the exercises 5.1 to 5.5" in outcome.err
    assert "Separate answers with semicolons" in outcome.err


def test_an_unknown_lesson_is_refused(small: Path, command: Callable[..., Outcome]) -> None:
    assert "there is no lesson '9'. Choose one of: 5." in command("lesson", "9").refused()


def test_the_verb_writes_pages(small: Path, workplace: Path, command: Callable[..., Outcome]) -> None:
    small.write_text(SMALL + '\n# %%\nsay("1 < 2 & **bold** `x < y`")\n', encoding="utf-8")
    command("lesson", "--html", "site").succeeded()
    page = (workplace / "site" / "05_small.html").read_text(encoding="utf-8")
    assert "<p>1 &lt; 2 &amp; <strong>bold</strong> <code>x &lt; y</code></p>" in page
    assert 'href="05_small.html"' in (workplace / "site" / "index.html").read_text(encoding="utf-8")


def test_an_error_names_lesson_cell_and_line(small: Path) -> None:
    small.write_text(SMALL.replace('table(["a"], [[1]])', "1 / 0"), encoding="utf-8")
    with pytest.raises(LessonError, match=r"lesson 5, 05_small.py, cell 3 from line 15: ZeroDivisionError") as caught:
        run_lesson(Lesson(small))
    assert caught.value.__cause__ is not None


def test_an_answer_is_told_after_the_last_try_only() -> None:
    exercise = exercises_of(2)[2]
    assert not isinstance(exercise, Code)
    said: list[str] = []
    given = iter(["1", "2"])
    assert ask([exercise], lambda: next(given), said.append) == 1
    assert [text for text in said if "answer is" in text] == [said[-1]]
    assert said[-1].startswith("The answer is 41. W has 10 rows")
    given = iter(["1", "41"])
    assert ask([exercise], lambda: next(given), said.append) == 0
