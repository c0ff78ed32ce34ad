# time: 25 s

# %% [markdown]
# # 4. Universal approximation
#
# One hidden layer with enough units can come as close as you like to any continuous function on a closed interval
# (Cybenko 1989; Hornik 1991). Here you watch it happen on two functions of the periodic table, one rugged and one with
# jumps; then where the theorem does not help, and what more than one layer buys.
#
# A network of one input $x$ and one hidden layer of $n$ units computes
# $$h = \sigma(w x + b) \qquad \hat y = v \cdot h + c$$
# With $\sigma = \tanh$ each unit is one smooth step: it rises where $w x + b = 0$, and the larger its weight, the
# steeper. The output is a sum of $n$ such steps.
#
# What exactly does the theorem promise? That a sum of steps can follow any continuous curve. It does not say how many
# steps that takes, how to find them, or what happens where there are no data.

# %%
import numpy as np
import torch
from torch import nn

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.schema import TrainingConfig
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.curve_fitting import as_input, fit, start
from formation_mlp.lessons.drawing import approximation as draw
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.training.optim import build_optimizers

limit_threads()

# %% [markdown]
# ## A rugged function
#
# The first function is the covalent radius against the atomic number Z. How hard can a function of one variable be?
# This one drops along each period, and jumps up where a new shell begins.

# %%
LAST_FITTED, WIDTHS, SEEDS = 86, (2, 4, 8, 16, 32, 64, 128, 256, 512), (0, 1, 2)


def tabulated(source, name):
    """Return a property of the elements by atomic number; entry 0 is empty."""
    elements = load_table(source)
    return elements.values[:, elements.properties.index(name)]


radius = tabulated("radii", "covalent")
known = np.flatnonzero(np.isfinite(radius))
Z, beyond = known[known <= LAST_FITTED], known[known > LAST_FITTED]
say(
    f"The table of the toolkit has {len(known)} elements, from {SYMBOLS[known[0]]} to {SYMBOLS[known[-1]]}, with radii "
    f"in Å. The networks see the {len(Z)} up to {SYMBOLS[LAST_FITTED]}; the {len(beyond)} heavier ones are kept for "
    "later."
)

# %% [markdown]
# ## How the networks are trained here
#
# We want to know what a network of a given width **can** do. So training gets the best conditions: all points in every
# step, double precision, steps of the hidden layer spread over the whole range at the start, and a second-order method,
# that of Levenberg and Marquardt. It asks: by which change $d$ of all weights would the residuals $r$ vanish, if the
# network were linear in its weights? With the derivatives $J = \partial \hat y / \partial w$ the answer is
# $$(J^\top J + \lambda 1)\, d = J^\top r$$
# where λ keeps the steps short as long as they do not help. This is far too expensive for large networks and large
# data, but for a hundred points it is the best there is. The function `fit` stops when the error is below 0.0001
# standard deviations or hardly falls any more, at the latest after 90 steps.

# %%
ENOUGH, LATEST = 0.0001, 90  # the limits of `fit`, for the text above


def rms(difference):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(difference))))


# %% [markdown]
# ## How does the error depend on the width?

# %%
radius_fits = {width: [fit([width], Z, radius[Z], seed) for seed in SEEDS] for width in WIDTHS}
radius_error = {width: [rms(f(Z) - radius[Z]) for f in fits] for width, fits in radius_fits.items()}
n_weights = {width: n_parameters(fits[0].network) for width, fits in radius_fits.items()}
table(
    ["units", "weights", "median error", "best", "worst"],
    [
        [width, n_weights[width], f"{np.median(errors):.2g}", f"{min(errors):.2g}", f"{max(errors):.2g}"]
        for width, errors in radius_error.items()
    ],
    f"Covalent radius: root mean square error in Å at the {len(Z)} fitted elements, {len(SEEDS)} seeds.",
)

# %%
panels = []
for width in (2, 8, 32, WIDTHS[-2]):
    error = min(radius_error[width])
    best = radius_fits[width][radius_error[width].index(error)]
    panels.append((f"{width} units, {n_weights[width]} weights, RMS error {error:.2g} Å", best))
show(
    draw.radius_fits(Z, radius, panels),
    "radius_fits",
    "Covalent radius of the elements (grey), and the best of three networks of each width (blue).",
)
enough = next((width for width in WIDTHS if np.median(radius_error[width]) < 0.001), WIDTHS[-1])
say(
    f"Two units follow the rough trend only. From {enough} units on the error is below 0.001 Å, less than the rounding "
    f"of the table (0.01 Å): there are more steps than the {len(Z)} points, so each point can have its own. In between "
    "the error does not fall evenly, for which minimum training finds is a matter of the start (see the seeds)."
)

# %%
exercise("4.1")

# %% [markdown]
# ## A function with jumps
#
# What if the function is not continuous? The second function is the number of the period, a staircase over Z that rises
# by one after each noble gas. Between two whole numbers we let it jump half-way.
#
# The theorem speaks of continuous functions, and a network is one. At a jump of height 1 a continuous curve is wrong by
# at least 1/2 somewhere, however many units it has. But the region where it is wrong can become narrow.

# %%
period_of = tabulated("magpie", "Row")
whole = np.flatnonzero(np.isfinite(period_of))


def period(z):
    """Return the period at any z between 1 and the last element; it jumps half-way between two elements."""
    return period_of[np.floor(np.asarray(z) + 0.5).astype(int)]


jumps = whole[1:][np.diff(period_of[whole]) > 0] - 0.5
steps_z = np.arange(1, whole[-1], 0.5) + 0.25  # two points for each element; the jumps are midway between points
fine = np.linspace(steps_z[0], steps_z[-1], 12_001)
fine = np.sort(np.concatenate([fine, jumps - 1e-9, jumps + 1e-9]))  # both sides of each jump
period_fits = {width: [fit([width], steps_z, period(steps_z), seed) for seed in SEEDS] for width in WIDTHS}
wrong = {width: [np.abs(f(fine) - period(fine)) for f in fits] for width, fits in period_fits.items()}
mean_error = {width: [float(e.mean()) for e in errors] for width, errors in wrong.items()}
max_error = {width: [float(e.max()) for e in errors] for width, errors in wrong.items()}

# %% [markdown]
# Here we know good weights without any training: one steep unit for each jump, in the middle of it. How well does a
# network do that is made by hand?


# %%
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
    by_hand = np.abs(staircase(50.0)(torch.tensor(fine)[:, None]).numpy() - period(fine))
best = {width: period_fits[width][int(np.argmin(mean_error[width]))](fine) for width in (2, 8, WIDTHS[-3])}
show(
    draw.period_fits(fine, period(fine), best),
    "period_fits",
    "The period of the elements (grey) and networks of three widths; right: one jump, enlarged.",
)

# %%
show(
    draw.error_against_width(radius_error, mean_error, max_error),
    "error_against_width",
    "Error against width; dots are seeds, lines their medians. Left: the radius. Right: the largest error of the "
    "staircase (orange) does not fall, its mean error (blue) does.",
)
say(
    f"The staircase has {len(jumps)} jumps. The network made by hand, with as many units, has a mean error of "
    f"{by_hand.mean():.4f} periods and a largest error of {by_hand.max():.2f}. The trained ones have a mean error of "
    f"{np.median(mean_error[8]):.3f} with 8 units and {np.median(mean_error[WIDTHS[-1]]):.3f} with {WIDTHS[-1]}, and a "
    f"largest error of {min(min(values) for values in max_error.values()):.2f} or more at every width. More units make "
    "the wrong region narrow, but not the error in it small; near a jump the curves even overshoot."
)

# %%
exercise("4.2")

# %% [markdown]
# ## Where it fails: between the points
#
# Is a network that fits all points right between them? Now only every second element is shown to the network, and the
# others measure what it says between the points. The opponent is as simple as can be: a straight line between the two
# neighbours.

# %%
seen, hidden = Z[::2], Z[1:-1:2]
half_fits = {width: [fit([width], seen, radius[seen], seed) for seed in SEEDS] for width in WIDTHS[::2]}
seen_error = {width: [rms(f(seen) - radius[seen]) for f in fits] for width, fits in half_fits.items()}
hidden_error = {width: [rms(f(hidden) - radius[hidden]) for f in fits] for width, fits in half_fits.items()}
straight_error = rms(np.interp(hidden, seen, radius[seen]) - radius[hidden])
show(
    draw.between(seen, hidden, radius, (32, half_fits[32][0]), (seen_error, hidden_error), straight_error),
    "between",
    "Left: a fit (blue) of the seen elements (grey); those that were not seen are orange crosses. Right: the error at "
    "the seen elements falls with the width, that between them does not.",
)
medians = [float(np.median(errors)) for errors in hidden_error.values()]
say(
    f"At the seen elements the error falls from {np.median(seen_error[2]):.2f} Å with 2 units to "
    f"{np.median(seen_error[WIDTHS[-1]]):.0e} Å with {WIDTHS[-1]}. At the elements between them it stays between "
    f"{min(medians):.2f} and {max(medians):.2f} Å at all widths, where straight lines have {straight_error:.2f} Å."
)

# %% [markdown]
# ## Where it fails: outside the range
#
# The network knows Z = 1 to 86. Does it know that the table is periodic?

# %%
beyond_error = {width: [rms(f(beyond) - radius[beyond]) for f in fits] for width, fits in radius_fits.items()}
show(
    draw.outside(Z, beyond, radius, {width: radius_fits[width][0] for width in (8, 16, 64)}),
    "outside",
    "A perfect fit of what was seen says nothing about what lies beyond (grey area): the curves leave the true radii "
    "(orange crosses) at once.",
)
medians = [float(np.median(errors)) for errors in beyond_error.values()]
say(
    f"Beyond {SYMBOLS[LAST_FITTED]} the error is {min(medians):.2f} to {max(medians):.2g} Å; a model that always "
    f"answers the mean of those {len(beyond)} radii has {radius[beyond].std():.2f} Å. Far outside every tanh unit is "
    "saturated, and the output is a constant."
)

# %%
exercise("4.3")

# %% [markdown]
# ## Where it fails: in training
#
# That good weights exist does not mean that the usual training finds them. What does the toolkit's Adam find, from the
# same start as the second-order method?

# %%
ADAM_STEPS, COMPARED = 1000, 16
network, x = start([COMPARED], 0), as_input(Z, (1, LAST_FITTED))
scale = radius[Z].std()
target = torch.tensor((radius[Z] - radius[Z].mean()) / scale)
adam = TrainingConfig(optimizer="adam", learning_rate=0.01, weight_decay=0.0, schedule="cosine")
optimizers, adam_errors = build_optimizers(network, adam, ADAM_STEPS), []
for step in range(ADAM_STEPS):
    optimizers.zero_grad()
    loss = nn.functional.mse_loss(network(x), target)
    loss.backward()
    optimizers.step(step)
    adam_errors.append(float(loss.detach().sqrt()) * scale)

# %%
second_order = radius_fits[COMPARED][0].errors
show(
    draw.two_methods(adam_errors, second_order, f"{COMPARED} units, same start, same points"),
    "training_is_another_matter",
    "The same network from the same start: what is possible (blue), and what Adam finds (orange).",
)
say(
    f"Adam is at {adam_errors[-1]:.3f} Å after {ADAM_STEPS} steps, the second-order method at {second_order[-1]:.3f} Å "
    f"after {len(second_order)}. Gradient descent learns the smooth part of a function first, and the rugged part late."
)

# %% [markdown]
# ## What does depth buy?
#
# First with the covalent radius: we train networks of one to four hidden layers with as nearly as possible the same
# number of weights, all in the same way.

# %%
BUDGET, DEPTHS = 100, (1, 2, 3, 4)


def width_for(depth):
    """Return the width at which a network has a number of weights nearest to the budget."""
    return min(range(2, 100), key=lambda width: abs(n_parameters(MLP(1, [width] * depth, "tanh")) - BUDGET))


deep_fits = {depth: [fit([width_for(depth)] * depth, Z, radius[Z], seed) for seed in SEEDS] for depth in DEPTHS}
deep_error = {depth: [rms(f(Z) - radius[Z]) for f in fits] for depth, fits in deep_fits.items()}
named = {
    f"{depth} × {width_for(depth)}\n{n_parameters(deep_fits[depth][0].network)} weights": errors
    for depth, errors in deep_error.items()
}
show(draw.depth(named), "depth", "One to four layers with about as many weights; dots are seeds, bars their medians.")
best_depth = min(DEPTHS, key=lambda depth: np.median(deep_error[depth]))
say(
    f"With about {BUDGET} weights, {best_depth} hidden layers have an error of {np.median(deep_error[best_depth]):.3f} "
    f"Å, one has {np.median(deep_error[1]):.3f} Å."
)

# %% [markdown]
# Why can depth pay? An example can be worked out by hand (Telgarsky 2015). Two ReLU units make a tent over 0 to 1:
# $$t(x) = 2 \max(x, 0) - 4 \max(x - \frac{1}{2}, 0)$$
# A tent of a tent has two peaks, and a tent of that has four: each layer of two units **doubles** the number of
# straight pieces. In one hidden layer each unit adds one kink only. We write these weights into the toolkit's MLP, and
# count.


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


@torch.no_grad()
def values(network, n=2**14 + 1):
    """Return the output of a network at n points over 0 to 1."""
    return network(torch.linspace(0, 1, n, dtype=torch.float64)[:, None]).numpy()


# %%
def n_pieces(network):
    """Count the straight pieces over 0 to 1; kinks lie on the grid."""
    slope = np.diff(values(network)) * 2**14
    return 1 + int(np.sum(np.abs(np.diff(slope)) > 1e-6))


DEEP = (1, 2, 3, 4, 6, 8)
pieces = {depth: n_pieces(tents(depth)) for depth in DEEP}
table(
    ["hidden layers", "straight pieces", "weights", "weights that one hidden layer needs for them"],
    [[d, pieces[d], n_parameters(tents(d)), n_parameters(MLP(1, [pieces[d] - 1]))] for d in DEEP],
)
curves = [(f"{d} layer{'s' * (d > 1)}: {pieces[d]} pieces", values(tents(d), 2049)) for d in (1, 2, 3, 6)]
show(draw.tents(curves), "tents", "Tents: what composing layers of two ReLU units can do.")
say(
    f"{DEEP[-1]} layers of two units draw {pieces[DEEP[-1]]} straight pieces with {n_parameters(tents(DEEP[-1]))} "
    f"weights, where one layer needs {n_parameters(MLP(1, [pieces[DEEP[-1]] - 1]))}. Layers reuse what lies below "
    "them; whether a real function has anything to reuse is another question."
)

# %%
exercise("4.4")

# %% [markdown]
# ## What to take home
#
# - One hidden layer is enough in principle; the width you need depends on how rugged the function is.
# - A small training error shows that the network is wide enough, not that it is right between the points.
# - Outside the range of the data an MLP answers, too, without any reason. (What the toolkit does about it: the domain
#   check of every prediction.)
# - Depth is a way to say more with as many weights, if the function is made of parts.

# %%
exercise("4.5")
