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
from formation_mlp.reporting import html, tables
from formation_mlp.reporting.benchmark import BenchmarkPart, is_benchmark
from formation_mlp.reporting.bibliography import Works
from formation_mlp.reporting.chapters import Keep, Show, Told, merged
from formation_mlp.reporting.finished import FinishedRun, load_run
from formation_mlp.reporting.paper import works_of_run
from formation_mlp.reporting.run import run_parts
from formation_mlp.runs.contents import REPORT_PAGE, report_figures
from formation_mlp.runs.folder import RunFolder
from formation_mlp.system.files import real_path, write_text
from formation_mlp.system.outputs import claimed


def write_report(folders: Sequence[Path], out: Path | None = None, *, overwrite: bool = False) -> tuple[Path, Path]:
    """Write one self-contained HTML page about finished runs and benchmarks, and its figures beside it.

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
        The page, and the folder beside it, ``report_figures`` for ``report.html``: figures as PNG, SVG and PDF and,
        for a paper, the methods paragraph and the table of scores as LaTeX and the works as BibTeX.

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
    figures, names = report_figures(page), _names(folders)
    told, runs = [], []
    for i, (folder, name) in enumerate(zip(folders, names, strict=True)):
        prefix = f"{i + 1}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}-" if len(folders) > 1 else ""
        one, run = _told(folder, f"run-{i + 1}", name, _shown_in(figures, prefix), _kept_in(figures, prefix))
        told.append(one)
        runs += [] if run is None else [run]
    overview = html.joined(_overview(runs, _shown_in(figures, "")))
    title = f"Report: {', '.join(names)}"
    write_text(page, html.page("report.html", is_scripted=True, title=title, overview=overview, runs=told))
    return page, figures


def _told(folder: Path, key: str, name: str, show: Show, keep: Keep) -> tuple[Told, FinishedRun | None]:
    """Return what the page says of a folder: of the run in it, of the benchmark, or of both as one."""
    benchmark = BenchmarkPart.read(folder) if is_benchmark(folder) else None
    if benchmark is None:
        run = load_run(folder, name)
        return Told(key, name, merged(run_parts(run, show, keep))), run
    if not RunFolder(folder).is_done():
        return Told(key, name, merged(benchmark.parts(show))), None
    run = load_run(folder, name)
    of_run = run_parts(run, show, keep, benchmark if benchmark.is_of(run) else None)
    return Told(key, name, merged(of_run, benchmark.parts(show, beside=run))), run


def works_of_folder(folder: Path) -> Works:
    """Return what a finished run rests on, as its page says it, without predicting its rows again."""
    run = load_run(folder, folder.name, predict=False)
    benchmark = BenchmarkPart.read(folder) if is_benchmark(folder) else None
    return works_of_run(run, benchmark if benchmark is not None and benchmark.is_of(run) else None)


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the names of the folders or, where two are equal, their paths."""
    names = [folder.resolve().name for folder in folders]
    return [name if names.count(name) == 1 else str(folder) for name, folder in zip(names, folders, strict=True)]


def _overview(runs: Sequence[FinishedRun], show: Show) -> list[Markup]:
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
            parts.append(show([Picture(name, figure, f"{score} of {len(same)} runs", "A shorter bar is better.")]))
    return parts


def _shown_in(figures: Path, prefix: str) -> Show:
    """Return what writes figures into a folder, and returns them as part of the page."""

    def show(drawn: Sequence[Picture], *, on_page: bool = True) -> Markup:
        named = [replace(one, name=prefix + one.name) for one in drawn]
        if on_page:
            return html.figures(named, figures) if named else Markup()
        for one in named:
            html.save(one, figures)
        return Markup()

    return show


def _kept_in(figures: Path, prefix: str) -> Keep:
    """Return what writes texts into the folder of the figures."""

    def keep(name: str, content: str) -> str:
        write_text(figures / f"{prefix}{name}", content)
        return f"{figures.name}/{prefix}{name}"

    return keep
