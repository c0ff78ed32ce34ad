"""Pages of the lecture that move: each as one file, which needs no server, no network and nothing beside it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from formation_mlp.lessons import formulas
from formation_mlp.lessons.cells import Lesson
from formation_mlp.reporting import html

PAGES_OF = {
    1: ("boundary", "threshold"),
    2: ("pairs",),
    3: ("activations",),
    4: ("approximation",),
    5: ("backprop",),
    6: ("descent",),
    7: ("stopping",),
    8: ("energy",),
}
"""Number of a lesson to the names of its pages that move."""

COMMON_SCRIPTS = ("live", "text", "dom", "controls", "plot", "handle", "network")
"""Scripts of every page, before those that it names itself."""

HEAD = re.compile(r"---\nlive: ([^\n]+)\n---\n\s*# ([^\n]+)\n(.*)", re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)]+)\)")


@dataclass(frozen=True, slots=True)
class MovingPage:
    """The source of a page.

    Attributes
    ----------
    name : of its files
    title : what stands above it
    scripts : what it needs, in order, by name
    text : Markdown below the title
    """

    name: str
    title: str
    scripts: tuple[str, ...]
    text: str

    @property
    def page(self) -> str:
        """Name of the page among those of the lessons."""
        return f"live-{self.name}.html"


def _folders() -> tuple[Path, Path]:
    """Return the folders of texts and of scripts: in the package, or where the repository keeps them."""
    installed = Path(__file__).parent / "live_pages"
    if installed.exists():
        return installed / "pages", installed / "static"
    docs = Path(__file__).parents[3] / "docs"
    return docs / "live", docs / "_static" / "live"


def pages_of(lesson: int) -> list[MovingPage]:
    """Return the pages that belong to a lesson.

    >>> [page.title for page in pages_of(1)]
    ['A boundary that follows its weights', 'The threshold']
    """
    return [_read(name) for name in PAGES_OF.get(lesson, ())]


def _read(name: str) -> MovingPage:
    found = HEAD.fullmatch((_folders()[0] / f"{name}.md").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{name}.md does not begin with its scripts and its title")
    scripts, title, text = found.groups()
    return MovingPage(name, title, (*COMMON_SCRIPTS, *scripts.split()), text)


def as_html(page: MovingPage, lesson: Lesson, index: str) -> str:
    """Return the whole document, with its scripts inside; a browser is told their hash, and runs no other."""
    static = _folders()[1]
    script = "\n".join((static / f"{name}.js").read_text(encoding="utf-8") for name in page.scripts)
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    return html.page(
        "moving.html",
        title=page.title,
        index=index,
        lesson=lesson,
        text=_rendered(page.text),
        style=Markup((static / "live.css").read_text(encoding="utf-8")),  # noqa: S704 (a file of ours)
        script=Markup(script),  # noqa: S704 (files of ours)
        script_source=Markup(f"'sha256-{digest}'"),  # noqa: S704
    )


def _rendered(text: str) -> Markup:
    """Return Markdown as HTML: formulas typeset, links to lessons as their pages are called, other links as text."""
    from markdown_it import MarkdownIt

    text = formulas.replaced(text, lambda latex, is_block: formulas.as_mathml(latex, is_block))
    return Markup(MarkdownIt("commonmark").render(LINK.sub(_link, text)))  # noqa: S704 (a file of ours)


def _link(found: re.Match[str]) -> str:
    target = re.fullmatch(r"\.\./lecture/(\d\d_\w+)\.md", found[2])
    return f"[{found[1]}]({target[1]}.html)" if target else found[1]
