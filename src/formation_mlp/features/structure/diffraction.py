"""The powder diffraction pattern of a structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import ONG_2013
from formation_mlp.features.structure.rows import featurize_each, structures_of
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from formation_mlp.materials.records import Materials

    Ints = Ints

LARGEST_ANGLE = 127
"""Largest diffraction angle 2 theta, degrees."""
BANDWIDTH = 0.05
"""Width of the smeared peaks, in standard deviations of the pattern."""
ANGLE_TOLERANCE = 1e-5
"""Reflections whose 2 theta rounds to the same multiple of this, degrees, are one peak."""
MOST_REFLECTIONS = 3_000_000
PHASES_AT_ONCE = 1_000_000


def xrd(wavelength: float = 1.54184) -> Preset:
    """Return the preset of matminer's ``XRDPowderPattern``: 128 values of a smeared powder pattern.

    Intensities are |F|^2 times the Lorentz and polarization factors, F = sum_j f_j exp(2 pi i g r_j) with
    the scattering factors f of pymatgen's ``XRDCalculator`` (De Graef and McHenry, Structure of Materials,
    2nd ed. (2012), chapter 12), and no thermal motion. The strongest peak is scaled to 100,
    intensities are cut to whole numbers, and the pattern becomes a density by Gaussians of 0.05 of its standard
    deviation (`scipy.stats.gaussian_kde`), given at each whole degree of 2 theta from 0 to 127. Rounding in
    pymatgen can cut the strongest peak to 99, which changes a value by some thousandths; here it is 100.

    Parameters
    ----------
    wavelength
        Of the radiation, angstrom. The default is copper K alpha.
    """

    def featurize(lattice: Floats, z: Ints, frac: Floats) -> Floats:
        from formation_mlp.features.structure.neighbours import coordinates_in, reciprocal_lattice, reduced_lattice

        # An oblique basis would put the reflections into a huge box of indices.
        basis = reduced_lattice(np.array(lattice))
        coordinates = coordinates_in(basis, reciprocal_lattice(basis), np.array(lattice), np.array(frac))
        angle, intensity = _peaks(basis, z, coordinates, wavelength)
        return _smeared(angle, np.floor(100 * intensity / intensity.max() + 1e-9))

    def compute(materials: Materials) -> FeatureBlock:
        return featurize_each(structures_of(materials), LARGEST_ANGLE + 1, featurize)

    return Preset(
        tuple(f"xrd_{angle}" for angle in range(LARGEST_ANGLE + 1)),
        compute,
        needs_structure=True,
        citation=ONG_2013,
    )


def _peaks(lattice: Floats, z: Ints, frac: Floats, wavelength: float) -> tuple[Floats, Floats]:
    """Return 2 theta (degrees) and intensity of each peak."""
    hkl, length = _reflections(lattice, 2 * np.sin(np.radians(LARGEST_ANGLE / 2)) / wavelength)
    if not len(hkl):
        raise FeatureError(f"no reflection below 2 theta = {LARGEST_ANGLE} degrees; the cell is too small")
    structure_factor = np.zeros(len(hkl), complex)
    scattering = {int(element): _scattering_factor(int(element), length) for element in np.unique(z)}
    step = max(1, PHASES_AT_ONCE // len(z))
    for first in range(0, len(hkl), step):
        rows = slice(first, first + step)
        for element, factor in scattering.items():
            phase = np.exp(2j * np.pi * (hkl[rows] @ frac[z == element].T))
            structure_factor[rows] += factor[rows] * phase.sum(axis=1)
    theta = np.arcsin(wavelength * length / 2)
    intensity = np.abs(structure_factor) ** 2 * (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    angle = np.degrees(2 * theta)
    _, first_of, peak = np.unique(np.rint(angle / ANGLE_TOLERANCE), return_index=True, return_inverse=True)
    summed: Floats = np.bincount(peak, weights=intensity).astype(float)
    return angle[first_of], summed


def _reflections(lattice: Floats, longest: float) -> tuple[Floats, Floats]:
    """Return one of each pair of opposite reciprocal lattice vectors, as ``hkl [k, 3]``, and their lengths, sorted."""
    h, k, m = (np.floor(longest * np.linalg.norm(lattice, axis=1)) + 1).astype(int)
    if (h + 1) * (2 * k + 1) * (2 * m + 1) > MOST_REFLECTIONS:
        raise FeatureError(f"the cell is so large that it has more than {MOST_REFLECTIONS} reflections")
    grid = np.mgrid[0 : h + 1, -k : k + 1, -m : m + 1].reshape(3, -1).T.astype(float)
    reciprocal = np.linalg.inv(lattice).T
    length = np.linalg.norm(grid @ reciprocal, axis=1)
    a, b, c = grid.T
    half = (a > 0) | (b > 0) & (a == 0) | (c > 0) & (a == 0) & (b == 0)
    inside = np.flatnonzero(half & (length <= longest))
    inside = inside[np.argsort(length[inside], kind="stable")]
    return grid[inside], length[inside]


def _scattering_factor(element: int, length: Floats) -> Floats:
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS

    symbol = SYMBOLS[element]
    if symbol not in ATOMIC_SCATTERING_PARAMS:
        raise FeatureError(f"no scattering factor is known for {symbol}")
    a, b = np.array(ATOMIC_SCATTERING_PARAMS[symbol]).T
    s2 = (length / 2) ** 2
    factor: Floats = element - 41.78214 * s2 * (a * np.exp(-b * s2[:, None])).sum(axis=1)
    return factor


def _smeared(angle: Floats, weight: Floats) -> Floats:
    """Return the Gaussian density estimate of the weighted angles at each whole degree."""
    n = weight.sum()
    mean = (weight * angle).sum() / n
    variance = (weight * (angle - mean) ** 2).sum() / (n - 1)
    if not variance > 0:
        raise FeatureError("the powder pattern has a single peak")
    width = BANDWIDTH * np.sqrt(variance)
    distance = (np.arange(LARGEST_ANGLE + 1)[:, None] - angle) / width
    density: Floats = np.exp(-0.5 * distance**2) @ weight / (n * width * np.sqrt(2 * np.pi))
    return density
