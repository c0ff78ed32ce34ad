"""The few marks of a lesson's prose, as text for a terminal and as HTML.

They are Markdown's titles, lists, lines indented by four blanks (a formula, which is kept as it is), ``**stress**`` and
`` `code` ``, and formulas between dollar signs (`formation_mlp.lessons.formulas`). An asterisk or an underscore alone
means itself.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from formation_mlp.lessons import formulas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

START, STOP = "\ue000", "\ue001"
KEPT = re.compile(f"{START}(\\d+){STOP}")
"""Marks of a formula that the parser of Markdown must not see: from the area of Unicode for private use."""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    def sign(_renderer: Any, tokens: Sequence[Token], i: int, *_: Any) -> str:
        return tokens[i].markup

    def formula(_renderer: Any, tokens: Sequence[Token], i: int, *_: Any) -> str:
        return f'<pre class="formula" tabindex="0">{escape(tokens[i].content.rstrip())}</pre>\n'

    parser = MarkdownIt("zero").enable(["heading", "list", "code", "emphasis", "backticks", "newline"])
    for name, rule in {"em_open": sign, "em_close": sign, "code_block": formula}.items():
        parser.add_render_rule(name, rule)
    return parser


def as_html(text: str) -> Markup:
    """Return prose as HTML with formulas as MathML; everything else in it is escaped."""
    made: list[str] = []

    def keep(latex: str, is_block: bool) -> str:
        made.append(formulas.as_mathml(latex, is_block))
        return f"\n\n{START}{len(made) - 1}{STOP}\n\n" if is_block else f"{START}{len(made) - 1}{STOP}"

    rendered = _parser().render(formulas.replaced(text, keep))
    return Markup(KEPT.sub(lambda found: made[int(found[1])], rendered))  # noqa: S704 (the parser escapes)


def as_text(text: str, width: int) -> str:
    """Return prose for a terminal, wrapped; marks are left out, and formulas are written in one line each."""
    text = re.sub(r"\n{3,}", "\n\n", formulas.replaced(text, _plain_formula))
    pieces: list[str] = []
    items: list[str] = []
    mark, tokens = "", _parser().parse(text)
    for i, token in enumerate(tokens):
        if token.type == "list_item_open":
            mark = f"{token.info}{token.markup} "
        elif token.type == "code_block":
            pieces.append(textwrap.indent(token.content.rstrip(), "    "))
        elif token.type == "inline" and tokens[i - 1].type == "heading_open":
            title = _plain(token)
            pieces.append(f"{title}\n{('=' if tokens[i - 1].tag == 'h1' else '-') * len(title)}")
        elif token.type == "inline":
            filled = textwrap.fill(_plain(token), width, initial_indent=mark, subsequent_indent=" " * len(mark))
            (items if mark else pieces).append(filled)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            pieces.append("\n".join(items))
            items, mark = [], ""
    return "\n\n".join(pieces)


def _plain_formula(latex: str, is_block: bool) -> str:
    plain = formulas.as_plain(latex)
    return f"\n\n{textwrap.indent(plain, '    ')}\n\n" if is_block else plain


def beginning(text: str) -> tuple[str, str]:
    """Return the first title of some prose, and its first paragraph, without marks; empty where there is none."""
    texts: dict[str, str] = {}
    for start, token in pairwise(_parser().parse(text)):
        if token.type == "inline":
            texts.setdefault(start.type, _plain(token))
    return texts.get("heading_open", ""), texts.get("paragraph_open", "")


def _plain(line: Token) -> str:
    """Return the text of a paragraph, title or item in one line."""
    parts = line.children or ()
    signs = ("em_open", "em_close")
    texts = (part.markup if part.type in signs else part.content or " " * (part.type == "softbreak") for part in parts)
    return "".join(texts)
