"""The models that are installed with the package, and their cards: what each is, and what it is not for."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from formation_mlp.config.schema import Section
from formation_mlp.errors import CheckpointError
from formation_mlp.registry import unknown_name
from formation_mlp.system.text_table import aligned

FOLDER = Path(__file__).parent / "shipped_models"

SHIPPED = ("composition", "stability", "structure")
"""Names of the shipped models."""

ON_SCALE = {"measured": "measured"}
"""Further names of the model `composition`, which then answers on another energy scale by default."""

CALLED = (*SHIPPED, *ON_SCALE)
"""All names by which shipped models are called."""


class DataCard(Section):
    """The rows that a model was trained on."""

    title: str
    """Name of the data set, with the citation of those who made it."""
    url: str
    """Where it comes from."""
    licence: str
    """Of the data."""
    attribution: str
    """Whom to name."""
    rows_sha256: str
    """Fingerprint of ids, compositions and targets, as in the report of the run."""


class Card(Section):
    """What a user of a shipped model must know."""

    format: Literal[1]
    """Of this card."""
    name: str
    """By which it is called."""
    title: str
    """What it gives, in one line."""
    inputs: Literal["formulas", "structures"]
    """What it reads."""
    target: str
    """What the number is."""
    unit: str
    """Of the number: eV/atom, or probability."""
    energies: str
    """Functional and corrections of the energies it learned."""
    state: str
    """The state of the material that the number belongs to."""
    data: DataCard
    """Where the training rows come from."""
    split: str
    """How they were divided."""
    rows: dict[str, int]
    """Part to its number of rows."""
    scores: dict[str, dict[str, float]]
    """Part to the scores that the run reported."""
    intervals: dict[str, float] | None
    """Share of val rows inside the intervals, and their mean width, measured on rows that did not calibrate them."""
    elements: dict[str, int] = Field(min_length=1)
    """Element to the number of training rows that hold it."""
    rare_below: int
    """An element of fewer training rows than this is rare: predictions warn of it."""
    features: list[str]
    """Feature presets."""
    feature_names_sha256: str
    """Fingerprint of the names of the features, one a line."""
    members: list[str]
    """The networks that answer together."""
    weights: str
    """How the numbers of the networks are stored, and what that changes."""
    commands: list[str]
    """What made the model, in the repository, with the data beside it."""
    date: str
    """When the run was finished."""
    versions: dict[str, str]
    """Packages that made it."""
    not_for: list[str]
    """What it must not be used for."""
    licence: str
    """Of the model."""
    size_bytes: int
    """Of the model file."""
    sha256: str
    """Of the model file."""

    @property
    def headline(self) -> str:
        """The one score that a list shows."""
        name = "ROC-AUC" if self.unit == "probability" else "MAE"
        return f"{name} {self.scores['val'][name]:.3f}"

    @property
    def rare(self) -> dict[str, int]:
        """The rare elements, with their numbers of training rows."""
        return {symbol: count for symbol, count in self.elements.items() if count < self.rare_below}


def model_in_words(name: str) -> str:
    """Return what to call a model in a sentence, so that its name does not read as an ordinary word.

    Examples
    --------
    >>> model_in_words("composition"), model_in_words("runs/salts")
    ("the shipped model 'composition'", "the model 'runs/salts'")
    """
    return f"the {'shipped ' * (name in CALLED)}model '{name}'"


def shipped_path(name: str) -> Path | None:
    """Return the model file of a shipped model, or None if there is none of this name."""
    file = "composition" if name in ON_SCALE else name
    return FOLDER / f"{file}.safetensors" if file in SHIPPED else None


@cache
def card(name: str) -> Card:
    """Return the card of a shipped model.

    Raises
    ------
    CheckpointError
        If there is no such model, or its card is missing or damaged.

    Examples
    --------
    >>> card("composition").unit
    'eV/atom'
    """
    text = card_text(name)
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CheckpointError(f"{_card_path(name)}: damaged at {where!r}: {first['msg']}. Install again.") from error


def card_text(name: str) -> str:
    """Return the card of a shipped model as it is stored, in JSON.

    Raises
    ------
    CheckpointError
        If there is no such model, or its card is missing.
    """
    name = "composition" if name in ON_SCALE else name
    if name not in SHIPPED:
        raise CheckpointError(unknown_name(name, SHIPPED, "models", "shipped model"))
    try:
        return _card_path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{_card_path(name)}: missing or damaged ({error}). Install again.") from error


def overview() -> str:
    """Return one line for each shipped model."""
    header = ["model", "what it gives", "val score", "train rows", "elements", "MB"]
    rows = [
        [
            known.name,
            known.title,
            known.headline,
            str(known.rows["train"]),
            str(len(known.elements)),
            f"{known.size_bytes / 1e6:.1f}",
        ]
        for known in map(card, SHIPPED)
    ]
    further = ", ".join(f"{name!r} is 'composition' on the energy scale {scale}" for name, scale in ON_SCALE.items())
    return f"{aligned(header, rows)}\n\n{further}.\nformation-mlp models NAME shows a card: data, licence, limits."


def describe(known: Card) -> str:
    """Return a card as text."""
    data = known.data
    scores = "; ".join(
        f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
        for part, scores in known.scores.items()
    )
    rare = ", ".join(f"{symbol} ({count})" for symbol, count in known.rare.items())
    lines = {
        "target": known.target,
        "unit": known.unit,
        "energies": known.energies,
        "state": known.state,
        "reads": known.inputs,
        "data": f"{data.title}; {data.url}",
        "data licence": f"{data.licence}; {data.attribution}",
        "rows": f"{', '.join(f'{count} {part}' for part, count in known.rows.items())}; {known.split}",
        "scores": scores,
        "intervals": "none"
        if known.intervals is None
        else ", ".join(f"{name} {value:.3f}" for name, value in known.intervals.items()),
        "elements": f"{len(known.elements)}: {' '.join(known.elements)}",
        f"in < {known.rare_below} rows": rare or "none of them",
        "features": ", ".join(known.features),
        "members": ", ".join(known.members),
        "weights": known.weights,
        "made by": "; ".join(known.commands),
        "date": known.date,
        "versions": ", ".join(f"{name} {number}" for name, number in known.versions.items()),
        "not for": "; ".join(known.not_for),
        "licence": known.licence,
        "file": f"{shipped_path(known.name)}, {known.size_bytes} bytes, sha256 {known.sha256}",
    }
    width = max(map(len, lines))
    wrapped = [
        textwrap.fill(text, 100, initial_indent=f"{label:{width}}  ", subsequent_indent=" " * (width + 2))
        for label, text in lines.items()
    ]
    return "\n".join([f"{known.name}: {known.title}", "", *wrapped])


def _card_path(name: str) -> Path:
    return FOLDER / f"{name}.json"
