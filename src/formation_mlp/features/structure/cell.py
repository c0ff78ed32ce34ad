"""Features of the cell as a whole: density, and the eigenvalues of the sine Coulomb matrix."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.errors import ConfigError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import MATMINER_2018
from formation_mlp.features.structure.rows import broken_cells, failed_rows, structures_of
from formation_mlp.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from formation_mlp.materials.records import Materials

FABER_2015 = (
    "F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Crystal structure representations for machine learning "
    "models of formation energies, Int. J. Quantum Chem. 115, 1094-1101 (2015). doi:10.1002/qua.24917"
)

GRAM_PER_CM3 = 1.66053906892
"""One atomic mass unit per cubic angstrom (CODATA 2022)."""
BOHR_PER_ANGSTROM = 1.8897543773133647
"""As matminer has it: the "angstrom star" of X-ray tables, 1.5e-5 longer than the angstrom."""
MATRIX_ENTRIES_AT_ONCE = 300_000


@cache
def _masses_and_radii() -> tuple[Floats, Floats]:
    """Return atomic mass (u) and radius (angstrom, NaN if unknown) by atomic number, ``[119]`` each."""
    table = select_properties("pymatgen", ("atomic_mass", "atomic_radius"))
    return table.values[:, 0], table.values[:, 1]


def density() -> Preset:
    """Return the preset of matminer's ``DensityFeatures``.

    Columns: density (g/cm3), volume per atom (cubic angstrom), and the fraction of the cell that
    spheres of the atomic radii fill. Radii are those of Slater, J. Chem. Phys. 41, 3199 (1964), as
    pymatgen gives them; for elements without one (He, Ne, Kr, Xe, At, Rn, Fr, Cm and beyond) the packing
    fraction is missing, where matminer raises.
    """

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        masses, radii = _masses_and_radii()
        n = len(structures)
        row_of_site = np.repeat(np.arange(n), structures.n_sites)
        mass = np.bincount(row_of_site, weights=masses[structures.z], minlength=n)
        filled = 4 / 3 * np.pi * np.bincount(row_of_site, weights=radii[structures.z] ** 3, minlength=n)
        with np.errstate(divide="ignore", invalid="ignore"):
            volume = np.abs(np.linalg.det(structures.lattice))
            X = np.stack([GRAM_PER_CM3 * mass / volume, volume / structures.n_sites, filled / volume], axis=1)
        block = failed_rows(X, broken_cells(structures))
        missing = int(np.isnan(X[:, 2]).sum()) - len(block.failures)
        return FeatureBlock(X, block.failures, {"packing fraction": missing} if missing else {})

    names = ("density", "vpa", "packing fraction")
    return Preset(names, compute, needs_structure=True, citation=MATMINER_2018)


def sine_coulomb(n_eigenvalues: int = 60) -> Preset:
    """Return the preset of the eigenvalues of the sine Coulomb matrix (matminer's ``SineCoulombMatrix``).

    The matrix of a cell of ``k`` sites has 0.5 Z_i^2.4 on its diagonal and Z_i Z_j / r_ij beside it,
    r_ij (bohr) the length of the vector sum_a sin^2(pi (f_ia - f_ja)) a (Faber et al., Int. J. Quantum Chem.
    115, 1094 (2015)). Its eigenvalues fall from the largest on and are padded with zeros; of a cell with
    more sites the ``n_eigenvalues`` largest are kept. They are matminer's numbers, but matminer leaves
    them in the order of its eigensolver, which changes with the order of the sites, and raises for a cell
    larger than any it was fitted to. They stay the same when sites are permuted or all shifted together. They
    differ between two cells of one crystal: the matrix is one of the cell.

    Parameters
    ----------
    n_eigenvalues
        Number of columns.

    Raises
    ------
    ConfigError
        If ``n_eigenvalues`` is less than one.
    """
    if n_eigenvalues < 1:
        raise ConfigError(f"sine_coulomb.n_eigenvalues: found {n_eigenvalues}; give a whole number of at least 1.")

    def compute(materials: Materials) -> FeatureBlock:
        structures = structures_of(materials)
        failures = broken_cells(structures)
        X = np.zeros((len(structures), n_eigenvalues))
        usable = np.setdiff1d(np.arange(len(structures)), list(failures))
        for rows in _equal_sizes(usable, structures.n_sites):
            group = structures.take(rows)
            n = int(group.n_sites[0])
            matrix, clash = _sine_matrices(group.lattice, group.z.reshape(-1, n), group.frac.reshape(-1, n, 3))
            failures |= {int(row): "two sites lie on the same point" for row in rows[clash]}
            values = np.linalg.eigvalsh(matrix)
            X[rows, :n] = values[:, ::-1][:, :n_eigenvalues]
        return failed_rows(X, failures)

    return Preset(
        tuple(f"sine coulomb matrix eig {i}" for i in range(n_eigenvalues)),
        compute,
        needs_structure=True,
        citation=FABER_2015,
    )


def _equal_sizes(rows: Ints, n_sites: Ints) -> Iterator[Ints]:
    """Yield groups of rows with equally many sites, small enough to keep their matrices in memory."""
    for n in np.unique(n_sites[rows]):
        same = rows[n_sites[rows] == n]
        step = max(1, MATRIX_ENTRIES_AT_ONCE // int(n) ** 2)
        yield from (same[i : i + step] for i in range(0, len(same), step))


def _sine_matrices(lattice: Floats, z: Ints, frac: Floats) -> tuple[Floats, Bools]:
    """Return the matrices ``[g, n, n]`` of a group and which of them hold two sites on one point, ``[g]``."""
    n = z.shape[1]
    sine = np.sin(np.pi * (frac[:, :, None, :] - frac[:, None, :, :])) ** 2
    distance = BOHR_PER_ANGSTROM * np.linalg.norm(sine @ lattice[:, None], axis=3)
    diagonal = np.arange(n)
    distance[:, diagonal, diagonal] = np.inf
    clash = distance.min(axis=(1, 2)) < 1e-8
    distance[clash] = np.inf
    charge = z.astype(float)
    matrix = charge[:, :, None] * charge[:, None, :] / distance
    matrix[:, diagonal, diagonal] = 0.5 * charge**2.4
    return matrix, clash
