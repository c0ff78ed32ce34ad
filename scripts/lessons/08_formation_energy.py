# time: 45 s

# %% [markdown]
# # 8. An MLP for formation energy
#
# The question of this toolkit: a formula in, a formation energy in eV/atom out. Everything of the first seven lessons
# comes together here, beside the opponent that every network should meet first, a random forest on the same rows. Then
# the good and the bad sides of MLPs, each as a figure, and what graph networks do differently.

# %%
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
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
from formation_mlp.lessons import data_path, exercise, limit_threads, say, show, table

# %%
from formation_mlp.lessons.drawing import crystals
from formation_mlp.lessons.drawing import formation_energy as draw
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

# %% [markdown]
# The network is that of `configs/quickstart.yaml`, with 40 epochs instead of 160.

# %%
MODEL = {"architecture": "residual", "hidden": [256, 256], "activation": "relu", "dropout": 0.1}
TRAINING = {"loss": "huber", "optimizer": "adamw", "learning_rate": 2e-3, "weight_decay": 0.1}
TRAINING |= {"batch_size": 64, "max_epochs": 40, "device": "cpu"}


def settings(seed=0, data=None, model=None, training=None, task=None):
    """Return the configuration of this lesson, with some keys changed."""
    parts = {"data": data or BUNDLED, "features": FEATURES, "model": model or MODEL, "task": task or {}, "seed": seed}
    split = {"method": "formula", "val": 0.15, "test": 0.15}
    return check_config(parts | {"split": split, "training": TRAINING | (training or {})}, "lesson 8")


def trained(prepared):
    """Train the network of a configuration to the end and return it."""
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    return job


# %% [markdown]
# ## From a formula to numbers
#
# An MLP takes a fixed number of inputs, but formulas have two, three, five elements. How can a formula become an input?
# Properties of the elements are **aggregated** over the composition: mean, range, mean deviation, smallest and largest
# value. With the atomic fractions $f_i$ and a property $p_i$ of each element, such as the electronegativity:
# $$\text{mean} = \sum_i f_i p_i \qquad \text{range} = \max p_i - \min p_i$$
# $$\text{mean deviation} = \sum_i f_i\, |p_i - \text{mean}|$$

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
    [f"electronegativity of {FORMULA}", "by hand", "toolkit"],
    [[name, f"{x:.4f}", f"{value[f'MagpieData {name} Electronegativity']:.4f}"] for name, x in by_hand.items()],
)

# %%
show(
    draw.descriptors(FRACTIONS, p, by_hand, len(described.names)),
    "descriptors",
    "From a formula (grey) to the input of an MLP (blue): element properties, aggregated and standardised.",
)
say(
    f"In all there are {len(described.names)} features for every formula, {len(prepared.scaler.kept)} of which vary "
    "over the train rows. Features of a crystal structure (neighbours, bond lengths, volumes) are aggregated over the "
    "atoms of the cell in the same way; the last part of this lesson uses some."
)

# %%
exercise("8.1")

# %% [markdown]
# ## The MLP and a tuned random forest
#
# How good is the network? That needs an opponent with the same rows, the same features and the same split by formula.
# The forest may choose its `max_features` on the val rows, the network its best epoch. Then the test rows are read,
# once.

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


TREES = {"n_estimators": 100, "n_jobs": 1, "tuned": True}
forest = Baseline({"random_forest": TREES}, prepared.config.task, seed=0)
fit_seconds, answers, predict_seconds = {}, {}, {}
_, fit_seconds["random forest"] = seconds(lambda: forest.fit(scale(train.X), train.y, scale(val.X), val.y))
job, fit_seconds["MLP"] = seconds(lambda: trained(prepared))

# %%
answers["mean of the train rows"] = np.full(len(test.y), train.y.mean())
answers["random forest"], predict_seconds["random forest"] = seconds(lambda: forest.predict(scale(test.X)), 3)
answers["MLP"], predict_seconds["MLP"] = seconds(lambda: job.predict(test.X), 3)
scores = {name: regression_scores(test.y, answer) for name, answer in answers.items()}
table(
    ["model", "test MAE (eV/atom)", "RMSE (eV/atom)", "R²"],
    [[name, *(f"{scores[name][key]:.4f}" for key in ("MAE", "RMSE", "R2"))] for name in answers],
)
shown = {name: (test.y, answers[name]) for name in ("random forest", "MLP")}
show(
    parity_plots(shown, "eV/atom", {name: scores[name] for name in shown}, "formation enthalpy"),
    "parity",
    f"Predicted against measured formation enthalpy of {len(test.y)} test compounds.",
)

# %%
difference = np.abs(answers["random forest"] - test.y) - np.abs(answers["MLP"] - test.y)
error = difference.std(ddof=1) / np.sqrt(len(difference))
say(
    f"On {len(test.y)} test compounds {'the MLP' if difference.mean() > 0 else 'the forest'} is ahead by "
    f"{abs(difference.mean()):.3f} ± {error:.3f} eV/atom (row by row, ± is the standard error), "
    f"{'more' if abs(difference.mean()) > 2 * error else 'not more'} than twice its own uncertainty. This is one "
    "split of one table: lesson 7 says why several are better, and `formation-mlp benchmark configs/benchmark.yaml` "
    "takes five."
)

# %% [markdown]
# ## For: it is universal
#
# Lesson 4 showed that one hidden layer fits anything if it is wide enough. What does width buy on the real task,
# without dropout or weight decay? That a network can say everything it was shown does not mean that it is right about
# what it was not shown.
#
# ## For: it is versatile
#
# Nothing in an MLP knows of energies. With another loss and a sigmoid the same network gives a probability; with other
# features it answers for crystal structures.

# %%
WIDTHS, errors = [1, 4, 16, 64, 256], []
plain = {"weight_decay": 0.0, "max_epochs": 20, "learning_rate": 5e-3}
for width in WIDTHS:
    own = settings(model={"architecture": "mlp", "hidden": [width], "activation": "relu"}, training=plain)
    network = trained(replace(prepared, config=own))
    errors.append([np.mean(np.abs(network.predict(part.X) - part.y)) for part in (train, val)])
errors = np.array(errors)
classifying = settings(task={"type": "classification", "boundary": -1.0}, training={"max_epochs": 15, "loss": "bce"})
probability = trained(prepare(classifying, dataset)).predict(test.X)
show(
    draw.universal_versatile(WIDTHS, errors, test.y, probability),
    "universal_versatile",
    "Left: error on seen rows (blue) and new ones (orange) against width. Right: the same network, trained to give a "
    "probability instead.",
)

# %%
called = np.mean((probability >= 0.5) == (test.y <= -1.0))
say(
    f"From {WIDTHS[0]} to {WIDTHS[-1]} hidden units the train MAE goes from {errors[0, 0]:.3f} to {errors[-1, 0]:.3f} "
    f"eV/atom, the val MAE from {errors[0, 1]:.3f} to {errors[-1, 1]:.3f}. With {WIDTHS[-1]} units new compounds have "
    f"{errors[-1, 1] / errors[-1, 0]:.1f} times the error of seen ones. The classifier calls {called:.1%} of the test "
    "compounds right."
)

# %%
exercise("8.2")

# %% [markdown]
# The toolkit brings three networks trained on DFT data. What do they say about titanium dioxide?

# %%
rutile = Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
anatase = Lattice.tetragonal(3.785, 9.514), ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]
CRYSTALS = {
    "rutile": Structure.from_spacegroup("P4_2/mnm", *rutile),
    "anatase": Structure.from_spacegroup("I4_1/amd", *anatase),
}
of_formula = float(load("composition").predict(["TiO2"])[0])
stable = float(load("stability").predict(["TiO2"])[0])
of_structure = load("structure").predict(list(CRYSTALS.values()))
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
# ## Against: it needs data
#
# From how many compounds on is a network the better choice? We train both on parts of the train rows. The error is that
# on all val rows, for the network after its last epoch, for the forest with one third of the features at each split:
# nothing is chosen by the val rows.


# %%
def with_fewer_rows(prepared, n, seed, epochs):
    """Return n random train rows and all val rows, scaled by these n."""
    chosen = np.random.default_rng(seed).permutation(prepared.split.train)[:n]
    rows = np.concatenate([chosen, prepared.split.val])
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


# %%
def both(prepared, n, seed, updates, trees=40):
    """Return the val MAE of forest and MLP with n train rows, and the seconds both took."""
    own = with_fewer_rows(prepared, n, seed, max(8, round(updates * TRAINING["batch_size"] / max(n, 64))))
    train, val, scale = own.part("train"), own.part("val"), own.scaler.transform
    model = Baseline({"random_forest": {"n_estimators": trees, "n_jobs": 1}}, own.config.task, seed)
    _, forest_time = seconds(lambda: model.fit(scale(train.X), train.y, scale(val.X), val.y))
    network, mlp_time = seconds(lambda: trained(own))
    forest_error = np.mean(np.abs(model.predict(scale(val.X)) - val.y))
    return forest_error, network.history[-1].val_score, forest_time, mlp_time


def learning_curve(prepared, sizes, n_seeds, updates):
    """Return the val MAE of both, [sizes, seeds] each, and the seconds both took with all rows."""
    found = np.array([[both(prepared, n, seed, updates) for seed in range(n_seeds)] for n in sizes])
    return {"random forest": found[..., 0], "MLP": found[..., 1]}, found[-1, -1, 2:]


# %%
def in_words(found, sizes):
    """Say who is ahead where."""
    means = {name: values.mean(axis=1) for name, values in found.items()}
    ahead = [int(mlp < rf) for mlp, rf in zip(means["MLP"], means["random forest"], strict=True)]
    if all(ahead) or not any(ahead):
        verdict = f"the {'MLP' if all(ahead) else 'forest'} is ahead at every size tried"
    elif ahead == sorted(ahead):
        first = ahead.index(1)
        verdict = f"the forest is ahead up to {sizes[first - 1]:,} rows, the MLP from {sizes[first]:,} rows on"
    else:
        verdict = "who is ahead changes more than once: the two are close"
    ends = ", ".join(f"{name} {m[0]:.3f} to {m[-1]:.3f}" for name, m in means.items())
    return f"From {sizes[0]:,} to {sizes[-1]:,} rows the val MAE goes down ({ends} eV/atom); {verdict}."


# %%
SIZES, N_SEEDS = [30, 100, 300, 900, len(train.y)], 2
curve, _ = learning_curve(prepared, SIZES, N_SEEDS, updates=300)
show(
    draw.learning_curve(curve, SIZES, "measured enthalpies (bundled)"),
    "learning_curve",
    "Val error of the forest (green) and the MLP (blue) against the number of train rows; dots are seeds.",
)
say(
    f"{in_words(curve, SIZES)} Below some number of rows a forest, or even ridge regression, is the better "
    "choice: try it "
    "first."
)

# %% [markdown]
# A larger table shows more: `formation-mlp lesson 8 --data TABLE.csv.gz` repeats this on a table of yours with a
# formula and an energy column in eV/atom.

# %%
path, N_LARGE = data_path(), 8000
if path is not None:
    large_settings = settings(data={"path": str(path), "invalid": "drop"})
    everything = load_rows(large_settings)
    rows = np.sort(np.random.default_rng(0).permutation(len(everything))[:N_LARGE])
    large = prepare(large_settings, everything.take(rows))
    n_large = len(large.split.train)
    sizes = [n for n in (100, 300, 1000, 3000) if n < 0.7 * n_large] + [n_large]
    found, spent = learning_curve(large, sizes, 1, updates=1500)
    figure = draw.learning_curve(found, sizes, f"{n_large:,} train rows of {len(everything):,}")
    show(figure, "learning_curve_large", "Val error of forest (green) and MLP (blue) on the table of `--data`.")
    say(
        f"{path}: {len(everything):,} rows with a target, of which {len(large.dataset):,} are used here. "
        f"{in_words(found, sizes)} With {n_large:,} rows the forest took {spent[0]:.0f} s to fit, the MLP "
        f"{spent[1]:.0f} "
        "s (on this machine, one core)."
    )

# %% [markdown]
# ## Against: it is a black box
#
# Hundreds of thousands of weights say nothing to a reader. What can explanation do? Two questions can be answered all
# the same.
#
# **What does the model need?** Shuffle all features of one property among the val rows and see how much worse the model
# becomes (permutation importance). **Why this answer?** Walk from the mean compound to this one and add up what each
# feature changes (integrated gradients); the parts add up to the whole.

# %%
predictor = Predictor(checkpoint(prepared, [network_member(prepared, job)], {}))
val_formulas = tuple(dataset.formulas[i] for i in prepared.split.val)
val_rows = RunRows(val_formulas, dataset.materials.compositions.take(prepared.split.val), val.X, val.y)
REPEATS = 5
needed = importance(predictor, val_rows, repeats=REPEATS)
show(
    importance_bars(needed.names, needed.losses, "val MAE (eV/atom)", "what the MLP needs", n_shown=10),
    "importance",
    "Permutation importance of the ten most important properties; dots are repeats.",
)

# %%
explained = Explainer(predictor).explain([FORMULA])[0]
parts = explained.contributions()
names, amounts = [part.name for part in parts], np.array([part.amount for part in parts])
ends = explained.baseline, explained.prediction
show(
    contribution_bars(names, amounts, *ends, "eV/atom", f"why {FORMULA} gets its number", n_shown=9),
    "contributions",
    f"From the answer for a mean compound to that for {FORMULA}, property by property.",
)
part_of_train = FORMULA in [dataset.formulas[i] for i in prepared.split.train]
say(
    f"Most needed: {', '.join(needed.names[:3])} (+{needed.mean[0]:.3f}, +{needed.mean[1]:.3f}, +{needed.mean[2]:.3f} "
    f"eV/atom on a val MAE of {needed.score:.3f}). For {FORMULA} ({'a' if part_of_train else 'not a'} train row) the "
    f"model says {ends[1]:.3f} eV/atom, {ends[1] - ends[0]:+.3f} from the mean compound; the contributions add up to "
    f"{amounts.sum():+.3f}. Such numbers say what the model does, not what nature does: of two features that go "
    "together it may use either."
)

# %%
exercise("8.3")

# %% [markdown]
# ## Against: it costs time
#
# What does each model cost, to fit and to predict?

# %%
costs = {
    "fit (s)": fit_seconds,
    "predict one row (µs)": {name: 1e6 * s / len(test.y) for name, s in predict_seconds.items()},
}
show(
    draw.cost(costs),
    "cost",
    "Time to fit (with all candidates of the search) and to predict; forest in green, MLP in blue, one core.",
)
say(
    f"On this machine the forest fits {forest.n_fits} candidates in {fit_seconds['random forest']:.1f} s, the MLP "
    f"with its {job.n_parameters:,} weights takes {fit_seconds['MLP']:.1f} s, and the "
    f"{min(predict_seconds, key=predict_seconds.get)} answers faster. What really costs is not in the figure: the "
    "search for good settings, which a network needs more than a forest does."
)

# %% [markdown]
# ## What graph networks do differently
#
# A composition has no atoms in places. Rutile and anatase are both TiO₂. What does a model of compositions say about
# their difference?

# %%
exercise("8.4")

# %% [markdown]
# Features of the structure, such as those of Ward et al. (2017) from a Voronoi tessellation, tell the two apart; but
# somebody had to think of them first.

# %%
materials = read_materials(list(CRYSTALS.values())).materials
tables = {"composition": featurize(materials, FEATURES), "structure": featurize(materials, ["ward2017"], cache="off")}
CHOSEN = {
    "mean electronegativity": ("composition", "MagpieData mean Electronegativity"),
    "range of electronegativity": ("composition", "MagpieData range Electronegativity"),
    "fraction of O": ("composition", "O"),
    "max packing efficiency": ("structure", "max packing efficiency"),
    "mean coordination (Voronoi)": ("structure", "mean CN_VoronoiNN"),
    "spread of cell sizes": ("structure", "mean absolute deviation in relative cell size"),
    "ordering, first shell": ("structure", "mean ordering parameter shell 1"),
}
change = {}
for name, (kind, feature) in CHOSEN.items():
    first, second = tables[kind].X[:, list(tables[kind].names).index(feature)]
    change[name] = kind, 0.0 if np.isclose(first, second) else 100 * (second - first) / abs(first)

# %%
show(
    crystals.polymorphs(CRYSTALS, change, of_formula, of_structure),
    "polymorphs",
    "Two polymorphs of TiO₂ (Ti blue, O orange). Features of the composition and their energy (grey) are the same for "
    "both; those of the structure (blue) differ.",
)
same = {kind: np.isclose(*one.X, rtol=1e-6, equal_nan=True) for kind, one in tables.items()}
own_mae = load("structure").checkpoint.scores["val"]["MAE"]
lower = "anatase" if of_structure[1] < of_structure[0] else "rutile"
say(
    f"Of {len(same['composition'])} features of the composition {same['composition'].sum()} are equal for rutile and "
    f"anatase; of {len(same['structure'])} features of the structure {(~same['structure']).sum()} differ. The "
    f"package's model of structures puts {lower} {1000 * abs(of_structure[0] - of_structure[1]):.0f} meV/atom below "
    "the other; the model of compositions has one number for both. The structure model's own val MAE is "
    f"{1000 * own_mae:.0f} meV/atom, so do not read more than the order of magnitude into such a difference."
)

# %% [markdown]
# A **graph network** (GNN) starts from the structure itself. Atoms are nodes, neighbours are joined by edges that know
# their distance $d_{ij}$. Every atom has a vector $h_i$, at first learned for its element. In each layer an atom
# collects messages from its neighbours and updates its vector by a small MLP, the same one for all atoms; after three
# layers an atom knows of neighbours of neighbours of neighbours. At the end the vectors are averaged over the cell, and
# a last MLP gives the energy. So the features are learned instead of written down, and the result depends neither on
# the order of the atoms nor on the choice of the cell.

# %%
show(
    crystals.graph_network(),
    "graph_network",
    "A crystal graph: the titanium atom in the middle (blue) collects messages from its oxygen neighbours (orange); "
    "all atoms share one MLP.",
)

# %% [markdown]
# What does it cost, and is it worth it? A graph network needs the structure, which for a compound not yet made is
# unknown, and it needs more data and more computing than an MLP on features. The table compares published graph
# networks with this toolkit's features of structures, on the table of computed structures that the first of them was
# tested on.

# %%
# Test MAE in eV/atom: C. Chen et al., Chem. Mater. 31, 3564 (2019); K. Choudhary, B. DeCost, npj Comput. Mater. 7, 185
# (2021). Both trained on 60,000 structures of the Materials Project of June 2018.
PUBLISHED = {"MEGNet (2019), graph network": 0.028, "ALIGNN (2021), graph network with angles": 0.022}
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
    "rows, and ours chose its epochs by them). Features that were thought out well get far; learned ones can get "
    "further where tens of thousands of structures are there to learn from. With some hundred or thousand measured "
    "compounds and no structures, as in this lesson, the choice is between features with a small network, and a "
    "forest."
)

# %% [markdown]
# ## What to take home
#
# - **For** MLPs speaks that they can fit anything (universal) and take any numbers and give any (versatile).
# - **Against** them: they need data and care in training, may lose to a forest on small tables, cost time, and do not
#   explain themselves.
# - Today graph networks are the nets that are used most in computational materials science. They are the subject of the
#   lecture after this one.

# %%
LAYERS = [prepared.table.X.shape[1], 256, 1]
n_weights = sum(a * b + b for a, b in pairwise(LAYERS))
say(f"For scale: one hidden layer of {LAYERS[1]} units on all {LAYERS[0]} features has {n_weights:,} weights already.")

# %%
exercise("8.5")
