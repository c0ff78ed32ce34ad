"""What goes into a paper: a methods paragraph, a table and the references of all that a run rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from formation_mlp.config.schema import Entry
from formation_mlp.errors import FormationMLPError
from formation_mlp.features.presets import choose_preset
from formation_mlp.reporting.bibliography import Works, keys_of, keys_of_start, keys_of_table, works_of_config
from formation_mlp.reporting.groups import mean_error
from formation_mlp.reporting.html import code, details, paragraph
from formation_mlp.reporting.judged import counted_rows, judged_rows
from formation_mlp.reporting.latex import cited_keys, cited_text, latex_table, plain
from formation_mlp.reporting.model_words import model_words
from formation_mlp.reporting.text import MEAN, comparison, number
from formation_mlp.version import __version__

if TYPE_CHECKING:
    from formation_mlp.reporting.benchmark import BenchmarkPart
    from formation_mlp.reporting.chapters import Keep, Part
    from formation_mlp.reporting.finished import FinishedRun

OPTIMIZERS = {
    "adam": "Adam [@kingma2015]",
    "adamw": "AdamW [@loshchilov2019]",
    "muon": "Muon [@jordan2024] for weight matrices and AdamW [@loshchilov2019] for the rest",
    "sgd": "stochastic gradient descent",
}
LOSSES = {
    "l1": "mean absolute error",
    "mse": "mean squared error",
    "huber": "Huber loss [@huber1964]",
    "quantile": "quantile loss",
    "bce": "binary cross-entropy",
}
CITED_KINDS = {"residual": " [@he2016]", "set": " [@goodall2020]", "trees": " [@ke2017]"}
OPPONENTS = {
    "random_forest": "a random forest [@breiman2001]",
    "extra_trees": "extremely randomized trees [@geurts2006]",
    "lightgbm": "boosted trees (LightGBM [@ke2017])",
    "hist_gradient_boosting": "boosted trees [@ke2017]",
    "ridge": "ridge regression",
    "nearest_neighbours": "nearest neighbours",
    "mlp_regressor": "the multilayer perceptron of scikit-learn",
}
SPLITS = {
    "formula": "so that no formula lies in two parts",
    "chemical_system": "so that no chemical system lies in two parts",
    "random": "at random",
    "column": "by a column of the table",
    "time": "by time, the latest rows being the test part",
}


def paper_parts(run: FinishedRun, benchmark: BenchmarkPart | None, keep: Keep) -> list[Part]:
    """Return the methods paragraph, as text and as LaTeX, the table of scores, and the BibTeX; files hold them, too."""
    methods, works = methods_text(run, benchmark), works_of_run(run, benchmark)
    files = {"methods.tex": cited_text(methods), "scores.tex": score_latex(run, benchmark), "works.bib": works.bibtex()}
    paths = {name: keep(name, f"{text}\n") for name, text in files.items()}
    return [
        paragraph("A methods paragraph, made from the configuration and the numbers of this run:", "soft"),
        paragraph(plain(methods)),
        paragraph(f"The files {', '.join(paths.values())} beside this page hold what follows.", "soft"),
        details("The paragraph as LaTeX", code(files["methods.tex"])),
        details("The table of scores as LaTeX", code(files["scores.tex"])),
        details(f"BibTeX of the package and of {len(works.keys)} works", code(files["works.bib"])),
    ]


def works_of_run(run: FinishedRun, benchmark: BenchmarkPart | None = None) -> Works:
    """Return all that a run rests on: its data and features, and the methods that its methods paragraph cites."""
    works = works_of_config(run.config)
    known = {*works.data, *works.features, "formation_mlp"}
    cited = cited_keys(methods_text(run, benchmark))
    return replace(works, methods=tuple(key for key in cited if key not in known))


def methods_text(run: FinishedRun, benchmark: BenchmarkPart | None = None) -> str:
    """Return how the run was made and what came out, with citations as ``[@key]``."""
    parts = [_model(run), _features(run), _data(run), _training(run), _opponents(run, benchmark), _result(run)]
    return " ".join(part for part in parts if part)


def score_latex(run: FinishedRun, benchmark: BenchmarkPart | None = None) -> str:
    """Return the scores of the model and of its opponents as a LaTeX table, the best first."""
    names = list(run.report["scores"][run.part])
    scores = comparison(run)
    if benchmark is not None:
        scores |= {one.model: {n: s.mean for n, s in one.scores.items()} for one in benchmark.results.models}
        scores = {name: of for name, of in scores.items() if name != "mean" or MEAN not in scores}
    selection = "log loss" if run.is_classification else "MAE"
    ordered = sorted(scores, key=lambda name: _last_if_none(scores[name].get(selection)))
    unit = f" ({run.unit})" if run.unit else ""
    header = ["model", *(f"{n}{unit}" if n in ("MAE", "RMSE") else n.replace("R2", "R²") for n in names)]
    rows = [[name, *(number(scores[name].get(key), 3) for key in names)] for name in ordered]
    caption = f"Scores of the {run.quantity} on {counted_rows(len(run.y), run.part)}."
    return latex_table(header, rows, caption, f"tab:{run.quantity.replace(' ', '-')}")


def _model(run: FinishedRun) -> str:
    model, members = run.config["model"], run.checkpoint.members
    kinds = list(dict.fromkeys(str(one.model.get("architecture", "trees")) for one in members))
    cited = "".join(CITED_KINDS.get(kind, "") for kind in kinds)
    widths = ", ".join(map(str, model["hidden"]))
    first = "" if len(kinds) == 1 else ", the first"
    layers = f"{first} with hidden layers of {widths} units" if widths else ""
    dropout = f", dropout {model['dropout']:g} [@srivastava2014]" if model["dropout"] else ""
    what = model_words([one.model for one in members])
    target = "the class" if run.is_classification else f"the {run.quantity} per atom"
    greedy = (run.config.get("ensemble") or {}).get("weights") == "greedy"
    chosen = " The members were weighted by greedy selection on the validation rows [@caruana2004]." if greedy else ""
    torch = run.report["versions"].get("torch", "")
    return (
        f"{what[0].upper()}{what[1:]}{cited}{layers}, {model['activation']} activations{dropout}, was trained with "
        f"formation_mlp {__version__} [@formation_mlp] and PyTorch {torch} [@paszke2019] to predict "
        f"{target} of a material.{chosen}"
    )


def _features(run: FinishedRun) -> str:
    named = []
    for part in run.config["features"]:
        name = part if isinstance(part, str) else next(iter(part))
        named.append(name + _cited(keys_of(_citation(part))))
    return f"Materials were described by {run.report['descriptors']} features: {', '.join(named)}."


def _cited(keys: Sequence[str]) -> str:
    return f" [@{', @'.join(keys)}]" if keys else ""


def _citation(part: Entry) -> str:
    """Return the work that a preset comes from; none where it cannot be made again, since its own file is gone."""
    try:
        return choose_preset(part).preset.citation
    except FormationMLPError:
        return ""


def _data(run: FinishedRun) -> str:
    report, split = run.report, run.config["split"]
    rows, source = report["rows"], str(report["target"].get("source") or "")
    cited = _cited(keys_of_table(run.config))
    origin = f" ({source}{cited})" if source else cited
    how = SPLITS.get(split["method"], f"by the method {split['method']}")
    return (
        f"The {sum(rows.values()):,} rows{origin} were divided into {rows['train']:,} training, {rows['val']:,} "
        f"validation and {rows['test']:,} test rows, {how}. "
        f"SHA-256 of ids, compositions and targets: {report['rows_sha256'][:16]}."
    )


def _training(run: FinishedRun) -> str:
    training: dict[str, Any] = run.config["training"]
    name = training["loss"] or ("bce" if run.is_classification else "l1")
    loss = LOSSES.get(name, f"loss {name} of the authors")
    of_start = _cited(keys_of_start(run.config))
    start = f" It started from the model '{training['start_from']}'{of_start}." if training["start_from"] else ""
    intervals = (
        " Prediction intervals were calibrated on the validation rows by split conformal prediction [@lei2018]."
        if run.checkpoint.calibration is not None
        else ""
    )
    optimizer = OPTIMIZERS.get(training["optimizer"], training["optimizer"])
    schedule = training["schedule"].replace("_", " ")
    return (
        f"The {loss} was minimised by {optimizer} with a learning rate of {training['learning_rate']:g}, weight decay "
        f"{training['weight_decay']:g}, batches of {training['batch_size']} rows and a {schedule} schedule for at most "
        f"{training['max_epochs']} epochs; the epoch of the lowest validation error was kept. "
        f"Random seed: {run.config['seed']}.{start}{intervals}"
    )


def _opponents(run: FinishedRun, benchmark: BenchmarkPart | None) -> str:
    names = list(comparison(run)) if benchmark is None else [one.model for one in benchmark.results.models]
    found = []
    for name in names:
        words = OPPONENTS.get(name.partition(" ")[0])
        if words:
            found.append(words + (" tuned on the validation rows" if "(tuned)" in name else ""))
    if not found:
        return ""
    *others, last = dict.fromkeys(found)
    said = f"{', '.join(others)} and {last}" if others else last
    return f"On the same rows and with the same division it was compared with {said} (scikit-learn [@pedregosa2011])."


def _result(run: FinishedRun) -> str:
    scores = run.report["scores"][run.part]
    n = counted_rows(len(run.y), run.part)
    if run.is_classification:
        said = ", ".join(f"{name} {number(value, 3)}" for name, value in scores.items())
        return f"On the {n} its scores are: {said}."
    half, judged = mean_error(run.errors).half, judged_rows(run)
    spread = f" ± {half:.3f} eV/atom (95 % interval over rows)" if len(run.y) > 1 else " eV/atom"
    said = (
        f"On the {n} its mean absolute error is {run.errors.mean():.3f}{spread}, its root mean squared error "
        f"{number(scores.get('RMSE'), 3)} eV/atom, R² {number(scores.get('R2'), 3)}."
    )
    if judged.n and not judged.are_all:
        said += f" On the {judged.words} its mean absolute error is {run.errors[judged.is_new].mean():.3f} eV/atom."
    return said


def _last_if_none(value: float | None) -> float:
    return float("inf") if value is None else value
