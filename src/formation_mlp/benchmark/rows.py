"""The rows of a benchmark: featurized once for each list of presets, and divided once for all models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from formation_mlp.benchmark.outcome import NEW_FORMULA, NEW_SYSTEM, SEEN_FORMULA
from formation_mlp.benchmark.plan import Fit, features_key
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import Config, SplitConfig
from formation_mlp.data.dataset import withheld_rows
from formation_mlp.data.records import Dataset, Withheld
from formation_mlp.errors import DataError
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.runs.fingerprint import Content, Fingerprint, arrays_digest, content_of, fingerprint_of
from formation_mlp.runs.prepare import featurize_dataset, model_to_start_from, weights_of
from formation_mlp.runs.results import rows_sha256, shown_part
from formation_mlp.splits.groups import matbench_folds
from formation_mlp.splits.methods import PARTS, Split, make_split
from formation_mlp.system.compute import Compute
from formation_mlp.targets.task import labels
from formation_mlp.typing import Floats, Progress


@dataclass(frozen=True, slots=True)
class Hidden:
    """Rows of a test part whose targets are withheld: they are predicted for others to score.

    Attributes
    ----------
    ids, formulas : ``[n]``; the formulas as written
    X : features ``[n, d]``
    compositions : ``[n]``
    """

    ids: tuple[str, ...]
    formulas: tuple[str, ...]
    X: Floats
    compositions: Compositions


@dataclass(frozen=True, slots=True)
class FitRows:
    """The rows of a fit, as the process that fits it needs them.

    Attributes
    ----------
    dataset, table : rows and their features
    split : of the rows
    mark : equal for equal rows that are divided in the same way
    content : hashes of rows and features
    hidden : the test part if its targets are withheld, else None
    """

    dataset: Dataset
    table: FeatureTable
    split: Split
    mark: str
    content: Content
    hidden: Hidden | None = None

    def fingerprint(self, config: Config) -> Fingerprint:
        """Return what tells these rows and this configuration from any other."""
        start, hidden = model_to_start_from(config, self.table.names), None
        if self.hidden is not None:
            compositions = self.hidden.compositions
            arrays = [("X", self.hidden.X), ("z", compositions.z), ("amount", compositions.amount)]
            hidden = arrays_digest([("ids", np.array(self.hidden.ids)), *arrays])
        weights = [] if start is None else weights_of(start.members)
        own = fingerprint_of(config.model_dump(), self.dataset, self.split, self.content, weights)
        return own | {"hidden": hidden}


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows that models are judged by: ``ids``, ``formulas``, ``novelty`` and ``y`` of `Outcome`."""

    ids: list[str]
    formulas: list[str]
    novelty: NDArray[np.int8]
    y: Floats


class AllRows:
    """The rows of a benchmark.

    Parameters
    ----------
    config : of the benchmark
    dataset : its rows
    configs : whose features are needed; that of the main network comes first
    compute, progress : as for `formation_mlp.features.engine.table.featurize`

    Attributes
    ----------
    dataset : the rows that all lists of presets describe
    tables : list of presets, as a key, to the features

    Raises
    ------
    DataError
        If a row cannot be featurized, and ``data.invalid`` does not allow to leave it out.
    """

    def __init__(
        self, config: Config, dataset: Dataset, configs: Sequence[Config], compute: Compute, progress: Progress | None
    ) -> None:
        self.config = config
        lists = {features_key(own): own.features for own in configs}
        self.dataset, tables = featurize_dataset(
            config, dataset, list(lists.values()), compute=compute, progress=progress
        )
        self.tables: Mapping[str, FeatureTable] = dict(zip(lists, tables, strict=True))
        self._lists, self._compute, self._progress = lists, compute, progress
        self._splits: dict[str, Split] = {}
        self._marks: dict[str, str] = {}
        self._contents: dict[str, Content] = {}
        self._hidden: dict[tuple[str, int], Hidden | None] = {}

    def of(self, fit: Fit) -> FitRows:
        """Return the rows of a fit."""
        dataset = self.dataset
        if fit.baseline is not None:  # structures are featurized already, and would travel for nothing
            dataset = replace(dataset, materials=replace(dataset.materials, structures=None))
        hidden, key = self._hidden_of(fit), _split_key(fit)
        split = self.split(fit)
        if key not in self._marks:
            parts = b"|".join(getattr(split, part).tobytes() for part in PARTS)
            ids = "" if hidden is None else "\n".join(hidden.ids)
            self._marks[key] = sha256(self._sha256.encode() + parts + ids.encode(errors="surrogatepass")).hexdigest()
        return FitRows(dataset, self.tables[fit.features], split, self._marks[key], self.content(fit.features), hidden)

    def content(self, features: str) -> Content:
        """Return the hashes of the rows and of their features by a list of presets."""
        if features not in self._contents:
            self._contents[features] = content_of(self.dataset, self.tables[features])
        return self._contents[features]

    def split(self, fit: Fit) -> Split:
        """Return how the rows are divided for a fit; clusters are those of the main network's features."""
        key = _split_key(fit)
        if key not in self._splits:
            X = next(iter(self.tables.values())).X
            self._splits[key] = make_split(self.dataset, fit.config.split, fit.config.seed, X)
        return self._splits[key]

    def shown(self, fit: Fit) -> Shown:
        """Return the rows that a fit is judged by, and what its train part holds of them."""
        split, hidden = self.split(fit), self._hidden_of(fit)
        index = getattr(split, shown_part(split))
        compositions = self.dataset.materials.compositions
        train, own = compositions.take(split.train), compositions.take(index)
        ids, y = [self.dataset.ids[i] for i in index], labels(self.config.task, self.dataset.y)[index]
        if hidden is not None:
            ids, own, y = list(hidden.ids), hidden.compositions, np.full(len(hidden.ids), np.nan)
        keys = own.keys()
        novelty = np.full(len(ids), NEW_SYSTEM, np.int8)
        novelty[np.isin(own.chemical_systems(), train.chemical_systems())] = NEW_FORMULA
        novelty[np.isin(keys, train.keys())] = SEEN_FORMULA
        written = dict(zip(keys, hidden.formulas, strict=True)) if hidden is not None else {}
        written |= self._written
        return Shown(ids, [written[key] for key in keys], novelty, y)

    @cached_property
    def _sha256(self) -> str:
        return rows_sha256(self.dataset)

    @cached_property
    def _written(self) -> dict[str, str]:
        """One way in which each formula is written in the table; the same for equal reduced formulas."""
        return dict(zip(reversed(self.dataset.keys()), reversed(self.dataset.formulas), strict=True))

    @cached_property
    def _withheld(self) -> Withheld:
        return withheld_rows(self.config.data, self.config.task)

    def _hidden_of(self, fit: Fit) -> Hidden | None:
        """Return the rows of an official fold of matbench whose targets the table withholds."""
        split = fit.config.split
        if split.method != "matbench" or len(self.split(fit).test):
            return None
        key = fit.features, split.fold
        if key not in self._hidden:
            self._hidden[key] = self._described(self._withheld, split, fit.features)
        return self._hidden[key]

    def _described(self, withheld: Withheld, split: SplitConfig, features: str) -> Hidden | None:
        fold = matbench_folds(withheld.n_table)[withheld.places]
        index = np.flatnonzero(fold == split.fold)
        if not len(index):
            return None
        materials = withheld.materials.take(index)
        table = featurize(materials, self._lists[features], compute=self._compute, progress=self._progress)
        ids, formulas = [tuple(column[i] for i in index) for column in (withheld.ids, withheld.formulas)]
        if table.failures:
            i, reason = next(iter(table.failures.items()))
            raise DataError(f"row {ids[i]} of fold {split.fold}, whose target is blank, cannot be featurized: {reason}")
        return Hidden(ids, formulas, table.X, materials.compositions)


def _split_key(fit: Fit) -> str:
    """Return what decides how the rows are divided for a fit."""
    seed = fit.config.seed if fit.config.split.seed is None else fit.config.split.seed
    return fit.config.split.model_copy(update={"seed": seed}).model_dump_json()
