"""What the service answers, for the description of the interface; the answers themselves are made elsewhere."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Row = dict[str, Any]


class Reply(BaseModel):
    """An answer; later versions may add to it."""

    model_config = ConfigDict(extra="allow")


class Problem(Reply):
    """What is wrong, as problem details (RFC 9457)."""

    type: str = Field(description="urn:formation-mlp:problem: and the kind of the problem.")
    title: str = Field(description="What all problems of the kind have in common.")
    status: int
    detail: str = Field(description="What was found, what is allowed, and what to try, as the command line says it.")
    errors: list[Row] | None = Field(default=None, description="Each wrong part of a request.")


class Health(Reply):
    """That the service is there."""

    status: Literal["ok"]
    version: str


class Models(Reply):
    """Models, and what is known of them."""

    models: list[Row]


class Scales(Reply):
    """Energy scales."""

    default: str
    scales: list[Row]


class Predictions(Reply):
    """Predictions, one row a material."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "eV/atom",
                    "scale": "mp2020",
                    "models": [{"name": "composition", "prediction": "formation energy, eV/atom (scale mp2020: ...)"}],
                    "notes": ["trust: high (up to 0.045), medium (up to 0.11), low (above) by the expected error; ..."],
                    "columns": {"formula": "the formula as given, or the reduced formula of the sites of a structure"},
                    "n_rows": 1,
                    "n_failed": 0,
                    "rows": [{"formula": "Fe2O3", "prediction": -1.623465, "lo90": -1.676156, "hi90": -1.4928}],
                }
            ]
        }
    )

    unit: str
    scale: str | None
    models: list[Row]
    notes: list[str] = Field(description="What holds for all rows.")
    columns: dict[str, str] = Field(description="Column to its meaning.")
    n_rows: int
    n_failed: int = Field(description="Rows without a prediction, each with its reason in the column 'error'.")
    rows: list[Row] = Field(description="The columns that the command line writes; numbers that are none are null.")


LINES = (
    '{"unit":"eV/atom","scale":"mp2020","models":[...],"columns":{...}}\n'
    '{"formula":"Fe2O3","prediction":-1.623465,"lo90":-1.676156,"hi90":-1.4928}\n'
    '{"n_rows":1,"n_failed":0,"notes":[...]}\n'
)
"""The same as lines of JSON, with its texts cut short."""


class Explanation(Reply):
    """What each group of features adds; together they make the difference of prediction and baseline."""

    formula: str
    model: str
    scale: str | None
    unit: str
    prediction: float
    baseline: float
    baseline_means: str
    contributions: list[Row] = Field(description="Groups of features, the largest amounts first.")
    warning: str


class Diagram(Reply):
    """A phase diagram of two to four elements."""

    title: str
    elements: list[str]
    points: list[Row] = Field(description="Compounds: the stable ones first, then what lies above the hull.")
    tie_lines: list[tuple[int, int]] = Field(
        description="Pairs of places: below the number of elements that of an element, at zero; else that number and "
        "the place of a point."
    )


class Hull(Reply):
    """A chemical system, ranked."""

    system: str
    said: list[str]
    unit: str
    scale: str | None
    model: str
    columns: dict[str, str]
    n_rows: int
    n_failed: int
    rows: list[Row]
    diagram: Diagram | None


class Verdicts(Reply):
    """Compounds with energies, set against the hull."""

    notes: list[str]
    unit: str
    rows: list[Row]
    diagram: Diagram | None


class JobReply(Reply):
    """What has become of a table."""

    id: str
    name: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    n_rows: int | None = Field(description="Of the whole table, as far as it is known.")
    n_done: int
    n_failed: int | None
    seconds_left: float | None
    error: str | None
    prediction: str | None = Field(description="What the numbers of the result are.")
    created: str
    expires: str = Field(description="When table and result are deleted.")
    folder: str = Field(description="Where they lie until then.")
    result: Row | None
    request: Row


class JobsReply(Reply):
    """All tables."""

    folder: str
    jobs: list[JobReply]


class RunsReply(Reply):
    """All runs."""

    folder: str | None
    runs: list[Row]


class RunReply(Reply):
    """A run."""

    name: str
    state: Literal["finished", "unfinished"]
    epochs: int
    has_model: bool
    has_report: bool


class History(Reply):
    """The epochs of each network of a run."""

    name: str
    state: Literal["finished", "unfinished"]
    curves: list[Row]
