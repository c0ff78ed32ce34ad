"""Which elements are anions, and which kind a compound is of, from the formula alone."""

from __future__ import annotations

import pytest

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.scales.ions import Ions, ions_of
from formation_mlp.scales.kinds import KINDS, kinds_of, remark


def ions(formula: str) -> tuple[Ions, dict[str, int]]:
    """Return the ions of a formula, and the sign of each of its elements."""
    compositions = parse_formulas([formula]).compositions
    found = ions_of(compositions)
    return found, dict(zip((SYMBOLS[z] for z in compositions.z.tolist()), found.sign.tolist(), strict=True))


@pytest.mark.parametrize(
    ("formula", "anions", "cations"),
    [
        ("NaCl", "Cl", ""),
        ("BiOCl", "O Cl", ""),
        ("NaClO4", "O", "Cl"),
        ("BaSO4", "O", "S"),
        ("La2O2S", "O S", ""),
        ("NaNO3", "O", "N"),
        ("TaNO", "N O", ""),
        ("NH4Cl", "N Cl", "H"),
        ("LiH", "H", ""),
        ("NaOH", "O", "H"),
        ("Mg2Si", "Si", ""),
        ("Mg2SiO4", "O", "Si"),
        ("KIO3", "O", "I"),
        ("Na2SeO3", "O", "Se"),
        ("GaSb", "Sb", ""),
    ],
)
def test_anions_and_cations_are_those_of_the_textbook(formula: str, anions: str, cations: str) -> None:
    found, sign = ions(formula)
    assert {symbol for symbol, value in sign.items() if value < 0} == set(anions.split())
    assert {symbol for symbol, value in sign.items() if value > 0} == set(cations.split())
    assert found.balanced.all()


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("Na2O", "oxide"),
        ("Na2O2", "peroxide"),
        ("BaO2", "peroxide"),
        ("H2O2", "peroxide"),
        ("KO2", "superoxide"),
        ("CsO3", "ozonide"),
        ("MnO2", "oxide"),
        ("PbO2", "oxide"),
        ("KMnO4", "oxide"),
        ("OsO4", "oxide"),
        ("Na2CO4", "mixed"),
        ("NaCl", "none"),
        ("O2", "none"),
    ],
)
def test_oxygen_is_what_the_other_elements_can_pay_for(formula: str, kind: str) -> None:
    assert ions(formula)[0].oxygen == [kind]


def test_the_most_electronegative_element_is_the_anion_where_nothing_balances() -> None:
    found, sign = ions("Ba3Si4")
    assert (sign["Si"], found.balanced.tolist()) == (-1, [False])
    assert ions("FeS2")[1] == {"Fe": 0, "S": -1}  # pairs of S, of which each has one electron
    assert set(ions("FeAl")[1].values()) == {0}


def test_an_element_that_may_be_either_is_named() -> None:
    found, sign = ions("Mn4Be3Ge3SO12")  # helvite holds a sulfide ion
    assert found.doubtful == {0: [ATOMIC_NUMBER["S"]]}
    assert sign["S"] == -1
    compositions = parse_formulas(["Mn4Be3Ge3SO12"]).compositions
    kind = kinds_of(compositions, found)[0]
    assert kind == "doubtful"
    assert remark(kind, found.doubtful[0]).startswith("S may be anion or cation")


def test_a_formula_and_its_multiple_are_the_same() -> None:
    compositions = parse_formulas(["Na2O2", "NaO", "Fe2O3", "Fe4O6", "FeO1.5"]).compositions
    found = ions_of(compositions)
    assert kinds_of(compositions, found) == ["peroxides", "peroxides", "oxides", "oxides", "oxides"]


def test_a_formula_that_could_not_be_read_and_an_element_are_no_compounds() -> None:
    compositions = parse_formulas(["?", "Fe"]).compositions
    found = ions_of(compositions)
    assert found.balanced.tolist() == [False, False]
    assert set(kinds_of(compositions, found)) <= set(KINDS)
