"""What an installation carries."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.slow


LARGEST = 25_000_000
"""Bytes of the wheel; 20 million are weights of the shipped models."""
DATA = {
    "": {".typed"},
    "benchmark": {".csv"},
    "chemistry/tables": {".csv", ".txt", ".md"},
    "config/bundled": {".yaml"},
    "data/bundled": {".csv"},
    "lessons/live_pages/pages": {".md"},
    "lessons/live_pages/static": {".js", ".css"},
    "lessons/live_pages/static/data": {".js"},
    "lessons/live_pages/static/pages": {".js"},
    "lessons/sources/guides": {".md"},
    "figures": {".html", ".js"},
    "hulls/tables": {".json", ".safetensors"},
    "reporting": {".bib"},
    "reporting/templates": {".html", ".css", ".js"},
    "saved_model/shipped_models": {".json", ".safetensors"},
    "scales": {".json"},
    "serve/static": {".html", ".css", ".svg"},
    "serve/static/js": {".js"},
    "trust": {".json"},
}
"""Folder of the package to the kinds of files in it that are no modules."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=900)
    (path,) = out.glob("*.whl")
    assert path.stat().st_size < LARGEST
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel_names(wheel: zipfile.ZipFile) -> set[str]:
    return set(wheel.namelist())


def test_the_wheel_carries_nothing_else(wheel_names: set[str]) -> None:
    paths = [Path(name) for name in wheel_names if ".dist-info/" not in name]
    strangers = [
        str(path)
        for path in paths
        if path.suffix != ".py" and (path.suffix or path.name) not in DATA.get("/".join(path.parts[1:-1]), ())
    ]
    assert strangers == []
    assert {path.parts[0] for path in paths} == {"formation_mlp"}


def test_the_wheel_carries_nothing_twice(wheel: zipfile.ZipFile) -> None:
    names: dict[bytes, list[str]] = {}
    for entry in wheel.infolist():
        if entry.file_size > 200:  # the first lines of packages may be alike
            names.setdefault(sha256(wheel.read(entry)).digest(), []).append(entry.filename)
    assert [same for same in names.values() if len(same) > 1] == []


def test_the_wheel_carries_every_module_and_table(wheel_names: set[str]) -> None:
    source = ROOT / "src" / "formation_mlp"
    files = {p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    missing = {str(Path("formation_mlp") / p.relative_to(source)) for p in files} - wheel_names
    assert not missing


def test_the_wheel_carries_the_bundled_data(wheel_names: set[str]) -> None:
    assert "formation_mlp/data/bundled/measured_enthalpies.csv" in wheel_names


def test_the_wheel_carries_the_lessons(wheel_names: set[str]) -> None:
    folder = ROOT / "scripts" / "lessons"
    lessons = {str(path.relative_to(folder)) for end in ("*.py", "guides/*.md") for path in folder.glob(end)}
    carried = {name for name in wheel_names if name.startswith("formation_mlp/lessons/sources/")}
    assert carried == {f"formation_mlp/lessons/sources/{name}" for name in lessons}


def test_the_wheel_carries_the_pages_that_move(wheel_names: set[str]) -> None:
    folders = {"pages": ROOT / "docs" / "live", "static": ROOT / "docs" / "_static" / "live"}
    files = {
        f"formation_mlp/lessons/live_pages/{name}/{path.relative_to(folder).as_posix()}"
        for name, folder in folders.items()
        for path in folder.rglob("*.*")
    }
    assert files == {name for name in wheel_names if "live_pages" in name}


def test_the_wheel_carries_the_configurations(wheel_names: set[str]) -> None:
    configs = {path.name for path in (ROOT / "configs").iterdir()}
    carried = {name for name in wheel_names if name.startswith("formation_mlp/config/bundled/")}
    assert carried == {f"formation_mlp/config/bundled/{name}" for name in configs}


def test_the_wheel_is_typed_and_licensed(wheel_names: set[str]) -> None:
    assert "formation_mlp/py.typed" in wheel_names
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)
