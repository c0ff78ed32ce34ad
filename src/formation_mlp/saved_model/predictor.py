"""From formulas or structures to numbers, with nothing but a saved model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from formation_mlp.config.own_code import NONE_OWN, Architectures
from formation_mlp.config.schema import TaskConfig
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.features.engine.table import featurize
from formation_mlp.features.external.own_columns import names_of_columns
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.quoting import shortened
from formation_mlp.saved_model.answering import Answering
from formation_mlp.saved_model.checkpoint import Checkpoint, is_shipped, model_path
from formation_mlp.saved_model.intervals import Intervals, Question
from formation_mlp.saved_model.mean import mean_and_std
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.saved_model.shipped import ON_SCALE
from formation_mlp.saved_model.short_card import as_html, facts_of
from formation_mlp.scales.scale import scale_named
from formation_mlp.targets.task import Task, at_scale
from formation_mlp.trust.domain import Domain
from formation_mlp.trust.domain_columns import DomainColumns, uncommon_elements
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, Singles
from formation_mlp.trust.levels import trust_of
from formation_mlp.trust.own_rows import OWN
from formation_mlp.typing import Floats, Ints
from formation_mlp.units import impossible_energies

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.materials.records import Materials

ELEMENT = "an element: the formation energy of its reference state is zero by definition"
"""What is said of a formula of one element."""

CHUNK = 65_536
"""Rows featurized and predicted at a time, so that memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a model answers to ``n`` rows.

    Attributes
    ----------
    numbers : prediction, standard deviation, how far below and above it the interval ends, the expected error, in
        eV/atom, and whether the compound counts as hypothetical, ``[6, n]``; NaN where nothing was asked or told
    failures : row to the reason
    domain : None if the model has none
    """

    numbers: Floats
    failures: dict[int, str]
    domain: DomainColumns | None


class Predictor(Answering):
    """A trained model, of one member or several, together with its features and scalers.

    Parameters
    ----------
    checkpoint
        Its file.
    scale
        Energy scale on which it answers if none is asked for; by default that on which it was calibrated by rows of its
        user, or else the first that it knows.

    Raises
    ------
    CheckpointError
        If the configuration in the checkpoint is damaged, or the weights do not fit it.
    ConfigError
        If it does not answer on the scale.

    Examples
    --------
    >>> predictor = Predictor(load("composition").checkpoint)
    >>> predictor.predict(["NaCl", "MgO"]).round(1).tolist()  # eV/atom
    [-2.1, -3.0]
    """

    def __init__(self, checkpoint: Checkpoint, scale: str | None = None) -> None:
        self.checkpoint = checkpoint
        try:
            task = TaskConfig.model_validate(checkpoint.config["task"])
            self.features = checkpoint.config["features"]
            self.columns = names_of_columns(self.features)
            self.task = Task(task, checkpoint.target_scaler, scales=checkpoint.target.scales)
            d_in = len(checkpoint.scaler.kept)
            self._members = [member.answer(d_in, self.task) for member in checkpoint.members]
        except (KeyError, TypeError, ValidationError, ConfigError) as error:
            raise CheckpointError(f"the configuration in the model file is damaged: {error}. Train again.") from error
        self._shares = np.array([member.share for member in checkpoint.members])
        self._default = 0
        own_scale = None if checkpoint.own is None else checkpoint.own.scale or None
        self._default = self.place_of(scale or own_scale)
        self.intervals = Intervals(checkpoint, self.scale)
        self._shift = np.zeros(max(1, len(self.scales)))
        if checkpoint.own is not None:
            self._shift[self.place_of(checkpoint.own.scale or None)] = checkpoint.own.shift

    def __reduce__(self) -> tuple[type[Predictor], tuple[Checkpoint, str | None]]:
        """Let a predictor be copied to other processes: it is built anew there."""
        return Predictor, (self.checkpoint, self.scales[self._default] if self.scales else None)

    def __repr__(self) -> str:
        facts = facts_of(self.checkpoint, self.scale)
        return f"Predictor({facts['answers']}, {facts['unit']})"

    def _repr_html_(self) -> str:
        """Return the model's card in short, as notebooks show it."""
        return as_html(facts_of(self.checkpoint, self.scale))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user of the model's file must know, such as that nothing tells whether it is undamaged."""
        return self.checkpoint.remarks

    @property
    def scales(self) -> tuple[str, ...]:
        """The energy scales on which the model answers; none if it does not say."""
        return self.task.scales

    @property
    def scale(self) -> str:
        """The energy scale on which it answers if none is asked for, or an empty text."""
        return self.scales[self._default] if self.scales else ""

    def place_of(self, scale: str | None) -> int:
        """Return the place of an energy scale among those of the model; that of the default if none is asked for.

        Raises
        ------
        ConfigError
            If the model does not answer on it.
        """
        if scale is None:
            return self._default
        if scale not in self.scales:
            scale_named(scale, "scale")
            if self.scales:
                what = (
                    f"answers on {', '.join(self.scales)}, not on {scale}. Leave the scale out, or take another model."
                )
            else:
                what = (
                    f"does not say on which scale it answers. Leave the scale out; 'formation-mlp fit --scale {scale}' "
                    "declares that of a new model, and 'formation-mlp screen' takes your word for it."
                )
            raise ConfigError(f"scale: the model {what}")
        return self.scales.index(scale)

    @property
    def has_intervals(self) -> bool:
        """Whether there are intervals at the level 0.9."""
        return not self.interval_reason()

    def interval_reason(self, level: float = 0.9, scale: str | None = None, population: str | None = None) -> str:
        """Return why there are no intervals at ``level``, or an empty text; scale and population by default its own."""
        return self.intervals.reason(level, scale, population)

    def predict_read(
        self,
        read: ReadMaterials,
        *,
        level: float | None = None,
        scale: str | None = None,
        population: str | None = None,
    ) -> Predictions:
        """Predict inputs that are already read, as `predict_rows` does."""
        reason = "" if level is None else self.interval_reason(level, scale, population)
        if reason:
            raise CheckpointError(f"no intervals: {reason}.")
        place = self.place_of(scale)
        return self._predict(
            read, Question(level, place, self.intervals.population(population, scale)), self.checkpoint.domain
        )

    def predict_numbers(self, read: ReadMaterials, scale: str | None = None) -> Predictions:
        """Predict inputs that are already read, without a look at the training rows."""
        return self._predict(read, Question(place=self.place_of(scale)), None)

    def _predict(self, read: ReadMaterials, question: Question, known: Domain | None) -> Predictions:
        """Predict inputs that are already read, and compare them with the training rows that are known, if any."""
        n = len(read.labels)
        values, std, below, above, expected, hypothetical = numbers = np.full((6, n), np.nan)
        domain = None
        if known is not None:
            domain = DomainColumns.blank(n, known.volumes is not None and read.materials.structures is not None)
        errors = [read.failures.get(i, "") for i in range(n)]
        good = [i for i in range(n) if not errors[i]]
        for start in range(0, len(good), CHUNK):
            rows = good[start : start + CHUNK]
            part = self._answer(read.materials.take(rows), question, known)
            numbers[:, rows] = part.numbers
            for j, reason in part.failures.items():
                errors[rows[j]] = reason
            if domain is not None and part.domain is not None:
                domain.fill(rows, part.domain, part.failures)
        of_elements = [] if self.task.is_classification else _elements_among(read.materials)
        if domain is not None and self.scales:
            domain.flagged[of_elements] = False
        remarks = self._unseen(read.materials.compositions, errors) if domain is None else domain.remarks()
        for i in of_elements:
            remarks[i] = "; ".join(filter(None, (ELEMENT, remarks[i])))
        warnings = ["; ".join(filter(None, (read.notes.get(i, ""), remark))) for i, remark in enumerate(remarks)]
        several = len(self._members) > 1
        found = Predictions(
            read.labels,
            values,
            warnings,
            errors,
            std if several else None,
            None if question.level is None else values + below,
            None if question.level is None else values + above,
            question.level,
            domain,
            self.scales[question.place] if self.scales else "",
        )
        if question.population == OWN:
            found = replace(found, population=["" if error else OWN for error in errors])
        if not self.intervals.tells_errors or domain is None:
            return found
        levels = trust_of(expected, domain.flagged, self.intervals.levels(question.population))
        trust = ["" if error else level for level, error in zip(levels, errors, strict=True)]
        populations = [HYPOTHETICAL if is_so else KNOWN for is_so in (hypothetical == 1).tolist()]
        found = replace(found, expected_error=expected, trust=trust)
        if question.population == OWN or not self.intervals.tells_populations:
            return found
        return replace(found, population=["" if error else one for one, error in zip(populations, errors, strict=True)])

    def _answer(self, materials: Materials, question: Question, known: Domain | None) -> _Answer:
        """Describe and predict some rows, none of them empty."""
        scaler, compositions = self.checkpoint.scaler, materials.compositions
        try:
            table = featurize(materials, self.features)
        except ConfigError as error:
            raise CheckpointError(f"the features of the model cannot be made: {error}") from error
        if table.names != scaler.names:
            here, there = set(table.names), set(scaler.names)
            raise CheckpointError(
                "the model was trained on other features than its presets give here: "
                f"{len(there - here)} are missing ({shortened(', '.join(sorted(there - here)[:3]))}), "
                f"{len(here - there)} are new. It was made with {self.checkpoint.versions}; "
                "install those versions, or train again."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # wild weights give infinity, which is refused below
            scaled = scaler.transform(table.X)
            by_scale = self._on_all_scales(scaled, compositions)
            members = np.stack([at_scale(member, question.place) for member in by_scale])
        numbers = np.full((6, len(materials)), np.nan)
        numbers[0], numbers[1] = mean_and_std(members, self._shares)
        failures = self._impossible(numbers[0]) | table.failures
        position = None if known is None else known.position(scaled)
        answers = sum(share * member for share, member in zip(self._shares, by_scale, strict=True))
        answers = answers - (self._shift if np.ndim(answers) > 1 else self._shift[0])  # errors are those without it
        off = self.intervals.of(question, compositions, position, answers, numbers[1] if len(members) > 1 else None)
        numbers[2:] = off.below, off.above, off.size, off.is_hypothetical
        if self.scales and not self.task.is_classification:
            numbers[:, _elements_among(materials)] = 0.0
        numbers[:, list(failures)] = np.nan
        domain = None
        if known is not None and position is not None:
            domain = known.compare_at(position[1], materials, self.checkpoint.training_elements)
        return _Answer(numbers, failures, domain)

    def _impossible(self, values: Floats) -> dict[int, str]:
        """Return, for each answer that cannot be one, the reason."""
        failures = {} if self.task.is_classification else impossible_energies(values)
        return failures | dict.fromkeys(np.flatnonzero(~np.isfinite(values)).tolist(), "the prediction is not finite")

    def predict_features(self, X: Floats, compositions: Compositions | None, scale: Ints | int | None = None) -> Floats:
        """Return predictions for features ``[n, d]`` in the order of the model's feature names, right or wrong.

        ``scale`` is the place of the energy scale among `scales`, one for all rows or one of each, ``[n]``.
        """
        return mean_and_std(self.predict_members(X, compositions, scale), self._shares)[0]

    def predict_members(self, X: Floats, compositions: Compositions | None, scale: Ints | int | None = None) -> Floats:
        """Return the predictions of each member, ``[n_members, n]``; ``scale`` as for `predict_features`."""
        place = self._default if scale is None else scale
        return self._of_members(self.checkpoint.scaler.transform(X), compositions, place)

    def on_all_scales(self, X: Floats, compositions: Compositions | None) -> Floats:
        """Return the predictions for features ``[n, d]`` on each energy scale, ``[n, s]``; one if it knows none."""
        members = self._on_all_scales(self.checkpoint.scaler.transform(X), compositions)
        columns = np.stack(members).reshape(len(members), len(X), -1)
        return np.stack([mean_and_std(columns[:, :, k], self._shares)[0] for k in range(columns.shape[2])], axis=1)

    def position(self, X: Floats) -> tuple[Singles, Singles]:
        """Return where rows of features ``[n, d]`` lie, see `formation_mlp.trust.domain.Domain.position`.

        Raises
        ------
        CheckpointError
            If the model does not know its training rows.
        """
        if self.checkpoint.domain is None:
            raise CheckpointError("the model does not know how far its training rows reach; train again.")
        return self.checkpoint.domain.position(self.checkpoint.scaler.transform(X))

    def _of_members(self, scaled: Floats, compositions: Compositions | None, scale: Ints | int | None) -> Floats:
        return np.stack([at_scale(found, scale) for found in self._on_all_scales(scaled, compositions)])

    def _on_all_scales(self, scaled: Floats, compositions: Compositions | None) -> list[Floats]:
        """Return the predictions of each member, ``[n]`` each, or ``[n, s]`` with several energy scales."""
        found = [answer(scaled, compositions) for answer in self._members]
        if not self._shift.any():
            return found
        return [one + (self._shift if one.ndim > 1 else self._shift[0]) for one in found]

    def _unseen(self, compositions: Compositions, errors: Sequence[str]) -> list[str]:
        """Name, per row, the elements that no train row holds: all that a model without a domain can say."""
        unseen, _ = uncommon_elements(compositions, self.checkpoint.training_elements, 1)
        return [
            f"never seen in training: {names.replace(' ', ', ')}" if names and not error else ""
            for names, error in zip(unseen, errors, strict=True)
        ]


def _elements_among(materials: Materials) -> list[int]:
    """Return the rows that are one element by its formula: of a structure, the energy may differ from zero."""
    if materials.structures is not None:
        return []
    rows: list[int] = np.flatnonzero(materials.compositions.n_elements == 1).tolist()
    return rows


def load(path: str | Path, architectures: Architectures = NONE_OWN) -> Predictor:
    """Load a trained model: a run folder, its ``model.safetensors``, or the name of a shipped model.

    Parameters
    ----------
    path
        Of the model.
    architectures
        For a model with networks of your own: their classes by the names under which they were trained, such as
        ``{"my_module:MyNet": MyNet}``. None is imported because the file names it.

    Raises
    ------
    CheckpointError
        If there is no model, or it cannot be used.

    Examples
    --------
    >>> from formation_mlp import load
    >>> predictor = load("composition")  # also "stability" and "structure": formation-mlp models lists them
    >>> predictor.predict(["NaCl", "Fe2O3"]).round(0)  # eV/atom
    array([-2., -2.])
    >>> found = predictor.predict_rows(["NaCl", "XeF2"], level=0.9)
    >>> bool((found.lo < found.values).all() and (found.values < found.hi).all())
    True
    """
    file = model_path(path)
    checkpoint = Checkpoint.load(file, "numpy", architectures)
    scale = ON_SCALE.get(str(path)) if is_shipped(file) else None
    try:
        return Predictor(checkpoint, scale)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error
