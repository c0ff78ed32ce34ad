"""The results of a benchmark in words, and with its tables as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from formation_mlp.benchmark import tables
from formation_mlp.benchmark.paired import METHODS, sentence
from formation_mlp.benchmark.published import caution
from formation_mlp.benchmark.results import Results
from formation_mlp.system.text_table import aligned

WIDTH = 110
FOREST = "random_forest"
"""The baseline that every reader knows: the main model is compared with it, too."""


def brief_text(results: Results) -> str:
    """Return the scores of a benchmark, and who is ahead in words."""
    return "\n\n".join([_aligned(tables.score_table(results)), _wrapped(statements(results))]).rstrip()


def results_text(results: Results) -> str:
    """Return the tables and sentences of a benchmark."""
    blocks = [
        _wrapped([introduction(results)]),
        _aligned(tables.score_table(results)),
        _wrapped([*statements(results), explanation(results)]),
        _aligned(tables.cost_table(results)),
        _aligned(tables.division_table(results)),
        _aligned(tables.novelty_table(results)),
        _aligned(tables.published_table(results), caution(results.published, results.part, len(results.divisions))),
    ]
    return "\n\n".join(block for block in blocks if block)


def introduction(results: Results) -> str:
    """Say how the rows were divided, and which divisions are not shown."""
    text = results.about.sentence.rstrip(".") + "."
    if results.left_out:
        text += f" Left out, for no test row there has a known truth: {', '.join(results.left_out)}."
    return text


def statements(results: Results) -> list[str]:
    """Say how the main model stands against the best opponent, the best of all, forests, and over train rows."""
    main = results.about.main
    forests = [one.model for one in results.models if one.model.startswith(FOREST)]
    named = (results.opponent, results.models[0].model, *forests)
    others = dict.fromkeys(name for name in named if name and name != main)
    found = [one for one in (results.comparison(name, main) for name in others) if one is not None]
    said = [sentence(one, results.unit or "in log loss") for one in found]
    return [*said, results.crossing] if results.crossing else said


def explanation(results: Results, of_each_pair: str = "intervals and p-values") -> str:
    """Say what the intervals and p-values are, and over what they were taken; empty without comparisons."""
    if not results.comparisons:
        return ""
    first = results.comparisons[0]
    return f"95 % {of_each_pair} of each pair on its own: {METHODS[first.over]}; {first.n:,} {first.over}."


def _aligned(table: tables.Table | None, note: str = "") -> str:
    if table is None:
        return ""
    return "\n".join([aligned(*table), *textwrap.wrap(note, WIDTH)])


def _wrapped(texts: Sequence[str]) -> str:
    return "\n".join(line for text in texts for line in textwrap.wrap(text, WIDTH, subsequent_indent="  "))
