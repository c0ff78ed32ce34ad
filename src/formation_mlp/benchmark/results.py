"""All numbers of a benchmark in one object: made from outcomes, kept in a JSON file, read back for a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from formation_mlp.benchmark.curves import Point, cost_curves, crossing_words, learning_curves
from formation_mlp.benchmark.novelty import NoveltyScores, novelty_scores
from formation_mlp.benchmark.outcome import About, Outcome
from formation_mlp.benchmark.paired import Comparison, compare, corrected
from formation_mlp.benchmark.published import PublishedModel, published_models
from formation_mlp.benchmark.summary import (
    ModelSummary,
    Spread,
    by_division,
    outcome_scores,
    scored,
    selection_name,
    summarise,
)
from formation_mlp.errors import CheckpointError, DataError

FORMAT = 1
"""Number of the layout of benchmark.json."""

FOREST = "random_forest"
"""The opponent that a learning curve is held against: models of this name, tuned or not."""


@dataclass(frozen=True, slots=True)
class DivisionScores:
    """One division of the rows: its name, train rows, shown rows, and the score of each model, averaged over seeds."""

    name: str
    n_train: int
    n_shown: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a benchmark.

    Attributes
    ----------
    about : what all outcomes have in common
    part : ``test`` or ``val``: the rows that are shown
    divisions : in their order
    left_out : names of divisions without a test row whose truth is known, where others have such rows
    models : the best first
    opponent : the best model that is no network of this package; None if there is none
    comparisons : of every other model with the main one, then with the opponent; the main one is second in each
    novelty : errors by what train holds
    learning : model to its learning curve
    crossing : where main network and random forest cross, in words; empty without curves
    cost : model to pairs of training seconds and val score
    published : models of others on these rows
    """

    about: About
    part: str
    divisions: Sequence[DivisionScores]
    left_out: Sequence[str]
    models: Sequence[ModelSummary]
    opponent: str | None
    comparisons: Sequence[Comparison]
    novelty: NoveltyScores
    learning: Mapping[str, Sequence[Point]]
    crossing: str
    cost: Mapping[str, Sequence[tuple[float, float]]]
    published: Sequence[PublishedModel]

    @property
    def selection(self) -> str:
        """Name of the score by which the models are ranked."""
        return selection_name(self.about)

    @property
    def unit(self) -> str:
        """Unit of that score; empty for log loss."""
        return "" if self.about.task == "classification" else "eV/atom"

    @property
    def networks(self) -> list[str]:
        """Names of this package's networks."""
        return [summary.model for summary in self.models if summary.is_network]

    def comparison(self, first: str, second: str) -> Comparison | None:
        """Return the comparison of two models, or None."""
        return next((one for one in self.comparisons if (one.first, one.second) == (first, second)), None)


def results_of(outcomes: Sequence[Outcome], about: About) -> Results:
    """Return everything that the outcomes of a benchmark show.

    Raises
    ------
    DataError
        If no shown row has a truth, or the main model has no outcome.
    """
    whole = scored(outcomes)
    models = summarise(outcomes, about)
    if about.main not in {summary.model for summary in models}:
        raise DataError(f"benchmark: the model {about.main!r} has no score on any row with a known target.")
    opponent = next((one.model for one in models if not one.is_network and one.model != about.main), None)
    pairs = [(one.model, about.main) for one in models if one.model != about.main]
    pairs += [(one.model, opponent) for one in models if opponent and one.model not in (about.main, opponent)]
    found = [compare(outcomes, about, *pair) for pair in pairs]
    learning = learning_curves(outcomes, about)
    forests = [one.model for one in models if one.model.partition(" ")[0] == FOREST and one.model in learning]
    divisions = by_division(whole)
    return Results(
        about,
        whole[0].part,
        [_division(name, some, about) for name, some in divisions.items()],
        [name for name in by_division(outcomes) if name not in divisions],
        models,
        opponent,
        corrected([one for one in found if one is not None]),
        novelty_scores(outcomes, about),
        learning,
        crossing_words(about.main, forests[0], learning) if forests else "",
        cost_curves(outcomes),
        published_models(about),
    )


def _division(name: str, outcomes: Sequence[Outcome], about: About) -> DivisionScores:
    selection, of_model = selection_name(about), dict[str, list[float]]()
    for one in outcomes:
        of_model.setdefault(one.model, []).append(outcome_scores(one, about)[selection])
    scores = {model: sum(values) / len(values) for model, values in of_model.items()}
    return DivisionScores(name, outcomes[0].n_train, len(outcomes[0].ids), scores)


def as_json(results: Results) -> dict[str, Any]:
    """Return the results as plain data for a file; NaN becomes null."""
    about = asdict(results.about)
    description = dict(about.pop("description"))
    models = {one.model: _entry(one, results) for one in results.models}
    content = {
        "seen" if name == "novelty" else name: value  # its name in the file
        for name, value in (asdict(results) | {"about": about, "models": models}).items()
    }
    plain: dict[str, Any] = _plain(description | {"format": FORMAT, **content})
    return plain


def _entry(summary: ModelSummary, results: Results) -> dict[str, Any]:
    """Return a model with its mean scores by part, and their spreads beside them."""
    entry = asdict(summary)
    val = {results.selection: summary.val_score.mean}
    shown = {name: value.mean for name, value in summary.scores.items()}
    entry["scores"] = {"val": val, results.part: shown}
    entry["spreads"] = {name: [value.divisions, value.seeds] for name, value in summary.scores.items()}
    entry["val_score"] = asdict(summary.val_score)
    return entry


def from_json(content: Mapping[str, Any], path: Path) -> Results:
    """Return the results of a benchmark from the content of its file.

    Raises
    ------
    CheckpointError
        If the file is damaged or of another format.
    """
    if content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: its format is {content.get('format')!r}, but this version reads {FORMAT}. "
            "Run 'formation-mlp benchmark CONFIG' again; finished models are not trained anew."
        )
    try:
        about = About(**content["about"], description={key: content[key] for key in content if key not in _OWN})
        return Results(
            about,
            content["part"],
            [DivisionScores(**one) for one in content["divisions"]],
            content["left_out"],
            [_summary(one, content["part"]) for one in content["models"].values()],
            content["opponent"],
            corrected([Comparison(**one) for one in content["comparisons"]]),
            NoveltyScores(**content["seen"]),
            {model: [Point(**one) for one in curve] for model, curve in content["learning"].items()},
            content["crossing"],
            {model: [(one[0], one[1]) for one in course] for model, course in content["cost"].items()},
            [PublishedModel(**one) for one in content["published"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CheckpointError(f"{path}: damaged: {error}. Run 'formation-mlp benchmark CONFIG' again.") from error


def _summary(entry: Mapping[str, Any], part: str) -> ModelSummary:
    fields = {key: value for key, value in entry.items() if key != "spreads"}
    means = {name: math.nan if value is None else value for name, value in entry["scores"][part].items()}
    fields["scores"] = {name: Spread(mean, *entry["spreads"][name]) for name, mean in means.items()}
    fields["val_score"] = Spread(**entry["val_score"])
    return ModelSummary(**fields)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


_OWN = {"format", "seen", *Results.__dataclass_fields__}
"""Keys of the file that are not those of the description."""
