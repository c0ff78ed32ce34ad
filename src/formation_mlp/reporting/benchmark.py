"""What the page says of a benchmark, chapter by chapter: many models on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from markupsafe import Markup

from formation_mlp.benchmark import tables
from formation_mlp.benchmark.of_rows import statements_of_rows
from formation_mlp.benchmark.paired import CORRECTION
from formation_mlp.benchmark.pictures import pictures, shown_models
from formation_mlp.benchmark.published import caution
from formation_mlp.benchmark.renaming import renamed
from formation_mlp.benchmark.results import Results
from formation_mlp.benchmark.text import explanation, introduction, statements
from formation_mlp.benchmark.write import RESULTS_FILE, ShownRows, read_named_rows, read_results
from formation_mlp.figures.picture import Picture
from formation_mlp.reporting import chapters
from formation_mlp.reporting.chapters import Part, Parts, Show
from formation_mlp.reporting.finished import FinishedRun, model_name
from formation_mlp.reporting.html import bullets, code, details, facts, joined, paragraph, table
from formation_mlp.reporting.judged import judged_rows
from formation_mlp.reporting.named import named_points


def is_benchmark(folder: Path) -> bool:
    """Return whether a folder holds the results of a benchmark; files without a format are older, and too poor."""
    path = folder / RESULTS_FILE
    return path.exists() and '"format":' in path.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class BenchmarkPart:
    """A finished benchmark, and what the page says of it.

    Attributes
    ----------
    results : all numbers; a single network is named by its architecture
    rows : model to the rows that it was shown on
    """

    results: Results
    rows: Mapping[str, ShownRows]

    @staticmethod
    def read(folder: Path) -> BenchmarkPart:
        """Read what `formation-mlp benchmark` has written; raise `CheckpointError` if it is missing or damaged."""
        results, rows = read_results(folder), read_named_rows(folder)
        main = results.about.main
        named = renamed(results, main, model_name(main, results.about.description.get("config") or {}))
        return BenchmarkPart(named, {named.about.main if name == main else name: own for name, own in rows.items()})

    def is_of(self, run: FinishedRun) -> bool:
        """Return whether the models were judged by the very rows of a run, and its model is the main one."""
        own = self.rows.get(self.results.about.main)
        return own is not None and own.ids == run.ids and np.allclose(own.prediction, run.prediction, atol=1e-3)

    def statements(self, run: FinishedRun) -> list[str]:
        """Return how the main model stands against the best opponent, in sentences.

        Where a start model has learned rows of the run, only the others count.
        """
        judged = judged_rows(run)
        if judged.are_all:
            return statements(self.results)
        ids = {one for one, is_new in zip(run.ids, judged.is_new, strict=True) if is_new}
        return statements_of_rows(self.results, self.rows, ids, judged.short) if judged.are_enough else []

    def parts(self, show: Show, beside: FinishedRun | None = None) -> Parts:
        """Return the words, tables and figures.

        Parameters
        ----------
        show
            Writes figures beside the page and returns them as HTML.
        beside
            The run in the same folder, whose parts stand before these, or None.
        """
        results, main = self.results, self.results.about.main
        pairs = {name: (rows.y, rows.prediction) for name, rows in self.rows.items()}
        drawn = {one.name.removeprefix("benchmark_"): one for one in pictures(results, pairs)}

        def figures(*names: str) -> Markup:
            return show([drawn[name] for name in names if name in drawn])

        novelty, divisions = tables.novelty_table(results), tables.division_table(results)
        parts: dict[str, list[Part]] = {
            chapters.BELIEVE: [] if beside is not None else [_introduction(results)],
            chapters.QUALITY: [
                *([] if beside is not None and self.is_of(beside) else self.scores(beside)),
                *_comparisons(results),
                "Models beside each other",
                figures("benchmark", "roc"),
                self._parities(show, beside),
            ],
            chapters.NOVELTY: []
            if novelty is None
            else [_table(novelty, "Scores by what training held" + _unit(results), main), figures("seen")],
            chapters.LEARNING: [figures("learning")] if results.learning else [],
            chapters.COSTS: [_table(tables.cost_table(results), "Training of one model", main), figures("cost")],
            chapters.MAKING: ["The benchmark", _making(results)],
        }
        if divisions is not None:
            parts[chapters.QUALITY] += [
                "One division after the other",
                _table(divisions, "Scores by division" + _unit(results)),
            ]
        parts[chapters.QUALITY] += _published(results)
        return parts

    def scores(self, beside: FinishedRun | None = None) -> list[Part]:
        """Return the table of scores; formulas that the start model of a run has not learned are scored apart."""
        results, main = self.results, self.results.about.main
        header, rows = tables.score_table(results, every=True)
        new = self.new_scores(beside)
        if new:
            header = [*header, f"MAE, {new.pop('')} new formulas"]
            rows = [[*row, new.get(row[0], "")] for row in rows]
        caption = f"Scores on the {results.part} rows, the best first" + _unit(results)
        return [_table((header, rows), caption, main), _score_words(results)]

    def new_scores(self, run: FinishedRun | None) -> dict[str, str]:
        """Return the MAE of each model on formulas that the start model of a run has not learned, and their number.

        The number is under the empty name. Empty without such a model, or without such rows.
        """
        start = {} if run is None else run.report.get("start") or {}
        known = set(start.get("known_ids", ()))
        if not known or not self.results.unit:
            return {}
        scores: dict[str, str] = {}
        for name, rows in self.rows.items():
            is_new = np.array([one not in known for one in rows.ids], np.bool_)
            if is_new.any():
                scores[name] = f"{np.abs(rows.prediction - rows.y)[is_new].mean():.4f}"
                scores[""] = f"{is_new.sum():,}"
        return scores

    def _parities(self, show: Show, beside: FinishedRun | None) -> Markup:
        """Return a parity plot of each of the best models, on common axes; that of the run stands there already."""
        from formation_mlp.figures import parity_plot

        results, found = self.results, []
        if not results.unit:
            return Markup()
        pairs = {name: (rows.y, rows.prediction) for name, rows in self.rows.items()}
        own = "" if beside is None or not self.is_of(beside) else results.about.main
        shown = [one for one in shown_models(results, pairs) if one.model != own]
        ends = np.array([value for one in shown for array in pairs[one.model] for value in (array.min(), array.max())])
        for i, one in enumerate(shown):
            rows = self.rows[one.model]
            scores = {name: one.scores[name].mean for name in ("MAE", "RMSE", "R2")}
            figure = parity_plot(rows.y, rows.prediction, results.unit, one.model, scores, results.about.quantity, ends)
            alt = (
                f"{one.model}: predicted against actual {results.about.quantity} of {len(rows.y):,} {results.part} rows"
            )
            points = named_points(rows.ids, rows.formulas, rows.y, rows.prediction, results.unit)
            found.append(Picture(f"benchmark_parity_{i + 1}", figure, alt, "", points))
        return show(found)


def _comparisons(results: Results) -> list[Part]:
    comparisons = tables.comparison_table(results)
    if comparisons is None:
        return []
    return [
        "Which differences are more than chance",
        _table(comparisons, "Above zero, a model is worse" + _unit(results), results.about.main),
        paragraph(f"{explanation(results, 'intervals')} {CORRECTION}", "soft"),
    ]


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


def _published(results: Results) -> list[Part]:
    published = tables.published_table(results)
    if published is None:
        return []
    sources = details(
        "Where the published scores are stored",
        facts({one.model: one.source for one in results.published}, "sources of published scores"),
    )
    return [
        "Beside published models",
        _table(published, "Published and own scores" + _unit(results), results.about.main),
        paragraph(caution(results.published, results.part, len(results.divisions)), "note"),
        sources,
    ]


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
        parts.append(details("Configuration of the benchmark", code(written)))
    return joined(parts)


def _table(cells: tables.Table, caption: str, own: str = "") -> Markup:
    """Return a table of the page; a minus sign is a true one there."""
    header, rows = cells
    shown = [[row[0], *(_shown(cell) for cell in row[1:])] for row in rows]
    return table([name.replace("R2", "R²") for name in header], shown, caption, own)


def _shown(cell: str) -> str:
    return "undefined" if cell == "nan" else f"−{cell[1:]}" if cell.startswith("-") else cell


def _unit(results: Results) -> str:
    return f" ({results.unit})" if results.unit else ""
