"""One prediction, explained by its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from formation_mlp.config.schema import Entry
from formation_mlp.errors import DataError
from formation_mlp.explain.groups import groups
from formation_mlp.explain.permutation import beside_features
from formation_mlp.explain.rows import RunRows
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.materials.structure.items import names_a_file
from formation_mlp.models.integrated_gradients import TOLERANCE
from formation_mlp.saved_model.members import ELEMENTS
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.trust.domain import FARTHEST
from formation_mlp.typing import Floats

JUMPS = "jumps of the activation"
INCOMPLETE = 10
"""What attributions lack of the difference is named above so many times the error that was aimed at. Only an activation
that jumps, `hardshrink`, leaves so much: it changes the answer without a gradient."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a group of features adds to a prediction.

    Attributes
    ----------
    name : of the group
    amount : eV/atom, or a difference of probabilities
    columns : of the group, the most important first; counted among the kept columns of the model
    """

    name: str
    amount: float
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model answers as it does for one material.

    The attributions add up to ``prediction - baseline``. They say what the model does, not what nature does: of
    features that go together, it may use either.

    Attributes
    ----------
    label : the formula as given, or what stands for a structure: of a file, its name
    prediction : eV/atom, or the probability of the positive class
    baseline : the same for a mean training compound
    attributions : of the kept features, in the unit of the prediction, ``[k]``
    of_elements : attribution of what the model sees of the elements beside the features; 0 if it sees nothing
    elements_name : what that is
    tolerance : share of the difference that the attributions may lack
    values : of the kept features, in their own units, ``[k]``; NaN where one is missing and the median stands in
    scaled : the same in standard deviations from the mean of the train rows, ``[k]``
    scaler : names, means and standard deviations of the features
    features : presets, as the configuration names them
    is_probability : whether the model is a classifier
    warning : a remark of the model on the material, or empty
    """

    label: str
    prediction: float
    baseline: float
    attributions: Floats
    of_elements: float
    values: Floats
    scaled: Floats
    scaler: FeatureScaler
    features: Sequence[Entry]
    is_probability: bool
    warning: str
    elements_name: str = ELEMENTS
    tolerance: float = TOLERANCE

    def contributions(self, kind: str = "property") -> list[Contribution]:
        """Return what each group adds, the largest amounts first; together they make all of the difference.

        Parameters
        ----------
        kind
            Of groups: ``property`` or ``preset``.
        """
        place = {column: i for i, column in enumerate(self.scaler.kept.tolist())}
        found = []
        for name, group in groups(self.features, kind).items():
            own = [place[column] for column in group.tolist() if column in place]
            own.sort(key=lambda i: -abs(self.attributions[i]))
            if own:
                found.append(Contribution(name, float(self.attributions[own].sum()), tuple(own)))
        if self.of_elements:
            found.append(Contribution(self.elements_name, self.of_elements, ()))
        difference = self.prediction - self.baseline
        rest = difference - sum(one.amount for one in found)
        if abs(rest) > INCOMPLETE * self.tolerance * abs(difference):
            found.append(Contribution(JUMPS, rest, ()))
        return sorted(found, key=lambda one: -abs(one.amount))


class Explainer:
    """Divides predictions of a model among its features by `formation_mlp.models.integrated_gradients`.

    The answer of an ensemble is the mean of its members' by their shares, and so are its attributions. Those of a
    classifier are differences of probabilities.

    Parameters
    ----------
    predictor
        The model; `formation_mlp.load` gives one.
    tolerance
        Share of the difference that the attributions may lack: a network is followed in steps, the smaller the longer
        it takes.

    Examples
    --------
    >>> from formation_mlp import load
    >>> found = Explainer(load("composition")).explain(["NaCl"])[0]
    >>> total = found.attributions.sum() + found.of_elements
    >>> bool(abs(total - (found.prediction - found.baseline)) < 1e-4 * abs(total))
    True
    """

    def __init__(self, predictor: Predictor, tolerance: float = TOLERANCE) -> None:
        self.predictor, self.tolerance = predictor, tolerance
        model = predictor.checkpoint
        place = predictor.place_of(None) if predictor.task.has_several_scales else 0
        about = len(model.scaler.kept), predictor.task, model.training_elements, place
        self._attributions = [member.attribution(*about) for member in model.members]

    def explain(self, items: Sequence[object]) -> list[Explanation]:
        """Explain the predictions of formulas, ``Composition`` or ``Structure`` objects, or structure files.

        Raises
        ------
        DataError
            If an input has no prediction.
        """
        found = self.explain_read(read_materials(items))
        names = [
            Path(str(item)).name if names_a_file(item) else one.label for item, one in zip(items, found, strict=True)
        ]
        return [replace(one, label=name) for one, name in zip(found, names, strict=True)]

    def explain_read(self, read: ReadMaterials) -> list[Explanation]:
        """Explain the predictions of materials that are read already."""
        predictions = self.predictor.predict_read(read)
        failed = [(i, error) for i, error in enumerate(predictions.errors) if error]
        if failed:
            raise DataError(f"explain: {len(failed)} of {len(read.labels)} inputs have no prediction: {failed[0][1]}")
        model = self.predictor.checkpoint
        X = featurize(read.materials, self.predictor.features).X
        scaled = model.scaler.transform(X)
        shares = np.array([member.share for member in model.members])
        own = self.predictor.intervals.own_rows()
        shift = 0.0 if own is None else own.shift
        explanations = []
        for i, (label, warning) in enumerate(zip(predictions.labels, predictions.warnings, strict=True)):
            composition = read.materials.compositions.take([i])
            parts = [attribution(scaled[i], composition, self.tolerance) for attribution in self._attributions]
            attributions = shares @ np.stack([part[0] for part in parts])
            baseline, prediction = (float(shares @ [part[j] for part in parts]) + shift for j in (1, 2))
            explanations.append(
                Explanation(
                    label,
                    prediction,
                    baseline,
                    attributions[:-1],
                    float(attributions[-1]),
                    X[i, model.scaler.kept],
                    scaled[i],
                    model.scaler,
                    self.predictor.features,
                    self.predictor.task.is_classification,
                    warning,
                    beside_features(model) or ELEMENTS,
                    self.tolerance,
                )
            )
        return explanations


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training row near a material.

    Attributes
    ----------
    formula : as written in the table
    y : its label, eV/atom, or 0 or 1
    distance : of the features; 0 for the same composition in a model of compositions
    """

    formula: str
    y: float
    distance: float


def neighbours(predictor: Predictor, train: RunRows, explanation: Explanation, n: int = 5) -> list[Neighbour]:
    """Return the ``n`` training rows that are most like a material, the nearest first.

    The distance is that by which predictions are judged to be near the training rows or far from them: Euclidean,
    in the whitened leading principal components of the scaled features (`formation_mlp.trust.domain.Domain`). A
    model of an older format has none of these; there it is the root mean square difference of the scaled features.

    Parameters
    ----------
    predictor
        The model.
    train
        The train rows of its run (`formation_mlp.explain.rows.featurized_rows`).
    explanation
        Of the material.
    n
        How many, or fewer where there are not so many.
    """
    scaler, domain = predictor.checkpoint.scaler, predictor.checkpoint.domain
    far = np.clip(scaler.transform(train.X), -FARTHEST, FARTHEST)
    here = np.clip(explanation.scaled, -FARTHEST, FARTHEST)
    step = (far - here) / np.sqrt(len(here)) if domain is None else (far - here) @ domain.directions
    distance = np.sqrt((step**2).sum(axis=1))
    nearest = np.argsort(distance, kind="stable")[:n]
    return [Neighbour(train.formulas[i], float(train.y[i]), float(distance[i])) for i in nearest]
