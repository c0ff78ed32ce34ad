"""The complete parser of one formula."""

from __future__ import annotations

import re
from dataclasses import dataclass

from formation_mlp.materials.elements import ATOMIC_NUMBER
from formation_mlp.materials.formula_adducts import FormulaError, split_adduct
from formation_mlp.materials.formula_hints import explain_sign, explain_symbol

SMALLEST_AMOUNT, LARGEST_AMOUNT = 1e-8, 1e8
"""Amounts that are read. pymatgen leaves an element below the smaller one out without a word."""

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e-?[0-9]+)?"
_COEFFICIENT = re.compile(rf"\s*({_NUMBER})\s*(?=[A-Z\[({{])")
_TOKEN = re.compile(
    rf"(?P<symbol>[A-Z][a-z]*)\s*(?P<amount>{_NUMBER})?"
    rf"|(?P<open>[\[({{])|(?P<close>[\])}}])\s*(?P<factor>{_NUMBER})?"
    r"|[\s@]+"  # pymatgen reads Y3N@C80 as Y3NC80
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_HYDROGEN = {"D": "H", "T": "H"}
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_MISSING = {"", "nan", "none", "null", "n/a", "<na>"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a formula says: the amount of each atomic number, in the order of the formula, and a note or ``""``."""

    amounts: dict[int, float]
    note: str


def read_formula(formula: object) -> Reading:
    """Read one formula.

    Flat formulas, the three kinds of brackets, nesting, fractional amounts, exponents (``Mn1e-3O``) and blanks
    between symbols and amounts are read as by pymatgen's ``Composition``; besides them unicode subscripts,
    adducts (see :mod:`formation_mlp.materials.formula_adducts`), and deuterium and tritium as hydrogen.

    Raises
    ------
    FormulaError
        Whatever else is found. Nothing is guessed.
    """
    text = formula.translate(_INVISIBLE).strip() if isinstance(formula, str) else ""
    if text != "NaN" and text.lower() in _MISSING:
        raise FormulaError("the formula is missing. Fill it in or leave the row out.")
    split = split_adduct(text)
    parts = [_split_coefficient(part) if len(split) > 1 else (1.0, part) for part in split]
    amounts: dict[int, float] = {}
    notes: dict[str, None] = {}
    if len(parts) > 1:
        notes["read as the adduct " + " + ".join(_spell(*part) for part in parts)] = None
    for coefficient, part in parts:
        for symbol, amount in _count_atoms(part):
            z = ATOMIC_NUMBER[_HYDROGEN.get(symbol, symbol)]
            amounts[z] = amounts.get(z, 0.0) + amount * coefficient
            if symbol in _HYDROGEN:
                notes[f"{symbol} read as H"] = None
    if text == "NaN":
        notes["read as sodium nitride, one Na and one N; leave a missing formula blank"] = None
    for amount in amounts.values():
        _check_amount(amount)
    return Reading(amounts, "; ".join(notes))


def _count_atoms(text: str) -> list[tuple[str, float]]:
    """Return the symbols with their amounts, brackets multiplied out and merged as pymatgen does it."""
    groups: list[list[tuple[str, float]]] = [[]]  # one for the formula, one for each bracket that is open
    opened: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise FormulaError(explain_sign(text, position))
        if symbol := token["symbol"]:
            _check_symbol(symbol, text, token.end())
            groups[-1].append((symbol, _read_number(token["amount"])))
        elif token["open"]:
            groups.append([])
            opened.append(token["open"])
        elif token["close"]:
            if not opened or opened.pop() != _PAIRS[token["close"]]:
                raise FormulaError(f"'{token['close']}' closes no bracket. Check the brackets.")
            inner = _multiply(groups.pop(), _read_number(token["factor"]))
            groups[-1].extend(inner.items())
        position = token.end()
    if opened:
        raise FormulaError(f"'{opened[-1]}' is not closed. Check the brackets.")
    if not groups[0]:
        raise FormulaError(f"'{text}' names no element. Write a formula such as Fe2O3.")
    return groups[0]


def _multiply(group: list[tuple[str, float]], factor: float) -> dict[str, float]:
    if not group:
        raise FormulaError("a bracket is empty. Leave it out.")
    total: dict[str, float] = {}
    for symbol, amount in group:
        total[symbol] = total.get(symbol, 0.0) + amount * factor
    return total


def _check_symbol(symbol: str, text: str, end: int) -> None:
    if symbol in _HYDROGEN:
        other = symbol + text[end : end + 1].lower()
        if text[end - 1] == symbol and text[end : end + 1].isupper() and other in ATOMIC_NUMBER:
            raise FormulaError(
                f"'{other.upper()}' may be {other} or {symbol} (an isotope of H) and {other[1].upper()}. "
                f"Write {other}, or H for {symbol}."
            )
    elif symbol not in ATOMIC_NUMBER:
        raise FormulaError(explain_symbol(symbol, text))


def _read_number(text: str | None) -> float:
    amount = float(text) if text else 1.0
    _check_amount(amount)
    return amount


def _check_amount(amount: float) -> None:
    if not SMALLEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        raise FormulaError(
            f"the amount {amount:g} is outside {SMALLEST_AMOUNT:g} to {LARGEST_AMOUNT:g}. "
            "Leave out what is not there, and count atoms per formula unit."
        )


def _split_coefficient(part: str) -> tuple[float, str]:
    match = _COEFFICIENT.match(part)
    return (_read_number(match[1]), part[match.end() :]) if match else (1.0, part)


def _spell(coefficient: float, part: str) -> str:
    return part.strip() if coefficient == 1 else f"{coefficient:g} {part.strip()}"
