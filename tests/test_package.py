"""What an installation carries."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=900)
    (wheel,) = out.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_carries_every_module_and_table(wheel_names: set[str]) -> None:
    source = ROOT / "src" / "formation_mlp"
    files = {p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    missing = {str(Path("formation_mlp") / p.relative_to(source)) for p in files} - wheel_names
    assert not missing


def test_the_wheel_carries_the_bundled_data(wheel_names: set[str]) -> None:
    assert "formation_mlp/data/bundled/measured_enthalpies.csv" in wheel_names


def test_the_wheel_carries_the_lessons(wheel_names: set[str]) -> None:
    lessons = {path.name for path in (ROOT / "scripts" / "lessons").glob("*.py")}
    carried = {name for name in wheel_names if name.startswith("formation_mlp/lessons/sources/")}
    assert carried == {f"formation_mlp/lessons/sources/{name}" for name in lessons}


def test_the_wheel_carries_the_configurations(wheel_names: set[str]) -> None:
    configs = {path.name for path in (ROOT / "configs").iterdir()}
    carried = {name for name in wheel_names if name.startswith("formation_mlp/config/bundled/")}
    assert carried == {f"formation_mlp/config/bundled/{name}" for name in configs}


def test_the_wheel_is_typed_and_licensed(wheel_names: set[str]) -> None:
    assert "formation_mlp/py.typed" in wheel_names
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)
