"""Scores of whole parts: arrays in, named numbers out. Never averaged over batches."""

from __future__ import annotations

import numpy as np

from formation_mlp.typing import Bools, Floats


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


def log_loss(y: Floats, probability: Floats, weight: Floats | None = None) -> float:
    """Return the mean binary cross entropy of rows that count by ``weight [n]``.

    Probabilities are kept 1e-15 away from 0 and 1.
    """
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    return float(-np.average(y * np.log(p) + (1 - y) * np.log1p(-p), weights=weight))


def call_scores(is_positive: Bools, is_called: Bools, certainty: Floats) -> dict[str, float]:
    """Return how well rows are called positive.

    Parameters
    ----------
    is_positive : the truth, ``[n]``
    is_called : the answer, ``[n]``
    certainty : larger where a row is more likely positive, ``[n]``; ROC-AUC takes its order only

    Returns
    -------
    dict
        Accuracy, F1 of the positive rows (0 where there are none and none is called so), FPR (the share of the negative
        rows that are called positive) and ROC-AUC. FPR is NaN without negative rows, ROC-AUC where all rows are of one
        class.

    Examples
    --------
    >>> truth = np.array([True, True, False, False])
    >>> call_scores(truth, np.array([True, False, True, False]), np.array([0.9, 0.4, 0.6, 0.1]))
    {'accuracy': 0.5, 'F1': 0.5, 'FPR': 0.5, 'ROC-AUC': 0.75}
    """
    from sklearn.metrics import roc_auc_score

    hits = int(np.sum(is_positive & is_called))
    both = 0 < is_positive.sum() < len(is_positive)
    called = int(is_positive.sum() + is_called.sum())
    return {
        "accuracy": float(np.mean(is_positive == is_called)),
        "F1": 2 * hits / called if called else 0.0,
        "FPR": float(np.mean(is_called[~is_positive])) if not is_positive.all() else float("nan"),
        "ROC-AUC": float(roc_auc_score(is_positive, certainty)) if both else float("nan"),
    }


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

    called = probability >= threshold
    scores = call_scores(y == 1, called, probability)
    both = 0 < y.sum() < len(y)
    precision, recall, *_ = metrics.precision_recall_fscore_support(y, called, average="binary", zero_division=0.0)
    return {
        "accuracy": scores["accuracy"],
        "balanced accuracy": float(metrics.balanced_accuracy_score(y, called)) if both else float("nan"),
        "precision": float(precision),
        "recall": float(recall),
        "F1": scores["F1"],
        "ROC-AUC": scores["ROC-AUC"],
        "PR-AUC": float(metrics.average_precision_score(y, probability)) if both else float("nan"),
        "log loss": log_loss(y, probability),
    }
