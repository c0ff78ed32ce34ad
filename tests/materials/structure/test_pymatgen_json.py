"""JSON of pymatgen: numbers that are given twice and differ are said, keys that stand twice are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from formation_mlp.errors import DataError
from formation_mlp.materials.structure.pymatgen_json import crystal_from_json
from support.structures import rock_salt


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda fields: None, ""),
        (lambda fields: fields["lattice"].update(a=9.0), "which are not the 'a', 'b', 'c' beside it"),
        (lambda fields: fields["lattice"].update(pbc=[True, True, False]), "not periodic in all directions"),
        (lambda fields: fields["sites"][1].update(xyz=[1.0, 1.0, 1.0]), "read with the 'abc' of site 2"),
        (lambda fields: fields["sites"][1].pop("abc"), ""),
        (lambda fields: fields["lattice"].pop("matrix"), ""),
    ],
)
def test_numbers_that_contradict_each_other_are_said(change: Callable[[dict[str, Any]], object], note: str) -> None:
    fields = rock_salt("Na", "Cl", 5.64).as_dict()
    change(fields)
    if "matrix" not in fields["lattice"]:
        for site in fields["sites"]:
            site.pop("xyz")  # the cell is turned
    notes = "; ".join(crystal_from_json(fields).notes)
    assert note in notes
    assert bool(note) == bool(notes)


def test_a_key_that_stands_twice_is_refused() -> None:
    text = json.dumps(rock_salt("Na", "Cl", 5.64).as_dict())
    with pytest.raises(DataError, match="the key 'element' occurs twice"):
        crystal_from_json(text.replace('"element": "Na"', '"element": "Na", "element": "K"', 1))
