"""The atoms of one formula without adducts, brackets multiplied out."""

from __future__ import annotations

import re

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import DataError
from formation_mlp.quoting import shortened

SMALLEST_AMOUNT, LARGEST_AMOUNT = 1e-8, 1e8
"""Amounts that are read. pymatgen leaves an element below the smaller one out without a word."""

HYDROGEN = {"D": "H", "T": "H"}
"""Isotopes that have symbols of their own."""

NUMBER = r"(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:e-?[0-9]++)?+"  # possessive: no number is tried again with fewer digits
VARIABLES = "xyznδₓ"

_TOKEN = re.compile(
    rf"(?P<symbol>[A-Z][a-z]*)\s*(?P<amount>{NUMBER})?"
    rf"|(?P<open>[\[({{])|(?P<close>[\])}}])\s*(?P<factor>{NUMBER})?"
    r"|[\s@]+"  # pymatgen reads Y3N@C80 as Y3NC80
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_ZERO_FIRST = re.compile(r"0[0-9]")
_STATE_AFTER_IODINE = re.compile(r"II+V?(?![a-z])")


class FormulaError(DataError):
    """A formula cannot be read; the text says why and what to try.

    Attributes
    ----------
    candidates : formulas that may be meant; they are offered only if they can be read
    is_specific : whether the reason is known, or only the sign at which reading stopped
    """

    def __init__(self, reason: str, candidates: tuple[str, ...] = (), is_specific: bool = True) -> None:
        super().__init__(reason)
        self.candidates = candidates
        self.is_specific = is_specific


def count_atoms(text: str) -> list[tuple[str, float]]:
    """Return the symbols with their amounts, brackets multiplied out and merged as pymatgen does it.

    Raises
    ------
    FormulaError
        If there is anything but symbols, amounts, brackets in pairs and blanks.
    """
    groups: list[list[tuple[str, float]]] = [[]]  # one for the formula, one for each bracket that is open
    opened: list[str] = []
    position = 0
    for token in _TOKEN.finditer(text):
        if token.start() > position:
            break
        position = token.end()
        symbol, amount, opening, closing, factor = token.groups()
        if symbol:
            if symbol not in ATOMIC_NUMBER or symbol == "I":
                _check_symbol(symbol, text, token.start())
            groups[-1].append((symbol, read_number(amount) if amount else 1.0))
        elif opening:
            groups.append([])
            opened.append(opening)
        elif closing:
            if not opened or opened.pop() != _PAIRS[closing]:
                raise FormulaError(f"'{closing}' closes no bracket. Check the brackets.")
            inner = _multiply(groups.pop(), read_number(factor))
            groups[-1].extend(inner.items())
    if position < len(text):
        raise _unread_sign(text, position)
    if opened:
        raise FormulaError(f"'{opened[-1]}' is not closed. Check the brackets.")
    if not groups[0]:
        raise FormulaError(f"'{shortened(text)}' names no element. Write a formula such as Fe2O3.")
    return groups[0]


def read_number(text: str | None) -> float:
    """Return an amount, 1 if none is written.

    Raises
    ------
    FormulaError
        If it is outside `SMALLEST_AMOUNT` to `LARGEST_AMOUNT`, or begins with a 0 that stands for the letter O.
    """
    if not text:
        return 1.0
    if text[0] == "0" and _ZERO_FIRST.match(text):
        raise FormulaError(f"'{shortened(text)}' begins with the digit 0. Write the letter O for oxygen.")
    amount = float(text)
    check_amount(amount)
    return amount


def check_amount(amount: float) -> None:
    """Raise a `FormulaError` if an amount is outside what is read."""
    if not SMALLEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        raise FormulaError(
            f"the amount {amount:g} is outside {SMALLEST_AMOUNT:g} to {LARGEST_AMOUNT:g}. "
            "Leave out what is not there, and count atoms per formula unit."
        )


def _multiply(group: list[tuple[str, float]], factor: float) -> dict[str, float]:
    if not group:
        raise FormulaError("a bracket is empty. Leave it out.")
    total: dict[str, float] = {}
    for symbol, amount in group:
        total[symbol] = total.get(symbol, 0.0) + amount * factor
    return total


def _check_symbol(symbol: str, text: str, start: int) -> None:
    end = start + len(symbol)
    if symbol == "I":
        state = _STATE_AFTER_IODINE.match(text, start)
        if state is not None:
            raise FormulaError(
                f"'{shortened(state[0])}' may be an oxidation state or atoms of I and V. Leave an oxidation state out; "
                "write each element once, as in I2.",
                _without_state(text, start, state.end()),
            )
    elif symbol in HYDROGEN:
        other = symbol + text[end : end + 1].lower()
        if text[end : end + 1].isupper() and other in ATOMIC_NUMBER:
            raise FormulaError(
                f"'{other.upper()}' may be {other} or {symbol} (an isotope of H) and {other[1].upper()}. "
                f"Write {other}, or H for {symbol}.",
                is_specific=False,
            )
    else:
        raise _unread_symbol(symbol)


def _without_state(text: str, start: int, end: int) -> tuple[str, ...]:
    """Return a formula without an oxidation state, if no other is left and it is a compound."""
    candidate = text[:start] + text[end:]
    symbols = set(re.findall("[A-Z][a-z]*", candidate))
    return () if "I" in symbols or len(symbols) < 2 else (candidate,)


def _unread_symbol(symbol: str) -> FormulaError:
    if symbol[-1] in VARIABLES and symbol[:-1] in ATOMIC_NUMBER:
        return FormulaError(f"'{symbol[-1]}' after {symbol[:-1]} is a variable amount. Write it as a number.")
    return FormulaError(
        f"'{shortened(symbol)}' is no element. Write the symbols of the periodic table.", is_specific=False
    )


def _unread_sign(text: str, position: int) -> FormulaError:
    sign = text[position]
    if sign in "+-−⁺⁻^⁰¹²³⁴⁵⁶⁷⁸⁹":
        return FormulaError(
            f"'{sign}' cannot be read: charges (Fe3+) and variable amounts (Li1-xCoO2) have no place in a formula "
            "here. Leave the charge out, write each amount as a number.",
            is_specific=False,
        )
    if sign in "0123456789.":
        following = text[position : position + 100]
        return FormulaError(
            f"no element stands before '{shortened(following)}'. Write a number after what it counts, as in (H2O)2.",
            is_specific=False,
        )
    if sign in VARIABLES and not text[position + 1 : position + 2].islower():
        return FormulaError(f"'{sign}' is a variable amount. Write it as a number.")
    return FormulaError(
        f"'{sign}' cannot be read. Write element symbols, amounts and brackets only.", is_specific=False
    )
