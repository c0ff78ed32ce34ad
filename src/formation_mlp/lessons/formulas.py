r"""Formulas in LaTeX between dollar signs, as plain text for a terminal and as MathML for a page.

MathML is typeset by browsers themselves, without a script and without a network. The plain text covers what the
lessons use, such as ``\frac``, Greek letters and indices.
"""

from __future__ import annotations

import re
from collections.abc import Callable

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$([^$\n]+?(?:\n[^$\n]+?)?)\$", re.DOTALL)
"""A formula of its own between two dollar signs each, or one in a line between single ones."""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "mu": "μ", "sigma": "σ", "phi": "φ",
    "chi": "χ", "pi": "π", "Delta": "Δ", "Sigma": "Σ", "nabla": "∇", "partial": "∂",
}  # fmt: skip
SIGNS = {
    "sum": "Σ", "prod": "Π", "cdot": "·", "cdots": "⋯", "dots": "…", "ldots": "…", "times": "×", "leftarrow": "←",
    "to": "→", "ge": "≥", "le": "≤", "geq": "≥", "leq": "≤", "neq": "≠", "approx": "≈", "infty": "∞", "propto": "∝",
    "in": "∈", "pm": "±", "quad": "   ", "qquad": "      ", "left": "", "right": "", "lVert": "‖", "rVert": "‖",
    "lbrace": "{", "rbrace": "}", "top": "ᵀ", "prime": "′", ",": " ", ";": " ", "!": "", " ": " ", "|": "‖", "\\": "\n",
}  # fmt: skip
WORDS = ("exp", "ln", "log", "max", "min", "tanh", "diag", "sigma")
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "vec": ""}
LOWER = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
UPPER = dict(zip("0123456789+-=()imnxyzkT′ᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱᵐⁿˣʸᶻᵏᵀ′ᵀ", strict=True))
SIGN = re.compile(r"\\begin\{\w+\}|\\end\{\w+\}|\\[A-Za-z]+|\\.|[{}_^&]|\s+|.", re.DOTALL)


def replaced(text: str, make: Callable[[str, bool], str]) -> str:
    """Return prose with what ``make`` returns for the LaTeX of each formula, and whether it stands by itself."""
    return FORMULA.sub(lambda found: make(found[1] or found[2], bool(found[1])), text)


def as_mathml(latex: str, is_block: bool = False) -> str:
    """Return a formula for a page."""
    from latex2mathml.converter import convert

    made: str = convert(latex.strip(), display="block" if is_block else "inline")
    return made


def as_plain(latex: str) -> str:
    r"""Return a formula as plain text; that of several lines has line breaks.

    >>> as_plain(r"\hat y = \sigma(z) = \frac{1}{1 + e^{-z}}")
    'ŷ = σ(z) = 1 / (1 + e⁻ᶻ)'
    >>> as_plain(r"\frac{\partial E}{\partial w_1} = (\hat y - y)\, x_1")
    '∂E/∂w₁ = (ŷ − y) x₁'
    """
    import unicodedata

    signs = SIGN.findall(latex.strip())
    text = _Reader(signs).text()
    lines = [
        re.sub(r"(?<=\S) {2,}(?=\S)", lambda gap: "   " if len(gap[0]) > 2 else " ", line) for line in text.split("\n")
    ]
    return unicodedata.normalize("NFC", "\n".join(line.strip() for line in lines).strip())


class _Reader:
    """Reads the signs of a formula from left to right."""

    def __init__(self, signs: list[str]) -> None:
        self.signs, self.place = signs, 0

    def text(self, until: str = "") -> str:
        """Return the text up to a sign, which is passed over, or to the end."""
        parts: list[str] = []
        while self.place < len(self.signs):
            sign = self._next()
            if sign == until:
                break
            parts.append(self._read(sign))
        return "".join(parts)

    def _next(self) -> str:
        self.place += 1
        return self.signs[self.place - 1]

    def _argument(self) -> str:
        while self.signs[self.place].isspace():
            self.place += 1
        sign = self._next()
        return self.text("}") if sign == "{" else self._read(sign)

    def _read(self, sign: str) -> str:
        if sign == "{":
            return self.text("}")
        if sign in "_^":
            return _script(self._argument(), sign)
        if sign == "&" or sign.startswith(("\\begin", "\\end")):
            return ""
        if sign == "-":
            return "−"
        if sign.isspace():
            return " "
        return self._command(sign[1:]) if sign.startswith("\\") else sign

    def _command(self, name: str) -> str:
        if name == "frac":
            above, below = self._argument(), self._argument()
            above, below = _grouped(above), _grouped(below)
            return f"{above} / {below}" if " " in above + below else f"{above}/{below}"
        if name == "sqrt":
            return f"√{_grouped(self._argument())}"
        if name in ACCENTS:
            return f"{self._argument()}{ACCENTS[name]}"
        if name in ("mathrm", "text", "mathbf", "operatorname"):
            return self._argument()
        if name in WORDS and name not in GREEK:
            return name + (" " if self.place < len(self.signs) and self.signs[self.place].isalnum() else "")
        found = GREEK.get(name) or SIGNS.get(name)
        if found is None and name not in SIGNS:
            raise ValueError(f"a formula has \\{name}, which has no plain text yet; add it to formulas.py")
        if name in ("partial", "Delta", "nabla") and self.place < len(self.signs) and self.signs[self.place].isspace():
            self.place += 1  # the blank only ends the name of the command
        return found or ""


def _grouped(text: str) -> str:
    """Put parentheses around what a fraction or a root could tear apart."""
    text = text.strip()
    return text if re.fullmatch(r"[^\s+·−/]+|∂\S+|\([^()]*\)[⁰¹²³⁴-⁹]*", text) else f"({text})"


def _script(text: str, sign: str) -> str:
    letters = UPPER if sign == "^" else LOWER
    plain = text.replace("−", "-").strip()
    if all(letter in letters for letter in plain.replace(" ", "")):
        return "".join(letters[letter] for letter in plain.replace(" ", ""))
    return f"{sign}{text}" if len(plain) == 1 else f"{sign}({text})" if sign == "^" else f"_{text}"
