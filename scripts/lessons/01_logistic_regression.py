# time: 10 s

# %% [markdown]
# # 1. Logistic regression
#
# The smallest neural network has one neuron: it turns two numbers about a compound into the probability that the
# compound is strongly bound. Everything larger is built of such neurons.
#
# The question: is the measured formation enthalpy of a compound below −1 eV/atom? We call such a compound
# **strongly bound**, y = 1, and all others **weakly bound**, y = 0. Each sample is a pair (xᵢ, yᵢ); xᵢ holds two
# features that follow from the formula alone:
#
# - x₁, the **electronegativity difference**: the largest Pauling electronegativity among the elements less the smallest
# - x₂, the **p electrons per atom**: valence p electrons of the free atoms, averaged over the formula

# %%
import numpy as np

from formation_mlp.config.schema import DataConfig, ModelConfig, SplitConfig, TaskConfig, TrainingConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.features.engine.table import featurize
from formation_mlp.figures.style import BLUE, GREEN, GREY, PURPLE, VERMILLION, new_figure
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.splits.methods import make_split
from formation_mlp.targets.metrics import classification_scores, log_loss
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task, labels
from formation_mlp.training.network import Examples, NetworkTraining

limit_threads()

BOUNDARY = -1.0  # eV/atom
NAMES = ("MagpieData range Electronegativity", "MagpieData mean NpValence")
AXES = ("electronegativity difference $x_1$ (Pauling)", "p electrons per atom $x_2$")

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
    f"{len(split.train):,} are for training, {len(split.val)} for validation, {len(split.test)} for the test; no "
    "formula is in two parts."
)
shown = [int(np.flatnonzero(formulas == name)[0]) for name in ("NaCl", "MgO", "Al2O3", "GaAs", "AlNi", "TiC", "LaF3")]
table(
    ["compound", "x1", "x2", "enthalpy (eV/atom)", "y"],
    [[formulas[i], f"{X[i, 0]:.2f}", f"{X[i, 1]:.2f}", f"{dataset.y[i]:.2f}", int(y[i])] for i in shown],
)


# %%
def scatter(ax, rows):
    for value, colour, label in ((0, BLUE, "weakly bound, y = 0"), (1, VERMILLION, "strongly bound, y = 1")):
        chosen = rows[y[rows] == value]
        ax.scatter(*X[chosen].T, s=11, color=colour, alpha=0.65, linewidths=0, label=label)
    ax.set_xlabel(AXES[0])
    ax.set_ylabel(AXES[1])


figure = new_figure(6.4, 4.6)
ax = figure.subplots()
scatter(ax, split.train)
ax.legend(loc="lower right", markerscale=2)
ax.set_title(rf"{len(split.train):,} compounds $(x_i, y_i)$, $x_i \in \mathbb{{R}}^2$, $y_i \in \{{0, 1\}}$")
show(
    figure,
    "compounds",
    "The training compounds. The two classes lie apart, but not cleanly: the difference in electronegativity decides "
    "most, and the p electrons help.",
)

# %% [markdown]
# ## The model
#
# A neuron multiplies each feature by a weight, adds a bias, and squeezes the sum into a probability:
#
#     z = xW + b = x₁w₁ + x₂w₂ + b
#     p = σ(z) = 1 / (1 + e⁻ᶻ)
#
# The sigmoid σ turns any number into one between 0 and 1, and z = 0 into one half. The points with z = 0 form a
# straight line, the **decision boundary**.
#
# How wrong is a probability? The **cross-entropy** is −ln p for a strongly bound compound and −ln(1 − p) for a
# weakly bound one: nothing for a sure and right answer, without limit for a sure and wrong one. The loss is the mean
# over the samples:
#
#     E(W, b) = −1/n Σᵢ [ yᵢ ln pᵢ + (1 − yᵢ) ln(1 − pᵢ) ]


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


figure = new_figure(9.2, 3.7)
left, right = figure.subplots(1, 2)
z = np.linspace(-7, 7, 300)
left.axhline(0.5, color=GREY, lw=0.8, ls=":")
left.axvline(0, color=GREY, lw=0.8, ls=":")
left.plot(z, sigmoid(z), color=BLUE, lw=2.5)
left.text(-6.8, 0.8, r"$\sigma(z) = \dfrac{1}{1 + e^{-z}}$", fontsize=16)
left.annotate("decision boundary\n$z = 0$, $p = 1/2$", (0, 0.5), (1.6, 0.2), arrowprops={"arrowstyle": "->"})
left.set(xlabel="$z = xW + b$", ylabel=r"probability $p = \sigma(z)$", title="The sigmoid")
p = np.linspace(0.003, 0.997, 400)
right.plot(p, -np.log(p), color=VERMILLION, lw=2.5, label=r"$-\ln p$, if $y = 1$")
right.plot(p, -np.log(1 - p), color=BLUE, lw=2.5, label=r"$-\ln (1 - p)$, if $y = 0$")
right.set(xlabel="predicted probability $p$ of $y = 1$", ylabel="loss of one sample", title="The cross-entropy")
right.legend(loc="upper center", fontsize=12)
show(
    figure,
    "sigmoid_and_loss",
    "Left: from a sum of any size to a probability. Right: the price of a probability, if the compound is strongly "
    "bound and if it is not.",
)

# %% [markdown]
# ## Learning, by hand
#
# The derivative of the loss is simple, because the sigmoid and the logarithm cancel (lesson 5 derives it):
#
#     ∂E/∂W = 1/n Σᵢ (pᵢ − yᵢ) xᵢ        ∂E/∂b = 1/n Σᵢ (pᵢ − yᵢ)
#
# **Gradient descent** starts anywhere and moves the weights against the derivative, again and again. The features
# are first brought to mean 0 and standard deviation 1, so that the two weights can be compared.

# %%
scaler = FeatureScaler.fit(X[split.train], NAMES)
Xs, y_train = scaler.transform(X[split.train]), y[split.train]
LEARNING_RATE, STEPS = 2.0, 3000

W, b = np.zeros(2), 0.0
losses, rows = [], []
for step in range(STEPS + 1):
    p = sigmoid(Xs @ W + b)
    losses.append(log_loss(y_train, p))
    if step in (0, 1, 10, 100, 1000, STEPS):
        accuracy = np.mean((p >= 0.5) == y_train)
        rows.append([step, f"{W[0]:.3f}", f"{W[1]:.3f}", f"{b:.3f}", f"{losses[-1]:.4f}", f"{accuracy:.1%}"])
    W = W - LEARNING_RATE * Xs.T @ (p - y_train) / len(Xs)
    b = b - LEARNING_RATE * np.mean(p - y_train)
table(["step", "w1", "w2", "b", "loss E", "accuracy"], rows)
say(
    f"At W = 0 every probability is one half and the loss is ln 2 = {np.log(2):.4f}. After {STEPS:,} steps nothing "
    f"moves any more: the loss is {losses[-1]:.4f}."
)

# %% [markdown]
# ## The same, by the package
#
# In this package logistic regression is a network without hidden layers: `hidden: []` and a classification. It learns
# from the same rows in another way (gradient descent with momentum, in single precision) and must end at the same
# place, for this loss has one minimum only.

# %%
job = NetworkTraining(
    train=Examples(X[split.train], y_train),
    val=Examples(X[split.train], y_train),  # here only to compare with the lines above: the best epoch is the last
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
W_package = job.model.head.weight.detach().numpy()[0]
b_package = job.model.head.bias.item()
table(
    ["", "w1", "w2", "b"],
    [
        ["by hand", f"{W[0]:.4f}", f"{W[1]:.4f}", f"{b:.4f}"],
        ["formation_mlp", f"{W_package[0]:.4f}", f"{W_package[1]:.4f}", f"{b_package:.4f}"],
    ],
)
difference = max(np.abs(W - W_package).max(), abs(b - b_package))
say(f"The largest difference is {difference:.0e}: both found the same neuron.")
assert difference < 1e-3

# %% [markdown]
# ## The decision boundary
#
# In the plane of the two features z = 0 is a straight line. The lines of any other probability are parallel to it:
# a threshold other than one half moves the boundary, but never turns or bends it.

# %%
from matplotlib.colors import LinearSegmentedColormap

PROBABILITY = LinearSegmentedColormap.from_list("probability", [BLUE, "#ffffff", VERMILLION])
THRESHOLDS = (0.1, 0.5, 0.9)
w_raw = W / scaler.scale  # per Pauling unit, and per electron
b_raw = b - float(w_raw @ scaler.centre)


def x2_on_line(x1, threshold):
    """Return where the probability is ``threshold``: x1 w1 + x2 w2 + b = ln(t / (1 - t))."""
    return (np.log(threshold / (1 - threshold)) - b_raw - w_raw[0] * x1) / w_raw[1]


def probability_map(ax, fine=300):
    low, high = X.min(axis=0), X.max(axis=0)
    x1, x2 = (np.linspace(a - 0.1, c + 0.1, fine) for a, c in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    values = sigmoid(scaler.transform(grid) @ W + b).reshape(fine, fine)
    image = ax.pcolormesh(x1, x2, values, cmap=PROBABILITY, vmin=0, vmax=1, alpha=0.45, rasterized=True, linewidth=0)
    ax.set(xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    return image


figure = new_figure(7.4, 5.0)
ax = figure.subplots()
image = probability_map(ax)
scatter(ax, split.train)
x1 = np.array(ax.get_xlim())
for threshold, style in zip(THRESHOLDS, (":", "-", "--"), strict=True):
    name = f"$p$ = {threshold}" + (r"  ($z = 0$)" if threshold == 0.5 else "")
    ax.plot(x1, x2_on_line(x1, threshold), color="black", lw=2, ls=style, label=name)
ax.legend(loc="lower right", framealpha=0.95)
ax.set_title(rf"$z = {w_raw[0]:.2f}\,x_1 {w_raw[1]:+.2f}\,x_2 {b_raw:+.2f}$,     $p = \sigma(z)$")
figure.colorbar(image, label="probability of strongly bound")
show(
    figure,
    "boundary",
    "Colour: the probability. Solid line: the decision boundary. Dotted and dashed: where the probability is "
    f"{THRESHOLDS[0]} and {THRESHOLDS[2]}.",
)
width = (np.log(THRESHOLDS[2] / (1 - THRESHOLDS[2])) - np.log(THRESHOLDS[0] / (1 - THRESHOLDS[0]))) / w_raw[0]
say(
    f"Along the first axis it takes {width:.2f} Pauling units to go from a probability of {THRESHOLDS[0]} to "
    f"{THRESHOLDS[2]}: the larger the weights, the sharper the edge."
)

# %% [markdown]
# ## The loss as a landscape
#
# With b kept at its best value the loss is a height over the plane (w₁, w₂). It is a bowl: it has one lowest point
# and no other valleys, so gradient descent finds it from everywhere. (A network with hidden layers has many valleys.)

# %%
STARTS, RATE, WALK = ((-2.0, 3.0), (6.0, -2.5), (-1.0, -2.5)), 2.0, 400


def loss_at(weights):
    """Return E for weights ``[k, 2]`` at the best bias, ``[k]``."""
    z = Xs @ np.atleast_2d(weights).T + b
    return np.mean(np.logaddexp(0, z) - y_train[:, None] * z, axis=0)  # ln(1 + e^z) - y z: no overflow


paths = []
for start in STARTS:
    path = [np.array(start)]
    for _ in range(WALK):
        p = sigmoid(Xs @ path[-1] + b)
        path.append(path[-1] - RATE * Xs.T @ (p - y_train) / len(Xs))
    paths.append(np.array(path))

w1, w2 = np.linspace(-3, 7, 70), np.linspace(-4, 4.5, 70)
grid = np.stack(np.meshgrid(w1, w2), axis=-1)
height = loss_at(grid.reshape(-1, 2)).reshape(70, 70)
figure = new_figure(10.4, 4.6)
panels = figure.add_gridspec(1, 2, width_ratios=(1, 1.15))
bowl, flat = figure.add_subplot(panels[0], projection="3d"), figure.add_subplot(panels[1])
bowl.plot_surface(*np.moveaxis(grid, -1, 0), height, cmap="cividis", alpha=0.8, linewidth=0, rcount=70, ccount=70)
for path, colour in zip(paths, (VERMILLION, PURPLE, GREEN), strict=True):
    bowl.plot(*path.T, loss_at(path) + 0.03, color=colour, lw=2.5, zorder=10)
bowl.set(xlabel="$w_1$", ylabel="$w_2$", title="loss $E(w_1, w_2)$")
bowl.view_init(28, -62)
bowl.set_box_aspect((1, 1, 0.75), zoom=1.0)
levels = height.min() + np.linspace(0, np.sqrt(np.ptp(height)), 25) ** 2  # closer together near the minimum
lines = flat.contourf(w1, w2, height, levels=levels, cmap="cividis")
flat.contour(w1, w2, height, levels=levels[::2], colors="white", linewidths=0.5, alpha=0.5)
for path, colour in zip(paths, (VERMILLION, PURPLE, GREEN), strict=True):
    flat.plot(*path.T, color=colour, lw=1.5, marker="o", ms=3.2, markevery=list(range(60)))
flat.plot(*W, marker="*", ms=17, color="white", mec="black", ls="", label="minimum")
flat.set(xlabel="$w_1$ (electronegativity difference)", ylabel="$w_2$ (p electrons)", xlim=(-3, 7), ylim=(-4, 4.5))
flat.set_title(r"$W \leftarrow W - \eta\, \partial E / \partial W$,     $\eta$ = " + f"{RATE:g}")
flat.legend(loc="upper right")
figure.colorbar(lines, label="loss $E$", format="%.2f")
show(
    figure,
    "loss_surface",
    "The loss over both weights, as a surface and from above, with three paths of gradient descent; each dot is a "
    "step. The paths cross the contours at right angles, and the steps shrink as the slope does.",
)
ends = np.array([path[-1] for path in paths])
say(
    f"After {WALK} steps the three paths are within {np.abs(ends - W).max():.0e} of the same point, "
    f"w₁ = {W[0]:.2f} and w₂ = {W[1]:.2f}."
)

# %% [markdown]
# ## Other thresholds
#
# To call a compound strongly bound from p = 0.5 on is a choice, not a law. Of the compounds that are called strongly
# bound, the **precision** is the share that are; of those that are strongly bound, the **recall** is the share that are
# called so. Who wants no false hope raises the threshold, who must miss none lowers it. We read this off the
# validation part, and look at the test part once, in the end.

# %%
X_val, y_val = X[split.val], y[split.val]
p_val = job.predict(X_val)
SCORES = ("accuracy", "precision", "recall", "F1")
CHOSEN = (0.1, 0.3, 0.5, 0.7, 0.9)
at = {t: classification_scores(y_val, p_val, t) for t in CHOSEN}
majority = max(np.mean(y_val), 1 - np.mean(y_val))
table(["threshold", *SCORES], [[f"{t}", *(f"{at[t][name]:.3f}" for name in SCORES)] for t in CHOSEN])
say(
    f"Who always answers 'weakly bound' reaches an accuracy of {majority:.3f} here, and a recall of 0: accuracy alone "
    "says little where one class is larger."
)

fine = np.linspace(0.01, 0.99, 99)
curves = [classification_scores(y_val, p_val, t) for t in fine]
figure = new_figure(9.6, 3.8)
left, right = figure.subplots(1, 2)
bins = np.linspace(0, 1, 21)
parts = [p_val[y_val == 0], p_val[y_val == 1]]
left.hist(parts, bins, color=[BLUE, VERMILLION], label=["weakly bound", "strongly bound"])
left.set(xlabel="predicted probability $p$", ylabel="validation compounds", title="What the neuron says")
left.legend(loc="upper center")
for name, colour, style in zip(SCORES[:3], (GREEN, VERMILLION, BLUE), ("-", "--", "-."), strict=True):
    right.plot(fine, [scores[name] for scores in curves], color=colour, ls=style, lw=2.2, label=name)
right.axhline(majority, color=GREY, lw=1.2, ls=":", label="accuracy of 'never'")
right.set(xlabel="threshold on $p$", ylabel="score on the validation part", xlim=(0, 1), ylim=(0, 1.02))
right.set_title(r"precision = $\dfrac{TP}{TP + FP}$,   recall = $\dfrac{TP}{TP + FN}$", pad=16)
right.legend(loc="lower center")
show(
    figure,
    "threshold",
    "Left: most answers are sure. Right: a higher threshold buys precision and pays with recall. TP, FP, FN: true "
    "positives, false positives, false negatives.",
)

# %% [markdown]
# ## Coefficients read as chemistry
#
# A neuron can be read. A step of one in x₁ adds w₁ to z, and so multiplies the odds p / (1 − p) by exp(w₁).

# %%
STEP = 0.5
table(
    ["feature", "weight per standard deviation", "weight per unit", f"odds for a step of {STEP}"],
    [
        [name, f"{W[j]:+.2f}", f"{w_raw[j]:+.2f}", f"x {np.exp(STEP * w_raw[j]):.1f}"]
        for j, name in enumerate(("electronegativity difference (Pauling)", "p electrons per atom"))
    ],
)
say(
    f"Both weights are positive. The difference in electronegativity weighs {W[0] / W[1]:.1f} times as much: the more "
    "an electron gains by moving from one atom to another, the more heat is set free, which is how Pauling made his "
    "scale in the first place. At the same difference, compounds with more p electrons per atom are bound more "
    "strongly: these are the oxides, sulfides and halides, whose anions fill their p shell. In alloys both numbers "
    "are small. A weight speaks for this pair of features only: beside others it would be another."
)

# %% [markdown]
# Where is it wrong? The compounds that the neuron is surest about, wrongly, show what two numbers cannot say. Alloys
# of platinum with electropositive metals hold together by their d electrons, which neither feature sees. And in
# superoxides, nitrates and perchlorates much of the electronegativity is spent between nonmetals, O with O, N or Cl,
# where it sets little heat free.

# %%
N_WORST = 4
worst = []
for value in (1, 0):
    rows_of_class = split.val[y_val == value]
    miss = np.abs(job.predict(X[rows_of_class]) - value)
    worst += rows_of_class[np.argsort(-miss, kind="stable")[:N_WORST]].tolist()
table(
    ["compound", "x1", "x2", "p", "enthalpy (eV/atom)", "truth"],
    [
        [
            formulas[i],
            *(f"{value:.2f}" for value in X[i]),
            f"{job.predict(X[[i]])[0]:.3f}",
            f"{dataset.y[i]:.2f}",
            task_config.labels[int(y[i])],
        ]
        for i in worst
    ],
    "The surest mistakes on the validation part",
)

figure = new_figure(7.4, 5.0)
ax = figure.subplots()
image = probability_map(ax)
ax.plot(x1, x2_on_line(x1, 0.5), color="black", lw=2)
known = ("NaCl", "MgO", "Al2O3", "GaAs", "AlNi", "TiC", "LaF3", "Fe2O3", "CuO", "AlN", "KF", "ZnS")
BESIDE = {
    "KF": (-9, 8),
    "AlN": (-8, 9),
    "CuO": (7, -12),
    "Fe2O3": (9, -4),
    "AlPt": (7, -11),
    "LuPt": (6, 6),
    "HfPt": (-30, 6),
}  # points
places = [int(np.flatnonzero(formulas == name)[0]) for name in known]
for i in [*places, *worst]:
    ax.plot(*X[i], "o", ms=8, color=VERMILLION if y[i] else BLUE, mec="black" if i in worst else "white", mew=1.4)
for i in dict.fromkeys([*places, *worst]):
    name = "".join(f"$_{{{c}}}$" if c.isdigit() else c for c in formulas[i])
    ax.annotate(name, X[i], BESIDE.get(formulas[i], (7, 5)), textcoords="offset points", fontsize=9)
ax.set(xlabel=AXES[0], ylabel=AXES[1], title="Known compounds, and the surest mistakes (black rims)")
figure.colorbar(image, label="probability of strongly bound")
show(
    figure,
    "chemistry",
    "Orange points are strongly bound, blue ones are not; black rims mark the mistakes of the table.",
)

# %% [markdown]
# ## The test, read once

# %%
final = classification_scores(y[split.test], job.predict(X[split.test]), task_config.threshold)
say(
    f"On the {len(split.test)} test compounds, which nothing above has seen: accuracy {final['accuracy']:.3f}, "
    f"precision {final['precision']:.3f}, recall {final['recall']:.3f}, with three numbers learned. Lesson 2 shows "
    "where a line is not enough."
)

# %% [markdown]
# ## Exercises

# %%
exercise("1.1")
exercise("1.2")
exercise("1.3")
exercise("1.4")
exercise("1.5")
exercise("1.6")
exercise("1.7")
exercise("1.8")
