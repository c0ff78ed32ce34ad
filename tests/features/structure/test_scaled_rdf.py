"""Radial distributions in units of radii, against sums written out with pymatgen's neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Element, Lattice, Structure

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.features.base import FeatureBlock
from formation_mlp.features.structure.contacts import RADII, element_radii
from formation_mlp.features.structure.scaled_rdf import NAMES, scaled_rdf
from formation_mlp.materials.inputs import read_structures

RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)


def described(*structures: Structure) -> FeatureBlock:
    block = scaled_rdf().compute(read_structures(list(structures)).materials)
    assert not block.failures
    return block


def summed(
    structure: Structure, radius: str, centre: float, width: float, weight: Callable[[Element, Element], float]
) -> float:
    """Return the mean over the sites of the weighted, damped Gaussians of all neighbours within 7.5 angstrom."""
    radii = element_radii()[RADII.index(radius)]
    total = 0.0
    for site, neighbours in zip(structure, structure.get_all_neighbors(7.5), strict=True):
        for other in neighbours:
            d = other.nn_distance
            x = d / (radii[site.specie.Z] + radii[other.specie.Z])
            damping = 0.5 * (1 + np.cos(np.pi * d / 7.5)) / x**2
            total += weight(site.specie, other.specie) * damping * np.exp(-0.5 * ((x - centre) / width) ** 2)
    return total / len(structure)


def electronegativity_product(a: Element, b: Element) -> float:
    chi = select_properties("magpie", ("Electronegativity",)).values[:, 0]
    scaled = (chi - np.nanmean(chi)) / np.nanstd(chi)
    return float(scaled[a.Z] * scaled[b.Z])


@pytest.mark.parametrize(
    ("name", "radius", "centre", "width", "weight"),
    [
        ("count at 1.18 (covalent radii)", "covalent", 1.18, 0.12, lambda a, b: 1.0),
        ("count at 1.04 (elemental_solid radii)", "elemental_solid", 1.04, 0.09, lambda a, b: 1.0),
        ("count at 0.75 (van_der_waals radii)", "van_der_waals", 0.75, 0.09, lambda a, b: 1.0),
        ("same element at 1.54 (covalent radii)", "covalent", 1.54, 0.12, lambda a, b: float(a == b)),
        (
            "squared electronegativity difference at 1.06 (covalent radii)",
            *("covalent", 1.06, 0.12, lambda a, b: (a.X - b.X) ** 2),
        ),
        ("Electronegativity product at 1.30 (covalent radii)", "covalent", 1.30, 0.12, electronegativity_product),
    ],
)
def test_values_are_the_sums_of_their_definition(
    name: str, radius: str, centre: float, width: float, weight: Callable[..., Any]
) -> None:
    found = described(RUTILE).X[0, NAMES.index(name)]
    # Gaussians end at four standard deviations, at 0.0003 of their height, and products may have either sign.
    assert found == pytest.approx(summed(RUTILE, radius, centre, width, weight), rel=3e-3)
    assert abs(found) > 1e-3


def test_values_change_smoothly_as_an_atom_passes_the_cutoff() -> None:
    edges = np.linspace(7.45, 7.55, 21)
    X = described(*(Structure(Lattice.cubic(a), ["Fe"], [[0, 0, 0]]) for a in edges)).X
    assert np.abs(np.diff(X, axis=0)).max() < 1e-3


def test_rows_with_an_element_of_unknown_properties_are_counted_and_have_numbers() -> None:
    block = described(RUTILE, Structure(Lattice.cubic(4), ["Ne"], [[0, 0, 0]]))
    assert np.isfinite(block.X).all()
    assert block.missing["Electronegativity product at 1.30 (covalent radii)"] == 1
    assert "count at 1.18 (covalent radii)" not in block.missing
