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

from formation_mlp.config.loading import check_config
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import backpropagation as draw
from formation_mlp.models.mlp import MLP, n_parameters
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.seeding import borrowed_torch_rng, torch_generator

limit_threads()

# %% [markdown]
# The compounds and their features are prepared by the toolkit, with mean 0 and standard deviation 1 over the train
# rows.


# %%
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
X_all = prepared.scaler.transform(prepared.table.X)
column = {name: i for i, name in enumerate(prepared.scaler.kept_names)}


def sigmoid(z):
    """Return σ(z) = 1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


# %% [markdown]
# ## One neuron, one compound
#
# We take the neuron of lesson 1 with the same two features, the electronegativity difference $x_1$ and the p electrons
# per atom $x_2$. It is to say $y = 1$ for a compound that is strongly bound (below −1 eV/atom).
# $$z = w \cdot x + b \qquad \hat y = \sigma(z) \qquad E = \frac{1}{2} (\hat y - y)^2$$
# $E$ is the squared error of this one sample. You may see it called "the MSE": the mean squared error is the mean of
# $(\hat y - y)^2$ over all samples, and the factor 1/2 is there only to cancel the 2 of the derivative.
#
# How does $E$ change with a weight? The weight acts on $z$, $z$ on $\hat y$, and $\hat y$ on $E$. For a function of a
# function the **chain rule** says
# $$y = f(g(x)) \qquad \frac{dy}{dx} = \frac{df}{dg} \cdot \frac{dg}{dx}$$
# so here there are three factors, and each can be written down at once:
# $$\frac{\partial E}{\partial w} = \frac{\partial E}{\partial \hat y} \cdot \frac{\partial \hat y}{\partial z}
# \cdot \frac{\partial z}{\partial w} = (\hat y - y) \cdot \sigma(z) (1 - \sigma(z)) \cdot x$$
# For the bias the last factor is 1. You may see the first two factors as $\partial E / \partial y$ and
# $\partial y / \partial z$; what is meant is $\hat y$, what the neuron says, not $y$, which is given.

# %%
COMPOUND, BOUNDARY, RATE = "MgO", -1.0, 1.0
row = prepared.dataset.formulas.index(COMPOUND)
names = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
x = X_all[row, [column[name] for name in names]]
y = float(prepared.y[row] < BOUNDARY)
w, b = np.array([-0.5, 0.5]), 0.0  # a bad start, on purpose

z = w @ x + b
y_hat = sigmoid(z)
E = (y_hat - y) ** 2 / 2
dE_dy = y_hat - y
dy_dz = y_hat * (1 - y_hat)
dE_dw, dE_db = dE_dy * dy_dz * x, dE_dy * dy_dz

# %%
table(
    ["step", "formula", "value"],
    [
        ["compound", f"{COMPOUND}, measured {prepared.y[row]:.2f} eV/atom", f"y = {y:.0f}"],
        ["features", "x₁, x₂ (standardised)", f"{x[0]:.4f}, {x[1]:.4f}"],
        ["weights", "w₁, w₂, b", f"{w[0]:.1f}, {w[1]:.1f}, {b:.1f}"],
        ["forward", "z = w₁x₁ + w₂x₂ + b", f"{z:.4f}"],
        ["", "ŷ = σ(z)", f"{y_hat:.4f}"],
        ["", "E = (ŷ − y)²/2", f"{E:.4f}"],
        ["backward", "∂E/∂ŷ = ŷ − y", f"{dE_dy:.4f}"],
        ["", "∂ŷ/∂z = σ(z)(1 − σ(z))", f"{dy_dz:.4f}"],
        ["", "∂z/∂w₁, ∂z/∂w₂ = x₁, x₂", f"{x[0]:.4f}, {x[1]:.4f}"],
        ["product", "∂E/∂w₁, ∂E/∂w₂", f"{dE_dw[0]:.4f}, {dE_dw[1]:.4f}"],
        ["", "∂E/∂b", f"{dE_db:.4f}"],
    ],
)

# %%
show(
    draw.one_neuron(x, w, b, y, {"z": z, "y_hat": y_hat, "E": E}),
    "one_neuron",
    f"The neuron for {COMPOUND}: values forward (blue), derivatives backward (orange).",
)

# %% [markdown]
# Is it right? PyTorch finds derivatives by itself (autograd), and one step against the gradient must make the error
# smaller:
# $$w \leftarrow w - \eta \frac{\partial E}{\partial w} \qquad b \leftarrow b - \eta \frac{\partial E}{\partial b}$$

# %%
neuron = MLP(2).double()  # the toolkit's MLP without a hidden layer is this neuron, up to the sigmoid
with torch.no_grad():
    neuron.head.weight.copy_(torch.tensor(w)[None])
    neuron.head.bias.fill_(b)
((torch.sigmoid(neuron(torch.tensor(x)[None])) - y) ** 2 / 2).sum().backward()
by_autograd = np.append(neuron.head.weight.grad.numpy(), neuron.head.bias.grad.numpy())
difference = np.abs(np.append(dE_dw, dE_db) - by_autograd).max()
w_new, b_new = w - RATE * dE_dw, b - RATE * dE_db
E_new = (sigmoid(w_new @ x + b_new) - y) ** 2 / 2
say(
    f"Autograd differs from these numbers by {difference:.1g} at most. One step with the learning rate {RATE:g} gives "
    f"w₁ = {w_new[0]:.4f}, w₂ = {w_new[1]:.4f} and b = {b_new:.4f}, and the error falls from {E:.4f} to {E_new:.4f}."
)

# %%
exercise("5.1")

# %% [markdown]
# ## Why is the derivative of the sigmoid so simple?
#
# $$\sigma(z) = (1 + e^{-z})^{-1}$$
# $$\sigma'(z) = (1 + e^{-z})^{-2} \cdot e^{-z} = \frac{e^{-z}}{(1 + e^{-z})^2}$$
# $$\sigma'(z) = \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}} = \sigma(z) (1 - \sigma(z))$$
# The last step uses that the second fraction is 1 less the first. So the derivative costs one multiplication once σ is
# known. Do not believe it: measure it. A finite difference needs no calculus, only σ itself.

# %%
exercise("5.2")

# %%
H = 1e-5
grid = np.linspace(-6, 6, 241)
formula = sigmoid(grid) * (1 - sigmoid(grid))
measured = (sigmoid(grid + H) - sigmoid(grid - H)) / (2 * H)
t = torch.tensor(grid, requires_grad=True)
torch.sigmoid(t).sum().backward()
show(
    draw.sigmoid_derivative(grid, sigmoid(grid), formula, measured),
    "derivative_of_the_sigmoid",
    "The sigmoid (blue) and its derivative: the formula (orange), and differences that were measured (circles).",
)
say(
    f"Formula and finite difference differ by {np.abs(formula - measured).max():.0e} at most, formula and autograd by "
    f"{np.abs(formula - t.grad.numpy()).max():.0e}. The largest value is {formula.max():.2f}; remember it for the last "
    "section. You may see the derivative as −exp(−z) / (1 + exp(−z)): there the sign is wrong, and the square is "
    "missing."
)

# %% [markdown]
# ## What changes with another error?
#
# The chain is the same, and one factor changes. For the cross-entropy of lesson 1,
# $$E = -y \ln \hat y - (1 - y) \ln(1 - \hat y) \qquad
# \frac{\partial E}{\partial \hat y} = \frac{\hat y - y}{\hat y (1 - \hat y)}$$
# the denominator cancels $\sigma'$, and $\partial E / \partial z = \hat y - y$ remains. A neuron that is very wrong
# learns fast, however saturated it is.

# %%
cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
for parameter in neuron.parameters():
    parameter.grad = None
cross_entropy(neuron(torch.tensor(x)[None]), torch.tensor([y], dtype=torch.float64)).backward()
say(
    f"For {COMPOUND}: ∂E/∂b = ŷ − y = {y_hat - y:.4f} by hand, {neuron.head.bias.grad.item():.4f} by autograd. With "
    f"the squared error it was {dE_db:.4f}."
)

# %%
exercise("5.3")

# %% [markdown]
# ## A deep network is a chain
#
# A multilayer perceptron is a function of a function of a function:
# $$\text{MLP}(x) = L_N(L_{N-1}(\cdots L_2(L_1(x)) \cdots)) \qquad L_k(h) = \sigma(W_k h + b_k)$$
# Its values are computed forwards, from the features $h_0 = x$ to the last hidden layer $h_N$, and here to a linear
# output:
# $$h_k = \sigma(z_k) \qquad z_k = W_k h_{k-1} + b_k \qquad \hat y = v \cdot h_N + c$$
# (You may see the last layer called $h_L$ in one line and $h_N$ in the next; it is the same.)
#
# How do the weights of layer $k$ act on $E$? Through all layers above it:
# $$\frac{\partial E}{\partial W_k} = \frac{\partial E}{\partial h_N} \cdot \frac{\partial h_N}{\partial h_{N-1}}
# \cdots \frac{\partial h_{k+1}}{\partial h_k} \cdot \frac{\partial h_k}{\partial W_k}$$
# Each factor between two layers is a matrix, the Jacobian
# $$\frac{\partial h_{k+1}}{\partial h_k} = \text{diag}(\sigma'(z_{k+1}))\, W_{k+1} \qquad \sigma'(z) = h (1 - h)$$
# Why go backwards? The derivative of $E$ by $h_N$ is a row of numbers, and a row times a matrix is a row again. So, for
# one compound, no matrix is ever multiplied by a matrix, and what layer $k + 1$ needed is used again for layer $k$.

# %%
N_LAYERS, WIDTH = 6, 8
with borrowed_torch_rng(torch_generator(0, "weights")):
    deep = MLP(X_all.shape[1], [WIDTH] * N_LAYERS, "sigmoid").double()


def weights_of(network):
    """Return copies of the weights [W_1, b_1, ..., W_N, b_N, v, c] of an MLP as NumPy arrays."""
    return [parameter.detach().numpy().astype(float).copy() for parameter in network.parameters()]


def forward(weights, X):
    """Return h_0 ... h_N, each [rows, units], and y_hat [rows], of a sigmoid network."""
    h = [X]
    for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        h.append(sigmoid(h[-1] @ W.T + b))
    return h, (h[-1] @ weights[-2].T + weights[-1])[:, 0]


# %% [markdown]
# And now backwards, layer by layer. The error is the mean over the rows, so each row counts with 1/n.


# %%
def backward(weights, X, y):
    """Return dE/dW of all weights, in their order: the chain from the last layer to the first."""
    h, y_hat = forward(weights, X)
    dE_dy = (y_hat - y)[:, None] / len(y)  # [rows, 1]
    gradients = [dE_dy.T @ h[-1], dE_dy.sum(axis=0)]
    dE_dh = dE_dy @ weights[-2]  # [rows, units of layer N]
    for k in range(len(h) - 1, 0, -1):
        dE_dz = dE_dh * h[k] * (1 - h[k])  # the derivative of the sigmoid
        gradients = [dE_dz.T @ h[k - 1], dE_dz.sum(axis=0), *gradients]
        dE_dh = dE_dz @ weights[2 * k - 2]  # one factor of the chain
    return gradients


# %% [markdown]
# Two ways to check it: PyTorch, and finite differences, which need two forward passes for each single weight.


# %%
def error(weights, X, y):
    """Return the mean over the rows of (y_hat - y)²/2."""
    return np.mean((forward(weights, X)[1] - y) ** 2) / 2


def by_difference(weights, i, index, X, y, step=1e-5):
    """Return the derivative by one entry of weights[i] as a central difference."""
    kept = weights[i][index]
    weights[i][index] = kept + step
    above = error(weights, X, y)
    weights[i][index] = kept - step
    below = error(weights, X, y)
    weights[i][index] = kept
    return (above - below) / (2 * step)


def autograd(network, X, y):
    network.zero_grad()
    ((network(torch.tensor(X)) - torch.tensor(y)) ** 2).mean().div(2).backward()
    return [parameter.grad.numpy() for parameter in network.parameters()]


# %%
FEW = prepared.split.train[:16]
X, y = X_all[FEW], prepared.y[FEW]
weights = weights_of(deep)
by_hand, automatic = backward(weights, X, y), autograd(deep, X, y)
differences = [np.empty_like(array) for array in weights]
for i, array in enumerate(differences):
    for index in np.ndindex(array.shape):
        array[index] = by_difference(weights, i, index, X, y)


def largest(first, second):
    """Return the largest difference between two arrays."""
    return float(np.abs(first - second).max())


to_autograd = [largest(a, b) for a, b in zip(by_hand, automatic, strict=True)]
to_differences = [largest(a, b) for a, b in zip(by_hand, differences, strict=True)]
assert max(*to_autograd, *to_differences) < 1e-8, "the chain by hand is wrong"

# %%
names = [f"W_{k}" for k in range(1, N_LAYERS + 1)] + ["v (output)"]
table(
    ["weights", "shape", "largest derivative", "by hand − autograd", "by hand − differences"],
    [
        [
            name,
            " × ".join(map(str, by_hand[i].shape)),
            f"{np.abs(by_hand[i]).max():.1e}",
            f"{to_autograd[i]:.0e}",
            f"{to_differences[i]:.0e}",
        ]
        for name, i in zip(names, range(0, len(by_hand), 2), strict=True)
    ],
    f"Derivatives of a network with {N_LAYERS} hidden layers of {WIDTH} sigmoid units, mean over {len(FEW)} compounds.",
)
say(
    f"All {n_parameters(deep):,} derivatives agree with autograd to {max(to_autograd):.0e} and with finite differences "
    f"to {max(to_differences):.0e}. The differences took {2 * n_parameters(deep):,} forward passes, the chain one "
    "forward and one backward pass."
)

# %% [markdown]
# ## What do the factors look like?
#
# For one compound we draw each Jacobian and, below it, the product of all from the top layer down. That product is what
# the error of a layer is multiplied by.

# %%
h, _ = forward(weights, X[:1])
jacobians = {k: (h[k + 1][0] * (1 - h[k + 1][0]))[:, None] * weights[2 * k] for k in range(1, N_LAYERS)}
products, product = {}, np.eye(WIDTH)
for k in range(N_LAYERS - 1, 0, -1):
    product = product @ jacobians[k]
    products[k] = product
show(
    draw.chain(jacobians, products),
    "chain",
    "The Jacobians between the layers (purple: positive, orange: negative), and their product, which fades with every "
    "further factor.",
)
say(
    f"The norm of the product falls from {np.linalg.norm(products[N_LAYERS - 1]):.2f} to "
    f"{np.linalg.norm(products[1]):.1e} over {N_LAYERS - 1} layers."
)

# %% [markdown]
# ## How good is a finite difference?
#
# With the step $s$ the central difference
# $$\frac{E(w + s) - E(w - s)}{2 s}$$
# has an error of order $s^2$ from the curvature, and one of order $10^{-16} / s$ from rounding. Which step would you
# take?

# %%
exercise("5.4")

# %%
step_sizes = 10.0 ** np.arange(-12, 0.5, 0.5)
last = len(weights) - 4  # the weights of the last hidden layer
entries = list(np.ndindex(weights[last].shape))
difference_errors = np.array(
    [
        max(abs(by_difference(weights, last, index, X, y, step) - by_hand[last][index]) for index in entries)
        for step in step_sizes
    ]
)
show(
    draw.finite_differences(step_sizes, difference_errors),
    "finite_differences",
    "Error of the finite difference against its step, for the weights of the last hidden layer.",
)
say(
    f"The best step here is {step_sizes[difference_errors.argmin()]:.0e}, with an error of "
    f"{difference_errors.min():.0e}. This is why differences serve to check a gradient, and not to train with."
)

# %% [markdown]
# ## Vanishing gradients
#
# What if there are many layers? Each multiplies the gradient by $\sigma'(z)$, which is 1/4 at most for the sigmoid, and
# by weights that are small at the start. So the gradient fades on its way down, and the first layers hardly learn.
# There are three cures:
#
# - **ReLU** has the derivative 1 for active units, so only the weights matter.
# - **He's start** (2015) chooses the weights so that the size of a gradient is kept on average.
# - A **residual** network adds $h$ to each layer's output. Then each factor is 1 + something, and nothing fades. (The
#   blocks of the toolkit start with the something at zero, so that at the start all gradients are alike.)

# %%
exercise("5.5")

# %%
MANY, UNITS = prepared.split.train[:256], 32
X_many, y_many = X_all[MANY], prepared.task.target_scaler.transform(prepared.y[MANY])


def untrained(kind, depth):
    """Return an untrained network of the toolkit in double precision."""
    options = {"residual": True, "normalization": "layer"} if kind == "residual" else {}
    with borrowed_torch_rng(torch_generator(1, "weights")):
        activation = "sigmoid" if kind == "sigmoid" else "relu"
        network = MLP(X_many.shape[1], [UNITS] * depth, activation, **options).double()
        for part in network.body:
            if kind == "relu, He" and isinstance(part, torch.nn.Linear):
                torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    return network


# %%
def gradient_norms(kind, depth):
    """Return the norm of dE/dW_k for each hidden layer k; of a residual block, for its last matrix."""
    network = untrained(kind, depth)
    autograd(network, X_many, y_many)
    parts = [part.branch[-1] if hasattr(part, "branch") else part for part in network.body]
    return np.array([part.weight.grad.norm().item() for part in parts if isinstance(part, torch.nn.Linear)])


# %%
PICTURE, NORM_DEPTHS = 16, (2, 4, 8, 12, 16, 24, 32)
norms = {kind: gradient_norms(kind, PICTURE)[-PICTURE:] for kind in draw.KINDS}
gradients = backward(weights_of(untrained("sigmoid", PICTURE)), X_many, y_many)
norms_by_hand = np.array([np.linalg.norm(gradient) for gradient in gradients[:-2:2]])
ratios = {kind: [(g := gradient_norms(kind, depth)[-depth:])[0] / g[-1] for depth in NORM_DEPTHS] for kind in norms}
show(
    draw.vanishing(norms, norms_by_hand, NORM_DEPTHS, ratios),
    "vanishing_gradients",
    "Gradients before training, all networks 32 units wide. With the sigmoid (orange) they fade layer by layer, with "
    "ReLU (blue) less, with He's start (light blue) and in a residual network (green) hardly.",
)

# %%
factor = {kind: (values[1] / values[-1]) ** (1 / (PICTURE - 2)) for kind, values in norms.items()}
say(
    f"From layer {PICTURE} down to layer 2 the gradient changes per layer by a factor of {factor['sigmoid']:.2f} with "
    f"the sigmoid, {factor['relu']:.2f} with ReLU, {factor['relu, He']:.2f} with ReLU and He's start, and "
    f"{factor['residual']:.2f} in the residual network. With the sigmoid and {NORM_DEPTHS[-1]} layers the first "
    f"layer's gradient is {ratios['sigmoid'][-1]:.0e} of the last layer's."
)

# %% [markdown]
# And what does that do to training? We train for five epochs on the bundled formation enthalpies, with networks of
# growing depth. (Adam divides each gradient by its usual size, which helps, but cannot recover a direction that is
# lost.)

# %%
TRAINED = {"sigmoid": ("mlp", "sigmoid"), "relu": ("mlp", "relu"), "residual": ("residual", "relu")}
TRAIN_DEPTHS = (1, 2, 4, 8, 16)


def val_mae(kind, depth):
    """Train for five epochs; return the best validation MAE in eV/atom."""
    architecture, activation = TRAINED[kind]
    config = settings(hidden=[UNITS] * depth, activation=activation, architecture=architecture)
    return min(record.val_score for record in network_training(replace(prepared, config=config)).epochs())


mae = {kind: [val_mae(kind, depth) for depth in TRAIN_DEPTHS] for kind in TRAINED}
mean_mae = float(np.abs(prepared.part("val").y - prepared.part("train").y.mean()).mean())

# %%
show(
    draw.depth_and_training(TRAIN_DEPTHS, mae, mean_mae),
    "depth_and_training",
    "What vanishing gradients do to training: the error after five epochs against the depth. The deep sigmoid network "
    "(orange) has learned hardly more than the mean (dotted).",
)
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
# Roger Grosse and Evgeny Burnaev treat the same in their lectures on backpropagation, neural networks and deep
# learning; the page on resources of the lecture has more.

# %%
exercise("5.6")
