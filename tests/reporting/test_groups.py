"""Errors of groups of rows, and the dots of figures by name."""

from __future__ import annotations

import numpy as np
import pytest

from formation_mlp.materials.inputs import read_materials
from formation_mlp.reporting import groups
from formation_mlp.reporting.finished import model_name
from formation_mlp.reporting.named import named_points
from formation_mlp.reporting.periodic_table import element_table


def test_a_row_counts_once_for_each_of_its_elements() -> None:
    compositions = read_materials(["NaCl", "Na2O", "O2"]).materials.compositions
    found = groups.by_element(compositions, np.array([0.1, 0.2, 0.3]))
    assert {symbol: errors.tolist() for symbol, errors in found.items()} == {
        "Na": [0.1, 0.2],
        "Cl": [0.1],
        "O": [0.2, 0.3],
    }


def test_a_group_is_worse_only_if_its_whole_interval_is_and_it_has_enough_rows() -> None:
    many, few = np.linspace(0.3, 0.4, 20), np.full(4, 9.0)
    wide = np.array([0.0, 0.0, 0.0, 0.0, 2.0])
    assert list(groups.clearly_worse({"many": many, "few": few, "wide": wide}, 0.2)) == ["many"]
    assert groups.clearly_worse({"many": many}, 0.35) == {}


def test_dots_are_named_from_the_largest_error_on_and_ids_keep_their_hyphen() -> None:
    y, prediction = np.array([-1.0, -2.0]), np.array([-1.1, -1.5])
    points = named_points(["mp-1", "mp-2"], ["NaCl", "Na2O"], y, prediction, "eV/atom")
    assert points.names == ["Na2O", "NaCl"]
    assert points.words[0] == "mp-2: actual −2.000, predicted −1.500, off by +0.500 eV/atom"
    assert (points.x.tolist(), points.y.tolist()) == ([-2.0, -1.0], [-1.5, -1.1])
    of_residuals = named_points(["a", "b"], ["NaCl", "Na2O"], y, prediction, "eV/atom", residuals=True)
    assert of_residuals.x.tolist() == [-1.5, -1.1]
    assert of_residuals.y.tolist() == pytest.approx([0.5, -0.1])


@pytest.mark.parametrize(
    ("name", "architecture", "shown"),
    [
        ("mlp", "residual", "residual"),
        ("mlp", "mlp", "mlp"),
        ("ensemble", "set", "ensemble"),
        ("mlp", "own:Net", "mlp"),
        ("linear", "mlp", "linear"),
    ],
)
def test_a_network_is_called_what_it_is(name: str, architecture: str, shown: str) -> None:
    assert model_name(name, {"model": {"architecture": architecture}}) == shown


def test_the_periodic_table_has_every_element_and_says_its_error_in_words() -> None:
    text = element_table({"O": np.array([0.1, 0.2, 0.3]), "Na": np.ones(1)}, "eV/atom", "mean absolute error", "4 rows")
    assert text.count('role="listitem"') == 118
    assert 'title="O: 0.200 eV/atom (95 %: 0.087 to 0.313; 3 rows)"' in text
    assert 'title="Na: 1.000 eV/atom (1 row)"' in text
    assert "<span>0.20</span><span>3</span>" in text
