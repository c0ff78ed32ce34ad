"""What a screening says of itself: what was screened, what competes, and what came out."""

from __future__ import annotations

import numpy as np

from formation_mlp.hulls.beside import excess_said
from formation_mlp.hulls.known_phases import ORIGINS
from formation_mlp.quoting import counted
from formation_mlp.screening.alarm import alarm
from formation_mlp.screening.chances import DOUBTFUL, OF_KNOWN, WORTH_A_TRY
from formation_mlp.screening.competition import CANDIDATE, ELEMENT, GIVEN
from formation_mlp.screening.screen import Screening

MOST_NAMED = 5
"""Compounds that are named."""


def in_words(screening: Screening) -> list[str]:
    """Return what was screened, what the numbers are, what competes, and what came out."""
    answers = screening.answers
    return [
        *(f"warning: {warning}" for warning in warnings(screening)),
        screening.candidates.title,
        f"prediction: {answers.models[0].heading(answers.unit, answers.scale)}",
        *_said(screening),
        f"competing: {_competing(screening)}",
        f"result: {_result(screening)}",
        *_verdicts(screening),
    ]


def warnings(screening: Screening) -> list[str]:
    """Return what makes the verdicts doubtful: errors too large, no known phases, energies on another scale."""
    found, evidence, remark = [alarm(screening)], screening.evidence, screening.competition.remark
    if remark:
        found.append(remark)
        source = screening.answers.models[0].predictor.checkpoint.target.source
        if evidence is not None and evidence.clear and not screening.scale and source != "measured":
            found[-1] += f". They look like {evidence.clear} ({evidence}): with --scale {evidence.clear} known ones do"
    elif evidence is not None and screening.scale and not evidence.allows(screening.scale):
        looks = f"look like {evidence.clear}" if evidence.clear else "lie far from it"
        found.append(
            f"the model declares no scale, you say {screening.scale}, and its energies {looks} ({evidence}). If that "
            "is not what you mean, choose another --scale"
        )
    return [warning for warning in found if warning]


def _verdicts(screening: Screening) -> list[str]:
    """Return from which chance on a compound is called stable, and which are not though they are on the hull."""
    if screening.threshold is None:
        return []
    columns, words = screening.answers.columns, screening.answers.columns["stable"]
    said = f"stable: yes from p_stable {screening.threshold:.2f} on"
    if "known_energy" in columns:
        said += f" ({OF_KNOWN:g} where the energy is known)"
    lines = [f"{said}, perhaps from {WORTH_A_TRY:g} on"]
    on = screening.is_judged & (screening.decomposition_energy <= 0)
    rows = [row for row in np.flatnonzero(on).tolist() if words[row] in ("perhaps", "no")]
    if rows:
        named = [
            f"{columns['formula'][row]} ({words[row]}: hull {columns['p_hull'][row]:.2f}, "
            f"classifier {columns['p_classifier'][row]:.2f})"
            for row in rows[:MOST_NAMED]
        ]
        more = f", and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
        lines.append(
            f"on the hull, but not 'yes', as hull and classifier together say (chances): {', '.join(named)}{more}"
        )
    return lines


def _said(screening: Screening) -> list[str]:
    """Return that the scale is what the user says of a model which declares none."""
    if screening.evidence is None or not screening.scale:
        return []
    told = f"; {screening.evidence}" if screening.evidence.n else ""
    return [f"scale: {screening.scale}, as you say, for the model declares none{told}"]


def _result(screening: Screening) -> str:
    columns, words = screening.answers.columns, list(screening.answers.columns["stable"])
    judged = screening.is_judged
    on = judged & (screening.decomposition_energy <= 0)
    known = np.array([word not in ("", ELEMENT) for word in columns.get("known", [""] * len(words))], np.bool_)
    said = "on the hull" if screening.table is None else "below the hull of the table"
    said = f"{int(on.sum()):,} of {counted(int(judged.sum()), 'candidate')} {'is' if on.sum() == 1 else 'are'} {said}"
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
            "partly do among predictions" + (f". {table.doubt[0].upper()}{table.doubt[1:]}" if table.doubt else "")
        )
    n_new = words.count(CANDIDATE)
    counts = [f"{words.count(word):,} {word}" for word in (*ORIGINS, GIVEN) if word in words]
    if competition.remark or not counts:
        given = f", {counts[0]}" if counts else ""
        return f"{counted(n_new, 'prediction')}{given}, each against all others, and the elements at 0 eV/atom"
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
