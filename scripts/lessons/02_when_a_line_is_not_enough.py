# time: 15 s

# %% [markdown]
# # 2. When a line is not enough
#
# One neuron draws one straight line; a hidden layer of neurons draws several, and makes a curve of them. We meet the
# smallest problem that no line can solve, XOR, then one of real compounds, and solve both with one hidden layer.
#
# As in lesson 1 the data are pairs $(x_i, y_i)$ of features and a class, 0 or 1. The question is new: what if no line
# separates the classes?

# %%
import numpy as np
from scipy.optimize import linprog

from formation_mlp.chemistry.element_data import load_table
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.config.schema import DataConfig, ModelConfig, SplitConfig, TaskConfig, TrainingConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.features.engine.table import featurize
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import hidden_layers as draw
from formation_mlp.models.mlp import n_parameters
from formation_mlp.splits.methods import make_split
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining

limit_threads()

# %% [markdown]
# Two helpers: the first trains the package's network on some rows. They are its validation rows, too, so nothing is
# tested with it. The second counts right answers.

# %%
FAST = {"optimizer": "adam", "learning_rate": 0.1, "weight_decay": 0.0, "batch_size": 256, "max_epochs": 80}


def train(X, y, hidden, seed=0, **options):
    rows = Examples(X, y)
    model = ModelConfig(hidden=hidden, activation="sigmoid")
    training = TrainingConfig(**FAST | {"device": "cpu"} | options)
    scaler, task = FeatureScaler.fit(X, ("x1", "x2")), Task.fit(TaskConfig(type="classification"), y)
    job = NetworkTraining(train=rows, val=rows, scaler=scaler, task=task, model=model, training=training, seed=seed)
    for _ in job.epochs():
        pass
    return job


def accuracy(job, X, y):
    return float(np.mean((job.predict(X).round(6) >= 0.5) == y))  # rounded: the network has single precision


# %% [markdown]
# ## XOR
#
# Two inputs are each 0 or 1, and the answer is 1 if exactly one of them is 1. Can one line separate the two classes?
# A line that does so solves four inequalities, one for each point:
# $$w_1 x_1 + w_2 x_2 + b \ge 1 \quad \text{where} \quad y = 1$$
# $$w_1 x_1 + w_2 x_2 + b \le -1 \quad \text{where} \quad y = 0$$
# (Any separating line can be scaled to meet them.) Whether such numbers exist is a question for **linear
# programming**, which either finds them or proves that there are none.


# %%
def is_separable(X, y):
    """Tell whether a line separates the classes: a linear program without an objective."""
    sign = 2 * y - 1
    rows = -sign[:, None] * np.column_stack([X, np.ones(len(X))])  # -(w x + b) sign <= -1
    answer = linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(len(X)), bounds=(None, None))
    assert answer.status in (0, 2), answer.message  # solved, or proved to be infeasible
    return answer.status == 0


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"AND": np.array([0.0, 0, 0, 1]), "OR": np.array([0.0, 1, 1, 1]), "XOR": np.array([0.0, 1, 1, 0])}
SMALL = {"batch_size": 4, "max_epochs": 100}
neurons = {name: train(CORNERS, y, [], learning_rate=0.5, **SMALL) for name, y in GATES.items()}
separable = {name: is_separable(CORNERS, y) for name, y in GATES.items()}
assert separable == {"AND": True, "OR": True, "XOR": False}

# %%
table(
    ["gate", "separable by a line", "accuracy of logistic regression"],
    [
        [name, "yes" if separable[name] else "no", f"{accuracy(neurons[name], CORNERS, y):.2f}"]
        for name, y in GATES.items()
    ],
)
answers = neurons["XOR"].predict(CORNERS)
say(
    f"For XOR the program has no solution, and logistic regression answers {answers.min():.2f} to {answers.max():.2f} "
    "everywhere: it has learned nothing but the mean."
)

# %% [markdown]
# Why is there no solution? Add the inequalities of (0, 1) and (1, 0), and then those of (0, 0) and (1, 1). Both sums
# have the same left side, $w_1 + w_2 + 2b$. The first says that it is at least 2, the second that it is at most −2.

# %%
exercise("2.1")

# %% [markdown]
# ## Two units find what one cannot
#
# Logistic regression with a hard step instead of the sigmoid is the **perceptron** of 1958. The way out of XOR is to
# let two of them look at the inputs, and a third one look at what they say. The first fires from one 1 on (OR), the
# second only for two (AND). What is XOR in these terms? It is "the first, but not the second".

# %%
W_HIDDEN = np.array([[1.0, 1.0], [1.0, 1.0]])  # a row for each unit
B_HIDDEN = np.array([-0.5, -1.5])
W_OUT, B_OUT = np.array([1.0, -1.0]), -0.5


def step(z):
    return (z >= 0).astype(float)


H = np.array([step(W_HIDDEN @ x + B_HIDDEN) for x in CORNERS])
answer = np.array([step(W_OUT @ h + B_OUT) for h in H])
table(
    ["x₁", "x₂", "h₁ (OR)", "h₂ (AND)", "answer", "XOR"],
    [[f"{v:.0f}" for v in (*x, *h, a, t)] for x, h, a, t in zip(CORNERS, H, answer, GATES["XOR"], strict=True)],
)
assert np.array_equal(answer, GATES["XOR"])

# %%
exercise("2.2")

# %% [markdown]
# ## What did the hidden layer do?
#
# The units in the middle are called the **hidden layer**, since their values are neither given nor asked for. The
# whole is a **multilayer perceptron**, or **MLP**: an input layer of features, a hidden layer of weighted sums and
# activations, an output layer of a weighted sum and a sigmoid, and at last the step from probability to class.

# %%
show(
    draw.neuron_and_network(),
    "neuron_and_network",
    "Left: a neuron weighs its inputs, adds a bias and applies the sigmoid. Right: three such neurons (blue, orange, "
    "green) between the inputs and the last one, which is a logistic regression on what they say.",
)
show(
    draw.xor(CORNERS, H, GATES["XOR"]),
    "xor",
    "Left: the light blue line is that of OR, the orange one that of AND; the answer is 1 between them (shaded). "
    "Right: in the coordinates of the hidden units one black line is enough, for they have moved two corners "
    "onto one point.",
)

# %% [markdown]
# Can training find such weights, or must they be chosen by hand?

# %%
N_SEEDS, xor = 10, GATES["XOR"]
solved = {
    width: sum(
        accuracy(train(CORNERS, xor, [width], seed, learning_rate=0.3, **SMALL), CORNERS, xor) == 1
        for seed in range(N_SEEDS)
    )
    for width in (2, 4)
}
say(
    f"Of {N_SEEDS} random starts, training solves XOR {solved[2]} times with 2 hidden units and {solved[4]} times with "
    "4. With more units than needed, it gets stuck less often."
)

# %% [markdown]
# ## A line is not enough for compounds either
#
# Lesson 1 asked for strongly bound compounds, below −1 eV/atom, and a line did well. Do other features do as well? Take
#
# - $x_1$, the **lowest electronegativity** among the elements (Pauling), usually that of the metal;
# - $x_2$, the **spread of empty p states**: how far the number of empty p states of the elements lies from its mean
#   over the atoms, on average.
#
# The spread is 0 in alloys of transition metals, whose atoms have no p shell to fill. It is moderate in halides, oxides
# and sulfides, whose anions miss one or two electrons, and large in carbides, borides and aluminides, whose atoms miss
# four or five. So the strongly bound compounds are in the middle.

# %%
BOUNDARY = -1.0  # eV/atom
NAMES = ("MagpieData minimum Electronegativity", "MagpieData avg_dev NpUnfilled")
task_config = TaskConfig(type="classification", boundary=BOUNDARY)
dataset = load_dataset(DataConfig(path="bundled", source="measured, 298 K"), task_config)
features = featurize(dataset, ["magpie"])
X_all = features.X[:, [features.names.index(name) for name in NAMES]]
y_all = labels(task_config, dataset.y)
split = make_split(dataset, SplitConfig(val=0.2, test=0.2), seed=0)
X, y = X_all[split.train], y_all[split.train]
X_test, y_test = X_all[split.test], y_all[split.test]
scaler = FeatureScaler.fit(X, NAMES)

# %% [markdown]
# How good can a line be at all? We try all of them, in steps of a quarter of a degree, and count.


# %%
def best_line(X, y, n_angles=720):
    """Return (share of rows on their right side, angle, place along it) of the best of these lines."""
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


line = train(X, y, [])
ceiling, angle, place = best_line(scaler.transform(X), y)
majority = max(np.mean(y), 1 - np.mean(y))

# %%
table(
    ["what", "accuracy on the training compounds"],
    [
        ["always 'weakly bound'", f"{majority:.3f}"],
        ["logistic regression", f"{accuracy(line, X, y):.3f}"],
        ["the best of all lines", f"{ceiling:.3f}"],
    ],
)
say(
    "Logistic regression, which minimises the cross-entropy, is no better than no line at all. The line with the "
    f"fewest mistakes still has {1 - ceiling:.0%} of the compounds on the wrong side."
)

# %% [markdown]
# ## Hidden units
#
# How does one write a network with a hidden layer? In the form of matrices, for one sample $x$, a column of numbers:
# $$h = \sigma(W x + b) \qquad \hat y = \sigma(v \cdot h + c)$$
# Each row of $W$ and entry of $b$ is one hidden unit with its own line; the second formula is a logistic regression on
# the hidden units. Written out for two units and $k$ features:
# $$z_1 = w_{11} x_1 + w_{12} x_2 + \cdots + w_{1k} x_k + b_1$$
# $$z_2 = w_{21} x_1 + w_{22} x_2 + \cdots + w_{2k} x_k + b_2$$
# You may see $xW + b$ elsewhere, also in the same set of slides. It is the same sum with the sample as a row and $W$
# transposed. All lessons here write $W x + b$; where code treats many samples as the rows of a table `X`, this reads
# `X @ W.T + b`.

# %%
WIDTHS, networks, rows = (0, 1, 2, 3, 4, 8), {}, []
for width in WIDTHS:
    jobs = [line] if width == 0 else [train(X, y, [width], seed) for seed in range(3)]
    networks[width] = min(jobs, key=lambda job: job.state.best_score)
    scores = [f"{accuracy(networks[width], *part):.3f}" for part in ((X, y), (X_test, y_test))]
    rows.append([width, n_parameters(networks[width].model), *scores])
table(["hidden units", "weights", "train accuracy", "test accuracy"], rows, "Lowest loss of three random starts each")

# %%
exercise("2.3")

# %% [markdown]
# ## All numbers of one network
#
# What is inside of the network with three hidden units? Two matrix products and two sigmoids, nothing else.

# %%
network = networks[3]
weights = {name: value.numpy() for name, value in network.model.state_dict().items()}
W, b = weights["body.0.weight"], weights["body.0.bias"]
v, c = weights["head.weight"][0], weights["head.bias"][0]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


Xs = scaler.transform(X).astype(np.float32)
H = sigmoid(Xs @ W.T + b)
y_hat = sigmoid(H @ v + c)
assert np.allclose(y_hat, network.predict(X), atol=1e-5)

# %%
shapes = {"X: a row for each compound": Xs, "W: a row for each hidden unit": W, "b: a bias for each hidden unit": b}
shapes |= {"H = σ(X Wᵀ + b): what the hidden units say": H, "v: how the last neuron weighs them": v}
shapes |= {"ŷ = σ(H v + c): the probabilities": y_hat}
table(["name and meaning", "shape"], [[name, " × ".join(map(str, array.shape))] for name, array in shapes.items()])
say(f"They differ from the package's own answer by {np.abs(y_hat - network.predict(X)).max():.0e} at most.")

# %%
across = np.array([[-9], [9]]) * [-np.sin(angle), np.cos(angle)] + place * np.array([np.cos(angle), np.sin(angle)])
models = [
    (f"One neuron: accuracy {accuracy(line, X, y):.3f}", line.predict),
    (f"3 hidden units: accuracy {accuracy(network, X, y):.3f}", network.predict),
]
ends = scaler.centre + scaler.scale * across
show(
    draw.line_and_curve(X, y, models, ends, f"the best of all lines: {ceiling:.3f}", X_all),
    "line_and_curve",
    "The same compounds, strongly bound in orange and weakly bound in blue, and what each model makes of them; black: "
    "the decision boundary. Every line cuts through the strongly bound compounds or takes many others in. Three lines "
    "together fence them in.",
)

# %% [markdown]
# What does each hidden unit contribute? Each alone is a neuron as in lesson 1, with a line of its own where
# $W x + b = 0$. Where the sum of the last neuron is zero, their soft steps together make a curve.

# %%
show(
    draw.hidden_units(lambda points: W @ scaler.transform(points).T + b[:, None], network.predict, v, X_all),
    "hidden_units",
    "Each hidden unit (green, purple, orange) switches on across its own dashed line: white is 0, full colour is 1. "
    "The last neuron adds them up with the weights v, and the black curve is its decision boundary.",
)

# %% [markdown]
# ## Without the sigmoid the layers collapse
#
# What if the hidden layer were linear, $h = W x + b$? Then
# $$v (W x + b) + c = (v W) x + (v b + c)$$
# and the two layers are one, with a single row of weights $vW$ and a single bias. However many linear layers are
# stacked, they can be multiplied out, and what is left is a line. The **non-linear coupling** between the layers is
# what makes a network more than that.

# %%
rng = np.random.default_rng(0)
deep = [(rng.normal(size=(n_out, n_in)), rng.normal(size=n_out)) for n_out, n_in in ((5, 2), (4, 5), (1, 4))]
out, W_one, b_one = Xs.astype(float), np.eye(2), np.zeros(2)
for matrix, bias in deep:
    out = out @ matrix.T + bias
    W_one, b_one = matrix @ W_one, matrix @ b_one + bias
n_weights = sum(matrix.size + bias.size for matrix, bias in deep)
say(
    f"Three linear layers with {n_weights} weights and biases are one layer with {W_one.size + b_one.size}: over all "
    f"compounds the two differ by {np.abs(out - (Xs @ W_one.T + b_one)).max():.0e} at most. Our trained network with "
    "its sigmoids in the hidden layer taken out is right for "
    f"{np.mean((sigmoid((Xs @ W.T + b) @ v + c) >= 0.5) == y):.3f} "
    f"of the training compounds, and no training could bring it above {ceiling:.3f}. Lesson 3 is about which "
    "non-linearity to take."
)

# %%
exercise("2.4")
exercise("2.5")

# %% [markdown]
# ## XOR in nature
#
# Is XOR a mere puzzle? Take the compounds of two elements, A and B in alphabetical order, and describe each by the
# electronegativities χ(A) and χ(B). Much heat is set free where one of them is low and the other is high, whichever is
# which: these are two opposite corners. Lesson 1 used the difference, a feature that somebody thought of. A hidden
# layer finds it by itself.

# %%
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

# %%
models = [
    (f"One neuron: accuracy {accuracy(single, X_two, y_two):.3f}", single.predict),
    (f"2 hidden units: accuracy {accuracy(double, X_two, y_two):.3f}", double.predict),
]
show(
    draw.xor_in_nature(X_two, y_two, models),
    "xor_in_nature",
    f"{len(y_two):,} compounds of two elements, strongly bound in orange. One line must choose a corner; two hidden "
    "units put a line on either side of the diagonal χ(A) = χ(B). Accuracies are those on the compounds shown.",
)
table(
    ["features", "model", "accuracy"],
    [
        ["none", "always 'weakly bound'", f"{max(y_two.mean(), 1 - y_two.mean()):.3f}"],
        ["χ(A), χ(B)", "one neuron", f"{accuracy(single, X_two, y_two):.3f}"],
        ["χ(A), χ(B)", "2 hidden units", f"{accuracy(double, X_two, y_two):.3f}"],
        ["|χ(A) − χ(B)|, χ(A)", "one neuron", f"{accuracy(by_hand, difference, y_two):.3f}"],
    ],
)

# %% [markdown]
# There are two ways out of the same trouble: a better feature, or a hidden layer. Most of this package is about using
# both.
