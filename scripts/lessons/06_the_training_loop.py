# time: 15 s

# %% [markdown]
# # 6. The training loop
#
# Lesson 5 gave the gradient of a loss. Training is what is done with it, over and over: put some rows in, compare the
# answers with the truth, ask every weight for its gradient, move every weight a little downhill. Here the loop of this
# toolkit is taken apart, run by hand, put together again, and then broken on purpose.
#
# The task: from features of a composition to its measured formation enthalpy in eV/atom. The network has two
# hidden layers: h₁ = σ(xW₁ + b₁), h₂ = σ(h₁W₂ + b₂), y′ = h₂w₃ + b₃, where σ is the ReLU of lesson 3.

# %%
import inspect
import time
from dataclasses import replace

import numpy as np
import torch
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator
from torch import nn

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import TrainingConfig
from formation_mlp.errors import TrainingError
from formation_mlp.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LABEL,
    LEGEND,
    ORANGE,
    SKY,
    TITLE,
    VERMILLION,
    label_axes,
    new_figure,
)
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.seeding import torch_generator
from formation_mlp.training.batches import n_batches
from formation_mlp.training.loop import as_array, forward_rows, train_epoch
from formation_mlp.training.optim import build_optimizers

limit_threads()

BATCH, RATE, EPOCHS = 32, 0.01, 10
PLAIN_SGD = {
    "optimizer": "sgd",
    "momentum": 0.0,
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup": 0.0,
    "loss": "mse",
    "batch_size": BATCH,
    "learning_rate": RATE,
    "max_epochs": EPOCHS,
    "device": "cpu",
}


def settings(**training):
    """Return the configuration of this lesson, with some keys of its training section changed."""
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": {"hidden": [64, 64], "activation": "relu"},
        "training": PLAIN_SGD | training,
    }
    return check_config(raw, "lesson 6")


prepared = prepare(settings(), load_rows(settings()))
n_train, n_features = len(prepared.split.train), len(prepared.scaler.kept)
say(
    f"The bundled table has {len(prepared.dataset)} measured compounds: {n_train} rows to train on, "
    f"{len(prepared.split.val)} to validate, {len(prepared.split.test)} to test. Each row is {n_features} "
    "features, standardised over the train rows; so is the target, and the network works in units of its "
    f"standard deviation, {prepared.task.target_scaler.scale:.3f} eV/atom."
)


def start(**training):
    """Return the network before its first epoch, with its rows, loss and optimizer: the same weights in every call."""
    return network_training(replace(prepared, config=settings(**training)))


# %% [markdown]
# ## The whole loop in one picture

# %%
figure = new_figure(9.6, 4.3)
ax = figure.add_subplot()
ax.set_axis_off()
ax.set_xlim(0, 100)
ax.set_ylim(0, 45)


def box(x, y, width, height, color, title, formula="", fill=True):
    """Draw a box of the diagram with its name and its formula."""
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=1.2",
            facecolor=color if fill else "none",
            edgecolor=color if not fill else "black",
            alpha=0.25 if fill else 1,
            linewidth=1.6 if not fill else 0.8,
        )
    )
    if fill:
        ax.text(x + width / 2, y + height * (0.69 if formula else 0.5), title, ha="center", va="center", fontsize=11)
        ax.text(x + width / 2, y + height * 0.3, formula, ha="center", va="center", fontsize=11.5)
    else:
        ax.text(x + 1.5, y + height - 2.6, title, ha="left", va="center", fontsize=11, color=color, fontweight="bold")


def arrow(x0, y0, x1, y1, bend=0.0):
    """Draw an arrow of the diagram."""
    style = f"arc3,rad={bend}"
    ax.add_patch(
        FancyArrowPatch((x0, y0), (x1, y1), arrowstyle="-|>", mutation_scale=13, color="black", connectionstyle=style)
    )


box(0.5, 17, 14, 11, GREY, "initialise", r"$W \sim U(-\frac{1}{\sqrt{d}}, \frac{1}{\sqrt{d}})$")
box(18, 1, 81.5, 43, BLUE, "for each epoch", fill=False)
box(20.5, 17, 12.5, 11, SKY, "shuffle", "the rows")
box(36, 12.5, 61.5, 26.5, VERMILLION, "for each mini-batch of 32 rows", fill=False)
box(37.5, 17, 13.5, 11, ORANGE, "forward", r"$y^\prime = f(x; W)$")
box(52.5, 17, 15.5, 11, ORANGE, "average loss", r"$L = \frac{1}{n}\sum_i (y_i^\prime - y_i)^2$")
box(69.5, 17, 11.5, 11, ORANGE, "backward", r"$g = \partial L / \partial W$")
box(82.5, 17, 13.5, 11, ORANGE, "update", r"$W \leftarrow W - \eta\, g$")
box(47, 2.8, 40, 7.4, GREEN, "validate, keep the best weights (lesson 7)")
for x0, x1 in ((14.5, 20.5), (33, 37.5), (51, 52.5), (68, 69.5), (81, 82.5)):
    arrow(x0, 22.5, x1, 22.5)
arrow(89, 28, 44.5, 28, bend=0.22)
arrow(67, 12.5, 67, 10.2)
arrow(47, 6.5, 26.7, 17, bend=-0.25)
ax.text(27.5, 6.6, "next epoch", ha="center", va="center", fontsize=10)
ax.text(83, 33.6, "next mini-batch", ha="center", va="center", fontsize=10)
show(figure, "loop", "The training loop: one epoch passes through all train rows once, mini-batch by mini-batch.")

# %% [markdown]
# This is the toolkit's code for one epoch. What is more than in the picture: processes may share a batch (`group`),
# products may run in a short number format (`autocast`), long gradients may be cut (`gradient_clip`), and a running
# mean of the weights may be kept (`average`). None of them is on in this lesson.

# %%
print(inspect.getsource(train_epoch))

# %% [markdown]
# ## Step by step, with numbers
#
# **Initialisation.** Weights start at random, uniform between −1/√d and 1/√d, where d is the number of inputs of the
# layer: large enough to tell the units apart, small enough that no layer blows its signal up. All equal weights would
# have all equal gradients, and the units of a layer would stay copies of one unit for ever.

# %%
job = start()
model = job.model
rows = []
for name, weight in model.named_parameters():
    d_in = model.get_submodule(name.rpartition(".")[0]).in_features
    shape = " × ".join(map(str, weight.shape))
    rows.append([name, shape, weight.numel(), f"{d_in**-0.5:.4f}", f"{weight.detach().abs().max():.4f}"])
table(["weights", "shape", "numbers", "1/√d", "largest |w|"], rows)
output = as_array(forward_rows(model, job.train.inputs))
first_loss = float(np.mean((output - as_array(job.train.y)) ** 2))
say(
    "PyTorch stores W transposed, as outputs × inputs; `body.0` and `body.4` are W₁ and W₂, `head` is w₃. "
    f"{job.n_parameters} numbers in all. Before the first update the "
    f"network answers {output.mean():+.3f} ± {output.std():.3f} (standard deviations of the target) whatever it is "
    f"shown, so its loss over the train rows is {first_loss:.3f}: about 1, as for a model that always says the mean."
)

# %% [markdown]
# **Epoch, shuffle, mini-batch.** An epoch is one pass through all train rows. They are put in random order and dealt
# into mini-batches; each mini-batch gives one update.

# %%
order = torch.randperm(n_train, generator=torch_generator(job.seed, "batches"))
batches = torch.tensor_split(order, n_batches(n_train, BATCH))
sizes = sorted({len(batch) for batch in batches})
say(
    f"{n_train} rows in batches of {BATCH} or nearly so: {len(batches)} batches of {sizes[0]} or {sizes[-1]} rows, so "
    f"{len(batches)} updates an epoch. The first rows in the shuffled order: {', '.join(map(str, order[:8].tolist()))}."
)

# %% [markdown]
# **Forward.** The rows of the mini-batch pass through the network together, as the rows of one matrix.

# %%
x, y = job.train.inputs[0][batches[0]], job.train.y[batches[0]]
h, rows = x, [["x", " × ".join(map(str, x.shape)), "", f"{x.mean():+.3f}", f"{x.std():.3f}"]]
kinds = {"Linear": "z = hW + b", "ReLU": "h = σ(z)"}
for layer in [*model.body, model.head]:
    h = layer(h).detach()
    if type(layer).__name__ in kinds:  # the others, dropout and normalisation, are off
        shape = " × ".join(map(str, layer.weight.T.shape)) if isinstance(layer, nn.Linear) else ""
        name = "y′ = hw + b" if layer is model.head else kinds[type(layer).__name__]
        rows.append([name, " × ".join(map(str, h.shape)), shape, f"{h.mean():+.3f}", f"{h.std():.3f}"])
table(["step", "shape of the result", "shape of W", "mean", "std"], rows)

# %% [markdown]
# **Average loss.** With E = (y′ − y)²/2 for one row, as in lesson 5, the toolkit's loss `mse` is the mean of 2E over
# the rows of the batch. It is the mean, not the sum, so that the step size does not depend on the number of rows.

# %%
y_predicted = h.squeeze(-1)
E = (y_predicted - y) ** 2 / 2
by_hand = (2 * E).mean()
loss = job.loss(model(x), y)  # keeps the way back to the weights
table(
    ["row", "y′", "y", "E = (y′ − y)²/2"],
    [[str(batches[0][i].item()), f"{y_predicted[i]:+.4f}", f"{y[i]:+.4f}", f"{E[i]:.4f}"] for i in range(4)],
)
say(f"... and so on. Mean of 2E over the {len(y)} rows: {by_hand:.6f}; the toolkit's loss: {loss.item():.6f}.")

# %% [markdown]
# **Backward, update.** `loss.backward()` is the chain rule of lesson 5: it gives every weight its ∂L/∂w. Plain gradient
# descent then moves every weight by −η ∂L/∂w, with the learning rate η.

# %%
job.optimizers.zero_grad()
loss.backward()
before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
job.optimizers.step(0)
largest = max(
    float((weight.detach() - (before[name] - RATE * gradients[name])).abs().max())
    for name, weight in model.named_parameters()
)
after = job.loss(model(x), y).item()
table(
    ["weights", "norm of ∂L/∂W", "norm of W", "step: η · norm of ∂L/∂W"],
    [
        [name, f"{gradients[name].norm():.4f}", f"{before[name].norm():.4f}", f"{RATE * gradients[name].norm():.6f}"]
        for name in gradients
        if name.endswith("weight")
    ],
)
say(
    f"η = {RATE}. W − η ∂L/∂W by hand and the optimizer's new weights differ by {largest:.1g} at most. The loss of "
    "this "
    f"batch {'fell' if after < loss.item() else 'rose'} from {loss.item():.4f} to {after:.4f}: one step of many."
)

# %% [markdown]
# ## The loop by hand, and the toolkit's
#
# The five lines above in a loop are the training loop. Started from the same weights and shuffled by the same random
# numbers, it must end at the same weights as the toolkit's `train_epoch`.


# %%
def epoch_by_hand(job, order, batch_size=BATCH, after_update=None):
    """Pass once through the rows in the given order; return the loss of each mini-batch."""
    losses = []
    for batch in torch.tensor_split(order, n_batches(len(order), batch_size)):
        x, y = job.train.inputs[0][batch], job.train.y[batch]
        job.optimizers.zero_grad()
        loss = ((job.model(x) - y) ** 2).mean()  # forward, average loss
        loss.backward()
        job.optimizers.step(job.state.step)  # W <- W - eta dL/dW
        job.state.step += 1
        losses.append(float(loss.detach()))
        if after_update is not None:
            after_update(batch)
    return losses


def distance(a, b):
    """Return the largest difference between the weights of two networks."""
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return max(float((p - q).detach().abs().max()) for p, q in pairs)


mine, theirs = start(), start()
losses = epoch_by_hand(mine, order)
toolkit_loss = train_epoch(
    theirs.model,
    theirs.train,
    theirs.loss,
    theirs.optimizers,
    theirs.state,
    theirs.generators.batches,
    theirs.limits,
)
sizes_of = [len(batch) for batch in batches]
say(
    f"One epoch, {len(losses)} updates. Mean loss by hand {np.average(losses, weights=sizes_of):.6f}, by the toolkit "
    f"{toolkit_loss:.6f}; largest difference of any weight afterwards: {distance(mine.model, theirs.model):.1g}."
)

# %% [markdown]
# ## Without shuffling
#
# Now the same loop on rows sorted by energy, most strongly bound first, as a table may well come. Every mini-batch then
# holds nearly equal energies, and an easy way to lower its loss is to answer that energy to everything.


# %%
def mae_val(job):
    """Return the mean absolute error over the val rows, in eV/atom."""
    val = prepared.part("val")
    return float(np.mean(np.abs(job.predict(val.X) - val.y)))


SWEEP_RATE = 0.05


def run_in_order(sorted_rows):
    """Train for some epochs; return the val MAE after each and, in the first epoch, what each update did."""
    job, generator = start(learning_rate=SWEEP_RATE), torch_generator(0, "order of lesson 6")
    energies = prepared.part("train").y
    errors, seen, answered = [], [], []

    def look(batch):
        seen.append(energies[batch.numpy()].mean())
        answered.append(job.predict(prepared.part("val").X).mean())

    for epoch in range(EPOCHS):
        shuffled = torch.randperm(n_train, generator=generator)
        order = torch.as_tensor(np.argsort(energies, kind="stable")) if sorted_rows else shuffled
        epoch_by_hand(job, order, after_update=look if epoch == 0 else None)
        errors.append(mae_val(job))
    return np.array(errors), np.array(seen), np.array(answered)


runs = {"shuffled": run_in_order(False), "sorted by energy": run_in_order(True)}
figure = new_figure(10.2, 3.7)
left, *others = figure.subplots(1, 3, width_ratios=[1, 1, 1])
for (name, (errors, seen, answered)), ax, color in zip(runs.items(), others, (BLUE, VERMILLION), strict=True):
    left.plot(range(1, EPOCHS + 1), errors, "o-", color=color, markersize=4, label=name)
    updates = np.arange(1, len(seen) + 1)
    ax.plot(updates, seen, "o", color=GREY, markersize=3.5, label="mean energy of the batch")
    ax.plot(updates, answered, color=color, linewidth=2.2, label="mean answer to the val rows")
    ax.axhline(prepared.part("val").y.mean(), color="black", linewidth=1, linestyle="--", label="their true mean")
    label_axes(ax, "update within the first epoch", "eV/atom", name)
    ax.set_ylim(-4.2, 1.6)
    ax.legend(fontsize=LEGEND, loc="upper left", framealpha=0.9, edgecolor="none")
left.legend(fontsize=LEGEND, frameon=False)
left.set_ylim(bottom=0)
label_axes(left, "epoch", "val MAE (eV/atom)", "error after each epoch")
show(
    figure,
    "shuffle",
    "Rows in random order (blue) and sorted by energy (orange): the network follows the last batches.",
)
final = {name: float(run[0][-1]) for name, run in runs.items()}
follows = {name: float(np.corrcoef(run[1], run[2])[0, 1]) for name, run in runs.items()}
ends = float(runs["sorted by energy"][2][-1] - prepared.part("val").y.mean())
worse = final["sorted by energy"] > final["shuffled"]
verdict = (
    "the network runs after the last batches and forgets the earlier ones"
    if follows["sorted by energy"] > max(0.5, follows["shuffled"])
    else "the network does not just follow the last batches"
)
say(
    f"After {EPOCHS} epochs the val MAE is {final['shuffled']:.3f} eV/atom shuffled and "
    f"{final['sorted by energy']:.3f} sorted: sorting {'hurts' if worse else 'did not hurt here'}. In the first epoch "
    "the mean answer to the val rows and the mean energy of the batch just seen have a correlation of "
    f"{follows['sorted by energy']:.2f} when sorted (shuffled: {follows['shuffled']:.2f}): {verdict}. "
    f"It ends the epoch {abs(ends):.2f} eV/atom too {'high' if ends > 0 else 'low'} on average."
)

# %% [markdown]
# ## The size of a mini-batch
#
# A mini-batch estimates the gradient over all rows. One row gives a noisy estimate at little cost, all rows give it
# exactly, once an epoch. Same start, same learning rate, same number of epochs:


# %%
def gradient(model, x, y):
    """Return the gradient of the mean loss as one long vector."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(((model(x) - y) ** 2).mean(), list(model.parameters()))])


whole = start()
for _ in range(2):
    epoch_by_hand(whole, order)
true_gradient = gradient(whole.model, whole.train.inputs[0], whole.train.y)
EPOCHS_OF_SIZES = 4
names = {1: "1", BATCH: str(BATCH), n_train: f"all ({n_train})"}
sizes_seen, rows = {}, []
for batch_size, name in names.items():
    draw = torch_generator(0, f"batches of {batch_size}")
    cosines = []
    for _ in range(40):
        some = torch.randperm(n_train, generator=draw)[:batch_size]
        g = gradient(whole.model, whole.train.inputs[0][some], whole.train.y[some])
        cosines.append(float(torch.cosine_similarity(g, true_gradient, dim=0)))
    job = start(batch_size=batch_size, max_epochs=EPOCHS_OF_SIZES)
    began = time.perf_counter()
    errors = [mae_val(job), *(record.val_score for record in job.epochs())]
    seconds = time.perf_counter() - began
    sizes_seen[batch_size] = (np.array(errors), seconds, float(np.mean(cosines)))
    updates = n_batches(n_train, batch_size)
    rows.append(
        [name, str(updates), f"{np.mean(cosines):.2f}", f"{errors[-1]:.3f}", f"{seconds / EPOCHS_OF_SIZES:.3f}"]
    )
table(
    [
        "rows per batch",
        "updates per epoch",
        "cosine to the full gradient",
        f"val MAE, epoch {EPOCHS_OF_SIZES}",
        "s per epoch*",
    ],
    rows,
)
say("*: on this machine. The cosine is the mean over 40 random batches, at the weights after two epochs.")

figure = new_figure(9.2, 3.7)
left, right = figure.subplots(1, 2)
for (batch_size, name), color in zip(names.items(), (VERMILLION, BLUE, GREEN), strict=True):
    errors = sizes_seen[batch_size][0]
    left.plot(range(len(errors)), errors, "o-", color=color, markersize=4, label=f"batch of {name}")
    updates = np.arange(1, len(errors)) * n_batches(n_train, batch_size)
    right.plot(updates, errors[1:], "o-", color=color, markersize=4, label=f"batch of {name}")
right.set_xscale("log")
left.xaxis.set_major_locator(MaxNLocator(integer=True))
for ax, x_label in ((left, "epochs (passes through the rows)"), (right, "updates of the weights")):
    label_axes(ax, x_label, "val MAE (eV/atom)", None)
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.legend(fontsize=LEGEND, frameon=False, loc="lower left")
show(figure, "batch_size", f"Batches of 1, {BATCH} and all rows: the same numbers against epochs and against updates.")
errors_at_end = {batch_size: seen[0][-1] for batch_size, seen in sizes_seen.items()}
best_size = min(errors_at_end, key=errors_at_end.get)
say(
    f"At this learning rate the lowest val MAE after {EPOCHS_OF_SIZES} epochs is that of batch size "
    f"{names[best_size]}; "
    f"all rows at once have made {EPOCHS_OF_SIZES} updates only and are at {errors_at_end[n_train]:.3f} eV/atom. "
    "Batch 1 "
    f"takes {n_train} updates an epoch and {sizes_seen[1][1] / sizes_seen[BATCH][1]:.0f} times the time of batch "
    f"{BATCH} "
    "on this machine, because a product with one row uses the processor badly. "
    + (
        "Exact gradients are no end in themselves: many rough steps get further than a few exact ones. "
        if best_size < n_train
        else ""
    )
    + "In practice 32 to 512 rows are usual."
)

# %% [markdown]
# ## The learning rate
#
# The number to get right first. Too small: the loss creeps. Too large: the steps overshoot, the loss grows and in the
# end is no number any more. The toolkit stops such a run with a message and keeps the best weights so far.

# %%
rates = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]
reached, broken, history = {}, {}, {}
for rate in rates:
    job = start(learning_rate=rate)
    try:
        for _ in job.epochs():
            pass
    except TrainingError as error:
        broken[rate] = str(error)
    history[rate] = job.history
    if rate not in broken:
        reached[rate] = job.history[-1].val_score
good = min(reached, key=reached.get)
small, large = rates[0], next(iter(broken), rates[-1])
if broken:
    say(f'η = {next(iter(broken)):g}: "{next(iter(broken.values()))}"')

figure = new_figure(9.2, 3.8)
left, right = figure.subplots(1, 2)
for rate, name, color in ((small, "too small", SKY), (good, "good", BLUE), (large, "too large", VERMILLION)):
    losses = [first_loss, *(record.train_loss for record in history[rate])]
    left.plot(range(len(losses)), losses, "o-", color=color, markersize=4, label=f"η = {rate:g}: {name}")
    if rate in broken:
        left.plot(len(losses) - 1, losses[-1], "x", color=color, markersize=13, markeredgewidth=2.5, zorder=3)
        left.annotate(
            "then not finite", (len(losses) - 1, losses[-1]), (10, -3), textcoords="offset points", fontsize=9
        )
left.set_yscale("log")
left.legend(fontsize=LEGEND, frameon=False)
label_axes(left, "epoch", "train loss (scaled units)", "the loss while learning")
right.plot(list(reached), list(reached.values()), "o-", color=BLUE, markersize=5)
right.plot(
    good, reached[good], "*", color="black", markersize=14, label=f"best: η = {good:g}, {reached[good]:.3f} eV/atom"
)
for i, rate in enumerate(broken):
    right.axvline(rate, color=VERMILLION, linewidth=1.6, linestyle="--", label=None if i else "loss not finite")
right.set_xscale("log")
right.set_ylim(bottom=0)
right.legend(fontsize=LEGEND, frameon=False, loc="lower left")
label_axes(right, "learning rate η", f"val MAE after {EPOCHS} epochs (eV/atom)", "what is reached")
show(figure, "learning_rate", "Learning rates over more than three orders of magnitude: too small, good, too large.")
say(
    f"η = {small:g} reaches a val MAE of {reached[small]:.3f} eV/atom in {EPOCHS} epochs, η = {good:g} reaches "
    f"{reached[good]:.3f}; {len(broken)} of the {len(rates)} rates end in a loss that is not finite. Look for the "
    "largest "
    "rate that is still stable, and go a little below; then let it fall towards the end (`schedule: cosine`)."
)

# %% [markdown]
# ## SGD, Adam, Muon: three ways from one start
#
# Three rules of how to use the same gradient g:
#
# - **SGD**: W ← W − η g. One step size for all weights.
# - **Adam**: every weight has its own step size, η divided by the usual size of its own gradient.
# - **Muon** is for matrices. It takes the gradient's matrix apart, G = UΣVᵀ, and steps along UVᵀ: all singular values
#   become (about) one, so that a direction in which the gradient is small moves as far as one in which it is large.
#   Biases and the last layer are left to AdamW.
#
# First a landscape that can be drawn: y′ = x₁w₁ + x₂w₂ with two features that say nearly the same, so that the
# loss is a long narrow valley. The matrix W is a single row here, with one singular value: Muon's step is along the
# (averaged) gradient and has always about the same length.

# %%
pair = ["MagpieData range Electronegativity", "MagpieData avg_dev Electronegativity"]
columns = [prepared.scaler.kept_names.index(name) for name in pair]
scaled = prepared.scaler.transform(prepared.part("train").X)[:, columns]
X2 = torch.as_tensor(scaled)
y2 = torch.as_tensor(prepared.task.encode(prepared.part("train").y))
correlation = float(np.corrcoef(scaled.T)[0, 1])
minimum = np.linalg.lstsq(scaled, y2.numpy(), rcond=None)[0]
STEPS, START = 60, np.array([0.35, -1.35])


class TwoWeights(nn.Module):
    """y' = x W + b with two weights: small enough to draw its loss."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 1, dtype=torch.float64)
        self.body.weight.data[:] = torch.as_tensor(START)
        self.body.bias.data[:] = 0.0

    def forward(self, x):
        """Return one number per row."""
        return self.body(x).squeeze(-1)


chosen = {"sgd": 0.45, "adam": 0.1, "muon": 0.1}
colors = {"sgd": VERMILLION, "adam": BLUE, "muon": GREEN}
titles = {"sgd": "SGD", "adam": "Adam", "muon": "Muon"}
paths = {}
for name, rate in chosen.items():
    plain = {"optimizer": name, "learning_rate": rate, "muon_learning_rate": rate, "momentum": 0.0, "weight_decay": 0.0}
    two = TwoWeights()
    optimizers = build_optimizers(two, TrainingConfig(**plain, schedule="constant", warmup=0.0), STEPS)
    path = [START]
    for step in range(STEPS):
        optimizers.zero_grad()
        ((two(X2) - y2) ** 2).mean().backward()
        optimizers.step(step)
        path.append(two.body.weight.detach().numpy()[0].copy())
    paths[name] = np.array(path)

grid = [np.linspace(-1.9, 0.75, 120), np.linspace(-1.75, 0.75, 110)]
residual = scaled @ np.stack(np.meshgrid(*grid)).reshape(2, -1) - y2.numpy()[:, None]
surface = (residual**2).mean(axis=0).reshape(len(grid[1]), len(grid[0]))
figure = new_figure(10.4, 3.9)
for ax, (name, path) in zip(figure.subplots(1, 3, sharey=True), paths.items(), strict=True):
    levels = surface.min() + np.geomspace(0.004, surface.max() - surface.min(), 14)
    ax.contour(*grid, surface, levels=levels, colors=GREY, linewidths=0.6)
    ax.plot(*path.T, "o-", color=colors[name], markersize=3, linewidth=1.2)
    ax.plot(*START, "s", color="black", markersize=7, label="start")
    ax.plot(*minimum, "*", color="black", markersize=13, label="minimum")
    ax.set_xlabel("$w_1$", fontsize=LABEL)
    if name == "sgd":
        ax.set_ylabel("$w_2$", fontsize=LABEL)
    ax.set_title(f"{titles[name]}, $\\eta$ = {chosen[name]:g}", fontsize=TITLE)
    ax.set_aspect("equal")
    ax.legend(fontsize=LEGEND, loc="upper left", framealpha=0.9, edgecolor="none")
show(figure, "paths", f"The loss over two weights, and {STEPS} steps of SGD, Adam and Muon from the same start.")

rows = []
for name, path in paths.items():
    length = np.linalg.norm(np.diff(path, axis=0), axis=1)
    left_over = np.linalg.norm(path[-1] - minimum)
    rows.append([titles[name], f"{length[0]:.3f}", f"{length[-1]:.4f}", f"{length.sum():.2f}", f"{left_over:.3f}"])
table(["rule", "first step", "last step", "length of the path", "left to the minimum"], rows)
sgd_left, adam_left, muon_left = (np.linalg.norm(path[-1] - minimum) for path in paths.values())
nearest = min(paths, key=lambda name: np.linalg.norm(paths[name][-1] - minimum))
say(
    f"The two features, {pair[0].removeprefix('MagpieData ')} and {pair[1].removeprefix('MagpieData ')}, have a "
    f"correlation of {correlation:.3f}, so the valley is √((1 + r)/(1 − r)) = "
    f"{np.sqrt((1 + correlation) / (1 - correlation)):.1f} times as long as it is wide. SGD jumps from side to side "
    "across "
    f"it and creeps along it; after {STEPS} steps {titles[nearest]} is nearest to the minimum. Muon's steps do not get "
    "shorter by themselves: it runs past the minimum and back, which is one reason why the step size is made to fall "
    "over a run."
)

# %% [markdown]
# Now the network itself, where W₂ is a matrix. One step of each rule from the same weights, on all train rows; the
# singular values of the step tell into how many directions it really goes. Then training from the same start.

# %%
spectra, curves = {}, {}
ruled = {"sgd": {"learning_rate": 0.03}, "adam": {"learning_rate": 2e-3}, "muon": {"learning_rate": 2e-3}}
EPOCHS_OF_RULES = 20
for name, keys in ruled.items():
    job = start(optimizer=name, batch_size=n_train, **keys)
    before = job.model.body[4].weight.detach().clone()
    epoch_by_hand(job, order, batch_size=n_train)
    spectra[name] = torch.linalg.svdvals(job.model.body[4].weight.detach() - before).numpy()
    job = start(optimizer=name, schedule="cosine", max_epochs=EPOCHS_OF_RULES, **keys)
    curves[name] = [record.val_score for record in job.epochs()]

figure = new_figure(9.2, 3.8)
left, right = figure.subplots(1, 2)
for name, values in spectra.items():
    left.plot(
        np.arange(1, len(values) + 1), values / values[0], "o-", color=colors[name], markersize=3.5, label=titles[name]
    )
    label = f"{titles[name]}: {curves[name][-1]:.3f} eV/atom"
    right.plot(np.arange(1, EPOCHS_OF_RULES + 1), curves[name], color=colors[name], linewidth=1.8, label=label)
label_axes(left, "number of the singular value", "singular value / largest", "one step of the 64 × 64 matrix W₂")
label_axes(right, "epoch", "val MAE (eV/atom)", "training from the same start, falling η")
left.set_ylim(0, 1.05)
right.set_ylim(0, 0.3)
right.xaxis.set_major_locator(MaxNLocator(6, integer=True))
for ax in (left, right):
    ax.grid(alpha=0.25, linewidth=0.6)
left.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none", loc="upper right")
right.legend(fontsize=LEGEND, framealpha=0.9, edgecolor="none", loc="upper right")
show(figure, "optimizers", "One step of a weight matrix by SGD, Adam and Muon, and the error while they train.")
effective = {name: int((values > values[0] / 2).sum()) for name, values in spectra.items()}
best_rule = min(curves, key=lambda name: curves[name][-1])
say(
    "Singular values above half of the largest: "
    + ", ".join(f"{titles[name]} {number} of 64" for name, number in effective.items())
    + ". The gradient goes into a few directions; Muon makes them count alike. After "
    f"{EPOCHS_OF_RULES} epochs: "
    + ", ".join(f"{titles[name]} {curve[-1]:.3f}" for name, curve in curves.items())
    + f" eV/atom; {titles[best_rule]} is lowest here. One run each, with one learning rate each: no proof that a rule "
    "is "
    "better, for the next seed may differ by as much."
)

# %% [markdown]
# ## What to take home
#
# - A training loop is five lines: shuffle, forward, average loss, backward, update. All else is book-keeping.
# - Shuffle. Take mini-batches. Find the learning rate first.
# - SGD has one step size for all weights, Adam one for each weight, Muon evens out the directions of a matrix.
#
# ## Exercises

# %%
exercise("6.1")
exercise("6.2")
exercise("6.3")
exercise("6.4")
exercise("6.5")
