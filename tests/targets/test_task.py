"""What outputs mean: energies in eV/atom and probabilities, their losses and their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit

from formation_mlp.config.schema import TaskConfig, TrainingConfig
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.targets.task import TASKS, Task, labels
from formation_mlp.typing import Floats

ENERGIES = np.array([-3.0, -1.0, 0.5, 0.7])
CLASSES = np.array([0.0, 1.0, 1.0, 0.0])
CLASSIFICATION = TaskConfig(type="classification", labels=["weak", "strong"])


def regression() -> Task:
    return Task.fit(TaskConfig(), ENERGIES)


def classification() -> Task:
    return Task.fit(CLASSIFICATION, CLASSES)


def test_a_network_sees_standardised_energies_and_gives_them_back_in_ev_per_atom() -> None:
    encoded = regression().encode(ENERGIES)
    assert (encoded.mean(), encoded.std()) == pytest.approx((0, 1))
    np.testing.assert_allclose(regression().decode(encoded), ENERGIES, rtol=1e-14)


def test_a_network_sees_classes_as_they_are_and_gives_probabilities() -> None:
    np.testing.assert_array_equal(classification().encode(CLASSES), CLASSES)
    output = np.linspace(-30, 30, 13)
    np.testing.assert_allclose(classification().decode(output), expit(output), rtol=1e-14)


def test_probabilities_of_huge_outputs_are_exact_and_without_overflow() -> None:
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
def test_there_is_nothing_to_learn_from_equal_targets(config: TaskConfig, y: Floats, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Task.fit(config, y)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"task.type: unknown task 'regresion'.*Did you mean 'regression'"):
        Task.fit(TaskConfig(type="regresion"), ENERGIES)


def test_energies_stay_labels_and_become_classes_at_or_below_the_boundary() -> None:
    np.testing.assert_array_equal(labels(TaskConfig(), ENERGIES), ENERGIES)
    config = TaskConfig(type="classification", boundary=-1.0)
    np.testing.assert_array_equal(labels(config, ENERGIES), [1, 1, 0, 0])
    np.testing.assert_array_equal(labels(TaskConfig(type="classification"), CLASSES), CLASSES)


@pytest.mark.parametrize("names", [["one"], ["a", "b", "c"], []])
def test_a_binary_task_has_two_names(names: list[str] | list[Any]) -> None:
    with pytest.raises(ConfigError, match=r"task.labels: found .* two: negative, positive"):
        labels(TaskConfig(type="classification", labels=names), CLASSES)


OUTPUT, TARGET = np.array([0.5, -1.0, 2.0, 0.0]), np.array([0.4, 1.0, 0.0, 1.0])
ERROR = np.abs(OUTPUT - TARGET)
LOSSES = {
    "l1": ERROR.mean(),
    "mse": (ERROR**2).mean(),
    "quantile": np.mean([0.1 * 0.2, 2.0 * 0.8, 2.0 * 0.2, 1.0 * 0.8]),  # q |e| below the target, (1 - q) |e| above
    "huber": np.where(ERROR <= 0.3, ERROR**2 / 2, 0.3 * (ERROR - 0.15)).mean(),
    "bce": -np.mean(TARGET * log_expit(OUTPUT) + (1 - TARGET) * log_expit(-OUTPUT)),
}


def test_the_formulas_cover_every_loss() -> None:
    assert set(LOSSES) == {name for losses in TASKS.values() for name in losses}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_equals_its_formula(name: str) -> None:
    task = classification() if name == "bce" else regression()
    loss = task.loss(TrainingConfig(loss=name, quantile=0.8))(torch.tensor(OUTPUT), torch.tensor(TARGET))
    assert loss.item() == pytest.approx(LOSSES[name], rel=1e-12)


def test_the_default_losses_are_l1_and_cross_entropy() -> None:
    output, target = torch.tensor(OUTPUT), torch.tensor(TARGET)
    assert regression().loss(TrainingConfig())(output, target).item() == pytest.approx(LOSSES["l1"])
    assert classification().loss(TrainingConfig())(output, target).item() == pytest.approx(LOSSES["bce"])


def test_a_loss_of_the_other_task_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown loss of a classification 'mse'. Choose one of: bce\."):
        classification().loss(TrainingConfig(loss="mse"))


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.75])
def test_the_number_that_makes_the_quantile_loss_least_is_the_quantile(quantile: float) -> None:
    y = np.random.default_rng(0).exponential(size=401)
    loss = regression().loss(TrainingConfig(loss="quantile", quantile=quantile))
    candidates = np.linspace(0, 4, 801)
    losses = [loss(torch.full((401,), c, dtype=torch.float64), torch.tensor(y)).item() for c in candidates]
    assert candidates[np.argmin(losses)] == pytest.approx(np.quantile(y, quantile), abs=0.006)


def test_the_median_loss_is_half_the_absolute_error() -> None:
    output, target = torch.tensor(OUTPUT), torch.tensor(TARGET)
    half = regression().loss(TrainingConfig(loss="quantile"))(output, target)
    assert half.item() == pytest.approx(LOSSES["l1"] / 2, rel=1e-12)


NAN = np.nan
AUXILIARY = np.array([[10.0, NAN], [14.0, NAN], [NAN, 1.0], [12.0, 3.0]])
WITH_AUXILIARY = TaskConfig(auxiliary={"gap": 0.5, "volume": 2.0})


def with_auxiliary(config: TaskConfig = WITH_AUXILIARY) -> Task:
    return Task.fit(config, ENERGIES if config.type == "regression" else CLASSES, AUXILIARY)


def test_auxiliary_targets_are_scaled_each_over_the_rows_that_have_it() -> None:
    gap, volume = with_auxiliary().auxiliary_scalers
    assert (gap.centre, gap.scale) == pytest.approx((12, np.sqrt(8 / 3)))
    assert (volume.centre, volume.scale) == pytest.approx((2, 1))
    assert with_auxiliary().target_scaler == regression().target_scaler


def test_auxiliary_targets_are_further_columns_that_prediction_leaves_aside() -> None:
    task = with_auxiliary()
    assert (task.n_outputs, regression().n_outputs) == (3, 1)
    encoded = task.encode(ENERGIES, AUXILIARY)
    assert encoded.shape == (4, 3)
    np.testing.assert_allclose(encoded[:, 0], regression().encode(ENERGIES))
    np.testing.assert_array_equal(np.isnan(encoded[:, 1:]), np.isnan(AUXILIARY))
    np.testing.assert_allclose(encoded[:, 2], [NAN, NAN, -1, 1])
    np.testing.assert_allclose(task.decode(encoded), ENERGIES, rtol=1e-14)
    assert task.encode(ENERGIES).shape == (4,)


def test_a_classifier_decodes_its_first_output_too() -> None:
    task = with_auxiliary(CLASSIFICATION.model_copy(update={"auxiliary": WITH_AUXILIARY.auxiliary}))
    output = np.array([[0.0, 5, 5], [2.0, -5, 5]])
    np.testing.assert_allclose(task.decode(output), expit([0.0, 2.0]))


@pytest.mark.parametrize("name", ["l1", "mse"])
def test_the_loss_adds_weighted_mean_distances_over_the_rows_that_have_a_value(name: str) -> None:
    target = np.array([[0.5, 1.0, NAN], [1.0, NAN, NAN], [0.0, 3.0, -2.0]])
    output = np.array([[0.0, 3.0, 9.0], [1.0, 9.0, 9.0], [2.0, 3.5, 1.0]])
    found = with_auxiliary().loss(TrainingConfig(loss=name))(torch.tensor(output), torch.tensor(target))
    main = {"l1": (0.5 + 0 + 2) / 3, "mse": (0.25 + 0 + 4) / 3}[name]
    assert found.item() == pytest.approx(main + 0.5 * (2 + 0.5) / 2 + 2.0 * 3 / 1, rel=1e-12)


def test_missing_auxiliary_values_have_no_gradient_and_a_batch_may_lack_all_of_them() -> None:
    output = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.0, NAN, NAN], [0.0, NAN, 0.5]], dtype=torch.float64)
    loss = with_auxiliary().loss(TrainingConfig())(output, target)
    assert loss.item() == pytest.approx(1 + 2.0 * 0.5)
    loss.backward()
    assert output.grad is not None
    np.testing.assert_allclose(output.grad.numpy(), [[0.5, 0, 0], [0.5, 0, 2.0]])


def test_an_auxiliary_target_without_values_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"task.auxiliary: the column 'volume' has no value in the train part"):
        Task.fit(WITH_AUXILIARY, ENERGIES, np.array([[1.0, NAN]] * 4))


def test_an_epoch_is_selected_by_mae_or_log_loss_and_lower_is_better() -> None:
    prediction = ENERGIES + np.array([0.1, -0.3, 0, 0])
    assert regression().selection_score == "MAE"
    assert regression().selection(ENERGIES, prediction) == pytest.approx(0.1)
    probability = np.array([0.1, 0.9, 0.6, 0.2])
    assert classification().selection_score == "log loss"
    expected = -np.mean(np.log([0.9, 0.9, 0.6, 0.8]))
    assert classification().selection(CLASSES, probability) == pytest.approx(expected)
    assert classification().selection(CLASSES, 1 - probability) > expected


def test_scores_are_those_of_the_task_and_use_its_threshold() -> None:
    assert set(regression().scores(ENERGIES, ENERGIES)) == {"MAE", "RMSE", "R2"}
    probability = np.array([0.1, 0.9, 0.6, 0.2])
    scores = classification().scores(CLASSES, probability)
    assert (scores["accuracy"], scores["ROC-AUC"]) == (1.0, 1.0)
    strict = Task.fit(CLASSIFICATION.model_copy(update={"threshold": 0.7}), CLASSES)
    assert strict.scores(CLASSES, probability)["accuracy"] == 0.75
    assert strict.scores(CLASSES, probability)["recall"] == 0.5
