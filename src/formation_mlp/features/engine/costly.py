"""Featurize rows by costly presets: in chunks, each of which is kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from formation_mlp.features.base import FeatureBlock
from formation_mlp.features.engine.cache import WORTH_SECONDS, FeatureCache, chunk_key
from formation_mlp.features.engine.chunks import Chunk, chunk_ranges, featurize_chunks
from formation_mlp.features.presets import ChosenPreset
from formation_mlp.materials.records import Materials
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import DIED
from formation_mlp.typing import Progress

SECONDS_A_ROW, SECONDS_A_SITE = 5e-3, 2e-5
"""About what the slowest of our own costly presets take: ``symmetry`` for a row, ``ward2017`` for a site."""


def featurize_in_chunks(
    materials: Materials,
    presets: Sequence[ChosenPreset],
    compute: Compute,
    store: FeatureCache,
    progress: Progress,
) -> list[FeatureBlock]:
    """Return the numbers of each preset for all rows.

    Parameters
    ----------
    materials
        ``n`` rows.
    presets
        Those that are costly.
    compute
        Where the chunks are computed that are not in the store.
    store
        Where finished chunks are.
    progress
        Called once the store has been searched, and after each chunk.
    """
    materials, n = replace(materials, ids=None), len(materials)
    results = [FeatureBlock(np.full((n, len(one.preset.names)), np.nan)) for one in presets]
    if not _is_worth_a_look(materials, presets):
        store = FeatureCache(None)
    ranges = chunk_ranges(materials)
    todo: dict[int, dict[int, str]] = {}  # chunk to the presets that it lacks, each with its key
    for number, rows in enumerate(ranges):
        chunk = materials.take(rows)
        for i, one in enumerate(presets):
            key = "" if store.folder is None else chunk_key(one.text, chunk, one.preset.needs_structure)
            block = store.load(key, one.preset.names, len(rows))
            if block is None:
                todo.setdefault(number, {})[i] = key
            else:
                _place(block, rows.start, results[i])
    done = n - sum(len(ranges[number]) for number in todo)
    progress(done, n)

    def chunks() -> Iterator[Chunk]:
        for number, wanted in todo.items():
            yield Chunk(number, tuple(presets[i].text for i in wanted), materials.take(ranges[number]))

    with closing(featurize_chunks(chunks(), compute)) as found:
        for number, blocks in found:
            is_worth = sum(seconds for _, seconds in blocks) >= WORTH_SECONDS
            for (i, key), (block, _) in zip(todo[number].items(), blocks, strict=True):
                _place(block, ranges[number].start, results[i])
                if is_worth and not any(reason.startswith(DIED) for reason in block.failures.values()):
                    store.store(key, presets[i].preset.names, block)
            done += len(ranges[number])
            progress(done, n)
    if done != n:
        raise RuntimeError(f"{n - done} rows were lost")
    return results


def _is_worth_a_look(materials: Materials, presets: Sequence[ChosenPreset]) -> bool:
    """Tell whether rows may take so long that they were kept: to look for them reads all code that featurizes."""
    n_sites = 0 if materials.structures is None else len(materials.structures.z)
    seconds = SECONDS_A_ROW * len(materials) + SECONDS_A_SITE * n_sites
    return seconds >= WORTH_SECONDS or any(one.name == "matminer" for one in presets)


def _place(block: FeatureBlock, start: int, result: FeatureBlock) -> None:
    """Write the rows of a chunk into the table of all rows."""
    result.X[start : start + len(block.X)] = block.X
    result.failures.update({start + row: reason for row, reason in block.failures.items()})
    for column, count in block.missing.items():
        result.missing[column] = result.missing.get(column, 0) + count
