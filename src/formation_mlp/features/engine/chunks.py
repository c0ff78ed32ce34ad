"""Featurize rows in chunks that are worth a process, and put the results together again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.engine.cache import engine_parts
from formation_mlp.features.presets import build_preset
from formation_mlp.materials.records import Materials
from formation_mlp.system.compute import Compute, Job, Terms
from formation_mlp.system.jobs import run_jobs
from formation_mlp.system.processes import DIED, ProcessDied

MAX_ROWS = 1_000
MAX_SITES = 4_000
"""Size of a chunk: about a second for `ward2017`, which an interrupted run may lose, and a megabyte."""

Timed = tuple[FeatureBlock, float]
"""Numbers, and the seconds that they took."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its number, the presets it wants (each as a text of `ChosenPreset`), and its rows."""

    number: int
    parts: tuple[str, ...]
    materials: Materials


TERMS = Terms(engine_parts, own_process=False, ahead=3)
"""A worker of a cluster must give the same numbers as this process; chunks are short."""


def featurize_chunks(chunks: Iterable[Chunk], compute: Compute) -> Generator[tuple[int, list[Timed]], None, None]:
    """Yield the number of each chunk with its numbers, once each and in any order; closing it ends what runs.

    A chunk whose processes die is divided until the row that kills them is alone. That row fails with this reason, and
    the others have their numbers.
    """
    jobs = (Job(chunk, featurize_chunk, (chunk.parts, chunk.materials)) for chunk in chunks)
    done: set[int] = set()  # a process that dies once its numbers are here is tried again, and gives them again
    with closing(run_jobs(jobs, compute, TERMS)) as events:
        for event in events:
            chunk = event.key
            if (event.is_end and not event.lost) or chunk.number in done:
                continue
            done.add(chunk.number)
            if event.lost:
                run = partial(_featurize_alone, compute)
                yield chunk.number, featurize_by_halves(run, chunk.parts, chunk.materials, ProcessDied(event.lost))
            else:
                yield chunk.number, event.item


def featurize_chunk(parts: Sequence[str], materials: Materials) -> Iterator[list[Timed]]:
    """Yield the numbers of all presets at once; the same function runs here, in processes and on clusters."""
    results: list[Timed] = []
    for part in parts:
        start = time.perf_counter()
        block = _preset(part).compute(materials)
        results.append((block, time.perf_counter() - start))
    yield results


def _featurize_alone(compute: Compute, parts: Sequence[str], materials: Materials) -> list[Timed]:
    """Return the numbers of some rows, or raise `ProcessDied` if they kill their process."""
    results: list[Timed] = []
    with closing(run_jobs([Job(0, featurize_chunk, (parts, materials))], compute, TERMS)) as events:
        for event in events:
            if event.lost:
                raise ProcessDied(event.lost)
            results = results if event.is_end else event.item
    return results


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
