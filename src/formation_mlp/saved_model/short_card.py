"""A model in a few lines, for a notebook or a prompt: what it answers, how well, and for which compounds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.columns import PROBABILITY
from formation_mlp.saved_model.shipped import SHIPPED, card

SCORES = ("MAE", "RMSE", "R2", "ROC-AUC", "F1")
"""Those that are shown, as far as the model has them."""


def facts_of(checkpoint: Checkpoint, scale: str) -> dict[str, str]:
    """Return what is said of a model, line by line.

    Parameters
    ----------
    checkpoint
        The model.
    scale
        Energy scale on which it answers if none is asked for, or an empty text.

    Examples
    --------
    >>> from formation_mlp import load
    >>> facts = facts_of(load("stability").checkpoint, "")
    >>> facts["model"], facts["unit"]
    ('stability: probability of lying on the convex hull, from the composition', 'probability')
    """
    known = next((one for one in map(card, SHIPPED) if one.sha256 == checkpoint.digest), None)
    is_classifier = checkpoint.config["task"]["type"] == "classification"
    others = [name for name in checkpoint.target.scales if name != scale]
    elements = checkpoint.training_elements
    facts = {
        "model": f"{known.name}: {known.title}" if known else "trained by its user",
        "answers": known.target if known else _target(checkpoint, is_classifier),
        "unit": PROBABILITY if is_classifier else checkpoint.target.unit,
        "energy scale": f"{scale} (also {', '.join(others)})" if scale and others else scale,
        "origin": checkpoint.target.source or "",
        "features": ", ".join(str(feature) for feature in checkpoint.config["features"]),
        "members": ", ".join(member.name for member in checkpoint.members),
        "trained on": f"compounds of {len(elements)} elements" + (f", {known.rows['train']} rows" if known else ""),
        **{f"{part} scores": _scores(scores) for part, scores in checkpoint.scores.items()},
        "not for": "; ".join(known.not_for) if known else "",
        "made with": ", ".join(f"{name} {version}" for name, version in checkpoint.versions.items()),
        "remarks": "; ".join(checkpoint.remarks),
    }
    return {name: text for name, text in facts.items() if text}


def as_html(facts: Mapping[str, str]) -> str:
    """Return a table for a notebook; every text is escaped, since a model file may hold any.

    Examples
    --------
    >>> "&lt;script&gt;" in as_html({"origin": "<script>"})
    True
    """
    left = 'style="text-align:left"'
    rows = (f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>" for name, text in facts.items())
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _target(checkpoint: Checkpoint, is_classifier: bool) -> str:
    task, name = checkpoint.config["task"], checkpoint.target.label
    return f"probability of {task['labels'][1]!r}" if is_classifier else name


def _scores(scores: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {scores[name]:.4f}" for name in SCORES if scores.get(name) is not None)
