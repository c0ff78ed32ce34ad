"""Show what a lesson says in a notebook: typeset prose, tables, and figures in their place."""

from __future__ import annotations

import io
import sys

from formation_mlp.lessons.blocks import Block, Drawing, Printed, Prose, Question, Table
from formation_mlp.reporting import html

WIDEST = 900
"""Pixels of a figure, at most."""


def is_notebook() -> bool:
    """Tell whether a kernel runs this code, so that what it shows can be more than text."""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def display_block(block: Block) -> None:
    """Show a block below the cell that made it."""
    from IPython.display import HTML, Image, Markdown, display

    if isinstance(block, Prose):
        display(Markdown(block.text))
    elif isinstance(block, Table):
        display(HTML(html.table(block.header, block.rows, block.caption)))
    elif isinstance(block, Drawing):
        buffer = io.BytesIO()
        block.figure.savefig(buffer, format="png")
        width = min(WIDEST, int(96 * block.figure.get_figwidth()))
        display(Image(buffer.getvalue(), width=width, alt=block.caption), Markdown(f"*{block.caption}*"))
    elif isinstance(block, Printed | Question):
        display(Markdown(block.as_text(100)))
