"""The part of the page about a benchmark: many models on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from formation_mlp.benchmark import tables
from formation_mlp.benchmark.paired import CORRECTION
from formation_mlp.benchmark.pictures import pictures
from formation_mlp.benchmark.published import caution
from formation_mlp.benchmark.results import Results
from formation_mlp.benchmark.text import explanation, introduction, statements
from formation_mlp.benchmark.write import RESULTS_FILE, read_results, read_rows
from formation_mlp.figures.picture import Picture
from formation_mlp.reporting.html import bullets, code, details, facts, joined, paragraph, table, title

Show = Callable[[Sequence[Picture]], Markup]
"""Writes figures beside the page, and returns them as a part of it."""


def is_benchmark(folder: Path) -> bool:
    """Return whether a folder holds the results of a benchmark; files without a format are older, and too poor."""
    path = folder / RESULTS_FILE
    return path.exists() and '"format":' in path.read_text(encoding="utf-8", errors="replace")


def benchmark_section(folder: Path, show: Show) -> Markup:
    """Return the words, tables and figures of a benchmark.

    Parameters
    ----------
    folder
        What `formation-mlp benchmark` has written.
    show
        Writes figures beside the page and returns them as HTML.

    Raises
    ------
    CheckpointError
        If a file is missing or damaged.
    """
    results = read_results(folder)
    drawn = {picture.name.removeprefix("benchmark_"): picture for picture in pictures(results, read_rows(folder))}
    main = results.about.main

    def figures(*names: str) -> Markup:
        return show([drawn[name] for name in names if name in drawn])

    parts = [_introduction(results), title("How good each model is")]
    scores = f"Scores on the {results.part} rows, the best first" + _unit(results)
    parts += [_table(tables.score_table(results, every=True), scores, main), _score_words(results)]
    parts.append(figures("benchmark", "parity", "roc"))
    comparisons = tables.comparison_table(results)
    if comparisons is not None:
        parts += [title("Which differences are more than chance")]
        parts += [_table(comparisons, "Above zero, a model is worse" + _unit(results), main)]
        parts += [paragraph(f"{explanation(results, 'intervals')} {CORRECTION}", "soft")]
    divisions = tables.division_table(results)
    if divisions is not None:
        parts += [title("One division after the other"), _table(divisions, "Scores by division" + _unit(results))]
    novelty = tables.novelty_table(results)
    if novelty is not None:
        parts += [
            title("How much of it is look-up"),
            _table(novelty, "Scores by what training held" + _unit(results), main),
        ]
        parts.append(figures("seen"))
    if results.learning:
        parts += [title("What more rows bring"), figures("learning")]
    parts += [
        title("What it costs"),
        _table(tables.cost_table(results), "Training of one model", main),
        figures("cost"),
    ]
    published = tables.published_table(results)
    if published is not None:
        parts += [
            title("Beside published models"),
            _table(published, "Published and own scores" + _unit(results), main),
        ]
        parts += [
            paragraph(caution(results.published, results.part, len(results.divisions)), "note"),
            _sources(results),
        ]
    return joined([*parts, title("How it was made"), _making(results)])


def _introduction(results: Results) -> Markup:
    about, first = results.about, results.divisions[0]
    times = f", {len(results.divisions)} times," if len(results.divisions) > 1 else ""
    what = "a class" if about.task == "classification" else f"the {about.quantity} in {results.unit}"
    text = (
        f"{len(results.models)} models learned to predict {what}{times} from the same rows and were judged by the same "
        f"{results.part} rows ({first.n_train:,} train and {first.n_shown:,} {results.part} rows"
        + (", in the first division). " if times else "). ")
        + introduction(results)
    )
    said = statements(results)
    remarks = [paragraph(text, "lead"), *([bullets(said)] if said else [])]
    if results.part == "val":
        remarks.append(
            paragraph(
                "No test row has a known truth. The validation rows shown here have also helped to choose epochs and "
                "options, so all models look somewhat better than they are.",
                "note",
            )
        )
    return joined(remarks)


def _score_words(results: Results) -> Markup:
    said = "MAE, RMSE, median error and the mean of the worst 1 % are in eV/atom. " if results.unit else ""
    if len(results.divisions) > 1:
        said += "The number after ± is the standard deviation over the divisions. "
    if any(one.n_seeds > 1 for one in results.models):
        said += "The one under '± seeds' is that over the seeds within a division. "
    return paragraph(f"{said}Times are of one training, and of one prediction of the {results.part} rows.", "soft")


def _sources(results: Results) -> Markup:
    sources = {one.model: one.source for one in results.published}
    return details("Where the published scores are stored", facts(sources, "sources of published scores"))


def _making(results: Results) -> Markup:
    about, description = results.about, results.about.description
    lines = {"protocol": about.protocol, "origin of the values": about.source or "not declared"}
    lines["seeds of each model"] = str(max(one.n_seeds for one in results.models))
    if "rows_sha256" in description:
        lines["fingerprint of ids, compositions and targets"] = f"sha256 {description['rows_sha256']}"
    versions: dict[str, Any] = description.get("versions") or {}
    if versions:
        lines["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [facts(lines, "benchmark")]
    if "config" in description:
        written = yaml.safe_dump(description["config"], sort_keys=False, allow_unicode=True)
        parts.append(details("Configuration", code(written)))
    return joined(parts)


def _table(cells: tables.Table, caption: str, own: str = "") -> Markup:
    """Return a table of the page; a minus sign is a true one there."""
    header, rows = cells
    shown = [[row[0], *(f"−{cell[1:]}" if cell.startswith("-") else cell for cell in row[1:])] for row in rows]
    return table([name.replace("R2", "R²") for name in header], shown, caption, own)


def _unit(results: Results) -> str:
    return f" ({results.unit})" if results.unit else ""
