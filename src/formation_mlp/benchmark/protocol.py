"""What a protocol is: a way to divide the rows of a benchmark, once or several times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from formation_mlp.config.schema import Config, Section, SplitConfig
from formation_mlp.data.records import Dataset

WHERE = "benchmark.protocol"


@dataclass(frozen=True, slots=True)
class Division:
    """One way to divide the rows.

    Attributes
    ----------
    name : such as ``fold 0`` or ``without F``; empty if there is one only
    split : what `formation_mlp.splits.methods.make_split` needs
    """

    name: str
    split: SplitConfig


class Protocol(Section, ABC):
    """A way to divide the rows; its fields are its options."""

    @abstractmethod
    def keys(self) -> dict[str, Any]:
        """Return the keys of the split that are not those of the configuration."""

    def split(self, config: Config) -> SplitConfig:
        """Return the split that all divisions have in common; shares and seed are those of the configuration."""
        seed = config.seed if config.split.seed is None else config.split.seed
        return config.split.model_copy(update={"column": None, "seed": seed, **self.keys()})

    def divisions(self, split: SplitConfig, dataset: Dataset) -> list[Division]:
        """Return the divisions; a single one needs no name."""
        return [Division("", split)]

    @abstractmethod
    def sentence(self, split: SplitConfig, divisions: Sequence[Division]) -> str:
        """Return in words how the rows are divided."""

    def published(self, dataset: Dataset) -> str | None:
        """Return the key of the published scores that were measured in the same way."""
        return None


def of_folds(split: SplitConfig, folds: Iterable[int], word: str = "fold") -> list[Division]:
    """Return one division a fold, each the test part once."""
    return [Division(f"{word} {fold}", split.model_copy(update={"fold": fold})) for fold in folds]


def val_in_words(split: SplitConfig) -> str:
    """Say what the val part is where the test part is taken first."""
    return f"Of the other rows {percent(split.val)}, whole formulas, are the val part."


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{100 * share:.3g} %"
