"""The chapters of a page: what a run and what a benchmark have to say on one question stand together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from formation_mlp.reporting.html import joined, title

BELIEVE = "What to believe"
QUALITY = "How good it is"
INTERVALS = "How far off an answer may be"
FAILURES = "Where it fails"
NOVELTY = "Known and new compounds"
LEARNING = "What more rows bring"
COSTS = "What it costs"
TRAINING = "Training"
PAPER = "For the paper"
DATA = "Data"
MAKING = "How it was made"

ORDER = (BELIEVE, QUALITY, INTERVALS, FAILURES, NOVELTY, LEARNING, COSTS, TRAINING, PAPER, DATA, MAKING)
"""The titles, in their order on the page."""

Part = Markup | str
"""A piece of the page, or the title of a part of a chapter as plain text."""

Parts = Mapping[str, Sequence[Part]]
"""Title of a chapter to its parts."""


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page.

    Attributes
    ----------
    title : one of `ORDER`
    parts : in their order
    """

    title: str
    parts: Sequence[Part]

    @property
    def key(self) -> str:
        """The title as a name for links."""
        return re.sub(r"[^a-z]+", "-", self.title.lower())

    def content(self, level: int) -> Markup:
        """Return the parts; titles among them are headings of a level."""
        return joined([part if isinstance(part, Markup) else title(part, level) for part in self.parts if part])


def merged(*sources: Parts) -> list[Chapter]:
    """Return the chapters of several sources in the order of the page; those without content are left out."""
    found = {name: [part for source in sources for part in source.get(name, ()) if part] for name in ORDER}
    return [Chapter(name, parts) for name, parts in found.items() if parts]


@dataclass(frozen=True)
class Told:
    """What the page says of one folder.

    Attributes
    ----------
    key : for links
    name : of the folder, unique on the page
    chapters : in their order
    """

    key: str
    name: str
    chapters: Sequence[Chapter] = field(default_factory=list)


Show = Callable[..., Markup]
"""Writes figures beside the page, and returns them as a part of it."""

Keep = Callable[[str, str], str]
"""Writes a text under a name beside the page, and returns its path from there."""
