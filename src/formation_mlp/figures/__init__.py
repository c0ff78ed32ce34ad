"""Figures of a run: arrays in, one matplotlib `Figure` out. Nothing global is touched, nothing is shown."""

from formation_mlp.figures.benchmark import benchmark_bars, cost_curve_plot, learning_curve_plot, seen_plot
from formation_mlp.figures.classes import (
    confusion_matrix_plot,
    precision_recall_plot,
    reliability_plot,
    roc_curve_plot,
)
from formation_mlp.figures.elements import element_map, error_by_group
from formation_mlp.figures.energies import parity_plot, parity_plots, residual_histogram, residual_plot
from formation_mlp.figures.intervals import interval_plot
from formation_mlp.figures.phase_diagram import phase_diagram
from formation_mlp.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, save_figure
from formation_mlp.figures.training import loss_curves, member_curves

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "benchmark_bars",
    "confusion_matrix_plot",
    "cost_curve_plot",
    "element_map",
    "error_by_group",
    "interval_plot",
    "learning_curve_plot",
    "loss_curves",
    "member_curves",
    "parity_plot",
    "parity_plots",
    "phase_diagram",
    "precision_recall_plot",
    "reliability_plot",
    "residual_histogram",
    "residual_plot",
    "roc_curve_plot",
    "save_figure",
    "seen_plot",
]
