"""The page about finished runs."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from formation_mlp.chemistry.chemical_class import CHEMICAL_CLASSES, chemical_classes
from formation_mlp.config.loading import check_config
from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.reporting import html, tables, text
from formation_mlp.reporting.finished import load_run
from formation_mlp.reporting.report import write_report
from formation_mlp.reporting.unusual import FACTS, shares, unusual_facts
from formation_mlp.runs import train as jobs
from formation_mlp.runs.progress import Reporter
from support.commands import Outcome
from support.configs import TINY, changed

pytestmark = pytest.mark.slow

VOID = {"meta", "img", "br", "hr", "link", "input"}
CLASSIFIER = {"type": "classification", "boundary": -1.0, "labels": ["weak", "strong"]}


class Page(HTMLParser):
    """A page as a browser takes it: every tag closed, its texts, tables and pictures by name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self.open):
            return
        self.texts.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def row(self, name: str) -> list[str]:
        (found,) = [row for row in self.rows if row and row[0] == name]
        return found

    def pictures(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "img"]


def trained(folder: Path, rows: list[tuple[str, str]], **changes: Any) -> Path:
    table = folder / "table.csv"
    table.write_text("formula,formation_energy_per_atom\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    raw = changed(TINY, {"data": {"path": str(table), "source": "measured"}, "output": str(folder / "run"), **changes})
    jobs.train(check_config(raw, ""), Reporter(-1))
    return folder / "run"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Path:
    return trained(tmp_path_factory.mktemp("classifier"), rows, task=CLASSIFIER)


@pytest.fixture(scope="module")
def untested(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Path:
    return trained(tmp_path_factory.mktemp("untested"), rows, split={"test": 0.0})


@pytest.fixture(scope="module")
def regression_page(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_report([finished_run], tmp_path_factory.mktemp("page") / "run.html")


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes long and is tested elsewhere."""
    monkeypatch.setattr(html, "figures", lambda *_: "")


def read(page: Path) -> Page:
    return Page(page.read_text(encoding="utf-8"))


def report_of(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return content


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_the_page_is_whole_and_loads_nothing_from_elsewhere(regression_page: tuple[Path, Path]) -> None:
    text = regression_page[0].read_text(encoding="utf-8")
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|fetch\(", re.sub(r'src="data:[^"]*"', "", text))
    names = [tag for tag, _ in page.tags]
    assert not {"link", "iframe", "object"} & set(names)
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    assert names.count("h1") == 1
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert all(str(picture["src"]).startswith("data:image/") for picture in page.pictures())


def test_the_page_holds_the_numbers_of_the_run(regression_page: tuple[Path, Path], finished_run: Path) -> None:
    page, report = read(regression_page[0]), report_of(finished_run)
    scores = [f"{value:.4f}".replace("-", "−") for value in report["scores"]["test"].values()]
    assert page.row("mlp") == ["mlp", *scores]
    for value in report["scores"]["val"].values():
        assert f"{value:.4f}".replace("-", "−") in page.text
    assert f"off by {report['scores']['test']['MAE']:.3f} eV/atom on average" in page.text
    assert page.row("fingerprint of ids, compositions and targets")[1].endswith(report["rows_sha256"])
    n = report["rows"]
    assert page.row("parts")[1] == f"{n['train']} train, {n['val']} val, {n['test']} test, split by formula"
    leaked = report["overlap"]["test_rows_with_chemical_system_in_train"]
    assert page.row("test rows whose chemical system is in training")[1].startswith(f"{leaked} of {n['test']} ")
    assert page.row("origin")[1] == "measured"
    assert f"torch {report['versions']['torch']}" in page.row("versions")[1]


def test_the_page_opens_with_what_the_model_is(regression_page: tuple[Path, Path], classifier: Path) -> None:
    assert "A multilayer perceptron predicts the formation energy of a compound" in read(regression_page[0]).text
    run = load_run(classifier, "run")
    members = [replace(run.checkpoint.members[0], model=model) for model in ({"architecture": "set"}, {"trees": 1})]
    several = replace(run.checkpoint, members=tuple(members))
    config = {**run.config, "training": {**run.config["training"], "start_from": "runs/first"}}
    said = text.introduction(replace(run, checkpoint=several, config=config))
    network, trees = "one network that reads elements as a set", "one set of boosted trees"
    assert f"An ensemble of {network} and {trees} started from the model &#39;first&#39; predicts how probable" in said


def test_the_mean_of_the_training_rows_is_scored_beside_the_model(
    regression_page: tuple[Path, Path], finished_run: Path
) -> None:
    run = load_run(finished_run, "run")
    assert run.training is not None
    mean = run.training.labels[run.training.rows["train"]].mean()
    mae = float(np.mean(np.abs(run.y - mean)))
    assert read(regression_page[0]).row(text.MEAN)[1] == f"{mae:.4f}"
    share = f"{100 * run.errors.mean() / mae:.0f} % of that of always answering the mean"
    assert share in read(regression_page[0]).text


def test_the_command_on_the_page_trains_the_same_run_again(
    regression_page: tuple[Path, Path], finished_run: Path, command: Callable[..., Outcome], tmp_path: Path
) -> None:
    line = next(text for text in read(regression_page[0]).texts if text.startswith("formation-mlp train"))
    assert line == f"formation-mlp train {finished_run / 'config.yaml'} --set output={finished_run}-again"
    arguments = line.replace(f"{finished_run}-again", str(tmp_path / "again")).split()[1:]
    command(*arguments, "-q").succeeded()
    assert report_of(tmp_path / "again")["scores"] == report_of(finished_run)["scores"]


def test_every_figure_lies_beside_the_page_and_is_on_it(regression_page: tuple[Path, Path]) -> None:
    page, folder = regression_page
    assert folder == page.with_name("run_figures")
    names = {"parity", "residuals", "residuals_by_prediction", "intervals", "elements", "number_of_elements"}
    names |= {"chemical_class", "novelty", "loss"}
    assert {path.name for path in folder.iterdir()} == {
        *(f"{name}{end}" for name in names for end in (".pdf", ".png", ".svg")),
        *("methods.tex", "scores.tex", "works.bib"),
    }
    shown = {base64.b64decode(str(picture["src"]).partition(",")[2]) for picture in read(page).pictures()}
    for name in names - {"elements"}:  # the page has a periodic table of its own, which a phone can show
        svg, png = (folder / f"{name}{end}" for end in (".svg", ".png"))
        assert svg.read_bytes() in shown or png.read_bytes() in shown
        with Image.open(png) as image:
            assert min(image.size) > 200
    assert all(picture["alt"] for picture in read(page).pictures())


def test_the_same_run_gives_the_same_page(
    regression_page: tuple[Path, Path], finished_run: Path, tmp_path: Path
) -> None:
    page, _ = write_report([finished_run], tmp_path / "run.html")
    assert page.read_bytes() == regression_page[0].read_bytes()


def test_a_classifier_has_its_figures_and_a_table_of_thresholds(classifier: Path, tmp_path: Path) -> None:
    path, folder = write_report([classifier], tmp_path / "report.html")
    page, run = read(path), load_run(classifier, "run")
    assert {"roc.svg", "precision_recall.svg", "calibration.svg", "confusion_matrix.svg"} <= {
        file.name for file in folder.iterdir()
    }
    assert page.row("mlp")[1] == f"{np.mean((run.prediction >= 0.5) == run.y):.4f}"
    called = run.prediction >= 0.3
    hits = int(np.sum(called & (run.y == 1)))
    shown = page.row("0.3")
    assert shown[1] == str(called.sum())
    assert shown[3] == f"{hits / run.y.sum():.3f}"
    assert "how probable it is that a compound is 'strong'" in page.text
    assert "interval" not in {cell for row in page.rows for cell in row}


def test_a_run_without_test_rows_shows_val_and_says_what_that_means(untested: Path, without_figures: None) -> None:
    page, _ = write_report([untested], untested.parent / "page.html")
    text = read(page).text
    assert "This run has no test rows." in text
    assert "calibrated on these very rows" in text
    assert "which it has never seen" not in text
    assert f"Scores on the {report_of(untested)['rows']['val']} val rows" in text


def test_several_runs_are_compared_first_and_then_told_one_by_one(
    finished_run: Path, classifier: Path, tmp_path: Path, without_figures: None
) -> None:
    other = shutil.copytree(finished_run, tmp_path / "other")
    path, _ = write_report([finished_run, other, classifier], tmp_path / "page.html")
    page = read(path)
    for name, run in (("other", finished_run), (str(classifier), classifier), (str(finished_run), finished_run)):
        first = page.row(name)
        assert first[3] == str(report_of(run)["rows"]["train"])
        assert first[5] == f"{next(iter(report_of(run)['scores']['test'].values())):.4f}"
    assert "All are scored on the same" in page.text
    targets = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert targets == {f"#{attributes['id']}" for tag, attributes in page.tags if tag == "section"}


def test_runs_scored_on_different_rows_are_not_compared_silently(finished_run: Path, untested: Path) -> None:
    runs = [load_run(finished_run, "a"), load_run(untested, "b")]
    assert not tables.are_comparable(runs)
    assert "cannot be compared directly" in tables.runs_section(runs)
    assert "same" in tables.runs_section([runs[0], load_run(finished_run, "c")])


def test_nothing_that_a_file_holds_becomes_a_tag(own_run: Path, tmp_path: Path, without_figures: None) -> None:
    attack = "<script>alert(1)</script>\"'&amp;"

    def change(report: dict[str, Any]) -> None:
        report["target"]["source"] = report["model"] = attack
        report["notes"] = [attack]
        report["versions"][attack] = attack

    edit_json(own_run / "report.json", change)
    config = yaml.safe_load((own_run / "config.yaml").read_text(encoding="utf-8"))
    config["data"]["source"], config["data"]["path"] = attack, attack
    (own_run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with (own_run / "predictions.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    for line in lines[1:]:
        line[0], line[1] = f"{attack} {line[0]}", attack
    with (own_run / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    named = own_run.rename(own_run.with_name("<b>run<"))
    page = read(write_report([named], tmp_path / "page.html")[0])
    assert [tag for tag, _ in page.tags if tag in ("script", "b")] == ["script"]
    assert attack in page.row("origin")
    assert page.rows[-1]  # the page goes on to its end
    assert sum(row[1:2] == [attack] for row in page.rows) >= 10


def test_a_run_whose_rows_are_gone_is_told_without_them(own_run: Path, tmp_path: Path, without_figures: None) -> None:
    run = load_run(own_run, "run")
    assert run.training is not None
    elements = run.compositions
    moved = "no/such/table.csv"
    model = run.checkpoint
    model.config["data"]["path"] = moved
    model.save(own_run / "model.safetensors")
    again = load_run(own_run, "run")
    assert again.training is None
    assert again.answers is None
    assert any("cannot be read any more" in note and moved in note for note in again.notes)
    assert again.compositions is not None
    assert elements is not None
    assert again.compositions.keys() == elements.keys()
    page = read(write_report([own_run], tmp_path / "page.html")[0])
    assert "not known" in page.text
    assert text.MEAN in page.text  # report.json holds its scores


def test_a_run_that_was_moved_with_its_table_is_told_whole(own_run: Path, tmp_path: Path) -> None:
    model = load_run(own_run, "run").checkpoint
    table = Path(model.config["data"]["path"])
    model.config["data"]["path"] = "old/place/energies.csv"
    model.save(own_run / "model.safetensors")
    assert load_run(own_run, "run").training is None
    moved = tmp_path / "elsewhere" / "runs" / "run"
    shutil.copytree(own_run, moved)
    shutil.copy(table, tmp_path / "elsewhere" / "energies.csv")
    assert load_run(moved, "run").training is not None


def test_rows_that_changed_since_the_run_are_noticed(own_run: Path, tmp_path: Path) -> None:
    run = load_run(own_run, "run")
    table = Path(run.checkpoint.config["data"]["path"])
    copy = tmp_path / "changed.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    formula, energy = lines[5].split(",")
    lines[5] = f"{formula},{float(energy) - 0.5}"
    copy.write_text("\n".join(lines), encoding="utf-8")
    run.checkpoint.config["data"]["path"] = str(copy)
    run.checkpoint.save(own_run / "model.safetensors")
    again = load_run(own_run, "run")
    assert again.training is None
    assert any("have changed since the run" in note for note in again.notes)


def test_opponents_of_the_benchmark_stand_in_the_table(own_run: Path) -> None:
    report = report_of(own_run)
    scores = {"test": {"MAE": 0.0123, "RMSE": 0.0456, "R2": None}}
    content = {"models": {"forest": {"scores": scores}, "mlp": {}}, "rows_sha256": report["rows_sha256"]}
    (own_run / "benchmark.json").write_text(json.dumps(content), encoding="utf-8")
    page = Page(tables.score_section(load_run(own_run, "run")))
    assert page.row("forest") == ["forest", "0.0123", "0.0456", "undefined"]
    assert [row[0] for row in page.rows[1:]] == ["forest", *sorted(["mlp", text.MEAN], key=lambda n: page.row(n)[1])]
    edit_json(own_run / "benchmark.json", lambda content: content.update(rows_sha256="other"))
    run = load_run(own_run, "run")
    assert "forest" not in text.comparison(run)
    assert any("of other rows" in note for note in run.notes)


def test_worst_rows_come_first_with_their_errors(finished_run: Path) -> None:
    run = load_run(finished_run, "run")
    page = Page(tables.worst_section(run))
    order = np.argsort(-run.errors)
    shown = page.rows[1 : 1 + len(order)]
    assert [row[1] for row in shown] == [run.formulas[i] for i in order]
    error = run.prediction[order[0]] - run.y[order[0]]
    assert shown[0][4] == f"{error:+.3f}".replace("-", "−")


def test_unusual_facts_are_counted_from_the_training_rows(tmp_path: Path) -> None:
    rows = [(f"Na{i}Cl{i + 1}", "-1.0") for i in range(1, 20)] + [(f"Fe{i}O{i + 1}", "-2.0") for i in range(1, 20)]
    rows += [
        ("KBr", "-1.5"),
        ("XeF2", "0.5"),
        ("Fe2O3", "-1.7"),
        ("KBr2", "-1.4"),
        ("KBr3", "-1.3"),
        ("Na3Cl4", "-1.1"),
    ]
    parts = ["train"] * 38 + ["train", "test", "test", "test", "val", "test"]
    table = tmp_path / "table.csv"
    lines = [f"{formula},{energy},{part}" for (formula, energy), part in zip(rows, parts, strict=True)]
    table.write_text("\n".join(["formula,formation_energy_per_atom,part", *lines]), encoding="utf-8")
    raw = changed(TINY, {"data": {"path": str(table)}, "output": str(tmp_path / "run")})
    raw["split"] = {"method": "column", "column": "part"}
    jobs.train(check_config(raw, ""), Reporter(-1))
    run = load_run(tmp_path / "run", "run")
    facts = dict(zip(run.formulas, unusual_facts(run), strict=True))
    assert facts["XeF2"]["unseen"] == "F, Xe in no training row"
    assert facts["XeF2"]["new system"] == "no training row of F-Xe"
    assert facts["XeF2"]["extreme"] == "truth above −1.00 eV/atom, where 1 % of training lies"
    assert facts["KBr2"]["lone system"] == "one training row of Br-K"
    assert facts["KBr2"]["rare"] == "few training rows with Br (1), K (1)"
    assert facts["Fe2O3"]["polymorphs"] == "2 rows of its formula (1 of them in training, 0.30 eV/atom apart)"
    assert "new system" not in facts["Fe2O3"]
    assert "polymorphs" in facts["Na3Cl4"]
    worst = [i for i, formula in enumerate(run.formulas) if formula in ("XeF2", "KBr2")]
    found = {name: (among, everywhere) for name, among, everywhere in shares(unusual_facts(run), worst)}
    assert found["unseen"] == (0.5, 0.25)
    assert "polymorphs" not in found
    assert list(found) == [name for name in FACTS if name in found]


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("Ca(OH)2", "oxides"),
        ("CaCO3", "oxides"),
        ("BiOCl", "oxides"),
        ("NaCl", "halides"),
        ("NH4I", "halides"),
        ("MoS2", "chalcogenides"),
        ("GaN", "pnictides"),
        ("NiBi", "pnictides"),
        ("Ni3Al", "intermetallics"),
        ("LiH", "others"),
        ("TiC", "others"),
        ("Mg2Si", "others"),
        ("O2", "others"),
        ("Fe", "others"),
    ],
)
def test_compounds_are_sorted_into_their_classes(formula: str, kind: str) -> None:
    assert chemical_classes(read_materials([formula]).materials.compositions) == [kind]
    assert kind in CHEMICAL_CLASSES


def spoil(name: str, content: str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_text(content, encoding="utf-8")


def lose(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).unlink()


DAMAGES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "not finished": (lose("DONE"), "the run is not finished"),
    "no report": (lose("report.json"), "report.json: missing or damaged"),
    "no predictions": (lose("predictions.csv"), "predictions.csv: missing or damaged"),
    "no model": (lose("model.safetensors"), "model.safetensors: no such file"),
    "no split": (lose("split.json"), "split.json: missing or damaged"),
    "no configuration": (lose("config.yaml"), "not a run folder"),
    "a report of something else": (
        spoil("report.json", "{}"),
        "report.json: missing or damaged: fit_seconds: it is missing",
    ),
    "predictions of something else": (spoil("predictions.csv", "a,b\n1,2\n"), "predictions.csv: missing or damaged"),
    "predictions without rows": (
        spoil("predictions.csv", "id,formula,part,formation_energy_per_atom,prediction\n"),
        "no test row has a prediction",
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_run_is_refused_with_its_file_named(own_run: Path, case: str) -> None:
    damage, message = DAMAGES[case]
    damage(own_run)
    with pytest.raises(CheckpointError, match=re.escape(message)):
        write_report([own_run], own_run.parent / "page.html")
    assert not (own_run.parent / "page.html").exists()


def test_predictions_that_are_not_finite_are_counted_and_left_out(own_run: Path) -> None:
    path = own_run / "predictions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if ",test," in line)
    lines[at] = lines[at].rpartition(",")[0] + ",nan"
    path.write_text("\n".join(lines), encoding="utf-8")
    run = load_run(own_run, "run")
    assert len(run.y) == report_of(own_run)["rows"]["test"] - 1
    assert any("1 of the test rows have a prediction that is not finite" in note for note in run.notes)


def test_the_command_writes_into_the_run_folder_which_can_still_be_replaced(
    command: Callable[..., Outcome], tiny_config: Callable[..., Path], workplace: Path
) -> None:
    config = tiny_config()
    command("train", config, "-q").succeeded()
    out = command("report", "run").succeeded()
    assert "run/report.html: the page" in out
    assert (workplace / "run" / "report_figures" / "parity.png").exists()
    command("train", config, "-q", "--overwrite").succeeded()
    assert not (workplace / "run" / "report.html").exists()
    (workplace / "run" / "report_figures").mkdir()
    (workplace / "run" / "report_figures" / "notes.txt").write_text("mine", encoding="utf-8")
    assert "holds other files" in command("train", config, "-q", "--overwrite").refused()


def test_the_command_refuses_what_is_no_run(
    command: Callable[..., Outcome], own_run: Path, workplace: Path, without_figures: None
) -> None:
    assert "no such run folder" in command("report", "runs/none").refused()
    assert "given twice" in command("report", "run", "./run").refused()
    assert "does not end in .html" in command("report", "run", "--out", "page.pdf").refused()


def test_a_page_needs_a_name(own_run: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not end in \.html"):
        write_report([own_run], own_run / "page.txt")


def test_numbers_have_a_true_minus_and_no_nan() -> None:
    assert text.number(-0.12344) == "−0.1234"
    assert text.number(0.5, 2, sign=True) == "+0.50"
    assert text.number(None) == text.number(float("nan")) == "undefined"


def test_columns_of_numbers_stand_to_the_right() -> None:
    text = html.table(["name", "value", "mixed"], [["a", "−1.5", "1"], ["b", "undefined", "x"]], own="b")
    assert '<td role="cell" data-label="value" class="number">−1.5</td>' in text
    assert '<td role="cell" data-label="mixed" class="short">1</td>' in text
    assert '<tr role="row" class="own"><td role="cell" data-label="name" class="short">b</td>' in text
