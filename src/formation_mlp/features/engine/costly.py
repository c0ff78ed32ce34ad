"""Featurize rows by costly presets: in chunks, each of which is kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.engine.cache import WORTH_SECONDS, FeatureCache, chunk_key
from formation_mlp.features.engine.chunks import Chunk, chunk_ranges, featurize_chunks
from formation_mlp.materials.records import Materials
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import DIED
from formation_mlp.typing import Progress


def featurize_in_chunks(
    materials: Materials,
    presets: Sequence[tuple[str, Preset]],
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
        Each with its text, see `formation_mlp.features.presets.ChosenPreset`.
    compute
        Where the chunks are computed that are not in the store.
    store
        Where finished chunks are.
    progress
        Called once the store has been searched, and after each chunk.
    """
    materials, n = replace(materials, ids=None), len(materials)
    results = [FeatureBlock(np.full((n, len(preset.names)), np.nan)) for _, preset in presets]
    ranges = chunk_ranges(materials)
    todo: dict[int, dict[int, str]] = {}  # chunk to the presets that it lacks, each with its key
    for number, rows in enumerate(ranges):
        chunk = materials.take(rows)
        for i, (part, preset) in enumerate(presets):
            key = chunk_key(part, chunk, preset.needs_structure)
            block = store.load(key, preset.names, len(rows))
            if block is None:
                todo.setdefault(number, {})[i] = key
            else:
                _place(block, rows.start, results[i])
    done = n - sum(len(ranges[number]) for number in todo)
    progress(done, n)

    def chunks() -> Iterator[Chunk]:
        for number, wanted in todo.items():
            yield Chunk(number, tuple(presets[i][0] for i in wanted), materials.take(ranges[number]))

    with closing(featurize_chunks(chunks(), compute)) as found:
        for number, blocks in found:
            is_worth = sum(seconds for _, seconds in blocks) >= WORTH_SECONDS
            for (i, key), (block, _) in zip(todo[number].items(), blocks, strict=True):
                _place(block, ranges[number].start, results[i])
                if is_worth and not any(reason.startswith(DIED) for reason in block.failures.values()):
                    store.store(key, presets[i][1].names, block)
            done += len(ranges[number])
            progress(done, n)
    if done != n:
        raise RuntimeError(f"{n - done} rows were lost")
    return results


def _place(block: FeatureBlock, start: int, result: FeatureBlock) -> None:
    """Write the rows of a chunk into the table of all rows."""
    result.X[start : start + len(block.X)] = block.X
    result.failures.update({start + row: reason for row, reason in block.failures.items()})
    for column, count in block.missing.items():
        result.missing[column] = result.missing.get(column, 0) + count
