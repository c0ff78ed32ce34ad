"""Compositions written as formulas, and formulas with signs changed."""

from fuzzing.literal import literal

SIGNS = "0123456789.,()[]{}·*-+ ^_/abcdefghxyzABCDEFHIKLMNOPSTUVWXYZ₀₂₃"


def atoms_of(text):
    return literal(text.replace("D", "H"))


def lowered(text):
    return (
        text.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) if text.count(".") == 0 and "·" not in text else text
    )


def spelled(atoms):
    return "nothing certain" if atoms is None else "".join(f"{symbol}{amount:g} " for symbol, amount in atoms.items())


def plain(atoms):
    return "".join(f"{symbol}{'' if amount == 1 else f'{amount:.12g}'}" for symbol, amount in atoms.items())


def _number(rng, amount):
    text = f"{amount:.12g}"
    if amount == 1 and rng.random() < 0.8:
        return ""
    draw = rng.random()
    if draw < 0.1 and "." not in text:
        return text + ".0"
    if draw < 0.2 and text.startswith("0."):
        return text[1:]
    if draw < 0.25:
        mantissa, exponent = f"{amount:e}".split("e")
        return (
            f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
            if float(mantissa) * 10 ** int(exponent) == amount
            else text
        )
    return text


def written(rng, truth):
    """Write a composition in one of many notations."""
    items = list(truth.items())
    match rng.randrange(7):
        case 0:
            text = "".join(symbol + _number(rng, amount) for symbol, amount in items)
        case 1:
            text = " ".join(symbol + _number(rng, amount) for symbol, amount in items)
        case 2:
            text = " ".join(f"{symbol} {_number(rng, amount)}" for symbol, amount in items)
        case 3:
            text = plain(truth).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
        case 4:
            text = _in_brackets(rng, items)
        case 5:
            halves = [(symbol, amount / 2) for symbol, amount in items if (amount / 2).is_integer()]
            whole = [(symbol, amount) for symbol, amount in items if not (amount / 2).is_integer()]
            text = "".join(symbol + _number(rng, amount) for symbol, amount in [*halves, *whole, *halves])
        case _:
            text = plain(truth)
            for sign in rng.choices(
                ["\ufeff", "\u200b", "\xa0", "\u2009", " ", "\u00ad", "\u202f", "\u2060"], k=rng.randint(1, 2)
            ):
                at = rng.choice([0, len(text), rng.randint(0, len(text))])
                text = text[:at] + sign + text[at:]
    return rng.choice(["", "", "", " ", "\t"]) + text + rng.choice(["", "", "", " ", "\n"])


def _in_brackets(rng, items):
    factor = rng.choice([2, 3, 4, 6])
    opening, closing = rng.choice(["()", "[]", "{}", "()"])
    inside = [(symbol, amount / factor) for symbol, amount in items if (amount / factor).is_integer()]
    outside = [(symbol, amount) for symbol, amount in items if not (amount / factor).is_integer()]
    if not inside:
        return "".join(symbol + _number(rng, amount) for symbol, amount in items)
    inner = "".join(symbol + _number(rng, amount) for symbol, amount in inside)
    around = "".join(symbol + _number(rng, amount) for symbol, amount in outside)
    group = f"{opening}{inner}{closing}{factor}"
    return rng.choice([around + group, group + around, f"({around}{group})" if around else group])


def edited_signs(rng, text):
    at = rng.randint(0, max(len(text) - 1, 0))
    match rng.randrange(6):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + rng.choice(SIGNS) + text[at:]
        case 2:
            return text[:at] + rng.choice(SIGNS) + text[at + 1 :]
        case 3:
            return text[:at] + text[at : at + 1].swapcase() + text[at + 1 :]
        case 4:
            return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        case _:
            return (
                text[:at] + rng.choice(["\u200b", "\0", "\xad", "\u0301", "\ue000", "\U0001d7da", "е", "О"]) + text[at:]
            )
