# time: 10 s

# %% [markdown]
# # 1. Logistic regression
#
# The smallest neural network has one neuron: it turns two numbers about a compound into the probability that the
# compound is strongly bound. Everything larger is built of such neurons.
#
# Which compounds hold together strongly? We ask whether the measured formation enthalpy of a compound is below
# −1 eV/atom. Such a compound is **strongly bound** and has the class $y = 1$; all others are **weakly bound** and have
# $y = 0$. The data are pairs $(x_i, y_i)$, one for each compound, where $x_i$ is a vector of **features**: numbers that
# follow from the formula alone. This lesson takes two of them:
#
# - $x_1$, the **electronegativity difference**: the largest Pauling electronegativity among the elements less the
#   smallest;
# - $x_2$, the **p electrons per atom**: the valence p electrons of the free atoms, averaged over the formula.

# %%
import numpy as np

from formation_mlp.config.schema import DataConfig, ModelConfig, SplitConfig, TaskConfig, TrainingConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.features.engine.table import featurize
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import logistic_regression as draw
from formation_mlp.splits.methods import make_split
from formation_mlp.targets.metrics import classification_scores, log_loss
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining

limit_threads()

# %% [markdown]
# ## The compounds
#
# What do the data look like? The rows are divided into three parts: one to learn from, one to choose settings
# (validation), and one that is looked at once, at the very end (test).

# %%
BOUNDARY = -1.0  # eV/atom
NAMES = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
task_config = TaskConfig(type="classification", boundary=BOUNDARY, labels=["weakly bound", "strongly bound"])
dataset = load_dataset(DataConfig(path="bundled", source="measured, 298 K"), task_config)
features = featurize(dataset, ["magpie"])
X = features.X[:, [features.names.index(name) for name in NAMES]]  # [n, 2]
y = labels(task_config, dataset.y)  # [n], 0 or 1
split = make_split(dataset, SplitConfig(val=0.2, test=0.2), seed=0)
formulas = np.array(dataset.formulas)
say(
    f"The table that comes with the package has {len(y):,} compounds with a measured formation enthalpy, from "
    f"{dataset.y.min():.2f} to {dataset.y.max():.2f} eV/atom; {y.mean():.0%} of them are strongly bound. "
    f"{len(split.train):,} are for training, {len(split.val)} for validation and {len(split.test)} for the test. No "
    "formula is in two parts."
)

# %%
shown = [int(np.flatnonzero(formulas == name)[0]) for name in ("NaCl", "MgO", "Al2O3", "GaAs", "AlNi", "TiC", "LaF3")]
table(
    ["compound", "x₁", "x₂", "enthalpy (eV/atom)", "y"],
    [[formulas[i], f"{X[i, 0]:.2f}", f"{X[i, 1]:.2f}", f"{dataset.y[i]:.2f}", int(y[i])] for i in shown],
)
show(
    draw.compounds(X[split.train], y[split.train]),
    "compounds",
    "The training compounds: weakly bound ones in blue, strongly bound ones in orange. The classes lie apart, but not "
    "cleanly. The electronegativity difference decides most, and the p electrons help.",
)

# %% [markdown]
# ## A line, and a score
#
# Could you draw a straight line that has most of the orange points on one side and most of the blue ones on the other?
# If a line separates two classes completely, they are called **linearly separable**. Here it does so nearly. The line
# is the **decision boundary**, and it is written as
# $$w_1 x_1 + w_2 x_2 + b = 0$$
# The left side is useful by itself. It is a score $z$ for every compound: zero on the line, positive on the one side,
# negative on the other, and larger the farther away the point is. The numbers $w_1$ and $w_2$ are called **weights**,
# and $b$ is the **bias**.
#
# ## From a score to a probability
#
# The score can be any number. How does it become a probability, between 0 and 1? The **logistic function**, or
# **sigmoid**, squeezes it:
# $$\hat y = \sigma(z) = \frac{1}{1 + e^{-z}}, \qquad z = w_1 x_1 + w_2 x_2 + b$$
# The hat marks what the model says: $\hat y$ is the predicted probability of the class $y = 1$. It is one half where
# $z = 0$, nearly 1 where $z$ is large, and nearly 0 where $z$ is very negative.
#
# An example with one feature shows both steps: $z = 2x + 5$.

# %%
xs = np.array([-5.0, -3.0, -2.5, -2.0, 0.0])
table(
    ["x", "z = 2x + 5", "ŷ = σ(z)", "class"],
    [[f"{x:.1f}", f"{2 * x + 5:.0f}", f"{1 / (1 + np.exp(-2 * x - 5)):.3f}", int(2 * x + 5 >= 0)] for x in xs],
    "The last step: the class is 1 where the probability is at least one half, and 0 elsewhere.",
)
show(
    draw.seminar_example(),
    "seminar_example",
    "Left, in blue: the score is a straight line and has no bounds. Right, in orange: its probability. Where z = 0 the "
    "probability is one half, and there lies the boundary between the classes (dotted).",
)

# %%
exercise("1.1")

# %% [markdown]
# ## How wrong is a probability?
#
# A model says 0.9 for a compound that turns out weakly bound. How bad is that? The **cross-entropy**, also called log
# loss, answers with a logarithm. It is nothing for a sure and right answer, and grows without limit for a sure and
# wrong one. The **loss** is the mean over all $n$ samples:
# $$E = -\frac{1}{n} \sum_i \left[ y_i \ln \hat y_i + (1 - y_i) \ln(1 - \hat y_i) \right]$$
# For each compound only one of the two terms counts: the first if it is strongly bound, the second if it is not.

# %%
SURE = 0.9
say(
    f"A probability of {SURE} costs {-np.log(SURE):.2f} if the compound is strongly bound, and "
    f"{-np.log(1 - SURE):.2f} if it is not."
)
show(
    draw.cross_entropy(),
    "cross_entropy",
    "The loss of one compound against the probability that is given to it: orange if it is strongly bound, blue if it "
    "is weakly bound.",
)

# %% [markdown]
# ## Learning by hand
#
# Which weights have the smallest loss? We start anywhere and go downhill. The derivative of the loss is simple, since
# the sigmoid and the logarithm cancel each other (lesson 5 derives it):
# $$\frac{\partial E}{\partial w_j} = \frac{1}{n} \sum_i (\hat y_i - y_i)\, x_{ij}$$
# $$\frac{\partial E}{\partial b} = \frac{1}{n} \sum_i (\hat y_i - y_i)$$
# **Gradient descent** moves the weights against the derivative, again and again. The features are first brought to
# mean 0 and standard deviation 1, so that the two weights can be compared.

# %%
scaler = FeatureScaler.fit(X[split.train], NAMES)
Xs, y_train = scaler.transform(X[split.train]), y[split.train]  # [n, 2] and [n]
LEARNING_RATE, STEPS = 2.0, 3000


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(w, b):
    """Return the weights after one step of gradient descent, and the probabilities before it."""
    y_hat = sigmoid(Xs @ w + b)
    w_next = w - LEARNING_RATE * Xs.T @ (y_hat - y_train) / len(Xs)
    return w_next, b - LEARNING_RATE * np.mean(y_hat - y_train), y_hat


# %%
w, b, rows = np.zeros(2), 0.0, []
for k in range(STEPS + 1):
    w_next, b_next, y_hat = step(w, b)
    if k in (0, 1, 10, 100, 1000, STEPS):
        accuracy = np.mean((y_hat >= 0.5) == y_train)
        loss = log_loss(y_train, y_hat)
        rows.append([k, f"{w[0]:.3f}", f"{w[1]:.3f}", f"{b:.3f}", f"{loss:.4f}", f"{accuracy:.1%}"])
    if k < STEPS:
        w, b = w_next, b_next
table(["step", "w₁", "w₂", "b", "loss E", "accuracy"], rows)
say(
    f"With all weights at zero every probability is one half, and the loss is ln 2 = {np.log(2):.4f}. After {STEPS:,} "
    f"steps nothing moves any more, and the loss is {loss:.4f}."
)

# %% [markdown]
# ## Does the package find the same neuron?
#
# In this package logistic regression is a network without hidden layers (`hidden: []`) that does a classification. It
# learns from the same rows in another way, by gradient descent with momentum in single precision. It must end at the
# same place, for this loss has only one minimum.

# %%
job = NetworkTraining(
    train=Examples(X[split.train], y_train),
    val=Examples(X[split.train], y_train),  # only to compare with the lines above: the best epoch is the last
    scaler=scaler,
    task=Task.fit(task_config, y_train),
    model=ModelConfig(hidden=[]),
    training=TrainingConfig(
        optimizer="sgd", learning_rate=1.0, weight_decay=0.0, batch_size=len(Xs), max_epochs=600, device="cpu"
    ),
    seed=0,
)
for _ in job.epochs():
    pass

# %%
w_package = job.model.head.weight.detach().numpy()[0]
b_package = job.model.head.bias.item()
table(
    ["", "w₁", "w₂", "b"],
    [
        ["by hand", f"{w[0]:.4f}", f"{w[1]:.4f}", f"{b:.4f}"],
        ["formation_mlp", f"{w_package[0]:.4f}", f"{w_package[1]:.4f}", f"{b_package:.4f}"],
    ],
)
difference = max(np.abs(w - w_package).max(), abs(b - b_package))
say(f"The largest difference is {difference:.0e}: both found the same neuron.")
assert difference < 1e-3

# %% [markdown]
# ## Where is the decision boundary?
#
# In the plane of the two features the points with $z = 0$ form a straight line. The lines of all other probabilities
# are parallel to it. What happens if we ask for a probability of 0.9 instead of one half? The boundary moves, but it
# never turns and never bends.

# %%
THRESHOLDS = (0.1, 0.5, 0.9)
w_raw = w / scaler.scale  # per Pauling unit, and per electron
b_raw = b - float(w_raw @ scaler.centre)


def probability(points):
    return sigmoid(points @ w_raw + b_raw)


show(
    draw.boundary(X[split.train], y_train, probability, w_raw, b_raw, THRESHOLDS),
    "boundary",
    "Colour: the probability, from blue (weakly bound) to orange (strongly bound). Solid line: the decision boundary. "
    f"Dotted and dashed: where the probability is {THRESHOLDS[0]} and {THRESHOLDS[2]}.",
)
width = 2 * np.log(THRESHOLDS[2] / THRESHOLDS[0]) / w_raw[0]
say(
    f"Along the first axis it takes {width:.2f} Pauling units to go from a probability of {THRESHOLDS[0]} to "
    f"{THRESHOLDS[2]}. The larger the weights, the sharper the edge."
)

# %%
exercise("1.2")
exercise("1.3")
exercise("1.4")

# %% [markdown]
# ## The loss as a landscape
#
# Can gradient descent get stuck? With the bias at its best value the loss is a height over the plane of $w_1$ and
# $w_2$. It is a bowl with one lowest point, so every path ends there. A network with hidden layers has many valleys,
# and then the start matters.

# %%
STARTS, WALK = ((-2.0, 3.0), (6.0, -2.5), (-1.0, -2.5)), 400


def loss_at(weights):
    """Return E for weights [k, 2] at the best bias, [k]; written so that no exponential overflows."""
    z = Xs @ weights.T + b
    return np.mean(np.logaddexp(0, z) - y_train[:, None] * z, axis=0)


def walk(start):
    path = [np.array(start)]
    for _ in range(WALK):
        path.append(step(path[-1], b)[0])
    return np.array(path)


# %%
paths = [walk(start) for start in STARTS]
show(
    draw.loss_surface(loss_at, paths, w),
    "loss_surface",
    "The loss over both weights, as a surface and from above, with three paths of gradient descent in orange, purple "
    "and green; each dot is a step. The paths cross the contours at right angles, and the steps shrink with the slope.",
)
ends = np.array([path[-1] for path in paths])
say(
    f"After {WALK} steps the three paths are within {np.abs(ends - w).max():.0e} of the same point, "
    f"w₁ = {w[0]:.2f} and w₂ = {w[1]:.2f}."
)

# %% [markdown]
# ## How good are the classes?
#
# To call a compound strongly bound from a probability of one half on is a choice, not a law. How do we measure what a
# **threshold** does? We count four kinds of calls on the validation part: true positives (TP), true negatives (TN),
# false positives (FP) and false negatives (FN). "Positive" means "called strongly bound".
# $$\text{accuracy} = \frac{\text{correct}}{\text{all}} = \frac{TP + TN}{TP + TN + FP + FN}$$
# $$\text{precision} = \frac{TP}{TP + FP} \qquad \text{recall} = \frac{TP}{TP + FN}$$
# Precision asks: of those that are called strongly bound, which share is? Recall asks: of those that are strongly
# bound, which share is found?

# %%
X_val, y_val = X[split.val], y[split.val]
p_val = job.predict(X_val)
CHOSEN, SCORES, rows = (0.1, 0.3, 0.5, 0.7, 0.9), ("accuracy", "precision", "recall"), []
for t in CHOSEN:
    called = p_val >= t
    TP, TN = np.sum(called & (y_val == 1)), np.sum(~called & (y_val == 0))
    FP, FN = np.sum(called & (y_val == 0)), np.sum(~called & (y_val == 1))
    values = ((TP + TN) / len(y_val), TP / (TP + FP), TP / (TP + FN))
    package = classification_scores(y_val, p_val, t)
    assert np.allclose(values, [package[name] for name in SCORES])
    rows.append([f"{t}", TP, TN, FP, FN, *(f"{value:.3f}" for value in values)])
table(["threshold", "TP", "TN", "FP", "FN", *SCORES], rows)
majority = max(np.mean(y_val), 1 - np.mean(y_val))
say(
    f"A model that always answers 'weakly bound' reaches an accuracy of {majority:.3f} here, with a recall of 0. "
    "Accuracy alone says little where one class is larger."
)

# %%
exercise("1.5")
exercise("1.6")

# %%
fine = np.linspace(0.01, 0.99, 99)
scores = [classification_scores(y_val, p_val, t) for t in fine]
show(
    draw.thresholds(y_val, p_val, fine, {name: [s[name] for s in scores] for name in SCORES}, majority),
    "threshold",
    "Left: most answers are sure; blue compounds are weakly bound, orange ones strongly bound. Right: a higher "
    "threshold buys precision (orange) and pays with recall (blue); accuracy (green) changes little.",
)

# %% [markdown]
# Who can afford no false hope raises the threshold; who must miss nothing lowers it.

# %% [markdown]
# ## What has the neuron learned?
#
# Can we read its weights as chemistry? A step of one in $x_1$ adds $w_1$ to $z$, and so multiplies the **odds**
# $\hat y / (1 - \hat y)$ by $\exp(w_1)$.

# %%
STEP = 0.5
table(
    ["feature", "weight per standard deviation", "weight per unit", f"odds for a step of {STEP}"],
    [
        [name, f"{w[j]:+.2f}", f"{w_raw[j]:+.2f}", f"× {np.exp(STEP * w_raw[j]):.1f}"]
        for j, name in enumerate(("electronegativity difference (Pauling)", "p electrons per atom"))
    ],
)
say(
    f"Both weights are positive, and that of the electronegativity difference is {w[0] / w[1]:.1f} times as large. The "
    "more an electron gains by moving from one atom to another, the more heat is set free; Pauling made his scale from "
    "such heats. At the same difference, compounds with more p electrons per atom are bound more strongly: these are "
    "the oxides, sulfides and halides, whose anions fill their p shell. In alloys both numbers are small. A weight "
    "speaks for this pair of features only; beside other features it would be another."
)

# %% [markdown]
# ## Where is it wrong?
#
# Which compounds are called wrongly with the greatest confidence? They show what two numbers cannot say. Alloys of
# platinum with electropositive metals hold together by their d electrons, which neither feature sees. In superoxides,
# nitrates and perchlorates much of the electronegativity is spent between nonmetals, O with O, N or Cl, where it sets
# little heat free.

# %%
N_WORST, worst = 4, []
for value in (1, 0):
    rows_of_class = split.val[y_val == value]
    miss = np.abs(job.predict(X[rows_of_class]) - value)
    worst += rows_of_class[np.argsort(-miss, kind="stable")[:N_WORST]].tolist()
p_worst = job.predict(X[worst])
table(
    ["compound", "x₁", "x₂", "ŷ", "enthalpy (eV/atom)", "truth"],
    [
        [formulas[i], *(f"{v:.2f}" for v in X[i]), f"{p:.3f}", f"{dataset.y[i]:.2f}", task_config.labels[int(y[i])]]
        for i, p in zip(worst, p_worst, strict=True)
    ],
    "The surest mistakes on the validation part",
)

# %%
show(
    draw.chemistry(X, y, formulas, worst, probability),
    "chemistry",
    "Orange points are strongly bound, blue ones are not. Black rims mark the mistakes of the table.",
)

# %% [markdown]
# ## The test, read once
#
# How good is the neuron on compounds that nothing above has seen? All choices have been made, so the test part may be
# read.

# %%
final = classification_scores(y[split.test], job.predict(X[split.test]), task_config.threshold)
say(
    f"On the {len(split.test)} test compounds: accuracy {final['accuracy']:.3f}, precision {final['precision']:.3f}, "
    f"recall {final['recall']:.3f}, with three numbers learned. Lesson 2 shows where a line is not enough."
)

# %% [markdown]
# ## To program
#
# The two functions below are the heart of this lesson. Complete them; each is tried on random numbers.

# %%
exercise("1.7")
exercise("1.8")
