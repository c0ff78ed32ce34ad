"""Texts without a single meaning are refused, what is hardly meant has a remark, and messages are short and helpful."""

from __future__ import annotations

import pytest

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.plausible import is_charge_balanced, is_plausible
from formation_mlp.materials.formula import reading as formula_module
from formation_mlp.materials.formula.reading import parse_formulas


def amounts(formula: str) -> dict[int, float]:
    parsed = parse_formulas([formula])
    assert not parsed.failures, parsed.failures
    return dict(zip(parsed.compositions.z.tolist(), parsed.compositions.amount.tolist(), strict=True))


def reason(formula: str) -> str:
    parsed = parse_formulas([formula])
    assert list(parsed.failures) == [0], (formula, parsed.compositions.formulas())
    return parsed.failures[0]


REFUSED = {
    # oxidation states
    "Fe(III)2O3": "oxidation state. Leave it out. Did you mean Fe2O3?",
    "Cu(II)O": "Did you mean CuO?",
    "Ti(IV)O2": "Did you mean TiO2?",
    "Mn(II,III)3O4": "'(II,III)' is an oxidation state. Leave it out. Did you mean Mn3O4?",
    "Cu(I)2O": "may be an oxidation state",
    "V(v)": "Did you mean V?",
    "K(I)": "Did you mean K or KI?",
    "Na(V)O3": "Did you mean NaVO3?",
    "Fe(3+)2O3": "Did you mean Fe2O3?",
    "Fe (III) Cl3": "Did you mean Fe Cl3?",
    "Pb[II]O": "Did you mean PbO?",
    "Zr{IV}O2": "Did you mean ZrO2?",
    "[Fe(II)(CN)6]": "oxidation state",
    "FeIII2O3": "'III' may be an oxidation state or atoms of I and V",
    "CuIIO": "Did you mean CuO?",
    "La(x)MnO3": "'x' is a variable amount",
    # adducts
    "NiCl2.6NH3": "the dot of '2.6NH3' may be a decimal point or join",
    "CaCl2.4CH3OH": "the dot of '2.4CH3OH'",
    "LiBr.2CH3CN": "the dot of '.2CH3CN'",
    "AlCl3.2SO2": "the dot of '3.2SO2'",
    "CaCl2.2KBr": "the dot of '2.2KBr'",
    "KCl.MgCl2.6NH3": "the dot of '2.6NH3'",
    "Fe.5H2O": "the dot of '.5H2O'",
    "MgCl2.6H20": "the digit 0 for the letter O",
    "CuSO4·5H20": "'H20' holds the digit 0. Write water with the letter: H2O. Did you mean CuSO4·5H2O?",
    "CaSO4·1/0H2O": "divides by 0",
    # zeros
    "Si02": "'02' begins with the digit 0. Write the letter O for oxygen. Did you mean SiO2?",
    "Ca3(P04)2": "Did you mean Ca3(PO4)2?",
    "LiFeP04": "Did you mean LiFePO4?",
    "Mg0": "Did you mean MgO?",
    "Ca(0H)2": "Did you mean Ca(OH)2?",
    # l, I and 1
    "A1Cl3": "Did you mean AlCl3?",
    "AI2O3": "Did you mean Al2O3?",
    "A1203": "Did you mean Al2O3",
    "Pbl2": "Did you mean PbI2?",
    "Nal": "Did you mean NaI",
    "Tll": "Did you mean TlI?",
    "TIO2": "Did you mean TiO2?",
    "CDTE": "Did you mean CdTe?",
    # blanks
    "Na2O 2SiO2": "stands after a blank and before what may be counted by it",
    "[Co(NH3)6] 3Cl": "the number 3 stands after a blank",
    "Ca(OH)2 2H2O": "Did you mean Ca(OH)2·2H2O?",
    "NaCl 225": "the number 225 after a blank may be an amount or something else, such as a space group",
    "Na Cl 225": "Did you mean Na Cl?",
    "CO 2": "Did you mean CO2?",
    "Fe 2O3": "Did you mean Fe2O3?",
    "NaCl MgO": "a blank stands between what may be two formulas",
    "Fe FeO": "a blank stands between what may be two formulas",
    "(NaCl MgO)2": "a blank stands between what may be two formulas",
    "Li FePO4": "may be two formulas. Give one formula a row; leave out blanks within one. Did you mean LiFePO4?",
    "Pt TiO2": "a blank stands between what may be two formulas",
    "Fe Al2O3": "a blank stands between what may be two formulas",
    "Li CoO2": "a blank stands between what may be two formulas",
    "NH4 NO3": "a blank stands between what may be two formulas",
    "Pd C2H4": "a blank stands between what may be two formulas",
    "W CO": "a blank stands between what may be two formulas",
    "SI O2": "a blank stands between what may be two formulas",
    "K SO4": "a blank stands between what may be two formulas",
    "Cu SO4 5H2O": "the number 5 stands after a blank",
    # digits
    "Fe₂3O": "a subscript beside an ordinary digit",
    "Fe3₂O": "a subscript beside an ordinary digit",
    "Ni0.₅O": "a subscript beside an ordinary digit",
    "CuSO₄5H₂O": "Did you mean CuSO₄·5H₂O?",
    # remarks, phases, names, ids
    "NaCl (cubic)": "'(cubic)' is a remark and no part of the formula. Leave it out. Did you mean NaCl?",
    "TiO2(rutile)": "Did you mean TiO2?",
    "Fe2 Co O4 2+": "'2+' cannot be read: it is a charge, which has no place in a formula here. Leave it out.",
    "S O4 2-": "'2-' cannot be read: it is a charge",
    "SO4^2-": "'^2-' cannot be read: it is a charge, which has no place in a formula here. Leave it out.",
    "[Fe(CN)6]4-": "'4-' cannot be read: it is a charge",
    "Fe3+": "'+' cannot be read: it is a charge, which has no place in a formula here. Leave it out.",
    "Cu Cl2 -": "'-' cannot be read: it is a charge, which has no place in a formula here. Leave it out. Did you mean",
    "(rutile) TiO2": "Did you mean TiO2?",
    "Si (Fd-3m)": "'(Fd-3m)' is a remark",
    "Fe2O3(s)": "'(s)' is a label of state. Leave it out. Did you mean Fe2O3?",
    "TiO2-rutile": "'-rutile' is a remark",
    "TiO2 anatase powder": "'anatase powder' is a remark",
    "α-Al2O3": "'α' cannot be read: it names a phase or a place. Leave it out. Did you mean Al2O3?",
    "gamma-Al2O3": "Did you mean Al2O3?",
    "2H-MoS2": "Did you mean MoS2?",
    "mp-149": "the id of a database entry",
    "iron": "'iron' is a name. Write the formula. Did you mean Fe?",
    "water": "Did you mean H2O?",
    "cubic": "looks like a name",
    "silicon dioxide": "looks like a name",
    "iron(III) oxide": "looks like a name",
    "7647-14-5": "a CAS registry number",
    "1E+05": "A spreadsheet may have changed it",
    "2-Mar": "a date that a spreadsheet made",
    # several materials, ratios, markup
    "Fe0.5%": "'%' cannot be read",
    "Al:Mg": "a ratio or a dopant",
    "GaAs/AlAs": "it stands between two materials",
    "Na-Cl": "names a chemical system and no amounts. Write a formula. Did you mean NaCl?",
    "Li-Fe-O": "names a chemical system",
    "LiNi0,5Mn1,5O4": "',' cannot be read. Write a plain decimal number",
    "TiO2_225": "'_225' is a remark and no part of the formula. Leave it out. Did you mean TiO2?",
    "NaCl_mp-22862": "Did you mean NaCl?",
    "(Mg,Fe)2SiO4": "elements that share a place",
    "Fe<sub>2</sub>O<sub>3</sub>": "it belongs to HTML or LaTeX. Write amounts as plain digits. Did you mean Fe2O3?",
    "Fe$_2$O$_3$": "Did you mean Fe2O3?",
    "Fe_{2}O_{3}": "Did you mean Fe2O3?",
    "2NaCl": "leave out a factor of the whole formula. Did you mean NaCl?",
    "[13C]O2": "names an isotope by its mass",
    # signs
    "NaСl": "sign 3 is CYRILLIC CAPITAL LETTER ES (U+0421) and not 'C'. Write 'C'. Did you mean NaCl?",
    "CuΟ": "GREEK CAPITAL LETTER OMICRON",
    "Ｆｅ２Ｏ３": "FULLWIDTH LATIN CAPITAL LETTER F (U+FF26) and not 'F'. Write 'F'. Did you mean Fe2O3?",
    "𝐍𝐚𝐂𝐥": "MATHEMATICAL BOLD CAPITAL N",
    "Na\u200bCl": "sign 3 is ZERO WIDTH SPACE (U+200B), which is not seen and cannot be read. Take it out.",
    "NaCl\u200b": "sign 5 is ZERO WIDTH SPACE",
    "Na\ufeffCl": "sign 3 is ZERO WIDTH NO-BREAK SPACE",
    "NaCl\u202e": "RIGHT-TO-LEFT OVERRIDE",
    "NaCl\0": "sign 5 is NULL (U+0000)",
    "NaCl\x1f": "sign 5 is UNIT SEPARATOR",
    "NaCl\x7f": "sign 5 is DELETE",
    "NaCl\ud800": "a sign without a name (U+D800)",
    "NaCl😀": "GRINNING FACE",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_what_has_no_single_meaning_is_refused_and_the_reason_named(formula: str) -> None:
    assert REFUSED[formula] in reason(formula)


@pytest.mark.parametrize("formula", [*REFUSED, "NACL", "nacl", "FE2O3", "POSCAR", "Xx2O", "LixCoO2", "na cl", "Fe3+"])
def test_what_is_suggested_can_be_read_itself(formula: str) -> None:
    _, asked, offered = reason(formula).partition("Did you mean ")
    for suggestion in offered.removesuffix("?").split(" or ") if asked else []:
        assert parse_formulas([suggestion]).failures == {}


@pytest.mark.parametrize(
    "formula", ["SnII2", "PbII2PbIVO4", "Cs2AuIAuIIICl6", "Li(1-x)CoO2", "(La1-xSrx)MnO3", "Yes", "Ba(Zr1-xYx)O3"]
)
def test_nothing_is_suggested_where_every_guess_would_be_another_compound(formula: str) -> None:
    assert "Did you mean" not in reason(formula)


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        ("Cu(NO3)2·2.5H2O", "Cu2N4O17H10"),
        ("Cu(NO3)2 · 2.5 H2O", "Cu2N4O17H10"),
        ("CaSO4·½H2O", "Ca2S2O9H2"),
        ("CaSO4·1/2H2O", "Ca2S2O9H2"),
        ("CaSO4·1½H2O", "Ca2S2O11H6"),
        ("CaSO4*0.5H2O", "Ca2S2O9H2"),
        ("[Co(NH3)6] Cl3", "CoN6H18Cl3"),
        ("K4 [Fe(CN)6]", "K4FeC6N6"),
        ("Fe2 (SO4)3", "Fe2S3O12"),
        ("(VI3)2", "VI3"),
        ("K(I3)", "KI3"),
        ("Cu(IO3)2", "CuI2O6"),
        ("IIn", "IIn"),
        ("Na\u00a0Cl\u3000", "NaCl"),
    ],
)
def test_what_is_clear_is_read(formula: str, same: str) -> None:
    parsed = parse_formulas([formula, same])
    assert parsed.failures == {}
    assert len(set(parsed.compositions.keys())) == 1


SALTS = ["K2 SO4", "Ca CO3", "Na2 CO3", "(NH4)2 SO4", "NH4 Cl", "Na OH", "K MnO4", "Mg Al2O4", "Ba TiO3", "K₂ SO₄"]


@pytest.mark.slow
@pytest.mark.parametrize("n_rows", [0, 30_000])
def test_the_words_of_a_salt_are_one_formula_and_the_remark_names_it(n_rows: int) -> None:
    joined = ["".join(salt.split()) for salt in SALTS]
    parsed = parse_formulas([*SALTS, *joined, *["NaCl"] * n_rows])
    assert parsed.failures == {}
    names = parsed.compositions.formulas()
    assert names[: len(SALTS)] == names[len(SALTS) : 2 * len(SALTS)]
    plain = [text.replace("₂", "2").replace("₄", "4") for text in joined]
    assert parsed.notes == {
        row: f"formula '{salt}': read as {text}" for row, (salt, text) in enumerate(zip(SALTS, plain, strict=True))
    }


def test_the_parts_of_an_adduct_may_be_salts() -> None:
    parsed = parse_formulas(["Cu SO4·5H2O", "CuSO4·5H2O"])
    assert len(set(parsed.compositions.keys())) == 1
    assert parsed.notes[0] == "formula 'Cu SO4·5H2O': read as the adduct CuSO4 + 5 H2O"


HARDLY_MEANT = {
    "SIO2": "SiO2",
    "NIO": "NiO",
    "PBO": "PbO",
    "SNO2": "SnO2",
    "SNO": "SnO",
    "CUO": "CuO",
    "CUSO4": "CuSO4",
    "OSO4": "OsO4",
    "HFO2": "HfO2",
    "SC2O3": "Sc2O3",
    "YB2O3": "Yb2O3",
    "INSB": "InSb",
    "INP": "InP",
    "CSI": "CsI",
    "PBI2": "PbI2",
    "COCO3": "CoCO3",
    "SIO2·H2O": "SiO2",
    "Al203": "Al2O3",
    "MgAl204": "MgAl2O4",
    "Li4Ti5012": "Li4Ti5O12",
    "H20": "H2O",
    "TiIVO2": "TiO2",
    "VIVO2": "VO2",
    "CrVIO3": "CrO3",
    "COSO4": "CoSO4",
    "NaCI": "NaCl",
    "HCI": "HCl",
    "WCI6": "WCl6",
    "CsPbCI3": "CsPbCl3",
    "LiCIO4": "LiClO4",
    "NaCIO3": "NaClO3",
    "CoCI2.6H2O": "CoCl2",
    "NaC1": "NaCl",
    "AlC13": "AlCl3",
    "[Co(NH3)6]C13": "[Co(NH3)6]Cl3",
    "LiNi0.8Co0.1Mn0.102": "LiNi0.8Co0.1Mn0.1O2",
}


@pytest.mark.parametrize("n_rows", [0, 30_000])
def test_carbon_beside_iodine_or_a_number_is_no_chlorine_where_carbon_may_be_meant(n_rows: int) -> None:
    formulas = ["CI4", "Gd2CI2", "SnH5CI3N2", "CIF3", "CIN", "LiC12", "KC8", "SiC1", "Fe1C1", "Na1 C1", "C12H22O11"]
    formulas += ["Co4C16O16", "Ni4 C16", "VI3", "KVIO5", "VIO3", "Fe0.797Ni0.203", "Zr0.97Y0.03"]
    parsed = parse_formulas(formulas + ["NaCl"] * n_rows)
    assert (parsed.failures, parsed.notes) == ({}, {})


@pytest.mark.parametrize("n_rows", [1, 30_000])
def test_what_is_hardly_meant_is_read_with_a_remark(n_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    formulas = [*HARDLY_MEANT, *["NaCl"] * n_rows]
    parsed = parse_formulas(formulas)
    assert (n_rows >= formula_module.SCAN_FROM) == (n_rows > 1)
    assert parsed.failures == {}
    assert set(parsed.notes) == set(range(len(HARDLY_MEANT)))
    for note, (formula, meant) in zip(parsed.notes.values(), HARDLY_MEANT.items(), strict=True):
        assert note.startswith(f"formula '{formula}': ")
        assert f"if {meant} is meant, write {meant}" in note


LONG = [
    "(",
    ")",
    "(C",
    ".",
    "9",
    "Na",
    "NaCl ",
    "Na 2 ",
    "H2O.",
    "Na2.5Cl",
    "1.5H2O",
    "(Na )",
    "2 ",
    "I",
    "(III)",
    "SI",
]
LONG += ["[Na2.5", "·", "₂", "½", "\u200b", "<sub>", "cubic ", "-", "0", "A", "é", "1/2H2O·", "NaCl.", "é(", "x"]


@pytest.mark.parametrize("piece", LONG)
def test_a_long_text_is_read_at_once_or_refused_in_a_short_message(piece: str) -> None:
    for text in (
        piece * 10_000,
        f"Na{piece * 10_000}",
        f"{piece * 10_000}Na",
        f"H{piece * 10_000}2Zn3.017F2",
        f"Na · {piece * 10_000}.5",
    ):
        parsed = parse_formulas([text])
        assert len(parsed.failures.get(0, "")) < 600
        assert len(parsed.notes.get(0, "")) < 600


def test_deep_brackets_are_multiplied_out() -> None:
    assert amounts("(" * 50_000 + "NaCl2" + ")" * 50_000) == {11: 1, 17: 2}


BALANCED = {
    "SiO2": True,
    "SIO2": False,
    "Fe3O4": True,
    "YBa2Cu3O7": True,
    "NaCl": True,
    "NaCl2": False,
    "OsO4": True,
    "COS": True,
    "NI3": True,
    "C60": False,
    "FeNi": False,
    "XeF2": False,
}


def composition(formula: str) -> dict[int, float]:
    column: Compositions = parse_formulas([formula]).compositions
    return dict(zip(column.z.tolist(), column.amount.tolist(), strict=True))


@pytest.mark.parametrize("formula", BALANCED)
def test_charge_balance_follows_known_states_and_electronegativity(formula: str) -> None:
    assert is_charge_balanced(composition(formula)) is BALANCED[formula]


@pytest.mark.parametrize(
    ("formula", "expected"), [("Fe", True), ("CO", True), ("NiAl", True), ("CuBiC", True), ("WAtEr", False)]
)
def test_formulas_that_may_be_offered(formula: str, expected: bool) -> None:
    assert is_plausible(composition(formula)) is expected
