"""What an error model is told of a row: how it compares with the training rows, and what the model answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.typing import Bools, Floats, Ints

Singles = NDArray[np.float32]

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("H",),
    ("N",),
    ("O",),
    ("F",),
    ("Cl", "Br", "I"),
    ("S", "Se", "Te"),
    ("B", "C", "Si", "Ge", "P", "As", "Sb"),
    ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba"),
    ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu"),
    ("Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au"),
    ("La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"),
    ("Ac", "Th", "Pa", "U", "Np", "Pu"),
    ("He", "Ne", "Ar", "Kr", "Xe"),
)
"""Elements whose errors resemble each other; each family's share of the atoms is one input."""

_FAMILY = np.zeros((len(SYMBOLS), len(FAMILIES)))
for _column, _family in enumerate(FAMILIES):
    _FAMILY[[ATOMIC_NUMBER[symbol] for symbol in _family], _column] = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """``n`` answers whose errors are asked for.

    Attributes
    ----------
    compositions : ``[n]``
    components : of the scaled features along the directions of the domain, ``[n, q]``
    distance : to the nearest training row, ``[n]``
    answers : on all energy scales, eV/atom, ``[n, s]``
    scale : place of the scale on which the answer is given, ``[n]``
    is_hypothetical : whether the compound is one that nobody has made, as far as is known, ``[n]``
    """

    compositions: Compositions
    components: Floats | Singles
    distance: Floats | Singles
    answers: Floats
    scale: Ints
    is_hypothetical: Bools

    def inputs(self, pairs: NDArray[np.uint16]) -> Floats:
        """Return the inputs of an error model, ``[n, k]``; ``pairs [119, 119]`` are those of `pair_counts`."""
        n, s = self.answers.shape
        rows = np.arange(n)
        z, fraction = self.compositions.padded()
        own = self.answers[rows, self.scale]
        on_scale = np.zeros((n, s))
        on_scale[rows, self.scale] = 1.0
        rarest, rarest_pair = _rarest(z, pairs)
        families = np.einsum("nk,nkf->nf", fraction, _FAMILY[z])
        columns = [
            np.clip(self.components, -5, 5),
            np.log(self.distance + 0.01)[:, None],
            np.log1p(rarest)[:, None],
            np.log1p(rarest_pair)[:, None],
            self.compositions.n_elements[:, None],
            fraction.max(axis=1, initial=0)[:, None],
            families,
            own[:, None],
            np.clip(self.answers - own[:, None], -1, 1),
            on_scale,
            self.is_hypothetical[:, None],
        ]
        return np.concatenate(columns, axis=1, dtype=np.float64)


def places_of_scales(k: int, n_scales: int) -> tuple[Ints, Ints]:
    """Return which of ``k`` inputs are the differences of the answers, and which name the scale, ``[s]`` each."""
    first = k - 2 * n_scales - 1
    return np.arange(first, first + n_scales), np.arange(first + n_scales, first + 2 * n_scales)


def pair_counts(compositions: Compositions) -> NDArray[np.uint16]:
    """Return in how many rows two elements occur together, ``[119, 119]``; on the diagonal, those with one of them.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> counts = pair_counts(read_materials(["NaCl", "NaClO3", "MgO"]).materials.compositions)
    >>> int(counts[11, 17]), int(counts[8, 8]), int(counts[11, 12])
    (2, 2, 0)
    """
    counts = np.zeros((len(SYMBOLS), len(SYMBOLS)), np.int64)
    z, fraction = compositions.padded()
    for i in range(z.shape[1]):
        for j in range(z.shape[1]):
            both = (fraction[:, i] > 0) & (fraction[:, j] > 0)
            np.add.at(counts, (z[both, i], z[both, j]), 1)
    return np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16)


def _rarest(z: Ints, pairs: NDArray[np.uint16]) -> tuple[Floats, Floats]:
    """Return in how many training rows the rarest element, and the rarest pair of elements, of each row occurs."""
    n, k = z.shape
    element, pair = np.full(n, np.inf), np.full(n, np.inf)
    for i in range(k):
        present = z[:, i] > 0
        element[present] = np.minimum(element[present], pairs[z[present, i], z[present, i]])
        for j in range(i):
            both = present & (z[:, j] > 0)
            pair[both] = np.minimum(pair[both], pairs[z[both, i], z[both, j]])
    pair = np.where(np.isfinite(pair), pair, element)
    return np.where(np.isfinite(element), element, 0.0), np.where(np.isfinite(pair), pair, 0.0)
