"""What is made from the outcomes of a benchmark: scores, tests, curves, tables, files, the page."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from formation_mlp import figures
from formation_mlp.benchmark import curves, paired, tables
from formation_mlp.benchmark.matbench_record import TASK, record_scores, write_record
from formation_mlp.benchmark.novelty import novelty_scores
from formation_mlp.benchmark.outcome import NEW_FORMULA, NEW_SYSTEM, SEEN_FORMULA, About, Outcome
from formation_mlp.benchmark.published import published_models
from formation_mlp.benchmark.results import as_json, from_json, results_of
from formation_mlp.benchmark.summary import outcome_scores, row_losses, scored, summarise
from formation_mlp.benchmark.text import results_text
from formation_mlp.benchmark.write import RECORD_FILE, read_results, read_rows, write_results
from formation_mlp.errors import CheckpointError, DataError
from formation_mlp.reporting import html
from formation_mlp.reporting.report import write_report
from formation_mlp.splits.groups import matbench_folds
from formation_mlp.targets.metrics import classification_scores, log_loss

MODELS = {"mlp": 0.08, "random_forest (tuned)": 0.12, "ridge": 0.2, "mean": 0.8, "best": 0.07}
NETWORKS = {"mlp", "best"}


def outcome(**changes: Any) -> Outcome:
    """Return an outcome of four rows, errors 0.1, 0.2, 0.3 and 0.4, changed as asked."""
    y = np.array([-1.0, -2.0, -3.0, -4.0])
    fields: dict[str, Any] = {
        "model": "mlp",
        "is_network": True,
        "division": "",
        "seed": 0,
        "fraction": 1.0,
        "n_train": 40,
        "part": "test",
        "ids": ["a", "b", "c", "d"],
        "formulas": ["NaCl", "KCl", "LiF", "LiF"],
        "novelty": np.array([SEEN_FORMULA, NEW_FORMULA, NEW_SYSTEM, NEW_SYSTEM], np.int8),
        "y": y,
        "prediction": y + np.array([0.1, -0.2, 0.3, -0.4]),
        "val_score": 0.25,
        "fit_seconds": 2.0,
        "cpu_seconds": 3.0,
        "predict_seconds": 0.01,
        "peak_memory": 2**20,
        "size": 100,
        "size_unit": "parameters",
    }
    return Outcome(**fields | changes)


def about(**changes: Any) -> About:
    fields: dict[str, Any] = {
        "protocol": "holdout",
        "sentence": "One division of 45 rows.",
        "main": "mlp",
        "task": "regression",
        "threshold": 0.5,
        "quantity": "formation energy",
        "source": "measured",
        "description": {"rows_sha256": "abc", "config": {"seed": 0}, "versions": {"torch": "2"}},
    }
    return About(**fields | changes)


def many(
    n: int = 60,
    divisions: int = 1,
    seeds: int = 1,
    fractions: Sequence[float] = (1,),
    part: str = "test",
    *,
    classes: bool = False,
) -> list[Outcome]:
    """Return five models; the networks learn faster than the others, and see seen rows as well as new ones."""
    rng, found = np.random.default_rng(0), []
    for division in range(divisions):
        y = -3 * rng.random(n)
        for model, error in MODELS.items():
            for seed in range(seeds):
                for fraction in fractions:
                    scale = error * fraction ** (-0.4 if model in NETWORKS else -0.2)
                    prediction = np.full(n, -1.5) if model == "mean" else y + scale * rng.standard_t(4, n)
                    found.append(
                        outcome(
                            model=model,
                            is_network=model in NETWORKS,
                            division=f"fold {division}" if divisions > 1 else "",
                            seed=seed,
                            fraction=fraction,
                            n_train=round(1000 * fraction),
                            part=part,
                            ids=[f"row {division} {i}" for i in range(n)],
                            formulas=[f"F{i // 2}" for i in range(n)],
                            novelty=rng.integers(0, 3, n).astype(np.int8),
                            y=(y < -1.5).astype(float) if classes else y,
                            prediction=1 / (1 + np.exp(4 * (prediction + 1.5))) if classes else prediction,
                            anytime=[(1.0, 0.3), (2.0, 0.2)] if model in NETWORKS else [],
                        )
                    )
    return found


def test_energies_have_the_median_error_and_the_mean_of_the_worst_hundredth() -> None:
    scores = outcome_scores(outcome(), about())
    assert scores["MAE"] == pytest.approx(0.25)
    assert scores["median error"] == pytest.approx(0.25)
    assert scores["worst 1 %"] == pytest.approx(0.4)
    y = np.zeros(200)
    errors = np.r_[np.zeros(198), 0.5, 1.5]
    found = outcome_scores(outcome(y=y, prediction=errors), about())
    assert found["worst 1 %"] == pytest.approx(1.0)
    assert found["median error"] == 0


def test_classes_have_the_scores_of_a_classifier_and_rows_add_up_to_the_log_loss() -> None:
    y, p = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.2, 0.7, 0.0, 1.0])
    one, task = outcome(y=y, prediction=p), about(task="classification", threshold=0.6)
    assert outcome_scores(one, task) == classification_scores(y, p, 0.6)
    assert row_losses(one, task).mean() == pytest.approx(log_loss(y, p), rel=1e-12)


def test_the_mean_is_over_divisions_and_each_spread_is_of_its_own_kind() -> None:
    y, shifts = np.zeros(4), {("a", 0): 0.1, ("a", 1): 0.3, ("b", 0): 0.4, ("b", 1): 0.8}
    outcomes = [
        outcome(division=name, seed=seed, y=y, prediction=y + shift, ids=[f"{name}{i}" for i in range(4)])
        for (name, seed), shift in shifts.items()
    ]
    (found,) = summarise(outcomes, about())
    mae = found.scores["MAE"]
    assert mae.mean == pytest.approx(0.4)
    assert mae.divisions == pytest.approx(np.std([0.2, 0.6], ddof=1))
    assert mae.seeds == pytest.approx(np.sqrt((np.var([0.1, 0.3], ddof=1) + np.var([0.4, 0.8], ddof=1)) / 2))
    assert (found.n_divisions, found.n_seeds) == (2, 2)
    (alone,) = summarise(outcomes[:1], about())
    assert (alone.scores["MAE"].divisions, alone.scores["MAE"].seeds) == (None, None)


def test_models_are_ranked_by_the_shown_rows() -> None:
    assert [one.model for one in summarise(many(), about())] == [
        "best",
        "mlp",
        "random_forest (tuned)",
        "ridge",
        "mean",
    ]


def test_rows_without_a_truth_count_nowhere() -> None:
    y = outcome().y.copy()
    y[3] = np.nan
    (kept,) = scored([outcome(y=y), outcome(division="withheld", y=np.full(4, np.nan))])
    assert list(kept.ids) == ["a", "b", "c"]
    assert outcome_scores(kept, about())["MAE"] == pytest.approx(0.2)


def test_val_rows_do_not_stand_for_test_rows_where_others_have_them() -> None:
    tested = many(divisions=2)
    untested = [replace(one, division="fold 2", part="val") for one in tested if one.division == "fold 0"]
    results = results_of(tested + untested, about())
    assert (results.part, results.left_out) == ("test", ["fold 2"])
    assert results.models == results_of(tested, about()).models
    assert "Left out, for no test row there has a known truth: fold 2." in results_text(results)
    assert results_of(untested, about()).part == "val"


def test_a_paired_test_over_rows_of_different_formulas_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.gamma(2, 0.1, 50), rng.gamma(2, 0.12, 50)
    mean, low, high, p_value, n = paired.over_formulas(first - second, [f"F{i}" for i in range(50)])
    expected = stats.ttest_rel(first, second)
    assert (mean, p_value) == pytest.approx((np.mean(first - second), expected.pvalue))
    assert n == 50
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_repeated_rows_of_a_formula_add_no_certainty() -> None:
    differences, formulas = np.random.default_rng(2).normal(0.1, 1, 30), [f"F{i}" for i in range(30)]
    once = paired.over_formulas(differences, formulas)
    assert paired.over_formulas(np.repeat(differences, 4), np.repeat(formulas, 4).tolist()) == pytest.approx(once)
    apart = paired.over_formulas(np.repeat(differences, 4), list(range(120)))
    assert apart[2] - apart[1] < 0.6 * (once[2] - once[1])


def test_divisions_are_judged_by_the_corrected_resampled_t_test() -> None:
    differences = [-0.01, -0.03, 0.01, -0.04, -0.02]
    plain = stats.ttest_1samp(differences, 0)
    assert paired.over_divisions(differences, 0.0)[3] == pytest.approx(plain.pvalue)
    mean, low, high, p_value, n = paired.over_divisions(differences, 0.25)
    error = np.std(differences, ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    half = stats.t.ppf(0.975, 4) * error
    assert (mean, low, high) == pytest.approx((-0.018, -0.018 - half, -0.018 + half))
    assert p_value == pytest.approx(2 * stats.t.cdf(-0.018 / error, 4))
    assert n == 5
    assert p_value > plain.pvalue


def test_equal_models_do_not_differ() -> None:
    found = paired.compare([outcome(), outcome(model="twin")], about(), "mlp", "twin")
    assert found is not None
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert "do not differ clearly" in paired.sentence(found, "eV/atom")


def test_p_values_allow_for_the_number_of_models_they_are_compared_with() -> None:
    """Holm's own steps: 4 x 0.01, 3 x 0.02, 2 x 0.03 (not below 0.06), 1 x 0.2; another second model has its own."""
    p_values = {"a": 0.03, "b": 0.01, "c": 0.2, "d": 0.02}
    pairs = [paired.Comparison(name, "mlp", 0.1, 0.0, 0.2, p, 50, "formulas") for name, p in p_values.items()]
    pairs.append(paired.Comparison("a", "forest", 0.1, 0.0, 0.2, 0.03, 50, "formulas"))
    found = {(one.first, one.second): one.p_of_all for one in paired.corrected(pairs)}
    expected = {"a": 0.06, "b": 0.04, "c": 0.2, "d": 0.06}
    assert found == pytest.approx({(name, "mlp"): p for name, p in expected.items()} | {("a", "forest"): 0.03})
    assert [one.p_value for one in paired.corrected(pairs)] == [one.p_value for one in pairs]
    high = [replace(one, p_value=0.6) for one in pairs]
    assert {one.p_of_all for one in paired.corrected(high)} == {1.0, 0.6}


def test_the_seeds_of_a_division_are_averaged_before_the_test() -> None:
    twice = [outcome(), outcome(seed=1, prediction=outcome().y + 0.3), outcome(model="b", prediction=outcome().y + 0.4)]
    found = paired.compare(twice, about(), "mlp", "b")
    assert found is not None
    assert found.difference == pytest.approx(np.mean([0.2, 0.25, 0.3, 0.35]) - 0.4)
    assert (found.n, found.over) == (3, "formulas")


def test_models_shown_on_other_rows_are_not_compared() -> None:
    with pytest.raises(ValueError, match="other rows in the division"):
        paired.compare([outcome(), outcome(model="b", ids=list("abcx"))], about(), "mlp", "b")


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((-0.039, -0.047, -0.031, 1e-9), "a is better than b by 0.039 eV/atom (95 % 0.031 to 0.047, p < 0.001)"),
        ((0.039, 0.031, 0.047, 0.02), "b is better than a by 0.039 eV/atom (95 % 0.031 to 0.047, p = 0.02)"),
        (
            (-0.002, -0.007, 0.003, 0.4),
            "a and b do not differ clearly: a is ahead by 0.0020 eV/atom (95 % -0.0030 to 0.0070, p = 0.4)",
        ),
    ],
)
def test_a_difference_is_said_in_words(numbers: tuple[float, float, float, float], said: str) -> None:
    assert paired.sentence(paired.Comparison("a", "b", *numbers, 9, "formulas"), "eV/atom") == said


def test_rows_are_counted_and_scored_by_what_train_holds() -> None:
    found = novelty_scores([outcome(), outcome(seed=1)], about())
    assert found.counts == {"seen formula": 1, "new formula": 1, "new system": 2}
    assert found.scores["mlp"] == pytest.approx({"seen formula": 0.1, "new formula": 0.2, "new system": 0.35})
    new = [outcome(novelty=np.zeros(4, np.int8)), outcome(model="b", novelty=np.zeros(4, np.int8))]
    assert tables.novelty_table(results_of(new, about())) is None


def points(*pairs: tuple[float, float]) -> list[curves.Point]:
    return [curves.Point(n, score, None) for n, score in pairs]


def power_law(factor: float, exponent: float) -> list[curves.Point]:
    return points(*((n, factor * n**-exponent) for n in (15, 45, 150, 450, 1450)))


def test_two_power_laws_cross_where_they_are_equal() -> None:
    first, second = power_law(1.0, 0.4), power_law(0.4, 0.25)
    ((size, better),) = curves.crossings(first, second)
    assert size == pytest.approx((1 / 0.4) ** (1 / 0.15))
    assert better
    words = curves.crossing_words("mlp", "forest", {"mlp": first, "forest": second})
    assert words == "mlp overtakes forest at about 450 train rows"
    assert curves.crossing_words("forest", "mlp", {"mlp": first, "forest": second}) == words


def test_a_model_that_is_ahead_or_behind_everywhere_is_said_to_be() -> None:
    found = {"mlp": power_law(0.5, 0.3), "forest": power_law(1.0, 0.3)}
    assert curves.crossing_words("mlp", "forest", found).endswith(
        "ahead of forest at every size from 15 to 1,450 train rows"
    )
    assert curves.crossing_words("forest", "mlp", found).startswith("forest is behind mlp")
    assert curves.crossing_words("mlp", "ridge", found) == ""
    wavy = {"a": points((10, 1.0), (100, 0.5), (1000, 0.4)), "b": points((10, 0.9), (100, 0.6), (1000, 0.3))}
    assert curves.crossing_words("a", "b", wavy).startswith("a and b overtake one another: a leads from about ")


def test_a_learning_curve_has_the_mean_and_the_spread_of_the_divisions() -> None:
    outcomes = [
        outcome(division=d, fraction=f, n_train=n, prediction=outcome().y + shift)
        for d, f, n, shift in (("a", 1, 40, 0.1), ("a", 0.5, 20, 0.2), ("b", 1, 42, 0.3), ("b", 0.5, 21, 0.6))
    ]
    found = curves.learning_curves([*outcomes, outcome(model="mean")], about())
    assert list(found) == ["mlp"]
    few, every = found["mlp"]
    assert (few.n_train, few.score, few.spread) == pytest.approx((20.5, 0.4, np.std([0.2, 0.6], ddof=1)))
    assert (every.n_train, every.score) == pytest.approx((41, 0.2))


def test_cost_curves_average_what_was_reached_by_a_time() -> None:
    found = curves.cost_curves(
        [
            outcome(anytime=[(1.0, 0.8), (3.0, 0.4)], fit_seconds=4.0),
            outcome(seed=1, anytime=[(2.0, 0.6), (4.0, 0.2)], fit_seconds=6.0),
            outcome(model="ridge", fit_seconds=0.5, val_score=0.3),
        ]
    )
    np.testing.assert_allclose(found["mlp"], [(2.0, 0.7), (3.0, 0.5), (4.0, 0.3), (5.0, 0.3)])
    assert found["ridge"] == [(0.5, 0.3)]


def test_cost_curves_end_where_the_time_of_the_table_ends() -> None:
    course = [(1.0, 0.8), (3.0, 0.4)]
    for seconds, end in ((2.0, [(1.0, 0.8), (2.0, 0.4)]), (3.0, course), (7.0, [*course, (7.0, 0.4)])):
        found = curves.cost_curves([outcome(anytime=course, fit_seconds=seconds)])
        assert found["mlp"] == end


def test_published_scores_are_those_of_the_protocol_and_the_task() -> None:
    assert published_models(about()) == []
    found = {one.model: one for one in published_models(about(published="critexam"))}
    assert found["random forest, grid-searched"].scores == {"MAE": 0.0997, "RMSE": 0.1849, "R2": 0.9709}
    classifiers = published_models(about(published="critexam", task="classification"))
    assert all("ROC-AUC" in one.scores and "MAE" not in one.scores for one in classifiers)
    assert {one.model for one in published_models(about(published="megnet"))} >= {"ALIGNN"}
    every = [one for key in ("critexam", "matbench", "megnet") for one in published_models(about(published=key))]
    assert all(one.source and one.part and "recalled" not in one.source for one in every)


def test_published_scores_agree_with_the_table_of_reference_scores(shared_data: Path) -> None:
    names = {"coNGN": "coNGN", "ALIGNN": "alignn", "CrabNet": "CrabNet", "random forest, 500 trees": "rf"}
    with (shared_data / "reference_scores" / "reference_mae.csv").open(encoding="utf-8", newline="") as file:
        known = {row["model"]: float(row["mae_ev_per_atom"]) for row in csv.DictReader(file) if row["task"] == TASK}
    found = {one.model: one.scores["MAE"] for one in published_models(about(published="matbench"))}
    for ours, theirs in names.items():
        assert found[ours] == pytest.approx(known[theirs], abs=6e-5)


def test_the_printed_table_is_recognisable_and_fits_a_terminal() -> None:
    text = results_text(results_of(many(), about()))
    header = next(line for line in text.splitlines() if line.startswith("model "))
    assert header.split("  ")[0] == "model"
    assert " ".join(header.split()) == "model val MAE test MAE RMSE R2 median worst 1 % fit (s) predict (s)"
    assert "±" not in text
    for outcomes, task in (
        (many(divisions=3, seeds=2, fractions=(0.1, 1)), "regression"),
        (many(classes=True), "classification"),
    ):
        wide = results_text(results_of(outcomes, about(task=task)))
        assert max(map(len, wide.splitlines())) <= 120
    assert "± seeds" in results_text(results_of(many(divisions=3, seeds=2), about()))


def test_val_rows_are_scored_once_where_there_are_no_test_rows() -> None:
    results = results_of(many(part="val"), about(published="critexam"))
    assert tables.score_table(results)[0][:3] == ["model", "val MAE", "RMSE"]
    assert "Those from here are of val rows, for the targets" in results_text(results)
    published = tables.published_table(results)
    assert published is not None
    values = [float(row[3]) for row in published[1]]
    assert values == sorted(values)
    assert [row[1] for row in published[1] if row[0] == "Roost"] == ["published"]


def test_the_main_model_is_held_against_the_best_opponent_and_the_best_of_all() -> None:
    results = results_of(many(300), about())
    said = results_text(results)
    assert results.opponent == "random_forest (tuned)"
    assert "mlp is better than random_forest (tuned) by 0.0" in said
    assert "best is better than mlp by 0.0" in said or "best and mlp do not differ clearly" in said
    fits = tables.comparison_table(results)
    assert fits is not None
    row = {line[0]: line for line in fits[1]}
    mae = {one.model: one.scores["MAE"].mean for one in results.models}
    assert float(row["ridge"][1]) == pytest.approx(mae["ridge"] - mae["mlp"], abs=1e-4)
    assert float(row["ridge"][5]) == pytest.approx(mae["ridge"] - mae["random_forest (tuned)"], abs=1e-4)
    assert row["mlp"][1:5] == [""] * 4


def test_a_main_model_without_scores_is_refused() -> None:
    with pytest.raises(DataError, match="'mlp' has no score"):
        results_of([outcome(model="ridge")], about())


def test_results_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    outcomes = many(divisions=2, seeds=2, fractions=(0.1, 1))
    y = outcomes[0].y.copy()
    y[0] = np.nan
    outcomes = [replace(one, y=y) if one.division == "fold 0" else one for one in outcomes]
    text = write_results(tmp_path, outcomes, about(published="critexam"))
    results = read_results(tmp_path)
    assert results_text(results) == text
    assert as_json(results) == json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    names = {"benchmark", "benchmark_parity", "benchmark_learning", "benchmark_cost", "benchmark_seen"}
    assert {path.stem for path in tmp_path.glob("*.png")} == names
    truth, prediction = read_rows(tmp_path)["mlp"]
    assert len(truth) == 119
    own = [one for one in outcomes if one.model == "mlp" and one.division == "fold 1" and one.fraction == 1]
    np.testing.assert_allclose(prediction[59:], np.mean([one.prediction for one in own], axis=0), atol=1e-6)
    np.testing.assert_allclose(truth[59:], own[0].y, atol=1e-6)


def test_the_file_of_a_single_division_is_that_of_the_page_of_a_run(tmp_path: Path) -> None:
    write_results(tmp_path, many(), about())
    content = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert content["rows_sha256"] == "abc"
    assert set(content["models"]) == set(MODELS)
    assert set(content["models"]["mlp"]["scores"]["test"]) >= {"MAE", "RMSE", "R2"}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="missing or damaged"):
        read_results(tmp_path)
    content = as_json(results_of(many(), about()))
    with pytest.raises(CheckpointError, match="its format is 9"):
        from_json(content | {"format": 9}, tmp_path)
    del content["seen"]
    with pytest.raises(CheckpointError, match="damaged: 'seen'"):
        from_json(content, tmp_path)


def matbench_outcomes() -> list[Outcome]:
    """Return one model on the five official folds; the truth of the last is withheld."""
    folds, rng, found = matbench_folds(132_752), np.random.default_rng(0), []
    for number in range(5):
        rows = rng.permutation(np.flatnonzero(folds == number))
        n = len(rows)
        y = np.full(n, np.nan) if number == 4 else rng.normal(size=n)
        ids = [f"mb-mp-e-form-{row + 1:06d}" for row in rows]
        rest = {"formulas": ["X"] * n, "novelty": np.zeros(n, np.int8), "y": y, "prediction": rng.normal(size=n)}
        found.append(outcome(division=f"fold {number}", ids=ids, details={"epochs": 7, "options": {"a": 1}}, **rest))
    return found


@pytest.fixture(scope="module")
def matbench() -> list[Outcome]:
    return matbench_outcomes()


def in_order(value: Any) -> Any:
    return {key: in_order(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


@pytest.mark.slow
def test_a_record_is_what_matbench_accepts(matbench: list[Outcome], tmp_path: Path) -> None:
    """Make the checks that ``MatbenchBenchmark.from_dict`` and ``MatbenchTask.validate`` of matbench 0.6 make."""
    path = tmp_path / "record.json.gz"
    assert write_record(path, matbench) == "fold 4 without scores, for its targets are withheld"
    record = json.loads(gzip.decompress(path.read_bytes()))
    keys = {"@module", "@class", "version", "benchmark_name", "tasks", "user_metadata", "datestamp", "hash"}
    assert set(record) == keys
    assert (record["@module"], record["@class"]) == ("matbench.bench", "MatbenchBenchmark")
    datetime.strptime(record["datestamp"], "%Y.%m.%d %H:%M.%S")
    claimed = record.pop("hash")
    assert sha256(json.dumps(in_order(record)).encode()).hexdigest() == claimed
    (task,) = record["tasks"].values()
    assert set(task) == {"@module", "@class", "dataset_name", "results", "benchmark_name"}
    assert list(record["tasks"]) == [task["dataset_name"]] == ["matbench_mp_e_form"]
    assert record["benchmark_name"] == task["benchmark_name"] == "matbench_v0.1"
    assert list(task["results"]) == [f"fold_{number}" for number in range(5)]
    for number, fold in enumerate(task["results"].values()):
        assert set(fold) == {"data", "parameters", "scores"}
        rows = np.flatnonzero(matbench_folds(132_752) == number)
        assert list(fold["data"]) == [f"mb-mp-e-form-{row + 1:06d}" for row in rows]
        assert all(type(value) is float for value in fold["data"].values())
        assert set(fold["scores"]) == {"mae", "rmse", "mape", "max_error"}
        assert all(type(value) is float for value in fold["scores"].values())
        assert np.isnan(list(fold["scores"].values())).all() == (number == 4)
        assert fold["parameters"]["epochs"] == 7
    first = matbench[0]
    assert task["results"]["fold_0"]["data"][first.ids[0]] == first.prediction[0]


def test_the_scores_of_a_record_are_computed_as_matbench_does() -> None:
    y, prediction = np.array([0.0, -1.0, 2.0, 1e-6]), np.array([0.5, -1.5, 2.0, 1.0])
    assert record_scores(y, prediction) == pytest.approx(
        {
            "mae": sklearn_metrics.mean_absolute_error(y, prediction),
            "rmse": sklearn_metrics.root_mean_squared_error(y, prediction),
            "mape": 0.25,
            "max_error": sklearn_metrics.max_error(y, prediction),
        }
    )


def test_a_record_says_what_it_lacks_and_refuses_other_rows(matbench: list[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "record.json.gz"
    assert "it lacks 26,551 rows of fold 1 and" in write_record(path, matbench[:1])
    with pytest.raises(DataError, match="no id of a row"):
        write_record(path, [outcome()])
    with pytest.raises(DataError, match=r"official folds \[0, 1\]"):
        write_record(path, [replace(matbench[0], ids=[*matbench[0].ids[:-1], matbench[1].ids[0]])])
    with pytest.raises(DataError, match="fold 0 was predicted twice"):
        write_record(path, [matbench[0], matbench[0]])


def test_a_benchmark_by_matbench_writes_the_record_of_the_main_model(tmp_path: Path) -> None:
    ids = [f"mb-mp-e-form-{row + 1:06d}" for row in np.flatnonzero(matbench_folds(132_752) == 0)[:4]]
    both = [outcome(ids=ids), outcome(ids=ids, model="ridge")]
    said = write_results(tmp_path, both, about(protocol="matbench"))
    assert f"{RECORD_FILE}: the predictions of mlp in matbench's format; it lacks 26,547 rows of fold 0" in said
    assert (tmp_path / RECORD_FILE).exists()
    other = write_results(tmp_path / "other", [outcome(), outcome(model="ridge")], about(protocol="matbench"))
    assert "No record for matbench" in other
    assert not (tmp_path / "other" / RECORD_FILE).exists()


@pytest.mark.slow
def test_the_page_of_a_benchmark_holds_its_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "compared"
    write_results(folder, many(divisions=2, fractions=(0.1, 1)), about())
    page, drawn = write_report([folder])
    text = page.read_text(encoding="utf-8")
    assert page == folder / "report.html"
    results = read_results(folder)
    for one in results.models:
        assert f"{one.scores['MAE'].mean:.4f}" in text
    for said in (
        "Report: compared",
        "Known and new compounds",
        "What more rows bring",
        results.crossing,
        "sha256 abc",
    ):
        assert said in text
    kinds = {path.stem.rstrip("_0123456789") for path in drawn.glob("*.svg")}  # of each model a parity plot of its own
    assert kinds == {path.stem for path in folder.glob("*.png")}
    assert text.count("<script") == 1


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes long and is tested elsewhere."""
    monkeypatch.setattr(figures, "save_figure", lambda *_: None)
    monkeypatch.setattr(html, "figures", lambda *_: "")


@pytest.mark.slow
def test_a_run_and_its_benchmark_stand_on_one_page(finished_run: Path, tmp_path: Path, without_figures: None) -> None:
    folder = Path(shutil.copytree(finished_run, tmp_path / "run"))
    rows = json.loads((folder / "report.json").read_text(encoding="utf-8"))["rows_sha256"]
    write_results(folder, many(part="test"), about(description={"rows_sha256": rows}))
    text = write_report([folder])[0].read_text(encoding="utf-8")
    assert "Models beside each other" in text
    assert text.count('aria-label="How good it is"') == 1  # one report of both
    assert "The worst rows" in text
    assert text.count("random_forest (tuned)") > 3  # in the table of the run, too
    alone = tmp_path / "alone"
    write_results(alone, many(), about())
    both = write_report([folder, alone], tmp_path / "both.html")[0].read_text(encoding="utf-8")
    assert '<a href="#run-2">alone</a>' in both


def test_what_a_user_wrote_becomes_no_tag(tmp_path: Path, without_figures: None) -> None:
    attack = "<b>x</b>"
    write_results(tmp_path, many(20), about(sentence=attack, source=attack, quantity=attack))
    text = write_report([tmp_path], tmp_path / "page.html")[0].read_text(encoding="utf-8")
    assert attack not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text


def test_the_command_reports_a_benchmark(command: Callable[..., Any], workplace: Path, without_figures: None) -> None:
    write_results(workplace / "compared", many(20), about())
    assert "compared/report.html: the page" in command("report", "compared").succeeded()
