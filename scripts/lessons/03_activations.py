# time: 20 s

# %% [markdown]
# # 3. Activations
#
# Lesson 2 showed that layers without a non-linearity collapse into one. Here is the non-linearity itself, in the
# eighteen forms that this toolkit knows: what each one looks like, where it stops passing on a gradient, what it
# costs, and what it does to the training of one and the same small network.
#
# A hidden layer computes $h = \sigma(z)$ with $z = W x + b$. The function $\sigma$, the **activation**, acts on every
# number of $z$ by itself. Which of its properties matter in practice?
#
# - Its **range**: the values that $h$ can have at all.
# - Its **derivative** $\sigma'(z)$: training multiplies by it in every layer (lesson 5).
# - Where it **saturates**: where $\sigma'(z)$ is nearly 0, a unit learns nothing. "Nearly" means between −0.01 and 0.01
#   in this lesson.

# %%
import math
import time
from dataclasses import replace

import numpy as np
import torch

from formation_mlp.config.loading import check_config
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import activations as draw
from formation_mlp.models.activations import ACTIVATIONS
from formation_mlp.runs.prepare import load_rows, network_training, prepare

limit_threads()
NEARLY_ZERO = 0.01

# %% [markdown]
# ## Eighteen formulas
#
# What can such a function look like? Ten of the eighteen are **rectifiers**: they grow without bound to the right, and
# stay near zero, or fall slowly, to the left. Each is written below in NumPy; the figures show the formulas.
#
# Two of the rectifiers have a slope $a$ on the left: `prelu` learns it, from 0.25 on; `rrelu` draws it at random
# between 1/8 and 1/3 in training, and takes the mean, 11/48, afterwards.

# %%
relu, relu6 = lambda z: np.maximum(z, 0), lambda z: np.clip(z, 0, 6)
softplus, logistic = lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
RECTIFIERS = {
    "relu": relu,
    "prelu": lambda z: relu(z) - 0.25 * relu(-z),
    "rrelu": lambda z: relu(z) - 11 / 48 * relu(-z),
    "elu": lambda z: relu(z) + np.expm1(-relu(-z)),
    "selu": lambda z: SCALE * (relu(z) + ALPHA * np.expm1(-relu(-z))),
    "softplus": softplus,
    "gelu": lambda z: z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "swish": lambda z: z * logistic(z),
    "mish": lambda z: z * np.tanh(softplus(z)),
    "hardswish": lambda z: z * relu6(z + 3) / 6,
}

# %% [markdown]
# Five others **squash** the whole axis into an interval. Three **shrink**: they set small inputs to (nearly) zero and
# let large ones through.

# %%
OTHERS = {
    "sigmoid": logistic,
    "tanh": np.tanh,
    "softsign": lambda z: z / (1 + abs(z)),
    "hardtanh": lambda z: np.clip(z, -1, 1),
    "hardsigmoid": lambda z: relu6(z + 3) / 6,
    "tanhshrink": lambda z: z - np.tanh(z),
    "softshrink": lambda z: z - np.clip(z, -0.5, 0.5),
    "hardshrink": lambda z: z * (abs(z) > 0.5),
}

# %% [markdown]
# Are these the functions of the toolkit? We compare all values, and let PyTorch find the derivatives.


# %%
def value_and_slope(name, z):
    """Return σ(z) and σ′(z) of the toolkit's own activation; the derivative is found by PyTorch."""
    sigma = ACTIVATIONS[name]().double().eval()  # eval: rrelu takes the mean of its random slope
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    h = sigma(z)
    h.sum().backward()
    return h.detach().numpy(), z.grad.numpy()


FORMULAS = RECTIFIERS | OTHERS
z = np.linspace(-20, 20, 40_001)
curves = {name: value_and_slope(name, z) for name in FORMULAS}
largest_difference = max(np.abs(FORMULAS[name](z) - curves[name][0]).max() for name in ACTIVATIONS)
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


flat = {name: saturated_pieces(name) for name in FORMULAS}
show(
    draw.curves(z, {name: curves[name] for name in RECTIFIERS}, flat, (-1.9, 4.2)),
    "rectifiers",
    "Rectifiers (blue) and their derivatives (orange, dashed); grey: where a function saturates. To the right the "
    "derivative is 1, or near it: no saturation on that side.",
)
show(
    draw.curves(z, {name: curves[name] for name in OTHERS}, flat, (-1.6, 2.2)),
    "bounded_and_shrinking",
    "Five functions with a bounded range, and three that shrink small inputs to zero, in the same colours.",
)

# %%
exercise("3.1")

# %% [markdown]
# ## Misprints that you may meet
#
# Formulas of activations are copied from slide to slide, and mistakes with them. How do you find one? Put in a number,
# check a sign, look at a limit.
#
# - You may see PReLU as $\max(0, x)$; that is ReLU. The right form is $\max(0, x) + a \min(0, x)$.
# - You may see ELU for $x < 0$ as $\alpha (x \exp x - 1)$, which jumps at zero unless α is 0. The right form is
#   $\alpha (\exp x - 1)$.
# - You may see SELU as $\alpha (\max(0, x) + \min(0, \beta (\exp x - 1)))$. The symbols differ, not the function: the
#   outer factor, α there, is the scale 1.0507009873554805 of the cell above, and β is what is called α there,
#   1.6732632423543772.
# - You may see RReLU with a slope $a$ drawn from $l$ to $u$; these are the limits 1/8 and 1/3 of this lesson.
# - You may see Mish and SoftPlus with a factor: $\frac{1}{\beta} \ln(1 + \exp(\beta x))$. With β = 1 they are the ones
#   of this lesson.
# - You may see SoftSign as $x / (1 + x)$, with a pole at −1. The right form is $x / (1 + |x|)$.

# %% [markdown]
# ## Range and saturation
#
# Where does each function stop passing on a gradient? Both columns are read off the curves: the range from the largest
# and the smallest value, saturation where the derivative is nearly zero. (The narrow places around the minimum of a
# smooth curve, less than 0.1 wide, do not count.)


# %%
def number(value):
    """Return a number with up to three digits, and zero without a sign."""
    return f"{value:.3g}".replace("-", "−") if abs(value) > 1e-3 else "0"


def value_range(name):
    """Return the range as text; an end is infinite where the function still grows at |z| = 10,000."""
    (left, right), _ = value_and_slope(name, np.array([-1e4, 1e4]))
    values = np.concatenate([curves[name][0], [left, right]])
    low = "−∞" if left < -100 else number(values.min())
    return f"{low} to {'∞' if right > 100 else number(values.max())}"


def interval(start, stop):
    """Return an interval of z as text."""
    low, high = number(round(start, 2)), number(round(stop, 2))
    return f"z < {high}" if start <= z[0] else f"z > {low}" if stop >= z[-1] else f"{low} < z < {high}"


# %%
at_zero = {name: value_and_slope(name, np.zeros(1))[1][0] for name in FORMULAS}
table(
    ["activation", "range of σ", "largest σ′", "σ′(0)", "saturated"],
    [
        [
            name,
            value_range(name),
            f"{curves[name][1].max():.2f}",
            f"{at_zero[name]:.2f}",
            ", ".join(interval(*ends) for ends in flat[name]) or "nowhere",
        ]
        for name in FORMULAS
    ],
)
sigmoid_slope, tanh_slope = curves["sigmoid"][1].max(), curves["tanh"][1].max()
say(
    f"The derivative of the sigmoid is {sigmoid_slope:.2f} at most, so it makes a gradient at least "
    f"{1 / sigmoid_slope:.0f} times smaller in each layer; that of tanh reaches {tanh_slope:.0f}. Nowhere saturated: "
    f"{', '.join(name for name in FORMULAS if not flat[name])}."
)

# %%
exercise("3.2")
exercise("3.3")
exercise("3.4")

# %% [markdown]
# ## What does one cost?
#
# We measure the time for one number, forward (σ) and backward (multiplication by σ′), on a matrix of 256 rows by 256
# units: the best of several trials on one core. It depends on the machine and on how the function is programmed. For
# comparison we measure the matrix product $W x$ of the same layer, which every activation comes on top of.

# %%
ROWS, UNITS, TRIALS = 256, 256, 15
generator = torch.Generator().manual_seed(0)
batch = torch.randn(ROWS, UNITS, generator=generator, requires_grad=True)
upstream = torch.randn(ROWS, UNITS, generator=generator)


def nanoseconds(function, backward):
    """Return the shortest time of some trials for one number."""
    taken = []
    for _ in range(TRIALS + 1):  # the first one only warms up
        start = time.perf_counter()
        h = function(batch)
        if backward:
            batch.grad = None
            h.backward(upstream)
        taken.append(time.perf_counter() - start)
    return min(taken[1:]) / batch.numel() * 1e9


# %%
modules = {name: ACTIVATIONS[name]().train() for name in ACTIVATIONS}
forward = {name: nanoseconds(module, backward=False) for name, module in modules.items()}
total = {name: nanoseconds(module, backward=True) for name, module in modules.items()}
product = nanoseconds(torch.nn.Linear(UNITS, UNITS), backward=True)
show(
    draw.cost(forward, total, product),
    "cost",
    "Time for one number on this machine, forward in blue and backward in orange; the dotted line is the matrix "
    "product that every layer needs.",
)
by_cost = sorted(total, key=total.get)
say(
    f"On this machine, forward and backward together: {by_cost[0]} is the cheapest ({total[by_cost[0]]:.1f} ns for a "
    f"number), {by_cost[-1]} the dearest ({total[by_cost[-1]]:.1f} ns). The matrix product takes {product:.1f} ns for "
    "a number of its result."
)

# %% [markdown]
# ## What does it do to training?
#
# We train a network with four hidden layers of 32 units on the bundled measured formation enthalpies, with the Magpie
# features of the composition. Rows, starting weights, order of the rows and step size are the same; only σ differs. Two
# seeds (starting weights and order) show how much is chance. There are few epochs, since we look at how training
# starts.

# %%
EPOCHS, SEEDS, RATE = 10, (0, 1), 2e-3


def settings(activation, seed=0, rate=RATE, epochs=EPOCHS):
    """Return the configuration of the small network with one activation."""
    training = {"learning_rate": rate, "max_epochs": epochs, "schedule": "constant", "weight_decay": 0.0}
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "features": ["magpie"],
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": {"hidden": [32, 32, 32, 32], "activation": activation},
        "training": training | {"device": "cpu"},
        "seed": seed,
    }
    return check_config(raw, "lesson 3")


prepared = prepare(settings("relu"), load_rows(settings("relu")))


# %%
def train(activation, **changes):
    """Train the small network; return it with its history, at the weights of its best epoch."""
    job = network_training(replace(prepared, config=settings(activation, **changes)))
    list(job.epochs())
    return job


jobs = {name: [train(name, seed=seed) for seed in SEEDS] for name in ACTIVATIONS}
mae = {name: np.array([[record.val_score for record in job.history] for job in jobs[name]]) for name in jobs}
mae = dict(sorted(mae.items(), key=lambda item: item[1][:, -1].mean()))  # [seeds, epochs], best first
y_train, y_val = prepared.part("train").y, prepared.part("val").y
mean_mae = float(np.abs(y_val - y_train.mean()).mean())
show(
    draw.training(mae, mean_mae),
    "training",
    "The same network and the same rows; only the activation differs. Dotted: a model that always answers the mean.",
)

# %%
best, worst = next(iter(mae)), list(mae)[-1]
chance = max(np.ptp(values[:, -1]) for values in mae.values())
say(
    f"The smallest error has {best}: {mae[best][:, -1].mean():.3f} eV/atom. But the same activation differs by up to "
    f"{chance:.3f} between two seeds, so neighbours in this list could as well change places. What is no chance: "
    f"{worst} stays at {mae[worst][:, -1].mean():.3f}, where a model that always answers the mean of the train rows "
    f"has {mean_mae:.3f}; and the sigmoid starts slowly ({mae['sigmoid'][:, 2].mean():.3f} after three epochs, relu "
    f"{mae['relu'][:, 2].mean():.3f})."
)

# %% [markdown]
# ## Dead units
#
# When does a unit stop learning for good? A unit is **dead** here if σ′ is nearly zero for every train row. Whatever
# the row, (nearly) no gradient passes through it, so its weights do not move, and it stays dead. There are two ways to
# die:
#
# - **at birth**: `softshrink` is flat between −1/2 and 1/2, and the small starting weights put most of $z$ there, the
#   more the deeper the layer;
# - **by accident**: one large step makes the bias of a ReLU unit so negative that $z < 0$ for all rows. The larger the
#   learning rate, the more often. A slope on the left side (`prelu`) keeps the way back open, unless the network learns
#   a slope near zero.


# %%
def slopes_in_network(job, activation):
    """Return |σ′(z)| of every hidden unit for every train row, [rows, units]."""
    found = []
    h = job.train.inputs[0]
    for part in job.model.body.eval():
        if isinstance(part, type(ACTIVATIONS[activation]())):
            z = h.detach().requires_grad_()
            part(z).sum().backward()
            found.append(z.grad.abs())
        h = part(h.detach())
    return torch.cat(found, dim=1).numpy()


slopes = {name: [slopes_in_network(job, name) for job in jobs[name]] for name in jobs}
n_units = slopes["relu"][0].shape[1]
dead = {name: np.mean([(s < NEARLY_ZERO).all(axis=0).sum() for s in slopes[name]]) for name in slopes}
saturated = {name: float(np.mean([np.mean(s < NEARLY_ZERO) for s in slopes[name]])) for name in slopes}

# %%
table(
    ["activation", f"MAE after epoch {EPOCHS}", "seeds differ by", "units dead", "saturated"],
    [
        [
            name,
            f"{values[:, -1].mean():.3f}",
            f"{np.ptp(values[:, -1]):.3f}",
            f"{dead[name]:.1f}",
            f"{saturated[name]:.0%}",
        ]
        for name, values in mae.items()
    ],
    f"Validation MAE in eV/atom and dead units of {n_units}, both as means of the seeds; last column: share of all "
    "pairs of unit and train row where the unit is saturated.",
)

# %% [markdown]
# Does the learning rate matter? We train three activations for a few epochs with larger and larger steps.

# %%
RATES, FEW = (2e-3, 1e-2, 3e-2, 1e-1), 4
at_rate = {name: [] for name in draw.COMPARED}
for name, found in at_rate.items():
    for rate in RATES:
        s = slopes_in_network(train(name, rate=rate, epochs=FEW), name)
        found.append(int((s < NEARLY_ZERO).all(axis=0).sum()))
show(
    draw.dead_units(saturated, {name: n / n_units for name, n in dead.items()}, RATES, at_rate),
    "dead_units",
    "Left: saturated pairs (light blue) and dead units (black) of the trained networks. Right: dead units by learning "
    f"rate after {FEW} epochs.",
)
say(
    f"With softshrink {dead['softshrink']:.0f} of {n_units} units are dead, with relu {dead['relu']:.0f}. At a "
    f"learning rate of {RATES[-1]:g} it is {at_rate['relu'][-1]} units with relu, {at_rate['gelu'][-1]} with gelu and "
    f"{at_rate['prelu'][-1]} with prelu. That a unit of a ReLU network is saturated for some rows "
    f"({saturated['relu']:.0%} of all pairs) is normal, and is what makes the network non-linear. What hurts is a "
    "unit that is saturated for all rows."
)

# %% [markdown]
# ## What to take home
#
# - For hidden layers, start with relu, gelu or swish. Among the good ones the choice matters little.
# - The sigmoid belongs to the output of a classifier, where its range 0 to 1 is a probability (lesson 1). In hidden
#   layers its small derivative slows training, the more the deeper the network (lesson 5).
# - If a network does not learn at all, count its dead units.

# %%
exercise("3.5")
exercise("3.6")
