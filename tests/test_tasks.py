"""What outputs mean: energies in eV/atom and probabilities, their losses and their scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit

from formation_mlp.config import TaskConfig
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.tasks import TASKS, Task, labels

ENERGIES = np.array([-3.0, -1.0, 0.5, 0.7])
CLASSES = np.array([0.0, 1.0, 1.0, 0.0])
CLASSIFICATION = TaskConfig(type="classification", labels=["weak", "strong"])


def regression() -> Task:
    return Task.fit(TaskConfig(), ENERGIES)


def classification() -> Task:
    return Task.fit(CLASSIFICATION, CLASSES)


def test_a_network_sees_standardised_energies_and_gives_them_back_in_ev_per_atom():
    encoded = regression().encode(ENERGIES)
    assert (encoded.mean(), encoded.std()) == pytest.approx((0, 1))
    np.testing.assert_allclose(regression().decode(encoded), ENERGIES, rtol=1e-14)


def test_a_network_sees_classes_as_they_are_and_gives_probabilities():
    np.testing.assert_array_equal(classification().encode(CLASSES), CLASSES)
    output = np.linspace(-30, 30, 13)
    np.testing.assert_allclose(classification().decode(output), expit(output), rtol=1e-14)


def test_probabilities_of_huge_outputs_are_exact_and_without_overflow():
    np.testing.assert_array_equal(classification().decode(np.array([-1e6, -800.0, 800.0, 1e6])), [0, 0, 1, 1])
    assert classification().decode(np.array([-700.0]))[0] == pytest.approx(np.exp(-700.0), rel=1e-12)
    assert np.isnan(classification().decode(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("config", "y", "message"),
    [
        (TaskConfig(), np.full(3, -1.5), r"all targets are -1.5 in the train part \(3 rows\)"),
        (CLASSIFICATION, np.ones(4), r"only the class 'strong' occurs in the train part \(4 rows\)"),
        (CLASSIFICATION, np.zeros(4), "only the class 'weak' occurs"),
    ],
)
def test_there_is_nothing_to_learn_from_equal_targets(config, y, message):
    with pytest.raises(DataError, match=message):
        Task.fit(config, y)


def test_an_unknown_task_is_refused():
    with pytest.raises(ConfigError, match=r"task.type: unknown task 'regresion'.*Did you mean 'regression'"):
        Task.fit(TaskConfig(type="regresion"), ENERGIES)


def test_energies_stay_labels_and_become_classes_below_the_boundary():
    np.testing.assert_array_equal(labels(TaskConfig(), ENERGIES), ENERGIES)
    config = TaskConfig(type="classification", boundary=-1.0)
    np.testing.assert_array_equal(labels(config, ENERGIES), [1, 0, 0, 0])
    np.testing.assert_array_equal(labels(TaskConfig(type="classification"), CLASSES), CLASSES)


@pytest.mark.parametrize("names", [["one"], ["a", "b", "c"], []])
def test_a_binary_task_has_two_names(names):
    with pytest.raises(ConfigError, match=r"task.labels: found .* two: negative, positive"):
        labels(TaskConfig(type="classification", labels=names), CLASSES)


OUTPUT, TARGET = np.array([0.5, -1.0, 2.0, 0.0]), np.array([0.4, 1.0, 0.0, 1.0])
ERROR = np.abs(OUTPUT - TARGET)
LOSSES = {
    "l1": ERROR.mean(),
    "mse": (ERROR**2).mean(),
    "huber": np.where(ERROR <= 0.3, ERROR**2 / 2, 0.3 * (ERROR - 0.15)).mean(),
    "bce": -np.mean(TARGET * log_expit(OUTPUT) + (1 - TARGET) * log_expit(-OUTPUT)),
}


def test_the_formulas_cover_every_loss():
    assert set(LOSSES) == {name for losses in TASKS.values() for name in losses}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_equals_its_formula(name):
    task = classification() if name == "bce" else regression()
    loss = task.loss(name, 0.3)(torch.tensor(OUTPUT), torch.tensor(TARGET))
    assert loss.item() == pytest.approx(LOSSES[name], rel=1e-12)


def test_the_default_losses_are_l1_and_cross_entropy():
    output, target = torch.tensor(OUTPUT), torch.tensor(TARGET)
    assert regression().loss(None, 0.3)(output, target).item() == pytest.approx(LOSSES["l1"])
    assert classification().loss(None, 0.3)(output, target).item() == pytest.approx(LOSSES["bce"])


def test_a_loss_of_the_other_task_is_refused():
    with pytest.raises(ConfigError, match=r"unknown loss of a classification 'mse'. Choose one of: bce\."):
        classification().loss("mse", 0.3)


def test_an_epoch_is_selected_by_mae_or_log_loss_and_lower_is_better():
    prediction = ENERGIES + np.array([0.1, -0.3, 0, 0])
    assert regression().selection_score == "MAE"
    assert regression().selection(ENERGIES, prediction) == pytest.approx(0.1)
    probability = np.array([0.1, 0.9, 0.6, 0.2])
    assert classification().selection_score == "log loss"
    expected = -np.mean(np.log([0.9, 0.9, 0.6, 0.8]))
    assert classification().selection(CLASSES, probability) == pytest.approx(expected)
    assert classification().selection(CLASSES, 1 - probability) > expected


def test_scores_are_those_of_the_task_and_use_its_threshold():
    assert set(regression().scores(ENERGIES, ENERGIES)) == {"MAE", "RMSE", "R2"}
    probability = np.array([0.1, 0.9, 0.6, 0.2])
    scores = classification().scores(CLASSES, probability)
    assert (scores["accuracy"], scores["ROC-AUC"]) == (1.0, 1.0)
    strict = Task.fit(CLASSIFICATION.model_copy(update={"threshold": 0.7}), CLASSES)
    assert strict.scores(CLASSES, probability)["accuracy"] == 0.75
    assert strict.scores(CLASSES, probability)["recall"] == 0.5
