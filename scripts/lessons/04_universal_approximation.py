# time: 15 s

# %% [markdown]
# # 4. Universal approximation
#
# One hidden layer with enough units can come as close as you like to any continuous function on a closed interval
# (Cybenko 1989; Hornik 1991). Here you watch it happen on two functions of the periodic table, one rugged and one with
# jumps; then where the theorem does not help, and what more than one layer buys.
#
# A network of one input x and one hidden layer of n units computes
#
#     h = σ(xW₁ + b₁)      y′ = hw₂ + b₂
#
# With σ = tanh each unit is one smooth step: it rises where xW + b = 0, and the larger its weight, the steeper. The
# output is a sum of n such steps. The theorem says that a sum of steps can follow any continuous curve. It does not
# say how many steps, how to find them, or what happens where there are no data.

# %%
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.schema import TrainingConfig
from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    SKY,
    TICKS,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.seeding import borrowed_torch_rng, torch_generator
from formation_mlp.training.optim import build_optimizers

limit_threads()

LAST_FITTED, WIDTHS, SEEDS = 86, (2, 4, 8, 16, 32, 64, 128, 256, 512), (0, 1, 2)


def tabulated(source, name):
    """Return a property of the elements by atomic number; entry 0 is empty."""
    elements = load_table(source)
    return elements.values[:, elements.properties.index(name)]


radius = tabulated("radii", "covalent")
known = np.flatnonzero(np.isfinite(radius))
beyond = known[known > LAST_FITTED]
Z = known[known <= LAST_FITTED]
say(
    f"The first function is the covalent radius against the atomic number Z, in Å. The table of the toolkit has "
    f"{len(known)} elements, from {SYMBOLS[known[0]]} to {SYMBOLS[known[-1]]}. The networks see the {len(Z)} up to "
    f"{SYMBOLS[LAST_FITTED]}; the {len(beyond)} heavier ones are kept for later. The radius drops along each period, "
    "and jumps up where a new shell begins: one variable, but a rugged curve."
)

# %% [markdown]
# ## How the networks are trained here
#
# We want to know what a network of a given width **can** do, so training gets the best conditions: all points in every
# step, double precision, steps of the hidden layer spread over the whole range at the start (the steeper, the more
# there are), and a second-order method (Levenberg and Marquardt). That method solves for the change d of all weights
# that would make the residuals r vanish if the network were linear in its weights, with J = dy′/dw:
#
#     (JᵀJ + λ1) d = Jᵀr
#
# It is far too expensive for large networks and large data, but for a hundred points it is the best there is. It stops
# when the error is below 0.0001 standard deviations of y or hardly falls any more, at the latest after 90 steps.

# %%
STEPS, CLOSE_ENOUGH, PATIENCE = 90, 1e-4, 25


@dataclass
class Fit:
    """A trained network of one variable, and the root mean square error after each step, in the unit of y."""

    network: MLP
    ends: tuple[float, float]
    centre: float
    scale: float
    errors: list[float]

    def __call__(self, z):
        """Return predictions for atomic numbers."""
        with torch.no_grad():
            return self.network(as_input(z, *self.ends)).numpy() * self.scale + self.centre


def as_input(z, first=1, last=LAST_FITTED):
    """Return atomic numbers as x, a matrix of one column; the first fitted one becomes -1 and the last one 1."""
    return torch.tensor(2 * (np.asarray(z, float) - first) / (last - first) - 1)[:, None]


def start(hidden, seed):
    """Return a network whose first hidden layer has its steps spread evenly at random over -1 to 1."""
    with borrowed_torch_rng(torch_generator(seed, "weights")):
        network = MLP(1, hidden, "tanh").double()
        centres = 2 * torch.rand(hidden[0], dtype=torch.float64) - 1
    with torch.no_grad():
        first = network.body[0]
        first.weight.copy_(first.weight.sign() * max(4, hidden[0]))
        first.bias.copy_(-first.weight[:, 0] * centres)
    return network


def fit(hidden, z, y, seed):
    """Fit a network to y at z with the method of Levenberg and Marquardt."""
    ends = float(z[0]), float(z[-1])
    network, x = start(hidden, seed), as_input(z, *ends)
    centre, scale = y.mean(), y.std()
    target = torch.tensor((y - centre) / scale)
    weights = dict(network.named_parameters())
    slopes = vmap(grad(lambda weights, row: functional_call(network, weights, (row[None],))[0]), (None, 0))

    @torch.no_grad()
    def residuals():
        return target - network(x)

    r, damping, errors = residuals(), 1.0, []
    for _ in range(STEPS):
        by_weight = slopes({name: w.detach() for name, w in weights.items()}, x)
        J = torch.cat([by_weight[name].reshape(len(x), -1) for name in weights], dim=1)
        before = nn.utils.parameters_to_vector(weights.values()).detach()
        for _ in range(8):  # raise the damping until the step helps
            nn.utils.vector_to_parameters(before + damped_step(J, r, damping), weights.values())
            after = residuals()
            if after.square().mean() < r.square().mean():
                r, damping = after, max(damping / 3, 1e-8)
                break
            damping *= 4
        else:
            nn.utils.vector_to_parameters(before, weights.values())
            break
        errors.append(float(r.square().mean().sqrt()) * scale)
        if errors[-1] < CLOSE_ENOUGH * scale or (len(errors) > PATIENCE and errors[-1] > 0.999 * errors[-PATIENCE]):
            break
    return Fit(network, ends, centre, scale, errors)


def damped_step(J, r, damping):
    """Solve (JᵀJ + λ1) d = Jᵀr, in the smaller of its two equivalent forms."""
    n, p = J.shape
    if p < n:
        return torch.linalg.solve(J.T @ J + damping * torch.eye(p, dtype=J.dtype), J.T @ r)
    return J.T @ torch.linalg.solve(J @ J.T + damping * torch.eye(n, dtype=J.dtype), r)


def rms(difference):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(difference))))


# %% [markdown]
# ## Error against width

# %%
radius_fits = {width: [fit([width], Z, radius[Z], seed) for seed in SEEDS] for width in WIDTHS}
radius_error = {width: [rms(f(Z) - radius[Z]) for f in fits] for width, fits in radius_fits.items()}
table(
    ["units", "weights", "median error", "best", "worst"],
    [
        [
            str(width),
            str(n_parameters(radius_fits[width][0].network)),
            f"{np.median(errors):.2g}",
            f"{min(errors):.2g}",
            f"{max(errors):.2g}",
        ]
        for width, errors in radius_error.items()
    ],
    f"Covalent radius: root mean square error in Å at the {len(Z)} fitted elements, {len(SEEDS)} seeds.",
)
fine = np.linspace(1, LAST_FITTED, 3401)
chosen = (2, 8, 32, 256)
figure = new_figure(10.4, 5.6)
for ax, width in zip(figure.subplots(2, 2, sharex=True, sharey=True).flat, chosen, strict=True):
    best = radius_fits[width][int(np.argmin(radius_error[width]))]
    ax.plot(Z, radius[Z], "o", color=GREY, markersize=4)
    ax.plot(fine, best(fine), color=BLUE, linewidth=1.6)
    ax.text(
        0.98,
        0.05,
        f"{width} units, {n_parameters(best.network)} weights, RMS error {min(radius_error[width]):.2g} Å",
        transform=ax.transAxes,
        ha="right",
        fontsize=LABEL,
    )
    ax.set_ylim(0, 2.75)
    for z in (3, 11, 19, 37, 55):
        ax.annotate(SYMBOLS[z], (z, radius[z]), (0, 4), textcoords="offset points", ha="center", fontsize=TICKS)
    label_axes(ax, "", "", None)
figure.supxlabel("atomic number Z", fontsize=LABEL)
figure.supylabel("covalent radius (Å)", fontsize=LABEL)
show(figure, "radius_fits", "Covalent radius of the elements, and the best of three networks of each width.")
enough = next(width for width in WIDTHS if np.median(radius_error[width]) < 0.001)
say(
    f"Two units follow the rough trend only. From {enough} units on the error is below 0.001 Å, less than the "
    f"rounding of the table (0.01 Å): there are more steps than the {len(Z)} points, so each point can have its own. "
    "In between the error does not fall evenly: which minimum training finds is a matter of the start (see the seeds)."
)

# %% [markdown]
# ## A function with jumps
#
# The second function is discontinuous: the number of the period, a staircase over Z that rises by one after each
# noble gas. Between two whole numbers we let it jump half-way. The theorem speaks of continuous functions, and a
# network is one. At a jump of height 1 a continuous curve is wrong by at least 1/2 somewhere, however many units it
# has. But the region where it is wrong becomes narrow.
#
# Here we know good weights without any training: one steep unit for each jump, in the middle of it. Such a network is
# made by hand first, and then compared with trained ones.

# %%
period_of = tabulated("magpie", "Row")
whole = np.flatnonzero(np.isfinite(period_of))


def period(z):
    """Return the period at any z between 1 and the last element; it jumps half-way between two elements."""
    return period_of[np.floor(np.asarray(z) + 0.5).astype(int)]


jumps = whole[1:][np.diff(period_of[whole]) > 0] - 0.5
steps_z = np.arange(1, whole[-1], 0.5) + 0.25  # two points for each element; the jumps are midway between points
very_fine = np.linspace(steps_z[0], steps_z[-1], 12_001)
very_fine = np.sort(np.concatenate([very_fine, jumps - 1e-9, jumps + 1e-9]))  # both sides of each jump
period_fits = {width: [fit([width], steps_z, period(steps_z), seed) for seed in SEEDS] for width in WIDTHS}
period_error = {width: [np.abs(f(very_fine) - period(very_fine)) for f in fits] for width, fits in period_fits.items()}
mean_error = {width: [float(e.mean()) for e in errors] for width, errors in period_error.items()}
max_error = {width: [float(e.max()) for e in errors] for width, errors in period_error.items()}


def staircase(steepness):
    """Return the network with one unit of the given steepness (per element) at each jump."""
    network = MLP(1, [len(jumps)], "tanh").double()
    with torch.no_grad():
        network.body[0].weight.fill_(steepness)
        network.body[0].bias.copy_(torch.tensor(-steepness * jumps))
        network.head.weight.fill_(0.5)
        network.head.bias.fill_(1 + 0.5 * len(jumps))
    return network


with torch.no_grad():
    by_hand = np.abs(staircase(50.0)(torch.tensor(very_fine)[:, None]).numpy() - period(very_fine))

figure = new_figure(10.4, 3.9)
left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
left.plot(very_fine, period(very_fine), color=GREY, linewidth=3, alpha=0.6, label="period")
right.plot(very_fine, period(very_fine), color=GREY, linewidth=3, alpha=0.6)
for width, colour, style in ((2, ORANGE, "-"), (8, VERMILLION, "-"), (128, BLUE, "--")):
    best = period_fits[width][int(np.argmin(mean_error[width]))]
    left.plot(very_fine, best(very_fine), style, color=colour, linewidth=1.5, label=f"{width} units")
    right.plot(very_fine, best(very_fine), style, color=colour, linewidth=1.8)
left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
right.set_xlim(52, 58)
right.set_ylim(4.6, 6.4)
label_axes(left, "atomic number Z", "period", None)
label_axes(right, "atomic number Z", "period", "At the jump from Xe (54) to Cs (55)")
show(figure, "period_fits", "The period of the elements and networks of three widths; right: one jump, enlarged.")

# %%
figure = new_figure(10.4, 4.0)
left, right = figure.subplots(1, 2)


def against_width(ax, errors, colour, label):
    """Draw the errors of all seeds as dots and their medians as a line."""
    for width, values in errors.items():
        ax.plot([width] * len(values), values, "o", color=colour, markersize=4, alpha=0.5, markeredgewidth=0)
    ax.plot(list(errors), [np.median(values) for values in errors.values()], color=colour, linewidth=2, label=label)


against_width(left, radius_error, BLUE, "RMS error at the elements")
left.axhline(0.01, color="black", linewidth=1, linestyle=":", label="last digit of the table")
against_width(right, max_error, VERMILLION, "largest error")
against_width(right, mean_error, BLUE, "mean error")
right.axhline(0.5, color="black", linewidth=1, linestyle=":", label="half the height of a jump")
for ax in (left, right):
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
    ax.minorticks_off()
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False)
label_axes(left, "hidden units", "error (Å)", "Covalent radius")
label_axes(right, "hidden units", "error (periods)", "Period: a staircase")
show(figure, "error_against_width", "Error against width; dots are seeds, lines their medians.")
say(
    f"The staircase has {len(jumps)} jumps. The network made by hand, with as many units, has a mean error of "
    f"{by_hand.mean():.4f} periods and a largest error of {by_hand.max():.2f}. The trained ones: mean error "
    f"{np.median(mean_error[8]):.3f} with 8 units and {np.median(mean_error[512]):.3f} with 512, and a largest error "
    f"of {min(min(values) for values in max_error.values()):.2f} or more at every width. More units make the wrong "
    "region narrow, but not the error in it small; near a jump the curves even overshoot."
)

# %% [markdown]
# ## Where it fails
#
# **Between the points.** Now only every second element is shown to the network. The others measure what it says
# between the points. The opponent is as simple as can be: a straight line between the two neighbours.
#
# **Outside the range.** The network knows Z = 1 to 86. It does not know that the table is periodic.

# %%
seen, hidden = Z[::2], Z[1:-1:2]
half_fits = {width: [fit([width], seen, radius[seen], seed) for seed in SEEDS] for width in WIDTHS[::2]}
seen_error = {width: [rms(f(seen) - radius[seen]) for f in fits] for width, fits in half_fits.items()}
hidden_error = {width: [rms(f(hidden) - radius[hidden]) for f in fits] for width, fits in half_fits.items()}
beyond_error = {width: [rms(f(beyond) - radius[beyond]) for f in fits] for width, fits in radius_fits.items()}
straight_error = rms(np.interp(hidden, seen, radius[seen]) - radius[hidden])

figure = new_figure(10.4, 6.6)
top, bottom = figure.subfigures(2, 1)
left, right = top.subplots(1, 2, width_ratios=[1.25, 1])
picture = 32
one = half_fits[picture][0]
left.plot(fine, one(fine), color=BLUE, linewidth=1.3)
left.plot(seen, radius[seen], "o", color=GREY, markersize=4, label="seen")
left.plot(hidden, radius[hidden], "x", color=VERMILLION, markersize=5, label="not seen")
left.set_ylim(0, 3.1)
left.legend(fontsize=LEGEND, frameon=False, ncols=2, loc="upper left")
label_axes(left, "atomic number Z", "covalent radius (Å)", f"Every second element seen, {picture} units")
against_width(right, seen_error, GREY, "seen elements")
against_width(right, hidden_error, VERMILLION, "elements between them")
right.axhline(straight_error, color="black", linewidth=1, linestyle=":", label="straight lines")
right.set_xscale("log", base=2)
right.set_yscale("log")
right.set_xticks(WIDTHS[::2], [str(width) for width in WIDTHS[::2]])
right.minorticks_off()
right.grid(alpha=0.25, linewidth=0.6)
right.legend(fontsize=LEGEND, frameon=False, loc="lower left")
label_axes(right, "hidden units", "RMS error (Å)", None)
ax = bottom.subplots()
outside = np.linspace(60, known[-1] + 12, 1500)
ax.axvspan(LAST_FITTED, outside[-1], color=GREY, alpha=0.15, linewidth=0)
for width, colour, style in ((8, ORANGE, "-"), (16, GREEN, "--"), (64, SKY, "-.")):
    ax.plot(outside, radius_fits[width][0](outside), style, color=colour, linewidth=1.8, label=f"{width} units")
ax.plot(Z, radius[Z], "o", color=GREY, markersize=4, label="fitted")
ax.plot(beyond, radius[beyond], "x", color=VERMILLION, markersize=6, label="beyond")
ax.annotate("Fr", (beyond[0], radius[beyond[0]]), (0, 5), textcoords="offset points", ha="center", fontsize=TICKS)
ax.set_xlim(outside[0], outside[-1])
ax.set_ylim(0.8, 3.4)
ax.legend(fontsize=LEGEND, frameon=False, ncols=5, loc="upper left")
label_axes(ax, "atomic number Z", "covalent radius (Å)", f"Outside the range: nothing fitted above {LAST_FITTED}")
show(
    figure, "where_it_fails", "A perfect fit of what was seen says little about what lies between, and nothing beyond."
)
between = [float(np.median(errors)) for errors in hidden_error.values()]
outside_error = [float(np.median(errors)) for errors in beyond_error.values()]
say(
    f"At the seen elements the error falls from {np.median(seen_error[2]):.2f} Å with 2 units to "
    f"{np.median(seen_error[512]):.0e} Å with 512. At the elements between them it stays between {min(between):.2f} "
    f"and {max(between):.2f} Å at all widths, where straight lines have {straight_error:.2f} Å. Beyond "
    f"{SYMBOLS[LAST_FITTED]} it is {min(outside_error):.2f} to {max(outside_error):.2g} Å; who always answers the mean "
    f"of those {len(beyond)} radii has {radius[beyond].std():.2f} Å. Far outside every tanh unit is saturated, and the "
    "output a constant."
)

# %% [markdown]
# **In training.** That good weights exist does not mean that the usual training finds them. Below the same network
# starts from the same weights twice: once with the second-order method, once with the toolkit's Adam.

# %%
ADAM_STEPS, COMPARED = 1000, 16
network, x = start([COMPARED], 0), as_input(Z)
centre, scale = radius[Z].mean(), radius[Z].std()
target = torch.tensor((radius[Z] - centre) / scale)
optimizers = build_optimizers(
    network,
    TrainingConfig(optimizer="adam", learning_rate=0.01, weight_decay=0.0, schedule="cosine"),
    ADAM_STEPS,
)
adam_errors = []
for step in range(ADAM_STEPS):
    optimizers.zero_grad()
    loss = nn.functional.mse_loss(network(x), target)
    loss.backward()
    optimizers.step(step)
    adam_errors.append(float(loss.detach().sqrt()) * scale)
second_order = radius_fits[COMPARED][0].errors
figure = new_figure(6.6, 3.6)
ax = figure.add_subplot()
ax.loglog(np.arange(1, len(adam_errors) + 1), adam_errors, color=ORANGE, linewidth=2, label="Adam")
ax.loglog(np.arange(1, len(second_order) + 1), second_order, color=BLUE, linewidth=2, label="Levenberg, Marquardt")
ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
ticks = [0.05, 0.1, 0.2, 0.4]
ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
ax.grid(alpha=0.25, linewidth=0.6)
ax.legend(fontsize=LEGEND, frameon=False)
label_axes(ax, "step", "RMS error (Å)", f"{COMPARED} units, same start, same points")
show(
    figure, "training_is_another_matter", "The same network from the same start: what is possible, and what Adam finds."
)
say(
    f"Adam is at {adam_errors[-1]:.3f} Å after {ADAM_STEPS} steps, the second-order method at {second_order[-1]:.3f} Å "
    f"after {len(second_order)}. Gradient descent learns the smooth part of a function first, and the rugged part late."
)

# %% [markdown]
# ## What depth buys
#
# First with the covalent radius: networks of one to four hidden layers, with as nearly as possible the same number of
# weights, and trained in the same way.

# %%
BUDGET, DEPTHS = 100, (1, 2, 3, 4)


def width_for(depth):
    """Return the width at which a network has a number of weights nearest to the budget."""
    return min(range(2, 100), key=lambda width: abs(n_parameters(MLP(1, [width] * depth, "tanh")) - BUDGET))


deep_fits = {depth: [fit([width_for(depth)] * depth, Z, radius[Z], seed) for seed in SEEDS] for depth in DEPTHS}
deep_error = {depth: [rms(f(Z) - radius[Z]) for f in fits] for depth, fits in deep_fits.items()}
deep_beyond = {depth: [rms(f(beyond) - radius[beyond]) for f in fits] for depth, fits in deep_fits.items()}
table(
    ["hidden layers", "units each", "weights", "median error", "best", "worst", "beyond Rn"],
    [
        [
            str(depth),
            str(width_for(depth)),
            str(n_parameters(deep_fits[depth][0].network)),
            f"{np.median(errors):.3f}",
            f"{min(errors):.3f}",
            f"{max(errors):.3f}",
            f"{np.median(deep_beyond[depth]):.2f}",
        ]
        for depth, errors in deep_error.items()
    ],
    f"Covalent radius: RMS error in Å at the fitted elements, {len(SEEDS)} seeds; last column: at the elements beyond.",
)

# %% [markdown]
# Second, an example that can be worked out by hand (Telgarsky 2015). Two ReLU units make a tent over 0 to 1:
#
#     t(x) = 2 max(x, 0) − 4 max(x − 1/2, 0)
#
# A tent of a tent has two peaks, and a tent of that four: each layer of two units **doubles** the number of straight
# pieces. In one hidden layer each unit adds one kink only. We write these weights into the toolkit's MLP, and count.


# %%
def tents(depth):
    """Return the network t(t(...t(x))) with the given number of hidden layers of two units."""
    network = MLP(1, [2] * depth, "relu").double()
    with torch.no_grad():
        for i, layer in enumerate(part for part in network.body if isinstance(part, nn.Linear)):
            layer.weight.copy_(torch.tensor([[2.0, -4.0]] * 2 if i else [[1.0]] * 2))
            layer.bias.copy_(torch.tensor([0.0, -0.5]))
        network.head.weight.copy_(torch.tensor([[2.0, -4.0]]))
        network.head.bias.zero_()
    return network


def n_pieces(network, grid=2**14):
    """Count the straight pieces over 0 to 1; kinks lie on the grid."""
    x = torch.linspace(0, 1, grid + 1, dtype=torch.float64)[:, None]
    with torch.no_grad():
        slope = torch.diff(network(x)) * grid
    return 1 + int((torch.diff(slope).abs() > 1e-6).sum())


DEEP = (1, 2, 3, 4, 6, 8)
figure = new_figure(10.4, 4.4)
left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
place = np.arange(len(DEPTHS))
left.bar(place, [np.median(deep_error[depth]) for depth in DEPTHS], 0.6, color=SKY)
for i, depth in enumerate(DEPTHS):
    left.plot([i] * len(SEEDS), deep_error[depth], "o", color=BLUE, markersize=5)
left.set_xticks(place, [f"{d} × {width_for(d)}\n{n_parameters(deep_fits[d][0].network)} weights" for d in DEPTHS])
left.set_ylim(0, None)
label_axes(left, "hidden layers × units", "RMS error at the elements (Å)", "Covalent radius (bar: median of the seeds)")
right.axis("off")
right.set_title("Tents: two ReLU units a layer", fontsize=TITLE)
unit = np.linspace(0, 1, 2049)
for i, depth in enumerate((1, 2, 3, 5)):
    inner = right.inset_axes([0.0 + 0.52 * (i % 2), 0.56 - 0.53 * (i // 2), 0.47, 0.33])
    with torch.no_grad():
        inner.plot(unit, tents(depth)(torch.tensor(unit)[:, None]).numpy(), color=BLUE, linewidth=1.3)
    inner.set_title(f"{depth} layer{'s' * (depth > 1)}: {n_pieces(tents(depth))} pieces", fontsize=LABEL)
    inner.set_xticks([0, 0.5, 1])
    inner.set_yticks([0, 1])
    inner.tick_params(labelsize=TICKS)
    inner.set_xlabel("$x$", fontsize=TICKS, labelpad=0)
show(figure, "depth", "Left: one to four layers with as many weights. Right: what composing layers can do.")
pieces = {depth: n_pieces(tents(depth)) for depth in DEEP}
table(
    ["hidden layers", "straight pieces", "weights", "weights that one hidden layer needs for them"],
    [[str(d), str(pieces[d]), str(n_parameters(tents(d))), str(n_parameters(MLP(1, [pieces[d] - 1])))] for d in DEEP],
)
best_depth = min(DEPTHS, key=lambda depth: np.median(deep_error[depth]))
say(
    f"With about {BUDGET} weights, {best_depth} hidden layers have an error of {np.median(deep_error[best_depth]):.3f} "
    f"Å, one has {np.median(deep_error[1]):.3f} Å. Beyond the last fitted element depth does not help. The tents "
    f"show why depth can pay: {DEEP[-1]} layers of two units draw {pieces[DEEP[-1]]} straight pieces with "
    f"{n_parameters(tents(DEEP[-1]))} weights, one layer needs {n_parameters(MLP(1, [pieces[DEEP[-1]] - 1]))}. Layers "
    "reuse what lies below them; whether a real function has anything to reuse is another question."
)

# %% [markdown]
# ## What to take home
#
# - One hidden layer is enough in principle; the width you need depends on how rugged the function is.
# - A small training error shows that the network is wide enough, not that it is right between the points.
# - Outside the range of the data an MLP answers, too, without any reason. (What the toolkit does about it: the domain
#   check of every prediction.)
# - Depth is a way to say more with as many weights, if the function is made of parts.
#
# ## Exercises

# %%
exercise("4.1")
exercise("4.2")
exercise("4.3")
exercise("4.4")
exercise("4.5")
