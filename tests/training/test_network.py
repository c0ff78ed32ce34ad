"""A network in training: the same numbers from one seed, through interruptions too, and the best weights kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from formation_mlp.config.schema import TaskConfig
from formation_mlp.errors import CheckpointError, ConfigError, TrainingError
from formation_mlp.saved_model.checkpoint import load_tensors, save_tensors
from formation_mlp.system.processes import ONE_THREAD
from formation_mlp.training.loop import forward_rows
from formation_mlp.training.network import Examples, NetworkTraining
from formation_mlp.training.optim import OPTIMIZERS
from support.networks import network_on, network_on_examples, noisy_classes, set_problem, smooth_problem

MAX_EPOCHS = 4
NOISY = {"hidden": [6, 6], "activation": "rrelu", "dropout": 0.3, "normalization": "batch", "architecture": "residual"}


def noisy_network(optimizer: str = "adamw", seed: int = 0, **training: Any) -> NetworkTraining:
    """A network with everything that draws random numbers or keeps a state beside its weights."""
    X, y = smooth_problem()
    keys: dict[str, Any] = {"optimizer": optimizer, "schedule": "one_cycle", "gradient_clip": 1.0} | training
    keys = {"learning_rate": 0.01, "max_epochs": MAX_EPOCHS} | keys
    return network_on(X[:30], y[:30], X[30:], y[30:], model=NOISY, seed=seed, **keys)


def finished(job: NetworkTraining) -> NetworkTraining:
    for _ in job.epochs():
        pass
    return job


def fingerprint(job: NetworkTraining) -> tuple[Any, ...]:
    """All numbers of a finished run, exactly."""
    weights = {name: value.tolist() for name, value in job.model.state_dict().items()}
    best = {name: value.tolist() for name, value in job.best_weights.items()}
    return weights, best, [asdict(record) for record in job.history], asdict(job.state)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_seed_gives_the_same_bits_and_another_seed_does_not(optimizer: str) -> None:
    runs = [fingerprint(finished(noisy_network(optimizer, seed))) for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_seed_decides_the_first_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    weights = [noisy_network(seed=seed).best_weights["head.weight"] for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("through_a_file", [False, True], ids=["in memory", "through a file"])
def test_a_restored_run_continues_bit_for_bit_from_any_epoch(
    optimizer: str, through_a_file: bool, tmp_path: Path
) -> None:
    uninterrupted = fingerprint(finished(noisy_network(optimizer)))
    for epoch in range(MAX_EPOCHS + 1):
        stopped = noisy_network(optimizer)
        for _ in islice(stopped.epochs(), epoch):
            pass
        tensors, plain = stopped.snapshot()
        if through_a_file:
            save_tensors(tmp_path / "state", tensors, {"kind": "training state", **plain})
            tensors, plain = load_tensors(tmp_path / "state", "training state")
        resumed = noisy_network(optimizer)
        resumed.restore(tensors, plain)
        assert resumed.state.epoch == epoch
        assert fingerprint(finished(resumed)) == uninterrupted


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_snapshot_stays_what_it_was_while_training_goes_on(optimizer: str) -> None:
    job = noisy_network(optimizer)
    epochs = job.epochs()
    next(epochs)
    tensors, plain = job.snapshot()
    frozen = {name: value.clone() for name, value in tensors.items()}, json.dumps(plain)
    for _ in epochs:
        pass
    uninterrupted = fingerprint(job)
    for _ in range(2):  # a snapshot can be used more than once, also for the job it was taken of
        job.restore(tensors, plain)
        assert job.state.epoch == 1
        assert fingerprint(finished(job)) == uninterrupted
    assert all(torch.equal(frozen[0][name], value) for name, value in tensors.items())
    assert json.dumps(plain) == frozen[1]


def test_a_snapshot_before_the_first_epoch_starts_a_used_job_anew() -> None:
    job = noisy_network()
    start = job.snapshot()
    uninterrupted = fingerprint(finished(job))
    job.restore(*start)
    assert (job.state.epoch, job.history) == (0, [])
    assert fingerprint(finished(job)) == uninterrupted


def test_momentum_of_zero_has_no_state_and_resumes_too() -> None:
    uninterrupted = fingerprint(finished(noisy_network("sgd", momentum=0.0)))
    stopped = noisy_network("sgd", momentum=0.0)
    next(stopped.epochs())
    resumed = noisy_network("sgd", momentum=0.0)
    resumed.restore(*stopped.snapshot())
    assert fingerprint(finished(resumed)) == uninterrupted


def test_patience_goes_on_counting_where_it_stood() -> None:
    def job() -> NetworkTraining:
        X, y = smooth_problem()
        return network_on(X[:30], y[:30], X[30:], y[30:], learning_rate=1e-20, patience=3, max_epochs=50)

    whole = finished(job())
    stopped = job()
    for _ in islice(stopped.epochs(), 3):
        pass
    resumed = job()
    resumed.restore(*stopped.snapshot())
    assert len(finished(resumed).history) == len(whole.history) == 4


def test_a_finished_run_that_is_restored_has_nothing_left_to_do_and_its_best_weights_in_place() -> None:
    done = finished(noisy_network())
    resumed = noisy_network()
    resumed.restore(*done.snapshot())
    assert list(resumed.epochs()) == []
    assert fingerprint(resumed) == fingerprint(done)


def test_other_rows_are_refused() -> None:
    tensors, plain = finished(noisy_network()).snapshot()
    X, y = smooth_problem(seed=1)
    other = network_on(X[:30], y[:30], X[30:], y[30:], model=NOISY)
    with pytest.raises(CheckpointError, match="not those of the interrupted run"):
        other.restore(tensors, plain)


def test_the_best_weights_are_those_of_the_best_epoch_and_end_in_the_model() -> None:
    X, y = smooth_problem(60)
    job = network_on(X[:20], y[:20], X[20:], y[20:], model={"hidden": [64]}, max_epochs=60, learning_rate=0.02)
    weights = [{name: value.clone() for name, value in job.model.state_dict().items()} for _ in job.epochs()]
    scores = [record.val_score for record in job.history]
    best = int(np.argmin(scores))
    assert best + 1 == job.state.best_epoch < len(scores), (
        "the problem must be one where the last epoch is not the best"
    )
    for name, value in job.model.state_dict().items():
        assert torch.equal(value, weights[best][name])
        assert torch.equal(value, job.best_weights[name])
    assert np.mean(np.abs(job.predict(X[20:]) - y[20:])) == pytest.approx(scores[best], rel=1e-12)


def test_best_weights_are_a_copy_that_later_epochs_do_not_change() -> None:
    job = noisy_network()
    epochs = job.epochs()
    assert next(epochs).is_best
    best = job.best_weights
    copy = {name: value.clone() for name, value in best.items()}
    next(epochs)
    assert all(torch.equal(copy[name], value) for name, value in best.items())


def test_a_run_that_goes_wrong_raises_and_keeps_the_best_weights() -> None:
    job = noisy_network(schedule="constant")
    epochs = job.epochs()
    assert next(epochs).is_best
    best = {name: value.clone() for name, value in job.best_weights.items()}
    with torch.no_grad():
        job.model.get_parameter("head.weight").fill_(torch.inf)
    with pytest.raises(TrainingError, match=r"training loss became (inf|nan) in epoch 2.*The model of epoch 1 is kept"):
        next(epochs)
    assert (job.state.epoch, len(job.history)) == (1, 1)
    assert all(torch.equal(best[name], value) for name, value in job.best_weights.items())


def test_a_step_size_beyond_all_reason_ends_with_the_reason() -> None:
    X, y = smooth_problem()
    job = network_on(X, y, optimizer="sgd", learning_rate=1e6, loss="mse", max_epochs=200)
    with pytest.raises(TrainingError, match=r"loss became (inf|nan).*training.learning_rate"):
        finished(job)
    assert all(torch.isfinite(value).all() for value in job.best_weights.values())


def test_infinite_features_of_a_val_row_end_the_run_instead_of_leaving_it_untrained() -> None:
    X, y = smooth_problem()
    X_val = X[30:].copy()
    X_val[0, 0] = np.inf
    with pytest.raises(TrainingError, match="validation loss became"):
        finished(network_on(X[:30], y[:30], X_val, y[30:]))


@pytest.mark.parametrize(
    ("optimizer", "loss"), [*((name, "mse") for name in OPTIMIZERS), ("adamw", "l1"), ("sgd", "huber")]
)
def test_a_tiny_set_is_memorised(optimizer: str, loss: str) -> None:
    X, y = smooth_problem(8)
    model = {"hidden": [64, 64], "activation": "tanh"}
    rate = {"sgd": 0.1, "muon": 3e-3}.get(optimizer, 5e-3)
    keys: dict[str, Any] = {"optimizer": optimizer, "loss": loss, "learning_rate": rate, "weight_decay": 0.0}
    job = finished(network_on(X, y, model=model, max_epochs=400, **keys))
    assert np.abs(job.predict(X) - y).max() < 0.02 * y.std()


def test_a_tiny_set_of_classes_that_no_line_separates_is_memorised() -> None:
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([0.0, 1, 1, 0])
    job = finished(network_on(X, y, task="classification", model={"hidden": [16]}, learning_rate=0.05, max_epochs=200))
    assert np.abs(job.predict(X) - y).max() < 0.05


def test_one_epoch_of_one_batch_trains_the_network() -> None:
    X, y = smooth_problem(8)
    job = network_on(X, y, batch_size=8, max_epochs=1)
    before = job.best_weights["head.weight"].clone()
    assert not torch.equal(finished(job).model.get_parameter("head.weight").detach(), before)


@pytest.mark.parametrize("n", [3, 7, 31])
def test_batch_normalisation_never_sees_a_single_row(n: int) -> None:
    X, y = smooth_problem(n)
    job = finished(network_on(X, y, model={"normalization": "batch"}, batch_size=2, max_epochs=1))
    assert np.isfinite(job.history[0].train_loss)


def test_batch_normalisation_with_batches_of_one_is_refused() -> None:
    X, y = smooth_problem(9)
    with pytest.raises(ConfigError, match=r"training.batch_size: found 1, but model.normalization 'batch'"):
        network_on(X, y, model={"normalization": "batch"}, batch_size=1)
    finished(network_on(X, y, model={"normalization": "layer"}, batch_size=1, max_epochs=1))


def test_energies_are_learned_in_scaled_units_and_scored_in_their_own() -> None:
    X, y = smooth_problem()
    jobs = [finished(network_on(X, factor * y + shift, loss="l1")) for factor, shift in ((1, 0), (1000, 7))]
    assert jobs[1].history[-1].val_loss == pytest.approx(jobs[0].history[-1].val_loss, rel=1e-3)
    assert jobs[1].history[-1].val_score == pytest.approx(1000 * jobs[0].history[-1].val_score, rel=1e-3)


def test_a_classifier_is_selected_by_log_loss_and_predicts_probabilities() -> None:
    X, y = noisy_classes(60)
    job = finished(network_on(X, y, task="classification"))
    p = job.predict(X)
    assert ((p > 0) & (p < 1)).all()
    best = min(job.history, key=lambda record: record.val_score)
    assert best.val_score == pytest.approx(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), rel=1e-9)
    assert best.val_score == pytest.approx(best.val_loss, rel=1e-5)


# --- elements as a set, auxiliary targets, and weights to start from

SET = {"architecture": "set", "hidden": [16, 16], "set_width": 8, "set_layers": 1, "set_heads": 2}
AUXILIARY = TaskConfig(auxiliary={"other": 0.3})


def set_network(rows: Examples, task: TaskConfig | None = None, **keys: Any) -> NetworkTraining:
    train, val = taken(rows, slice(0, 30)), taken(rows, slice(30, None))
    keys = dict[str, Any](model=SET, learning_rate=0.01) | keys
    return network_on_examples(train, val, task, **keys)


def taken(rows: Examples, part: slice) -> Examples:
    numbers = np.arange(len(rows.y))[part]
    auxiliary = None if rows.auxiliary is None else rows.auxiliary[part]
    assert rows.compositions is not None
    return Examples(rows.X[part], rows.y[part], rows.compositions.take(numbers), auxiliary)


def test_a_set_network_learns_from_elements_what_features_do_not_tell() -> None:
    rows = set_problem()
    assert rows.compositions is not None
    same = rows.compositions.take(np.zeros(40, int))
    errors = []
    for compositions in (rows.compositions, same):
        examples = Examples(rows.X, rows.y, compositions)
        job = finished(set_network(examples, max_epochs=40))
        errors.append(np.abs(job.predict(rows.X[:30], compositions.take(range(30))) - rows.y[:30]).mean())
    assert errors[0] < 0.5 * errors[1]


def test_a_set_network_without_compositions_is_refused() -> None:
    X, y = smooth_problem()
    with pytest.raises(ValueError, match="the architecture 'set' needs compositions"):
        network_on(X, y, model=SET)
    with pytest.raises(ValueError, match="the architecture 'set' needs compositions"):
        set_network(set_problem()).predict(X)


def test_other_networks_leave_compositions_aside() -> None:
    rows = set_problem()
    job = finished(set_network(rows, model={"hidden": [8]}))
    assert len(job.train.inputs) == 1
    np.testing.assert_array_equal(job.predict(rows.X), job.predict(rows.X, rows.compositions))


@pytest.mark.parametrize("optimizer", ["adamw", pytest.param("muon", marks=pytest.mark.slow)])
@pytest.mark.parametrize("through_a_file", [False, True], ids=["in memory", "through a file"])
def test_a_set_network_with_a_mean_and_auxiliary_targets_is_restored_bit_for_bit(
    optimizer: str, through_a_file: bool, tmp_path: Path
) -> None:
    def job() -> NetworkTraining:
        model = SET | {"dropout": 0.2, "activation": "rrelu"}
        keys = {"optimizer": optimizer, "average": 0.9, "schedule": "trapezoid", "max_epochs": 3}
        return set_network(set_problem(auxiliary=True), AUXILIARY, model=model, **keys)

    def numbers(done: NetworkTraining) -> tuple[Any, ...]:
        assert done.average is not None
        mean = {name: value.tolist() for name, value in done.average.module.state_dict().items()}
        return *fingerprint(done), mean

    uninterrupted = numbers(finished(job()))
    for epoch in (0, 1, 3):
        stopped = job()
        for _ in islice(stopped.epochs(), epoch):
            pass
        tensors, plain = stopped.snapshot()
        if through_a_file:
            save_tensors(tmp_path / "state", tensors, {"kind": "training state", **plain})
            tensors, plain = load_tensors(tmp_path / "state", "training state")
        resumed = job()
        resumed.restore(tensors, plain)
        assert numbers(finished(resumed)) == uninterrupted


@pytest.mark.parametrize("what", ["compositions", "auxiliary"])
def test_a_run_is_not_restored_on_other_elements_or_auxiliary_targets(what: str) -> None:
    rows = set_problem(auxiliary=True)
    state = set_network(rows, AUXILIARY).snapshot()
    assert rows.compositions is not None
    assert rows.auxiliary is not None
    other: dict[str, Any] = {
        "compositions": rows.compositions.take(np.arange(40)[::-1]),
        "auxiliary": rows.auxiliary + np.arange(40.0)[:, None],
    }
    with pytest.raises(CheckpointError, match="not those of the interrupted run"):
        set_network(replace(rows, **{what: other[what]}), AUXILIARY).restore(*state)


def test_auxiliary_targets_shape_what_is_learned_and_are_no_part_of_the_prediction() -> None:
    rows = set_problem(auxiliary=True)
    job = finished(set_network(rows, AUXILIARY, max_epochs=30))
    output = forward_rows(job.model, job.train.inputs)
    assert output.shape == (30, 2)
    assert rows.auxiliary is not None
    present = np.isfinite(rows.auxiliary[:30, 0])
    wanted = job.task.auxiliary_scalers[0].transform(rows.auxiliary[:30, 0][present])
    assert np.abs(output[present, 1].numpy() - wanted).mean() < 0.7 * np.abs(wanted).mean()
    prediction = job.predict(rows.X, rows.compositions)
    assert prediction.shape == (40,)
    np.testing.assert_allclose(
        prediction[:30], job.task.target_scaler.inverse(output[:, 0].double().numpy()), rtol=1e-4
    )
    best = job.history[job.state.best_epoch - 1]
    assert np.abs(prediction[30:] - rows.y[30:]).mean() == pytest.approx(best.val_score, rel=1e-5)


def test_rows_without_auxiliary_targets_in_any_batch_do_no_harm() -> None:
    rows = set_problem(auxiliary=True)
    assert rows.auxiliary is not None
    rows.auxiliary[2:] = np.nan
    job = finished(set_network(rows, AUXILIARY))
    assert all(torch.isfinite(value).all() for value in job.model.state_dict().values())


@pytest.mark.parametrize("model", [SET, {"architecture": "residual", "hidden": [8, 8]}])
def test_training_starts_exactly_from_given_weights(model: dict[str, Any]) -> None:
    rows = set_problem()
    source = finished(set_network(rows, model=model))
    started = set_network(rows, model=model, seed=5, start=source.best_weights, average=0.9, max_epochs=2)
    expected = source.predict(rows.X, rows.compositions)
    np.testing.assert_array_equal(started.predict(rows.X, rows.compositions), expected)
    assert all(torch.equal(source.best_weights[name], value) for name, value in started.best_weights.items())
    assert started.average is not None
    assert all(torch.equal(source.best_weights[name], v) for name, v in started.average.module.state_dict().items())
    kept = {name: value.clone() for name, value in source.best_weights.items()}
    finished(started)
    assert all(torch.equal(kept[name], value) for name, value in source.best_weights.items())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"hidden": [16, 16, 16]}, r"mlp.body.3.\S+ is absent there, and"),
        ({"hidden": [12, 12]}, r"is \[16, \d+\] there, and \[12, \d+\] in this network"),
        ({"architecture": "residual"}, r"body.0.weight is absent there"),
        ({"set_width": 6}, r"encoder.\S+ is \[.*\] there, and \[.*\] in this network"),
    ],
)
def test_weights_of_another_shape_are_no_start(
    model: dict[str, list[int]] | dict[str, str] | dict[str, int], message: str
) -> None:
    start = set_network(set_problem()).best_weights
    with pytest.raises(ConfigError, match=f"training.start_from: .*{message}"):
        set_network(set_problem(), model=SET | model, start=start)


def test_a_description_tells_weights_rows_device_precision_and_threads() -> None:
    X, y = smooth_problem()
    job = network_on(X, y, model={"hidden": [300]})
    assert job.description() == "1,801 weights, 40 rows, on cpu in float32, 1 thread"
    assert network_on(X, y, precision="bfloat16").description().endswith("on cpu in bfloat16, 1 thread")


@pytest.mark.parametrize("there", [1, 3])
def test_big_steps_use_several_threads_whatever_there_is(monkeypatch: pytest.MonkeyPatch, there: int) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: there)
    X, y = smooth_problem()
    assert network_on(X, y).description().endswith("in float32, 1 thread")
    monkeypatch.setattr("formation_mlp.training.precision.THREADS_FROM", {0.0: 1, 8 * 49: 4})
    assert network_on(X, y).description().endswith("in float32, 4 threads")


BIG_STEPS = """
from hashlib import sha256
import sys
from formation_mlp.training import precision
from support.networks import network_on, smooth_problem
precision.THREADS_FROM = {0.0: 1, 1e6: 4}
X, y = smooth_problem(512, 64)
job = network_on(X, y, model={"hidden": [256, 256]}, batch_size=512, max_epochs=2)
list(job.epochs())
weights = b"".join(value.numpy().tobytes() for value in job.best_weights.values())
print(job._n_threads, sha256(weights).hexdigest(), sha256(job.predict(X).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_big_network_is_the_same_in_a_worker_of_one_thread() -> None:
    found = set()
    for environment in ({}, ONE_THREAD):
        # The variables decide when torch is imported, so each is a process of its own.
        inherited = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
        environment = inherited | environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
        arguments = [sys.executable, "-c", BIG_STEPS]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1, found
    assert found.pop().startswith("4 ")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"device": "tpu"}, "training.device: unknown device 'tpu'"),
        ({"loss": "l2"}, "training.loss: unknown loss of a regression 'l2'"),
        ({"loss": "bce"}, "training.loss: unknown loss of a regression 'bce'"),
        ({"optimizer": "lion"}, "training.optimizer: unknown optimizer 'lion'"),
        ({"precision": "float16"}, "training.precision: unknown precision 'float16'"),
    ],
)
def test_unknown_names_are_refused(keys: dict[str, Any], message: str) -> None:
    X, y = smooth_problem()
    with pytest.raises(ConfigError, match=message):
        network_on(X, y, **keys)
