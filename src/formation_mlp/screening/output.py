"""What a screening leaves behind: a table, files and a phase diagram."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from formation_mlp.errors import DataError
from formation_mlp.hulls.amounts import with_fractions
from formation_mlp.prediction.answers import Answers
from formation_mlp.prediction.output import about
from formation_mlp.quoting import counted
from formation_mlp.saved_model.columns import HIDDEN, PROBABILITY
from formation_mlp.screening.candidates import Candidates
from formation_mlp.screening.diagram import DRAWN, ON_PAGES, check_number, diagram, elements_of, points_of
from formation_mlp.screening.screen import ROWS_PER_PART, Screening, kind_of
from formation_mlp.screening.summary import in_words
from formation_mlp.system.files import csv_text, whole_file, write_json, write_text
from formation_mlp.system.outputs import about_path
from formation_mlp.system.text_table import aligned

MEANINGS = {
    "decomposition_energy": "prediction (or known energy) less the energy of the lowest mixture of competing phases, "
    "eV/atom: above the hull if positive, below the hull of all others if negative",
    "stable": "yes: p_stable is at least the chance with the best F1 on the val rows of critexam (0.5 where the energy "
    "is known); perhaps: it is at least 0.1; no: less. Without p_hull: yes if decomposition_energy is zero or less. "
    "doubtful: the compound has more anions than known states can charge, where calculated and predicted energies are "
    "too low, since corrections count atoms that are no anions",
    "p_stable": "chance to lie on the hull, of hull and classifier joined by logistic regression; of a compound whose "
    "energy is known, by the hull alone; without p_hull, by the classifier alone. It is a chance among compounds like "
    "those of critexam, of which 40 % are stable, and too high for formulas that nobody considered",
    "decomposition_lo": "lower end of the interval of decomposition_energy",
    "decomposition_hi": "upper end of it. Widths come from what the members of the model answer, each with its own "
    "hull, and from errors on the val rows of critexam; of compounds like those, the level in the name lies inside",
    "p_hull": "chance to lie on the hull as energies and hull say, without the classifier",
    "p_classifier": "answer of a classifier that was trained to tell stable compounds from others, and knows nothing "
    "of the hull here; the entry p_classifier above says what exactly, and which model",
    "known": "empty if the compound is new. Else it is in a database, which does not say that anybody made it; own: "
    "its energy there, on this scale, competes in place of the prediction; converted: its energy elsewhere does; "
    "predicted: its energy is withheld, the prediction competes. Or yes: it is in the table of the user. Or given: the "
    "user gave its energy, which competes. Or element: its energy is zero by definition",
    "known_energy": "formation energy of a known compound, eV/atom, by which it is judged in place of the prediction",
    "products": "the competing phases of that mixture: formula units (of elements: atoms) per formula unit of the row",
    "new_products": "those of them that are candidates here and in no database; the row is only as sure as they are",
    "oxidation_states": "mean states that balance the formula, each element of one sign; one of several ways",
}
"""Column to its meaning, of those that a screening adds to the columns of a prediction."""

NOT_SHOWN = (*HIDDEN, "std", "distance_percentile", "p_hull", "p_classifier")
"""Columns that the printed table leaves to the file."""


def as_table(screening: Screening, top: int) -> str:
    """Return the first rows for a terminal."""
    shown = _part(screening.answers, 0, top)
    names = [name for name in shown.columns if name not in NOT_SHOWN]
    used = [name for name in names if any(cell for (cell,) in shown.rows([name], 3))]
    rows = [dict(zip(used, row, strict=True)) for row in shown.rows(used, 3)]
    text = aligned(
        used, [[with_fractions(cell) if name == "products" else cell for name, cell in row.items()] for row in rows]
    )
    left = len(screening.answers) - len(shown)
    return f"{text}\n({left:,} more rows)" if left else text


def _part(answers: Answers, start: int, stop: int) -> Answers:
    columns = {name: values[start:stop] for name, values in answers.columns.items()}
    return replace(answers, columns=columns)


def write(screening: Screening, out: Path | None, figure: Path | None = None) -> list[str]:
    """Write what is asked for, and return what was written in words.

    Parameters
    ----------
    screening
        The result.
    out
        Of the ranked rows, as csv; beside it go ``.about.json``, what a reader must know, and, of two to four elements,
        a page with the phase diagram.
    figure
        Of the diagram; if not given, it goes beside ``out``, provided that there are two or three elements.

    Raises
    ------
    DataError
        If a figure is asked for and there are more elements, or fewer.
    """
    elements = elements_of(screening)
    if figure is None and out is not None and len(elements) in DRAWN:
        figure = out.with_suffix(".png")
    page = out.with_suffix(".html") if out is not None and len(elements) in ON_PAGES else None
    written = []
    if out is not None:
        _write_rows(screening, out, figure, page)
        written.append(
            f"{out}: {counted(len(screening.answers), 'row')}, ranked; {out.name}.about.json says what they mean"
        )
    if figure is not None:
        from formation_mlp.figures.style import save_figure

        save_figure(diagram(screening), figure, {"Title": f"phase diagram, {screening.candidates.name}"})
        written.append(f"{figure}: phase diagram")
    elif out is not None:
        written.append(f"no picture: these are drawn of two or three elements, and here are {len(elements)}")
    if page is not None:
        from formation_mlp.figures.phase_page import phase_page

        write_text(page, phase_page(replace(points_of(screening), said=tuple(in_words(screening)))))
        written.append(f"{page}: phase diagram for a browser, with energies and products of each compound")
    return written


def _write_rows(screening: Screening, out: Path, figure: Path | None, page: Path | None) -> None:
    answers = screening.answers
    names = list(answers.columns)
    with whole_file(out) as file:
        for start in range(0, len(answers), ROWS_PER_PART):
            part = _part(answers, start, start + ROWS_PER_PART)
            file.write(csv_text(None if start else names, part.rows(names, 6)).encode(errors="backslashreplace"))
    of_prediction = [name for name in names if kind_of(name) not in MEANINGS]
    counts = len(answers), answers.n_failed
    described = about(answers.models, answers.unit, of_prediction, *counts, out, strict=False, scale=answers.scale)
    columns = described.pop("columns")
    described |= {
        "screening": in_words(screening),
        "p_classifier": screening.classifier.meaning(PROBABILITY),
        "figure": None if figure is None else figure.name,
        "page": None if page is None else page.name,
        "columns": {name: MEANINGS.get(kind_of(name)) or columns[name] for name in names},
    }
    write_json(about_path(out), described)


def files(candidates: Candidates, out: Path | None, figure: Path | None) -> dict[Path, str]:
    """Return the files that `write` writes, or may write, and the option that each of them comes from."""
    owners = {} if out is None else {out: "--out", about_path(out): "--out"}
    if figure is not None:
        owners[figure] = "--figure"
    elif out is not None and len(candidates.elements) in (0, *DRAWN):  # the elements of a list are not known yet
        owners[out.with_suffix(".png")] = "--out"
    if out is not None and len(candidates.elements) in (0, *ON_PAGES):
        owners[out.with_suffix(".html")] = "--out"
    return owners


def check_figure(figure: Path | None, candidates: Candidates) -> None:
    """Raise `DataError` if a figure is asked for that cannot be drawn, as far as that is known beforehand."""
    if figure is None:
        return
    if figure.suffix != ".png":
        raise DataError(f"--figure: {str(figure)!r} does not end in .png.")
    if candidates.elements:
        check_number(len(candidates.elements), candidates.name)
