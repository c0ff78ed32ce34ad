"""The results of a benchmark with another name for one of its models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from formation_mlp.benchmark.novelty import NoveltyScores
from formation_mlp.benchmark.results import Results

T = TypeVar("T")


def renamed(results: Results, old: str, new: str) -> Results:
    """Return results in which a model has a new name; the same results if another model has it already."""
    names = {one.model for one in results.models}
    if old == new or new in names or old not in names:
        return results

    def name(text: str) -> str:
        return new if text == old else text

    def keys(values: Mapping[str, T]) -> dict[str, T]:
        return {name(key): value for key, value in values.items()}

    return replace(
        results,
        about=replace(results.about, main=name(results.about.main)),
        divisions=[replace(one, scores=keys(one.scores)) for one in results.divisions],
        models=[replace(one, model=name(one.model)) for one in results.models],
        opponent=None if results.opponent is None else name(results.opponent),
        comparisons=[replace(one, first=name(one.first), second=name(one.second)) for one in results.comparisons],
        novelty=NoveltyScores(results.novelty.counts, keys(results.novelty.scores)),
        learning=keys(results.learning),
        crossing=re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", new, results.crossing),
        cost=keys(results.cost),
    )
