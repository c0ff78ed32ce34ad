"""Read the plain formulas of a long column in one pass over its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, NO_METALS, SYMBOLS
from formation_mlp.materials.formula.doubts import WRITTEN_SMALL
from formation_mlp.system.compiled import compiled
from formation_mlp.typing import Ints

if TYPE_CHECKING:
    from collections.abc import Sequence


_UNREAD = "?"
_OPENING, _CLOSING = -2, -1  # stand among atomic numbers for brackets
_LINE_FEED, _OPEN, _CLOSE, _DOT = b"\n()."
_DEEPEST = 8  # brackets within brackets that are still plain
_IODINE = ATOMIC_NUMBER["I"]
_OXYGEN = ATOMIC_NUMBER["O"]
_CAPITAL_I, _CAPITAL_O, _CAPITAL_V, _ONE = b"IOV1"
_CARBON, _VANADIUM = ATOMIC_NUMBER["C"], ATOMIC_NUMBER["V"]

_WRITTEN_SMALL = np.zeros((26, 26), np.bool_)
"""Whether two capitals may be one symbol, by the letters: SI."""
for _pair in WRITTEN_SMALL:
    _WRITTEN_SMALL[ord(_pair[0]) - ord("A"), ord(_pair[1]) - ord("A")] = True
_IS_NO_METAL = np.isin(np.arange(len(SYMBOLS)), [ATOMIC_NUMBER[symbol] for symbol in NO_METALS])


def scan_formulas(formulas: Sequence[object]) -> tuple[Compositions, Ints]:
    """Read every formula that is plain: ASCII symbols and amounts, round brackets, no blank, no doubt.

    Returns
    -------
    tuple
        ``n`` compositions, and the rows that were left empty for the complete parser
        (:func:`formation_mlp.materials.formula.reading.text.read_formula`), which reads the others to the same numbers.
    """
    n = len(formulas)
    try:
        text = "\n".join(formulas)  # type: ignore[arg-type]
    except TypeError:
        text = ""
    if text.count("\n") != n - 1:
        text = "\n".join(f if isinstance(f, str) and "\n" not in f else _UNREAD for f in formulas)
    data = np.frombuffer((text + "\n").encode("ascii", errors="replace"), np.uint8)
    row_ptr = np.zeros(n + 1, np.int64)
    z, amount = np.empty(len(data), np.int64), np.empty(len(data))
    is_unread, has_dot = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    rows = (row_ptr, z, amount, is_unread, has_dot)
    compiled(_scan)(data, _atomic_numbers(), _WRITTEN_SMALL, _IS_NO_METAL, *rows)
    compiled(_merge)(*rows)
    return Compositions(row_ptr, z[: row_ptr[-1]], amount[: row_ptr[-1]]), np.flatnonzero(is_unread)


def _atomic_numbers() -> Ints:
    """Return the atomic number by capital letter and small letter (0: none), or 0, as ``[26, 27]``."""
    table = np.zeros((26, 27), np.int64)
    for symbol, number in ATOMIC_NUMBER.items():
        table[ord(symbol[0]) - ord("A"), ord(symbol[1]) - ord("a") + 1 if symbol[1:] else 0] = number
    return table


@compiled
def _may_be_misspelled(data, i, element):  # type: ignore[no-untyped-def]
    """Return whether a symbol of one letter, with the next sign at i, may be half of Cl or an oxidation state.

    So may iodine before I or V, vanadium before I and O, and carbon before I or 1.
    """
    follows = data[i]
    if follows == _CAPITAL_I or (follows == _CAPITAL_V and element == _IODINE):
        if element == _VANADIUM:
            return data[i + 1] == _CAPITAL_O
        return element in (_IODINE, _CARBON) and not 97 <= data[i + 1] <= 122  # but In, Ir
    if follows == _ONE and element == _CARBON:
        digits = 1 + (50 <= data[i + 1] <= 54)
        return data[i + digits] == _LINE_FEED or data[i + digits] == _CLOSE
    return False


@compiled
def _may_hold_an_o(data, first, n_decimals, i):  # type: ignore[no-untyped-def]
    """Return whether the number at the end of a line, from place ``first`` to i, may hold the letter O as a zero."""
    if n_decimals > 0:
        return n_decimals > 2 and data[i - 2] == 48 and data[i - 1] != 48
    n_zeros = 0
    for place in range(first, i):
        n_zeros += data[place] == 48
    return i - first > 1 and n_zeros == 1 and not (data[first] == 49 and data[first + 1] == 48)


def _scan(data, atomic_numbers, written_small, is_no_metal, row_ptr, z, amount, is_unread, has_dot):  # type: ignore[no-untyped-def]
    """Write the symbols and brackets of lines of ASCII with their numbers, row after row, as ``z`` and ``amount``.

    A row with a dot that may join an adduct is left to the complete parser if it has hydrogen, as in water, or perhaps
    a compound on both sides; so is a row that is hardly meant as it is written: all capitals, some of which may be one
    symbol, or without oxygen and with a number at the end that may hold an O, or with what `_may_be_misspelled`.
    """
    n_tokens = i = 0
    for row in range(len(is_unread)):
        line, start, depth, n_atoms, sign = i, n_tokens, 0, 0, _OPEN
        is_plain, has_hydrogen, has_oxygen, has_small, has_pair, has_zero = True, False, False, False, False, False
        is_ionic, n_after_dot, is_ionic_after = False, -1, False  # elements after the first dot that may join
        while sign != _LINE_FEED:
            sign = data[i]
            i += 1
            if not is_plain or sign == _LINE_FEED:
                continue
            token, value = _CLOSING, 1.0
            if 65 <= sign <= 90:  # a symbol: A to Z, then perhaps a to z
                small = data[i] - 96 if 97 <= data[i] <= 122 else 0
                i += small > 0
                token = atomic_numbers[sign - 65, small]
                n_atoms += 1
                has_hydrogen = has_hydrogen or token == 1
                has_oxygen = has_oxygen or token == _OXYGEN
                has_small = has_small or small > 0
                is_ionic = is_ionic or is_no_metal[token]
                if n_after_dot >= 0:
                    n_after_dot += 1
                    is_ionic_after = is_ionic_after or is_no_metal[token]
                if small == 0 and 65 <= data[i] <= 90:
                    has_pair = has_pair or written_small[sign - 65, data[i] - 65]
                is_plain = token > 0
                if data[i] == _CAPITAL_I or data[i] == _CAPITAL_V or data[i] == _ONE:
                    is_plain = is_plain and (small > 0 or not _may_be_misspelled(data, i, token))
            elif sign == _OPEN:
                token = _OPENING
                depth += 1
                is_state = data[i] in (_CAPITAL_I, _CAPITAL_V) and data[i + 1] in (_CAPITAL_I, _CAPITAL_V, _CLOSE)
                is_plain = depth <= _DEEPEST and data[i] != _CLOSE and not 48 <= data[i] <= 57 and not is_state
            else:
                is_plain = sign == _CLOSE and depth > 0
                depth -= 1
            if is_plain and 48 <= data[i] <= 57:  # 0 to 9
                number, n_digits, n_decimals, first_digit = 0, 0, 0, i
                while 48 <= data[i] <= 57:
                    number = 10 * number + (data[i] - 48)
                    n_digits += 1
                    i += 1
                if data[i] == _DOT:
                    may_join = number > 0
                    i += 1
                    while 48 <= data[i] <= 57:
                        number = 10 * number + (data[i] - 48)
                        n_decimals += 1
                        i += 1
                    if may_join and n_decimals <= 2:
                        has_dot[row] = True
                        if n_after_dot < 0 and is_ionic and n_atoms > (token > 0):
                            n_after_dot = 0
                if data[i] == _LINE_FEED and i - first_digit > 1:
                    has_zero = _may_hold_an_o(data, first_digit, n_decimals, i)
                value = number / 10.0**n_decimals  # up to 15 digits this rounds once, as float() does
                is_plain = data[i - 1] != _DOT and (n_digits == 1 or data[first_digit] != 48)  # 0.5, not 2. or 02
                is_plain = is_plain and n_digits + n_decimals <= 15 and 1e-8 <= value <= 1e8
            z[n_tokens], amount[n_tokens] = token, value
            n_tokens += 1
        is_odd = (has_pair and not has_small) or (has_zero and not has_oxygen) or (n_after_dot > 1 and is_ionic_after)
        is_nan = i - line == 4 and data[line] == 78 and data[line + 1] == 97 and data[line + 2] == 78  # has a note
        if not is_plain or n_atoms == 0 or depth > 0 or (has_dot[row] and has_hydrogen) or is_odd or is_nan:
            is_unread[row], n_tokens = True, start
        row_ptr[row + 1] = n_tokens


def _merge(row_ptr, z, amount, is_unread, has_dot):  # type: ignore[no-untyped-def]
    """Multiply out the brackets of each row and merge equal elements, in each bracket and then in the row, in place.

    A row is left to the complete parser if an amount is none that is read, or if it has a dot that may join an adduct
    and an element twice.
    """
    opened = np.empty(_DEEPEST, np.int64)  # the first entry of each bracket that is open
    n_entries = begin = 0
    for row in range(len(is_unread)):
        start, end, depth, is_twice, is_plain = n_entries, row_ptr[row + 1], 0, False, True
        for token in range(begin, end + 1):
            if token < end and z[token] != _CLOSING:
                if z[token] == _OPENING:
                    opened[depth] = n_entries
                    depth += 1
                else:
                    z[n_entries], amount[n_entries] = z[token], amount[token]
                    n_entries += 1
                continue
            first, value = start, 1.0  # the end of a bracket or a row: multiply and merge what it holds
            if token < end:
                depth -= 1
                first, value = opened[depth], amount[token]
            merged = first
            for other in range(first, n_entries):
                entry = first
                while entry < merged and z[entry] != z[other]:
                    entry += 1
                if entry < merged:
                    amount[entry] += amount[other] * value
                    is_twice = True
                else:
                    z[merged], amount[merged] = z[other], amount[other] * value
                    merged += 1
            n_entries = merged
        for entry in range(start, n_entries):
            is_plain = is_plain and 1e-8 <= amount[entry] <= 1e8
        if not is_plain or (has_dot[row] and is_twice):
            is_unread[row], n_entries = True, start
        begin, row_ptr[row + 1] = end, n_entries
