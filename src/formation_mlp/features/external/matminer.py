"""Any featurizer of matminer that featurizes a composition or a structure, by the name of its class."""

from __future__ import annotations

import atexit
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.external.matminer_rows import TIME_IS_UP, call_featurizer, featurize_rows
from formation_mlp.features.structure.rows import broken_cells, structures_of
from formation_mlp.system.processes import DIED, ChildProcess, ProcessDied

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

SECONDS_FOR_COMPOSITION = 10.0
SECONDS_FOR_STRUCTURE = 60.0
START_SECONDS = 30.0
"""What a process and the import of matminer take at most, on a busy machine."""


def matminer(
    featurizer: str,
    preset: str | None = None,
    columns: Sequence[str] | None = None,
    oxidation_states: bool = False,
    seconds: float | None = None,
    **arguments: Any,
) -> Preset:
    """Return the preset of one matminer featurizer.

    matminer runs in a process of its own: what it prints, leaks or crashes does no harm, and a row that takes too
    long is ended with the process. The rows before that one are kept, and a new process goes on with the next.
    Structures come with their coordinates wrapped into the cell, and matminer's memory of the last structure's
    neighbours is emptied before each: both would give wrong numbers for some.

    A row fails, with the reason, if matminer raises, a number is infinite, the time is up or the process crashes
    twice. A value that is NaN counts as missing.

    Parameters
    ----------
    featurizer
        Class in ``matminer.featurizers.composition`` or ``.structure``, such as ``BandCenter``.
    preset
        Name for the ``from_preset`` of the class, such as ``deml`` of ``ElementProperty``.
    columns
        The columns to take; all if not given. Columns of text, such as ``crystal_system``, must be left out.
    oxidation_states
        Whether pymatgen guesses oxidation states first, which some featurizers need. A row without a guess fails.
    seconds
        Time limit of a row, kept to a tenth: 10 for a composition, 60 for a structure if not given.
    arguments
        Further arguments of the class. ``impute_nan``, where it has one, is False if not given.

    Raises
    ------
    ConfigError
        If the class is unknown, cannot be made from the arguments, or may not be used: one that learns from the
        rows it is fitted to would see the test rows, and nothing here asks a server.
    FeatureError
        From ``compute``, if a column is not a number.
    """
    if seconds is not None and not (isinstance(seconds, int | float) and 0 < seconds < 1e6):
        raise ConfigError(f"features.matminer.seconds: found {seconds!r}; give a positive number of seconds.")
    recipe = {
        "featurizer": featurizer,
        "preset": preset,
        "columns": None if columns is None else list(columns),
        "oxidation_states": bool(oxidation_states),
        "arguments": arguments,
    }
    text = json.dumps(recipe, sort_keys=True)
    names, needs_structure, citation = _facts(text)
    limit = seconds or (SECONDS_FOR_STRUCTURE if needs_structure else SECONDS_FOR_COMPOSITION)

    def compute(materials: Materials) -> FeatureBlock:
        X = np.full((len(materials), len(names)), np.nan)
        failures = broken_cells(structures_of(materials)) if needs_structure else {}
        good = [row for row in range(len(materials)) if row not in failures]
        for row, outcome in zip(good, _outcomes(text, limit, materials.take(good)), strict=True):
            if isinstance(outcome, str):
                failures[row] = outcome
            else:
                X[row] = outcome
        n_missing = np.isnan(np.delete(X, list(failures), axis=0)).sum(axis=0).tolist()
        return FeatureBlock(X, failures, {name: n for name, n in zip(names, n_missing, strict=True) if n})

    return Preset(names, compute, needs_structure, citation)


@cache
def _facts(text: str) -> tuple[tuple[str, ...], bool, str]:
    """Return column names, whether structures are needed, and the citation; the import of matminer stays over there."""
    with _borrowed_child() as child:
        facts: tuple[tuple[str, ...], bool, str]
        (facts,) = child.run(call_featurizer, text)
    return facts


def _outcomes(text: str, seconds: float, materials: Materials) -> Iterator[list[float] | str]:
    """Yield the numbers of each row, or why it has none."""
    row, crashed = 0, -1
    last = time.monotonic()
    with _borrowed_child() as child:
        while row < len(materials):
            try:
                for outcome in child.run(featurize_rows, text, seconds, materials.take(range(row, len(materials)))):
                    yield outcome
                    row, last = row + 1, time.monotonic()
            except ProcessDied as died:
                # The clock goes on while a job is suspended, and then it is no fault of the row.
                is_slow = died.code == TIME_IS_UP and time.monotonic() - last < 2 * seconds + START_SECONDS
                if not is_slow and crashed != row:
                    crashed = row
                    continue
                limit = f"it took longer than {seconds:g} s; a larger limit is set with the option 'seconds'"
                yield limit if died.code == TIME_IS_UP else f"{DIED}: {died.end}"
                row, last = row + 1, time.monotonic()


@contextmanager
def _borrowed_child() -> Iterator[ChildProcess]:
    """Lend a process that may have matminer loaded already; each thread gets its own."""
    try:
        child = _idle.pop()
    except IndexError:
        child = ChildProcess()
    try:
        yield child
    finally:
        _idle.append(child)


_idle: list[ChildProcess] = []
"""Processes that wait for the next call."""


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a process answers to one parent only
