"""Prose keeps its formulas: as plain text in a terminal, as MathML on a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from formation_mlp.lessons import formulas, markup
from formation_mlp.lessons.cells import all_lessons
from formation_mlp.lessons.exercises.collection import exercises_of

LESSONS = all_lessons()
TEXTS = [cell.text for lesson in LESSONS for cell in lesson.cells if cell.is_prose] + [
    exercise.question for lesson in LESSONS for exercise in exercises_of(lesson.number)
]
FORMULAS = sorted({one or other for text in TEXTS for one, other in formulas.FORMULA.findall(text) if 'f"' not in one})


def test_prose_keeps_formulas_and_wraps_the_rest() -> None:
    text = "# T\nOne **two**\nthree * four\n\n    a = b\n    c = d\n\n- x\n  y\n- z"
    assert markup.as_text(text, 80) == "T\n=\n\nOne two three * four\n\n    a = b\n    c = d\n\n- x y\n- z"
    html = markup.as_html(text)
    assert '<pre class="formula" tabindex="0">a = b\nc = d</pre>' in html
    assert "<p>One <strong>two</strong>\nthree * four</p>" in html
    assert "<ul>\n<li>x\ny</li>\n<li>z</li>\n</ul>" in html


def test_a_single_asterisk_or_underscore_means_itself() -> None:
    text = "w1*x1 + w2*x2 is _not_ **w** and `a**b**`; [a](b) &amp; <b> stay"
    assert markup.as_text(text, 80) == "w1*x1 + w2*x2 is _not_ w and a**b**; [a](b) &amp; <b> stay"
    marked = "w1*x1 + w2*x2 is _not_ <strong>w</strong> and <code>a**b**</code>; [a](b) &amp;amp; &lt;b&gt; stay"
    assert markup.as_html(text) == f"<p>{marked}</p>\n"


def test_a_formula_in_latex_is_text_in_a_terminal_and_mathml_on_a_page() -> None:
    text = "With $w_1 < 2$ the probability is\n$$\\hat y = \\frac{1}{1 + e^{-z}}$$\nand so on."
    assert markup.as_text(text, 80) == "With w₁ < 2 the probability is\n\n    ŷ = 1 / (1 + e⁻ᶻ)\n\nand so on."
    page = markup.as_html(text)
    assert page.count("<math ") == 2
    assert 'display="block"' in page
    assert "\\" not in page
    assert "<mo>&#x0003C;</mo>" in page, "a sign that HTML would misread is escaped"


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"\frac{\partial E}{\partial w} = (\hat y - y)\, \sigma'(z)\, x", "∂E/∂w = (ŷ − y) σ'(z) x"),
        (r"\frac{TP + TN}{TP + TN + FP + FN}", "(TP + TN) / (TP + TN + FP + FN)"),
        (r"\frac{e^{-z}}{(1 + e^{-z})^2}", "e⁻ᶻ / (1 + e⁻ᶻ)²"),
        (r"\begin{aligned} h_0 &= x \\ h_k &= \sigma(W_k h_{k-1} + b_k) \end{aligned}", "h₀ = x\nhₖ = σ(Wₖ hₖ₋₁ + bₖ)"),
        (r"(J^\top J + \lambda 1)\, d = J^\top r", "(Jᵀ J + λ 1) d = Jᵀ r"),
    ],
)
def test_formulas_read_well_as_plain_text(latex: str, plain: str) -> None:
    assert formulas.as_plain(latex) == plain


def test_a_command_without_plain_text_is_named() -> None:
    with pytest.raises(ValueError, match=r"a formula has \\zeta, which has no plain text yet"):
        formulas.as_plain(r"\zeta(2)")


@pytest.mark.parametrize("latex", FORMULAS)
def test_every_formula_of_the_lecture_has_both_forms(latex: str) -> None:
    assert not re.search(r"[\\{}$]", formulas.as_plain(latex))
    ET.fromstring(formulas.as_mathml(latex))  # noqa: S314 (made by ourselves)
