# time: 15 s

# %% [markdown]
# # 7. When to stop
#
# A network with enough weights can learn any table by heart. What we want is something else: small errors on compounds
# that it has not seen. So some rows are kept aside, and how they are kept aside decides whether the number in the end
# means anything. Three parts: **train** rows move the weights, **validation** rows say when to stop and which settings
# to take, **test** rows are read once, at the very end.

# %%
from dataclasses import replace

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter
from sklearn.neighbors import KNeighborsRegressor

from formation_mlp.baselines import Baseline
from formation_mlp.config.loading import check_config
from formation_mlp.data.records import Dataset
from formation_mlp.data.sources import read_table
from formation_mlp.figures.style import BLUE, GREY, LEGEND, SKY, TICKS, VERMILLION, label_axes, new_figure
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.splits.methods import Split, overlap
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.training.state import LoopState

limit_threads()

ALL = ["magpie", "stoichiometry", "valence_orbital", "element_fraction"]


def settings(seed=0, model=None, training=None, split=None, task=None, features=ALL):
    """Return a configuration on the bundled table, with some keys changed."""
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "split": {"method": "formula", "val": 0.15, "test": 0.15} | (split or {}),
        "model": {"hidden": [64, 64]} | (model or {}),
        "training": {"optimizer": "adamw", "loss": "huber", "max_epochs": 20, "device": "cpu"} | (training or {}),
        "features": features,
        "task": task or {},
        "seed": seed,
    }
    return check_config(raw, "lesson 7")


dataset = load_rows(settings())
prepared = prepare(settings(), dataset)
jobs = {"train": "moves the weights", "val": "says when to stop, chooses settings", "test": "is read once, at the end"}
table(["part", "rows", "what it does"], [[name, len(getattr(prepared.split, name)), job] for name, job in jobs.items()])

# %% [markdown]
# ## Over-fitting on purpose
#
# Few rows, a wide network, no dropout, no weight decay, a constant learning rate, many epochs: all that one should not
# do. The task is that of lesson 1, strongly bound (below −1 eV/atom) or not, with the cross-entropy −ln p, where p is
# the probability given to what is true: it punishes those who are sure and wrong.

# %%
N_FEW, EPOCHS, PATIENCE = 300, 60, 10
WIDE = {"hidden": [256, 256]}
CARELESS = {
    "optimizer": "adam",
    "learning_rate": 5e-4,
    "schedule": "constant",
    "weight_decay": 0.0,
    "loss": "bce",
    "batch_size": 32,
    "max_epochs": EPOCHS,
}
SMALL_SPLIT = {"val": 0.4, "test": 0.2}
BOUND = {"type": "classification", "boundary": -1.0, "labels": ["weakly bound", "strongly bound"]}
rng = np.random.default_rng(0)
chosen = np.sort(rng.permutation(len(dataset))[: round(N_FEW / 0.4)])
rest = np.setdiff1d(np.arange(len(dataset)), chosen)
few = prepare(settings(model=WIDE, training=CARELESS, split=SMALL_SPLIT, task=BOUND), dataset.take(chosen))
val = few.part("val")


def right(job):
    """Return the share of val rows that a classifier calls right."""
    return float(np.mean((job.predict(val.X) >= 0.5) == val.y))


job = network_training(few)
accuracy = []
history = []
for record in job.epochs():
    history.append(record)
    accuracy.append(right(job))
best = min(history, key=lambda record: record.val_score)
last = history[-1]
at_best = accuracy[best.epoch - 1]
say(
    f"{len(few.split.train)} train rows, {len(few.split.val)} val rows, {job.n_parameters:,} weights. After {EPOCHS} "
    f"epochs the train loss is {last.train_loss:.4f} and the val loss {last.val_loss:.3f}. The lowest val loss was "
    "that of "
    f"epoch {best.epoch}, {best.val_loss:.3f}: "
    + (
        f"since then it has become {last.val_loss / best.val_loss:.1f} times as large. "
        if last.epoch > best.epoch
        else "the last epoch is the best one here. "
    )
    + f"The share of val rows called right was {100 * at_best:.1f} % then and is {100 * accuracy[-1]:.1f} % now"
    + (
        ": what grew is not the number of errors but how sure the network is of them."
        if accuracy[-1] > at_best - 0.02
        else ": there are more errors, too."
    )
)

# %% [markdown]
# ## Early stopping
#
# The remedy costs nothing: after every epoch, score the val rows; keep a copy of the weights whenever the score is the
# best so far; stop when there was no better one for some epochs (`training.patience`); put the best weights back.

# %%
patient = settings(model=WIDE, training=CARELESS | {"patience": PATIENCE}, split=SMALL_SPLIT, task=BOUND)
stopping = network_training(replace(few, config=patient))
stopped = list(stopping.epochs())
state = stopping.state
around = {*range(state.best_epoch - 2, state.best_epoch + 4), state.epoch - 1, state.epoch}
replay, rows = LoopState(), []
for record in stopped:
    is_best = replay.advance(record.val_score)
    if record.epoch in around:
        waiting = "kept" if is_best else f"{replay.waiting} of {PATIENCE}"
        rows.append([record.epoch, f"{record.val_score:.4f}", f"{replay.best_score:.4f}", waiting])
table(["epoch", "val loss", "best so far", "waiting"], rows)
again = few.task.selection(val.y, stopping.predict(val.X))
say(
    f"With a patience of {PATIENCE} the run ends after epoch {state.epoch} of {EPOCHS}. The model that is left has the "
    f"weights of epoch {state.best_epoch}: its val loss, computed anew, is {again:.4f}; the best score of the run is "
    f"{state.best_score:.4f}."
)

figure = new_figure(9.2, 3.8)
left, right_panel = figure.subplots(1, 2)
epochs = [record.epoch for record in history]
left.plot(epochs, [record.train_loss for record in history], color=BLUE, linewidth=1.8, label="train")
left.plot(epochs, [record.val_loss for record in history], color=VERMILLION, linewidth=1.8, label="validation")
left.set_yscale("log")
left.legend(fontsize=LEGEND, frameon=False)
label_axes(left, "epoch", "cross-entropy", "learning by heart")
right_panel.plot(epochs, [record.val_score for record in history], color=VERMILLION, linewidth=1.8)
mark = f"best weights: epoch {state.best_epoch}"
right_panel.plot(state.best_epoch, state.best_score, "*", color="black", markersize=14, zorder=3, label=mark)
right_panel.axvline(state.epoch, color="black", linewidth=1, linestyle=":", label=f"stop: epoch {state.epoch}")
if state.epoch < EPOCHS:
    right_panel.axvspan(state.epoch, EPOCHS, color=GREY, alpha=0.18, linewidth=0, label="not trained any more")
right_panel.set_ylim(0, 1.08 * max(record.val_score for record in history))
right_panel.legend(fontsize=LEGEND, frameon=False, loc="lower right")
label_axes(right_panel, "epoch", "cross-entropy of the val rows", f"early stopping, patience {PATIENCE}")
show(figure, "early_stopping", "Over-fitting on purpose; the best epoch, and where patience ends the run.")

# %% [markdown]
# ## Test is read once
#
# Whoever chooses by a score makes that score too good. Here networks for the energy differ by their random seed only.
# Of k networks we report the one with the lowest error on a small test part, and look how well the same network does
# on many other rows. The average over many random test parts:

# %%
N_NETWORKS, N_TEST, REPEATS = 16, 50, 400
SHORT = {"max_epochs": 8, "batch_size": 32}
small_table = prepare(settings(training=SHORT, split=SMALL_SPLIT), dataset.take(chosen))
predictions = []
for seed in range(N_NETWORKS):
    seeded = settings(seed, training=SHORT, split=SMALL_SPLIT)
    job = network_training(replace(small_table, config=seeded))
    for _ in job.epochs():
        pass
    predictions.append(job.predict(prepared.table.X[rest]))
errors = np.abs(np.array(predictions) - dataset.y[rest])
reported, true = np.zeros((REPEATS, N_NETWORKS)), np.zeros((REPEATS, N_NETWORKS))
for repeat in range(REPEATS):
    test = np.zeros(len(rest), bool)
    test[rng.choice(len(rest), N_TEST, replace=False)] = True
    on_test, on_others = errors[:, test].mean(axis=1), errors[:, ~test].mean(axis=1)
    shuffled = rng.permutation(N_NETWORKS)
    for k in range(1, N_NETWORKS + 1):
        pick = shuffled[:k][np.argmin(on_test[shuffled[:k]])]
        reported[repeat, k - 1], true[repeat, k - 1] = on_test[pick], on_others[pick]
k = np.arange(1, N_NETWORKS + 1)
figure = new_figure(5.6, 3.8)
ax = figure.add_subplot()
ax.plot(
    k, true.mean(axis=0), "o-", color=BLUE, markersize=4, label=f"the same network on {len(rest) - N_TEST:,} other rows"
)
ax.plot(k, reported.mean(axis=0), "o-", color=VERMILLION, markersize=4, label=f"the best of k on {N_TEST} test rows")
ax.fill_between(k, reported.mean(axis=0), true.mean(axis=0), color=GREY, alpha=0.2, linewidth=0)
ax.legend(fontsize=LEGEND, frameon=False)
ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
label_axes(ax, "networks k that were tried on the test part", "MAE (eV/atom)", "choosing by the test part")
low, high = reported.mean(axis=0).min(), true.mean(axis=0).max()
ax.set_ylim(low - 0.15 * (high - low), high + 0.6 * (high - low))
show(figure, "read_once", "The more models are tried on a test part, the better the best one looks there.")
gap = true.mean(axis=0) - reported.mean(axis=0)
say(
    f"With one network the two numbers agree within {1000 * abs(gap[0]):.0f} meV/atom; of {N_NETWORKS} the best looks "
    f"{1000 * gap[-1]:.0f} meV/atom better than it is ({100 * gap[-1] / true.mean(axis=0)[-1]:.0f} %). The same holds "
    "for the "
    "best epoch and the val part: its score is a little too good, which is why there is a third part."
)

# %% [markdown]
# ## The same compound on both sides
#
# Tables of materials hold the same thing more than once: a compound measured by two laboratories, polymorphs of one
# formula, an alloy written as Dy499Ni501 and again as DyNi. If rows are divided at random, a copy of many a test row
# lies among the train rows, and looking it up is enough.
#
# The bundled table has one row for each reduced formula, so for a split by formula there is nothing to group. We make
# the case: suppose a second laboratory had measured some of the compounds again, with an error as large as the
# uncertainty stated in the table. The rows are divided at random, or so that all rows of a formula stay together
# (`split: {method: formula}`, the toolkit's default). Three models, the first of which only looks up: **nearest row**
# answers the energy of the most similar train row. (The fractions of the elements are left out of the features
# here: for an element that hardly occurs in a small train part, they can make an MLP extrapolate wildly.)

# %%
SEEDS, N_TWICE = 3, 500
MODELS = ("nearest row", "random forest", "MLP")


def test_errors(prepared):
    """Return the absolute errors of three models on the test rows, in eV/atom."""
    train, val, test = (prepared.part(part) for part in ("train", "val", "test"))
    scale = prepared.scaler.transform
    nearest = KNeighborsRegressor(n_neighbors=1).fit(scale(train.X), train.y)
    forest = Baseline({"random_forest": {"n_estimators": 20, "n_jobs": 1}}, prepared.config.task, prepared.config.seed)
    forest.fit(scale(train.X), train.y, scale(val.X), val.y)
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    answers = nearest.predict(scale(test.X)), forest.predict(scale(test.X)), job.predict(test.X)
    return {name: np.abs(answer - test.y) for name, answer in zip(MODELS, answers, strict=True)}


def compare_splits(dataset, methods):
    """Return the test MAE of each model for each split, ``[seeds]`` each, and the mean share of test rows shared."""
    found, shared = {}, {}
    for method in methods:
        runs, shares = [], []
        for seed in range(SEEDS):
            config = settings(seed, split={"method": method, "val": 0.1, "test": 0.2}, features=ALL[:-1])
            own = prepare(config, dataset)
            counts = overlap(own.dataset, own.split)
            shares.append([
                counts["test_rows_with_formula_in_train"] / counts["test_rows"],
                counts["test_rows_with_chemical_system_in_train"] / counts["test_rows"],
            ])  # fmt: skip
            runs.append({name: errors.mean() for name, errors in test_errors(own).items()})
        found[method] = {name: np.array([run[name] for run in runs]) for name in MODELS}
        shared[method] = np.mean(shares, axis=0)
    return found, shared


def text(values):
    """Return mean and standard deviation over the seeds."""
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


frame = read_table("bundled")
stated = np.array([float(cell) if cell else np.nan for cell in frame["uncertainty_per_atom"]])[dataset.places]
uncertainty = np.where(np.isnan(stated), np.nanmedian(stated), stated)
rng = np.random.default_rng(1)
twice = np.sort(np.repeat(rng.choice(len(dataset), N_TWICE, replace=False), 2))
second = np.arange(len(twice)) % 2
doubled = Dataset(
    tuple(str(i) for i in range(len(twice))),
    tuple(dataset.formulas[i] for i in twice),
    dataset.materials.take(twice),
    dataset.y[twice] + second * uncertainty[twice] * rng.normal(size=len(twice)),
    dataset.target,
)
copies, copies_shared = compare_splits(doubled, ("random", "formula"))
table(
    ["split", "formula of test row in train", *MODELS],
    [[m, f"{100 * copies_shared[m][0]:.0f} %", *(text(copies[m][name]) for name in MODELS)] for m in copies],
    f"{N_TWICE} compounds, two rows each; test MAE in eV/atom, mean ± standard deviation over {SEEDS} seeds",
)

# %% [markdown]
# And now the table as it is. What it does have are relatives: several formulas of one chemical system, such as FeO,
# Fe₂O₃ and Fe₃O₄. The stricter split keeps all formulas of a chemical system together
# (`split: {method: chemical_system}`) and asks for systems that are new to the model.

# %%
systems, systems_shared = compare_splits(dataset, ("random", "chemical_system"))
table(
    ["split", "system of test row in train", *MODELS],
    [[m, f"{100 * systems_shared[m][1]:.0f} %", *(text(systems[m][name]) for name in MODELS)] for m in systems],
    f"The bundled table; test MAE in eV/atom, mean ± standard deviation over {SEEDS} seeds",
)

figure = new_figure(9.2, 3.9)
cases = ((copies, "every compound twice"), (systems, "the bundled table: relatives"))
names = {"random": "random", "formula": "by formula", "chemical_system": "by chemical system"}
highest = max(errors.max() for found, _ in cases for models in found.values() for errors in models.values())
for ax, (found, title) in zip(figure.subplots(1, 2, sharey=True), cases, strict=True):
    for i, (method, color) in enumerate(zip(found, (SKY, BLUE), strict=True)):
        place = np.arange(len(MODELS)) + 0.38 * (i - 0.5)
        means = np.array([found[method][name].mean() for name in MODELS])
        ax.bar(place, means, width=0.36, color=color, label=f"split {names[method]}")
        for x, name in zip(place, MODELS, strict=True):
            ax.plot([x] * SEEDS, found[method][name], ".", color="black", markersize=4)
            ax.text(
                x, found[method][name].max() + 0.008, f"{found[method][name].mean():.3f}", ha="center", fontsize=TICKS
            )
    ax.set_xticks(range(len(MODELS)), MODELS)
    ax.legend(fontsize=LEGEND, frameon=False, loc="upper right")
    ax.set_ylim(0, 1.3 * highest)
    label_axes(ax, "", "test MAE (eV/atom)" if ax.get_subplotspec().is_first_col() else "", title)
    ax.tick_params(axis="x", labelsize=10)
    ax.spines[["top", "right"]].set_visible(False)
show(figure, "splits", f"Test error under a random and a grouped split; dots are the {SEEDS} seeds.")

ratio = {name: copies["formula"][name].mean() / copies["random"][name].mean() for name in MODELS}
difference = {name: systems["chemical_system"][name] - systems["random"][name] for name in MODELS}
best_lie = min(MODELS, key=lambda name: copies["random"][name].mean())
best_truth = min(MODELS, key=lambda name: copies["formula"][name].mean())
say(
    "With copies, the error on new compounds is "
    + ", ".join(f"{ratio[name]:.1f} ({name})" for name in MODELS)
    + " times what the random split says. "
    + (
        f"It even names another winner: {best_lie} instead of {best_truth}."
        if best_lie != best_truth
        else f"Both name {best_truth} as the best, but only one of the errors is what a user will meet."
    )
)
clear = [name for name in MODELS if difference[name].mean() > 2 * difference[name].std(ddof=1) / np.sqrt(SEEDS)]
say(
    "Without copies the relatives remain: the chemical-system split adds "
    + ", ".join(f"{1000 * difference[name].mean():+.0f} meV/atom ({name})" for name in MODELS)
    + "; from seed to seed these differences spread by "
    + ", ".join(f"{1000 * difference[name].std(ddof=1):.0f}" for name in MODELS)
    + f". So the gap is clear for {' and '.join(clear) or 'none of the models'}"
    + (", and within the noise of few seeds for the others" if 0 < len(clear) < len(MODELS) else "")
    + ". Which split is right depends on the question: will the next compound be a relative of known ones, or not?"
)

# %% [markdown]
# ## The learning curve
#
# Would more data help? Train on parts of the train rows and look. All networks get about the same number of updates;
# the error is that of the last epoch, so nothing is chosen by the val rows.

# %%
UPDATES, SIZES, CURVE_SEEDS = 400, [50, 100, 200, 400, 800, len(prepared.split.train)], 2


def with_fewer_rows(n, seed):
    """Return the prepared rows with n random train rows and all val rows, scaled by these n."""
    draw = np.random.default_rng(seed).permutation(prepared.split.train)[:n]
    rows = np.concatenate([draw, prepared.split.val])
    X, y = prepared.table.X[rows], prepared.y[rows]
    epochs = max(5, round(UPDATES / max(1, n / 32)))
    config = settings(seed, training={"batch_size": 32, "max_epochs": epochs})
    return replace(
        prepared,
        config=config,
        dataset=dataset.take(rows),
        table=replace(prepared.table, X=X, ids=None),
        split=Split(np.arange(n), np.arange(n, len(rows)), np.arange(0)),
        scaler=FeatureScaler.fit(X[:n], prepared.table.names),
        task=Task.fit(config.task, y[:n]),
        y=y,
    )


curve = {"train": np.zeros((len(SIZES), CURVE_SEEDS)), "val": np.zeros((len(SIZES), CURVE_SEEDS))}
for i, n in enumerate(SIZES):
    for seed in range(CURVE_SEEDS):
        own = with_fewer_rows(n, seed)
        job = network_training(own)
        for record in job.epochs():
            if record.epoch == own.config.training.max_epochs:  # before the best weights are put back
                train = own.part("train")
                curve["train"][i, seed] = np.mean(np.abs(job.predict(train.X) - train.y))
                curve["val"][i, seed] = record.val_score
means = {part: values.mean(axis=1) for part, values in curve.items()}
slope = float(np.polyfit(np.log(SIZES), np.log(means["val"]), 1)[0])

figure = new_figure(5.6, 4.0)
ax = figure.add_subplot()
for part, name, color, marker in (
    ("val", "val rows (new)", VERMILLION, "o"),
    ("train", "train rows (seen)", BLUE, "s"),
):
    ax.plot(SIZES, means[part], marker + "-", color=color, markersize=5, label=name)
    ax.plot(np.repeat(SIZES, CURVE_SEEDS), curve[part].ravel(), ".", color="black", markersize=3)
fit = np.exp(np.polyval(np.polyfit(np.log(SIZES), np.log(means["val"]), 1), np.log(SIZES)))
ax.plot(
    SIZES,
    fit,
    "--",
    color=GREY,
    linewidth=1.2,
    label=f"MAE $\\propto$ $n^{{{slope:.2f}}}$".replace("-", "\N{MINUS SIGN}"),
)
ax.set_xscale("log")
ax.set_xticks(SIZES, [str(n) for n in SIZES])
ax.xaxis.set_minor_formatter(NullFormatter())
ax.set_ylim(0, 1.15 * curve["val"].max())
ax.grid(alpha=0.25, linewidth=0.6)
ax.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none")
label_axes(ax, "train rows n", "MAE (eV/atom)", "learning curve of the MLP")
show(figure, "learning_curve", "Error on seen and on new rows against the number of train rows.")
still = means["val"][-1] < 0.97 * means["val"][-2]
say(
    f"From {SIZES[0]} to {SIZES[-1]} rows the val MAE falls from {means['val'][0]:.3f} to {means['val'][-1]:.3f} "
    "eV/atom, "
    f"about as n to the power −{abs(slope):.2f}: twice the rows, {100 * (1 - 2**slope):.0f} % less error. At the end "
    "it is "
    f"{means['val'][-1] / means['train'][-1]:.1f} times the error on the train rows, and "
    + ("still falling: more measurements would help." if still else "nearly flat: more rows alone would help little.")
)

# %% [markdown]
# ## Reading the test part, once
#
# All choices of this lesson were made on train and val rows of the small table. Now, and only now, its test rows:

# %%
test = few.part("test")
p = stopping.predict(test.X)
p_true = np.where(test.y == 1, p, 1 - p)
losses = -np.log(p_true)
error = losses.std(ddof=1) / np.sqrt(len(losses))
say(
    f"The classifier of early stopping has a test cross-entropy of {losses.mean():.3f} ± {error:.3f} on {len(test.y)} "
    "rows "
    f"(± is the standard error of the mean) and calls {100 * np.mean(p_true > 0.5):.1f} % of them right; its val "
    f"cross-entropy was {state.best_score:.3f}. A report gives the test numbers, with the number of rows."
)

# %% [markdown]
# ## Exercises

# %%
exercise("7.1")
exercise("7.2")
exercise("7.3")
exercise("7.4")
exercise("7.5")
