"""Networks of the user's own: where their code is imported, where it never is, and what works with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from formation_mlp import load
from formation_mlp.config.loading import check_config
from formation_mlp.config.own_code import import_own, require_importable
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.explain.explanation import Explainer
from formation_mlp.models.networks import build_network
from formation_mlp.runs import network as network_run
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import load_tensors, save_tensors
from support.commands import Outcome

Command = Callable[..., Outcome]

NETS = """
from pathlib import Path
from torch import nn

Path("imported").touch()

class Wide(nn.Module):
    def __init__(self, d_in: int, d_out: int, dropout: float = 0.0):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(d_in, 16), nn.Dropout(dropout), nn.Linear(16, d_out)

    def forward(self, X):
        return self.last(self.drop(self.first(X).relu()))
"""
WIDE = {"architecture": "own_nets:Wide", "dropout": 0.25}
ALLOWED = ("--allow-import", "own_nets")


@pytest.fixture
def nets(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write a module of networks that leaves a file where it is imported; return this file's path."""
    folder = workplace / "modules"
    folder.mkdir()
    (folder / "own_nets.py").write_text(NETS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield workplace / "imported"
    sys.modules.pop("own_nets", None)


@pytest.fixture
def trained(nets: Path, tiny_config: Callable[..., Path], command: Command, without_figures: None) -> Path:
    """Return the run folder of a network of one's own; whoever reads it must import its module anew."""
    command("train", tiny_config(model=WIDE), "-q", *ALLOWED).succeeded()
    forget(nets)
    return Path("run")


def forget(nets: Path) -> type[nn.Module]:
    """Forget that the module was imported, and return its class."""
    nets.unlink()
    wide: type[nn.Module] = sys.modules.pop("own_nets").Wide
    return wide


def test_a_network_of_ones_own_is_trained_resumed_read_and_explained(
    nets: Path,
    tiny_config: Callable[..., Path],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    without_figures: None,
) -> None:
    path = tiny_config(model=WIDE, training={"max_epochs": 4})
    command("train", path, "-q", *ALLOWED, "--set", "output=whole").succeeded()
    monkeypatch.setattr(network_run, "SAVE_EVERY_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch", interrupted_at(2))
        assert command("train", path, *ALLOWED).code == 130
    assert "--allow-import own_nets" in command("train", path, "--resume").refused()
    command("train", path, "--resume", *ALLOWED).succeeded()
    found = forget(nets)
    predictor = load("run", architectures={"own_nets:Wide": found})
    values = predictor.predict(["NaCl", "Fe2O3"])
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, load("whole", {"own_nets:Wide": found}).predict(["NaCl", "Fe2O3"]))
    (one,) = Explainer(predictor).explain(["NaCl"])
    assert one.attributions.sum() == pytest.approx(one.prediction - one.baseline, rel=1e-4)
    predictor.checkpoint.save(Path("again.safetensors"))
    np.testing.assert_array_equal(
        values, load("again.safetensors", {"own_nets:Wide": found}).predict(["NaCl", "Fe2O3"])
    )
    assert not nets.exists()


def interrupted_at(epoch: int) -> Callable[..., None]:
    def shown(_reporter: Reporter, record: Any, _score: str) -> None:
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return shown


@pytest.mark.parametrize("verb", ["train", "tune", "benchmark"])
def test_nothing_is_imported_that_is_not_allowed(
    verb: str, nets: Path, tiny_config: Callable[..., Path], command: Command
) -> None:
    path = tiny_config(model=WIDE)
    message = command(verb, path).refused()
    assert message.startswith("model.architecture: 'own_nets:Wide' is code of your own")
    assert "--allow-import own_nets" in message
    if verb != "benchmark":
        message = command(verb, path, "--allow-import", "own_nets.more", "--allow-import", "own").refused()
        assert "'own_nets:Wide' is code of your own" in message
    assert not nets.exists()
    assert not Path("run").exists()


def test_what_is_allowed_must_be_asked_for_and_be_there(
    nets: Path, tiny_config: Callable[..., Path], command: Command
) -> None:
    assert (
        "--allow-import 'own_nets': the configuration names no class"
        in command("train", tiny_config(), *ALLOWED).refused()
    )
    assert not nets.exists()
    for architecture, message in {
        "own_nets:Narrow": "the module own_nets has no class 'Narrow'",
        "own_nets:Path": "own_nets:Path is no class of torch modules",
        "no_such_nets:Wide": "it cannot be imported: No module named 'no_such_nets'",
    }.items():
        path = tiny_config(model={"architecture": architecture})
        assert message in command("train", path, "--allow-import", architecture.partition(":")[0]).refused()


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "run", "NaCl"),
        ("evaluate", "run"),
        ("evaluate", "run", "--csv", "table.csv"),
        ("explain", "run", "NaCl"),
        ("report", "run"),
        ("train", "other.yaml"),
    ],
    ids=" ".join,
)
def test_no_verb_imports_what_a_model_file_names(
    words: tuple[str, ...], trained: Path, nets: Path, tiny_config: Callable[..., Path], command: Command
) -> None:
    tiny_config("other.yaml", training={"start_from": "run"}, output="other")
    message = command(*words).refused()
    assert "'own_nets:Wide' is a class of your own. It is never imported because a file names it" in message
    assert "formation_mlp.load(path, architectures={'own_nets:Wide': Wide})" in message
    assert "Train again" not in message
    assert not nets.exists()
    assert "own_nets" not in sys.modules


def test_a_model_file_cannot_name_another_class_than_is_given(trained: Path, nets: Path) -> None:
    tensors, description = load_tensors(trained / "model.safetensors", "model", "numpy")
    description["members"][0]["model"]["architecture"] = "antigravity:Flight"
    save_tensors(
        Path("crafted.safetensors"), tensors, {key: description[key] for key in description if key != "format"}
    )
    sys.modules.pop("antigravity", None)
    for architectures in ({}, {"own_nets:Wide": nn.Linear}):
        with pytest.raises(CheckpointError, match=r"'antigravity:Flight' is a class of your own. It is never imported"):
            load("crafted.safetensors", architectures)
    assert "antigravity" not in sys.modules
    assert not nets.exists()
    with pytest.raises(CheckpointError, match="the weights do not fit the network of the configuration"):
        load(trained, {"own_nets:Wide": nn.Linear})
    assert load_file("crafted.safetensors").keys() >= {"members.0.network.first.weight"}


@pytest.mark.slow
def test_members_of_an_ensemble_and_trials_are_trained_in_processes(
    nets: Path, tiny_config: Callable[..., Path], command: Command, without_figures: None
) -> None:
    members = {"wide": {"seeds": 2}, "plain": {"model": {"architecture": "mlp"}}}
    path = tiny_config(model=WIDE, ensemble={"members": members})
    command("train", path, "-q", "--workers", 2, *ALLOWED).succeeded()
    predictor = load("run", {"own_nets:Wide": sys.modules["own_nets"].Wide})
    assert len(predictor.checkpoint.members) == 3
    assert np.isfinite(predictor.predict(["NaCl"])).all()
    search = {"trials": 2, "parameters": {"model.architecture": {"choices": ["mlp", "own_nets:Wide"]}}}
    path = tiny_config("search.yaml", tune=search, output="search")
    assert "tune.parameters" in command("tune", path).refused()
    command("tune", path, "-q", "--workers", 2, *ALLOWED).succeeded()
    assert Path("search_search/best.yaml").exists()


def test_classes_that_other_processes_do_not_find_are_refused() -> None:
    class Here(nn.Linear):
        pass

    with pytest.raises(ConfigError, match="other processes cannot import 'nets:Here'"):
        require_importable({"nets:Here": Here})
    require_importable({"torch.nn:Linear": nn.Linear})


class Flat(nn.Linear):
    """Answers in another shape than a network must."""

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return super().forward(X)[:, 0]


def test_what_a_class_must_be_is_said() -> None:
    config = ModelConfig(architecture="nets:Net", hidden=[3])
    with pytest.raises(ConfigError, match="'nets:Net' is a class of your own"):
        build_network(4, config)
    network = build_network(4, config, 1, {"nets:Net": nn.Linear})
    assert network(torch.zeros(5, 4)).shape == (5,)
    assert build_network(4, config, 2, {"nets:Net": nn.Linear})(torch.zeros(5, 4)).shape == (5, 2)
    with pytest.raises(ConfigError, match=r"nets:Net turned \[5, 4\] into \[5\], but .* here \[5, 1\]"):
        build_network(4, config, 1, {"nets:Net": Flat})(torch.zeros(5, 4))
    with pytest.raises(ConfigError, match=r"nets:Net cannot be built as Bilinear\(d_in, d_out\)"):
        build_network(4, config, 1, {"nets:Net": nn.Bilinear})


def test_names_are_found_wherever_a_network_is_configured() -> None:
    raw = {
        "data": {"path": "bundled"},
        "ensemble": {"members": {"a": {"boosted_trees": {}, "hull": {"model": {"architecture": "one:A"}}}}},
        "benchmark": {"networks": {"b": {"model": {"architecture": "two:B"}}}},
    }
    config = check_config(raw, "test")
    with pytest.raises(ConfigError, match=r"ensemble.members.a.hull.model.architecture: 'one:A' is code of your own"):
        import_own(config, ["two"])
    with pytest.raises(ConfigError, match=r"benchmark.networks.b.model.architecture: 'two:B' is code of your own"):
        import_own(config, ["one"])
    for wrong in ("one:", ":A", "one:A.b", "one A:B"):
        with pytest.raises(ConfigError, match=r"model.architecture: unknown architecture"):
            check_config({"data": {"path": "bundled"}, "model": {"architecture": wrong}}, "test")
