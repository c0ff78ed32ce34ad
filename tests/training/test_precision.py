"""Number formats: bfloat16 where it pays, float32 elsewhere, and no great loss by the choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import dtype

from formation_mlp.config.schema import TaskConfig
from formation_mlp.errors import ConfigError
from formation_mlp.training import precision
from formation_mlp.training.network import NetworkTraining
from formation_mlp.training.precision import SMALL_STEP, autocast, choose_precision, cpu_threads
from formation_mlp.typing import Floats
from support.networks import network_on, network_on_examples, set_problem, smooth_problem

Pretend = Callable[[dict[str, bool]], None]
CPU, MPS, CUDA = (torch.device(name) for name in ("cpu", "mps", "cuda"))
WITH = {"avx2": True, "avx512_bf16": True, "amx_bf16": False}
WITHOUT = {"avx2": True, "avx512_bf16": False, "amx_bf16": False}


@pytest.fixture
def cpu_with(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Return a function that pretends what the CPU can."""
    return lambda able: monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)


@pytest.mark.parametrize(
    ("able", "size", "expected"),
    [
        (WITH, SMALL_STEP, torch.bfloat16),
        (WITH | {"avx512_bf16": False, "amx_bf16": True}, 10 * SMALL_STEP, torch.bfloat16),
        (WITH, 0.99 * SMALL_STEP, torch.float32),
        (WITHOUT, 100 * SMALL_STEP, torch.float32),
        ({}, 100 * SMALL_STEP, torch.float32),
    ],
)
def test_auto_is_bfloat16_for_big_steps_on_a_cpu_that_has_it(
    cpu_with: Pretend, able: dict[str, bool], size: float, expected: dtype
) -> None:
    cpu_with(able)
    assert choose_precision("auto", CPU, size) == expected


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_auto_is_bfloat16_on_a_graphics_card_that_has_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert choose_precision("auto", CUDA, SMALL_STEP) == expected
    assert choose_precision("auto", CUDA, 1) == torch.float32


def test_a_format_that_is_asked_for_is_taken_for_any_step(cpu_with: Pretend) -> None:
    cpu_with(WITHOUT)
    for size in (1, 100 * SMALL_STEP):
        assert choose_precision("float32", CPU, size) == torch.float32
        assert choose_precision("bfloat16", CPU, size) == torch.bfloat16


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training.precision: unknown precision 'bfloat'.*Did you mean 'bfloat16'"):
        choose_precision("bfloat", CPU, 1)


def test_bfloat16_is_refused_on_mps_where_auto_is_float32() -> None:
    with pytest.raises(ConfigError, match=r"training.precision: 'bfloat16' is not for this device \(mps\)"):
        choose_precision("bfloat16", MPS, 1)
    assert choose_precision("auto", MPS, 100 * SMALL_STEP) == torch.float32


def test_only_matrix_products_are_in_bfloat16() -> None:
    linear, X = torch.nn.Linear(3, 2), torch.randn(4, 3)
    with autocast(CPU, torch.bfloat16):
        assert linear(X).dtype == torch.bfloat16
        assert X.sum().dtype == torch.nn.functional.layer_norm(X, (3,)).dtype == torch.float32
    with autocast(CPU, torch.float32):
        assert linear(X).dtype == torch.float32


def test_the_number_of_threads_is_put_back_even_after_an_error() -> None:
    before = torch.get_num_threads()

    def fail() -> None:
        with cpu_threads(before + 1):
            raise KeyError(torch.get_num_threads())

    with pytest.raises(KeyError, match=str(before + 1)):
        fail()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("rows", "expected"), [(40, "float32"), (1, "bfloat16")])
def test_a_step_is_as_big_as_its_rows_times_the_weights(
    cpu_with: Pretend, monkeypatch: pytest.MonkeyPatch, rows: int, expected: str
) -> None:
    cpu_with(WITH)
    X, y = smooth_problem()
    weights = 4 * 8 + 8 + 8 + 1
    limit = (rows + 0.5) * weights if expected == "float32" else rows * weights
    monkeypatch.setattr(precision, "SMALL_STEP", limit)  # 40 rows in batches of 64 are a step of 40 rows
    job = network_on(X, y, batch_size=64 if expected == "float32" else 1)
    assert job.n_parameters == weights
    assert str(job.limits.precision) == f"torch.{expected}"


def trained(precision_name: str, architecture: str) -> tuple[NetworkTraining, Floats, Floats]:
    rows = set_problem(auxiliary=True)
    model = {"architecture": architecture, "hidden": [16, 16], "set_width": 8, "set_layers": 1}
    keys: dict[str, Any] = {"learning_rate": 0.005, "max_epochs": 20, "average": 0.8, "precision": precision_name}
    job = network_on_examples(rows, rows, TaskConfig(auxiliary={"other": 0.3}), model=model, **keys)
    for _ in job.epochs():
        pass
    return job, job.predict(rows.X, rows.compositions), rows.y


@pytest.mark.parametrize("architecture", ["residual", pytest.param("set", marks=pytest.mark.slow)])
def test_training_in_bfloat16_ends_near_float32_with_weights_in_float32(architecture: str) -> None:
    (exact, expected, y), (job, found, _) = (trained(name, architecture) for name in ("float32", "bfloat16"))
    assert job.limits.precision == torch.bfloat16
    assert {value.dtype for value in job.model.state_dict().values()} == {torch.float32}
    tensors, _ = job.snapshot()
    assert {value.dtype for name, value in tensors.items() if name.startswith(("optimizer", "average"))} == {
        torch.float32
    }
    assert exact.history[0].train_loss != job.history[0].train_loss, "bfloat16 must be in use, or this shows nothing"
    assert np.abs(found - expected).mean() < 0.05 * y.std()
    losses = [history[-1].val_loss for history in (exact.history, job.history)]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)
    assert losses[0] < 0.7 * exact.history[0].val_loss
