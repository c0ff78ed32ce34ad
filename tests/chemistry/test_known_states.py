"""Oxidation states beyond those of known compounds are found, and no known compound is accused."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.known_states import LIGANDS, load_known_states, unknown_states
from formation_mlp.materials.formula.reading import parse_formulas
from support.paths import ROOT

KNOWN = {
    "high oxides": "OsO4 RuO4 Mn2O7 Cl2O7 Re2O7 XeO4 IrO3 CrO3 KMnO4 K2FeO4 Na4XeO6 NaIO4 KBrO4 N2O5",
    "high fluorides": "IF7 ReF7 XeF6 PtF6 UF6 AgF2 AgF3 AuF5 NiF4 PrF4 TbF4 CmF4 SF6 CuF3 K2NiF6 Cs2CoF6 Cs2CuF6",
    "noble gases": "XeF2 XeF4 XeF6 KrF2 XeO3 XeOF4",
    "interhalogens": "ClF ClF3 ClF5 BrF5 IF5 ICl3 IBr",
    "chains": "KO2 Na2O2 BaO2 KO3 CsO2 FeS2 K2S5 Cs2S6 CsI3 RbI3 NaN3 PbN6 HN3 H2O2 VS4 TiS3 LaTe3 Na2S4O6 P4S10",
    "metal-rich": "Cs11O3 Rb9O2 Cs7O Ti6O Zr3O Ag2F B6O NbO Hg2Cl2 Ba3SnO Ti2N Fe4N Y2Cl3",
    "hydrides": "LaH3 CuH PdH K2ReH9 Mg2FeH6 NaBH4 LiAlH4 LaNi5H6 SiH4 B2H6 NH3",
    "carbon": "CO CO2 CH4 CF4 CaC2 Al4C3 Ni(CO)4 Fe(CO)5 KSCN C6H6 CH3NH3PbI3 K3C60 CaCO3 CS2",
    "salts": "NH4NO3 NH4ClO4 BiOCl UO2F2 POCl3 KCrO3Cl H2SO4 KHF2 Na2S2O3 YBa2Cu3O7 LiCoO2 BaBiO3 K2Cr2O7 O2PtF6",
    "soft ligands": "HfSe2 CoSe2 PdSe2 SiTe2 MoTe2 Sc2Te3 Lu2Te3 Ho2S3 Np2S5 Eu3S4 V2Se9 CrTe3 BaSe3 AgTe3 Cs3Te22",
    "chains among three elements": "K2PdSe10 KPSe6 K2PtS15 Tl3B3S10 Rb3AsSe16 Ta4P4S29 AlPI8",
    "borohydrides": "Zr(BH4)4 Hf(BH4)4 U(BH4)4 Al(BH4)3",
    "rare halides": "PBr7 Cs2PuCl6 ThI2 ScI2 LaI Er6I7 PaBr4 BiBr",
    "not asked": "Ni3Al Mg2Si GaAs LaB6 TiC NaTl ThCr2Si2 Fe O2",
}
UNKNOWN = (
    "MnF7 RuF8 OsF8 NF5 ClF7 BrF7 XeF8 ArF2 KrF4 KrCl2 Mn2O9 FeF6 BaF3 NaCl3 NaCl2 Na7Cl OsF7 SF8 LaF4 LaCl4 AgF4 "
    "CuCl3 NiCl4 Os3F Ru3F N2F CuH3 LaH10 HCl3 NH5 LaO2 NaN2 HeO K2MnF7 BiOCl5 Ba3MnF12 LiAlO3 Cl2O9 Li2F "
    "ZrH4 NaS9 ZnSe5 HfTe9 CdBr4"
)


def judged(formulas: str) -> dict[str, str]:
    asked = formulas.split()
    parsed = parse_formulas(asked)
    assert not parsed.failures
    return dict(zip(asked, unknown_states(parsed.compositions), strict=True))


@pytest.mark.parametrize("kind", KNOWN)
def test_no_known_compound_is_accused(kind: str) -> None:
    assert {formula: text for formula, text in judged(KNOWN[kind]).items() if text} == {}


def test_states_that_nobody_knows_are_found() -> None:
    assert [formula for formula, text in judged(UNKNOWN).items() if not text] == []


def test_the_words_name_element_state_ligand_and_what_is_known() -> None:
    assert judged("RuF8 ArF2 NaN2 LaH10 K2MnF7 Mn2O9") == {
        "RuF8": "Ru+8 with F (known: +3 to +6)",
        "ArF2": "Ar+2 with F (known: no compound)",
        "NaN2": "Na+6 with N (known: up to +1 or +9)",
        "LaH10": "La+10 with H (known: up to +3)",
        "K2MnF7": "Mn+5 with F (known: up to +4)",
        "Mn2O9": "Mn+9 with O (known: +2 to +7)",
    }


def test_neither_multiples_nor_order_nor_company_change_a_verdict() -> None:
    formulas = [*UNKNOWN.split(), *" ".join(KNOWN.values()).split()]
    compositions = parse_formulas(formulas).compositions
    alone = [unknown_states(compositions.take([row]))[0] for row in range(len(compositions))]
    assert unknown_states(compositions) == alone
    backwards = Compositions.from_rows(
        (
            compositions.z[a:b][::-1].tolist(),
            (compositions.amount[a:b][::-1] / 7).tolist(),
        )
        for a, b in zip(compositions.row_ptr[:-1], compositions.row_ptr[1:], strict=True)
    )
    assert unknown_states(backwards) == alone


def test_rows_without_elements_are_passed_over() -> None:
    nothing = Compositions.from_rows([((), ()), ((25, 9), (1.0, 7.0)), ((), ())])
    assert [bool(text) for text in unknown_states(nothing)] == [False, True, False]
    assert unknown_states(Compositions.from_rows([])) == []


def test_bounds_are_in_order_and_chains_lie_above() -> None:
    known = load_known_states()
    for low, high in ((known.lowest, known.highest), (known.chain_lowest, known.chain_highest)):
        given = np.isfinite(high)
        assert given.any()
        assert (low[given] <= high[given]).all()
    both = np.isfinite(known.chain_lowest) & np.isfinite(known.highest)
    assert (known.chain_highest[both] >= known.highest[both]).all()
    assert known.highest.shape == (119, len(LIGANDS))


@pytest.mark.skipif(not (ROOT / "../shared/data").exists(), reason="the tables are not here")
def test_few_measured_compounds_are_accused() -> None:
    import pandas as pd

    path = ROOT / "../shared/data/experimental_enthalpies/experimental_formation_enthalpies.csv.gz"
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    texts = unknown_states(parse_formulas(table["formula"].tolist()).compositions)
    withheld = table["formation_enthalpy_per_atom"].isna()  # the table of states was made without these rows
    accused = pd.Series([bool(text) for text in texts])
    assert accused.mean() <= 0.005
    assert accused[withheld].mean() <= 0.02
