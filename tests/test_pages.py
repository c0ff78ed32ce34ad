"""What README and site show is what happens: their commands are run and their output is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from formation_mlp.config.loading import check_config
from support.pages import blocks, console, copy_checkout, is_installed, pages, shell, terminal
from support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCORE_TOLERANCE, ENERGY_TOLERANCE = 0.03, 0.3
"""Scores, and energies of single compounds (eV/atom), move by this much between machines; times are not compared."""

TIMES = ("fit (s)", "predict (s)")
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
        times = TIMES[0] in a or (times and bool(a.strip()))
        drop = 2 if times and TIMES[0] not in a else None
        words_a, words_b = (re.split(r"\s+|,", line.strip())[: -drop if drop else None] for line in (a, b))
        assert len(words_a) == len(words_b), f"{a!r} is shown, {b!r} is printed"
        for word_a, word_b in zip(words_a, words_b, strict=True):
            tolerance = ENERGY_TOLERANCE if "prediction" in shown else SCORE_TOLERANCE
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
    return copy_checkout(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def demo_output(checkout: Path) -> str:
    if not is_installed():
        pytest.skip("this environment was not made by scripts/test.sh from this checkout")
    return shell("bash scripts/demo.sh", checkout)


def test_the_two_commands_exist() -> None:
    (first, *_) = (block for block in blocks(README, "sh") if "demo.sh" in block)
    scripts = [line.split()[1] for line in first.splitlines() if line.startswith("bash ")]
    assert scripts == ["scripts/demo.sh", "scripts/test.sh"]
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.slow
def test_the_demo_leaves_its_plots(checkout: Path, demo_output: str) -> None:
    for name in ("parity.png", "loss.png", "residuals.png", "benchmark.png", "benchmark_parity.png", "DONE"):
        assert (checkout / "runs" / "quickstart" / name).exists()
    for name in ("confusion_matrix.png", "roc.png", "loss.png", "benchmark_roc.png"):
        assert (checkout / "runs" / "quickstart_classifier" / name).exists()


@pytest.mark.slow
def test_the_network_is_ahead_of_the_forest(demo_output: str) -> None:
    table = demo_output.split("== Strongly bound")[0].split("predict (s)")[1]  # the first table of the benchmark
    lines = [line.split() for line in table.split("\n\n")[0].splitlines()[2:]]
    mae = {line[0]: float(line[3] if line[1].startswith("(") else line[2]) for line in lines}
    network = min(value for name, value in mae.items() if name not in ("random_forest", "ridge", "mean"))
    assert network < mae["random_forest"]


@pytest.mark.slow
def test_the_commands_print_what_the_pages_show(checkout: Path, demo_output: str) -> None:
    printed: dict[str, str] = {}
    for page in pages():
        for command, shown in console(page.read_text(encoding="utf-8")):
            if command not in printed:
                printed[command] = terminal(command, checkout)
            assert_same_output(shown, printed[command])


@pytest.mark.slow
def test_the_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for page in pages():
        for code in blocks(page.read_text(encoding="utf-8"), "python"):
            exec(compile(code, page.name, "exec"), {})  # noqa: S102 (our own pages)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_yaml_blocks_are_configurations(page: Path) -> None:
    for text in blocks(page.read_text(encoding="utf-8"), "yaml"):
        check_config(yaml.safe_load(text.replace("2e-3", "0.002")), page.name)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_is_shown_without_its_output(page: Path) -> None:
    for command, shown in console(page.read_text(encoding="utf-8")):
        assert shown.strip(), f"{command}: python scripts/fill_pages.py {page.relative_to(ROOT)} runs it"


def test_links_of_the_readme_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
