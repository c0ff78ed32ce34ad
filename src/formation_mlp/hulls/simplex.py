"""The mixture of phases that has the lowest energy at a composition, by the revised simplex method.

The linear program: choose shares ``x >= 0`` of the atoms of each phase so that the elements add up to the
composition and the energy ``E @ x`` is least. It has as many rows as the composition has elements, seldom more
than six, so that a basis is a small matrix and is inverted anew in each step: nothing drifts. The elements
themselves, energy 0, are a basis to start from. The multipliers ``y`` of a basis are the chemical potentials of
the elements; a phase lower than its potentials, ``E < y @ a``, enters, until there is none.
"""

from __future__ import annotations

import numpy as np

from formation_mlp.system.kernels import kernel
from formation_mlp.typing import Floats, Ints

TOLERANCE = 1e-11  # eV/atom for potentials of 0, more for larger ones: a phase must be lower by this to enter
SMALLEST_PIVOT = 1e-9
STEEPEST_STEPS = 100  # then Bland's rule, which cannot go in circles
MOST_STEPS = 20_000


@kernel
def lowest_mixtures(
    row_ptr: Ints,
    z: Ints,
    fraction: Floats,
    energy: Floats,
    candidates: Ints,
    elements: Ints,
    targets: Floats,
    barred: Ints,
    phase: Ints,
    share: Floats,
) -> int:
    """Find the lowest mixtures at ``n`` compositions of the same ``k`` elements.

    Parameters
    ----------
    row_ptr, z, fraction, energy : phases as `Compositions`, atomic fractions, eV/atom
    candidates : the phases that hold no other elements
    elements : atomic numbers, ``[k]``
    targets : the atomic fraction of each element, ``[n, k]``
    barred : a phase that may not be in the mixture, or -1, ``[n]``
    phase : filled with the phases of each mixture, ``-z`` for the element ``z``, ``[n, k]``
    share : filled with their shares of the atoms, 0 for a phase that is not needed, ``[n, k]``

    Returns
    -------
    int
        The number of mixtures that were found: ``n``, unless rounding led one in circles.
    """
    n, k = len(candidates), len(elements)
    place = np.zeros(200, np.int64)
    for i in range(k):
        place[elements[i]] = i
    A = np.zeros((n + k, k))
    E = np.zeros(n + k)
    for j in range(n):
        row = candidates[j]
        E[j] = energy[row]
        for entry in range(row_ptr[row], row_ptr[row + 1]):
            A[j, place[z[entry]]] = fraction[entry]
    for i in range(k):
        A[n + i, i] = 1.0
    basis = np.empty(k, np.int64)
    for q in range(len(targets)):
        out = -1
        for j in range(n):
            if candidates[j] == barred[q]:
                out = j
        if not _solve(A, E, targets[q], out, basis, share[q]):
            return q
        for i in range(k):
            phase[q, i] = candidates[basis[i]] if basis[i] < n else -elements[basis[i] - n]
    return len(targets)


@kernel
def _solve(A: Floats, E: Floats, target: Floats, out: int, basis: Ints, x: Floats) -> bool:
    """Fill the optimal basis and its shares for one composition; ``out`` may not enter."""
    n, k = A.shape
    y = np.empty(k)
    for i in range(k):
        basis[i] = n - k + i
    for step in range(MOST_STEPS):
        is_bland = step >= STEEPEST_STEPS
        inverse = _inverse(A, basis)
        largest = 0.0
        for i in range(k):
            x[i] = 0.0
            y[i] = 0.0
            for j in range(k):
                x[i] += inverse[i, j] * target[j]
                y[i] += E[basis[j]] * inverse[j, i]
            x[i] = max(x[i], 0.0)
            largest = max(largest, abs(y[i]))
        entering = _entering(A, E, y, TOLERANCE * (1.0 + largest), out, is_bland)
        if entering < 0:
            return True
        basis[_leaving(inverse, A[entering], x, basis, is_bland)] = entering
    return False


@kernel
def _entering(A: Floats, E: Floats, y: Floats, tolerance: float, out: int, is_bland: bool) -> int:
    """Return the phase that lies lowest below the potentials (the first below, by Bland's rule), or -1."""
    best, entering = -tolerance, -1
    for j in range(len(A)):
        excess = E[j]
        for i in range(len(y)):
            excess -= y[i] * A[j, i]
        if excess < best and j != out:
            best, entering = excess, j
            if is_bland:
                break
    return entering


@kernel
def _leaving(inverse: Floats, column: Floats, x: Floats, basis: Ints, is_bland: bool) -> int:
    """Return the place in the basis of the phase that is used up first.

    The atoms of all columns add up to one, so at least one pivot is ``1 / k`` or more. Of equal ratios the
    largest pivot is taken, or the first phase, by Bland's rule.
    """
    k = len(x)
    least, leaving, chosen = np.inf, -1, 0.0
    for i in range(k):
        pivot = 0.0
        for j in range(k):
            pivot += inverse[i, j] * column[j]
        if pivot > SMALLEST_PIVOT:
            ratio = x[i] / pivot
            is_first = basis[i] < basis[leaving] if is_bland else pivot > chosen
            if ratio < least - 1e-14 or (ratio <= least + 1e-14 and is_first):
                least, leaving, chosen = min(ratio, least), i, pivot
    return leaving


@kernel
def _inverse(A: Floats, basis: Ints) -> Floats:
    """Return the inverse of the matrix whose columns are these rows of ``A``, by elimination with row exchange."""
    k = len(basis)
    table = np.zeros((k, 2 * k))
    for i in range(k):
        table[i, k + i] = 1.0
        for j in range(k):
            table[i, j] = A[basis[j], i]
    for column in range(k):
        top = column
        for i in range(column + 1, k):
            if abs(table[i, column]) > abs(table[top, column]):
                top = i
        for j in range(2 * k):
            table[column, j], table[top, j] = table[top, j], table[column, j]
        scale = 1.0 / table[column, column]
        for j in range(2 * k):
            table[column, j] *= scale
        for i in range(k):
            factor = table[i, column]
            if i != column and factor != 0.0:
                for j in range(2 * k):
                    table[i, j] -= factor * table[column, j]
    return table[:, k:].copy()
