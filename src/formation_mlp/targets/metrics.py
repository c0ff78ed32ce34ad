"""Scores of whole parts: arrays in, named numbers out. Never averaged over batches."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Floats


def regression_scores(y: Floats, prediction: Floats) -> dict[str, float]:
    """Return MAE, RMSE (in the unit of ``y``) and R2 of ``n`` predictions.

    R2 is NaN where all targets are equal, for then it has no meaning.
    """
    error = prediction - y
    spread = float(np.sum((y - y.mean()) ** 2))
    return {
        "MAE": float(np.mean(np.abs(error))),
        "RMSE": float(np.sqrt(np.mean(error**2))),
        "R2": 1 - float(np.sum(error**2)) / spread if spread > 0 else float("nan"),
    }


def log_loss(y: Floats, probability: Floats) -> float:
    """Return the mean binary cross entropy; probabilities are kept 1e-15 away from 0 and 1."""
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


def classification_scores(y: Floats, probability: Floats, threshold: float) -> dict[str, float]:
    """Return the scores of a binary classifier.

    Parameters
    ----------
    y : ``[n]``, 1 for the positive class, else 0
    probability : ``[n]``, predicted probability of the positive class
    threshold : a row is called positive where its probability reaches this value

    Notes
    -----
    ROC-AUC and PR-AUC (average precision) do not depend on the threshold; they and the balanced
    accuracy are NaN where only one class occurs.
    """
    from sklearn import metrics

    called = (probability >= threshold).astype(float)
    both = 0 < y.sum() < len(y)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(y, called, average="binary", zero_division=0.0)
    return {
        "accuracy": float(np.mean(called == y)),
        "balanced accuracy": float(metrics.balanced_accuracy_score(y, called)) if both else float("nan"),
        "precision": float(precision),
        "recall": float(recall),
        "F1": float(f1),
        "ROC-AUC": float(metrics.roc_auc_score(y, probability)) if both else float("nan"),
        "PR-AUC": float(metrics.average_precision_score(y, probability)) if both else float("nan"),
        "log loss": log_loss(y, probability),
    }
