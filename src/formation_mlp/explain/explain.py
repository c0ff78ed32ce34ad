"""The verb explain: an explanation of a model, or of its predictions, as text and, if asked for, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from formation_mlp.errors import CheckpointError, DataError, FormationMLPError
from formation_mlp.explain.dependence import dependence
from formation_mlp.explain.explanation import Explainer, Explanation, neighbours
from formation_mlp.explain.groups import groups, statistic_of, unit_of
from formation_mlp.explain.permutation import importance
from formation_mlp.explain.rows import RunRows, featurized_rows
from formation_mlp.explain.text import explanation_text, importance_text
from formation_mlp.saved_model.checkpoint import MODEL_FILE
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.saved_model.shipped import SHIPPED
from formation_mlp.typing import Progress


def explain_materials(
    model: str,
    materials: Sequence[str],
    *,
    kind: str = "property",
    alone: bool = False,
    out: Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Explain predictions in words; draw the one of a single material.

    Parameters
    ----------
    model
        Run folder, model file or shipped model.
    materials
        Formulas or structure files.
    kind
        Of groups: ``property`` or ``preset``.
    alone
        Leave the training rows aside, which takes less time.
    out
        File for the figure.
    progress
        As in `formation_mlp.features.engine.table.featurize`, for the training rows.

    Raises
    ------
    DataError
        If a material has no prediction, or a figure is asked of several.
    """
    if out is not None and len(materials) > 1:
        raise DataError(f"explain --out: one figure shows one material, but {len(materials)} are given.")
    predictor = load(model)
    groups(predictor.features, kind)
    explanations = Explainer(predictor).explain(materials)
    train, reason = (None, "left aside by --alone") if alone else _rows(model, predictor, "train", progress)
    texts = []
    for one in explanations:
        near = reason if train is None else neighbours(predictor, train, one)
        texts.append(explanation_text(one, model, kind=kind, train=train, near=near))
    if out is not None:
        _draw_contributions(explanations[0], model, kind, out)
    return _with_remarks("\n\n\n".join(texts), predictor)


def explain_model(
    model: str,
    *,
    kind: str = "property",
    repeats: int = 5,
    out: Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Return the permutation importance of the groups on the val rows of a run, as a table, and draw it.

    Raises
    ------
    CheckpointError
        If the val rows are not known.
    """
    predictor = load(model)
    groups(predictor.features, kind)
    importances = importance(predictor, _val_rows(model, predictor, progress), kind, repeats=repeats)
    if out is not None:
        from formation_mlp.figures import save_figure
        from formation_mlp.figures.explain import importance_bars

        score = "MAE (eV/atom)" if importances.score_name == "MAE" else importances.score_name
        title = f"{model}: {importances.score_name} {importances.score:.4f} on {importances.n_rows:,} val rows"
        save_figure(importance_bars(importances.names, importances.losses, score, title), out, {"Source": model})
    return _with_remarks(importance_text(importances, model), predictor)


def explain_dependence(model: str, names: Sequence[str], out: Path | None, progress: Progress | None = None) -> str:
    """Draw the partial dependence on one or two features over the val rows of a run, and say its range.

    Raises
    ------
    CheckpointError
        If the val rows are not known.
    DataError
        If a name is unknown, or no file is given.
    """
    if out is None:
        raise DataError("explain --dependence: give the file of the figure with --out, such as dependence.png.")
    from formation_mlp.figures import save_figure
    from formation_mlp.figures.explain import dependence_plot

    predictor = load(model)
    dependences = dependence(predictor, _val_rows(model, predictor, progress), names)
    unit = "probability" if dependences.is_probability else "eV/atom"
    axes = [
        f"{statistic_of(name)} ({unit_of(name)})" if unit_of(name) else statistic_of(name) for name in dependences.names
    ]
    save_figure(
        dependence_plot(axes, dependences.grids, dependences.mean, dependences.values, unit), out, {"Source": model}
    )
    over = " and ".join(
        f"{axis} from {grid[0]:.4g} to {grid[-1]:.4g}" for axis, grid in zip(axes, dependences.grids, strict=True)
    )
    low, high = dependences.mean.min(), dependences.mean.max()
    return f"{out}: the mean prediction lies between {low:.3f} and {high:.3f} {unit} for {over}"


def _with_remarks(text: str, predictor: Predictor) -> str:
    """Return a text, and below it what a user of the model's file must know."""
    return "\n".join([text, *(f"\nremark: {remark}" for remark in predictor.remarks)])


def _val_rows(model: str, predictor: Predictor, progress: Progress | None) -> RunRows:
    rows, reason = _rows(model, predictor, "val", progress)
    if rows is None:
        raise CheckpointError(
            f"explain {model}: without a material the val rows are asked, but {reason} "
            f"Name a material, as in: formation-mlp explain {model} Fe2O3"
        )
    return rows


def _rows(model: str, predictor: Predictor, part: str, progress: Progress | None) -> tuple[RunRows | None, str]:
    """Return a part of the rows of a run, or why there are none."""
    if not (Path(model) / MODEL_FILE).exists():
        kind = "a shipped model" if model in SHIPPED else "a model file"
        return None, f"{kind} holds no rows; a run folder knows them."
    try:
        return featurized_rows(model, predictor, (part,), progress)[part], ""
    except FormationMLPError as error:
        return None, str(error)


def _draw_contributions(explanation: Explanation, model: str, kind: str, out: Path) -> None:
    import numpy as np

    from formation_mlp.figures import save_figure
    from formation_mlp.figures.explain import contribution_bars

    contributions = explanation.contributions(kind)
    unit = "probability" if explanation.is_probability else "eV/atom"
    amounts = np.array([one.amount for one in contributions])
    names = [one.name for one in contributions]
    figure = contribution_bars(
        names, amounts, explanation.baseline, explanation.prediction, unit, f"{explanation.label}, predicted by {model}"
    )
    save_figure(figure, out, {"Source": model})
