from __future__ import annotations

import math
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.materials.formula import reading as formula_module
from formation_mlp.materials.formula.reading import ParsedFormulas, parse_formulas
from formation_mlp.system.compiled import compiled
from support.known_formulas import KNOWN


def amounts(formula: str) -> dict[str, float]:
    parsed = parse_formulas([formula])
    assert not parsed.failures, parsed.failures
    column = parsed.compositions
    return dict(zip((SYMBOLS[z] for z in column.z.tolist()), column.amount.tolist(), strict=True))


def reason(formula: str) -> str:
    parsed = parse_formulas([formula])
    assert list(parsed.failures) == [0]
    assert parsed.compositions.n_elements.tolist() == [0]
    assert repr(formula) in parsed.failures[0]
    return parsed.failures[0]


def note(formula: str) -> str:
    return parse_formulas([formula]).notes.get(0, "")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("NaCl", {"Na": 1, "Cl": 1}),
        ("CH3COOH", {"C": 2, "H": 4, "O": 2}),
        ("Ca(NO3)2", {"Ca": 1, "N": 2, "O": 6}),
        ("{[Fe(CN)6]2}3", {"Fe": 6, "C": 36, "N": 36}),
        ("(Na0.5K0.5)2O", {"Na": 1, "K": 1, "O": 1}),
        ("Mn1e-3O", {"Mn": 1e-3, "O": 1}),
        ("Y3N@C80", {"Y": 3, "N": 1, "C": 80}),
        ("Co", {"Co": 1}),
        ("CO", {"C": 1, "O": 1}),
        ("Fe₂O₃", {"Fe": 2, "O": 3}),
        ("Fe₂(SO₄)₃", {"Fe": 2, "S": 3, "O": 12}),
        (" Na Cl ", {"Na": 1, "Cl": 1}),
        ("Fe 2 O 3", {"Fe": 2, "O": 3}),
        ("\ufeffNaCl", {"Na": 1, "Cl": 1}),
        ("Na\u00a0Cl", {"Na": 1, "Cl": 1}),
        ("NaN", {"Na": 1, "N": 1}),
        ("D2O", {"H": 2, "O": 1}),
        ("HDO", {"H": 2, "O": 1}),
        ("T2O", {"H": 2, "O": 1}),
    ],
)
def test_a_formula_is_read_as_written(formula: str, expected: dict[str, int] | dict[str, float]) -> None:
    found = amounts(formula)
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("joint", [".", "·", "*", "•", "⋅", "∙", "×", " · ", ". "])
def test_a_hydrate_is_read_as_an_adduct(joint: str) -> None:
    assert amounts(f"CuSO4{joint}5H2O") == {"Cu": 1, "S": 1, "O": 9, "H": 10}
    assert note(f"CuSO4{joint}5H2O").endswith("read as the adduct CuSO4 + 5 H2O")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("CuSO₄.5H₂O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CaSO4.0.5H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("MgCl2.H2O", {"Mg": 1, "Cl": 2, "H": 2, "O": 1}),
        ("MgCl2.6H2O", {"Mg": 1, "Cl": 2, "H": 12, "O": 6}),
        ("NaCl.2H2O", {"Na": 1, "Cl": 1, "H": 4, "O": 2}),
        ("Ca(NO3)2.4(H2O)", {"Ca": 1, "N": 2, "O": 10, "H": 8}),
        ("CuSO4.5D2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("KCl.MgCl2.6H2O", {"K": 1, "Cl": 3, "Mg": 1, "H": 12, "O": 6}),
        ("3CaO.Al2O3", {"Ca": 3, "O": 6, "Al": 2}),
        ("2CaSO4.H2O", {"Ca": 2, "S": 2, "O": 9, "H": 2}),
        ("Al2O3·2SiO2·2H2O", {"Al": 2, "O": 9, "Si": 2, "H": 4}),
    ],
)
def test_a_dot_that_can_only_join_an_adduct_does(formula: str, expected: dict[str, int] | dict[str, float]) -> None:
    found = amounts(formula)
    assert found == expected
    assert list(found) == list(expected)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("LiNi0.5Mn1.5O4", {"Li": 1, "Ni": 0.5, "Mn": 1.5, "O": 4}),
        ("LiNi₀.₅Mn₁.₅O₄", {"Li": 1, "Ni": 0.5, "Mn": 1.5, "O": 4}),
        ("YBa2Cu3O6.95", {"Y": 1, "Ba": 2, "Cu": 3, "O": 6.95}),
        ("CsPbI2.5Br0.5", {"Cs": 1, "Pb": 1, "I": 2.5, "Br": 0.5}),
        ("NaAl(SO4)1.5(OH)2", {"Na": 1, "Al": 1, "S": 1.5, "O": 8, "H": 2}),
        ("W0.5H2O", {"W": 0.5, "H": 2, "O": 1}),
        ("W2.05H2O", {"W": 2.05, "H": 2, "O": 1}),
        ("W2.125H2O", {"W": 2.125, "H": 2, "O": 1}),
        ("Mn1.5e2O", {"Mn": 150, "O": 1}),
    ],
)
def test_a_dot_that_can_only_be_a_decimal_point_is_one(
    formula: str, expected: dict[str, float] | dict[str, int]
) -> None:
    assert amounts(formula) == expected
    assert note(formula) == ""


@pytest.mark.parametrize(
    "formula",
    ["Al2O3.2SiO2", "K1.5H2O", "LiNi.5Mn.5O2", "K2O.3Al2O3", "V2O5.1.5H2O", "Fe4..5O", "Fe2O3...", "Na2.5.5.5Cl"],
)
def test_a_dot_that_could_be_either_is_refused(formula: str) -> None:
    assert "may be a decimal point or join" in reason(formula)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("Fe2O3.", "one side of a dot"),
        (".H2O", "one side of a dot"),
        ("(CaSO4.2H2O)2", "inside brackets"),
        ("NACL", "Did you mean NaCl?"),
        ("nacl", "Did you mean NaCl?"),
        ("FE2O3", "Did you mean Fe2O3?"),
        ("co", "Did you mean Co or CO?"),
        ("Xx2O", "'Xx' is no element"),
        ("Q", "'Q' is no element"),
        ("Fe3+", "it is a charge"),
        ("Na+Cl-", "it is a charge"),
        ("Fe³⁺", "charges"),
        ("SO4^2-", "it is a charge"),
        ("Li1-xCoO2", "variable amount"),
        ("LixCoO2", "'x' after Li is a variable amount"),
        ("CuSO4·nH2O", "variable amount"),
        ("", "missing"),
        ("   ", "missing"),
        ("nan", "missing"),
        ("None", "missing"),
        (None, "missing"),
        (float("nan"), "missing"),
        ("Fe0O1", "amount 0"),
        ("Fe0.0O1", "amount 0"),
        ("(OH)0Fe", "amount 0"),
        ("Ba1.0e-9O", "amount 1e-09"),
        ("(Ba0.0001)0.00001O", "amount 1e-09"),
        ("C1e999", "amount inf"),
        ("Fe-2O", "charges"),
        ("Fe2 3", "two numbers stand side by side"),
        ("2H2O", "as in (H2O)2"),
        ("Fe1/3O2", "decimal number"),
        ("Fe1,5O2", "decimal number"),
        ("N aCl", "'a' cannot be read"),
        ("(OH", "not closed"),
        ("OH)", "closes no bracket"),
        ("(OH]2", "closes no bracket"),
        ("Fe()2", "bracket is empty"),
        ("TIO2", "may be Ti or T"),
        ("Fe2O3(s)", "label of state"),
        ("α-Fe2O3", "'α' cannot be read"),
        ("Fe_2O_3", "'_' cannot be read"),
        ("Fe２O３", "cannot be read"),
        ("5", "no element"),
        ("@", "names no element"),
        ("Na\nCl?", "'?' cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_try(formula: str, words: str) -> None:
    assert words in reason(formula)


def test_known_formulas_are_read_rightly_and_without_a_remark() -> None:
    parsed = parse_formulas(list(KNOWN))
    assert (parsed.failures, parsed.notes) == ({}, {})
    assert dict(zip(KNOWN, parsed.compositions.formulas(), strict=True)) == KNOWN


def test_notes_tell_how_a_formula_was_read() -> None:
    assert "D read as H" in note("D2O")
    assert "T read as H" in note("T2O")
    assert "sodium nitride" in note("NaN")
    assert note("NaCl") == ""
    assert note("CuSO4.5D2O").endswith("read as the adduct CuSO4 + 5 D2O; D read as H")


def test_failures_and_notes_keep_their_rows() -> None:
    column: list[Any] = ["NaCl", "Xx", "D2O", None, "Fe2O3"]
    parsed = parse_formulas(column)
    assert list(parsed.failures) == [1, 3]
    assert list(parsed.notes) == [2]
    assert parsed.compositions.n_elements.tolist() == [2, 0, 2, 0, 2]


def test_no_formula_gives_no_row() -> None:
    assert len(parse_formulas([]).compositions) == 0


def test_one_text_instead_of_a_column_is_refused() -> None:
    with pytest.raises(DataError, match=r"Give a sequence, such as \['NaCl'\]"):
        parse_formulas("NaCl")


def random_amount(generator: random.Random, *, exponents: bool = True) -> str:
    choices = [
        "",
        str(generator.randint(1, 300)),
        f"{generator.uniform(0.001, 9):.{generator.randint(1, 12)}f}",
        f"0.{generator.randint(1, 99999)}",
        f"{generator.randint(1, 9)}e{generator.randint(-3, 3)}",
    ]
    return generator.choice(choices[: 5 if exponents else 4])


def random_formula(generator: random.Random, depth: int = 0) -> str:
    text = ""
    for _ in range(generator.randint(1, 4)):
        if depth < 3 and generator.random() < 0.2:
            opening, closing = generator.choice([("(", ")"), ("[", "]"), ("{", "}")])
            inner = random_formula(generator, depth + 1)
            text += opening + inner + closing + random_amount(generator, exponents=False)
        else:
            text += generator.choice(SYMBOLS[1:]) + random_amount(generator)
        text += generator.choice(["", "", "", " "])
    return text


@pytest.mark.slow
def test_amounts_and_order_equal_pymatgen_on_random_formulas() -> None:
    from pymatgen.core import Composition

    generator = random.Random(7)  # noqa: S311
    formulas = [random_formula(generator) for _ in range(20_000)]
    parsed = parse_formulas(formulas)
    column = parsed.compositions
    for row, formula in enumerate(formulas):
        if row in parsed.failures:
            continue
        start, stop = column.row_ptr[row : row + 2]
        expected = Composition(formula)
        assert [SYMBOLS[z] for z in column.z[start:stop].tolist()] == [element.symbol for element in expected]
        assert column.amount[start:stop].tolist() == list(expected.values())
    refused = list(parsed.failures.values())
    reasons = ("decimal point", "the amount", "blank", "oxidation state", "it is a charge")
    assert all(any(words in text for words in reasons) for text in refused)
    assert len([text for text in refused if "blank" not in text]) < 200


def columns_equal(one: ParsedFormulas, other: ParsedFormulas) -> bool:
    return all(
        np.array_equal(getattr(one.compositions, name), getattr(other.compositions, name))
        for name in ("row_ptr", "z", "amount")
    )


@pytest.mark.slow
def test_the_scanner_reads_what_the_complete_parser_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(11)  # noqa: S311
    pieces = [*"CHONFDT0123456789..()()[]·* e-x\n", "Na", "Fe", "H2O", "0.5", "1.5", "00.5", "12345678901234567", ")2"]
    pieces += ["SI", "CO", "IV", "II", "203", "20", "02", "K", "Br", "NH3", "CaCl2.5", "(III)"]
    formulas: list[Any] = ["".join(generator.choices(pieces, k=generator.randint(0, 9))) for _ in range(20_000)]
    formulas += [random_formula(generator).replace(" ", "") for _ in range(20_000)]
    formulas += list(KNOWN)
    formulas += ["Fe₂O₃", None, float("nan"), "NaN", "A\nB", "Fe\r", "C" * 300, "(" * 20 + "C" + ")" * 20]
    monkeypatch.setattr(formula_module, "SCAN_FROM", len(formulas) + 1)
    one_by_one = parse_formulas(formulas)
    monkeypatch.setattr(formula_module, "SCAN_FROM", 1)
    scanned = parse_formulas(formulas)
    assert columns_equal(one_by_one, scanned)
    assert one_by_one.failures == scanned.failures
    assert one_by_one.notes == scanned.notes
    assert 1_000 < len(one_by_one.failures) < 39_000
    assert columns_equal(parse_formulas([]), parse_formulas([]))


def test_the_scanner_leaves_few_formulas_to_the_complete_parser() -> None:
    from formation_mlp.materials.formula.scanner import scan_formulas

    generator = random.Random(3)  # noqa: S311
    formulas = [
        "".join(f"{symbol}{generator.choice(['', 2, 0.5, 1.25])}" for symbol in generator.sample(SYMBOLS[2:], 4))
        for _ in range(1_000)
    ]
    column, unread = scan_formulas([*formulas, "Ca(NO3)2"])
    assert len(unread) < 50  # with a decimal number between what may be two compounds
    assert column.n_elements.tolist() == [0 if row in unread else 4 for row in range(1_000)] + [3]


def test_a_kernel_without_a_place_for_its_cache_is_compiled_all_the_same() -> None:
    namespace: dict[str, Any] = {}
    exec("def double(x):\n    return 2 * x", namespace)  # noqa: S102
    assert compiled(namespace["double"])(21) == 42


def test_a_few_formulas_are_read_without_heavy_imports() -> None:
    code = (
        "import sys; from formation_mlp.materials.formula.reading import ParsedFormulas, parse_formulas;"
        "parse_formulas(['CuSO4.5H2O']);"
        "print([m for m in ('numba', 'pandas', 'scipy', 'pymatgen', 'matminer', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_formula_is_read_with_few_modules() -> None:
    code = (
        "import sys; from formation_mlp.materials.formula.reading import ParsedFormulas, parse_formulas;"
        "parse_formulas(['Fe2O3', 'NaCl']);"
        "print(sorted(m.rpartition('.')[2] for m in sys.modules if m.startswith('formation_mlp.materials.formula.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['atoms', 'reading', 'text']"


def test_every_symbol_is_read_as_itself() -> None:
    for symbol, z in ATOMIC_NUMBER.items():
        parsed = parse_formulas([symbol])
        assert parsed.compositions.z.tolist() == [z]
        assert math.isclose(parsed.compositions.amount[0], 1)
