"""Crystal structures from CIF.

gemmi reads the syntax and knows the settings of the space groups; what is made of them is checked here, since a file
that leaves the material open must be refused with the reason: symmetry, elements, occupancies, declared formula.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.errors import DataError
from formation_mlp.materials.reduced_formula import reduced_formula
from formation_mlp.materials.structure.cif_cell import UnitCell, expand, whole_sites
from formation_mlp.materials.structure.cif_declared import against_declared, elements_in
from formation_mlp.materials.structure.cif_elements import elements_of
from formation_mlp.materials.structure.cif_sites import Sites, has_sites, sites_of
from formation_mlp.materials.structure.cif_symmetry import Operations, named_orders, possible_operations
from formation_mlp.materials.structure.cif_text import Block, blocks_of, number
from formation_mlp.materials.structure.crystal import Crystal, as_column, crystal_of, lattice_vectors
from formation_mlp.materials.structure.declared_sum import DeclaredSum, parse_sum
from formation_mlp.materials.structure.limits import impossible
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    pass

LENGTHS = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
ANGLES = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")
MOST_COMPARED = 1000
"""Atoms of a cell up to which two settings are compared by all distances; beyond, they count as different."""
SHOWN = 6
"""Structures of a file that are named in a message."""

Reading = tuple[UnitCell, list[str], tuple[str, ...], Operations]


def crystal_from_cif(text: str, name: str | None = None) -> Crystal:
    """Return the structure of a CIF.

    Parameters
    ----------
    text
        Of the file.
    name
        Of the data block, or its number, if there are several structures.

    Raises
    ------
    DataError
        If there is no structure, there are several and none is named, or what it is is not certain.
    """
    named = names_and_blocks(text)
    if name is not None:
        if name not in named:
            raise DataError(f"no structure is called {name!r}. Structures: {', '.join(list(named)[:SHOWN])}")
        return _crystal(named[name])
    if len(named) > 1:
        shown = ", ".join(f"{key} ({_formula_of(block)})" for key, block in list(named.items())[:SHOWN])
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        raise DataError(
            f"{len(named)} structures in one file: {shown}{more}. Name one after a '#', such as "
            f"FILE.cif#{next(iter(named))}"
        )
    return _crystal(next(iter(named.values())))


def names_and_blocks(text: str) -> dict[str, Block]:
    """Return the data blocks that hold atoms by their names, or by their numbers where a name is blank or occurs twice.

    Raises
    ------
    DataError
        If the text is no CIF, or no block holds atoms.
    """
    every = blocks_of(text)
    blocks = [block for block in every if has_sites(block)]
    if not blocks:
        names = ", ".join(repr(block.name) for block in every[:SHOWN])
        raise DataError(f"not readable as CIF: no atoms in it (data block {names})")
    twice = Counter(block.name for block in blocks)
    return {
        block.name if block.name and twice[block.name] == 1 else str(i): block
        for i, block in enumerate(blocks, start=1)
    }


def _formula_of(block: Block) -> str:
    try:
        crystal = _crystal(block)
    except DataError:
        return block.first("_chemical_formula_sum") or "not readable"
    return reduced_formula(crystal.z)


def _crystal(block: Block) -> Crystal:
    lattice = _lattice(block)
    sites = sites_of(block)
    declared = parse_sum(block.first("_chemical_formula_sum"))
    if any(tag.startswith("_space_group_ssg_") or "_cell_wave_vector" in tag for tag in block.values):
        raise DataError("it is a modulated (incommensurate) structure, which has no unit cell of three dimensions")
    readings, errors = [], list[DataError]()
    for operations in possible_operations(block, lattice):
        try:
            readings.append(_reading(sites, declared, operations, lattice))
        except DataError as error:
            errors.append(error)
    if not readings:
        raise errors[0]
    units = _units(block)
    cell, symbols, notes, operations = _likely(readings, declared, units, lattice)
    notes = (*sites.notes, *operations.notes, *notes)
    crystal = crystal_of(lattice, [symbols[i] for i in cell.site.tolist()], cell.frac, notes)
    return crystal.noting(*_remarks(block, crystal, declared, units, operations))


def _lattice(block: Block) -> Floats:
    values = []
    for tag in (*LENGTHS, *ANGLES):
        text = block.first(tag)
        try:
            values.append(number(text))
        except ValueError:
            raise DataError(f"not readable as CIF: {tag} is {repr(text) if text else 'missing'}") from None
    if min(values[:3]) <= 0 or not np.isfinite(values).all():
        raise DataError(f"the cell has edges of {values[0]:g}, {values[1]:g}, {values[2]:g} angstrom")
    return lattice_vectors(np.array(values))


def _units(block: Block) -> float | None:
    """Return how many times the declared formula is in the cell, if the file says it."""
    try:
        return number(block.first("_cell_formula_units_z")) or None
    except ValueError:
        return None


def _reading(sites: Sites, declared: DeclaredSum | None, operations: Operations, lattice: Floats) -> Reading:
    cell = expand(sites.frac, operations, lattice)

    def count(symbols: Sequence[str]) -> Mapping[str, float]:
        weights = np.bincount(cell.site, minlength=len(symbols)) * sites.occupancies
        return _counted(symbols, weights.tolist())

    symbols, notes = elements_of(sites, declared, count)
    keep = whole_sites(sites, symbols, lattice)
    kept = np.isin(cell.site, keep)
    return UnitCell(cell.site[kept], cell.frac[kept]), symbols, notes, operations


def _counted(symbols: Sequence[str], weights: Sequence[float]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for symbol, weight in zip(symbols, weights, strict=True):
        counts["H" if symbol in ("D", "T") else symbol] += weight  # type: ignore[assignment]
    return dict(counts)


def _contents(reading: Reading) -> dict[str, float]:
    cell, symbols, _, _ = reading
    return _counted([symbols[i] for i in cell.site.tolist()], [1.0] * len(cell.site))


def _likely(readings: Sequence[Reading], declared: DeclaredSum | None, units: float | None, lattice: Floats) -> Reading:
    """Return the reading that the declared formula and the distances leave."""
    if len(readings) == 1:
        return readings[0]
    left = [
        reading
        for reading in readings
        if declared is None or declared.agrees(_contents(reading), units if units and units > 0 else None)
    ]
    left = [reading for reading in left or readings if not _is_impossible(reading, lattice)] or left or list(readings)
    few = len(left) == 1 or max(len(reading[0].site) for reading in left) <= MOST_COMPARED
    prints = [_distances(reading, lattice) for reading in left] if few and len(left) > 1 else []
    if few and all(len(a) == len(prints[0]) and np.allclose(a, prints[0], atol=1e-3) for a in prints):
        cell, symbols, notes, operations = left[0]
        others = " or ".join(reading[3].name for reading in readings if reading[3] is not operations)
        note = f"symmetry read as {operations.name}: as {others} it would be no material, or not the one declared"
        return cell, symbols, (*notes, note) if len(left) == 1 else notes, operations
    names = " or ".join(reading[3].name for reading in left)
    raise DataError(
        f"the symmetry is uncertain: the space-group symbol may mean {names}, which are different structures here, and "
        "no symmetry operations are listed. List them (_space_group_symop_operation_xyz)"
    )


def _is_impossible(reading: Reading, lattice: Floats) -> bool:
    cell, symbols, _, _ = reading
    return bool(impossible(as_column([crystal_of(lattice, [symbols[i] for i in cell.site.tolist()], cell.frac)])))


def _distances(reading: Reading, lattice: Floats) -> Floats:
    """Return numbers that tell structures of one cell apart: all distances of its atoms, weighted by their elements."""
    cell, symbols, _, _ = reading
    z = crystal_of(lattice, symbols, np.zeros((len(symbols), 3))).z[cell.site]
    shift = cell.frac[:, None] - cell.frac
    distance = np.linalg.norm((shift - shift.round()) @ lattice, axis=2)
    return np.sort((distance * np.sqrt(np.outer(z, z))).ravel())


def _remarks(
    block: Block, crystal: Crystal, declared: DeclaredSum | None, units: float | None, operations: Operations
) -> list[str]:
    """Return what does not fit together in a file."""
    remarks = against_declared(block, crystal, declared, units)
    multiplicities = block.column("_atom_site_symmetry_multiplicity") or []
    if len(operations) == 1 and any(text.isdigit() and int(text) > 1 for text in multiplicities):
        remarks.append("the file declares sites of several atoms each, but lists no symmetry: each is read as one atom")
    if declared is not None and units and declared.agrees(elements_in(crystal), units):
        return remarks
    symbol, orders = named_orders(block, crystal.lattice)
    if not orders or len(operations) in orders:
        return remarks
    said = f"the file names the space group {symbol}, which has {min(orders)} operations, but lists {len(operations)}"
    if 1 < len(operations) < min(orders):
        raise DataError(f"the symmetry is uncertain: {said}")
    return [*remarks, f"{said}: read as listed"]
