"""The compounds of a phase diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from formation_mlp.typing import Bools, Floats


@dataclass(frozen=True, slots=True)
class PhasePoints:
    """The ``n`` compounds of a phase diagram.

    Attributes
    ----------
    elements : symbols, ``[k]``
    fractions : atomic fractions, ``[n, k]``
    energies : formation energies in eV/atom, ``[n]``
    formulas : ``[n]``
    distance : decomposition energies in eV/atom, negative on the hull, ``[n]``
    low, high : the ends of their intervals, NaN where there is none, ``[n]``
    on_hull : whether each is a corner of the hull, ``[n]``
    products : what each decomposes to, ``[n]``
    title : in words
    known : whether each is known, ``[n]``; None if that is not told
    chance : to lie on the hull, NaN where it is not told, ``[n]``; None if it is told of none
    trust : how far a prediction may be believed, empty where it is not told, ``[n]``; None if it is told of none
    said : what a reader of the diagram must know, warnings first
    """

    elements: list[str]
    fractions: Floats
    energies: Floats
    formulas: list[str]
    distance: Floats
    low: Floats
    high: Floats
    on_hull: Bools
    products: Sequence[str]
    title: str
    known: Bools | None
    chance: Floats | None
    trust: Sequence[str] | None = None
    said: tuple[str, ...] = ()

    @property
    def below(self) -> Bools:
        """Whether each lies below the hull of others, of which it is no part, ``[n]``."""
        below: Bools = ~self.on_hull & (self.distance < 0)
        return below
