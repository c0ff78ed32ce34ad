"""More anions than known states can charge: energies of such compounds are too low, and no hull leans on them."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.chemistry.excess_anions import has_excess_anions
from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.hulls.known_phases import known_phases
from formation_mlp.materials.formula.reading import parse_formulas

KNOWN = """
OsO4 RuO4 Mn2O7 KMnO4 IF7 ReF7 XeF6 PtF6 UF6 AgF2 KO2 Na2O2 BaO2 FeS2 Cs11O3 LaH3 H2O2 KO3 CsI3 PBr7 HfSe2 Cs2PuCl6
K3NbO8 U(BH4)4 Tb6Br7 S8O NaCl LiFePO4 Fe3O4 HClO4 CuSO4H10O5 N2O5 ClF3 K2ReH9 O2F2
"""
PROPOSED = "NaCl3 NaCl7 LiO8 KF3 BaF3 FeF6 SiH8 GdCO4 CsNaF3 Na2YF6 NdO2"


@pytest.mark.parametrize(("text", "expected"), [(KNOWN, False), (PROPOSED, True)])
def test_known_compounds_pass_and_proposed_ones_do_not(text: str, expected: bool) -> None:
    formulas = text.split()
    found = has_excess_anions(parse_formulas(formulas).compositions)
    assert [formula for formula, one in zip(formulas, found, strict=True) if one != expected] == []


def test_elements_empty_rows_and_other_ligands_say_nothing() -> None:
    read = parse_formulas(["O2", "Xx", "CsI9", "Na99Pb", "NaCl3"])
    assert has_excess_anions(read.compositions).tolist() == [False, False, False, False, True]
    assert has_excess_anions(read.compositions.take([])).tolist() == []


def test_few_known_phases_have_them_and_all_of_these_are_flagged() -> None:
    phases = known_phases("mp2020").compositions
    excess = has_excess_anions(phases)
    assert 0 < excess.mean() < 0.005
    assert all(unknown_states(phases.take(np.flatnonzero(excess))))
