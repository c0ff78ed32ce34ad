"""Oxidation states in a formula: ``Fe(III)2O3``, ``Mn(II,III)3O4``, ``Fe(3+)2O3``."""

from __future__ import annotations

import re

from formation_mlp.materials.formula.atoms import FormulaError
from formation_mlp.quoting import shortened

_ROMAN = r"\s*(?:[+-]?(?:[IVX]+|(?!x\s*[)\]},/;])[ivx]+|0)|[0-9]+\s*[+-]|[+-]\s*[0-9]+)\s*"
_BRACKETS = "|".join(rf"\{a}{_ROMAN}(?:[,/;]{_ROMAN})*\{b}" for a, b in ("()", "[]", "{}"))
_IN_BRACKETS = re.compile(rf"(?P<before>[A-Z][a-z]?[0-9.]*|[)\]}}][0-9.]*)\s*(?P<state>{_BRACKETS})")


def refuse_oxidation_states(text: str) -> None:
    """Raise a `FormulaError` if a bracket after an element or an amount holds an oxidation state and nothing else.

    A bracket of I and V alone may be iodine and vanadium, too: ``K(I)``, ``Na(V)O3``. It has no single meaning.
    """
    if not (found := _IN_BRACKETS.search(text)):
        return
    state = found["state"]
    is_between_digits = found["before"][-1] in "0123456789." and text[found.end() : found.end() + 1].isdigit()
    candidates = [] if is_between_digits else [_IN_BRACKETS.sub(r"\g<before>", text[:1000])]
    if (symbol := state[1:-1].strip()) not in ("I", "V"):
        raise FormulaError(f"'{shortened(state)}' is an oxidation state. Leave it out.", tuple(candidates))
    if not found["before"].startswith(symbol) and not text[found.end() : found.end() + 1].isdigit():
        candidates.append(text.replace(state, symbol))
    raise FormulaError(
        f"'{state}' may be an oxidation state or an atom of {symbol}, which needs no bracket. Leave out what is not "
        "meant.",
        tuple(candidates),
    )
