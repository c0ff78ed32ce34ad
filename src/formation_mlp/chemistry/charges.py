"""Every total charge that a formula can have, each atom in any of its element's oxidation states."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ATOMS = 10_000
"""Atoms of the largest formula whose charges are counted exactly."""


class Charges(NamedTuple):
    """A set of whole numbers: ``lowest + i`` belongs to it if bit ``i`` of ``bits`` is set."""

    lowest: int
    bits: int

    def has_zero(self) -> bool:
        """Return whether 0 is in the set."""
        return self.lowest <= 0 and bool(self.bits >> -self.lowest & 1)

    def nearest_to_zero(self) -> int:
        """Return the distance of 0 from the set."""
        if self.lowest >= 0:
            return self.lowest
        not_below = self.bits >> -self.lowest
        below = self.bits & ((1 << -self.lowest) - 1)
        distances = []
        if not_below:
            distances.append((not_below & -not_below).bit_length() - 1)
        if below:
            distances.append(-self.lowest - below.bit_length() + 1)
        return min(distances)


def total_charges(states: Sequence[tuple[int, ...]], n_atoms: Sequence[int]) -> Charges:
    """Return the total charges of ``n_atoms[i]`` atoms in any of the oxidation states ``states[i]``, over all i.

    The work is bounded by a few dozen shifts an element, however many atoms there are: among ``w`` atoms between
    the lowest and the highest state, ``w`` apart, some have a sum (counted from the lowest state) that ``w``
    divides, by the pigeonhole principle, and may as well be in these two states. So all atoms but ``w - 1`` are in
    the lowest or the highest one.
    """
    lowest, bits = 0, 1
    for charges, n in zip(states, n_atoms, strict=True):
        low = min(charges)
        width = max(charges) - low
        lowest += n * low
        if width == 0:
            continue
        n_free = min(n, width - 1)
        shifts = [charge - low for charge in charges if charge != low]
        for _ in range(n_free):
            shifted = bits
            for shift in shifts:
                shifted |= bits << shift
            bits = shifted
        n_left = n - n_free  # atoms in the lowest or the highest state, by doubling
        reach = 1
        while n_left:
            step = min(reach, n_left)
            bits |= bits << step * width
            n_left -= step
            reach += step
    return Charges(lowest, bits)


def whole_amounts(amounts: list[float]) -> list[int]:
    """Return amounts as whole numbers of atoms.

    Whole amounts stay as they are. Others are scaled up to the smallest whole numbers: LiNi0.5Mn1.5O4 becomes
    Li2NiMn3O8, Fe0.4O0.6 becomes Fe2O3. Where that takes more than 10,000 atoms, the nearest proportions of 10,000
    atoms are taken, with at least one atom of each element.
    """
    scale = 1
    if not all(map(float.is_integer, amounts)):
        fractions = [Fraction(amount).limit_denominator(MOST_ATOMS) for amount in amounts]
        scale = math.lcm(*(fraction.denominator for fraction in fractions))
    n_atoms = [round(amount * scale) for amount in amounts]
    is_exact = all(abs(n - amount * scale) <= 1e-6 * n for n, amount in zip(n_atoms, amounts, strict=True))
    if is_exact and sum(n_atoms) <= MOST_ATOMS:
        return n_atoms
    total = math.fsum(amounts)
    return [max(1, round(MOST_ATOMS * amount / total)) for amount in amounts]
