"""Featurize chunks in several processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from formation_mlp.features.engine.chunks import Chunk, Results, Timed, featurize_by_halves, featurize_chunk
from formation_mlp.materials.records import Materials
from formation_mlp.system.processes import ChildProcess, ProcessDied, in_processes

ATTEMPTS = 2
"""How often a chunk is given to a process before the chunk itself is suspected of killing it."""


def featurize_in_processes(tasks: Iterator[Chunk], n_workers: int) -> Results:
    """Run tasks in ``n_workers`` processes; arrays travel, and each process computes with one thread.

    The chunk of a process that dies is done again by a new one. If that dies too, the chunk is divided
    until the row that kills is alone; it fails with this reason, and the others have their numbers.
    """
    return in_processes(
        tasks, n_workers, lambda child, task: [(task.number, _featurize(child, task.parts, task.materials))]
    )


def _featurize(
    child: ChildProcess, parts: Sequence[str], materials: Materials, attempts: int = ATTEMPTS
) -> list[Timed]:
    try:
        return list(child.run(featurize_chunk, parts, materials))
    except ProcessDied as died:
        if child.closed:
            raise
        if attempts > 1:
            return _featurize(child, parts, materials, attempts - 1)
        return featurize_by_halves(lambda *half: list(child.run(featurize_chunk, *half)), parts, materials, died)
