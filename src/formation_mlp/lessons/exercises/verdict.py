"""What is said about an answer."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, and what helps if it is not.

    Attributes
    ----------
    number : of the exercise, such as ``2.1``
    is_right : whether the answer is accepted
    help : what helps, in plain text; nothing after a right answer
    """

    number: str
    is_right: bool
    help: str = ""

    def __repr__(self) -> str:
        """Return one line, which a notebook without HTML shows."""
        said = "right." if self.is_right else "not yet."
        return " ".join(filter(None, [f"{self.number}: {said}", self.help]))

    def _repr_html_(self) -> str:
        """Return it for a notebook, marked by a sign and a word besides the colour."""
        colour, sign, word = ("#009E73", "✓", "Right.") if self.is_right else ("#D55E00", "✗", "Not yet.")
        return (
            f'<div style="border-left: 4px solid {colour}; padding: 0.3em 0.8em">'
            f"<strong>{sign} {escape(self.number)}: {word}</strong> {escape(self.help)}</div>"
        )
