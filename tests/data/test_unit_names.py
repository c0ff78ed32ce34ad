"""What numbers in eV/atom are called, whatever unit the name of their column carries."""

from __future__ import annotations

import pytest

from formation_mlp.data.unit_names import name_in, unit_in


@pytest.mark.parametrize(
    "energy", ["kJ/mol", "kJ mol⁻¹", "kJ·mol−1", "kJ per mol", "kcal/mol", "J/mol", "meV/atom", "Ry"]
)
@pytest.mark.parametrize(
    "written", ["Hf ({})", "Hf [{}]", "Hf, {}", "Hf in {}", "Hf / {}", "Hf_{}", "Hf ({}) exp", "Hf (exp., {})"]
)
def test_no_other_unit_stays_in_the_name(written: str, energy: str) -> None:
    called = name_in("eV/atom", written.format(energy))
    assert called.startswith("Hf")
    assert not unit_in(called).energy
    assert energy not in called


@pytest.mark.parametrize(
    ("column", "called"),
    [
        ("formation_energy_per_atom", "formation_energy_per_atom"),
        ("E_f [eV/at]", "E_f [eV/at]"),
        ("E_f (eV)", "E_f"),
        ("Ef (eV/f.u.)", "Ef"),
        ("formation_enthalpy_per_formula_unit", "formation_enthalpy"),
        ("Bildungswärme in kJ/mol", "Bildungswärme"),
        ("dHf_kcal_per_mol", "dHf"),
        ("H (kJ/(mol atoms))", "H"),
        ("kJ/mol", "energy"),
        ("level", "level"),
        ("energy above hull (PBE)", "energy above hull (PBE)"),
    ],
)
def test_what_is_no_other_unit_stays(column: str, called: str) -> None:
    assert name_in("eV/atom", column) == called


def test_a_class_keeps_its_name() -> None:
    assert name_in("", "above 3 eV") == "above 3 eV"
