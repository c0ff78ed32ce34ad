"""What a network takes is counted before it is built, and refused where there is no memory for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formation_mlp.config.schema import ModelConfig, TrainingConfig
from formation_mlp.errors import ConfigError
from formation_mlp.models import size
from formation_mlp.models.mlp import n_parameters
from formation_mlp.models.networks import build_network
from formation_mlp.models.size import check_size, in_words, n_weights
from support.commands import Outcome

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

MODELS: list[dict[str, Any]] = [
    {"hidden": []},
    {"hidden": [7]},
    {"hidden": [5, 3, 4], "normalization": "layer"},
    {"hidden": [5, 3], "normalization": "batch"},
    {"architecture": "residual", "hidden": [6, 6, 6]},
    {"architecture": "residual", "hidden": [6], "normalization": "none"},
    {"architecture": "set", "hidden": [6, 6]},
    {"architecture": "set", "hidden": [5], "set_width": 6, "set_layers": 3, "set_heads": 2, "normalization": "batch"},
]


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_weights_are_counted_as_torch_counts_them(model: dict[str, Any], n_outputs: int) -> None:
    config = ModelConfig(**model)
    assert n_weights(config, 11, n_outputs) == n_parameters(build_network(11, config, n_outputs))


TOO_LARGE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "two wide layers": ({"hidden": [10_000_000, 10_000_000]}, {}, "model.hidden: the network needs 400 TB"),
    "a width of 19 digits": ({"hidden": [9 * 10**18]}, {}, "model.hidden: the network needs 108 EB"),
    "wide blocks": ({"architecture": "residual", "hidden": [10**18] * 2}, {}, "model.hidden: .* EB for its weights"),
    "one wide layer": ({"hidden": [1_000_000_000]}, {}, "model.hidden: the network needs 12 GB"),
    "wide elements": ({"architecture": "set", "hidden": [8], "set_width": 10**8}, {}, "model.set_width: .* 560 PB"),
    "layers without end": ({"architecture": "set", "hidden": [8], "set_layers": 10**15}, {}, "model.set_layers"),
    "a batch without end": (
        {"hidden": [100_000]},
        {"batch_size": 10**6},
        r"smaller widths or batches \(training.batch_size\)",
    ),
}


@pytest.mark.parametrize(("model", "training", "message"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_does_not_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], training: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(size, "machine_memory", lambda: 24 * 10**9)
    with pytest.raises(ConfigError, match=rf"{message}.*" if "smaller" in message else rf"{message}.*has 24 GB"):
        check_size(ModelConfig(**model), TrainingConfig(**training), n_rows=10**6)


def test_what_fits_is_allowed_and_an_unknown_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    check_size(ModelConfig(architecture="set", hidden=[512] * 4), TrainingConfig(batch_size=512), 10**6, 800)
    monkeypatch.setattr(size, "machine_memory", lambda: None)
    check_size(ModelConfig(hidden=[10**9]), TrainingConfig())


def test_a_container_with_less_memory_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = size.machine_memory()
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text("1048576\n")
    monkeypatch.setattr(size, "LIMITS", (str(tmp_path / "max"), str(tmp_path / "none")))
    alone = size.machine_memory()
    assert alone is None or whole is None or alone >= whole
    monkeypatch.setattr(size, "LIMITS", (str(tmp_path / "max"), str(tmp_path / "limit")))
    assert size.machine_memory() == 1_048_576


def test_bytes_are_said_in_words() -> None:
    numbers = [0, 999, 1000, 4 * 10**14, 10**18, 10**30]
    assert [in_words(n) for n in numbers] == ["0 bytes", "999 bytes", "1 kB", "400 TB", "1 EB", "1,000,000,000,000 EB"]


HUGE = {"hidden": [10_000_000, 10_000_000]}
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "train": ("train", {"model": HUGE}),
    "one wide layer": ("train", {"model": {"hidden": [10**9]}}),
    "a member of an ensemble": ("train", {"ensemble": {"members": {"a": {}, "b": {"model": HUGE}}}}),
    "benchmark": ("benchmark", {"model": HUGE}),
    "a network of a benchmark": (
        "benchmark",
        {"benchmark": {"baselines": ["mean"], "networks": {"x": {"model": HUGE}}}},
    ),
    "tune": ("tune", {"model": HUGE, "tune": {"parameters": {"model.dropout": {"range": [0.0, 0.3]}}}}),
    "a choice of a search": (
        "tune",
        {"tune": {"trials": 2, "parameters": {"model.hidden": {"choices": [[8], HUGE["hidden"]]}}}},
    ),
}


@pytest.mark.parametrize(("verb", "sections"), JOBS.values(), ids=JOBS)
def test_it_is_said_before_anything_is_written(
    command: Command, tiny_config: ConfigWriter, tmp_path: Path, verb: str, sections: dict[str, Any]
) -> None:
    config = tiny_config(**sections)
    before = sorted(tmp_path.rglob("*"))
    message = command(verb, config, "-q").refused()
    assert "the network needs" in message
    assert "this machine has" in message
    assert sorted(tmp_path.rglob("*")) == before
