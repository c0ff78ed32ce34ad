# time: 20 s

# %% [markdown]
# # 7. When to stop
#
# A network with enough weights can learn any table by heart. What we want is something else: small errors on compounds
# that it has not seen. So some rows are kept aside, and how they are kept aside decides whether the number in the end
# means anything.
#
# There are three parts. **Train** rows move the weights. **Validation** rows say when to stop and which settings to
# take. **Test** rows are read once, at the very end.

# %%
from dataclasses import replace

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from formation_mlp.baselines import Baseline
from formation_mlp.config.loading import check_config
from formation_mlp.data.records import Dataset
from formation_mlp.data.sources import read_table
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import stopping as draw
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.splits.methods import Split, overlap
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.training.state import LoopState

limit_threads()

# %%
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


# %%
dataset = load_rows(settings())
prepared = prepare(settings(), dataset)
what = {"train": "moves the weights", "val": "says when to stop, chooses settings", "test": "is read once, at the end"}
table(["part", "rows", "what it does"], [[name, len(getattr(prepared.split, name)), why] for name, why in what.items()])

# %% [markdown]
# ## Over-fitting on purpose
#
# How would you make a network as bad as possible on new compounds? Take few rows, a wide network, no dropout, no weight
# decay, a constant learning rate and many epochs. The task is that of lesson 1, strongly bound (below −1 eV/atom) or
# not, with the cross-entropy, which punishes a model that is sure and wrong.

# %%
N_FEW, EPOCHS, PATIENCE = 300, 60, 10
WIDE = {"hidden": [256, 256]}
CARELESS = {"optimizer": "adam", "learning_rate": 5e-4, "schedule": "constant", "weight_decay": 0.0}
CARELESS |= {"loss": "bce", "batch_size": 32, "max_epochs": EPOCHS}
SMALL_SPLIT = {"val": 0.4, "test": 0.2}
BOUND = {"type": "classification", "boundary": -1.0, "labels": ["weakly bound", "strongly bound"]}
rng = np.random.default_rng(0)
chosen = np.sort(rng.permutation(len(dataset))[: round(N_FEW / 0.4)])
rest = np.setdiff1d(np.arange(len(dataset)), chosen)
few = prepare(settings(model=WIDE, training=CARELESS, split=SMALL_SPLIT, task=BOUND), dataset.take(chosen))
val = few.part("val")

# %%
job = network_training(few)
history, accuracy = [], []
for record in job.epochs():
    history.append(record)
    accuracy.append(float(np.mean((job.predict(val.X) >= 0.5) == val.y)))
best = min(history, key=lambda record: record.val_score)
last, at_best = history[-1], accuracy[best.epoch - 1]
say(
    f"{len(few.split.train)} train rows, {len(few.split.val)} val rows, {job.n_parameters:,} weights. After {EPOCHS} "
    f"epochs the train loss is {last.train_loss:.4f} and the val loss {last.val_loss:.3f}. The lowest val loss was "
    f"that of epoch {best.epoch}, {best.val_loss:.3f}; the last one is {last.val_loss / best.val_loss:.1f} times as "
    f"large. The share of val rows that are called right was {at_best:.1%} then and is {accuracy[-1]:.1%} now"
    + (
        ": what grew is not the number of errors but how sure the network is of them."
        if accuracy[-1] > at_best - 0.02
        else ": there are more errors, too."
    )
)

# %% [markdown]
# ## Early stopping
#
# What is the remedy? It costs nothing. After every epoch, score the val rows. Keep a copy of the weights whenever the
# score is the best so far. Stop when there was no better one for some epochs (`training.patience`). Put the best
# weights back.

# %%
patient = settings(model=WIDE, training=CARELESS | {"patience": PATIENCE}, split=SMALL_SPLIT, task=BOUND)
stopping = network_training(replace(few, config=patient))
stopped, state, replay, rows = list(stopping.epochs()), stopping.state, LoopState(), []
around = {*range(state.best_epoch - 2, state.best_epoch + 4), state.epoch - 1, state.epoch}
for record in stopped:
    is_best = replay.advance(record.val_score)
    if record.epoch in around:
        waiting = "kept" if is_best else f"{replay.waiting} of {PATIENCE}"
        rows.append([record.epoch, f"{record.val_score:.4f}", f"{replay.best_score:.4f}", waiting])
table(["epoch", "val loss", "best so far", "waiting"], rows)
again = few.task.selection(val.y, stopping.predict(val.X))
say(
    f"With a patience of {PATIENCE} the run ends after epoch {state.epoch} of {EPOCHS}. The model that is left has "
    f"the weights of epoch {state.best_epoch}: its val loss, computed anew, is {again:.4f}, and the best score of the "
    f"run is {state.best_score:.4f}."
)

# %%
losses = [record.train_loss for record in history], [record.val_loss for record in history]
show(
    draw.early_stopping(*losses, (state.best_epoch, state.best_score), state.epoch),
    "early_stopping",
    "Left: the train loss (blue) goes on falling while the validation loss (orange) rises. Right: the best epoch "
    "(star), and where patience ends the run (dotted); what lies in grey is not trained any more.",
)

# %%
exercise("7.1")
exercise("7.2")

# %% [markdown]
# ## Why is the test part read only once?
#
# A score that was used for a choice is too good. To see by how much, we train networks for the energy that differ by
# their random seed only. Of $k$ networks we report the one with the lowest error on a small test part, and look how
# well the same network does on many other rows. The average over many random test parts shows the gap.

# %%
N_NETWORKS, N_TEST, REPEATS = 16, 50, 400
SHORT = {"max_epochs": 8, "batch_size": 32}
small_table = prepare(settings(training=SHORT, split=SMALL_SPLIT), dataset.take(chosen))


def errors_of(seed):
    """Train one network and return its absolute errors on the rows that it has not seen."""
    job = network_training(replace(small_table, config=settings(seed, training=SHORT, split=SMALL_SPLIT)))
    for _ in job.epochs():
        pass
    return np.abs(job.predict(prepared.table.X[rest]) - dataset.y[rest])


errors = np.array([errors_of(seed) for seed in range(N_NETWORKS)])  # [networks, rows]

# %%
reported, true = np.zeros((REPEATS, N_NETWORKS)), np.zeros((REPEATS, N_NETWORKS))
for repeat in range(REPEATS):
    test = np.zeros(len(rest), bool)
    test[rng.choice(len(rest), N_TEST, replace=False)] = True
    on_test, on_others = errors[:, test].mean(axis=1), errors[:, ~test].mean(axis=1)
    shuffled = rng.permutation(N_NETWORKS)
    for k in range(1, N_NETWORKS + 1):
        pick = shuffled[:k][np.argmin(on_test[shuffled[:k]])]
        reported[repeat, k - 1], true[repeat, k - 1] = on_test[pick], on_others[pick]
reported, true = reported.mean(axis=0), true.mean(axis=0)
show(
    draw.read_once(reported, true, N_TEST, len(rest) - N_TEST),
    "read_once",
    "The more models are tried on a test part, the better the best one looks there (orange), and the larger is the "
    "gap to what it is on other rows (blue).",
)

# %%
gap = 1000 * (true - reported)
say(
    f"With one network the two numbers agree within {abs(gap[0]):.0f} meV/atom; of {N_NETWORKS} the best looks "
    f"{gap[-1]:.0f} meV/atom better than it is ({gap[-1] / true[-1] / 1000:.0%}). The same holds for the best epoch "
    "and the val part: its score is a little too good, which is why there is a third part."
)

# %% [markdown]
# ## The same compound on both sides
#
# Is a random division fair? Tables of materials hold the same thing more than once: a compound measured by two
# laboratories, polymorphs of one formula, an alloy written as Dy499Ni501 and again as DyNi. If rows are divided at
# random, a copy of many a test row lies among the train rows, and looking it up is enough.

# %%
exercise("7.3")

# %% [markdown]
# The bundled table has one row for each reduced formula, so we make the case. Suppose a second laboratory had measured
# some of the compounds again, with an error as large as the uncertainty that the table states. The rows are divided at
# random, or so that all rows of a formula stay together (`split: {method: formula}`, the toolkit's default). Of the
# three models the first only looks up: **nearest row** answers the energy of the most similar train row. (The fractions
# of the elements are left out of the features here: for an element that hardly occurs in a small train part, they can
# make an MLP extrapolate wildly.)

# %%
SEEDS, N_TWICE = 3, 500
MODELS = ("nearest row", "random forest", "MLP")


def test_errors(prepared):
    """Return the mean absolute error of three models on the test rows, in eV/atom."""
    train, val, test = (prepared.part(part) for part in ("train", "val", "test"))
    scale, config = prepared.scaler.transform, prepared.config
    nearest = KNeighborsRegressor(n_neighbors=1).fit(scale(train.X), train.y)
    forest = Baseline({"random_forest": {"n_estimators": 20, "n_jobs": 1}}, config.task, config.seed)
    forest.fit(scale(train.X), train.y, scale(val.X), val.y)
    job = network_training(prepared)
    for _ in job.epochs():
        pass
    answers = nearest.predict(scale(test.X)), forest.predict(scale(test.X)), job.predict(test.X)
    return [np.mean(np.abs(answer - test.y)) for answer in answers]


# %%
def compare_splits(dataset, methods):
    """Return the test MAE of each model for each split, [seeds] each, and the mean counts of what is shared."""
    found, shared = {}, {}
    for method in methods:
        runs, counts = [], []
        for seed in range(SEEDS):
            config = settings(seed, split={"method": method, "val": 0.1, "test": 0.2}, features=ALL[:-1])
            own = prepare(config, dataset)
            counts.append(overlap(own.dataset, own.split))
            runs.append(test_errors(own))
        found[method] = dict(zip(MODELS, np.array(runs).T, strict=True))
        shared[method] = {key: np.mean([one[key] / one["test_rows"] for one in counts]) for key in counts[0]}
    return found, shared


def compared(found, shared, key):
    """Return rows of a table: split, share of test rows with a relative among the train rows, errors."""
    text = {m: [f"{e.mean():.3f} ± {e.std(ddof=1):.3f}" for e in models.values()] for m, models in found.items()}
    return [[m, f"{shared[m][f'test_rows_with_{key}_in_train']:.0%}", *text[m]] for m in found]


# %%
frame = read_table("bundled")
stated = np.array([float(cell) if cell else np.nan for cell in frame["uncertainty_per_atom"]])[dataset.places]
uncertainty = np.where(np.isnan(stated), np.nanmedian(stated), stated)
rng = np.random.default_rng(1)
twice = np.sort(np.repeat(rng.choice(len(dataset), N_TWICE, replace=False), 2))
second = np.arange(len(twice)) % 2
noise = second * uncertainty[twice] * rng.normal(size=len(twice))
ids, formulas = tuple(map(str, range(len(twice)))), tuple(dataset.formulas[i] for i in twice)
doubled = Dataset(ids, formulas, dataset.materials.take(twice), dataset.y[twice] + noise, dataset.target)
copies, copies_shared = compare_splits(doubled, ("random", "formula"))
table(
    ["split", "formula of test row in train", *MODELS],
    compared(copies, copies_shared, "formula"),
    f"{N_TWICE} compounds, two rows each; test MAE in eV/atom, mean ± standard deviation over {SEEDS} seeds",
)

# %%
ratio = {name: copies["formula"][name].mean() / copies["random"][name].mean() for name in MODELS}
winner = {method: min(MODELS, key=lambda name: copies[method][name].mean()) for method in copies}
say(
    "With copies, the error on new compounds is "
    + ", ".join(f"{ratio[name]:.1f} ({name})" for name in MODELS)
    + " times what the random split says. "
    + (
        f"It even names another winner: {winner['random']} instead of {winner['formula']}."
        if winner["random"] != winner["formula"]
        else f"Both name {winner['formula']} as the best, but only one of the errors is what a user will meet."
    )
)

# %% [markdown]
# And the table as it is? What it does have are relatives: several formulas of one chemical system, such as FeO, Fe₂O₃
# and Fe₃O₄. The stricter split keeps all formulas of a chemical system together (`split: {method: chemical_system}`)
# and asks for systems that are new to the model.

# %%
systems, systems_shared = compare_splits(dataset, ("random", "chemical_system"))
table(
    ["split", "system of test row in train", *MODELS],
    compared(systems, systems_shared, "chemical_system"),
    f"The bundled table; test MAE in eV/atom, mean ± standard deviation over {SEEDS} seeds",
)
show(
    draw.splits([(copies, "every compound twice"), (systems, "the bundled table: relatives")]),
    "splits",
    f"Test error under a random split (light blue) and a grouped one (blue); dots are the {SEEDS} seeds.",
)

# %%
added = {name: 1000 * (systems["chemical_system"][name] - systems["random"][name]) for name in MODELS}
clear = [name for name in MODELS if added[name].mean() > 2 * added[name].std(ddof=1) / np.sqrt(SEEDS)]
say(
    "Without copies the relatives remain: the chemical-system split adds "
    + ", ".join(f"{added[name].mean():+.0f} meV/atom ({name})" for name in MODELS)
    + "; from seed to seed these differences spread by "
    + ", ".join(f"{added[name].std(ddof=1):.0f}" for name in MODELS)
    + f". So the gap is clear for {' and '.join(clear) or 'none of the models'}"
    + (", and within the noise of few seeds for the others" if 0 < len(clear) < len(MODELS) else "")
    + ". Which split is right depends on the question: will the next compound be a relative of known ones, or not?"
)

# %% [markdown]
# ## Would more data help?
#
# Train on parts of the train rows and look: this is the **learning curve**. All networks get about the same number of
# updates. The error is that of the last epoch, so nothing is chosen by the val rows.

# %%
UPDATES, SIZES, CURVE_SEEDS = 400, [50, 100, 200, 400, 800, len(prepared.split.train)], 2


def with_fewer_rows(n, seed):
    """Return the prepared rows with n random train rows and all val rows, scaled by these n."""
    draw_rows = np.random.default_rng(seed).permutation(prepared.split.train)[:n]
    rows = np.concatenate([draw_rows, prepared.split.val])
    X, y = prepared.table.X[rows], prepared.y[rows]
    epochs = max(5, round(UPDATES / max(1, n / 32)))
    return replace(
        prepared,
        config=settings(seed, training={"batch_size": 32, "max_epochs": epochs}),
        dataset=dataset.take(rows),
        table=replace(prepared.table, X=X, ids=None),
        split=Split(np.arange(n), np.arange(n, len(rows)), np.arange(0)),
        scaler=FeatureScaler.fit(X[:n], prepared.table.names),
        task=Task.fit(settings().task, y[:n]),
        y=y,
    )


# %%
on_train, on_val = np.zeros((len(SIZES), CURVE_SEEDS)), np.zeros((len(SIZES), CURVE_SEEDS))
for i, n in enumerate(SIZES):
    for seed in range(CURVE_SEEDS):
        own = with_fewer_rows(n, seed)
        job, train = network_training(own), own.part("train")
        for record in job.epochs():
            if record.epoch == own.config.training.max_epochs:  # before the best weights are put back
                on_train[i, seed] = np.mean(np.abs(job.predict(train.X) - train.y))
                on_val[i, seed] = record.val_score
means = on_val.mean(axis=1)
slope = float(np.polyfit(np.log(SIZES), np.log(means), 1)[0])
show(
    draw.learning_curve(SIZES, on_val, on_train, slope),
    "learning_curve",
    "Error on new rows (orange) and on seen rows (blue) against the number of train rows.",
)

# %%
say(
    f"From {SIZES[0]} to {SIZES[-1]} rows the val MAE falls from {means[0]:.3f} to {means[-1]:.3f} eV/atom, about as n "
    f"to the power −{abs(slope):.2f}: twice the rows, {1 - 2**slope:.0%} less error. At the end it is "
    f"{means[-1] / on_train[-1].mean():.1f} times the error on the train rows, and "
    + (
        "still falling: more measurements would help."
        if means[-1] < 0.97 * means[-2]
        else "nearly flat: more rows alone would help little."
    )
)

# %%
exercise("7.4")

# %% [markdown]
# ## Reading the test part, once
#
# All choices of this lesson were made on train and val rows of the small table. Now, and only now, its test rows are
# read.

# %%
test = few.part("test")
p = stopping.predict(test.X)
p_true = np.where(test.y == 1, p, 1 - p)
losses = -np.log(p_true)
error = losses.std(ddof=1) / np.sqrt(len(losses))
say(
    f"The classifier of early stopping has a test cross-entropy of {losses.mean():.3f} ± {error:.3f} on {len(test.y)} "
    f"rows (± is the standard error of the mean) and calls {np.mean(p_true > 0.5):.1%} of them right; its val "
    f"cross-entropy was {state.best_score:.3f}. A report gives the test numbers, with the number of rows."
)

# %%
exercise("7.5")
