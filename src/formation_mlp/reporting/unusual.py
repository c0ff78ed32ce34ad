"""What is unusual about a row: facts that are counted or measured, never guessed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.trust.domain_columns import FAR
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.reporting.finished import FinishedRun, Training
    from formation_mlp.saved_model.predictions import Predictions


FACTS = {
    "unseen": "an element that no training row holds",
    "rare": "an element in few training rows",
    "far": f"features farther from every training row than {FAR:g} % of the validation rows",
    "density": "a density beyond those of the training rows",
    "charges": "an oxidation state that no known compound of that element has with that ligand",
    "new system": "no training row of its chemical system",
    "lone system": "only one training row of its chemical system",
    "polymorphs": "several rows of its formula",
    "count": "a number of elements that less than 1 % of the training rows have",
    "element": "a single element",
    "extreme": "a truth among the outermost 1 % of the training rows",
}
"""Fact to what it means; in the order in which they are told."""

RARE_COUNT = 0.01
OUTERMOST = (1.0, 99.0)

Facts = list[dict[str, str]]
"""Per row, fact (a key of `FACTS`) to the words with this row's own numbers."""


def unusual_facts(run: FinishedRun) -> Facts:
    """Return what is unusual about each row of the reported part, ``[n]``.

    What the training rows and the model do not tell (older files, rows that are gone) is left out.
    """
    facts: Facts = [{} for _ in run.ids]
    if run.answers is not None:
        _from_model(facts, run.answers)
    if run.training is not None:
        _from_rows(facts, run, run.training)
    return [{name: row_facts[name] for name in FACTS if name in row_facts} for row_facts in facts]


def _from_model(facts: Facts, answers: Predictions) -> None:
    domain = answers.domain
    if domain is None:
        return
    for i, row_facts in enumerate(facts):
        if domain.unseen[i]:
            row_facts["unseen"] = f"{domain.unseen[i].replace(' ', ', ')} in no training row"
        if domain.rare[i]:
            row_facts["rare"] = "few training rows with " + domain.rare[i].replace(" ", ", ").replace("(", " (")
        if domain.distance[i] > FAR:
            row_facts["far"] = f"farther from the training rows than {domain.distance[i]:.1f} % of validation"
        if domain.unknown_states[i]:
            row_facts["charges"] = f"no known compound has {domain.unknown_states[i]}"
        if domain.density is not None and domain.density[i]:
            row_facts["density"] = f"density {domain.density[i]} the range of the training rows"


def _from_rows(facts: Facts, run: FinishedRun, training: Training) -> None:
    compositions = training.dataset.materials.compositions
    rows, train = training.rows[run.part], training.rows["train"]
    keys, systems = training.dataset.keys(), compositions.chemical_systems()
    of_system = Counter(systems[i] for i in train)
    of_formula: dict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        of_formula[key].append(i)
    n_elements = compositions.n_elements
    of_count = Counter(n_elements[train].tolist())
    in_train = set(train.tolist())
    low, high = np.percentile(training.labels[train], OUTERMOST)
    for row_facts, i in zip(facts, rows.tolist(), strict=True):
        in_system = of_system[systems[i]]
        if in_system == 0:
            row_facts["new system"] = f"no training row of {systems[i]}"
        elif in_system == 1:
            row_facts["lone system"] = f"one training row of {systems[i]}"
        same = of_formula[keys[i]]
        if len(same) > 1:
            row_facts["polymorphs"] = _polymorphs(same, in_train, training.labels, run.unit)
        count = int(n_elements[i])
        if of_count[count] < RARE_COUNT * len(train):
            row_facts["count"] = f"{count} elements, as {of_count[count]:,} of {len(train):,} training rows"
        if count == 1:
            row_facts["element"] = "a single element"
        if run.unit and not low <= training.labels[i] <= high:
            below = training.labels[i] < low
            end = f"below {low:.2f}" if below else f"above {high:.2f}"
            row_facts["extreme"] = f"truth {end} {run.unit}, where 1 % of training lies".replace("-", "−")


def _polymorphs(same: Sequence[int], in_train: set[int], y: Floats, unit: str) -> str:
    values = y[list(same)]
    where = f"{sum(i in in_train for i in same)} of them in training"
    spread = f", {np.ptp(values):.2f} {unit} apart" if unit else ", of both classes" if np.ptp(values) else ""
    return f"{len(same)} rows of its formula ({where}{spread})"


def shares(facts: Facts, worst: Sequence[int]) -> list[tuple[str, float, float]]:
    """Return, for every fact that occurs among the ``worst`` rows, its share there and among all rows."""
    frequent = []
    for name in FACTS:
        has = np.array([name in row for row in facts])
        if has[list(worst)].any():
            frequent.append((name, float(has[list(worst)].mean()), float(has.mean())))
    return frequent
