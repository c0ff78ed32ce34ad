# time: 15 s

# %% [markdown]
# # 2. When a line is not enough
#
# One neuron draws one straight line; a hidden layer of neurons draws several, and makes a curve of them. We meet the
# smallest problem that no line can solve, XOR, then one of real compounds, and solve both with one hidden layer.

# %%
import numpy as np
from scipy.optimize import linprog

from formation_mlp.config.schema import DataConfig, ModelConfig, SplitConfig, TaskConfig, TrainingConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.features.engine.table import featurize
from formation_mlp.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, new_figure
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.models.mlp import n_parameters
from formation_mlp.splits.methods import make_split
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining

limit_threads()

HALF = 0.5  # the threshold on the probability


def train(X, y, hidden, seed=0, **options):
    """Return the package's network, trained on rows; they are also its validation rows, so nothing is tested here."""
    rows = Examples(X, y)
    keys = {"optimizer": "adam", "learning_rate": 0.1, "weight_decay": 0.0, "batch_size": 256, "max_epochs": 80}
    job = NetworkTraining(
        train=rows,
        val=rows,
        scaler=FeatureScaler.fit(X, ("x1", "x2")),
        task=Task.fit(TaskConfig(type="classification"), y),
        model=ModelConfig(hidden=hidden, activation="sigmoid"),
        training=TrainingConfig(**keys | {"device": "cpu"} | options),
        seed=seed,
    )
    for _ in job.epochs():
        pass
    return job


def accuracy(job, X, y):
    return float(np.mean((job.predict(X).round(6) >= HALF) == y))  # rounded: single precision


# %% [markdown]
# ## XOR
#
# Two inputs, each 0 or 1; the answer is 1 if exactly one of them is 1. Can one line separate the two classes? A line
# that separates them is a solution of four inequalities, one for each point:
#
#     z = x₁w₁ + x₂w₂ + b ≥ 1 where y = 1,        z ≤ −1 where y = 0
#
# (Any separating line can be scaled to meet them.) Whether such numbers exist is a question for **linear
# programming**, which either finds them or proves that there are none.


# %%
def is_separable(X, y):
    """Tell whether a line separates the classes: a linear program without an objective."""
    sign = 2 * y - 1
    rows = -sign[:, None] * np.column_stack([X, np.ones(len(X))])  # -(x w + b) sign <= -1
    answer = linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(len(X)), bounds=(None, None))
    assert answer.status in (0, 2), answer.message  # solved, or proved to be infeasible
    return answer.status == 0


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
found = {}
for name, targets in GATES.items():
    target = np.array(targets, float)
    job = train(CORNERS, target, [], learning_rate=0.5, batch_size=4, max_epochs=100)
    found[name] = is_separable(CORNERS, target), accuracy(job, CORNERS, target), job.predict(CORNERS)
table(
    ["gate", "separable by a line", "accuracy of logistic regression"],
    [[name, "yes" if separable else "no", f"{right:.2f}"] for name, (separable, right, _) in found.items()],
)
say(
    f"For XOR the program has no solution, and logistic regression answers {found['XOR'][2].min():.2f} to "
    f"{found['XOR'][2].max():.2f} everywhere: it has learned nothing but the mean."
)
assert [found[name][0] for name in GATES] == [True, True, False]

# %% [markdown]
# The proof in words: add the inequalities of (0, 1) and (1, 0), and those of (0, 0) and (1, 1). Both sums have the same
# left side, w₁ + w₂ + 2b; one says that it is at least 2, the other that it is at most −2.
#
# ## A hidden layer
#
# Logistic regression with a hard step instead of the sigmoid is the **perceptron** of 1958. The way out of XOR is to
# let two of them look at the inputs, and a third one look at what they say. One fires from the first 1 on (OR), the
# other only for both (AND); XOR is "the first, but not the second".

# %%
from matplotlib.patches import Circle

W_HIDDEN = np.array([[1.0, 1.0], [1.0, 1.0]])
B_HIDDEN = np.array([-0.5, -1.5])
W_OUT, B_OUT = np.array([1.0, -1.0]), -0.5


def step(z):
    return (z >= 0).astype(float)


H = step(CORNERS @ W_HIDDEN.T + B_HIDDEN)
answer = step(H @ W_OUT + B_OUT)
table(
    ["x1", "x2", "h1 (OR)", "h2 (AND)", "answer", "XOR"],
    [[f"{v:.0f}" for v in (*x, *h, a, t)] for x, h, a, t in zip(CORNERS, H, answer, GATES["XOR"], strict=True)],
)
assert np.array_equal(answer, GATES["XOR"])


def unit(ax, x, y, text, colour):
    ax.add_patch(Circle((x, y), 0.36, facecolor=colour, edgecolor="black", zorder=3))
    ax.text(x, y, text, ha="center", va="center", fontsize=13, zorder=4)


def arrow(ax, start, stop, text="", at=0.5):
    (x0, y0), (x1, y1) = start, stop
    length = np.hypot(x1 - x0, y1 - y0)
    dx, dy = 0.36 * (x1 - x0) / length, 0.36 * (y1 - y0) / length
    style = {"arrowstyle": "-|>", "color": "#444444", "lw": 1.3}
    ax.annotate("", (x1 - dx, y1 - dy), (x0 + dx, y0 + dy), arrowprops=style)
    ax.text(x0 + at * (x1 - x0), y0 + at * (y1 - y0) + 0.14, text, ha="center", fontsize=11.5, zorder=5)


figure = new_figure(10, 3.7)
one, two = figure.subplots(1, 2, width_ratios=(1, 1.25))
for ax, width in ((one, 5.4), (two, 6.6)):
    ax.set(xlim=(-0.6, width), ylim=(-2.35, 2.1), aspect="equal")
    ax.axis("off")
for i, y_unit in enumerate((1.1, -1.1)):
    unit(one, 0, y_unit, f"$x_{i + 1}$", "#ffffff")
    arrow(one, (0, y_unit), (2.4, 0), f"$w_{i + 1}$")
unit(one, 2.4, 0, r"$\sigma$", SKY)
one.text(2.4, 0.6, "$+\\, b$", ha="center", fontsize=12)
arrow(one, (2.4, 0), (4.9, 0), "$p$")
one.text(2.4, -2.2, r"$p = \sigma(xW + b)$", ha="center", fontsize=15)
one.set_title("One neuron: logistic regression")
for i, y_unit in enumerate((0.9, -0.9)):
    unit(two, 0, y_unit, f"$x_{i + 1}$", "#ffffff")
for k, (y_unit, colour) in enumerate(zip((1.35, 0, -1.35), (SKY, ORANGE, GREEN), strict=True)):
    for start in (0.9, -0.9):
        arrow(two, (0, start), (2.5, y_unit))
    unit(two, 2.5, y_unit, f"$h_{k + 1}$", colour)
    arrow(two, (2.5, y_unit), (4.6, 0))
unit(two, 4.6, 0, r"$\sigma$", "#ffffff")
arrow(two, (4.6, 0), (6.4, 0), "$p$")
two.text(2.9, -2.2, r"$h = \sigma(W x + b)$,     $p = \sigma(v \cdot h + c)$", ha="center", fontsize=15)
two.set_title("One hidden layer")
show(
    figure,
    "neuron_and_network",
    "Left: a neuron weighs its inputs, adds a bias and applies the sigmoid. Right: three such neurons between the "
    "inputs and the last one, which is a logistic regression on what they say.",
)

# %%
figure = new_figure(8.6, 4.9)
left, right = figure.subplots(1, 2)
is_one = np.array(GATES["XOR"]) == 1
for ax, points in ((left, CORNERS), (right, H)):
    for chosen, colour, marker, label in ((~is_one, BLUE, "o", "$y = 0$"), (is_one, VERMILLION, "s", "$y = 1$")):
        ax.scatter(*points[chosen].T, s=150, color=colour, marker=marker, label=label, zorder=3)
    ax.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal", xticks=(0, 1), yticks=(0, 1))
t = np.array([-0.5, 1.5])
left.plot(t, 0.5 - t, color=SKY, lw=2.5, label="line of $h_1$ (OR)")
left.plot(t, 1.5 - t, color=ORANGE, lw=2.5, label="line of $h_2$ (AND)")
left.fill_between(t, 0.5 - t, 1.5 - t, color=VERMILLION, alpha=0.13, lw=0)
left.set(xlabel="$x_1$", ylabel="$x_2$", title="XOR: two lines are needed")
right.plot(t, t - 0.5, color="black", lw=2, label="line of the last neuron")
right.fill_between(t, t - 0.5, -0.5, color=VERMILLION, alpha=0.13, lw=0)
right.annotate("(0, 1) and (1, 0)\nare one point now", (1, 0), (0.42, -0.42), fontsize=9.5)
right.set(xlabel="$h_1$", ylabel="$h_2$", title="Seen by the hidden units: one line is enough")
for ax in (left, right):
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncol=2)
show(
    figure,
    "xor",
    "The hidden layer moves the points: in its own coordinates the classes can be separated by a line.",
)
N_SEEDS = 10
solved = {
    width: sum(
        accuracy(
            train(
                CORNERS, np.array(GATES["XOR"], float), [width], seed, learning_rate=0.3, batch_size=4, max_epochs=100
            ),
            CORNERS,
            GATES["XOR"],
        )
        == 1
        for seed in range(N_SEEDS)
    )
    for width in (2, 4)
}
say(
    f"Weights need not be chosen by hand. Of {N_SEEDS} random starts, training solves XOR {solved[2]} times with 2 "
    f"hidden units and {solved[4]} times with 4: with more units than needed, it gets stuck less often."
)

# %% [markdown]
# ## The same in the table of compounds
#
# Lesson 1 asked for strongly bound compounds, below −1 eV/atom, and a line did well. Other features hold as much
# knowledge, but not along a line. Take
#
# - x₁, the **lowest electronegativity** among the elements (Pauling), usually that of the metal
# - x₂, the **spread of empty p states**: how far the number of empty p states of the elements lies from its mean over
#   the atoms, on average
#
# The spread is 0 in alloys of transition metals, whose atoms have no p shell to fill. It is moderate in halides, oxides
# and sulfides, whose anions miss one or two electrons, and large in carbides, borides and aluminides, whose atoms miss
# four or five. The strongly bound compounds are in the middle.

# %%
BOUNDARY = -1.0  # eV/atom
NAMES = ("MagpieData minimum Electronegativity", "MagpieData avg_dev NpUnfilled")
AXES = ("lowest electronegativity $x_1$ (Pauling)", "spread of empty p states $x_2$")
task_config = TaskConfig(type="classification", boundary=BOUNDARY)
dataset = load_dataset(DataConfig(path="bundled", source="measured, 298 K"), task_config)
features = featurize(dataset, ["magpie"])
X_all = features.X[:, [features.names.index(name) for name in NAMES]]
y_all = labels(task_config, dataset.y)
split = make_split(dataset, SplitConfig(val=0.2, test=0.2), seed=0)
X, y = X_all[split.train], y_all[split.train]
X_test, y_test = X_all[split.test], y_all[split.test]
majority = max(np.mean(y), 1 - np.mean(y))


def best_line(X, y, n_angles=720):
    """Return the line with the most rows on their right side, as (share, angle, place along it), of these angles."""
    best = (0.0, 0.0, 0.0)
    for angle in np.linspace(0, np.pi, n_angles, endpoint=False):
        along = X @ [np.cos(angle), np.sin(angle)]
        order = np.argsort(along, kind="stable")
        last = np.append(np.diff(along[order]) > 0, True)  # a line passes between two values, not through equal ones
        n_right = y.sum() + np.cumsum(1 - 2 * y[order])[last]  # y = 0 up to the line, y = 1 beyond it
        place = max(np.argmax(n_right), np.argmin(n_right), key=lambda i: max(n_right[i], len(y) - n_right[i]))
        share = max(n_right[place], len(y) - n_right[place]) / len(y)
        best = max(best, (share, angle, along[order][last][place]))
    return best


scaler = FeatureScaler.fit(X, NAMES)
line = train(X, y, [])
ceiling, angle, place = best_line(scaler.transform(X), y)
say(
    f"Linear programming says that a line separates the {len(X):,} training compounds: "
    f"{'yes' if is_separable(scaler.transform(X), y) else 'no'}. But that alone says little: one compound on the "
    "wrong side would be enough. So we also try all lines, in steps of a quarter of a degree, and count."
)
table(
    ["what", "accuracy on the training compounds"],
    [
        ["always 'weakly bound'", f"{majority:.3f}"],
        ["logistic regression", f"{accuracy(line, X, y):.3f}"],
        ["the best of all lines", f"{ceiling:.3f}"],
    ],
)
say(
    f"Logistic regression, which minimises the cross-entropy, is no better than no line at all; the line with the "
    f"fewest mistakes still has {1 - ceiling:.0%} of the compounds on the wrong side. That these two features know "
    "much more, a hidden layer will show."
)

# %% [markdown]
# ## Hidden units
#
# A network with one hidden layer, in the form of matrices, for a column x of inputs:
#
#     h = σ(Wx + b)        each row of W and entry of b is one hidden neuron with its own line
#     p = σ(v·h + c)       a logistic regression on the hidden units

# %%
WIDTHS = (0, 1, 2, 3, 4, 8)
networks = {}
rows = []
for width in WIDTHS:
    jobs = [line] if width == 0 else [train(X, y, [width], seed) for seed in range(3)]
    networks[width] = min(jobs, key=lambda job: job.state.best_score)
    rows.append(
        [
            width,
            n_parameters(networks[width].model),
            f"{accuracy(networks[width], X, y):.3f}",
            f"{accuracy(networks[width], X_test, y_test):.3f}",
        ]
    )
table(["hidden units", "weights", "train accuracy", "test accuracy"], rows, "Lowest loss of three random starts each")

# %%
N_UNITS = 3
network = networks[N_UNITS]
weights = {name: value.numpy() for name, value in network.model.state_dict().items()}
W, b = weights["body.0.weight"], weights["body.0.bias"]
v, c = weights["head.weight"], weights["head.bias"]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


x = scaler.transform(X).T.astype(np.float32)  # each compound is a column
h = sigmoid(W @ x + b[:, None])
p = sigmoid(v @ h + c[:, None])
table(
    ["name", "shape", "meaning"],
    [
        ["x", str(x.shape), "features, a column for each compound"],
        ["W", str(W.shape), "a row for each hidden unit"],
        ["b", str(b.shape), "a bias for each hidden unit"],
        ["h = σ(Wx + b)", str(h.shape), "what the hidden units say"],
        ["v", str(v.shape), "how the last neuron weighs them"],
        ["c", str(c.shape), "its bias"],
        ["p = σ(vh + c)", str(p.shape), "the probability of strongly bound"],
    ],
    f"The shapes, for {N_UNITS} hidden units",
)
say(
    f"Two matrix products and two sigmoids are all there is: they differ from the package's own answer by "
    f"{np.abs(p[0] - network.predict(X)).max():.0e} at most."
)
assert np.allclose(p[0], network.predict(X), atol=1e-5)

# %% [markdown]
# Each hidden unit alone is a neuron as in lesson 1, with a line of its own where Wx + b = 0. Where the sum of the last
# neuron is zero, their soft steps together make a curve.

# %%
from matplotlib.colors import LinearSegmentedColormap

PROBABILITY = LinearSegmentedColormap.from_list("probability", [BLUE, "#ffffff", VERMILLION])
COLOURS = (GREEN, PURPLE, ORANGE)
FINE = 260
low, high = X_all.min(axis=0), X_all.max(axis=0)
margin = 0.04 * (high - low)
grid_x, grid_y = (np.linspace(a - m, e + m, FINE) for a, e, m in zip(low, high, margin, strict=True))
grid = np.stack(np.meshgrid(grid_x, grid_y), axis=-1).reshape(-1, 2)
z_hidden = W @ scaler.transform(grid).T + b[:, None]  # [units, points]


def scatter(ax, size=9):
    for value, colour, label in ((0, BLUE, "weakly bound"), (1, VERMILLION, "strongly bound")):
        ax.scatter(*X[y == value].T, s=size, color=colour, alpha=0.6, linewidths=0, label=label)
    ax.set(xlim=(grid_x[0], grid_x[-1]), ylim=(grid_y[0], grid_y[-1]))


def colour_map(ax, values, **keys):
    options = {"cmap": PROBABILITY, "vmin": 0, "vmax": 1, "alpha": 0.5, "rasterized": True, "linewidth": 0} | keys
    return ax.pcolormesh(grid_x, grid_y, values.reshape(FINE, FINE), **options)


figure = new_figure(10.2, 4.5)
left, right = figure.subplots(1, 2, sharey=True)
for ax, job, title in (
    (left, line, f"One neuron: accuracy {accuracy(line, X, y):.3f}"),
    (right, network, f"{N_UNITS} hidden units: accuracy {accuracy(network, X, y):.3f}"),
):
    values = job.predict(grid)
    image = colour_map(ax, values)
    scatter(ax)
    if values.min() < HALF < values.max():
        ax.contour(grid_x, grid_y, values.reshape(FINE, FINE), levels=[HALF], colors="black", linewidths=2)
    ax.set(xlabel=AXES[0], title=title)
ends = scaler.centre + scaler.scale * (
    place * np.array([np.cos(angle), np.sin(angle)]) + np.array([[-9], [9]]) * [-np.sin(angle), np.cos(angle)]
)
left.plot(*ends.T, color="black", lw=2, ls="--", label=f"the best of all lines: {ceiling:.3f}")
left.set_ylabel(AXES[1])
left.legend(loc="upper right", markerscale=2, framealpha=0.95)
figure.colorbar(image, ax=[left, right], label="probability of strongly bound")
show(
    figure,
    "line_and_curve",
    "The same compounds, and what each model makes of them; black: the decision boundary. Every line cuts through the "
    "strongly bound compounds or takes many others in; three lines together fence them in.",
)

figure = new_figure(11.4, 3.5)
panels = figure.subplots(1, N_UNITS + 1, sharey=True)
for k, ax in enumerate(panels[:N_UNITS]):
    colour_map(ax, sigmoid(z_hidden[k]), cmap=LinearSegmentedColormap.from_list("unit", ["#ffffff", COLOURS[k]]))
    ax.set_title(rf"$h_{k + 1} = \sigma(W_{k + 1} x + b_{k + 1})$,   $v_{k + 1}$ = {v[0, k]:+.1f}", fontsize=10)
for k in range(N_UNITS):
    for ax in (panels[k], panels[-1]):
        z = z_hidden[k].reshape(FINE, FINE)
        ax.contour(grid_x, grid_y, z, levels=[0], colors=COLOURS[k], linewidths=2.4, linestyles="--")
colour_map(panels[-1], network.predict(grid), alpha=0.35)
values = network.predict(grid).reshape(FINE, FINE)
panels[-1].contour(grid_x, grid_y, values, levels=[HALF], colors="black", linewidths=2.6)
panels[-1].set_title(r"$p = \sigma(v \cdot h + c)$", fontsize=11)
for ax in panels:
    ax.set_xlabel("$x_1$ (Pauling)")
panels[0].set_ylabel(AXES[1])
show(
    figure,
    "hidden_units",
    "Each hidden unit switches on across its own line (dashed; white: 0, colour: 1). The last neuron adds them up with "
    "the weights v: the black curve is its decision boundary.",
)

# %% [markdown]
# ## Without the sigmoid, the layers collapse
#
# What if the hidden layer were linear, h = Wx + b? Then
#
#     v(Wx + b) + c = (vW)x + (vb + c)
#
# and the two layers are one: a single row of weights vW and a single bias. However many linear layers are stacked, they
# can be multiplied out, and what is left is a line.

# %%
deep = [np.random.default_rng(0).normal(size=shape) for shape in ((5, 2), (4, 5), (1, 4))]
biases = [np.random.default_rng(1).normal(size=(len(matrix), 1)) for matrix in deep]
out = x.astype(float)
for matrix, bias in zip(deep, biases, strict=True):
    out = matrix @ out + bias
W_one, b_one = np.eye(2), np.zeros((2, 1))
for matrix, bias in zip(deep, biases, strict=True):
    W_one, b_one = matrix @ W_one, matrix @ b_one + bias
table(
    ["layers", "shapes", "weights and biases"],
    [
        [
            "three linear layers",
            " · ".join(str(m.shape) for m in reversed(deep)),
            sum(m.size + len(m) for m in deep),
        ],
        ["multiplied out", str(W_one.shape), W_one.size + b_one.size],
    ],
)
collapsed = sigmoid(v @ (W @ x + b[:, None]) + c[:, None])[0]
say(
    f"The largest difference between the two over all compounds is {np.abs(out - (W_one @ x + b_one)).max():.0e}, of "
    f"values up to {np.abs(out).max():.0f}: rounding, nothing else. Our trained network, with its sigmoids in the "
    f"hidden layer taken out, is right for {np.mean((collapsed >= HALF) == y):.3f} of the training compounds, and no "
    f"training could bring it above {ceiling:.3f}. The non-linearity is what makes a network more than a line; "
    "lesson 3 is about which one to take."
)

# %% [markdown]
# ## XOR in nature
#
# XOR is no mere puzzle. Take the compounds of two elements, A and B in alphabetical order, and describe each by the
# electronegativities χ(A) and χ(B). Much heat is set free where one of them is low and the other is high, whichever is
# which: two opposite corners. Lesson 1 used the difference, a feature that somebody thought of. A hidden layer
# finds it by itself.

# %%
from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import SYMBOLS

elements = load_table("magpie")
chi = elements.values[:, elements.properties.index("Electronegativity")]
compositions = dataset.materials.compositions
binary = np.flatnonzero(compositions.n_elements == 2)
starts = compositions.row_ptr[binary]
pairs = [sorted(compositions.z[i : i + 2], key=lambda z: SYMBOLS[z]) for i in starts]
X_two, y_two = chi[np.array(pairs)], y_all[binary]
single = train(X_two, y_two, [])
double = min((train(X_two, y_two, [2], seed) for seed in range(3)), key=lambda job: job.state.best_score)
difference = np.column_stack([np.abs(X_two[:, 0] - X_two[:, 1]), X_two[:, 0]])
by_hand = train(difference, y_two, [])

figure = new_figure(10.2, 4.5)
left, right = figure.subplots(1, 2, sharey=True)
fine = np.linspace(0.6, 4.1, FINE)
square = np.stack(np.meshgrid(fine, fine), axis=-1).reshape(-1, 2)
for ax, job, title in (
    (left, single, f"One neuron: accuracy {accuracy(single, X_two, y_two):.3f}"),
    (right, double, f"2 hidden units: accuracy {accuracy(double, X_two, y_two):.3f}"),
):
    values = job.predict(square).reshape(FINE, FINE)
    image = ax.pcolormesh(fine, fine, values, cmap=PROBABILITY, vmin=0, vmax=1, alpha=0.5, rasterized=True, linewidth=0)
    for value, colour in ((0, BLUE), (1, VERMILLION)):
        ax.scatter(*X_two[y_two == value].T, s=9, color=colour, alpha=0.6, linewidths=0)
    ax.contour(fine, fine, values, levels=[HALF], colors="black", linewidths=2)
    ax.set(xlabel=r"electronegativity $\chi$(A) (Pauling)", title=title, aspect="equal")
left.set_ylabel(r"electronegativity $\chi$(B) (Pauling)")
figure.colorbar(image, ax=[left, right], label="probability of strongly bound")
show(
    figure,
    "xor_in_nature",
    f"{len(y_two):,} compounds of two elements. One line must choose a corner; two hidden units put a line on either "
    "side of the diagonal χ(A) = χ(B). Accuracies are those on the compounds shown.",
)
table(
    ["descriptors", "model", "accuracy"],
    [
        ["none", "always 'weakly bound'", f"{max(y_two.mean(), 1 - y_two.mean()):.3f}"],
        ["χ(A), χ(B)", "one neuron", f"{accuracy(single, X_two, y_two):.3f}"],
        ["χ(A), χ(B)", "2 hidden units", f"{accuracy(double, X_two, y_two):.3f}"],
        ["|χ(A) − χ(B)|, χ(A)", "one neuron", f"{accuracy(by_hand, difference, y_two):.3f}"],
    ],
)
say("Two ways out of the same trouble: a better feature, or a hidden layer. Most of this package is about using both.")

# %% [markdown]
# ## Exercises

# %%
exercise("2.1")
exercise("2.2")
exercise("2.3")
exercise("2.4")
exercise("2.5")
