"""Texts, tables and references for a paper."""

from __future__ import annotations

from formation_mlp.reporting import latex, paper
from formation_mlp.reporting.bibliography import entries


def test_all_that_a_methods_paragraph_may_cite_has_an_entry() -> None:
    texts = [*paper.OPTIMIZERS.values(), *paper.LOSSES.values(), *paper.CITED_KINDS.values()]
    texts += paper.OPPONENTS.values()
    keys = [key for text in texts for key in latex.cited_keys(text)]
    assert len(keys) > 10
    assert set(keys) <= set(entries())


def test_citations_are_left_out_of_plain_text_and_set_in_latex() -> None:
    text = "by AdamW [@loshchilov2019], 5 % of rows_a [@a2000, @b2001]."
    assert latex.plain(text) == "by AdamW, 5 % of rows_a."
    assert latex.cited_text(text) == r"by AdamW~\cite{loshchilov2019}, 5 \% of rows\_a~\cite{a2000,b2001}."
    assert latex.cited_keys(text) == ["loshchilov2019", "a2000", "b2001"]


def test_a_table_escapes_what_latex_reads_otherwise() -> None:
    text = latex.latex_table(["model", "R²"], [["random_forest", "−0.1 ± 0.2"]], "100 % & more", "tab:a")
    assert r"random\_forest & $-$0.1 $\pm$ 0.2 \\" in text
    assert r"\caption{100 \% \& more}" in text
    assert r"\begin{tabular}{lr}" in text
