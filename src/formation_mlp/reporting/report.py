"""The verb report: one page, and its figures, about folders of runs and benchmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from formation_mlp.errors import ConfigError
from formation_mlp.figures import benchmark_bars
from formation_mlp.figures.picture import Picture
from formation_mlp.reporting import html, pictures, provenance, tables, text
from formation_mlp.reporting.benchmark import Show, benchmark_section, is_benchmark
from formation_mlp.reporting.finished import FinishedRun, load_run
from formation_mlp.runs.contents import REPORT_PAGE, report_figures
from formation_mlp.runs.folder import RunFolder
from formation_mlp.system.files import real_path, write_text
from formation_mlp.system.outputs import claimed


def write_report(folders: Sequence[Path], out: Path | None = None, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write one self-contained HTML page about finished runs and benchmarks, and its figures as PNG and SVG beside it.

    Parameters
    ----------
    folders
        Folders of runs or benchmarks, one at least.
    out
        The page, ending in ``.html``. By default ``report.html`` in the folder, or in the working folder if there
        are several.
    overwrite
        Whether a page that exists is replaced. That in the folder of a run is made anew in any case.

    Returns
    -------
    tuple
        The page, and the folder of its figures: ``report_figures`` for ``report.html``.

    Raises
    ------
    CheckpointError
        If a folder is no finished run or benchmark, or one of its files is missing or damaged.
    ConfigError
        If a folder is given twice, or ``out`` is no name of a page.
    DataError
        If the page exists and is not to be replaced, or is a file of a run.
    InUseError
        If another process writes the page, or works in the folder where it goes.
    """
    if out is not None and out.suffix != ".html":
        raise ConfigError(f"--out: {str(out)!r} does not end in .html.")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("report: a run is given twice. Name each folder once.")
    page = out or (folders[0] if len(folders) == 1 else Path()) / REPORT_PAGE
    with _claimed(page, folders, overwrite=overwrite):
        return _write(page, folders)


@contextmanager
def _claimed(page: Path, folders: Sequence[Path], *, overwrite: bool) -> Iterator[None]:
    """Make sure that the page may be written, and that its run is not trained anew meanwhile."""
    home = next((folder for folder in folders if real_path(page).parent == real_path(folder)), None)
    if home is not None and page.name == REPORT_PAGE:
        if not home.exists():  # load_run will say that there is no such folder
            yield
            return
        with RunFolder(home).alone():
            yield
        return
    with claimed(page, folders, overwrite=overwrite, folder=report_figures(page)):
        yield


def _write(page: Path, folders: Sequence[Path]) -> tuple[Path, Path]:
    figures = report_figures(page)
    names, runs, sections = _names(folders), [], []
    for i, (folder, name) in enumerate(zip(folders, names, strict=True)):
        prefix = f"{i + 1}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}-" if len(folders) > 1 else ""
        section = {"name": name, "run": "", "benchmark": ""}
        benchmarked, show = is_benchmark(folder), _shown_in(figures, prefix)
        if not benchmarked or RunFolder(folder).is_done():
            runs.append(load_run(folder, name))
            section["run"] = html.joined(_run_parts(runs[-1], show))
        if benchmarked:
            section["benchmark"] = benchmark_section(folder, show)
        sections.append(section)
    overview = html.joined(_overview(runs, figures))
    title = f"Report: {', '.join(names)}"
    write_text(page, html.page("report.html", title=title, overview=overview, sections=sections))
    return page, figures


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the names of the folders or, where two are equal, their paths."""
    names = [folder.resolve().name for folder in folders]
    return [name if names.count(name) == 1 else str(folder) for name, folder in zip(names, folders, strict=True)]


def _overview(runs: Sequence[FinishedRun], figures: Path) -> list[Markup]:
    """Return what compares several runs."""
    parts: list[Markup] = []
    if len(runs) < 2:
        return parts
    for kind, score in ((False, "MAE"), (True, "log loss")):
        same = [run for run in runs if run.is_classification is kind]
        if not same:
            continue
        parts.append(tables.runs_section(same))
        values = [run.report["scores"][run.part].get(score) for run in same]
        if len(same) > 1 and tables.are_comparable(same) and None not in values:
            figure = benchmark_bars([run.name for run in same], values, same[0].unit, (), score)
            name = "comparison_of_classifiers" if kind else "comparison_of_regressions"
            picture = Picture(name, figure, f"{score} of {len(same)} runs", "A shorter bar is better.")
            parts.append(html.figures([picture], figures))
    return parts


def _shown_in(figures: Path, prefix: str) -> Show:
    """Return what writes figures into a folder, and returns them as part of the page."""

    def show(drawn: Sequence[Picture]) -> Markup:
        return html.figures([replace(one, name=prefix + one.name) for one in drawn], figures) if drawn else Markup()

    return show


def _run_parts(run: FinishedRun, show: Show) -> list[Markup]:
    """Return the words, tables and figures of a run."""
    parts = [text.introduction(run), html.title("How good it is")]
    parts.append(tables.score_section(run))
    if run.is_classification:
        parts += [show(pictures.class_pictures(run)), tables.threshold_section(run)]
    else:
        parts.append(show(pictures.energy_pictures(run)))
        intervals = run.half_widths()
        parts += [html.title("Intervals"), text.interval_words(run)]
        parts += [show(pictures.interval_pictures(run, *intervals))] if intervals is not None else []
    groups = pictures.group_pictures(run)
    if groups:
        parts += [html.title("Where it is wrong"), show(groups), tables.class_definitions()]
    parts += [html.title("The worst rows"), tables.worst_section(run)]
    epochs = pictures.training_pictures(run)
    if epochs:
        parts += [html.title("Training"), show(epochs)]
    parts += [html.title("Data"), provenance.data_section(run)]
    parts += [html.title("How it was made"), provenance.making_section(run)]
    return parts
