"""How a benchmark divides the rows, and how often: protocols by name.

A benchmark reads its rows with `formation_mlp.runs.prepare.load_rows(with_protocol(config))`, since a protocol may
need a column of the table; then asks `divisions` what to train on, and hands each `Division.split` to
`formation_mlp.splits.methods.make_split`. Every division has a seed, so that it stays the same for all seeds of the
models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from formation_mlp.benchmark.official import Critexam, Matbench
from formation_mlp.benchmark.protocol import WHERE, Division, Protocol, of_folds, percent, val_in_words
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.schema import Config, Count, SplitConfig, named_options
from formation_mlp.data.records import Dataset
from formation_mlp.errors import ConfigError, SplitError
from formation_mlp.registry import lookup, unknown_name
from formation_mlp.splits.groups import contains, rows_with_element

PublishedKey = Literal["critexam", "matbench", "megnet"]

SHOWN = 12
"""Elements named in a sentence."""


class Holdout(Protocol):
    """The division of the configuration's own section `split`."""

    published_as: Annotated[PublishedKey | None, Field(alias="published")] = None
    """Published scores that were measured on the very rows and parts of this table."""

    def keys(self) -> dict[str, Any]:
        """Return none: all are the configuration's."""
        return {}

    def split(self, config: Config) -> SplitConfig:
        """Return the configuration's own split."""
        seed = config.seed if config.split.seed is None else config.split.seed
        return config.split.model_copy(update={"seed": seed})

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Say what is dealt, and the shares."""
        if split.column is not None:
            return f"One division of the rows, by the column {split.column!r} of the table."
        dealt = _DEALT.get(split.method)
        if dealt is None:
            return f"One division of the rows, by the method {split.method!r}. {val_in_words(split)}"
        return f"{dealt} are dealt at random: {percent(split.test)} of the rows to test, {percent(split.val)} to val."

    def published(self, dataset: Dataset) -> str | None:
        """Return what the options say."""
        return self.published_as


class KFold(Protocol):
    """Random rows in folds, each of which is the test part once; polymorphs of a test formula may be in train."""

    n_folds: Annotated[int, Field(ge=2)] = 5

    def keys(self) -> dict[str, Any]:
        """Return number and kind of the folds."""
        return {"method": "k_fold", "n_folds": self.n_folds, "by": "row"}

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return one division a fold."""
        return of_folds(split, range(self.n_folds))

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Say what is in a fold."""
        return f"{self.n_folds} folds of {_GROUPS[split.by]}; each is the test part once. {val_in_words(split)}"


class GroupedKFold(KFold):
    """Folds of whole formulas or chemical systems, each of which is the test part once."""

    by: Literal["formula", "chemical_system"] = "formula"

    def keys(self) -> dict[str, Any]:
        """Return number and kind of the folds."""
        return {"method": "k_fold", "n_folds": self.n_folds, "by": self.by}


class LeaveOneElementOut(Protocol):
    """Each element once: all rows with it are the test part, and no other row has ever seen it."""

    elements: Annotated[list[str], Field(min_length=1)] | None = None
    """Symbols. None: all elements that at least `min_rows` rows contain and at least `min_rows` rows do not."""
    min_rows: Count = 100

    def keys(self) -> dict[str, Any]:
        """Return the method."""
        return {"method": "leave_element_out"}

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return one division an element."""
        symbols = self._frequent(dataset) if self.elements is None else self.elements
        for symbol in symbols:
            rows_with_element(dataset, symbol)
        return [Division(f"without {s}", split.model_copy(update={"element": s})) for s in symbols]

    def _frequent(self, dataset: Dataset) -> list[str]:
        symbols = [SYMBOLS[z] for z in dataset.materials.compositions.elements()]
        n_rows = {symbol: int(contains(dataset, symbol).sum()) for symbol in symbols}
        largest = len(dataset) - self.min_rows
        found = [symbol for symbol in symbols if self.min_rows <= n_rows[symbol] <= largest]
        if not found:
            raise SplitError(
                f"{WHERE}.leave_one_element_out: none of the {len(symbols)} elements is in at least {self.min_rows} of "
                f"the {len(dataset)} rows and missing from as many. Give a smaller min_rows, or name the elements."
            )
        return found

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Name the elements."""
        symbols = [str(division.split.element) for division in divisions]
        named = ", ".join(symbols[:SHOWN]) + (f" and {len(symbols) - SHOWN} more" if len(symbols) > SHOWN else "")
        return f"One element at a time ({named}): all rows with it are the test part. {val_in_words(split)}"


class LeaveClusterOut(Protocol):
    """Clusters of similar rows, each of which is the test part once (Meredig et al. 2018)."""

    n_clusters: Annotated[int, Field(ge=2)] = 5

    def keys(self) -> dict[str, Any]:
        """Return the number of clusters."""
        return {"method": "leave_cluster_out", "n_folds": self.n_clusters}

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return one division a cluster; number 0 is the largest."""
        return of_folds(split, range(self.n_clusters), "cluster")

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Say where the clusters come from."""
        return (
            f"{self.n_clusters} clusters of rows by k-means on the standardised features of the main network; "
            f"each is the test part once. {val_in_words(split)}"
        )


class Time(Protocol):
    """Learn from the earlier rows, predict the latest."""

    column: str
    """Years or other numbers, or dates such as 2019-04-30."""

    def keys(self) -> dict[str, Any]:
        """Return the column."""
        return {"method": "time", "column": self.column}

    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Say which share is the latest."""
        return (
            f"By the time in the column {self.column!r}: the latest {percent(split.test)} of the rows are the test "
            f"part, the {percent(split.val)} before them the val part; rows of one time stay together."
        )


def protocol(config: Config) -> Protocol:
    """Return the protocol of a configuration.

    Raises
    ------
    ConfigError
        If its name or an option is unknown, or an option has a wrong value.
    """
    name, options = named_options(config.benchmark.protocol, WHERE)
    kind = lookup(PROTOCOLS, name, WHERE, "protocol")
    try:
        return kind.model_validate(options)
    except ValidationError as error:
        problems = [_explain(item, f"{WHERE}.{name}", kind) for item in error.errors(include_url=False)]
        raise ConfigError("\n".join(dict.fromkeys(problems))) from None


def with_protocol(config: Config) -> Config:
    """Return the configuration with the split of its protocol, whose column `load_rows` then reads."""
    return config.model_copy(update={"split": protocol(config).split(config)})


def divisions(config: Config, dataset: Dataset) -> list[Division]:
    """Return how the rows of ``load_rows(with_protocol(config))`` are divided, each with a seed of its own.

    Raises
    ------
    ConfigError
        If the protocol cannot be meant.
    SplitError
        If the rows cannot be divided in this way.
    """
    own = protocol(config)
    return own.divisions(own.split(config), dataset)


def sentence(config: Config, divisions: Sequence[Division]) -> str:
    """Return in words how the rows are divided."""
    own = protocol(config)
    return own.sentence(own.split(config), divisions)


def published(config: Config, dataset: Dataset) -> str | None:
    """Return the key of the published scores that were measured on these rows in the same way, or None."""
    return protocol(config).published(dataset)


def _explain(item: Any, where: str, kind: type[Protocol]) -> str:
    """Turn one pydantic error into a sentence of the form that all messages of this package have."""
    name = item["loc"][0]
    place = ".".join([where, *(str(step) for step in item["loc"])])
    if item["type"] == "extra_forbidden":
        options = [field.alias or key for key, field in kind.model_fields.items()]
        return unknown_name(name, options, where, "option")
    if item["type"] == "missing":
        return f"{place}: missing. It must be given."
    message = item["msg"].removeprefix("Input ").replace("a valid integer", "an integer").replace("valid ", "")
    return f"{place}: found {item['input']!r}, but it {message}."


_DEALT = {"formula": "Whole formulas", "chemical_system": "Whole chemical systems", "random": "Single rows"}
_GROUPS = {"formula": "whole formulas", "chemical_system": "whole chemical systems", "row": "random rows"}

PROTOCOLS: dict[str, type[Protocol]] = {
    "holdout": Holdout,
    "k_fold": KFold,
    "grouped_k_fold": GroupedKFold,
    "leave_one_element_out": LeaveOneElementOut,
    "leave_cluster_out": LeaveClusterOut,
    "time": Time,
    "matbench": Matbench,
    "critexam": Critexam,
}
