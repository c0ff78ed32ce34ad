"""What the page says of a run, chapter by chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formation_mlp.reporting import chapters, paper, pictures, provenance, tables, text
from formation_mlp.reporting.groups import by_element, group_errors
from formation_mlp.reporting.html import paragraph
from formation_mlp.reporting.judged import counted_rows
from formation_mlp.reporting.periodic_table import element_table
from formation_mlp.reporting.summary import summary

if TYPE_CHECKING:
    from formation_mlp.reporting.benchmark import BenchmarkPart
    from formation_mlp.reporting.chapters import Keep, Part, Parts, Show
    from formation_mlp.reporting.finished import FinishedRun


def run_parts(run: FinishedRun, show: Show, keep: Keep, benchmark: BenchmarkPart | None = None) -> Parts:
    """Return the words, tables and figures of a run.

    Parameters
    ----------
    run
        A finished run.
    show
        Writes figures beside the page and returns them as HTML.
    keep
        Writes the files for a paper beside the page and returns their paths.
    benchmark
        That of the same rows, which has the table of scores, or None.
    """
    statements = [] if benchmark is None else benchmark.statements(run)
    parts: dict[str, list[Part]] = {
        chapters.BELIEVE: [text.introduction(run), summary(run, statements)],
        chapters.QUALITY: [tables.score_section(run)] if benchmark is None else benchmark.scores(run),
        chapters.TRAINING: [show(pictures.training_pictures(run))],
        chapters.PAPER: paper.paper_parts(run, benchmark, keep),
        chapters.DATA: [provenance.data_section(run)],
        chapters.MAKING: [provenance.making_section(run)],
    }
    if run.is_classification:
        parts[chapters.QUALITY] += [show(pictures.class_pictures(run)), tables.threshold_section(run)]
    else:
        parts[chapters.QUALITY].append(show(pictures.energy_pictures(run)))
        intervals = run.intervals()
        parts[chapters.INTERVALS] = [text.interval_words(run)]
        parts[chapters.INTERVALS] += [show(pictures.interval_pictures(run, intervals))] if intervals is not None else []
    parts[chapters.FAILURES] = [*_failures(run, show), "The worst rows", tables.worst_section(run)]
    return parts


def _failures(run: FinishedRun, show: Show) -> list[Part]:
    picture = pictures.element_picture(run)
    if picture is None or run.compositions is None:
        return [paragraph("The formulas of the rows cannot be read alone, so errors are not told by element.")]
    errors, unit, name = group_errors(run)
    rows = counted_rows(len(errors), run.part)
    show([picture], on_page=False)
    return [
        element_table(by_element(run.compositions, errors), unit, name, rows),
        show(pictures.group_pictures(run)),
        tables.class_definitions(),
    ]
