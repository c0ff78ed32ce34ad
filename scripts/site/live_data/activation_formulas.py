"""The formulas of the activations, from the table in the package's own documentation."""

from __future__ import annotations

from formation_mlp.models import activations

SIGNS = {"sqrt": "√", "pi": "π", "Phi": "Φ", "^3": "³", "alpha": "α", "beta": "β", "abs(x)": "|x|", ">=": "≥"}
SIGNS |= {"2e-9": "2 · 10⁻⁹", "-": "−"}


def formulas() -> dict[str, dict[str, str]]:
    """Return name to formula, as it is read."""
    lines = (activations.__doc__ or "").splitlines()
    first, second, third = (i for i, line in enumerate(lines) if line.startswith("===="))
    start, stop = (len(part) for part in lines[first].split(" ")[:2])
    found: dict[str, str] = {}
    name = ""
    for line in lines[second + 1 : third]:
        name = line[:start].strip() or name
        part = line[start + 1 : start + 1 + stop].strip()
        found[name] = f"{found[name]} {part}" if name in found else part
    assert list(found) == list(activations.ACTIVATIONS)
    return {name: {"formula": _read(text)} for name, text in found.items()}


def _read(text: str) -> str:
    for plain, sign in SIGNS.items():
        text = text.replace(plain, sign)
    return "1 / (1 + exp(−x))" if text == "s(x)" else text
