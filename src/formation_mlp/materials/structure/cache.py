"""Keep structures once they are read: parsing a CIF file takes longer than featurizing it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from formation_mlp.errors import FormationMLPError
from formation_mlp.materials.structure.access import is_limited, may_read
from formation_mlp.materials.structure.files import split_name
from formation_mlp.materials.structures import Structures
from formation_mlp.system.caching import cache_root
from formation_mlp.system.files import write_bytes
from formation_mlp.version import __version__

WORTH_ITEMS = 50
"""Structures from which reading takes longer than looking them up."""

READING = 6
"""Raised whenever the same content is read differently, or something else is kept."""

Kept = tuple[Structures, list[str], dict[int, str], dict[int, str]]
"""Structures, labels, row to the reason of a failure, and row to a remark on how it was read."""


def file_of(items: Sequence[object], folder: Path) -> Path | None:
    """Return where structures with these contents are kept, or None if they are not worth it.

    The name is the SHA-256 of all names and contents and of the versions of the packages that read them, so a
    file that changes is read anew. Structures that are already objects in memory are not kept.
    """
    root = cache_root()
    if root is None or len(items) < WORTH_ITEMS or is_limited():
        return None
    digest = sha256(f"{__version__} {READING} {version('gemmi')}".encode())
    if not all(isinstance(item, str | Path) for item in items):
        return None
    digest.update(contents(items, folder).encode())
    return root / "structures" / f"{digest.hexdigest()}.npz"


def contents(items: Sequence[object], folder: Path) -> str:
    """Return the SHA-256 of the names of structures and, where these are files, of what they hold."""
    digest = sha256()
    for item in items:
        digest.update(str(item).encode(errors="surrogatepass") + b"\0")
        if not isinstance(item, str | Path):
            continue
        with suppress(OSError, ValueError):  # what is no file is its own content
            if not may_read(folder / item):
                continue
            digest.update(Path(split_name(folder / item)[0]).read_bytes())
    return digest.hexdigest()


def load(path: Path) -> Kept | None:
    """Return what `store` kept, or None if there is nothing, or nothing sound (zip files carry checksums)."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            structures = Structures(*(arrays[name] for name in ("site_ptr", "lattice", "z", "frac")))
            notes = json.loads(bytes(arrays["notes"]).decode())
    except Exception:  # zipfile, numpy and json raise many kinds for a broken file; then it is read anew
        return None
    failures, remarks = ({int(row): text for row, text in notes[name].items()} for name in ("failures", "notes"))
    return structures, notes["labels"], failures, remarks


def store(path: Path, kept: Kept) -> None:
    """Keep structures; a folder that cannot be written stops nothing."""
    structures, labels, failures, remarks = kept
    notes = json.dumps({"labels": labels, "failures": failures, "notes": remarks}).encode()
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        site_ptr=structures.site_ptr,
        lattice=structures.lattice,
        z=structures.z,
        frac=structures.frac,
        notes=np.frombuffer(notes, np.uint8),
    )
    with suppress(FormationMLPError):
        write_bytes(path, buffer.getvalue())
