"""A second, simple reader of formulas, written for nothing but comparison: what a formula says to the letter."""

import re

from formation_mlp.chemistry.elements import ATOMIC_NUMBER

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e-?[0-9]+)?"
_ITEM = re.compile(rf"([A-Z][a-z]?)({_NUMBER})?|([(\[{{])|([)\]}}])({_NUMBER})?")
_FULL_NUMBER = re.compile(_NUMBER)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_COEFFICIENT = re.compile(rf"({_NUMBER})?\s*(.*)", re.S)
_LONE = re.compile(rf"[A-Z][a-z]?(?:{_NUMBER})?\Z")
_LARGEST_LONE_NUMBER = 12


def literal(text: str) -> dict[str, float] | None:
    """Return symbol to amount, or None where the text has no certain meaning."""
    text = text.translate(_INVISIBLE).strip().translate(_SUBSCRIPTS)
    total: dict[str, float] = {}
    parts = re.split("[·•⋅∙‧・*∗×]", text)
    for part in parts:
        factor, body = 1.0, part.strip()
        if len(parts) > 1:
            match = _COEFFICIENT.match(body)
            factor, body = float(match[1] or 1), match[2]
        joined = _without_blanks(body)
        atoms = None if joined is None else _count(joined)
        if not atoms:
            return None
        for symbol, amount in atoms.items():
            total[symbol] = total.get(symbol, 0.0) + factor * amount
    return total if all(1e-8 <= amount <= 1e8 for amount in total.values()) else None


def _without_blanks(text: str) -> str | None:
    words = text.split()
    if len(words) < 2:
        return text
    numbers = [i for i, word in enumerate(words) if _FULL_NUMBER.fullmatch(word)]
    last_is_small = numbers == [len(words) - 1] and float(words[-1]) <= _LARGEST_LONE_NUMBER
    for i, word in enumerate(words):
        if i in numbers:
            lone = i > 0 and words[i - 1].isalpha() and _LONE.match(words[i - 1])
            if not lone and not last_is_small:
                return None
        elif not (last_is_small and len(words) == 2) and not _is_one_piece(word):
            return None
    return "".join(words)


def _is_one_piece(word: str) -> bool:
    return bool(_LONE.match(word)) or word[0] in "([{)]}" or (word[0].isalpha() and word[-1] in "([{")


def _count(text: str) -> dict[str, float] | None:
    groups: list[dict[str, float]] = [{}]
    closing = []
    position = 0
    while position < len(text):
        match = _ITEM.match(text, position)
        if match is None:
            return None
        symbol, amount, opens, closes, factor = match.groups()
        if symbol:
            symbol = "H" if symbol in ("D", "T") else symbol
            if symbol not in ATOMIC_NUMBER:
                return None
            groups[-1][symbol] = groups[-1].get(symbol, 0.0) + float(amount or 1)
        elif opens:
            groups.append({})
            closing.append({"(": ")", "[": "]", "{": "}"}[opens])
        else:
            if not closing or closing.pop() != closes or not groups[-1]:
                return None
            inner = groups.pop()
            for name, count in inner.items():
                groups[-1][name] = groups[-1].get(name, 0.0) + count * float(factor or 1)
        position = match.end()
    return None if closing else groups[0]
