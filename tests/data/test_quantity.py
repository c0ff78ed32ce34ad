"""A target's column as words, without its unit."""

from __future__ import annotations

import pytest

from formation_mlp.data.quantity import quantity_words


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("formation_energy_per_atom", "formation energy"),
        ("formation_energy_peratom", "formation energy"),
        ("formation_energy_ev_per_atom", "formation energy"),
        ("E_f [eV/at]", "formation energy"),
        ("E_f[eV/atom]", "formation energy"),
        ("e_form", "formation energy"),
        ("ΔE_f (meV/atom)", "formation energy"),
        ("Hf (kJ/mol)", "formation enthalpy"),
        ("dHf_kJ_mol", "formation enthalpy"),
        ("formation_enthalpy_per_atom", "formation enthalpy"),
        ("energy above hull (PBE)", "energy above hull (PBE)"),
        ("band_gap_eV", "band gap"),
        ("is_stable", "is stable"),
        ("level", "level"),
        ("eV", "eV"),
    ],
)
def test_the_unit_of_a_column_is_no_part_of_its_quantity(column: str, words: str) -> None:
    assert quantity_words(column) == words
