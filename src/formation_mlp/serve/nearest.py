"""The known compounds that are nearest to a material, by the distance that decides how far it is from training rows."""

from __future__ import annotations

import io
from contextlib import suppress
from hashlib import sha256
from threading import Lock

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import FormationMLPError
from formation_mlp.features.engine.table import featurize
from formation_mlp.hulls.known_phases import KnownPhases, description
from formation_mlp.materials.records import Materials
from formation_mlp.saved_model.columns import DIGITS
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.serve.answers import Row
from formation_mlp.system.caching import cache_root
from formation_mlp.system.files import write_bytes
from formation_mlp.trust.error_model import Singles
from formation_mlp.units import EV_PER_ATOM, from_ev_per_atom
from formation_mlp.version import __version__

SHOWN = 5
"""Neighbours of a material."""
PART = 4096
"""Known compounds that are described at a time, so that memory does not grow with their number."""


class Neighbourhood:
    """Finds known compounds like a composition.

    The distance is that of `formation_mlp.trust.domain.Domain`: Euclidean, in the whitened leading principal components
    of the scaled features. All known compounds are described when the first neighbour is asked for, which takes some
    seconds; `ready` does it beforehand.

    Parameters
    ----------
    predictor
        A model of compositions that knows its domain.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._lock = Lock()
        self._known: tuple[list[str], Singles] | None = None

    def ready(self, phases: KnownPhases) -> Singles:
        """Return where the known compounds lie, ``[m, q]``."""
        with self._lock:
            if self._known is None or len(self._known[0]) != len(phases):
                self._known = phases.formulas, self._kept(phases)
            return self._known[1]

    def _kept(self, phases: KnownPhases) -> Singles:
        """Return where the known compounds lie, from the user's cache or for it; processes share what is read there."""
        root = cache_root()
        if root is None:
            return self._all_places(phases)
        told = f"{__version__} {self._predictor.checkpoint.digest} {description()}"
        path = root / "neighbourhoods" / f"{sha256(told.encode()).hexdigest()}.npy"
        try:
            found: Singles = np.load(path, mmap_mode="r", allow_pickle=False)
            if found.shape == (len(phases), len(found.T)) and found.dtype == np.float32:
                return found
        except (OSError, ValueError, EOFError):
            pass
        places = self._all_places(phases)
        buffer = io.BytesIO()
        np.save(buffer, places)
        with suppress(FormationMLPError):  # a cache that cannot be written stops nothing
            write_bytes(path, buffer.getvalue())
        return places

    def _all_places(self, phases: KnownPhases) -> Singles:
        n = len(phases)
        parts = [range(start, min(start + PART, n)) for start in range(0, n, PART)]
        return np.concatenate([self._places(phases.compositions.take(part)) for part in parts])

    def of(self, compositions: Compositions, phases: KnownPhases | None, unit: str) -> list[list[Row]]:
        """Return the nearest known compounds of each composition, the nearest first, itself left out.

        Their energies are on the scale of ``phases`` and in ``unit``; without known phases there are none to tell.
        """
        if phases is None or not len(compositions):
            return [[] for _ in range(len(compositions))]
        known = self.ready(phases)
        unit = unit if unit in DIGITS and unit != "probability" else EV_PER_ATOM
        energies, digits = from_ev_per_atom(phases.energies, unit), DIGITS[unit][0]
        keys = compositions.keys()
        found = []
        for key, place in zip(keys, self._places(compositions), strict=True):
            distance = np.sqrt(((known - place) ** 2).sum(axis=1))
            rows = np.argpartition(distance, SHOWN)[: SHOWN + 1]
            rows = rows[np.argsort(distance[rows], kind="stable")]
            own = phases.compositions.take(rows).keys()
            others = [row for row, other in zip(rows.tolist(), own, strict=True) if other != key][:SHOWN]
            found.append(
                [
                    {
                        "formula": phases.formulas[row],
                        "energy": round(float(energies[row]), digits),
                        "distance": round(float(distance[row]), 3),
                    }
                    for row in others
                ]
            )
        return found

    def _places(self, compositions: Compositions) -> Singles:
        table = featurize(Materials(compositions), self._predictor.features)
        scaled = self._predictor.checkpoint.scaler.transform(table.X)
        domain = self._predictor.checkpoint.domain
        if domain is None:
            raise ValueError("a model without a domain has no neighbourhood")
        return domain.components(scaled)
