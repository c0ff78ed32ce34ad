# time: 30 s

# %% [markdown]
# # 8. An MLP for formation energy
#
# The question of this toolkit: a formula in, a formation energy in eV/atom out. Everything of the first seven lessons
# comes together here, beside the opponent that every network should meet first, a random forest on the same rows. Then
# the good and the bad sides of MLPs, each as a figure, and what graph networks do differently.

# %%
import time
from dataclasses import replace
from itertools import combinations, pairwise, product

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import NullFormatter
from pymatgen.core import Lattice, Structure

from formation_mlp import load
from formation_mlp.baselines import Baseline
from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.config.loading import check_config
from formation_mlp.explain.explanation import Explainer
from formation_mlp.explain.permutation import importance
from formation_mlp.explain.rows import RunRows
from formation_mlp.features.engine.table import featurize
from formation_mlp.figures import parity_plots
from formation_mlp.figures.explain import contribution_bars, importance_bars
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
from formation_mlp.lessons import data_path, exercise, limit_threads, say, show, table
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.assemble import checkpoint, network_member
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.splits.methods import Split
from formation_mlp.targets.metrics import regression_scores
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task

limit_threads()

FEATURES = ["magpie", "stoichiometry", "valence_orbital", "element_fraction"]
BUNDLED = {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"}
# The network of configs/quickstart.yaml, with 40 epochs instead of 160.
MODEL = {"architecture": "residual", "hidden": [256, 256], "activation": "relu", "dropout": 0.1}
TRAINING = {
    "loss": "huber",
    "optimizer": "adamw",
    "learning_rate": 2e-3,
    "weight_decay": 0.1,
    "batch_size": 64,
    "max_epochs": 40,
    "device": "cpu",
}
TREES = {"n_estimators": 100, "n_jobs": 1}


def settings(seed=0, data=None, model=None, training=None, task=None):
    """Return the configuration of this lesson, with some keys changed."""
    raw = {
        "data": data or BUNDLED,
        "features": FEATURES,
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": model or MODEL,
        "training": TRAINING | (training or {}),
        "task": task or {},
        "seed": seed,
    }
    return check_config(raw, "lesson 8")


def trained(prepared):
    """Train the network of a configuration to the end and return it."""
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return job


# %% [markdown]
# ## From a formula to numbers
#
# An MLP takes a fixed number of inputs, but formulas have two, three, five elements. So properties of the elements are
# **aggregated** over the composition: mean, range, mean deviation, smallest and largest value. With the atomic
# fractions fᵢ and a property pᵢ of each element, such as the electronegativity:
#
#     mean = Σ fᵢ pᵢ        range = max pᵢ − min pᵢ        deviation = Σ fᵢ |pᵢ − mean|

# %%
dataset = load_rows(settings())
prepared = prepare(settings(), dataset)
FORMULA, FRACTIONS = "Fe2O3", {"Fe": 0.4, "O": 0.6}
chi = select_properties("magpie", ("Electronegativity",)).values[:, 0]
p = np.array([chi[ATOMIC_NUMBER[symbol]] for symbol in FRACTIONS])
f = np.array(list(FRACTIONS.values()))
by_hand = {"mean": f @ p, "range": np.ptp(p), "avg_dev": f @ np.abs(p - f @ p)}
described = featurize(read_materials([FORMULA]).materials, FEATURES)
value = dict(zip(described.names, described.X[0], strict=True))
table(
    ["electronegativity of Fe2O3", "by hand", "toolkit"],
    [[name, f"{x:.4f}", f"{value[f'MagpieData {name} Electronegativity']:.4f}"] for name, x in by_hand.items()],
)
say(
    f"In all {len(described.names)} features for every formula, {len(prepared.scaler.kept)} of which vary over the "
    "train "
    "rows. Features of a crystal structure (neighbours, bond lengths, volumes) are aggregated over the atoms of "
    "the cell "
    "in the same way; the last part of this lesson uses some."
)

figure = new_figure(10, 3.1)
ax = figure.add_subplot()
ax.set_axis_off()
ax.set_xlim(0, 100)
ax.set_ylim(2, 31)
SHOWN = ("mean", "range", "avg_dev")
steps = [
    (0.5, 11, GREY, "formula", ["$\\mathrm{Fe_2O_3}$"]),
    (
        14.5,
        19,
        SKY,
        "elements",
        [f"{symbol}: $f$ = {FRACTIONS[symbol]}, $\\chi$ = {x:.2f}" for symbol, x in zip(FRACTIONS, p, strict=True)],
    ),
    (
        36.5,
        24,
        ORANGE,
        "aggregated features",
        [
            f"$\\bar\\chi = \\sum_i f_i \\chi_i$ = {by_hand['mean']:.2f}",
            f"$\\Delta\\chi = \\max\\chi - \\min\\chi$ = {by_hand['range']:.2f}",
            f"... {len(described.names)} in all",
        ],
    ),
    (63.5, 17.5, GREEN, "standardised", ["$x_j \\leftarrow (x_j - \\mu_j) / s_j$", "$\\mu_j, s_j$: train rows only"]),
    (84, 15.5, BLUE, "MLP", ["$h = \\sigma(Wx + b)$", "$y^\\prime = w h + b$", "eV/atom"]),
]
for x, width, color, title, lines in steps:
    patch = FancyBboxPatch((x, 5), width, 22, boxstyle="round,pad=0,rounding_size=1.2", facecolor=color, alpha=0.22)
    ax.add_patch(patch)
    ax.text(x + width / 2, 29, title, ha="center", va="center", fontsize=11, fontweight="bold")
    for y, line in zip(
        np.linspace(16 + 4.5 * (len(lines) - 1) / 1.5, 16 - 4.5 * (len(lines) - 1) / 1.5, len(lines)),
        lines,
        strict=True,
    ):
        ax.text(x + width / 2, y, line, ha="center", va="center", fontsize=10.5)
for before, after in pairwise(steps):
    ends = (before[0] + before[1], 16), (after[0], 16)
    ax.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=14, color="black"))
show(figure, "descriptors", "From a formula to the input of an MLP: element properties, aggregated and standardised.")

# %% [markdown]
# ## The MLP and a tuned random forest
#
# The same rows, the same features, the same split by formula. The forest may choose its `max_features` on the val
# rows, the network its best epoch. Then the test rows are read, once.

# %%
train, val, test = (prepared.part(part) for part in ("train", "val", "test"))
scale = prepared.scaler.transform


def seconds(call, repeats=1):
    """Return the result of a call and its shortest time."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - began)
    return result, min(times)


forest = Baseline({"random_forest": TREES | {"tuned": True}}, prepared.config.task, seed=0)
_, forest_fit = seconds(lambda: forest.fit(scale(train.X), train.y, scale(val.X), val.y))
job, mlp_fit = seconds(lambda: trained(prepared))
answers, predict_seconds = {}, {}
answers["random forest"], predict_seconds["random forest"] = seconds(lambda: forest.predict(scale(test.X)), 3)
answers["MLP"], predict_seconds["MLP"] = seconds(lambda: job.predict(test.X), 3)
answers["mean of the train rows"] = np.full(len(test.y), train.y.mean())
scores = {name: regression_scores(test.y, answer) for name, answer in answers.items()}
table(
    ["model", "test MAE (eV/atom)", "RMSE (eV/atom)", "R²"],
    [
        [name, *(f"{scores[name][key]:.4f}" for key in ("MAE", "RMSE", "R2"))]
        for name in ("mean of the train rows", "random forest", "MLP")
    ],
)
difference = np.abs(answers["random forest"] - test.y) - np.abs(answers["MLP"] - test.y)
error = difference.std(ddof=1) / np.sqrt(len(difference))
ahead = "the MLP" if difference.mean() > 0 else "the forest"
say(
    f"On {len(test.y)} test compounds {ahead} is ahead by {abs(difference.mean()):.3f} ± {error:.3f} eV/atom (row by "
    "row, ± "
    "is the standard error), "
    + ("more" if abs(difference.mean()) > 2 * error else "not more")
    + " than twice its own uncertainty. One split of one table: lesson 7 says why several are better, and "
    "`formation-mlp benchmark configs/benchmark.yaml` takes five."
)
shown = {name: (test.y, answers[name]) for name in ("random forest", "MLP")}
figure = parity_plots(shown, "eV/atom", {name: scores[name] for name in shown}, "formation enthalpy")
show(figure, "parity", f"Predicted against measured formation enthalpy of {len(test.y)} test compounds.")

# %% [markdown]
# ## Universal: what width buys
#
# Lesson 4: wide enough, one hidden layer fits anything. Here on the real task, without dropout or weight decay. That a
# network can say everything it was shown does not mean that it is right about what it was not shown.

# %%
WIDTHS = [1, 4, 16, 64, 256]
by_width = []
for width in WIDTHS:
    plain = {"architecture": "mlp", "hidden": [width], "activation": "relu"}
    own = settings(model=plain, training={"weight_decay": 0.0, "max_epochs": 20, "learning_rate": 5e-3})
    network = trained(replace(prepared, config=own))
    by_width.append([np.mean(np.abs(network.predict(part.X) - part.y)) for part in (train, val)])
on_train, on_val = np.array(by_width).T

classifying = settings(task={"type": "classification", "boundary": -1.0}, training={"max_epochs": 15, "loss": "bce"})
classes = prepare(classifying, dataset)
classifier = trained(classes)
probability = classifier.predict(test.X)
called = np.mean((probability >= 0.5) == (test.y <= -1.0))

figure = new_figure(9.4, 3.9)
left, right = figure.subplots(1, 2)
left.plot(WIDTHS, on_train, "s-", color=BLUE, markersize=5, label="train rows (seen)")
left.plot(WIDTHS, on_val, "o-", color=VERMILLION, markersize=5, label="val rows (new)")
left.set_xscale("log", base=2)
left.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
left.set_ylim(0, 1.1 * max(on_train.max(), on_val.max()))
left.grid(alpha=0.25, linewidth=0.6)
left.legend(fontsize=LEGEND, frameon=False)
label_axes(left, "hidden units", "MAE (eV/atom)", "universal: wider networks say more")
right.scatter(test.y, probability, s=16, color=BLUE, alpha=0.55, linewidths=0)
right.axvline(-1.0, color="black", linewidth=1, linestyle="--", label="boundary: −1 eV/atom")
right.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label="threshold: 0.5")
right.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none", loc=(0.03, 0.18))
label_axes(
    right,
    "measured formation enthalpy (eV/atom)",
    "probability of 'strongly bound'",
    "versatile: the same network, a class",
)
show(figure, "universal_versatile", "Error against width; and the same network, trained to give a probability instead.")
say(
    f"From {WIDTHS[0]} to {WIDTHS[-1]} hidden units the train MAE goes from {on_train[0]:.3f} to {on_train[-1]:.3f} "
    "eV/atom, "
    f"the val MAE from {on_val[0]:.3f} to {on_val[-1]:.3f}. With {WIDTHS[-1]} units new compounds have "
    f"{on_val[-1] / on_train[-1]:.1f} times the error of seen ones."
)

# %% [markdown]
# ## Versatile: one idea, many tasks
#
# Nothing in an MLP knows of energies. Another loss and a sigmoid, and the same network gives a probability (the
# right-hand side above); other features, and it answers for crystal structures. The toolkit brings three networks
# trained on DFT data:

# %%
RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)
ANATASE = Structure.from_spacegroup(
    "I4_1/amd", Lattice.tetragonal(3.785, 9.514), ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]
)
of_formula = float(load("composition").predict(["TiO2"])[0])
stable = float(load("stability").predict(["TiO2"])[0])
of_structure = load("structure").predict([RUTILE, ANATASE])
say(f"The classifier above calls {100 * called:.1f} % of the test compounds right. And for titanium dioxide:")
table(
    ["model in the package", "is given", "gives", "answer"],
    [
        ["composition", "TiO2", "formation energy", f"{of_formula:.3f} eV/atom"],
        ["stability", "TiO2", "probability to be on the convex hull", f"{stable:.3f}"],
        ["structure", "rutile", "formation energy", f"{of_structure[0]:.3f} eV/atom"],
        ["structure", "anatase", "formation energy", f"{of_structure[1]:.3f} eV/atom"],
    ],
)

# %% [markdown]
# ## Needs data: the learning curve of both
#
# Train both on parts of the train rows; the error is that on all val rows, for the network after its last epoch, for
# the forest with one third of the features at each split: nothing is chosen by the val rows.

# %%


def with_fewer_rows(prepared, n, seed, epochs):
    """Return n random train rows and all val rows, scaled by these n."""
    draw = np.random.default_rng(seed).permutation(prepared.split.train)[:n]
    rows = np.concatenate([draw, prepared.split.val])
    X, y = prepared.table.X[rows], prepared.y[rows]
    return replace(
        prepared,
        config=settings(seed, training={"max_epochs": epochs}),
        dataset=prepared.dataset.take(rows),
        table=replace(prepared.table, X=X, ids=None),
        split=Split(np.arange(n), np.arange(n, len(rows)), np.arange(0)),
        scaler=FeatureScaler.fit(X[:n], prepared.table.names),
        task=Task.fit(prepared.config.task, y[:n]),
        y=y,
    )


def learning_curve(prepared, sizes, n_seeds, updates, trees):
    """Return the val MAE of forest and MLP, ``[sizes, seeds]``, and the seconds both took with all rows."""
    found = {"random forest": np.zeros((len(sizes), n_seeds)), "MLP": np.zeros((len(sizes), n_seeds))}
    spent = {}
    for i, n in enumerate(sizes):
        for seed in range(n_seeds):
            own = with_fewer_rows(prepared, n, seed, max(8, round(updates * TRAINING["batch_size"] / max(n, 64))))
            train, val, scale = own.part("train"), own.part("val"), own.scaler.transform
            model = Baseline({"random_forest": {"n_estimators": trees, "n_jobs": 1}}, own.config.task, seed)
            _, spent["random forest"] = seconds(
                lambda m=model, t=train, v=val, s=scale: m.fit(s(t.X), t.y, s(v.X), v.y)
            )
            found["random forest"][i, seed] = np.mean(np.abs(model.predict(scale(val.X)) - val.y))
            network, spent["MLP"] = seconds(lambda own=own: trained(own))
            found["MLP"][i, seed] = network.history[-1].val_score
    return found, spent


def draw_curve(found, sizes, title):
    """Return the figure of a learning curve."""
    figure = new_figure(5.8, 4.0)
    ax = figure.add_subplot()
    for (name, values), color, marker in zip(found.items(), (GREEN, BLUE), "so", strict=True):
        ax.plot(sizes, values.mean(axis=1), marker + "-", color=color, markersize=6, label=name)
        if values.shape[1] > 1:
            ax.plot(np.repeat(sizes, values.shape[1]), values.ravel(), ".", color="black", markersize=3)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(0, 1.12 * max(values.max() for values in found.values()))
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False)
    label_axes(ax, "train rows", "val MAE (eV/atom)", title)
    return figure


def in_words(found, sizes):
    """Say who is ahead where."""
    means = {name: values.mean(axis=1) for name, values in found.items()}
    ahead = [int(mlp < rf) for mlp, rf in zip(means["MLP"], means["random forest"], strict=True)]
    if all(ahead):
        verdict = "the MLP is ahead at every size tried"
    elif not any(ahead):
        verdict = "the forest is ahead at every size tried"
    elif ahead == sorted(ahead):
        first = ahead.index(1)
        verdict = f"the forest is ahead up to {sizes[first - 1]:,} rows, the MLP from {sizes[first]:,} rows on"
    else:
        verdict = "who is ahead changes more than once: the two are close"
    ends = ", ".join(f"{name} {m[0]:.3f} to {m[-1]:.3f}" for name, m in means.items())
    return f"From {sizes[0]:,} to {sizes[-1]:,} rows the val MAE goes down ({ends} eV/atom); {verdict}."


SIZES, N_SEEDS = [30, 100, 300, 900, len(train.y)], 2
curve, _ = learning_curve(prepared, SIZES, N_SEEDS, updates=300, trees=40)
show(
    draw_curve(curve, SIZES, "measured enthalpies (bundled)"),
    "learning_curve",
    "Val error of forest and MLP against train rows; dots are seeds.",
)
say(
    in_words(curve, SIZES)
    + " Below some number of rows a forest, or even ridge regression, is the better choice: try it first."
)

# %%
path = data_path()
if path is None:
    say(
        "A larger table shows more: `formation-mlp lesson 8 --data TABLE.csv.gz` repeats this on a table of yours "
        "with a "
        "formula and an energy column in eV/atom."
    )
else:
    N_LARGE = 8000
    large_settings = settings(data={"path": str(path), "invalid": "drop"})
    everything = load_rows(large_settings)
    rows = np.sort(np.random.default_rng(0).permutation(len(everything))[:N_LARGE])
    large = prepare(large_settings, everything.take(rows))
    n_large = len(large.split.train)
    sizes = [n for n in (100, 300, 1000, 3000) if n < 0.7 * n_large] + [n_large]
    found, spent = learning_curve(large, sizes, 1, updates=1500, trees=40)
    show(
        draw_curve(found, sizes, f"{n_large:,} train rows of {len(everything):,}"),
        "learning_curve_large",
        "Val error of forest and MLP against train rows, on the table of `--data`.",
    )
    say(
        f"{path}: {len(everything):,} rows with a target, of which {len(large.dataset):,} are used here. "
        f"{in_words(found, sizes)} "
        f"With {n_large:,} rows the forest of 40 trees took {spent['random forest']:.0f} s to fit, the MLP "
        f"{spent['MLP']:.0f} s "
        "(on this machine, one core)."
    )

# %% [markdown]
# ## A black box, and what explanation can do
#
# Hundreds of thousands of weights say nothing to a reader. Two questions can be answered all the same.
#
# **What does the model need?** Shuffle all features of one property among the val rows and see how much worse the
# model becomes (permutation importance). **Why this answer?** Walk from the mean compound to this one and add up what
# each feature changes (integrated gradients); the parts add up to the whole.

# %%
predictor = Predictor(checkpoint(prepared, [network_member(prepared, job)], {}))
val_formulas = tuple(dataset.formulas[i] for i in prepared.split.val)
val_rows = RunRows(val_formulas, dataset.materials.compositions.take(prepared.split.val), val.X, val.y)
needed = importance(predictor, val_rows, repeats=5)
figure = importance_bars(needed.names, needed.losses, "val MAE (eV/atom)", "what the MLP needs", n_shown=10)
show(figure, "importance", "Permutation importance of the ten most important properties; dots are repeats.")
explained = Explainer(predictor).explain([FORMULA])[0]
parts = explained.contributions()
figure = contribution_bars(
    [part.name for part in parts],
    np.array([part.amount for part in parts]),
    explained.baseline,
    explained.prediction,
    "eV/atom",
    f"why {FORMULA} gets its number",
    n_shown=9,
)
show(figure, "contributions", f"From the answer for a mean compound to that for {FORMULA}, property by property.")
total = sum(part.amount for part in parts)
part_of_train = FORMULA in [dataset.formulas[i] for i in prepared.split.train]
say(
    f"Most needed: {', '.join(needed.names[:3])} (+{needed.mean[0]:.3f}, +{needed.mean[1]:.3f}, +{needed.mean[2]:.3f} "
    "eV/atom "
    f"on a val MAE of {needed.score:.3f}). For {FORMULA} ({'a' if part_of_train else 'not a'} train row) the model "
    "says "
    f"{explained.prediction:.3f} eV/atom, {explained.prediction - explained.baseline:+.3f} from the mean compound; the "
    f"contributions add up to {total:+.3f}. The largest is {parts[0].name}, {parts[0].amount:+.3f}. Such numbers say "
    "what the "
    "model does, not what nature does: of two features that go together it may use either."
)

# %% [markdown]
# ## Cost

# %%
costs = {
    "fit (s)": {"random forest": forest_fit, "MLP": mlp_fit},
    "predict one row (µs)": {name: 1e6 * s / len(test.y) for name, s in predict_seconds.items()},
}
figure = new_figure(8.6, 2.5)
for ax, (label, values) in zip(figure.subplots(1, 2), costs.items(), strict=True):
    ax.barh(list(values), list(values.values()), color=[GREEN, BLUE], height=0.6)
    for i, number in enumerate(values.values()):
        ax.text(number + 0.02 * max(values.values()), i, f"{number:.3g}", va="center", fontsize=LABEL)
    ax.set_xlim(0, 1.2 * max(values.values()))
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    label_axes(ax, label, "", None)
    ax.tick_params(axis="y", labelsize=LABEL)
show(figure, "cost", "Time to fit (with all candidates of the search) and to predict, on this machine, one core.")
table(
    ["model", "candidates", "fit (s)*", "predict (µs/row)*"],
    [
        ["random forest", forest.n_fits, f"{forest_fit:.1f}", f"{costs['predict one row (µs)']['random forest']:.1f}"],
        ["MLP", 1, f"{mlp_fit:.1f}", f"{costs['predict one row (µs)']['MLP']:.1f}"],
    ],
)

quicker = min(predict_seconds, key=predict_seconds.get)
say(
    f"*: on this machine, one core, from features. The MLP has {job.n_parameters:,} weights; the {quicker} answers "
    "faster "
    "here. What really costs is not in the table: the search for good settings, which a network needs more than a "
    "forest does."
)

# %% [markdown]
# ## What graph networks do differently
#
# A composition has no atoms in places. Rutile and anatase are both TiO₂: every feature of the composition is the
# same, so any model on top must give both one energy. Features of the structure, such as those of Ward et al.
# (2017) from a Voronoi tessellation, tell them apart; but somebody had to think of them first.

# %%
composition = featurize(read_materials([RUTILE, ANATASE]).materials, FEATURES).X
ward = featurize(read_materials([RUTILE, ANATASE]).materials, ["ward2017"], cache="off")
same = int(np.sum(np.isclose(composition[0], composition[1], rtol=1e-9, equal_nan=True)))
changed = ~np.isclose(ward.X[0], ward.X[1], rtol=1e-6, equal_nan=True)


RADIUS, HALF = {"Ti": 0.45, "O": 0.32}, (3.8, 5.8)  # angstrom


def draw_crystal(ax, structure, title):
    """Draw the unit cell with its Ti-O bonds, seen from a slanted direction."""
    tilt, turn = np.radians(12), np.radians(28)
    around_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    around_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    view, cartesian = (around_x @ around_z).T, structure.lattice.get_cartesian_coords
    shifts = np.array(list(product((-1, 0, 1), repeat=3)))
    atoms = [
        (RADIUS[site.specie.symbol], site.specie.symbol, cartesian(frac) @ view)
        for site in structure
        for frac in site.frac_coords + shifts
        if np.all((frac > -0.01) & (frac < 1.01))
    ]
    corners = np.array(list(product((0, 1), repeat=3)))
    for a, b in combinations(corners, 2):
        if np.abs(a - b).sum() == 1:
            ends = cartesian([a, b]) @ view
            ax.plot(ends[:, 0], ends[:, 2], color=GREY, linewidth=0.8, zorder=-100)
    for (r_a, a, from_a), (r_b, b, to_b) in combinations(atoms, 2):
        length = np.linalg.norm(to_b - from_a)
        if a != b and length < 2.1:  # angstrom
            unit = (to_b - from_a) / length
            x, depth, z = np.transpose([from_a + 0.8 * r_a * unit, to_b - 0.8 * r_b * unit])
            ax.plot(x, z, color="#404040", linewidth=2.2, zorder=-depth.mean())
    for radius, symbol, (x, depth, z) in atoms:
        color = BLUE if symbol == "Ti" else VERMILLION
        ax.add_patch(Circle((x, z), radius, facecolor=color, edgecolor="black", linewidth=0.6, zorder=-depth))
    middle = cartesian([0.5, 0.5, 0.5]) @ view
    ax.set_xlim(middle[0] - HALF[0], middle[0] + HALF[0])
    ax.set_ylim(middle[2] - HALF[1], middle[2] + HALF[1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=TITLE)


figure = new_figure(11, 3.9)
first, second, bars, energies = figure.subplots(1, 4, width_ratios=[1.3, 1.3, 2, 1.7])
draw_crystal(first, RUTILE, "rutile")
draw_crystal(second, ANATASE, "anatase")
first.text(0.3, 0.02, "Ti", color=BLUE, fontsize=13, fontweight="bold", transform=first.transAxes)
first.text(0.55, 0.02, "O", color=VERMILLION, fontsize=13, fontweight="bold", transform=first.transAxes)
CHOSEN = {
    "mean electronegativity": ("MagpieData mean Electronegativity", composition, described.names),
    "range of electronegativity": ("MagpieData range Electronegativity", composition, described.names),
    "fraction of O": ("O", composition, described.names),
    "max packing efficiency": ("max packing efficiency", ward.X, ward.names),
    "mean coordination (Voronoi)": ("mean CN_VoronoiNN", ward.X, ward.names),
    "spread of cell sizes": ("mean absolute deviation in relative cell size", ward.X, ward.names),
    "ordering, first shell": ("mean ordering parameter shell 1", ward.X, ward.names),
}
relative = []
for column, X, names in CHOSEN.values():
    rutile, anatase = X[:, list(names).index(column)]
    relative.append(0.0 if np.isclose(rutile, anatase) else 100 * (anatase - rutile) / abs(rutile))
ax = bars
kinds = ["composition" if X is composition else "structure" for _, X, _ in CHOSEN.values()]
for kind, color in (("composition", GREY), ("structure", BLUE)):
    own = [i for i, one in enumerate(kinds) if one == kind]
    ax.barh(own, [relative[i] for i in own], color=color, height=0.62, label=f"of the {kind}")
span = max(abs(x) for x in relative)
for i, x in enumerate(relative):
    number = "0" if x == 0 else f"{x:+.0f} %".replace("-", "\N{MINUS SIGN}")
    ax.text(x + np.copysign(0.03 * span, x), i, number, va="center", ha="left" if x >= 0 else "right", fontsize=TICKS)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_xlim(-1.4 * span, 1.75 * span)
ax.set_yticks(range(len(CHOSEN)), list(CHOSEN))
ax.set_ylim(len(CHOSEN) - 0.4, -2.6)
ax.legend(fontsize=LEGEND, frameon=False, loc="upper right")
label_axes(ax, "anatase against rutile (%)", "", "descriptors")
ax = energies
ax.plot([0, 1], [of_formula] * 2, "s--", color=GREY, markersize=8, label="from the composition")
ax.plot([0, 1], of_structure, "o-", color=BLUE, markersize=8, label="from the structure")
ax.set_xticks([0, 1], ["rutile", "anatase"])
ax.set_xlim(-0.45, 1.45)
every = [of_formula, *of_structure]
ax.set_ylim(min(every) - 0.25 * np.ptp(every), max(every) + 0.75 * np.ptp(every))
ax.legend(fontsize=LEGEND, frameon=False, loc="upper right")
ax.tick_params(axis="x", labelsize=LABEL)
label_axes(ax, "", "predicted formation energy (eV/atom)", "energies")
show(figure, "polymorphs", "Two polymorphs of TiO2: equal for a composition, different for a structure.")
lower = "anatase" if of_structure[1] < of_structure[0] else "rutile"
say(
    f"Of {composition.shape[1]} composition features {same} are equal for rutile and anatase; of {ward.X.shape[1]} "
    f"structure features {int(changed.sum())} differ. The package's model of structures puts {lower} "
    f"{1000 * abs(of_structure[0] - of_structure[1]):.0f} meV/atom below the other; the model of compositions has one "
    "number "
    f"for both. The structure model's own val MAE is {1000 * load('structure').checkpoint.scores['val']['MAE']:.0f} "
    "meV/atom, "
    "so do not read more than the order of magnitude into such a difference."
)

# %% [markdown]
# A **graph network** starts from the structure itself. Atoms are nodes, neighbours are joined by edges that know their
# distance dᵢⱼ. Every atom has a vector hᵢ, at first learned for its element. In each layer an atom collects messages
# from its neighbours and updates its vector by a small MLP, the same one for all atoms; after three layers an atom
# knows of neighbours of neighbours of neighbours. At the end the vectors are averaged over the cell and a last MLP
# gives the energy. So the features are learned instead of written down, and the sum makes the result independent of
# the order of the atoms and of the choice of the cell.

# %%
figure = new_figure(10, 3.9)
left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
left.set_axis_off()
left.set_aspect("equal")
angles = np.radians([90, 150, 210, 270, 330, 30])
near = 1.35 * np.column_stack([np.cos(angles), np.sin(angles)])
far = 2.35 * np.column_stack([np.cos(angles), np.sin(angles)])
for i, (x, y) in enumerate(near):
    left.plot([x, far[i, 0]], [y, far[i, 1]], color=GREY, linewidth=1.4, zorder=0)
    step = FancyArrowPatch((x, y), (0.36 * x, 0.36 * y), arrowstyle="-|>", mutation_scale=16, color=BLUE, linewidth=2.2)
    left.add_patch(step)
    left.add_patch(Circle((x, y), 0.27, facecolor=VERMILLION, edgecolor="black", linewidth=0.8, zorder=3))
    left.text(x, y, "O", ha="center", va="center", color="white", fontsize=11, fontweight="bold", zorder=4)
for x, y in far:
    left.add_patch(Circle((x, y), 0.27, facecolor=SKY, edgecolor="black", linewidth=0.8, zorder=3))
    left.text(x, y, "Ti", ha="center", va="center", color="black", fontsize=10, fontweight="bold", zorder=4)
left.add_patch(Circle((0, 0), 0.36, facecolor=BLUE, edgecolor="black", linewidth=0.8, zorder=3))
left.text(0, 0, "Ti", ha="center", va="center", color="white", fontsize=13, fontweight="bold", zorder=4)
left.text(0.62, 0.03, "$i$", fontsize=13, va="center")
left.text(1.5, 0.33, "$j$", fontsize=13, va="center")
left.text(0.62, 0.62, "$d_{ij}$", fontsize=12, color=BLUE, ha="center")
left.set_xlim(-2.75, 2.75)
left.set_ylim(-2.7, 2.7)
right.set_axis_off()
right.set_xlim(0, 10)
right.set_ylim(0, 10)
scheme = [
    (8.6, "start: a learned vector per element", r"$h_i^{(0)} = e(Z_i)$", ORANGE),
    (6.1, "messages from the neighbours", r"$m_i = \sum_{j \in N(i)} \phi(h_i, h_j, d_{ij})$", SKY),
    (3.6, "update by a small MLP, several layers", r"$h_i \leftarrow \mathrm{MLP}(h_i, m_i)$", SKY),
    (1.1, "average over the cell, last MLP", r"$E / \mathrm{atom} = \mathrm{MLP}(\frac{1}{n} \sum_i h_i)$", GREEN),
]
for i, (y, name, formula, color) in enumerate(scheme):
    patch = FancyBboxPatch(
        (0.2, y - 0.85), 9.6, 1.7, boxstyle="round,pad=0,rounding_size=0.25", facecolor=color, alpha=0.22
    )
    right.add_patch(patch)
    right.text(0.5, y, name, va="center", fontsize=10.5)
    right.text(9.6, y, formula, va="center", ha="right", fontsize=12.5)
    if i:
        right.add_patch(
            FancyArrowPatch((5, y + 1.65), (5, y + 0.85), arrowstyle="-|>", mutation_scale=14, color="black")
        )
show(
    figure, "graph_network", "A crystal graph: an atom collects messages from its neighbours; all atoms share one MLP."
)

# %% [markdown]
# What it costs: a graph network needs the structure, which for a compound not yet made is unknown, and it needs more
# data and more computing than an MLP on features. Is it worth it? Published graph networks and this toolkit's
# features of structures, on the table of computed structures that the first of them was tested on:

# %%
# Test MAE in eV/atom: C. Chen et al., Chem. Mater. 31, 3564 (2019); K. Choudhary, B. DeCost, npj Comput. Mater. 7, 185
# (2021). Both trained on 60,000 structures of the Materials Project of June 2018.
PUBLISHED = {"MEGNet (2019), graph network": 0.028, "ALIGNN (2021), graph network with angles": 0.022}
own_mae = load("structure").checkpoint.scores["val"]["MAE"]
table(
    ["model", "MAE (eV/atom)"],
    [
        *([name, f"{mae:.3f}, test rows"] for name, mae in PUBLISHED.items()),
        ["ensemble of this package, features and elements", f"{own_mae:.3f}, val rows"],
    ],
)
better = sum(mae < own_mae for mae in PUBLISHED.values())
say(
    f"{better} of the {len(PUBLISHED)} graph networks {'have' if better != 1 else 'has'} a lower number (not the same "
    "rows, and "
    "ours chose its epochs by them). Features that were thought out well get far; learned ones can get further "
    "where tens "
    "of thousands of structures are there to learn from. With some hundred or thousand measured compounds and no "
    "structures, "
    "as in this lesson, the choice is between features with a small network, and a forest."
)

# %% [markdown]
# MLPs in short: **for** them speaks that they can fit anything (universal) and take any numbers and give any
# (versatile). **Against** them: they need data and care in training, may lose to a forest on small tables, and do not
# explain themselves.
#
# ## Exercises

# %%
exercise("8.1")
exercise("8.2")
exercise("8.3")
exercise("8.4")
exercise("8.5")
