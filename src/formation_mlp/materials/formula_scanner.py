"""Read the plain formulas of a long column in one pass over its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.materials._compiled import compiled
from formation_mlp.materials.compositions import Compositions
from formation_mlp.materials.elements import ATOMIC_NUMBER, NO_METALS, SYMBOLS
from formation_mlp.materials.formula_doubts import WRITTEN_SMALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_UNREAD = "?"
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


def scan_formulas(formulas: Sequence[object]) -> tuple[Compositions, NDArray[np.int64]]:
    """Read every formula that is plain: ASCII symbols and amounts, round brackets, no blank, no doubt.

    Returns
    -------
    tuple
        ``n`` compositions, and the rows that were left empty for the complete parser
        (:func:`formation_mlp.materials.formula_text.read_formula`), which reads the others to the same numbers.
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
    is_unread = np.zeros(n, np.bool_)
    n_entries = compiled(_scan)(data, _atomic_numbers(), _WRITTEN_SMALL, _IS_NO_METAL, row_ptr, z, amount, is_unread)
    return Compositions(row_ptr, z[:n_entries], amount[:n_entries]), np.flatnonzero(is_unread)


def _atomic_numbers() -> NDArray[np.int64]:
    """Return the atomic number by capital letter and small letter (0: none), or 0, as ``[26, 27]``."""
    table = np.zeros((26, 27), np.int64)
    for symbol, number in ATOMIC_NUMBER.items():
        table[ord(symbol[0]) - ord("A"), ord(symbol[1]) - ord("a") + 1 if symbol[1:] else 0] = number
    return table


def _scan(data, atomic_numbers, written_small, is_no_metal, row_ptr, z, amount, is_unread):  # type: ignore[no-untyped-def]
    """Fill the rows from lines of ASCII; return the number of entries.

    Entries are written as they come. A closing bracket multiplies those since its opening one and merges equal
    elements; the end of a line does the same to the whole row. A row with a dot that may join an adduct is left to the
    complete parser if it has hydrogen, as in water, or an element twice, or perhaps a compound on both sides; so is a
    row that may be hardly meant as it is written: all capitals, some of which may be one symbol, iodine before I or V,
    vanadium before I and O, carbon before I or 1, or without oxygen and with a number at the end that may hold an O.
    """
    n_entries = start = row = i = line = depth = 0
    opened = np.empty(_DEEPEST, np.int64)
    is_plain, has_dot, is_doubtful = True, False, False
    has_small, has_pair, has_zero = False, False, False
    n_after_dot, is_ionic_after = -1, False  # elements after the first dot that may join
    while i < len(data):
        sign = data[i]
        i += 1
        if not is_plain and sign != _LINE_FEED:
            continue
        if sign == _OPEN:
            if depth < _DEEPEST:
                opened[depth] = n_entries
            else:
                is_plain = False
            depth += 1
            if data[i] == _CAPITAL_I or data[i] == _CAPITAL_V:  # perhaps an oxidation state
                is_plain = is_plain and data[i + 1] not in (_CAPITAL_I, _CAPITAL_V, _CLOSE)
            continue
        element = 0
        if 65 <= sign <= 90:  # a symbol: A to Z, then perhaps a to z
            small = data[i] - 96 if 97 <= data[i] <= 122 else 0
            i += small > 0
            element = atomic_numbers[sign - 65, small]
            is_plain = element > 0
            is_doubtful = is_doubtful or element == 1
            has_small = has_small or small > 0
            if n_after_dot >= 0:
                n_after_dot += 1
                is_ionic_after = is_ionic_after or is_no_metal[element]
            if small == 0 and 65 <= data[i] <= 90:
                has_pair = has_pair or written_small[sign - 65, data[i] - 65]
                if element == _IODINE and (data[i] == sign or data[i] == _CAPITAL_V):
                    is_plain = is_plain and 97 <= data[i + 1] <= 122
                if element == _VANADIUM and data[i] == _CAPITAL_I:
                    is_plain = is_plain and data[i + 1] != _CAPITAL_O
                if element == _CARBON and data[i] == _CAPITAL_I:
                    is_plain = is_plain and 97 <= data[i + 1] <= 122
            elif element == _CARBON and data[i] == _ONE:
                digits = 1 + (50 <= data[i + 1] <= 54)
                is_plain = is_plain and data[i + digits] not in (_LINE_FEED, _CLOSE)
        elif sign != _LINE_FEED and (sign != _CLOSE or depth == 0):
            is_plain = False
            continue

        value = 1.0
        if sign != _LINE_FEED and 48 <= data[i] <= 57:  # 0 to 9
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
                has_dot = has_dot or (may_join and n_decimals <= 2)
                if may_join and n_decimals <= 2 and n_after_dot < 0:
                    is_ionic = element > 0 and is_no_metal[element]
                    for entry in range(start, n_entries):
                        is_ionic = is_ionic or is_no_metal[z[entry]]
                    if is_ionic and n_entries > start:
                        n_after_dot = 0
                is_plain = is_plain and n_decimals > 0
                if n_decimals > 2 and data[i] == _LINE_FEED:
                    has_zero = data[i - 2] == 48 and data[i - 1] != 48
            elif n_digits > 1 and data[i] == _LINE_FEED:
                n_zeros = 0
                for place in range(first_digit, i):
                    n_zeros += data[place] == 48
                has_zero = n_zeros == 1 and not (data[first_digit] == 49 and data[first_digit + 1] == 48)
            is_plain = is_plain and (n_digits == 1 or data[first_digit] != 48)  # 0.5, but not 02
            value = number / 10.0**n_decimals  # up to 15 digits this rounds once, as float() does
            is_plain = is_plain and n_digits + n_decimals <= 15 and 1e-8 <= value <= 1e8
        if element > 0:
            z[n_entries], amount[n_entries] = element, value
            n_entries += 1
            continue

        first = start  # the end of a bracket or a line: multiply and merge what it holds
        if sign == _CLOSE:
            depth -= 1
            first = opened[depth]
        is_plain = is_plain and n_entries > first
        merged = first
        for token in range(first, n_entries):
            entry = first
            while entry < merged and z[entry] != z[token]:
                entry += 1
            if entry < merged:
                amount[entry] += amount[token] * value
                is_doubtful = True
            else:
                z[merged], amount[merged] = z[token], amount[token] * value
                merged += 1
        n_entries = merged
        if sign != _LINE_FEED:
            continue

        for entry in range(start, n_entries):
            is_plain = is_plain and 1e-8 <= amount[entry] <= 1e8
            has_zero = has_zero and z[entry] != _OXYGEN
        is_odd = (has_pair and not has_small) or has_zero or (n_after_dot > 1 and is_ionic_after)
        is_nan = i - line == 4 and data[line] == 78 and data[line + 1] == 97 and data[line + 2] == 78  # has a note
        if not is_plain or depth > 0 or (has_dot and is_doubtful) or is_odd or is_nan:
            is_unread[row] = True
            n_entries = start
        row += 1
        row_ptr[row] = start = n_entries
        line, depth = i, 0
        is_plain, has_dot, is_doubtful = True, False, False
        has_small, has_pair, has_zero = False, False, False
        n_after_dot, is_ionic_after = -1, False
    return n_entries
