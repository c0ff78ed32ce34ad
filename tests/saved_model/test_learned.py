"""Which formulas a model has learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.errors import CheckpointError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model import learned
from formation_mlp.saved_model.checkpoint import Checkpoint, model_path
from formation_mlp.saved_model.learned import LEARNED_FILE, learned_formulas
from formation_mlp.saved_model.shipped import SHIPPED
from formation_mlp.trust.listed import are_listed

FORMULAS = ["NaCl", "Fe2O3", "O3Fe2", "Na7Cl", "Xe9Au2"]


def shipped(name: str) -> Checkpoint:
    return Checkpoint.load(model_path(name), "numpy")


def known(model: Checkpoint) -> list[bool]:
    found = learned_formulas(model)
    assert found is not None
    return list(are_listed(read_materials(FORMULAS).materials.compositions, found).tolist())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_knows_the_formulas_that_it_has_learned(name: str) -> None:
    model = shipped(name)
    assert known(model) == [True, True, True, False, False]
    assert known(replace(model, digest="", errors=None)) == [True, True, True, False, False]  # a copy of the file


def test_formulas_of_another_database_count_too() -> None:
    """The list of known compounds holds none of OQMD, which `composition` has learned from."""
    model = shipped("composition")
    assert model.errors is not None
    found = learned_formulas(model)
    assert found is not None
    assert len(np.setdiff1d(found, model.errors.listed)) > 10_000


def test_a_run_knows_its_own_train_rows_and_those_of_its_start() -> None:
    model = shipped("composition")
    assert model.errors is not None
    own = np.unique(np.array([1, 5], np.uint32))
    run = replace(model, training_elements={"Na": 3}, errors=replace(model.errors, listed=own))
    assert learned_formulas(run) is own
    config = {**run.config, "training": {**run.config["training"], "start_from": "composition"}}
    both = learned_formulas(replace(run, config=config))
    assert both is not None
    assert set(own.tolist()) <= set(both.tolist())
    assert known(replace(run, config=config)) == [True, True, True, False, False]


def test_where_nothing_tells_none_is_known() -> None:
    run = replace(shipped("composition"), training_elements={"Na": 3}, errors=None)
    assert learned_formulas(run) is None
    started = replace(shipped("composition"), training_elements={"Na": 3})
    config = {**started.config, "training": {**started.config["training"], "start_from": "runs/that/is/gone"}}
    assert learned_formulas(replace(started, config=config)) is None


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from formation_mlp.system.files import write_bytes
    from formation_mlp.system.tensor_file import encoded

    assert LEARNED_FILE.exists()
    broken = tmp_path / "learned.safetensors"
    write_bytes(broken, encoded({"composition": np.ones(3)}, {"kind": "learned formulas", "format": 1}))
    monkeypatch.setattr(learned, "LEARNED_FILE", broken)
    with pytest.raises(CheckpointError, match="composition holds float64, but it should be uint32"):
        learned_formulas(shipped("composition"))
