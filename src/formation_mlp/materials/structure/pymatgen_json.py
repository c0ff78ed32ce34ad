"""Crystal structures from pymatgen's JSON.

Lattice, species and coordinates are read, and nothing else: pymatgen's decoder imports whatever module a file names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.materials.structure.cif_sites import FULL, OVERFULL
from formation_mlp.materials.structure.crystal import ISOTOPES, Crystal, crystal_of, lattice_vectors
from formation_mlp.materials.structure.limits import MAX_SITES
from formation_mlp.system.tensor_file import each_once
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    pass

NOT_ONE = "not a pymatgen structure in JSON"
SAME_LENGTH = 0.01
"""Lengths of one file that differ by less, in angstrom, are the same but for rounding."""
PARAMETERS = ("a", "b", "c", "alpha", "beta", "gamma")


def crystal_from_json(content: str | Mapping[str, Any]) -> Crystal:
    """Return the structure that pymatgen's JSON describes, or the one in an entry of the Materials Project.

    Raises
    ------
    DataError
        If the content is something else, or a number in it is missing.
    """
    if isinstance(content, str):
        try:
            content = json.loads(content, object_pairs_hook=each_once)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{NOT_ONE}: {error}") from error
    if isinstance(content, Sequence) and len(content) == 1 and isinstance(content[0], Mapping):
        content = content[0]
    if isinstance(content, Sequence) and sum(map(is_structure, content)) > 1:
        raise DataError(f"{len(content)} structures in one file. Give one structure a file, or a table with --csv")
    if isinstance(content, Mapping) and "sites" not in content and isinstance(content.get("structure"), Mapping):
        content = content["structure"]
    if not is_structure(content):
        keys = ", ".join(map(str, list(content)[:6])) if isinstance(content, Mapping) else type(content).__name__
        raise DataError(
            f"{NOT_ONE}: 'lattice' and 'sites' are expected, found {keys or 'nothing'}. Tables go with --csv"
        )
    return _crystal(content)


def is_structure(content: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether parsed JSON has the parts of a structure."""
    return isinstance(content, Mapping) and isinstance(content.get("sites"), list) and "lattice" in content


def _crystal(content: Mapping[str, Any]) -> Crystal:
    sites = content["sites"]
    if not sites:
        raise DataError(f"{NOT_ONE}: it has no sites")
    if len(sites) > MAX_SITES:
        raise DataError(f"it holds {len(sites):,} sites; at most {MAX_SITES:,} per cell can be read")
    lattice = _lattice(content["lattice"])
    symbols = [_symbol(site, i) for i, site in enumerate(sites, start=1)]
    frac = np.array([_place(site, i, lattice) for i, site in enumerate(sites, start=1)])
    return crystal_of(lattice, symbols, frac, _doubts(content, lattice, frac))


def _doubts(content: Mapping[str, Any], lattice: Floats, frac: Floats) -> list[str]:
    """Return remarks on numbers that are given twice and differ, and on directions without period."""
    doubts, fields = [], content["lattice"] if isinstance(content["lattice"], Mapping) else {}
    if "matrix" in fields and all(name in fields for name in PARAMETERS):
        stated = _numbers([fields[name] for name in PARAMETERS], (6,), "the lattice")
        edges = np.linalg.norm(lattice, axis=1)
        if np.abs(stated[:3] - edges).max() > SAME_LENGTH:
            shown = ", ".join(f"{edge:.4g}" for edge in edges)
            doubts.append(f"read with the edges {shown} of the matrix, which are not the 'a', 'b', 'c' beside it")
    cartesian = [site.get("xyz") for site in content["sites"]]
    for i, (place, other) in enumerate(zip(frac @ lattice, cartesian, strict=True), start=1):
        if other is not None and np.abs(place - _numbers(other, (3,), f"site {i}: 'xyz'")).max() > SAME_LENGTH:
            doubts.append(f"read with the 'abc' of site {i}, which is another place than the 'xyz' beside it")
            break
    if not all(fields.get("pbc") or [True]):
        doubts.append("not periodic in all directions, but read as if it were")
    return doubts


def _lattice(lattice: object) -> Floats:
    fields = lattice if isinstance(lattice, Mapping) else {"matrix": lattice}
    if "matrix" in fields:
        return _numbers(fields["matrix"], (3, 3), "the matrix of the lattice")
    values = _numbers([fields.get(name) for name in PARAMETERS], (6,), f"the lattice ({', '.join(PARAMETERS)})")
    return lattice_vectors(values)


def _place(site: Mapping[str, Any], i: int, lattice: Floats) -> Floats:
    if site.get("abc") is not None:
        return _numbers(site["abc"], (3,), f"site {i}: 'abc'")
    cartesian = _numbers(site.get("xyz"), (3,), f"site {i}: 'xyz'")
    try:
        place = np.linalg.solve(lattice.T, cartesian).astype(np.float64)
    except np.linalg.LinAlgError:
        raise DataError("the cell has no volume") from None
    return place


def _numbers(value: object, shape: tuple[int, ...], where: str) -> Floats:
    wanted = " by ".join(map(str, shape))
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if numbers.shape != shape:
        raise DataError(f"{NOT_ONE}: {where}: {wanted} numbers are expected, found {str(value)[:60]!r}")
    if not np.isfinite(numbers).all():
        raise DataError(f"{where}: a number is not finite")
    return numbers


def _symbol(site: object, i: int) -> str:
    species = site.get("species") if isinstance(site, Mapping) else None
    if not isinstance(species, list) or not species or not all(isinstance(one, Mapping) for one in species):
        raise DataError(f"{NOT_ONE}: site {i} names no species")
    symbols = {_element(one, i) for one in species}
    shares = [one.get("occu", 1) for one in species]
    if not all(isinstance(share, int | float) and share > 0 for share in shares):
        raise DataError(f"site {i}: its occupancy {shares[0]!r} is not above 0")
    total = sum(shares)
    if len(symbols) > 1 or total < FULL:
        raise DataError(f"it has partially occupied sites (site {i}). Give an ordered structure.")
    if total > OVERFULL:
        raise DataError(f"site {i}: its occupancy {total:g} exceeds 1")
    return symbols.pop()


def _element(species: Mapping[str, Any], i: int) -> str:
    text = symbol = str(species.get("element", ""))
    if "Dummy" in str(species.get("@class", "")) or not (symbol in ATOMIC_NUMBER or symbol in ISOTOPES):
        raise DataError(f"site {i}: it holds a species that is no element: {text[:20]!r}")
    return symbol
