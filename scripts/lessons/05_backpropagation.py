# time: 10 s

# %% [markdown]
# # 5. Backpropagation by hand
#
# Training moves every weight against the derivative of the error. Backpropagation is the chain rule, organised so that
# all these derivatives cost about as much as two forward passes. Here it is done by hand: for one neuron with the
# numbers of one compound, then for a deep network in plain NumPy, and compared with what PyTorch finds.

# %%
from dataclasses import replace

import numpy as np
import torch
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import FancyBboxPatch

from formation_mlp.config.loading import check_config
from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    SKY,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.seeding import borrowed_torch_rng, torch_generator

limit_threads()


def settings(**model):
    """Return the configuration of this lesson with some keys of its model section."""
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "features": ["magpie"],
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": model,
        "training": {"schedule": "constant", "weight_decay": 0.0, "max_epochs": 5, "device": "cpu"},
    }
    return check_config(raw, "lesson 5")


prepared = prepare(settings(), load_rows(settings()))
X_all = prepared.scaler.transform(prepared.table.X)  # mean 0, standard deviation 1 over the train rows
column = {name: i for i, name in enumerate(prepared.scaler.kept_names)}


def sigmoid(z):
    """Return σ(z) = 1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


# %% [markdown]
# ## One neuron, one compound
#
# The neuron of lesson 1, with the same two features: the electronegativity difference x₁ and the p electrons per
# atom x₂, both standardised. It is to say y = 1 for a compound that is strongly bound (below −1 eV/atom).
#
#     z = xW + b        y′ = σ(z)        E = (y′ − y)² / 2
#
# How does E change with a weight? W acts on z, z on y′, y′ on E. So the chain rule has three factors, and each can be
# written down at once:
#
#     dE/dw = dE/dy′ · dy′/dz · dz/dw = (y′ − y) · σ(z)(1 − σ(z)) · x

# %%
COMPOUND, BOUNDARY, RATE = "MgO", -1.0, 1.0
row = prepared.dataset.formulas.index(COMPOUND)
names = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
x = X_all[row, [column[name] for name in names]]
y = float(prepared.y[row] < BOUNDARY)
W, b = np.array([-0.5, 0.5]), 0.0  # a bad start, on purpose

z = x @ W + b
y_ = sigmoid(z)
E = (y_ - y) ** 2 / 2
dE_dy = y_ - y
dy_dz = y_ * (1 - y_)
dE_dW, dE_db = dE_dy * dy_dz * x, dE_dy * dy_dz
table(
    ["step", "formula", "value"],
    [
        ["compound", f"{COMPOUND}, measured {prepared.y[row]:.2f} eV/atom", f"y = {y:.0f}"],
        ["descriptors", "x₁, x₂ (standardised)", f"{x[0]:.4f}, {x[1]:.4f}"],
        ["weights", "w₁, w₂, b", f"{W[0]:.1f}, {W[1]:.1f}, {b:.1f}"],
        ["forward", "z = x₁w₁ + x₂w₂ + b", f"{z:.4f}"],
        ["", "y′ = σ(z)", f"{y_:.4f}"],
        ["", "E = (y′ − y)²/2", f"{E:.4f}"],
        ["backward", "dE/dy′ = y′ − y", f"{dE_dy:.4f}"],
        ["", "dy′/dz = σ(z)(1 − σ(z))", f"{dy_dz:.4f}"],
        ["", "dz/dw₁, dz/dw₂ = x₁, x₂", f"{x[0]:.4f}, {x[1]:.4f}"],
        ["product", "dE/dw₁, dE/dw₂", f"{dE_dW[0]:.4f}, {dE_dW[1]:.4f}"],
        ["", "dE/db", f"{dE_db:.4f}"],
    ],
)

neuron = MLP(2).double()  # the toolkit's MLP without a hidden layer is this neuron, up to the sigmoid
with torch.no_grad():
    neuron.head.weight.copy_(torch.tensor(W)[None])
    neuron.head.bias.fill_(b)
((torch.sigmoid(neuron(torch.tensor(x)[None])) - y) ** 2 / 2).sum().backward()
by_autograd = np.append(neuron.head.weight.grad.numpy(), neuron.head.bias.grad.numpy())
difference = np.abs(np.append(dE_dW, dE_db) - by_autograd).max()
W_new, b_new = W - RATE * dE_dW, b - RATE * dE_db
E_new = (sigmoid(x @ W_new + b_new) - y) ** 2 / 2
say(
    f"PyTorch's automatic derivatives (autograd) differ from these by {difference:.1g} at most. One step against the "
    f"gradient with learning rate {RATE:g} gives w₁ = {W_new[0]:.4f}, w₂ = {W_new[1]:.4f}, b = {b_new:.4f}, and the "
    f"error falls from {E:.4f} to {E_new:.4f}."
)

# %%
figure = new_figure(10.4, 3.9)
ax = figure.add_subplot()
ax.set_xlim(0, 10.4)
ax.set_ylim(0, 3.9)
ax.axis("off")


def box(at, text, colour):
    """Draw a node of the graph."""
    ax.add_patch(
        FancyBboxPatch(
            (at[0] - 0.62, at[1] - 0.3), 1.24, 0.6, boxstyle="round,pad=0.06", facecolor="white", edgecolor=colour
        )
    )
    ax.text(*at, text, ha="center", va="center", fontsize=TITLE + 1)


def arrow(start, end, forward, backward, above=True):
    """Draw the way forward in blue and the way back in red, each with its number."""
    for shift, colour, (a, b) in ((0.09, BLUE, (start, end)), (-0.09, VERMILLION, (end, start))):
        ax.annotate(
            "",
            (b[0], b[1] + shift),
            (a[0], a[1] + shift),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0},
        )
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    ax.text(middle[0], middle[1] + 0.2, forward, ha="center", va="bottom", fontsize=LABEL, color=BLUE)
    ax.text(middle[0], middle[1] - 0.2, backward, ha="center", va="top", fontsize=LABEL, color=VERMILLION)


for i, height in enumerate((3.3, 1.95, 0.6)):
    label = (rf"$w_1 = {W[0]:.1f}$", rf"$w_2 = {W[1]:.1f}$", rf"$b = {b:.1f}$")[i]
    factor = (rf"$x_1 = {x[0]:.3f}$", rf"$x_2 = {x[1]:.3f}$", r"$\times\,1$")[i]
    gradient = np.append(dE_dW, dE_db)[i]
    box((0.85, height), label, GREY)
    end = (3.4, 1.95 + 0.22 * (height - 1.95))
    for shift, colour, (a, c) in ((0.08, BLUE, ((1.58, height), end)), (-0.08, VERMILLION, (end, (1.58, height)))):
        ax.annotate(
            "",
            (c[0], c[1] + shift),
            (a[0], a[1] + shift),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
        )
    name = ("w_1", "w_2", "b")[i]
    ax.text(
        0.85, height - 0.42, rf"$dE/d{name} = {gradient:.4f}$", ha="center", va="top", fontsize=LABEL, color=VERMILLION
    )
    at, side = ((2.75, 2.98), (2.4, 2.1), (2.75, 0.92))[i], ("bottom", "bottom", "top")[i]
    ax.text(*at, factor, ha="center", va=side, fontsize=LABEL, color=BLUE)
box((4.1, 1.95), r"$z = xW + b$", GREY)
box((6.75, 1.95), r"$y' = \sigma(z)$", GREY)
box((9.5, 1.95), r"$E$", GREY)
arrow((4.82, 1.95), (6.05, 1.95), rf"$z = {z:.4f}$", rf"$\sigma(1-\sigma) = {dy_dz:.4f}$")
arrow((7.45, 1.95), (8.8, 1.95), rf"$y' = {y_:.4f}$", rf"$y' - y = {dE_dy:.4f}$")
ax.text(9.5, 2.45, rf"$E = {E:.4f}$", ha="center", fontsize=LABEL, color=BLUE)
ax.text(4.1, 1.45, rf"$dE/dz = {dE_dy * dy_dz:.4f}$", ha="center", va="top", fontsize=LABEL, color=VERMILLION)
ax.text(6.75, 1.45, rf"$dE/dy' = {dE_dy:.4f}$", ha="center", va="top", fontsize=LABEL, color=VERMILLION)
ax.text(9.5, 1.45, rf"$y = {y:.0f}$", ha="center", va="top", fontsize=LABEL)
ax.text(
    7.2,
    3.45,
    r"$\frac{dE}{dw} = \frac{dE}{dy'}\,\frac{dy'}{dz}\,\frac{dz}{dw} = (y' - y)\;\sigma(z)(1-\sigma(z))\;x$",
    ha="center",
    fontsize=TITLE + 6,
)
ax.text(7.2, 0.45, "forward: values", ha="center", fontsize=LABEL, color=BLUE)
ax.text(7.2, 0.15, "backward: multiply by the local derivative", ha="center", fontsize=LABEL, color=VERMILLION)
show(figure, "one_neuron", f"The neuron for {COMPOUND}: values forward (blue), derivatives backward (red).")

# %% [markdown]
# ## Why σ′ = σ(1 − σ)
#
#     σ(z)  = (1 + e⁻ᶻ)⁻¹
#     σ′(z) = (1 + e⁻ᶻ)⁻² · e⁻ᶻ
#           = 1/(1 + e⁻ᶻ) · e⁻ᶻ/(1 + e⁻ᶻ)
#           = σ(z) · (1 − σ(z))
#
# The last step uses e⁻ᶻ/(1 + e⁻ᶻ) = 1 − 1/(1 + e⁻ᶻ). So the derivative costs one multiplication once σ is known. Do
# not believe it: measure it. A finite difference needs no calculus, only σ itself.

# %%
H = 1e-5
grid = np.linspace(-6, 6, 241)
formula = sigmoid(grid) * (1 - sigmoid(grid))
measured = (sigmoid(grid + H) - sigmoid(grid - H)) / (2 * H)
t = torch.tensor(grid, requires_grad=True)
torch.sigmoid(t).sum().backward()
figure = new_figure(6.8, 3.9)
ax = figure.add_subplot()
ax.plot(grid, sigmoid(grid), color=BLUE, linewidth=2.2, label=r"$\sigma(z)$")
ax.plot(grid, formula, color=VERMILLION, linewidth=2.2, label=r"$\sigma(z)\,(1 - \sigma(z))$")
ax.plot(grid[::12], measured[::12], "o", color="black", markersize=5, fillstyle="none", label="finite difference")
ax.axhline(0.25, color=GREY, linewidth=0.8, linestyle=":")
ax.text(-5.9, 0.27, "largest value: 1/4, at $z = 0$", fontsize=LABEL)
ax.text(-5.9, 0.72, r"$\sigma(z) = \frac{1}{1 + e^{-z}}$", fontsize=TITLE + 6)
ax.legend(fontsize=LABEL, frameon=False, loc="center right")
label_axes(ax, "z", "", None)
show(
    figure,
    "derivative_of_the_sigmoid",
    "The derivative of the sigmoid: the formula, and differences that were measured.",
)
say(
    f"Formula and finite difference differ by {np.abs(formula - measured).max():.0e} at most, formula and autograd by "
    f"{np.abs(formula - t.grad.numpy()).max():.0e}. The largest value is {formula.max():.2f}; remember it for the last "
    "section."
)

# %% [markdown]
# With another error the chain is the same and one factor changes. For the cross-entropy of lesson 1,
#
#     E = −y ln y′ − (1 − y) ln(1 − y′)      dE/dy′ = (y′ − y) / (y′(1 − y′))
#
# the denominator cancels σ′, and dE/dz = y′ − y remains: a neuron that is very wrong learns fast, however saturated.

# %%
cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
for parameter in neuron.parameters():
    parameter.grad = None
cross_entropy(neuron(torch.tensor(x)[None]), torch.tensor([y], dtype=torch.float64)).backward()
say(
    f"For {COMPOUND}: dE/db = y′ − y = {y_ - y:.4f} by hand, {neuron.head.bias.grad.item():.4f} by autograd; with the "
    f"squared error it was {dE_db:.4f}."
)

# %% [markdown]
# ## A deep network: the chain
#
# Hidden layers k = 1 ... N, and a linear output:
#
#     h₀ = x      z_k = W_k h_{k−1} + b_k      h_k = σ(z_k)      y′ = w h_N + b      E = (y′ − y)²/2
#
# The weights of layer k act on E through all layers above it:
#
#     dE/dW_k = dE/dh_N · dh_N/dh_{N−1} · ... · dh_{k+1}/dh_k · dh_k/dW_k
#
# Each factor between two layers is a matrix, the Jacobian
#
#     dh_{k+1}/dh_k = diag(σ′(z_{k+1})) W_{k+1}      with σ′(z) = h(1 − h)
#
# Backpropagation multiplies from the left: dE/dh_N is a row of numbers, and a row times a matrix is a row again. So,
# for one compound, no matrix is ever multiplied by a matrix, and what layer k + 1 needed is reused for layer k.

# %%
N_LAYERS, WIDTH = 6, 8
with borrowed_torch_rng(torch_generator(0, "weights")):
    deep = MLP(X_all.shape[1], [WIDTH] * N_LAYERS, "sigmoid").double()


def weights_of(network):
    """Return copies of the weights [W_1, b_1, ..., W_N, b_N, w, b] of an MLP as NumPy arrays."""
    return [parameter.detach().numpy().astype(float).copy() for parameter in network.parameters()]


def forward(weights, X):
    """Return h_0 ... h_N, each [rows, units], and y′ [rows], of a sigmoid network."""
    h = [X]
    for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        h.append(sigmoid(h[-1] @ W.T + b))
    return h, (h[-1] @ weights[-2].T + weights[-1])[:, 0]


def error(weights, X, y):
    """Return the mean over the rows of (y′ − y)²/2."""
    return np.mean((forward(weights, X)[1] - y) ** 2) / 2


def backward(weights, X, y):
    """Return dE/dW of all weights, in their order: the chain from the last layer to the first."""
    h, y_ = forward(weights, X)
    dE_dy = (y_ - y)[:, None] / len(y)  # [rows, 1]
    gradients = [dE_dy.T @ h[-1], dE_dy.sum(axis=0)]
    dE_dh = dE_dy @ weights[-2]  # [rows, units of layer N]
    for k in range(len(h) - 1, 0, -1):
        dE_dz = dE_dh * h[k] * (1 - h[k])  # σ′ = σ(1 − σ)
        gradients = [dE_dz.T @ h[k - 1], dE_dz.sum(axis=0), *gradients]
        dE_dh = dE_dz @ weights[2 * k - 2]  # dE/dh_k · dh_k/dh_{k−1}
    return gradients


def by_differences(weights, X, y, step=1e-5):
    """Return all derivatives as central differences: two forward passes for each single weight."""
    gradients = []
    for array in weights:
        gradient = np.empty_like(array)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            above = error(weights, X, y)
            array[index] = kept - step
            gradient[index] = (above - error(weights, X, y)) / (2 * step)
            array[index] = kept
        gradients.append(gradient)
    return gradients


def by_autograd(network, X, y):
    """Return the derivatives that PyTorch finds."""
    network.zero_grad()
    ((network(torch.tensor(X)) - torch.tensor(y)) ** 2).mean().div(2).backward()
    return [parameter.grad.numpy() for parameter in network.parameters()]


FEW = prepared.split.train[:16]
X, y = X_all[FEW], prepared.y[FEW]
weights = weights_of(deep)
by_hand, automatic, differences = backward(weights, X, y), by_autograd(deep, X, y), by_differences(weights, X, y)


def largest(first, second):
    """Return the largest difference between two arrays."""
    return float(np.abs(first - second).max())


names = [f"W_{k}" for k in range(1, N_LAYERS + 1)] + ["w (output)"]
table(
    ["weights", "shape", "largest |dE/dW|", "by hand − autograd", "by hand − differences"],
    [
        [
            name,
            " × ".join(map(str, by_hand[2 * i].shape)),
            f"{np.abs(by_hand[2 * i]).max():.1e}",
            f"{max(largest(by_hand[j], automatic[j]) for j in (2 * i, 2 * i + 1)):.0e}",
            f"{max(largest(by_hand[j], differences[j]) for j in (2 * i, 2 * i + 1)):.0e}",
        ]
        for i, name in enumerate(names)
    ],
    f"Derivatives of a network with {N_LAYERS} hidden layers of {WIDTH} sigmoid units, mean error of {len(FEW)} "
    "compounds; the largest differences include the biases.",
)
to_autograd = max(map(largest, by_hand, automatic))
to_differences = max(map(largest, by_hand, differences))
if max(to_autograd, to_differences) > 1e-8:
    raise ValueError(
        f"the chain by hand is wrong: {to_autograd:.1e} from autograd, {to_differences:.1e} from differences"
    )
say(
    f"All {n_parameters(deep):,} derivatives agree with autograd to {to_autograd:.0e} and with finite differences to "
    f"{to_differences:.0e}, below 1e-8. The differences took {2 * n_parameters(deep):,} forward passes, the chain one "
    "forward and one backward pass."
)

# %% [markdown]
# The factors themselves, for one compound: each Jacobian dh_{k+1}/dh_k, and below it the product of all from the top
# layer down to k. That product is what the error of layer k is multiplied by.

# %%
h, _ = forward(weights, X[:1])
jacobians = {k: (h[k + 1][0] * (1 - h[k + 1][0]))[:, None] * weights[2 * k] for k in range(1, N_LAYERS)}
products, product = {}, np.eye(WIDTH)
for k in range(N_LAYERS - 1, 0, -1):
    product = product @ jacobians[k]
    products[k] = product
figure = new_figure(10.4, 5.0)
axes = figure.subplots(2, N_LAYERS - 1, sharex=True, sharey=True)
limit = max(np.abs(J).max() for J in jacobians.values())
for i, k in enumerate(range(N_LAYERS - 1, 0, -1)):
    top = f"$dh_{N_LAYERS}/dh_{k}$"
    for ax, matrix, title in ((axes[0, i], jacobians[k], f"$dh_{k + 1}/dh_{k}$"), (axes[1, i], products[k], top)):
        image = ax.imshow(matrix, cmap="PuOr", norm=TwoSlopeNorm(0, -limit, limit))
        ax.set_title(f"{title}\nnorm {np.linalg.norm(matrix):.2g}", fontsize=LABEL + 1)
        ax.set_xticks([])
        ax.set_yticks([])
axes[0, 0].set_ylabel("one factor", fontsize=LABEL + 1)
axes[1, 0].set_ylabel("product so far", fontsize=LABEL + 1)
figure.colorbar(image, ax=axes, label="entry of the matrix", shrink=0.9)
figure.suptitle(
    r"$\frac{dE}{dW_k} = \frac{dE}{dh_N}\;\frac{dh_N}{dh_{N-1}}\;\cdots\;\frac{dh_{k+1}}{dh_k}\;\frac{dh_k}{dW_k}$",
    fontsize=TITLE + 7,
)
show(figure, "chain", "The Jacobians between the layers, and their product, which fades with every further factor.")
chain = (forward(weights, X[:1])[1] - y[0]) * weights[-2] @ products[1]  # dE/dh_1 along the whole chain
dE_dz_1 = chain[0] * h[1][0] * (1 - h[1][0])
from_jacobians = largest(np.outer(dE_dz_1, X[0]), backward(weights, X[:1], y[:1])[0])
say(
    f"dE/dW₁ put together from these matrices agrees with the function above to {from_jacobians:.0e}. The norm of the "
    f"product falls from {np.linalg.norm(products[N_LAYERS - 1]):.2f} to {np.linalg.norm(products[1]):.1e} over "
    f"{N_LAYERS - 1} layers."
)

# %% [markdown]
# ## How good is a finite difference?
#
# With the step s the central difference (E(w + s) − E(w − s)) / 2s has an error of order s² from the curvature, and one
# of order 10⁻¹⁶/s from rounding. Neither a large nor a tiny step is good. This is why differences serve to check a
# gradient, and not to train with.

# %%
step_sizes = 10.0 ** np.arange(-12, 0.5, 0.5)


def difference_error(step):
    """Return the largest error of differences for the weights of the last hidden layer."""
    array, worst = weights[-4], 0.0
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = error(weights, X, y)
        array[index] = kept - step
        below = error(weights, X, y)
        array[index] = kept
        worst = max(worst, abs((above - below) / (2 * step) - by_hand[-4][index]))
    return worst


difference_errors = np.array([difference_error(step) for step in step_sizes])
figure = new_figure(6.6, 3.8)
ax = figure.add_subplot()
ax.loglog(step_sizes, difference_errors, "o-", color=BLUE, markersize=4, linewidth=1.5)
ax.axhline(1e-8, color="black", linewidth=1, linestyle=":")
ax.text(step_sizes[-1], 1.3e-8, "1e-8", ha="right", va="bottom", fontsize=LABEL)
ax.text(1e-11, difference_errors.min() * 2, "rounding", ha="left", fontsize=LABEL)
ax.text(3e-7, 1e-5, r"$\frac{E(w + s) - E(w - s)}{2s}$", ha="center", fontsize=TITLE + 7)
ax.text(1e-1, difference_errors.min() * 2, "curvature", ha="center", fontsize=LABEL)
ax.grid(alpha=0.25, linewidth=0.6)
label_axes(ax, "step s of the difference", "largest error of dE/dw", None)
show(figure, "finite_differences", "Error of the finite difference against its step, for the last hidden layer.")
best_step = step_sizes[difference_errors.argmin()]
say(f"The best step here is {best_step:.0e}, with an error of {difference_errors.min():.0e}.")

# %% [markdown]
# ## Vanishing gradients
#
# Each layer multiplies the gradient by σ′(z), which is 1/4 at most, and by weights that are small at the start. So the
# gradient fades on its way down, and the first layers hardly learn. ReLU has σ′ = 1 for active units: only the
# weights matter, and He's start (2015) chooses them so that the size is kept on average. A residual network adds h to
# each layer's output; then each factor is 1 + something, and nothing fades. (The blocks of the toolkit start with the
# something at zero, so that at the start all gradients are alike.)
#
# Below: the norm of dE/dW_k in each layer at the start, all networks 32 units wide, 256 compounds.

# %%
MANY, UNITS = prepared.split.train[:256], 32
X_many, y_many = X_all[MANY], prepared.task.target_scaler.transform(prepared.y[MANY])


def untrained(kind, depth):
    """Return an untrained network of the toolkit in float64."""
    residual = kind == "residual"
    norm = "layer" if residual else "none"
    with borrowed_torch_rng(torch_generator(1, "weights")):
        activation = "sigmoid" if kind == "sigmoid" else "relu"
        network = MLP(X_many.shape[1], [UNITS] * depth, activation, residual=residual, normalization=norm).double()
        if kind == "relu, He":
            for part in network.body:
                if isinstance(part, torch.nn.Linear):
                    torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    return network


def gradient_norms(kind, depth):
    """Return the norm of dE/dW_k for each hidden layer k; of a residual block, for its last matrix."""
    network = untrained(kind, depth)
    by_autograd(network, X_many, y_many)
    if kind == "residual":
        layers = [block.branch[-1] for block in network.body if hasattr(block, "branch")]
    else:
        layers = [part for part in network.body if isinstance(part, torch.nn.Linear)]
    return np.array([layer.weight.grad.norm().item() for layer in layers])


KINDS = {
    "sigmoid": ("sigmoid", VERMILLION, "o-"),
    "relu": ("ReLU", BLUE, "s-"),
    "relu, He": ("ReLU, He's start", SKY, "^-"),
    "residual": ("ReLU, residual", GREEN, "D-"),
}
PICTURE, NORM_DEPTHS = 16, (2, 4, 8, 12, 16, 24, 32)
norms = {kind: gradient_norms(kind, PICTURE) for kind in KINDS}
check = backward(weights_of(untrained("sigmoid", PICTURE)), X_many, y_many)
by_hand_norms = np.array([np.linalg.norm(gradient) for gradient in check[:-2:2]])
ratios = {kind: [(g := gradient_norms(kind, depth))[0] / g[-1] for depth in NORM_DEPTHS] for kind in KINDS}
figure = new_figure(10.4, 4.3)
left, right = figure.subplots(1, 2)
layers = np.arange(1, PICTURE + 1)
for kind, (label, colour, style) in KINDS.items():
    left.semilogy(layers, norms[kind], style, color=colour, markersize=4, linewidth=1.8, label=label)
    right.semilogy(NORM_DEPTHS, ratios[kind], style, color=colour, markersize=4, linewidth=1.8, label=label)
left.semilogy(layers, by_hand_norms, "o", color="black", markersize=8, fillstyle="none", label="sigmoid, by hand")
left.set_xticks(layers[::3])
right.set_xticks(NORM_DEPTHS)
for ax in (left, right):
    ax.grid(alpha=0.25, linewidth=0.6)
left.legend(fontsize=LEGEND, frameon=False, loc="lower right")
label_axes(left, "layer k (1 is next to the features)", "norm of dE/dW_k", f"{PICTURE} hidden layers, before training")
label_axes(right, "number of hidden layers", "first layer / last layer", "Norm of the first layer's gradient")
show(figure, "vanishing_gradients", "Gradients per layer, and how they fade with depth, before training.")
factor = {kind: (norms[kind][1] / norms[kind][-1]) ** (1 / (PICTURE - 2)) for kind in KINDS}
agreement = np.abs(by_hand_norms / norms["sigmoid"] - 1).max()
say(
    f"By hand and autograd agree for the sigmoid to {agreement:.0e} (relative). From layer {PICTURE} down to layer 2 "
    f"the gradient changes per layer by a factor of {factor['sigmoid']:.2f} with the sigmoid, {factor['relu']:.2f} "
    f"with ReLU, {factor['relu, He']:.2f} with ReLU and He's start, and {factor['residual']:.2f} in the residual "
    f"network. With the sigmoid and {NORM_DEPTHS[-1]} layers the first layer's gradient is {ratios['sigmoid'][-1]:.0e} "
    "of the last layer's."
)

# %% [markdown]
# And what does that do to training? The toolkit's own training, five epochs on the bundled formation enthalpies, with
# networks of growing depth. (Adam divides each gradient by its usual size, which helps, but cannot recover a direction
# that is lost.)

# %%
TRAINED = {"sigmoid": ("mlp", "sigmoid"), "relu": ("mlp", "relu"), "residual": ("residual", "relu")}
TRAIN_DEPTHS = (1, 2, 4, 8, 16)


def val_mae(kind, depth):
    """Train for five epochs; return the best validation MAE in eV/atom."""
    architecture, activation = TRAINED[kind]
    config = settings(hidden=[UNITS] * depth, activation=activation, architecture=architecture)
    job = network_training(replace(prepared, config=config))
    return min(record.val_score for record in job.epochs())


mae = {kind: [val_mae(kind, depth) for depth in TRAIN_DEPTHS] for kind in TRAINED}
part_train, part_val = prepared.part("train").y, prepared.part("val").y
mean_mae = float(np.abs(part_val - part_train.mean()).mean())
figure = new_figure(6.8, 3.9)
ax = figure.add_subplot()
for kind, values in mae.items():
    label, colour, style = KINDS[kind]
    ax.plot(TRAIN_DEPTHS, values, style, color=colour, linewidth=2, markersize=5, label=label)
ax.axhline(mean_mae, color="black", linewidth=1, linestyle=":", label="always the mean")
ax.set_xscale("log", base=2)
ax.set_xticks(TRAIN_DEPTHS, [str(depth) for depth in TRAIN_DEPTHS])
ax.set_ylim(0, None)
ax.grid(alpha=0.25, linewidth=0.6)
ax.legend(fontsize=LEGEND, frameon=False, loc="lower left", ncols=2)
label_axes(ax, "hidden layers, or residual blocks", "validation MAE (eV/atom)", "After five epochs")
show(figure, "depth_and_training", "What vanishing gradients do to training: error after five epochs against depth.")
say(
    f"With {TRAIN_DEPTHS[-1]} layers the sigmoid network is at {mae['sigmoid'][-1]:.2f} eV/atom, where always "
    f"answering the mean gives {mean_mae:.2f}; ReLU reaches {mae['relu'][-1]:.2f} and the residual network "
    f"{mae['residual'][-1]:.2f}. With two layers it is {mae['sigmoid'][1]:.2f}, {mae['relu'][1]:.2f} and "
    f"{mae['residual'][1]:.2f}."
)

# %% [markdown]
# ## What to take home
#
# - Backpropagation is the chain rule, multiplied from the error back to the weights; every factor is simple.
# - A gradient can be checked without calculus, by finite differences with a good step.
# - Gradients vanish with depth if each factor is smaller than one. ReLU, a good start and residual connections are the
#   cures, and every deep network uses them.
#
# ## Exercises

# %%
exercise("5.1")
exercise("5.2")
exercise("5.3")
exercise("5.4")
exercise("5.5")
exercise("5.6")
