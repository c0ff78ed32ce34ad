# time: 15 s

# %% [markdown]
# # 3. Activations
#
# Lesson 2 showed that layers without a non-linearity collapse into one. Here is the non-linearity itself, in the
# eighteen forms that this toolkit knows: what each one looks like, where it stops passing on a gradient, what it
# costs, and what it does to the training of one and the same small network.
#
# A hidden layer computes h = σ(z) with z = Wx + b. The function σ acts on every number of z by itself. Three of its
# properties matter in practice:
#
# - its **range**: the values that h can have at all;
# - its **derivative** σ′(z): training multiplies by it in every layer (lesson 5);
# - where it **saturates**: where σ′(z) is nearly 0, a unit learns nothing. "Nearly" means below 0.01 in this lesson.

# %%
import math
import time
from dataclasses import replace

import numpy as np
import torch
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from formation_mlp.config.loading import check_config
from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    PURPLE,
    SKY,
    TICKS,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.runs.prepare import load_rows, network_training, prepare

limit_threads()

NEARLY_ZERO = 0.01


def value_and_slope(name, z):
    """Return σ(z) and σ′(z) of the toolkit's own activation, in float64; the derivative is autograd's."""
    sigma = ACTIVATIONS[name]().double().eval()  # eval: rrelu takes the mean of its random slope
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    h = sigma(z)
    h.sum().backward()
    return h.detach().numpy(), z.grad.numpy()


# %% [markdown]
# ## Formulas and graphs
#
# Ten of the eighteen are **rectifiers**: they grow without bound to the right, and stay near zero, or fall slowly, to
# the left. Five **squash** the whole axis into an interval. Three **shrink**: they set small inputs to (nearly) zero
# and let large ones through.
#
# Each formula is written twice below: as it is set in the figure, and in NumPy. The NumPy form is compared with the
# toolkit's function.

#
# Two of them have a slope a on the left: `prelu` learns it, from 0.25 on; `rrelu` draws it at random between 1/8 and
# 1/3 in training, and takes the mean, 11/48, afterwards.

# %%
relu, relu6 = lambda z: np.maximum(z, 0), lambda z: np.clip(z, 0, 6)
softplus, logistic = lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))
RECTIFIERS = {
    "relu": (r"$\max(z,\ 0)$", relu),
    "prelu": (r"$\max(z, 0) + a\,\min(z, 0)$", lambda z: relu(z) - 0.25 * relu(-z)),
    "rrelu": (r"$\max(z, 0) + a\,\min(z, 0)$", lambda z: relu(z) - 11 / 48 * relu(-z)),
    "elu": (r"$\max(z, 0) + e^{\,\min(z,\,0)} - 1$", lambda z: relu(z) + np.expm1(-relu(-z))),
    "selu": (
        r"$1.05\,[\max(z, 0) + 1.67\,(e^{\,\min(z,\,0)} - 1)]$",
        lambda z: 1.0507009873554805 * (relu(z) + 1.6732632423543772 * np.expm1(-relu(-z))),
    ),
    "softplus": (r"$\ln(1 + e^{z})$", softplus),
    "gelu": (
        r"$\frac{z}{2}\,[1 + \tanh\,(\sqrt{2/\pi}\,(z + 0.0447\,z^3))]$",
        lambda z: z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    ),
    "swish": (r"$z\,/\,(1 + e^{-z})$", lambda z: z * logistic(z)),
    "mish": (r"$z\,\tanh\,(\ln(1 + e^{z}))$", lambda z: z * np.tanh(softplus(z))),
    "hardswish": (r"$z\,\min(\max(z + 3, 0),\ 6)\,/\,6$", lambda z: z * relu6(z + 3) / 6),
}
BOUNDED_AND_SHRINKING = {
    "sigmoid": (r"$1\,/\,(1 + e^{-z})$", logistic),
    "tanh": (r"$(e^{z} - e^{-z})\,/\,(e^{z} + e^{-z})$", np.tanh),
    "softsign": (r"$z\,/\,(1 + |z|)$", lambda z: z / (1 + abs(z))),
    "hardtanh": (r"$\min(\max(z, -1),\ 1)$", lambda z: np.clip(z, -1, 1)),
    "hardsigmoid": (r"$\min(\max(z + 3, 0),\ 6)\,/\,6$", lambda z: relu6(z + 3) / 6),
    "tanhshrink": (r"$z - \tanh z$", lambda z: z - np.tanh(z)),
    "softshrink": (r"$z - \min(\max(z, -\frac{1}{2}),\ \frac{1}{2})$", lambda z: z - np.clip(z, -0.5, 0.5)),
    "hardshrink": (r"$z$ where $|z| > \frac{1}{2}$, else $0$", lambda z: z * (abs(z) > 0.5)),
}
FORMULAS = RECTIFIERS | BOUNDED_AND_SHRINKING

z = np.linspace(-20, 20, 40_001)
curves = {name: value_and_slope(name, z) for name in ACTIVATIONS}
largest_difference = max(np.abs(FORMULAS[name][1](z) - curves[name][0]).max() for name in ACTIVATIONS)
say(
    f"All {len(ACTIVATIONS)} formulas agree with the toolkit's functions between z = {z[0]:.0f} and {z[-1]:.0f}; the "
    f"largest difference is {largest_difference:.0e}."
)


# %%
def saturated_pieces(name):
    """Return the ends of the intervals, wider than 0.1, where the derivative is nearly zero."""
    flat = np.abs(curves[name][1]) < NEARLY_ZERO
    change = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(int)))
    pieces = [(z[start], z[stop - 1]) for start, stop in change.reshape(-1, 2)]
    return [(start, stop) for start, stop in pieces if stop - start > 0.1]


def draw_curves(formulas, n_columns, y_limits):
    """Draw a panel per activation: the function, its derivative, and grey where it saturates."""
    figure = new_figure(2.35 * n_columns, 5.6)
    axes = figure.subplots(2, n_columns, sharex=True, sharey=True)
    for ax, (name, (formula, _)) in zip(axes.flat, formulas.items(), strict=True):
        value, slope = curves[name]
        for start, stop in saturated_pieces(name):
            ax.axvspan(start, stop, color=GREY, alpha=0.25, linewidth=0)
        ax.axhline(0, color="black", linewidth=0.6)
        ax.axvline(0, color="black", linewidth=0.6)
        ax.plot(z, slope, color=VERMILLION, linewidth=1.6, linestyle="--")
        ax.plot(z, value, color=BLUE, linewidth=2.2)
        ax.set_xlim(-6, 6)
        ax.set_ylim(*y_limits)
        ax.set_xticks([-4, 0, 4])
        ax.tick_params(labelsize=TICKS)
        ax.set_title(name, fontsize=TITLE + 1, fontweight="bold", pad=25)
        size = TITLE if len(formula) < 45 else LEGEND
        ax.text(0.5, 1.04, formula, fontsize=size, transform=ax.transAxes, ha="center", va="bottom", in_layout=False)
    for ax in axes[-1]:
        ax.set_xlabel("$z$", fontsize=LABEL)
    key = [
        Line2D([], [], color=BLUE, linewidth=2.2, label=r"$\sigma(z)$"),
        Line2D([], [], color=VERMILLION, linewidth=1.6, linestyle="--", label=r"$\sigma'(z)$"),
        Patch(color=GREY, alpha=0.25, linewidth=0, label=rf"saturated: $|\sigma'(z)| < {NEARLY_ZERO}$"),
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=3, fontsize=LABEL, frameon=False)
    return figure


show(
    draw_curves(RECTIFIERS, 5, (-1.9, 4.2)),
    "rectifiers",
    "Rectifiers and their derivatives. To the right the derivative is 1, or near it: no saturation on that side.",
)
show(
    draw_curves(BOUNDED_AND_SHRINKING, 4, (-1.6, 2.2)),
    "bounded_and_shrinking",
    "Five functions with a bounded range, and three that shrink small inputs to zero.",
)

# %% [markdown]
# ## Range and saturation
#
# Both are read off the curves: the range from the largest and the smallest value, saturation where the derivative is
# between −0.01 and 0.01. (The narrow places around the minimum of a smooth curve, less than 0.1 wide, do not count.)


# %%
def number(value):
    """Return a number with up to three digits, and zero without a sign."""
    return f"{value:.3g}".replace("-", "−") if abs(value) > 1e-3 else "0"


def value_range(name):
    """Return the range as text; an end is infinite where the function still grows at |z| = 10,000."""
    (left, right), _ = value_and_slope(name, np.array([-1e4, 1e4]))
    values = np.concatenate([curves[name][0], [left, right]])
    low = "−∞" if left < -100 else number(values.min())
    high = "∞" if right > 100 else number(values.max())
    return f"{low} to {high}"


def saturation(name):
    """Return the saturated intervals as text."""
    words = []
    for start, stop in saturated_pieces(name):
        if start <= z[0]:
            words.append(f"z < {number(round(stop, 2))}")
        elif stop >= z[-1]:
            words.append(f"z > {number(round(start, 2))}")
        else:
            words.append(f"{number(round(start, 2))} < z < {number(round(stop, 2))}")
    return ", ".join(words) or "nowhere"


table(
    ["activation", "range of σ", "largest σ′", "σ′(0)", "saturated"],
    [
        [
            name,
            value_range(name),
            f"{curves[name][1].max():.2f}",
            f"{value_and_slope(name, np.zeros(1))[1][0]:.2f}",
            saturation(name),
        ]
        for name in FORMULAS
    ],
)
sigmoid_slope, tanh_slope = curves["sigmoid"][1].max(), curves["tanh"][1].max()
never = [name for name in FORMULAS if not saturated_pieces(name)]
say(
    f"The derivative of the sigmoid is {sigmoid_slope:.2f} at most, so σ′ makes a gradient at least "
    f"{1 / sigmoid_slope:.0f} times smaller in each layer; that of tanh reaches {tanh_slope:.0f}. Nowhere saturated: "
    f"{', '.join(never)}."
)

# %% [markdown]
# ## What one costs
#
# The time for one number, forward (σ) and backward (multiplication by σ′), measured on a matrix of 256 rows by 256
# units: best of several trials, one core. It depends on the machine and on how the function is programmed. Beside it
# stands what the matrix product Wx of the same layer costs, which every activation comes on top of.

# %%
ROWS, UNITS, TRIALS = 256, 256, 15


def seconds(work):
    """Return the shortest of some trials."""
    work()
    taken = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


generator = torch.Generator().manual_seed(0)
batch = torch.randn(ROWS, UNITS, generator=generator, requires_grad=True)
upstream = torch.randn(ROWS, UNITS, generator=generator)
layer = torch.nn.Linear(UNITS, UNITS)


def forward_and_backward(function):
    """Return one forward and one backward pass as a piece of work."""

    def work():
        batch.grad = None
        function(batch).backward(upstream)

    return work


threads = torch.get_num_threads()
torch.set_num_threads(1)
modules = {name: ACTIVATIONS[name]().train() for name in ACTIVATIONS}
forward = {name: seconds(lambda m=m: m(batch)) / batch.numel() * 1e9 for name, m in modules.items()}
total = {name: seconds(forward_and_backward(m)) / batch.numel() * 1e9 for name, m in modules.items()}
product = seconds(forward_and_backward(layer)) / batch.numel() * 1e9
torch.set_num_threads(threads)

by_cost = sorted(total, key=total.get)
figure = new_figure(7.6, 4.8)
ax = figure.add_subplot()
place = np.arange(len(by_cost))
in_forward = np.minimum([forward[name] for name in by_cost], [total[name] for name in by_cost])
ax.barh(place, in_forward, color=BLUE, label="forward")
ax.barh(place, [total[name] for name in by_cost] - in_forward, left=in_forward, color=ORANGE, label="backward")
ax.axvline(product, color="black", linewidth=1.2, linestyle=":", label=f"matrix product $Wx$ of {UNITS} inputs, both")
ax.set_yticks(place, by_cost)
ax.invert_yaxis()
ax.legend(fontsize=LEGEND, frameon=False, loc="best")
label_axes(ax, "time per element, one core of this machine (ns)", "", None)
ax.tick_params(axis="y", labelsize=LABEL)
show(figure, "cost", "Time per number on this machine; the dotted line is the matrix product that every layer needs.")
say(
    f"On this machine, forward and backward together: {by_cost[0]} is the cheapest ({total[by_cost[0]]:.1f} ns per "
    f"element), {by_cost[-1]} the dearest ({total[by_cost[-1]]:.1f} ns). The matrix product takes {product:.1f} ns "
    "per number of its result."
)

# %% [markdown]
# ## The same small network with each
#
# Now a network with four hidden layers of 32 units, trained on the bundled measured formation enthalpies from the
# Magpie features of the composition. Rows, starting weights, order of the rows and step size are the same; only σ
# differs. Two seeds (starting weights and order) show how much is chance. Few epochs: we look at how training starts.

# %%
EPOCHS, SEEDS, RATE = 10, (0, 1), 2e-3


def settings(activation, seed=0, rate=RATE, epochs=EPOCHS):
    """Return the configuration of the small network with one activation."""
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "features": ["magpie"],
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": {"hidden": [32, 32, 32, 32], "activation": activation},
        "training": {
            "learning_rate": rate,
            "weight_decay": 0.0,
            "schedule": "constant",
            "max_epochs": epochs,
            "device": "cpu",
        },
        "seed": seed,
    }
    return check_config(raw, "lesson 3")


prepared = prepare(settings("relu"), load_rows(settings("relu")))


def train(activation, **changes):
    """Train the small network; return it with its history, at the weights of its best epoch."""
    job = network_training(replace(prepared, config=settings(activation, **changes)))
    list(job.epochs())
    return job


def slopes_in_network(job, activation):
    """Return |σ′(z)| of every hidden unit for every train row, [rows, units]."""
    found = []
    with torch.no_grad():
        h = job.train.inputs[0]
        for part in job.model.body.eval():
            if isinstance(part, type(ACTIVATIONS[activation]())):
                with torch.enable_grad():
                    z = h.detach().requires_grad_()
                    part(z).sum().backward()
                found.append(z.grad.abs())
            h = part(h)
    return torch.cat(found, dim=1).numpy()


jobs = {name: [train(name, seed=seed) for seed in SEEDS] for name in ACTIVATIONS}
val_mae = {name: np.array([[record.val_score for record in job.history] for job in jobs[name]]) for name in jobs}
slopes = {name: [slopes_in_network(job, name) for job in jobs[name]] for name in jobs}
dead = {name: [int((s < NEARLY_ZERO).all(axis=0).sum()) for s in slopes[name]] for name in slopes}
saturated = {name: float(np.mean([np.mean(s < NEARLY_ZERO) for s in slopes[name]])) for name in slopes}
n_units = slopes["relu"][0].shape[1]

y_train, y_val = prepared.part("train").y, prepared.part("val").y
mean_mae = float(np.abs(y_val - y_train.mean()).mean())
by_error = sorted(jobs, key=lambda name: val_mae[name][:, -1].mean())
table(
    ["activation", "epoch 1", f"epoch {EPOCHS}", "seeds differ by", "units dead", "saturated"],
    [
        [
            name,
            f"{val_mae[name][:, 0].mean():.3f}",
            f"{val_mae[name][:, -1].mean():.3f}",
            f"{np.ptp(val_mae[name][:, -1]):.3f}",
            " and ".join(map(str, dead[name])),
            f"{saturated[name]:.0%}",
        ]
        for name in by_error
    ],
    f"Validation MAE in eV/atom (mean of the seeds), dead units of {n_units} (one number a seed), and share of all "
    "pairs of unit and train row with |σ′| < 0.01.",
)

# %%
figure = new_figure(10.4, 4.9)
left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
epochs = np.arange(1, EPOCHS + 1)
SHOWN = {"relu": BLUE, "gelu": GREEN, "tanh": ORANGE, "sigmoid": VERMILLION, "softshrink": PURPLE}
for name in by_error:
    if name not in SHOWN:
        left.plot(epochs, val_mae[name].mean(axis=0), color=GREY, linewidth=0.8, alpha=0.7)
for name, colour in SHOWN.items():
    left.plot(epochs, val_mae[name].mean(axis=0), "o-", color=colour, linewidth=2, markersize=4, label=name)
left.plot([], [], color=GREY, linewidth=0.8, label="the others")
right.axvline(mean_mae, color="black", linewidth=1, linestyle=":")
left.axhline(mean_mae, color="black", linewidth=1, linestyle=":", label="always the mean")
for row, name in enumerate(by_error):
    right.plot(val_mae[name][:, -1], [row] * len(SEEDS), "o-", color=SHOWN.get(name, GREY), markersize=6, linewidth=1)
right.set_yticks(range(len(by_error)), by_error)
right.invert_yaxis()
ticks = [0.1, 0.2, 0.3, 0.5, 0.7]
left.set_yscale("log")
left.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
left.minorticks_off()
right.set_xscale("log")
right.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
right.minorticks_off()
right.grid(axis="y", alpha=0.3, linewidth=0.6)
left.set_xticks(epochs[1::2])
left.legend(fontsize=LEGEND, frameon=False, loc="lower left", ncols=2)
label_axes(left, "epoch", "validation MAE (eV/atom)", "Mean of two seeds")
label_axes(right, "validation MAE (eV/atom)", "", f"After epoch {EPOCHS}, one dot a seed")
show(figure, "training", "The same network and the same rows; only the activation differs.")
best, worst = by_error[0], by_error[-1]
chance = max(np.ptp(val_mae[name][:, -1]) for name in by_error)
say(
    f"The smallest error has {best}: {val_mae[best][:, -1].mean():.3f} eV/atom. But the same activation differs by up "
    f"to {chance:.3f} between two seeds, so neighbours in this list could as well change places. What is no chance: "
    f"{worst} stays at {val_mae[worst][:, -1].mean():.3f}, where a model that always answers the mean of the train "
    f"rows has {mean_mae:.3f}; and the sigmoid starts slowly ({val_mae['sigmoid'][:, 2].mean():.3f} after three "
    f"epochs, relu {val_mae['relu'][:, 2].mean():.3f})."
)

# %% [markdown]
# ## Dead units
#
# A unit is **dead** here if |σ′(z)| < 0.01 for every train row. Whatever the row, (nearly) no gradient passes through
# it, so its weights do not move, and it stays dead. Two ways to die:
#
# - **at birth**: `softshrink` is flat between −1/2 and 1/2, and the small starting weights put most of z there,
#   the more the deeper the layer;
# - **by accident**: one large step makes the bias of a ReLU unit so negative that z < 0 for all rows. The larger the
#   learning rate, the more often. A slope on the left side (`prelu`) keeps the way back open, unless the network
#   learns a slope near zero.

# %%
RATES, STEPS_ON_THE_WAY = (2e-3, 1e-2, 3e-2, 1e-1), 4
COMPARED = {"relu": BLUE, "gelu": GREEN, "prelu": SKY}
dead_at = {
    name: [
        int((slopes_in_network(train(name, rate=rate, epochs=STEPS_ON_THE_WAY), name) < NEARLY_ZERO).all(axis=0).sum())
        for rate in RATES
    ]
    for name in COMPARED
}
figure = new_figure(10.4, 4.6)
left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
by_share = sorted(jobs, key=lambda name: (saturated[name], np.mean(dead[name])))
place = np.arange(len(by_share))
left.barh(
    place - 0.2, [100 * saturated[name] for name in by_share], 0.4, color=SKY, label="pairs of unit and row saturated"
)
left.barh(
    place + 0.2, [100 * np.mean(dead[name]) / n_units for name in by_share], 0.4, color="black", label="units dead"
)
left.set_yticks(place, by_share)
left.set_xlim(0, 104)
left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
for name, colour in COMPARED.items():
    right.plot(RATES, dead_at[name], "o-", color=colour, linewidth=2, label=name)
right.set_xscale("log")
right.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
right.minorticks_off()
right.set_ylim(-4, n_units + 4)
right.legend(fontsize=LEGEND, frameon=False)
right.grid(alpha=0.25, linewidth=0.6)
label_axes(left, "share (%)", "", f"After {EPOCHS} epochs, learning rate {RATE:g}")
label_axes(right, "learning rate", f"dead units of {n_units}", f"After {STEPS_ON_THE_WAY} epochs")
show(figure, "dead_units", "Saturated pairs and dead units of the trained networks, and dead units by learning rate.")
say(
    f"With softshrink {dead['softshrink'][0]} of {n_units} units are dead, with relu {dead['relu'][0]}. At a learning "
    f"rate of {RATES[-1]:g} it is {dead_at['relu'][-1]} units with relu, {dead_at['gelu'][-1]} with gelu and "
    f"{dead_at['prelu'][-1]} with prelu. That many units of a ReLU network are saturated for a given row "
    f"({saturated['relu']:.0%} of all pairs) is normal, and what makes it non-linear; what hurts is a unit that is "
    "saturated for all rows."
)

# %% [markdown]
# ## What to take home
#
# - For hidden layers, start with relu, gelu or swish. Among the good ones the choice matters little.
# - The sigmoid belongs to the output of a classifier, where its range 0 to 1 is a probability (lesson 1). In hidden
#   layers its small derivative slows training, the more the deeper the network (lesson 5).
# - If a network does not learn at all, count its dead units.
#
# ## Exercises

# %%
exercise("3.1")
exercise("3.2")
exercise("3.3")
exercise("3.4")
exercise("3.5")
exercise("3.6")
