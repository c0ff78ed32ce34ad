"""From run folders to one page and its figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from formation_mlp.errors import ConfigError
from formation_mlp.figures import benchmark_bars
from formation_mlp.files import write_text
from formation_mlp.reporting import html, pictures, provenance, tables, words
from formation_mlp.reporting.finished import FinishedRun, load_run
from formation_mlp.run_folder import REPORT_PAGE, report_figures


def write_report(folders: Sequence[Path], out: Path | None = None) -> tuple[Path, Path]:
    """Write one self-contained HTML page about finished runs, and its figures as PNG and SVG beside it.

    Parameters
    ----------
    folders
        Run folders, one at least.
    out
        The page, ending in ``.html``. By default ``report.html`` in the run folder, or in the working folder if
        there are several runs.

    Returns
    -------
    tuple
        The page, and the folder of its figures: ``report_figures`` for ``report.html``.

    Raises
    ------
    CheckpointError
        If a folder is no finished run, or one of its files is missing or damaged.
    ConfigError
        If a folder is given twice, or ``out`` is no name of a page.
    """
    if out is not None and out.suffix != ".html":
        raise ConfigError(f"--out: {str(out)!r} does not end in .html.")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("report: a run is given twice. Name each folder once.")
    page = out or (folders[0] if len(folders) == 1 else Path()) / REPORT_PAGE
    figures = report_figures(page)
    runs = [load_run(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    sections = [_run_section(i, run, figures, several=len(runs) > 1) for i, run in enumerate(runs)]
    title = f"Report: {', '.join(run.name for run in runs)}"
    head = f"<h1>{escape(title)}</h1>"
    write_text(page, html.page(title, "\n".join([head, *_overview(runs, figures), *sections])))
    return page, figures


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the names of the folders or, where two are equal, their paths."""
    names = [folder.resolve().name for folder in folders]
    return [name if names.count(name) == 1 else str(folder) for name, folder in zip(names, folders, strict=True)]


def _overview(runs: Sequence[FinishedRun], figures: Path) -> list[str]:
    """Return what compares several runs."""
    if len(runs) == 1:
        return []
    links = " · ".join(f'<a href="#run-{i + 1}">{escape(run.name)}</a>' for i, run in enumerate(runs))
    parts = [f'<nav aria-label="Runs"><p>{links}</p></nav>']
    for kind, score in ((False, "MAE"), (True, "log loss")):
        same = [run for run in runs if run.is_classification is kind]
        if not same:
            continue
        parts.append(tables.runs_section(same))
        values = [run.report["scores"][run.part].get(score) for run in same]
        if len(same) > 1 and tables.are_comparable(same) and None not in values:
            figure = benchmark_bars([run.name for run in same], values, same[0].unit, (), score)
            name = "comparison_of_classifiers" if kind else "comparison_of_regressions"
            picture = html.Picture(name, figure, f"{score} of {len(same)} runs", "A shorter bar is better.")
            parts.append(html.figures([picture], figures))
    return parts


def _run_section(i: int, run: FinishedRun, figures: Path, *, several: bool) -> str:
    prefix = f"{i + 1}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', run.name)}-" if several else ""

    def show(drawn: Sequence[html.Picture]) -> str:
        return html.figures([replace(one, name=prefix + one.name) for one in drawn], figures) if drawn else ""

    parts = [f'<section id="run-{i + 1}" aria-label="{escape(run.name)}">']
    parts += [f'<h2 id="name-{i + 1}">{escape(run.name)}</h2>'] if several else []
    parts += [words.introduction(run), _title("How good it is")]
    parts.append(tables.score_section(run))
    if run.is_classification:
        parts += [show(pictures.class_pictures(run)), tables.threshold_section(run)]
    else:
        parts.append(show(pictures.energy_pictures(run)))
        found = run.half_widths()
        parts += [_title("Intervals"), words.interval_words(run)]
        parts += [show(pictures.interval_pictures(run, *found))] if found is not None else []
    groups = pictures.group_pictures(run)
    if groups:
        parts += [_title("Where it is wrong"), show(groups), tables.class_definitions()]
    parts += [_title("The worst rows"), tables.worst_section(run)]
    epochs = pictures.training_pictures(run)
    if epochs:
        parts += [_title("Training"), show(epochs)]
    parts += [_title("Data"), provenance.data_section(run), _title("How it was made"), provenance.making_section(run)]
    return "\n".join([*parts, "</section>"])


def _title(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"
