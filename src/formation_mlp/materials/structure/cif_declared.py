"""What a CIF declares of its contents (formulas, formula units, density) against the sites that it places."""

from __future__ import annotations

import numpy as np

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.materials.reduced_formula import reduced_formula
from formation_mlp.materials.structure.cif_text import Block, number
from formation_mlp.materials.structure.crystal import ISOTOPES, Crystal
from formation_mlp.materials.structure.declared_sum import DeclaredSum, parse_moiety
from formation_mlp.quoting import quoted

SAME_UNITS = 0.05
"""Formula units in a cell that differ by less are the same but for rounding."""
SAME_DENSITY = 0.05
"""Relative difference of densities up to which they are the same but for rounding, and for cells of two sources."""
GRAMS_PER_CM3 = 1.66053906660
"""Of one atomic mass unit per cubic angstrom (CODATA 2018)."""


def elements_in(crystal: Crystal) -> dict[str, float]:
    """Return the atoms of each element in the cell."""
    numbers, counts = np.unique(crystal.z, return_counts=True)
    return dict(zip((SYMBOLS[z] for z in numbers.tolist()), counts.tolist(), strict=True))


def against_declared(block: Block, crystal: Crystal, declared: DeclaredSum | None, units: float | None) -> list[str]:
    """Return a remark if the sites are not what the file declares.

    Parameters
    ----------
    block
        Of the file.
    crystal
        All atoms of the cell.
    declared
        The sum formula, or None if the file has none that is understood.
    units
        How many times the formula is in the cell, if the file says it.
    """
    text = block.first("_chemical_formula_sum")
    if declared is None and text:
        return [f"the declared formula {quoted(text)} is not understood, nor compared with the sites"]
    remarks = _against_moiety(block, crystal) if declared is None else _against_sum(crystal, declared, units)
    return remarks or _against_density(block, crystal)


def _against_sum(crystal: Crystal, declared: DeclaredSum, units: float | None) -> list[str]:
    contents = elements_in(crystal)
    if not declared.agrees(contents):
        return [f"the file declares {declared.text}, but its sites give {reduced_formula(crystal.z)}"]
    found = sum(contents.values()) / sum(declared.amounts.values())
    if units and not any(abs(found * factor - units) < SAME_UNITS for factor in (1, declared.divisor)):
        return [f"the file declares Z = {units:g} of {declared.text} in the cell, but its sites give Z = {found:.4g}"]
    return []


def _against_moiety(block: Block, crystal: Crystal) -> list[str]:
    """Compare with the formula of the parts, which stands for the sum where there is none."""
    declared = parse_moiety(block.first("_chemical_formula_moiety"))
    if declared is None or declared.agrees(elements_in(crystal)):
        return []
    return [
        f"the file declares {declared.text} (_chemical_formula_moiety), but its sites give {reduced_formula(crystal.z)}"
    ]


def _against_density(block: Block, crystal: Crystal) -> list[str]:
    """Compare with the density that was computed when the structure was published, which needs no formula."""
    import gemmi

    try:
        density = number(block.first("_exptl_crystal_density_diffrn"))
    except ValueError:
        return []
    heavy = any(text in note for note in crystal.notes for text in (f"{one} read as hydrogen" for one in ISOTOPES))
    unknown = "?" in (block.column("_atom_site_occupancy") or [])
    if not density > 0 or heavy or unknown:
        return []
    mass = sum(gemmi.Element(symbol).weight * n for symbol, n in elements_in(crystal).items())
    found = mass * GRAMS_PER_CM3 / abs(float(np.linalg.det(crystal.lattice)))
    if any(abs(found - density / unit) <= SAME_DENSITY * found for unit in (1, 1000)):  # some files have kg/m3
        return []
    return [f"the file declares a density of {density:g} g/cm3, but its sites give {found:.4g} g/cm3"]
