"""Featurize rows in chunks that are worth a process, and put the results together again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.presets import build_preset
from formation_mlp.materials.records import Materials
from formation_mlp.system.processes import DIED, ProcessDied

MAX_ROWS = 1_000
MAX_SITES = 4_000
"""Size of a chunk: about a second for `ward2017`, which an interrupted run may lose, and a megabyte."""

Timed = tuple[FeatureBlock, float]
"""Numbers, and the seconds that they took."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its number, the presets it wants (each as a text of `part_text`), and its rows."""

    number: int
    parts: tuple[str, ...]
    materials: Materials


Results = Generator[tuple[int, list[Timed]], None, None]
Runner = Callable[[Iterator[Chunk]], Results]
"""From tasks to their numbers and results, in any order, each task once; closing it ends what runs."""


def featurize_chunk(parts: Sequence[str], materials: Materials) -> Iterator[Timed]:
    """Yield the numbers of one preset after another; the same function runs here, in workers and on clusters."""
    for part in parts:
        start = time.perf_counter()
        block = _preset(part).compute(materials)
        yield block, time.perf_counter() - start


def featurize_serially(tasks: Iterator[Chunk]) -> Results:
    """Run tasks one after another in this process."""
    for task in tasks:
        yield task.number, list(featurize_chunk(task.parts, task.materials))


def featurize_by_halves(
    run: Callable[[Sequence[str], Materials], list[Timed]], parts: Sequence[str], materials: Materials, end: ProcessDied
) -> list[Timed]:
    """Featurize a chunk that kills its process: by halves, until the row that does it is alone and is named.

    Parameters
    ----------
    run
        Describes rows, and raises `ProcessDied` if they kill the process.
    parts, materials
        The chunk.
    end
        What happened to the whole chunk.
    """
    n = len(materials)
    if n == 1:
        lost = {0: f"{DIED}: {end.end}"}
        return [(FeatureBlock(np.full((1, len(_preset(part).names)), np.nan), lost), 0.0) for part in parts]
    halves: list[list[Timed]] = []
    for rows in (range(n // 2), range(n // 2, n)):
        half = materials.take(rows)
        try:
            halves.append(run(parts, half))
        except ProcessDied as died:
            halves.append(featurize_by_halves(run, parts, half, died))
    return [(joined([a, b]), seconds + more) for (a, seconds), (b, more) in zip(*halves, strict=True)]


def joined(blocks: Sequence[FeatureBlock]) -> FeatureBlock:
    """Return the rows of all blocks, one after another."""
    failures: dict[int, str] = {}
    missing: dict[str, int] = {}
    first = 0
    for block in blocks:
        failures |= {first + row: reason for row, reason in block.failures.items()}
        for column, count in block.missing.items():
            missing[column] = missing.get(column, 0) + count
        first += len(block.X)
    return FeatureBlock(np.concatenate([block.X for block in blocks]), failures, missing)


def chunk_ranges(materials: Materials) -> list[range]:
    """Divide rows into chunks, by their content alone: at most `MAX_ROWS` rows and, but for one row, `MAX_SITES`."""
    n = len(materials)
    sites = [0] * n if materials.structures is None else materials.structures.n_sites.tolist()
    ranges, start, total = [], 0, 0
    for row in range(n):
        if row > start and (row - start == MAX_ROWS or total + sites[row] > MAX_SITES):
            ranges.append(range(start, row))
            start, total = row, 0
        total += sites[row]
    return [*ranges, range(start, n)] if n else []


@cache
def _preset(part: str) -> Preset:
    return build_preset(json.loads(part))
