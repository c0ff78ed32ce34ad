"""Figures show what they are given, nothing is cut off, and a file is whole or absent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import binomtest

from formation_mlp import figures
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.errors import FormationMLPError
from formation_mlp.typing import Floats

pytestmark = pytest.mark.slow


def panels(figure: Figure) -> list[Any]:
    """Return the axes; what is drawn on them has attributes that matplotlib's types do not tell."""
    return list(figure.axes)


def predictions(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    y = -3 * rng.random(n)
    return y, y + 0.1 * rng.standard_t(2.5, n)


def classes(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    y = np.arange(n, dtype=np.float64) % 2
    p: Floats = 1 / (1 + np.exp(-2 * (y - 0.5) - rng.normal(size=n)))
    return y, p


def history(n: int, **last: float | None) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = [
        {"epoch": i, "train_loss": 1 / i, "val_loss": 0.2 + 1 / i, "val_score": 0.1 + 0.5 / i} for i in range(1, n + 1)
    ]
    records[-1] |= last
    return records


def members(n: int, seed: int) -> list[dict[str, Any]]:
    records = history(n)
    for record in records:
        record["val_score"] *= 1 + seed / 10
        record["is_best"] = record["epoch"] % 2 == 1
    return records


def every_element() -> dict[str, Floats]:
    return {symbol: np.full(z % 7 + 1, 0.01 * 1.05**z) for z, symbol in enumerate(SYMBOLS) if z}


def labels(ax: Any) -> tuple[str, str]:
    return ax.get_xlabel(), ax.get_ylabel()


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def parities(k: int, n: int) -> Figure:
    return figures.parity_plots({f"model {i}": predictions(n, i) for i in range(k)}, "eV/atom")


CASES: dict[str, Callable[[], Figure]] = {
    "parity": lambda: figures.parity_plot(*predictions(300), "eV/atom", "MLP", {"MAE": 0.1, "R2": 0.9}),
    "parity of one row": lambda: figures.parity_plot(*predictions(1), "eV/atom", None, {"R2": float("nan")}),
    "dense parity": lambda: figures.parity_plot(*predictions(2_001), "eV/atom"),
    "parity of a constant": lambda: figures.parity_plot(np.full(5, -1.0), np.full(5, -1.0), "eV/atom"),
    "dense parity of a constant": lambda: figures.parity_plot(np.zeros(2_001), np.zeros(2_001), "eV/atom"),
    "parity with a wild row": lambda: figures.parity_plot(np.zeros(2), np.array([0, -1e6]), "eV/atom"),
    **{f"{k} parities of {n}": partial(parities, k, n) for k in range(2, 6) for n in (40, 2_500)},
    "residuals": lambda: figures.residual_histogram(*predictions(300), "eV/atom", "MLP"),
    "residual of one row": lambda: figures.residual_histogram(*predictions(1), "eV/atom"),
    "residuals all zero": lambda: figures.residual_histogram(np.zeros(3), np.zeros(3), "eV/atom"),
    "losses": lambda: figures.loss_curves(history(500), 500, "validation MAE (eV/atom)", "quickstart"),
    "losses of one epoch": lambda: figures.loss_curves(history(1), 1, "validation MAE (eV/atom)"),
    "losses that broke": lambda: figures.loss_curves(history(8, train_loss=float("nan")), 7, "log loss"),
    "confusion": lambda: figures.confusion_matrix_plot(
        np.array([0, 1]), np.array([0, 0]), ["not strongly bound", "strongly bound"]
    ),
    "roc": lambda: figures.roc_curve_plot({"a network with a very long name, number 1": classes(50)}, "test"),
    "roc of many": lambda: figures.roc_curve_plot({f"model {i}": classes(50, i) for i in range(9)}),
    "residuals by prediction": lambda: figures.residual_plot(*predictions(300), "eV/atom", "MLP"),
    "residuals by prediction of many": lambda: figures.residual_plot(*predictions(2_001), "eV/atom", "MLP"),
    "residual by prediction of one row": lambda: figures.residual_plot(*predictions(1), "eV/atom"),
    "residuals by prediction of a constant": lambda: figures.residual_plot(np.zeros(120), np.zeros(120), "eV/atom"),
    "members": lambda: figures.member_curves(
        {f"set-{i}": members(30, i) for i in range(5)}, "validation MAE (eV/atom)"
    ),
    "many members of one epoch": lambda: figures.member_curves(
        {str(i): members(1, i) for i in range(20)}, "MAE", "all"
    ),
    "precision and recall": lambda: figures.precision_recall_plot(
        {"MLP": classes(50), "forest": classes(50, 1)}, "test"
    ),
    "calibration": lambda: figures.reliability_plot(*classes(500), "test"),
    "calibration of one class": lambda: figures.reliability_plot(np.ones(4), np.array([0, 0.5, 0.99, 1.0])),
    "elements": lambda: figures.element_map(every_element(), "eV/atom", "test"),
    "one element": lambda: figures.element_map({"H": np.zeros(1)}, "eV/atom"),
    "elements of many rows": lambda: figures.element_map({"O": np.full(123_456, 2e3), "H": np.full(9, 0.1)}, ""),
    "groups": lambda: figures.error_by_group(
        {"a rather long name of a group of rows": np.array([0.1]), "oxides": np.ones(5_000), "none": np.empty(0)},
        "eV/atom",
        "by class",
        overall=0.5,
    ),
    "group of zero": lambda: figures.error_by_group({"oxides": np.zeros(3)}, ""),
    "intervals": lambda: figures.interval_plot([0.5, 0.9], np.ones((2, 9), bool), np.ones((2, 9)), "eV/atom", "test"),
    "bars": lambda: figures.benchmark_bars(["MLP", "mean"], [0.08, 0.9], "eV/atom", ["MLP"]),
    "bars of many": lambda: figures.benchmark_bars([f"network {i}" * 9 for i in range(9)], [1.0] * 9, ""),
    "bar of zero": lambda: figures.benchmark_bars(["MLP"], [0.0], "eV/atom"),
    "bars with spread": lambda: figures.benchmark_bars(
        ["MLP", "mean"], [0.08, 0.9], "eV/atom", ["MLP"], spreads=[0.01, 0.2]
    ),
    "learning curves": lambda: figures.learning_curve_plot(
        {f"network {i}" * 5: [(10, 1 + i, None), (100, 0.5, 0.4), (1e5, 0.1, 0.2)] for i in range(13)}, "eV/atom", []
    ),
    "a flat learning curve": lambda: figures.learning_curve_plot({"mean": [(10, 0.5, None), (11, 0.5, None)]}, ""),
    "cost curves": lambda: figures.cost_curve_plot(
        {"mean": [(0.0, 0.9)], "forest": [(7.0, 0.2)], "MLP": [(1.0, 0.5), (9.0, 0.1)]}, "val MAE (eV/atom)", ["MLP"]
    ),
    "a cost of nothing": lambda: figures.cost_curve_plot({"mean": [(0.0, 0.9)]}, "val MAE (eV/atom)"),
    "seen rows": lambda: figures.seen_plot(
        {f"network {i}" * 5: {"seen formula": 0.1, "new formula": 0.2, "new system": 0.3 + i} for i in range(13)},
        {"seen formula": 10_000, "new formula": 20_000, "new system": 30_000},
        "eV/atom",
    ),
    "one model on seen rows": lambda: figures.seen_plot(
        {"mean": {"seen formula": 0.5, "new system": 0.5}}, {"seen formula": 1, "new system": 2}, ""
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_cut_off_or_too_small_to_read(case: str) -> None:
    figure = CASES[case]()
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box is not None
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    texts: list[Any] = figure.findobj(mpl.text.Text)
    for text in texts:
        assert text.get_fontsize() >= 8 or not text.get_text()


@pytest.mark.parametrize("case", CASES)
def test_panels_do_not_overlap(case: str) -> None:
    figure = CASES[case]()
    figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in panels(figure)]
    for left, right in pairwise(boxes):
        assert left.x1 <= right.x0 + 1 or right.y1 <= left.y0 + 1


def test_parity_shows_every_row_on_equal_axes_with_scores_and_units() -> None:
    y, prediction = predictions(2_000)
    scores = {"MAE": 0.0774, "RMSE": 0.1, "R2": 0.95}
    figure = figures.parity_plot(y, prediction, "eV/atom", "MLP", scores, "formation enthalpy")
    (ax,) = panels(figure)
    (points,) = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), np.column_stack([y, prediction]))
    assert ax.get_xlim() == ax.get_ylim()
    low, high = ax.get_xlim()
    assert low < min(y.min(), prediction.min())
    assert high > max(y.max(), prediction.max())
    assert labels(ax) == ("actual formation enthalpy (eV/atom)", "predicted formation enthalpy (eV/atom)")
    assert ax.get_title() == "MLP"
    assert ax.texts[0].get_text().splitlines() == [
        "n = 2,000",
        "MAE = 0.077 eV/atom",
        "RMSE = 0.100 eV/atom",
        "R² = 0.950",
    ]
    (identity,) = ax.lines
    assert identity.get_slope() == 1


def test_more_than_two_thousand_rows_are_counted_in_hexagons_and_none_is_lost() -> None:
    figure = figures.parity_plot(*predictions(2_001), "eV/atom")
    (hexagons,) = panels(figure)[0].collections
    assert hexagons.get_array().sum() == 2_001
    assert panels(figure)[0].child_axes[0].get_ylabel() == "rows per hexagon"


def test_parity_panels_share_limits_and_carry_their_own_scores() -> None:
    parts = {"MLP": predictions(20, 1), "forest": predictions(30, 2)}
    figure = figures.parity_plots(parts, "eV/atom", {"MLP": {"MAE": 0.1}})
    left, right = panels(figure)
    assert left.get_xlim() == right.get_xlim() == right.get_ylim()
    assert [ax.get_title() for ax in panels(figure)] == ["MLP", "forest"]
    assert left.texts[0].get_text() == "n = 20\nMAE = 0.100 eV/atom"
    assert right.texts[0].get_text() == "n = 30"


@pytest.mark.parametrize(
    ("y", "prediction"),
    [([], []), ([1.0], [1.0, 2.0]), ([1.0], [np.nan]), ([np.inf], [1.0]), ([[1.0]], [[1.0]])],
)
@pytest.mark.parametrize("draw", [figures.parity_plot, figures.residual_histogram])
def test_arrays_that_cannot_be_drawn_are_refused(draw: Callable[..., Any], y: Any, prediction: Any) -> None:
    with pytest.raises(ValueError, match=r"found shapes|not finite"):
        draw(np.array(y), np.array(prediction), "eV/atom")


def test_residual_histogram_counts_every_row_inside_its_axis_and_names_the_rest() -> None:
    y = np.zeros(1000)
    residual = np.linspace(-0.1, 0.12, 1000)
    residual[:3] = 50, -50, 60
    figure = figures.residual_histogram(y, residual, "eV/atom", "test part", "formation enthalpy")
    (ax,) = panels(figure)
    assert sum(bar.get_height() for bar in ax.patches) == 997
    assert ax.get_xlim()[0] == -ax.get_xlim()[1]
    assert legend(ax) == [f"mean {residual.mean():+.3f}", "3 beyond the axis"]
    assert labels(ax) == ("predicted minus actual formation enthalpy (eV/atom)", "rows")


def test_residual_histogram_is_drawn_the_right_way_round() -> None:
    figure = figures.residual_histogram(np.zeros(50), np.full(50, 0.3), "eV/atom")
    filled = [bar.get_x() for bar in panels(figure)[0].patches if bar.get_height()]
    assert filled[0] > 0
    assert legend(panels(figure)[0]) == ["mean +0.300"]


def test_loss_curves_show_both_losses_the_score_and_the_best_epoch() -> None:
    records = history(40)
    figure = figures.loss_curves(records, 40, "validation MAE (eV/atom)")
    above, below = panels(figure)
    np.testing.assert_array_equal(above.lines[0].get_ydata(), [r["train_loss"] for r in records])
    np.testing.assert_array_equal(above.lines[1].get_ydata(), [r["val_loss"] for r in records])
    np.testing.assert_array_equal(below.lines[0].get_ydata(), [r["val_score"] for r in records])
    assert below.lines[1].get_xydata().tolist() == [[40, records[-1]["val_score"]]]
    assert legend(above) == ["training", "validation", "best: epoch 40"]
    assert legend(below) == ["best: epoch 40, 0.1125"]
    assert labels(above) == ("", "loss")
    assert labels(below) == ("epoch", "validation MAE (eV/atom)")


def test_losses_are_logarithmic_only_where_they_span_much_and_are_positive() -> None:
    def scale(low: float, high: float) -> str:
        (axes, _) = panels(figures.loss_curves(history(2, train_loss=low, val_loss=high), 1, "MAE"))
        return str(axes.get_yscale())

    assert scale(0.01, 1.0) == "log"
    assert scale(0.5, 1.0) == "linear"
    assert scale(0.0, 1.0) == "linear"
    assert scale(float("nan"), float("inf")) == "linear"


def test_a_loss_that_is_not_finite_is_marked_and_leaves_a_gap() -> None:
    figure = figures.loss_curves(history(5, train_loss=float("inf"), val_loss=None, val_score=None), 4, "MAE")
    above, below = panels(figure)
    assert legend(above) == ["training", "validation", "best: epoch 4", "not finite: epoch 5"]
    assert np.isnan(above.lines[0].get_ydata()).tolist() == [False] * 4 + [True]
    assert legend(below) == ["best: epoch 4, 0.225"]


def test_confusion_matrix_has_actual_rows_and_predicted_columns_with_row_percent() -> None:
    y = np.array([0] * 9 + [1] * 4)
    predicted = np.array([0] * 6 + [1] * 3 + [0] + [1] * 3)
    figure = figures.confusion_matrix_plot(y, predicted, ["no", "yes"], "MLP")
    (ax,) = panels(figure)
    cells = {text.get_position(): text.get_text() for text in ax.texts}  # (column, row)
    assert cells == {(0, 0): "6\n66.7 %", (1, 0): "3\n33.3 %", (0, 1): "1\n25.0 %", (1, 1): "3\n75.0 %"}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["no", "yes"]
    assert labels(ax) == ("predicted class", "actual class (100 % in a row)")


def test_confusion_matrix_of_one_class_says_that_the_other_has_no_rows() -> None:
    figure = figures.confusion_matrix_plot(np.ones(4), np.ones(4), ["no", "yes"])
    assert [text.get_text() for text in panels(figure)[0].texts] == [
        "0\nno rows",
        "0\nno rows",
        "0\n0.0 %",
        "4\n100.0 %",
    ]


@pytest.mark.parametrize("wrong", range(0, 101, 5))
def test_confusion_matrix_text_contrasts_with_its_cell(wrong: int) -> None:
    predicted = (np.arange(100) < wrong).astype(int)
    (ax,) = panels(figures.confusion_matrix_plot(np.zeros(100), predicted, ["no", "yes"]))
    (image,) = ax.images
    for text in ax.texts:
        column, row = text.get_position()
        fill = image.cmap(image.norm(image.get_array()[row, column]))
        light, dark = sorted([luminance(fill), luminance(mpl.colors.to_rgb(text.get_color()))], reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.4


def luminance(color: Sequence[float]) -> float:
    """Relative luminance of sRGB after WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_roc_curves_carry_their_areas_and_run_from_corner_to_corner() -> None:
    y = np.array([0, 0, 1, 1.0])
    models = {"good": (y, np.array([0.1, 0.2, 0.8, 0.9])), "fair": (y, np.array([0.1, 0.6, 0.4, 0.9]))}
    (ax,) = panels(figures.roc_curve_plot(models))
    assert legend(ax) == ["0.500  chance", "1.000  good", "0.750  fair"]
    for line in ax.lines:
        assert line.get_xydata()[[0, -1]].tolist() == [[0, 0], [1, 1]]
    assert labels(ax) == ("false positive rate", "true positive rate")
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 3


def test_a_model_of_one_class_has_no_roc_curve_but_a_line_in_the_legend() -> None:
    (ax,) = panels(figures.roc_curve_plot({"MLP": (np.ones(3), np.array([0.2, 0.4, 0.9]))}))
    assert legend(ax) == ["0.500  chance", "undefined  MLP"]


def test_residuals_stand_over_their_predictions_with_zero_in_the_middle() -> None:
    y, prediction = predictions(300)
    (ax,) = panels(figures.residual_plot(y, prediction, "eV/atom", "MLP", "formation enthalpy"))
    (points,) = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), np.column_stack([prediction, prediction - y]))
    assert ax.get_ylim()[0] == -ax.get_ylim()[1]
    assert labels(ax) == ("predicted formation enthalpy (eV/atom)", "predicted minus actual (eV/atom)")
    assert legend(ax) == ["running median"]


def test_the_running_median_shows_a_bias() -> None:
    y = np.linspace(-3, 0, 400)
    (ax,) = panels(figures.residual_plot(y, y + 0.25, "eV/atom"))
    median = ax.lines[1].get_ydata()
    np.testing.assert_allclose(median, 0.25)
    assert len(median) == 20


def test_every_member_has_a_curve_and_a_star_at_its_best_epoch() -> None:
    histories = {f"set-{i}": members(8, i) for i in range(3)}
    (ax,) = panels(figures.member_curves(histories, "validation MAE (eV/atom)"))
    curves, stars = ax.lines[::2], ax.lines[1::2]
    assert len(curves) == len(stars) == 3
    np.testing.assert_allclose(curves[2].get_ydata(), [r["val_score"] for r in histories["set-2"]])
    assert [star.get_xdata().tolist() for star in stars] == [[7], [7], [7]]
    assert labels(ax) == ("epoch", "validation MAE (eV/atom)")


def test_precision_and_recall_carry_the_average_precision() -> None:
    y = np.array([0, 0, 1, 1.0])
    models = {"good": (y, np.array([0.1, 0.2, 0.8, 0.9])), "fair": (y, np.array([0.1, 0.6, 0.4, 0.9]))}
    (ax,) = panels(figures.precision_recall_plot(models))
    assert legend(ax) == ["1.000  good", "0.833  fair", "share of positives"]
    assert labels(ax) == ("recall (share of positives found)", "precision (share of calls that are right)")
    (ax,) = panels(figures.precision_recall_plot({"MLP": (np.ones(2), np.ones(2))}))
    assert legend(ax)[0] == "undefined  MLP"


def test_calibration_compares_shares_with_probabilities_bin_by_bin() -> None:
    probability = np.repeat([0.05, 0.25, 1.0], [10, 4, 5])
    y = np.array([0] * 9 + [1] + [0, 0, 1, 1] + [1] * 5, float)
    above, below = panels(figures.reliability_plot(y, probability))
    points = above.lines[1].get_xydata()
    np.testing.assert_allclose(points, [[0.05, 0.1], [0.25, 0.5], [1.0, 1.0]])
    assert [bar.get_height() for bar in below.patches] == [10, 0, 4, 0, 0, 0, 0, 0, 0, 5]
    low, high = above.collections[0].get_segments()[0][:, 1]
    wilson = binomtest(1, 10).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((wilson.low, wilson.high), abs=1e-4)
    assert below.get_xlabel() == "predicted probability of the positive class"


def test_the_map_has_every_element_in_its_place_with_mean_and_number_of_rows() -> None:
    errors = {"O": np.array([0.1, 0.3, 0.2]), "Fe": np.array([0.5] * 4), "U": np.ones(2)}
    (ax,) = panels(figures.element_map(errors, "eV/atom"))
    at = {text.get_text(): text.get_position() for text in ax.texts}
    columns = {symbol: at[symbol][0] - 0.5 for symbol in SYMBOLS[1:]}
    assert (columns["H"], columns["He"], columns["O"], columns["Fe"]) == (0, 17, 15, 7)
    assert columns["Lu"] == columns["Y"] == columns["Sc"] == 2
    assert columns["La"] == columns["Ac"] == columns["Yb"] - 13
    assert len({text.get_position() for text in ax.texts}) == len(ax.texts) == 118 + 2 * 3
    cells = [text.get_text() for text in ax.texts]
    start = cells.index("O")
    assert cells[start : start + 3] == ["O", "0.20", "3"]
    fills = dict(zip(SYMBOLS[1:], (mpl.colors.to_hex(patch.get_facecolor()) for patch in ax.patches), strict=True))
    assert fills["U"] == fills["H"] == "#ffffff"  # two rows say little, none say nothing
    assert fills["O"] != fills["Fe"] != "#ffffff"
    (scale,) = ax.child_axes
    assert scale.get_xlabel() == "mean absolute error (eV/atom); below it, the number of rows"


def test_text_on_the_map_contrasts_with_its_cell() -> None:
    (ax,) = panels(figures.element_map(every_element(), "eV/atom"))
    for patch, symbol in zip(ax.patches, SYMBOLS[1:], strict=True):
        (text,) = [t for t in ax.texts if t.get_text() == symbol]
        light, dark = sorted([luminance(patch.get_facecolor()), luminance(mpl.colors.to_rgb(text.get_color()))])[::-1]
        assert (light + 0.05) / (dark + 0.05) > 4.4


def test_groups_carry_mean_interval_and_rows_and_empty_ones_are_left_out() -> None:
    groups = {"oxides": np.array([0.1, 0.2, 0.3]), "halides": np.empty(0), "others": np.array([0.4])}
    (ax,) = panels(figures.error_by_group(groups, "eV/atom", overall=0.25))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["oxides", "others"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.2, 0.4])
    assert [text.get_text() for text in ax.texts] == ["0.200  (3 rows)", "0.400  (1 row)"]
    ends = ax.collections[0].get_segments()[0][:, 0]
    assert ends.tolist() == pytest.approx([0.2 - 1.96 * 0.1 / 3**0.5, 0.2 + 1.96 * 0.1 / 3**0.5])
    assert ax.get_xlabel() == "mean absolute error (eV/atom)"
    with pytest.raises(ValueError, match="no group has a row"):
        figures.error_by_group({"oxides": np.empty(0)}, "eV/atom")


def test_intervals_show_the_share_inside_and_their_width() -> None:
    holds = np.array([[True, True, False, False], [True] * 4])
    widths = np.array([[0.5] * 4, [0.4, 0.6, 0.8, 1.0]])
    above, below = panels(figures.interval_plot([0.5, 0.9], holds, widths, "eV/atom"))
    assert above.lines[1].get_xydata().tolist() == [[0.5, 0.5], [0.9, 1.0]]
    np.testing.assert_allclose(below.lines[0].get_xydata(), [[0.5, 0.5], [0.9, 0.7]])
    assert labels(above) == ("", "share of 4 rows inside")
    assert labels(below) == ("level asked for", "width of the interval (eV/atom)")


def test_benchmark_bars_write_the_scores_and_stress_the_networks() -> None:
    (ax,) = panels(figures.benchmark_bars(["MLP", "mean"], [0.0774, 0.9], "eV/atom", ["MLP"]))
    assert [text.get_text() for text in ax.texts] == ["0.077", "0.900"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["MLP", "mean"]
    assert ax.get_ylim() == (1.5, -0.5)  # the first on top
    assert mpl.colors.to_hex(ax.patches[0].get_facecolor()) == figures.BLUE.lower()
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert ax.get_xlabel() == "test MAE (eV/atom)"


def test_learning_curves_are_drawn_through_their_points_on_logarithmic_axes() -> None:
    curves: dict[str, list[tuple[float, float, float | None]]] = {
        "mean": [(10, 0.9, None), (100, 0.9, None)],
        "MLP": [(10, 0.8, 0.1), (100, 0.2, 0.05)],
    }
    (ax,) = panels(figures.learning_curve_plot(curves, "eV/atom", ["MLP"]))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert labels(ax) == ("train rows", "test MAE (eV/atom)")
    assert legend(ax) == ["mean", "MLP"]  # in the order of their ends
    drawn = {tuple(line.get_ydata()): line.get_linewidth() for line in ax.lines if len(line.get_xdata()) == 2}
    assert drawn[(0.8, 0.2)] > drawn[(0.9, 0.9)]


def test_a_model_without_a_course_is_one_marker_among_the_cost_curves() -> None:
    curves = {"forest": [(7.0, 0.2)], "MLP": [(1.0, 0.5), (9.0, 0.1)]}
    (ax,) = panels(figures.cost_curve_plot(curves, "val MAE (eV/atom)", ["MLP"]))
    assert labels(ax) == ("training time (s)", "val MAE (eV/atom)")
    forest, course, end = ax.lines
    assert (forest.get_linestyle(), forest.get_xydata().tolist()) == ("None", [[7.0, 0.2]])
    assert course.get_drawstyle() == "steps-post"
    assert end.get_xydata().tolist() == [[9.0, 0.1]]


def test_rows_that_training_held_are_told_apart_by_shape_and_colour() -> None:
    counts = {"seen formula": 5, "new system": 1_200}
    (ax,) = panels(figures.seen_plot({"MLP": {"seen formula": 0.1, "new system": 0.4}}, counts, "eV/atom"))
    assert legend(ax) == ["seen formula (5 rows)", "new system (1,200 rows)"]
    dots = [line for line in ax.lines if line.get_xdata().tolist() in ([0.1], [0.4])]
    assert len({(dot.get_marker(), dot.get_color()) for dot in dots}) == len(dots) == 2


def test_dollar_signs_and_underscores_in_names_are_plain_text() -> None:
    name = "_$\\frac$"
    for figure in (
        figures.roc_curve_plot({name: classes(10)}),
        figures.benchmark_bars([name], [1.0], "", score_name=name),
        figures.confusion_matrix_plot(np.zeros(2), np.zeros(2), [name, name], name),
        figures.parity_plot(*predictions(3), name, name, {name: 1.0}, name),
    ):
        figure.draw_without_rendering()  # as a formula, the name would be an error
        drawn: list[Any] = figure.findobj(mpl.text.Text)
        texts = [text.get_text().replace("\\$", "$") for text in drawn]
        assert any(name in text for text in texts)


def test_save_figure_writes_a_png_with_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "new" / "parity.png"
    figures.save_figure(figures.parity_plot(*predictions(3), "eV/atom"), path, {"Title": "Formation, 298 K, µ"})
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.info["Title"] == "Formation, 298 K, µ"
        assert min(image.size) > 500
    assert [p.name for p in path.parent.iterdir()] == ["parity.png"]


def test_a_save_that_fails_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "parity.png"
    path.write_bytes(b"old")

    def full(_file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FormationMLPError, match="No space left on device"):
        figures.save_figure(Figure(), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["parity.png"]


def test_drawing_changes_no_settings_and_needs_no_pyplot() -> None:
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "import numpy as np; from formation_mlp import figures\n"
        "figures.parity_plot(np.zeros(2), np.ones(2), 'eV/atom').draw_without_rendering()\n"
        "assert matplotlib.rcParams.copy() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
