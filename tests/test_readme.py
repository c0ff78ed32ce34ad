"""What the README shows is what happens: its commands are run and its output is compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from formation_mlp.config.loading import check_config
from support.paths import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCORE_TOLERANCE, ENERGY_TOLERANCE = 0.03, 0.3
"""Scores, and energies of single compounds (eV/atom), move by this much between machines; times are not compared."""


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


def console() -> list[tuple[str, str]]:
    """Return each command that follows a dollar sign, and the output shown below it."""
    pairs = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            pairs.append((re.sub(r"\s+# .*", "", command), output))
    return pairs


FREE = ("worst 1 %",)
"""Columns that hang on a few rows."""


def assert_same_output(shown: str, found: str) -> None:
    """Compare word by word; numbers may differ a little, and the two times that end a score table entirely.

    What a benchmark says of its intervals and p-values is left aside, as is the error of the worst rows.
    """
    shown_lines, found_lines = (_without_free(text) for text in (shown, found))
    assert len(shown_lines) == len(found_lines), found
    times = False
    for a, b in zip(shown_lines, found_lines, strict=True):
        times = "fit (s)" in a or (times and bool(a.strip()))
        drop = 2 if times and "fit (s)" not in a else None
        words_a, words_b = (re.split(r"\s+|,", line.strip())[: -drop if drop else None] for line in (a, b))
        assert len(words_a) == len(words_b), f"{a!r} is shown, {b!r} is printed"
        for word_a, word_b in zip(words_a, words_b, strict=True):
            tolerance = ENERGY_TOLERANCE if "," in a else SCORE_TOLERANCE
            same = word_a == word_b or set(word_a + word_b) == {"-"} or _close(word_a, word_b, tolerance)
            assert same, f"{a!r} is shown, {b!r} is printed"


def _without_free(text: str) -> list[str]:
    """Return the lines without what may differ from machine to machine."""
    lines, cut = [], slice(0, 0)
    for line in text.strip().splitlines():
        for name in FREE:
            if name in line:
                cut = slice(line.index(name), line.index(name) + len(name))
        if not line.strip():
            cut = slice(0, 0)
        if not re.search(r"\(95|p [<=] ", line):
            lines.append(line[: cut.start] + line[cut.stop :])
    return lines


def _close(a: str, b: str, tolerance: float) -> bool:
    try:
        return abs(float(a) - float(b)) <= tolerance
    except ValueError:
        return False


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository whose environment is the present one."""
    copy = tmp_path_factory.mktemp("readme") / "formation_mlp"
    ignored = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", ".coverage*")

    def left_out(folder: str, names: list[str]) -> set[str]:
        own = {"runs"} if Path(folder) == ROOT else set()  # the package of this name is needed
        return own | set(ignored(folder, names))

    shutil.copytree(ROOT, copy, ignore=left_out)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


@pytest.fixture(scope="module")
def demo_output(checkout: Path) -> str:
    stamp = Path(sys.prefix) / ".installed"
    if not stamp.exists():
        pytest.skip("this environment was not made by scripts/test.sh")
    return shell("bash scripts/demo.sh", checkout)


def shell(command: str, folder: Path) -> str:
    """Run a command as the README says, and return both streams as a terminal shows them."""
    environment = {**os.environ, "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    return done.stdout


def test_the_two_commands_exist() -> None:
    (first,) = (block for block in blocks("sh") if "demo.sh" in block)
    for line in first.splitlines():
        assert (ROOT / line.split()[1]).is_file()


def test_the_demo_prints_what_the_readme_shows(demo_output: str) -> None:
    (shown,) = (block for block in blocks("") if "== Predictions ==" in block)
    assert_same_output(shown, demo_output)


def test_the_demo_leaves_the_plots_that_the_readme_promises(checkout: Path, demo_output: str) -> None:
    for name in ("parity.png", "loss.png", "residuals.png", "benchmark.png", "benchmark_parity.png", "DONE"):
        assert (checkout / "runs" / "quickstart" / name).exists()
    for name in ("confusion_matrix.png", "roc.png", "loss.png", "benchmark_roc.png"):
        assert (checkout / "runs" / "quickstart_classifier" / name).exists()


def test_the_network_is_ahead_of_the_forest(demo_output: str) -> None:
    table = demo_output.split("== Strongly bound")[0].split("predict (s)")[1]  # the first table of the benchmark
    lines = [line.split() for line in table.split("\n\n")[0].splitlines()[2:]]
    row = {line[0]: line for line in lines}
    assert float(row["mlp"][2]) < float(row["random_forest"][3])  # test MAE; "(tuned)" is a word of the name


def test_the_commands_print_what_the_readme_shows(checkout: Path, demo_output: str) -> None:
    for command, shown in console():
        assert_same_output(shown, shell(command, checkout))


def test_the_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 (our own page)
    assert names["model"].predict(["RbCl"]).shape == (1,)  # type: ignore[attr-defined]


def test_the_yaml_blocks_are_configurations() -> None:
    whole, *sections = (yaml.safe_load(text.replace("2e-3", "0.002")) for text in blocks("yaml"))
    for section in ({}, *sections):
        check_config(whole | section, "README.md")


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
