"""Use matminer's featurizers; what is here and in `matminer_classes` runs in a child process, and imports matminer."""

from __future__ import annotations

import faulthandler
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.external.matminer_classes import featurizer_class, make_featurizer
from formation_mlp.features.structure.rows import structures_of
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.registry import unknown_name

TIME_IS_UP = 1
"""Exit code of a process whose row took too long; that of `faulthandler`. All other errors are sent as such."""


def call_featurizer(text: str) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    """Yield column names, whether structures are needed, and the citation of a recipe."""
    recipe = _recipe(text)
    yield recipe.names, recipe.needs_structure, recipe.citation


def featurize_rows(text: str, seconds: float, materials: Materials) -> Iterator[list[float] | str]:
    """Yield the numbers of each row, or the reason why it has none.

    A row that takes longer ends this process, at most a tenth of the limit late. A signal would not do: it waits
    for calls into compiled code to return, and needs the main thread.
    """
    recipe = _recipe(text)
    recipe.warm_up()
    watched = -np.inf
    with Path(os.devnull).open("w") as nowhere:
        try:
            for material in recipe.inputs(materials):
                if time.monotonic() - watched > 0.1 * seconds:  # not for each row: it takes longer than many rows
                    watched = time.monotonic()
                    faulthandler.dump_traceback_later(1.1 * seconds, exit=True, file=nowhere)
                yield recipe.featurize(material)
        finally:
            faulthandler.cancel_dump_traceback_later()


class _Recipe:
    """A featurizer and how it is fed."""

    def __init__(self, text: str) -> None:
        fields = json.loads(text)
        name, arguments = fields["featurizer"], fields["arguments"]
        self.where = f"features.matminer.{name}"
        kind, self.needs_structure = featurizer_class(name)
        self.featurizer = make_featurizer(kind, fields["preset"], arguments, self.where)
        self.guesses = fields["oxidation_states"]
        labels = [str(label) for label in self.featurizer.feature_labels()]
        chosen = labels if fields["columns"] is None else fields["columns"]
        for column in chosen:
            if column not in labels:
                raise ConfigError(unknown_name(column, labels, f"{self.where}: columns", "column"))
        self.index = [labels.index(column) for column in chosen]
        self.names = tuple(chosen)
        self.n_labels = len(labels)
        self.is_warm = False
        self.citation = " ".join("; ".join(self.featurizer.citations()).split())

    def warm_up(self) -> None:
        """Featurize rock salt, once: data that matminer loads on its first call must not count for a row."""
        if not self.is_warm:
            sites = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
            cell = 2.82 * (1 - np.eye(3))
            salt = Structures(np.array([0, 2]), cell[None], np.array([11, 17]), sites)
            with suppress(FeatureError):
                self.featurize(self.inputs(Materials(salt.compositions(), salt))[0])
            self.is_warm = True

    def inputs(self, materials: Materials) -> Sequence[Any]:
        """Return the pymatgen objects that the featurizer describes; structures with all sites in the cell."""
        if not self.needs_structure:
            return materials.compositions.to_pymatgen()
        structures = structures_of(materials)
        return replace(structures, frac=structures.frac % 1.0 % 1.0).to_pymatgen()

    def featurize(self, material: Any) -> list[float] | str:
        """Return the numbers of one row, or the reason why it has none."""
        try:
            values = self.featurizer.featurize(self._prepared(material))
        except Exception as error:  # whatever goes wrong in there is the reason of this row
            hint = (
                "" if self.guesses or "oxi" not in str(error).lower() else "; try the option 'oxidation_states: true'"
            )
            return f"matminer: {type(error).__name__}: {error}{hint}"
        if len(values) != self.n_labels:
            return f"matminer gives {len(values)} values for {self.n_labels} columns"
        values = [values[i] for i in self.index]
        self._require_numbers(values)
        numbers = [float("nan") if value is None else float(value) for value in values]
        infinite = [name for name, number in zip(self.names, numbers, strict=True) if abs(number) == float("inf")]
        return (
            f"matminer gives an infinite {infinite[0]!r}; the option 'columns' can do without" if infinite else numbers
        )

    def _prepared(self, material: Any) -> Any:
        if self.needs_structure:
            _forget_neighbours()
            if self.guesses:
                material.add_oxidation_state_by_element(_guessed_states(material.composition))
        elif self.guesses and _guessed_states(material):
            return material.add_charges_from_oxi_state_guesses(max_sites=-1)
        return material

    def _require_numbers(self, values: list[Any]) -> None:
        good = [value is None or isinstance(value, int | float | np.number | np.bool_) for value in values]
        if all(good):
            return
        bad = [
            f"{name} ({type(value).__name__})"
            for name, value, ok in zip(self.names, values, good, strict=True)
            if not ok
        ]
        rest = [name for name, ok in zip(self.names, good, strict=True) if ok]
        raise FeatureError(
            f"{self.where}: these columns are not numbers: {', '.join(bad)}. "
            + (f"Choose others with columns: [{', '.join(rest)}]." if rest else "Choose another featurizer.")
        )


_recipe: Callable[[str], _Recipe] = cache(_Recipe)


def _guessed_states(composition: Any) -> dict[str, float]:
    """Return the likeliest mean oxidation state of each element; pymatgen takes zeros where it has no guess."""
    guesses: tuple[dict[str, float], ...] = composition.oxi_state_guesses(max_sites=-1)
    if not guesses:
        raise FeatureError("no oxidation states of these elements add up to zero")
    return guesses[0]


def _forget_neighbours() -> None:
    from matminer.utils import caching

    memory = getattr(caching, "_get_all_nearest_neighbors", None)
    if memory is not None:
        memory.cache_clear()
