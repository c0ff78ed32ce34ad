"""Decomposition energies: how far compounds lie above the convex hull of their competing phases, or below it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import DataError
from formation_mlp.hulls.simplex import lowest_mixtures
from formation_mlp.system.kernels import machine_code
from formation_mlp.typing import Bools, Floats, Ints, Progress

ZERO = 1e-10
"""eV/atom: a decomposition energy nearer to zero than this, the exactness of the programs, is zero."""

SMALLEST_SHARE = 1e-10


@dataclass(frozen=True, slots=True)
class Decompositions:
    """What ``n`` compounds decompose to, at the least energy.

    Compound ``i`` has the products ``product[row_ptr[i]:row_ptr[i + 1]]``, at most as many as it has elements.

    Attributes
    ----------
    energy : decomposition energies in eV/atom, ``[n]``: positive above the hull, negative by as much as the
        compound lies below the mixture of all others
    row_ptr : ``[n + 1]``
    product : the row of each product among the competing phases, ``-z`` for the element ``z``, ``[m]``
    share : the share of the atoms that each product holds, ``[m]``; those of a compound add up to one
    """

    energy: Floats
    row_ptr: Ints
    product: Ints
    share: Floats

    @property
    def is_stable(self) -> Bools:
        """Whether each compound is on the hull: a decomposition energy of zero or less, ``[n]``."""
        return self.energy <= 0


class CompetingPhases:
    """Compounds with known formation energies, and the elements, which are always among them, at zero.

    Of several phases with one composition (polymorphs) the lowest competes. Rows that are elements never do:
    the formation energy of an element is zero by definition.

    Parameters
    ----------
    compositions
        ``n`` rows; rows whose atomic fractions agree to six digits have one composition.
    energies
        Formation energies in eV/atom, ``[n]``.

    Raises
    ------
    DataError
        If a composition is empty, or an energy is not finite.

    Examples
    --------
    With these invented energies Fe3O4 decomposes to FeO and Fe2O3; Fe2O3 is stable, or else would be FeO and oxygen:

    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> known = CompetingPhases(parse_formulas(["FeO", "Fe2O3"]).compositions, [-1.45, -1.7])
    >>> new = parse_formulas(["Fe3O4", "Fe2O3"]).compositions
    >>> found = known.decompose(new, [-1.58, -1.7])
    >>> found.energy.round(3).tolist(), found.is_stable.tolist()
    ([0.049, -0.54], [False, True])
    >>> found.product.tolist(), found.share.round(3).tolist()
    ([0, 1, 0, -8], [0.286, 0.714, 0.8, 0.2])
    """

    def __init__(self, compositions: Compositions, energies: Floats | list[float]) -> None:
        energies = _checked(compositions, energies)
        keys = compositions.keys()
        lowest: dict[str, int] = {}
        for row in np.argsort(energies, kind="stable").tolist():
            lowest.setdefault(keys[row], row)
        is_compound = compositions.n_elements > 1
        self._rows = np.array([row for row in lowest.values() if is_compound[row]], np.int64)
        self._phases = compositions.take(self._rows)
        self._energies = energies[self._rows]
        self._phase_of_key = {keys[row]: phase for phase, row in enumerate(self._rows.tolist())}
        self._systems = _systems(self._phases)

    def __len__(self) -> int:
        """Return the number of phases that compete, elements aside."""
        return len(self._rows)

    @property
    def lowest(self) -> float:
        """The lowest energy of them and of the elements, in eV/atom."""
        return float(self._energies.min(initial=0.0))

    def decompose(
        self,
        compositions: Compositions,
        energies: Floats | list[float],
        progress: Progress | None = None,
    ) -> Decompositions:
        """Compare compounds with the lowest mixture of competing phases of the same total composition.

        Any phase within the elements of a compound competes, but of its own composition only a phase that is
        lower in energy. So a compound that is itself among the phases is compared with the others, as Bartel et
        al. (npj Comput. Mater. 6, 97, 2020) do; polymorphs above the lowest get their energy above the hull; and
        rows do not compete with one another unless they are among the phases. An element is compared with its
        reference state: its decomposition energy is its energy.

        Parameters
        ----------
        compositions
            ``n`` compounds.
        energies
            Their formation energies in eV/atom, ``[n]``.
        progress
            Called with the number of compounds that are done, and of all.

        Notes
        -----
        Each energy is the optimum of a linear program, exact to 1e-10 eV/atom. Where several mixtures have the
        same energy, one of them is returned.

        Raises
        ------
        DataError
            If a composition is empty, or an energy is not finite.
        """
        energies = _checked(compositions, energies)
        phases, shares = self._phases, self._phases.fractions()
        barred = self._barred(compositions, energies)
        place, fractions = _sorted_entries(compositions)
        product, share = np.zeros(len(place), np.int64), np.zeros(len(place))
        systems = _systems(compositions)
        solve, done = machine_code(lowest_mixtures), 0
        for mask, rows in systems.items():
            entries = place[compositions.row_ptr[rows][:, None] + np.arange(mask.bit_count())]
            elements = compositions.z[entries[0]]
            phase, part = np.empty(entries.shape, np.int64), np.empty(entries.shape)
            candidates = self._within(mask)
            targets, own = fractions[entries], barred[rows]
            n_solved = solve(
                phases.row_ptr, phases.z, shares, self._energies, candidates, elements, targets, own, phase, part
            )
            if n_solved < len(rows):
                raise RuntimeError(f"the linear program of row {rows[n_solved]} goes in circles; this is a defect")
            product[entries], share[entries] = phase, part
            done += len(rows)
            if progress is not None:
                progress(done, len(compositions))
        return self._decompositions(compositions, energies, product, share)

    def _barred(self, compositions: Compositions, energies: Floats) -> Ints:
        """Return the phase of each compound's own composition, unless it is lower than the compound, or -1."""
        keys = compositions.keys()
        barred = np.array([self._phase_of_key.get(key, -1) for key in keys], np.int64)
        own = np.flatnonzero(barred >= 0)
        barred[own[self._energies[barred[own]] < energies[own]]] = -1
        return barred

    def _within(self, mask: int) -> Ints:
        """Return the phases that hold no element outside a chemical system."""
        n_elements = mask.bit_count()
        if 2**n_elements > len(self._systems):
            rows_of_systems = [rows for system, rows in self._systems.items() if not system & ~mask]
        else:
            rows_of_systems, subset = [], mask
            while subset:
                if subset in self._systems:
                    rows_of_systems.append(self._systems[subset])
                subset = (subset - 1) & mask
        return np.concatenate([np.empty(0, np.int64), *rows_of_systems])

    def _decompositions(
        self, compositions: Compositions, energies: Floats, product: Ints, share: Floats
    ) -> Decompositions:
        """Sum up the mixtures, leave out what has no share in them, and name phases by the rows that were given."""
        row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
        is_phase = product >= 0
        of_phase = np.zeros(len(product))
        of_phase[is_phase] = self._energies[product[is_phase]]
        energy = energies - np.bincount(row, weights=share * of_phase, minlength=len(compositions))
        energy[np.abs(energy) < ZERO] = 0.0
        named = product.copy()
        named[is_phase] = self._rows[product[is_phase]]
        kept = share > SMALLEST_SHARE
        row_ptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(compositions)))])
        return Decompositions(energy, row_ptr.astype(np.int64), named[kept], share[kept])


def decomposition_energies(
    compositions: Compositions, energies: Floats | list[float], progress: Progress | None = None
) -> Decompositions:
    """Compare each compound of a table with all others: `CompetingPhases.decompose` of the phases themselves.

    Examples
    --------
    >>> from formation_mlp.materials.formula.reading import parse_formulas
    >>> compositions = parse_formulas(["Li2O", "Fe2O3", "LiFeO2"]).compositions
    >>> decomposition_energies(compositions, [-2.0, -1.7, -1.9]).energy.round(3).tolist()
    [-2.0, -1.7, -0.087]
    """
    return CompetingPhases(compositions, energies).decompose(compositions, energies, progress)


def _checked(compositions: Compositions, energies: Floats | list[float]) -> Floats:
    energies = np.asarray(energies, np.float64)
    if energies.shape != (len(compositions),):
        raise DataError(f"found energies of shape {list(energies.shape)} for {len(compositions)} compositions.")
    empty, wild = np.flatnonzero(compositions.n_elements == 0), np.flatnonzero(~np.isfinite(energies))
    if len(empty):
        raise DataError(f"row {empty[0]}: the composition is empty. Leave out formulas that cannot be read.")
    if len(wild):
        raise DataError(f"row {wild[0]}: the energy {energies[wild[0]]} is not finite. Leave out such rows.")
    return energies


def _systems(compositions: Compositions) -> dict[int, Ints]:
    """Return the rows of each chemical system, whose key has the bit ``z`` set for each element ``z``."""
    rows: defaultdict[int, list[int]] = defaultdict(list)
    z = compositions.z.tolist()
    for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
        mask = 0
        for number in z[start:stop]:
            mask |= 1 << number
        rows[mask].append(row)
    return {mask: np.array(of_system, np.int64) for mask, of_system in rows.items()}


def _sorted_entries(compositions: Compositions) -> tuple[Ints, Floats]:
    """Return the order of all entries by row and element, and the atomic fraction of each entry."""
    row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    return np.lexsort((compositions.z, row)), compositions.fractions()
