"""What a screening says of itself: what was screened, what competes, and what came out."""

from __future__ import annotations

import numpy as np

from formation_mlp.hulls.beside import excess_said
from formation_mlp.hulls.known_phases import ORIGINS
from formation_mlp.quoting import counted
from formation_mlp.screening.alarm import alarm
from formation_mlp.screening.chances import DOUBTFUL
from formation_mlp.screening.competition import CANDIDATE, ELEMENT, GIVEN
from formation_mlp.screening.screen import Screening


def in_words(screening: Screening) -> list[str]:
    """Return what was screened, what the numbers are, what competes, and what came out."""
    answers, warning = screening.answers, alarm(screening)
    return [
        *([f"warning: {warning}"] if warning else []),
        screening.candidates.title,
        f"prediction: {answers.models[0].heading(answers.unit, answers.scale)}",
        f"competing: {_competing(screening)}",
        f"result: {_result(screening)}",
    ]


def _result(screening: Screening) -> str:
    columns, words = screening.answers.columns, list(screening.answers.columns["stable"])
    judged = screening.is_judged
    on = judged & (screening.decomposition_energy <= 0)
    known = np.array([word not in ("", ELEMENT) for word in columns.get("known", [""] * len(words))], np.bool_)
    said = "on the hull" if screening.table is None else "below the hull of the table"
    said = f"{int(on.sum()):,} of {int(judged.sum()):,} are {said}"
    if known.any():
        said += f" ({int(np.sum(on & known)):,} known, {int(np.sum(on & ~known)):,} new)"
    if known.any() and screening.table is not None:
        said += f"; {int(known.sum()):,} are in the table, and differ from it by the error of the model"
    if "p_hull" in columns:
        compounds = [word for word, is_one in zip(words, judged.tolist(), strict=True) if is_one]
        said += (
            f"; joined with the classifier {compounds.count('yes'):,} are stable, and "
            f"{compounds.count('perhaps'):,} perhaps"
        )
    n_doubtful, n_elements = words.count(DOUBTFUL), int(screening.is_element.sum())
    if n_doubtful:
        said += f"; {n_doubtful:,} are doubtful: more anions than known states can charge make their energies too low"
    if n_elements:
        said += f"; {counted(n_elements, 'element')} {'is' if n_elements == 1 else 'are'} zero by definition"
    return said


def _competing(screening: Screening) -> str:
    table, competition = screening.table, screening.competition
    words = competition.phases.words
    if table is not None:
        return (
            f"{counted(len(words), 'compound')} of {table.path} within these elements (column {table.column!r}), and "
            "the elements at 0 eV/atom. Errors of the model do not cancel against energies of another origin, as they "
            "partly do among predictions"
        )
    n_new = words.count(CANDIDATE)
    counts = [f"{words.count(word):,} {word}" for word in (*ORIGINS, GIVEN) if word in words]
    if competition.remark or not counts:
        given = f", {counts[0]}" if counts else ""
        said = f"{counted(n_new, 'prediction')}{given}, each against all others, and the elements at 0 eV/atom"
        return f"{said}; {competition.remark}" if competition.remark else said
    said = (
        f"{counted(len(words) - n_new, 'known phase')} of these elements (in a database, which does not say that "
        f"anybody made them; energies: {', '.join(counts)}), {counted(n_new, 'new compound')}, each against all "
        f"others, and the elements at 0 eV/atom{excess_said(list(competition.left_out))}"
    )
    if competition.shift:
        said += (
            f"; the calibration moves predictions by {competition.shift:+.3f} eV/atom, those of known phases included; "
            "energies of the database (own, converted) stay, as they are no answers of the model"
        )
    return said
