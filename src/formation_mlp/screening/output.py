"""What a screening leaves behind: words, a table, files and a phase diagram."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import DataError
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.hulls.known_phases import ORIGINS
from formation_mlp.prediction.answers import Answers
from formation_mlp.prediction.output import about
from formation_mlp.saved_model.columns import HIDDEN, PROBABILITY
from formation_mlp.screening.alarm import alarm
from formation_mlp.screening.candidates import Candidates
from formation_mlp.screening.competition import CANDIDATE
from formation_mlp.screening.compositions import electronegativity
from formation_mlp.screening.screen import ROWS_PER_PART, Screening, kind_of
from formation_mlp.system.files import csv_text, whole_file, write_json
from formation_mlp.system.outputs import about_path
from formation_mlp.system.text_table import aligned
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANINGS = {
    "decomposition_energy": "prediction (or known energy) less the energy of the lowest mixture of competing phases, "
    "eV/atom: above the hull if positive, below the hull of all others if negative",
    "stable": "yes: p_stable is at least the chance with the best F1 on the val rows of critexam (0.5 where the energy "
    "is known); perhaps: it is at least 0.1; no: less. Without p_hull: yes if decomposition_energy is zero or less",
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
    "predicted: its energy is withheld, the prediction competes. Or yes: it is in the table of the user",
    "known_energy": "formation energy of a known compound, eV/atom, by which it is judged in place of the prediction",
    "products": "the competing phases of that mixture: formula units (of elements: atoms) per formula unit of the row",
    "new_products": "those of them that are candidates here and in no database; the row is only as sure as they are",
    "oxidation_states": "mean states that balance the formula, each element of one sign; one of several ways",
}
"""Column to its meaning, of those that a screening adds to the columns of a prediction."""

NOT_SHOWN = (*HIDDEN, "std", "distance_percentile", "p_hull", "p_classifier")
"""Columns that the printed table leaves to the file."""
DRAWN = (2, 3)
"""Numbers of elements of which there are diagrams."""


def in_words(screening: Screening) -> list[str]:
    """Return what was screened, what the numbers are, what competes, and what came out."""
    answers, energy = screening.answers, screening.decomposition_energy
    on = energy <= 0
    n_on, words = int(np.sum(on)), list(answers.columns["stable"])
    joined = "p_hull" in answers.columns
    reach = f"; joined with the classifier {words.count('yes'):,} are stable, and {words.count('perhaps'):,} perhaps"
    below = "on the hull" if screening.table is None else "below the hull of the table"
    known = np.array([bool(word) for word in answers.columns.get("known", [""] * len(answers))])
    among = f" ({int(np.sum(on & known)):,} known, {int(np.sum(on & ~known)):,} new)" if known.any() else ""
    if known.any() and screening.table is not None:
        among += f"; {int(known.sum()):,} are in the table, and differ from it by the error of the model"
    warning = alarm(screening)
    return [
        *([f"warning: {warning}"] if warning else []),
        screening.candidates.title,
        f"prediction: {answers.models[0].heading(answers.unit)}",
        f"competing: {_competing(screening)}",
        f"result: {n_on:,} of {int(np.isfinite(energy).sum()):,} are {below}{among}{reach if joined else ''}",
    ]


def _competing(screening: Screening) -> str:
    table, competition = screening.table, screening.competition
    words = competition.phases.words
    if table is not None:
        return (
            f"{_counted(len(words), 'compound')} of {table.path} within these elements (column {table.column!r}), and "
            "the elements at 0 eV/atom. Errors of the model do not cancel against energies of another origin, as they "
            "partly do among predictions"
        )
    n_new = words.count(CANDIDATE)
    counts = [f"{words.count(word):,} {word}" for word in ORIGINS if word in words]
    if not counts:
        said = f"{_counted(n_new, 'prediction')}, each against all others, and the elements at 0 eV/atom"
        return f"{said}; {competition.remark}" if competition.remark else said
    return (
        f"{_counted(len(words) - n_new, 'known phase')} of these elements (in a database, which does not say that "
        f"anybody made them; energies: {', '.join(counts)}), {_counted(n_new, 'new compound')}, each against all "
        "others, and the elements at 0 eV/atom"
    )


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def as_table(screening: Screening, top: int) -> str:
    """Return the first rows for a terminal."""
    shown = _part(screening.answers, 0, top)
    names = [name for name in shown.columns if name not in NOT_SHOWN]
    used = [name for name in names if any(cell for (cell,) in shown.rows([name], 3))]
    text = aligned(used, list(shown.rows(used, 3)))
    left = len(screening.answers) - len(shown)
    return f"{text}\n({left:,} more rows)" if left else text


def _part(answers: Answers, start: int, stop: int) -> Answers:
    columns = {name: values[start:stop] for name, values in answers.columns.items()}
    return Answers(columns, answers.unit, answers.models)


def write(screening: Screening, out: Path | None, figure: Path | None = None) -> list[str]:
    """Write what is asked for, and return what was written in words.

    Parameters
    ----------
    screening
        The result.
    out
        Of the ranked rows, as csv; beside it goes ``.about.json``, what a reader must know.
    figure
        Of the diagram; if not given, it goes beside ``out``, provided that there are two or three elements.

    Raises
    ------
    DataError
        If a figure is asked for and there are more elements, or fewer.
    """
    elements = _elements(screening)
    if figure is None and out is not None and len(elements) in DRAWN:
        figure = out.with_suffix(".png")
    written = []
    if out is not None:
        _write_rows(screening, out, figure)
        written.append(f"{out}: {len(screening.answers):,} rows, ranked; {out.name}.about.json says what they mean")
    if figure is not None:
        from formation_mlp.figures.style import save_figure

        save_figure(diagram(screening), figure, {"Title": f"phase diagram, {screening.candidates.name}"})
        written.append(f"{figure}: phase diagram")
    elif out is not None:
        written.append(f"no phase diagram: these are drawn of two or three elements, and here are {len(elements)}")
    return written


def _write_rows(screening: Screening, out: Path, figure: Path | None) -> None:
    answers = screening.answers
    names = list(answers.columns)
    with whole_file(out) as file:
        for start in range(0, len(answers), ROWS_PER_PART):
            part = _part(answers, start, start + ROWS_PER_PART)
            file.write(csv_text(None if start else names, part.rows(names, 6)).encode(errors="backslashreplace"))
    of_prediction = [name for name in names if kind_of(name) not in MEANINGS]
    described = about(answers.models, answers.unit, of_prediction, len(answers), answers.n_failed, out, strict=False)
    columns = described.pop("columns")
    described |= {
        "screening": in_words(screening),
        "p_classifier": screening.classifier.meaning(PROBABILITY),
        "figure": None if figure is None else figure.name,
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
    return owners


def check_figure(figure: Path | None, candidates: Candidates) -> None:
    """Raise `DataError` if a figure is asked for that cannot be drawn, as far as that is known beforehand."""
    if figure is None:
        return
    if figure.suffix != ".png":
        raise DataError(f"--figure: {str(figure)!r} does not end in .png.")
    if candidates.elements:
        _check_number(len(candidates.elements), candidates.name)


def _check_number(n_elements: int, name: str) -> None:
    if n_elements not in DRAWN:
        raise DataError(
            f"--figure: diagrams are drawn of two or three elements; {name} has {n_elements}. Leave --figure out, or "
            "screen a part of the system."
        )


def _elements(screening: Screening) -> tuple[int, ...]:
    symbols = screening.compositions.elements().tolist()
    return screening.candidates.elements or tuple(sorted(symbols, key=electronegativity))


def diagram(screening: Screening) -> Figure:
    """Draw the hull and the candidates.

    Raises
    ------
    DataError
        If there are not two or three elements.
    """
    from formation_mlp.figures.phase_diagram import phase_diagram

    elements, phases = _elements(screening), screening.competition.phases
    _check_number(len(elements), screening.candidates.name)
    ranked = screening.compositions.take(screening.rows)
    judged = CompetingPhases(phases.compositions, phases.energies).decompose(phases.compositions, phases.energies)
    keys = phases.compositions.keys()
    stable = {
        keys[row]: row for row in np.flatnonzero(judged.is_stable & (phases.compositions.n_elements > 1)).tolist()
    }
    on = list(stable.values())
    drawn = np.isfinite(screening.decomposition_energy) & (ranked.n_elements > 1)
    candidate_keys = ranked.keys()
    rest = [row for row, key in enumerate(candidate_keys) if drawn[row] and key not in stable]
    fractions = [_fractions(phases.compositions.take(on), elements), _fractions(ranked.take(rest), elements)]
    columns = screening.answers.columns
    known = None
    if "known" in columns:
        words = columns["known"]
        known = np.array([phases.words[row] != CANDIDATE for row in on] + [bool(words[row]) for row in rest], np.bool_)
    chance = None
    if "p_hull" in columns:
        p_stable = np.asarray(columns["p_stable"], np.float64)
        of_key = dict(zip(candidate_keys, p_stable.tolist(), strict=True))
        chance = np.concatenate([[of_key.get(keys[row], np.nan) for row in on], p_stable[rest]])
    return phase_diagram(
        [SYMBOLS[z] for z in elements],
        np.vstack(fractions),
        np.concatenate([phases.energies[on], screening.energies[rest]]),
        [phases.formulas[row] for row in on] + [screening.candidates.formulas[screening.rows[row]] for row in rest],
        np.concatenate([np.zeros(len(on)), screening.decomposition_energy[rest]]),
        np.arange(len(on) + len(rest)) < len(on),
        f"{screening.candidates.name}: {_short_competing(screening)}",
        known,
        chance,
    )


def _short_competing(screening: Screening) -> str:
    name, on = screening.answers.models[0].name, screening.answers.models[0].predictor.scale
    scale = f", {on}" if on else ""
    if screening.table is None:
        n = screening.competition.phases.words.count(CANDIDATE)
        n_known = len(screening.competition.phases) - n
        known = f"{_counted(n_known, 'known phase')} and " if n_known else ""
        return f"hull of {known}{_counted(n, 'prediction')}, model {name}{scale}"
    return f"hull of {screening.table.path.name}, predictions of model {name}{scale}"


def _fractions(compositions: Compositions, elements: tuple[int, ...]) -> Floats:
    """Return the share of each of these elements, ``[n, k]``."""
    shares = np.zeros((len(compositions), len(elements)))
    row = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    shares[row, [elements.index(z) for z in compositions.z.tolist()]] = compositions.fractions()
    return shares
