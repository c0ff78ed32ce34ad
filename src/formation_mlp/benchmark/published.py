"""Scores that others have published for the same rows, to stand beside one's own."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from formation_mlp.benchmark.outcome import About


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model with published scores.

    Attributes
    ----------
    model : its name
    inputs : what it sees of a material
    scores : name to value; energies in eV/atom
    part : the rows that it was scored on
    source : where the scores, or the predictions that they were computed from, are stored
    """

    model: str
    inputs: str
    scores: Mapping[str, float]
    part: str
    source: str


def published_models(about: About) -> list[PublishedModel]:
    """Return the models with published scores on the rows of a benchmark, in the order of the table; often none."""
    text = files("formation_mlp.benchmark").joinpath("published.csv").read_text(encoding="utf-8")
    found: dict[str, PublishedModel] = {}
    for row in csv.DictReader(text.splitlines()):
        if (row["protocol"], row["task"]) != (about.published, about.task):
            continue
        known = found.get(row["model"])
        scores = {**(known.scores if known else {}), row["score"]: float(row["value"])}
        found[row["model"]] = PublishedModel(row["model"], row["inputs"], scores, row["part"], row["source"])
    return list(found.values())


def caution(models: Sequence[PublishedModel], part: str, n_divisions: int) -> str:
    """Say on which rows the published numbers and one's own were measured; they need not be quite the same."""
    if not models:
        return ""
    said = f"Published scores are of: {'; '.join(sorted({model.part for model in models}))}. Those from here are of "
    if part == "val":
        return (
            said + "val rows, for the targets of the test rows are withheld; val rows also helped to choose the models."
        )
    return f"{said}{part} rows" + (f", mean of {n_divisions} divisions." if n_divisions > 1 else ".")
