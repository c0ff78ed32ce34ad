"""What tests of several folders ask for: small tables and configurations, runs, and the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from formation_mlp import cli
from support.browser import headless_browser
from support.commands import Outcome
from support.configs import TINY, changed
from support.paths import BUNDLED, ROOT
from support.structures import ROCK_SALTS, rock_salt

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

# For networks as small as those of the tests, threads only wait for one another. Set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["FORMATION_MLP_CACHE"] = "off"

collect_ignore = ["golden"]  # programs that tell how the frozen files there were made

N_ROWS = 60

SLOW_EXAMPLES = ("formation_mlp.explain.explanation.Explainer",)
"""Examples in docstrings that take seconds: a docstring carries no mark."""

FIRST_FILES = ("test_pages.py", "test_package.py", "test_lesson.py", "test_executed_notebooks.py")
"""Files that take minutes and hold few tests, the longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the slow examples; and where several processes share the tests, start with the files that take longest.

    Otherwise one process would end with such a file while the others have nothing left to do.
    """
    for item in items:
        if item.name in SLOW_EXAMPLES:
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):  # a process of pytest-xdist
        slow_files = {item.path for item in items if item.get_closest_marker("slow")}
        places = {name: place for place, name in enumerate(FIRST_FILES)}
        items.sort(
            key=lambda item: (places.get(item.path.name, len(places)), item.path not in slow_files)
        )  # stable: the tests of a file keep their order


@pytest.fixture(scope="session")
def rows() -> list[tuple[str, str]]:
    """60 formulas of the bundled table with their measured formation enthalpies in eV/atom, spread over it."""
    with BUNDLED.open(encoding="utf-8", newline="") as file:
        table = [(row["formula"], row["formation_enthalpy_per_atom"]) for row in csv.DictReader(file)]
    return table[:: len(table) // N_ROWS][:N_ROWS]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of published data sets; the test is skipped on a machine without one."""
    folder = Path(os.environ.get("FORMATION_MLP_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; FORMATION_MLP_DATA names another place")
    return folder


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder, where no variable of the caller changes what is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def write_csv(workplace: Path, rows: list[tuple[str, str]]) -> Callable[..., Path]:
    """Return a function that writes a table, of the 60 rows if none are given."""

    def write(
        lines: Sequence[Sequence[object]] | None = None,
        header: Sequence[str] = ("formula", "formation_energy_per_atom"),
        name: str = "table.csv",
    ) -> Path:
        path = workplace / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *(rows if lines is None else lines)])
        return path

    return write


@pytest.fixture
def tiny_config(workplace: Path, write_csv: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a configuration that trains in a moment, sections changed as asked."""
    write_csv()

    def write(name: str = "job.yaml", **changes: Any) -> Path:
        path = workplace / name
        path.write_text(yaml.safe_dump(changed(TINY, changes), allow_unicode=True), encoding="utf-8")
        return path

    return write


@pytest.fixture
def command(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Return a function that runs ``formation-mlp`` with arguments and standard input, inside this process."""

    def run(*arguments: object, stdin: str | io.StringIO = "") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["formation-mlp", *map(str, arguments)])
        monkeypatch.setattr(
            sys,
            "stdin",
            io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8") if isinstance(stdin, str) else stdin,
        )
        capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as exit_:
            code = exit_.code or 0
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Path:
    """Return the folder of one finished run, shared by all tests: it must not be changed."""
    from formation_mlp.config.loading import check_config
    from formation_mlp.runs import train as run
    from formation_mlp.runs.progress import Reporter

    folder = tmp_path_factory.mktemp("finished")
    table = folder / "table.csv"
    table.write_text("formula,formation_energy_per_atom\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    raw = changed(TINY, {"data": {"path": str(table), "source": "measured"}, "output": str(folder / "run")})
    run.train(check_config(raw, "finished_run"), Reporter(-1))
    return folder / "run"


@pytest.fixture
def own_run(finished_run: Path, workplace: Path) -> Path:
    """Return a copy of the finished run that a test may change."""
    return Path(shutil.copytree(finished_run, workplace / "run"))


@pytest.fixture(scope="module")
def without_figures() -> Iterator[None]:
    """Draw no figures in the runs of a module."""
    from formation_mlp.runs import train as run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("write_figures", "write_loss_figure"):
            patch.setattr(run, name, lambda *_: None)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """Return a browser without a window, shared by all tests; `support.browser` visits pages with it."""
    with headless_browser() as started:
        yield started


@pytest.fixture(scope="session")
def _structure_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("structures")
    for name, (arguments, _energy) in ROCK_SALTS.items():
        structure = rock_salt(*arguments)
        if name == "CaO":
            structure.to(folder / "CaO.vasp", fmt="poscar")
        elif name == "NaF":
            (folder / "NaF.json").write_text(json.dumps(structure.as_dict()), encoding="utf-8")
        else:
            structure.to(folder / f"{name}.cif", fmt="cif")
    lines = [f"{name},{energy}\n" for name, (_arguments, energy) in ROCK_SALTS.items()]
    (folder / "targets.csv").write_text("name,formation_energy_per_atom\n" + "".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def structure_folder(_structure_files: Path, workplace: Path) -> Path:
    """Return a folder of four CIF files, a POSCAR and a JSON file, with their targets in targets.csv."""
    return Path(shutil.copytree(_structure_files, workplace / "structures"))
