import numpy as np
import pytest

from formation_mlp.units import KJ_PER_MOL, UNITS, suspicion, to_ev_per_atom

# Al2O3, corundum: -1675.7 kJ/mol of formula units (NIST-JANAF tables), five atoms
AL2O3_KJ, N_ATOMS = -1675.7, 5.0


def test_one_electronvolt_per_particle_is_the_faraday_constant_per_mole() -> None:
    elementary_charge, avogadro = 1.602176634e-19, 6.02214076e23  # exact since 2019
    assert pytest.approx(elementary_charge * avogadro / 1000, rel=1e-12) == KJ_PER_MOL


@pytest.mark.parametrize(
    ("unit", "energy"),
    [
        ("eV/atom", -3.473481),
        ("meV/atom", -3473.481),
        ("kJ/mol", AL2O3_KJ / N_ATOMS),
        ("eV/formula", -17.367407),
        ("kJ/mol-formula", AL2O3_KJ),
        ("kcal/mol", AL2O3_KJ / 4.184 / N_ATOMS),
        ("kcal/mol-formula", AL2O3_KJ / 4.184),
        ("J/mol", 1000 * AL2O3_KJ / N_ATOMS),
        ("J/mol-formula", 1000 * AL2O3_KJ),
    ],
)
def test_every_unit_of_one_enthalpy_gives_the_same_energy_per_atom(unit: str, energy: float) -> None:
    converted = to_ev_per_atom(np.array([energy]), unit, np.array([N_ATOMS]))
    assert converted == pytest.approx([-3.473481], abs=2e-6)


def test_each_unit_is_in_the_test_above() -> None:
    assert set(UNITS) == {
        "eV/atom",
        "meV/atom",
        "kJ/mol",
        "eV/formula",
        "kJ/mol-formula",
        "kcal/mol",
        "kcal/mol-formula",
        "J/mol",
        "J/mol-formula",
    }


@pytest.mark.parametrize(
    ("energies", "found"),
    [
        ([-411.2, -601.6], "kJ/mol"),
        ([-0.5, 12.0], "kJ/mol or energies per formula unit"),
        ([-5.1, -7.7, -8.2, -4.9], "total energies"),
    ],
)
def test_energies_that_are_hardly_formation_energies_are_doubted(energies: list[float], found: str) -> None:
    doubt = suspicion(np.array(energies))
    assert doubt is not None
    assert found in doubt


@pytest.mark.parametrize("energies", [[-4.9, -4.8], [-4.4, -4.3, -1.5], [-5.0, -4.6, 0.2], [0.0], [4.9, -3.0]])
def test_plausible_formation_energies_are_not_doubted(energies: list[float]) -> None:
    assert suspicion(np.array(energies)) is None
