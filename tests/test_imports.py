"""Imports run downwards, floor by floor, and cost little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import formation_mlp
from support.commands import python_environment

PACKAGE = Path(formation_mlp.__file__).parent

GROUND = ("errors", "quoting", "registry", "seeding", "typing", "units", "version")
"""Modules of the root that every package may use; they may use one another."""

FLOORS = [
    GROUND,
    ["system"],
    ["config", "chemistry"],
    ["materials", "scales"],
    ["data", "targets", "trust"],
    ["features", "splits", "hulls"],
    ["models", "figures"],
    ["training", "baselines"],
    ["saved_model"],
    ["runs", "prediction", "export"],
    ["estimators", "benchmark", "tuning", "explain", "screening"],
    ["reporting"],
    ["lessons", "fitting", "serve"],
    ["cli", "__main__"],
]
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}


def modules() -> dict[str, ast.Module]:
    """Return the syntax tree of every module but the package's own, which imports on use, by its name."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if name != "__init__":
            trees[name.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


MODULES = modules()


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of this package that are imported anywhere in a module, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            own = name.removeprefix("formation_mlp.")
            if own != name:
                yield next((module for module in (own, own.rpartition(".")[0]) if module in MODULES), "")


GRAPH = {name: {other for other in imported(tree) if other} for name, tree in MODULES.items()}


def test_every_module_has_its_floor() -> None:
    assert {name.split(".")[0] for name in MODULES} == set(FLOOR)


def test_the_root_shows_the_plan() -> None:
    assert len(FLOORS) <= 14
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert len(modules) <= 10


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_downwards(name: str) -> None:
    """A package may import those on lower floors, and its own modules; packages of one floor stand side by side."""
    own = name.split(".")[0]
    lower = {other for floor in FLOORS[: FLOOR[own]] for other in floor}
    beside = set(GROUND) if own in GROUND else {own}
    allowed = lower | beside | ({"cli"} if own == "__main__" else set())
    assert [other for other in sorted(GRAPH[name]) if other.split(".")[0] not in allowed] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(GRAPH).static_order())
    assert order.index("errors") < order.index("config.schema") < order.index("cli")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """Return the packages that a fresh interpreter has loaded after some code."""
    report = "import sys; print('loaded', *{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=python_environment(),
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_the_command_line_is_imported_without_any_heavy_package() -> None:
    loaded = loaded_after("import formation_mlp, formation_mlp.cli")
    heavy = "torch pandas sklearn matminer pymatgen numba pydantic numpy rich matplotlib scipy yaml safetensors"
    assert loaded & set(heavy.split()) == set()
    assert "typer" in loaded


@pytest.mark.parametrize("model", ["own", "shipped", "stable"])
def test_a_formula_is_predicted_without_torch_tables_forests_or_figures(finished_run: Path, model: str) -> None:
    words = {"own": ["predict", str(finished_run)], "shipped": ["predict"], "stable": ["predict", "--stable"]}[model]
    code = "import sys; from formation_mlp.cli import main\ntry: main()\nexcept SystemExit: pass"
    loaded = loaded_after(code, *words, "NaCl")
    heavy = "torch pandas sklearn matminer matplotlib numba pymatgen scipy rich pyarrow"
    assert loaded & set(heavy.split()) == set()
    assert "pydantic" in loaded


def test_a_service_listens_before_torch_is_loaded_and_draws_without_figures() -> None:
    code = """
from formation_mlp.serve.app import create_app
from formation_mlp.serve.hulls import screen
from formation_mlp.serve.schemas import ScreenRequest
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.state import Service
from formation_mlp.serve.warm import warm_up

service = Service(Settings())
create_app(service.settings, service)
warm_up(service)
screen(service, ScreenRequest(elements=["Na", "Cl"], max_atoms=2))
"""
    assert loaded_after(code) & {"torch", "matplotlib", "sklearn", "matminer", "pymatgen"} == set()


def test_a_small_structure_is_predicted_without_numba_and_its_compiler(tmp_path: Path) -> None:
    from support.structures import rock_salt

    path = tmp_path / "NaCl.cif"
    rock_salt("Na", "Cl", 5.64).to(str(path))
    code = "import sys; from formation_mlp.cli import main\ntry: main()\nexcept SystemExit: pass"
    loaded = loaded_after(code, "predict", str(path))
    heavy = "torch pandas sklearn matminer matplotlib numba llvmlite pymatgen scipy rich pyarrow"
    assert loaded & set(heavy.split()) == set()
    assert {"gemmi", "spglib"} <= loaded
