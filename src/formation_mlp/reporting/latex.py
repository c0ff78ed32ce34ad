"""Text and tables for a paper written with LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

SPECIAL = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "−": "$-$",
    "±": r"$\pm$",
    "²": "$^2$",
    "×": r"$\times$",
    "<": "$<$",
    ">": "$>$",
    "Δ": r"$\Delta$",
}
"""Characters that LaTeX reads otherwise, and what stands for them."""

_CITED = re.compile(r"\s?\[@([\w, @]+)\]")


def escaped(text: str) -> str:
    r"""Return plain text as LaTeX.

    Examples
    --------
    >>> print(escaped("random_forest, 90 %"))
    random\_forest, 90 \%
    """
    return "".join(SPECIAL.get(character, character) for character in text)


def plain(text: str) -> str:
    """Return a text without its citations, which are written as ``[@key]``, or ``[@key, @other]``."""
    return _CITED.sub("", text)


def cited_text(text: str) -> str:
    r"""Return a text with citations as LaTeX.

    Examples
    --------
    >>> print(cited_text("features [@ward2016, @deml2016] of 90 %"))
    features~\cite{ward2016,deml2016} of 90 \%
    """
    pieces = _CITED.split(text)
    return "".join(escaped(piece) if i % 2 == 0 else _cite(piece) for i, piece in enumerate(pieces))


def cited_keys(text: str) -> list[str]:
    """Return the keys that a text cites, each once, in order."""
    found = [key.strip(" @") for group in _CITED.findall(text) for key in group.split(",")]
    return list(dict.fromkeys(found))


def _cite(keys: str) -> str:
    return f"~\\cite{{{','.join(key.strip(' @') for key in keys.split(','))}}}"


def latex_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, label: str) -> str:
    r"""Return a table with the rules of the package booktabs; all columns but the first stand to the right."""
    lines = [" & ".join(map(escaped, row)) + r" \\" for row in rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{escaped(caption)}}}",
            f"  \\label{{{label}}}",
            f"  \\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
            r"    \toprule",
            "    " + " & ".join(map(escaped, header)) + r" \\",
            r"    \midrule",
            *(f"    {line}" for line in lines),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
        ]
    )
