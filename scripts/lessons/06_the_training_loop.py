# time: 20 s

# %% [markdown]
# # 6. The training loop
#
# Lesson 5 gave the gradient of a loss. Training is what is done with it, over and over: put some rows in, compare the
# answers with the truth, ask every weight for its gradient, move every weight a little downhill. Here the loop of this
# toolkit is taken apart, run by hand, put together again, and then broken on purpose.
#
# The task: from features of a composition to its measured formation enthalpy in eV/atom. The network has two hidden
# layers, with the ReLU of lesson 3 as σ:
# $$h_1 = \sigma(W_1 x + b_1) \qquad h_2 = \sigma(W_2 h_1 + b_2) \qquad \hat y = v \cdot h_2 + c$$

# %%
import inspect
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import TrainingConfig
from formation_mlp.errors import TrainingError
from formation_mlp.lessons import exercise, limit_threads, say, show, table
from formation_mlp.lessons.drawing import training_loop as draw
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.seeding import torch_generator
from formation_mlp.training.batches import n_batches
from formation_mlp.training.loop import as_array, forward_rows, train_epoch
from formation_mlp.training.optim import build_optimizers

limit_threads()

# %%
BATCH, RATE, EPOCHS = 32, 0.01, 10
PLAIN_SGD = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0}
PLAIN_SGD |= {"loss": "mse", "batch_size": BATCH, "learning_rate": RATE, "max_epochs": EPOCHS, "device": "cpu"}


def settings(**training):
    """Return the configuration of this lesson, with some keys of its training section changed."""
    raw = {
        "data": {"path": "bundled", "target": "formation_enthalpy_per_atom", "unit": "eV/atom"},
        "split": {"method": "formula", "val": 0.15, "test": 0.15},
        "model": {"hidden": [64, 64], "activation": "relu"},
        "training": PLAIN_SGD | training,
    }
    return check_config(raw, "lesson 6")


def start(**training):
    """Return the network before its first epoch, with its rows, loss and optimizer: always the same weights."""
    return network_training(replace(prepared, config=settings(**training)))


# %%
prepared = prepare(settings(), load_rows(settings()))
n_train, n_features = len(prepared.split.train), len(prepared.scaler.kept)
say(
    f"The bundled table has {len(prepared.dataset)} measured compounds: {n_train} rows to train on, "
    f"{len(prepared.split.val)} to validate, {len(prepared.split.test)} to test. Each row is {n_features} features, "
    "standardised over the train rows. So is the target: the network works in units of its standard deviation, "
    f"{prepared.task.target_scaler.scale:.3f} eV/atom."
)

# %% [markdown]
# ## The whole loop
#
# What has to happen, and in which order?
#
# 1. Give the weights random values.
# 2. For a number of epochs, shuffle the train rows and divide them into mini-batches. For each mini-batch:
# 3. compute the predictions (forward pass),
# 4. compute the average loss over the mini-batch,
# 5. compute the gradients by backpropagation,
# 6. update the weights against their gradients.

# %%
show(
    draw.loop(),
    "loop",
    "The training loop. Orange: what happens for each mini-batch. One epoch (blue frame) passes through all train rows "
    "once. Green: what ends an epoch.",
)

# %% [markdown]
# This is the toolkit's code for one epoch. It can do more than the picture shows: processes may share a batch
# (`group`), products may run in a short number format (`autocast`), long gradients may be cut (`gradient_clip`), and a
# running mean of the weights may be kept (`average`). None of these is on in this lesson.

# %%
print(inspect.getsource(train_epoch))

# %% [markdown]
# ## Step 1: random weights
#
# Why random? If all weights of a layer were equal, they would have equal gradients, and its units would stay copies of
# one unit for ever. They start uniformly between $-1/\sqrt{d}$ and $1/\sqrt{d}$, where $d$ is the number of inputs of
# the layer: large enough to tell the units apart, small enough that no layer blows its signal up.

# %%
job = start()
model, rows = job.model, []
for name, weight in model.named_parameters():
    d_in = model.get_submodule(name.rpartition(".")[0]).in_features
    shape = " × ".join(map(str, weight.shape))
    rows.append([name, shape, weight.numel(), f"{d_in**-0.5:.4f}", f"{weight.detach().abs().max():.4f}"])
table(["weights", "shape", "numbers", "1/√d", "largest |w|"], rows)
output = as_array(forward_rows(model, job.train.inputs))
first_loss = float(np.mean((output - as_array(job.train.y)) ** 2))
say(
    "`body.0` and `body.4` are W₁ and W₂, `head` is v. Before the first update the network answers "
    f"{output.mean():+.3f} ± {output.std():.3f} (standard deviations of the target) whatever it is shown, so its loss "
    f"over the train rows is {first_loss:.3f}: about 1, as for a model that always says the mean."
)

# %% [markdown]
# ## Step 2: epochs, shuffling, mini-batches
#
# An **epoch** is one pass through all train rows. They are put in random order and dealt into **mini-batches**; each
# mini-batch gives one update. How many updates does an epoch have?

# %%
order = torch.randperm(n_train, generator=torch_generator(job.seed, "batches"))
batches = torch.tensor_split(order, n_batches(n_train, BATCH))
sizes = sorted({len(batch) for batch in batches})
say(
    f"{n_train} rows in batches of {BATCH} or nearly so: {len(batches)} batches of {sizes[0]} or {sizes[-1]} rows, so "
    f"{len(batches)} updates an epoch. The first rows in the shuffled order: {', '.join(map(str, order[:8].tolist()))}."
)

# %%
exercise("6.1")

# %% [markdown]
# ## Step 3: forward
#
# The rows of the mini-batch pass through the network together, as the rows of one matrix.

# %%
x, y = job.train.inputs[0][batches[0]], job.train.y[batches[0]]
h, rows = x, [["x", " × ".join(map(str, x.shape)), "", f"{x.mean():+.3f}", f"{x.std():.3f}"]]
kinds = {"Linear": "z = W h + b", "ReLU": "h = σ(z)"}
for layer in [*model.body, model.head]:
    h = layer(h).detach()
    if type(layer).__name__ in kinds:  # the others, dropout and normalisation, are off
        shape = " × ".join(map(str, layer.weight.shape)) if isinstance(layer, nn.Linear) else ""
        name = "ŷ = v · h + c" if layer is model.head else kinds[type(layer).__name__]
        rows.append([name, " × ".join(map(str, h.shape)), shape, f"{h.mean():+.3f}", f"{h.std():.3f}"])
table(["step", "shape of the result", "shape of W", "mean", "std"], rows)

# %% [markdown]
# ## Step 4: the average loss
#
# With $E = \frac{1}{2} (\hat y - y)^2$ for one row, as in lesson 5, the toolkit's loss `mse` is the mean of $2E$ over
# the rows of the batch. Why the mean and not the sum? So that the step size does not depend on the number of rows.

# %%
y_hat = h.squeeze(-1)
E = (y_hat - y) ** 2 / 2
loss = job.loss(model(x), y)  # keeps the way back to the weights
table(
    ["row", "ŷ", "y", "E = (ŷ − y)²/2"],
    [[str(batches[0][i].item()), f"{y_hat[i]:+.4f}", f"{y[i]:+.4f}", f"{E[i]:.4f}"] for i in range(4)],
)
say(
    f"... and so on. The mean of 2E over the {len(y)} rows is {(2 * E).mean():.6f}; the toolkit's loss is "
    f"{loss.item():.6f}."
)

# %% [markdown]
# ## Steps 5 and 6: backward and update
#
# `loss.backward()` is the chain rule of lesson 5: it gives every weight its derivative. Plain gradient descent then
# moves every weight against it, with the **learning rate** η:
# $$W \leftarrow W - \eta \frac{\partial L}{\partial W}$$

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
say(
    f"With η = {RATE}, the update by hand and the optimizer's new weights differ by {largest:.1g} at most. The loss of "
    f"this batch {'fell' if after < loss.item() else 'rose'} from {loss.item():.4f} to {after:.4f}: one step of many."
)

# %%
exercise("6.2")

# %% [markdown]
# ## The loop by hand, and the toolkit's
#
# The lines above, in a loop, are the training loop. Started from the same weights and shuffled by the same random
# numbers, does it end at the same weights as the toolkit's `train_epoch`?


# %%
def epoch_by_hand(job, order, batch_size=BATCH, after_update=None):
    """Pass once through the rows in the given order; return the loss of each mini-batch."""
    losses = []
    for batch in torch.tensor_split(order, n_batches(len(order), batch_size)):
        x, y = job.train.inputs[0][batch], job.train.y[batch]
        job.optimizers.zero_grad()
        loss = ((job.model(x) - y) ** 2).mean()  # forward, average loss
        loss.backward()
        job.optimizers.step(job.state.step)  # the update
        job.state.step += 1
        losses.append(float(loss.detach()))
        if after_update is not None:
            after_update(batch)
    return losses


# %%
mine, theirs = start(), start()
losses = epoch_by_hand(mine, order)
toolkit_loss = train_epoch(
    theirs.model, theirs.train, theirs.loss, theirs.optimizers, theirs.state, theirs.generators.batches, theirs.limits
)
pairs = zip(mine.model.parameters(), theirs.model.parameters(), strict=True)
distance = max(float((p - q).detach().abs().max()) for p, q in pairs)
say(
    f"One epoch, {len(losses)} updates. The mean loss is "
    f"{np.average(losses, weights=[len(b) for b in batches]):.6f} by "
    f"hand and {toolkit_loss:.6f} by the toolkit; the largest difference of any weight afterwards is {distance:.1g}."
)

# %% [markdown]
# ## What if the rows are not shuffled?
#
# A table may well come sorted by energy, most strongly bound first. Every mini-batch then holds nearly equal energies,
# and an easy way to lower its loss is to answer that energy to everything. What will the network do in its first epoch?

# %%
SWEEP_RATE = 0.05
val, energies = prepared.part("val"), prepared.part("train").y


def mae_val(job):
    """Return the mean absolute error over the val rows, in eV/atom."""
    return float(np.mean(np.abs(job.predict(val.X) - val.y)))


def run_in_order(sorted_rows):
    """Train for some epochs; return the val MAE after each and, in the first epoch, what each update did."""
    job, generator = start(learning_rate=SWEEP_RATE), torch_generator(0, "order of lesson 6")
    errors, updates = [], []
    for epoch in range(EPOCHS):
        shuffled = torch.randperm(n_train, generator=generator)
        order = torch.as_tensor(np.argsort(energies, kind="stable")) if sorted_rows else shuffled
        look = lambda batch: updates.append((energies[batch.numpy()].mean(), job.predict(val.X).mean()))  # noqa: E731
        epoch_by_hand(job, order, after_update=look if epoch == 0 else None)
        errors.append(mae_val(job))
    return np.array(errors), *np.array(updates).T


# %%
runs = {"shuffled": run_in_order(False), "sorted by energy": run_in_order(True)}
show(
    draw.shuffle(runs, val.y.mean()),
    "shuffle",
    "Rows in random order (blue) and sorted by energy (orange); grey: the mean energy of each batch. In the sorted run "
    "the answers follow the last batches.",
)
final = {name: float(run[0][-1]) for name, run in runs.items()}
follows = {name: float(np.corrcoef(run[1], run[2])[0, 1]) for name, run in runs.items()}
ends = float(runs["sorted by energy"][2][-1] - val.y.mean())
say(
    f"After {EPOCHS} epochs the val MAE is {final['shuffled']:.3f} eV/atom shuffled and "
    f"{final['sorted by energy']:.3f} sorted. In the first epoch the mean answer to the val rows and the mean energy "
    f"of the batch just seen have a correlation of {follows['sorted by energy']:.2f} when sorted (shuffled: "
    f"{follows['shuffled']:.2f}), and the sorted run ends the epoch {abs(ends):.2f} eV/atom too "
    f"{'high' if ends > 0 else 'low'} on average."
)

# %% [markdown]
# ## How large should a mini-batch be?
#
# A mini-batch estimates the gradient over all rows. One row gives a noisy estimate at little cost, all rows give it
# exactly, once an epoch. Which gets further, with the same start, learning rate and number of epochs?


# %%
def gradient(model, x, y):
    """Return the gradient of the mean loss as one long vector."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(((model(x) - y) ** 2).mean(), list(model.parameters()))])


whole = start()
for _ in range(2):
    epoch_by_hand(whole, order)
inputs, targets = whole.train.inputs[0], whole.train.y
true_gradient = gradient(whole.model, inputs, targets)


def mean_cosine(batch_size, n=40):
    """Return the mean cosine between the gradient of random batches and that of all rows."""
    draw_rows, cosines = torch_generator(0, f"batches of {batch_size}"), []
    for _ in range(n):
        some = torch.randperm(n_train, generator=draw_rows)[:batch_size]
        g = gradient(whole.model, inputs[some], targets[some])
        cosines.append(float(torch.cosine_similarity(g, true_gradient, dim=0)))
    return np.mean(cosines)


# %%
EPOCHS_OF_SIZES, errors, updates, seconds, rows = 4, {}, {}, {}, []
for name, size in {"1": 1, str(BATCH): BATCH, f"all ({n_train})": n_train}.items():
    job = start(batch_size=size, max_epochs=EPOCHS_OF_SIZES)
    began = time.perf_counter()
    errors[name] = np.array([mae_val(job), *(record.val_score for record in job.epochs())])
    seconds[name] = (time.perf_counter() - began) / EPOCHS_OF_SIZES
    updates[name] = n_batches(n_train, size)
    rows.append([name, updates[name], f"{mean_cosine(size):.2f}", f"{errors[name][-1]:.3f}", f"{seconds[name]:.3f}"])
table(
    ["rows per batch", "updates per epoch", "cosine to the full gradient", "val MAE at the end", "s per epoch*"],
    rows,
    "*: on this machine. The cosine is the mean over 40 random batches, at the weights after two epochs.",
)

# %%
show(
    draw.batch_sizes(errors, updates),
    "batch_size",
    f"Batches of 1 (orange), {BATCH} (blue) and all rows (green): the same errors against epochs and against updates.",
)
lowest, *_, full = sorted(errors, key=lambda name: errors[name][-1])
say(
    f"At this learning rate the lowest val MAE after {EPOCHS_OF_SIZES} epochs is that of batches of {lowest}; batches "
    f"of {full} are at {errors[full][-1]:.3f} eV/atom. A batch of 1 takes {n_train} updates an epoch and "
    f"{seconds['1'] / seconds[str(BATCH)]:.0f} times the time of batches of {BATCH} on this machine, because a "
    "product with one row uses the processor badly. Exact gradients are no end in themselves: many rough steps get "
    "further than a few exact ones. In practice 32 to 512 rows are usual."
)

# %% [markdown]
# ## Which learning rate?
#
# This is the number to get right first. If it is too small, the loss creeps. If it is too large, the steps overshoot,
# the loss grows, and in the end is no number any more. The toolkit stops such a run with a message and keeps the best
# weights so far.

# %%
rates, reached, broken, history = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1], {}, {}, {}
for rate in rates:
    job = start(learning_rate=rate)
    try:
        for _ in job.epochs():
            pass
        reached[rate] = job.history[-1].val_score
    except TrainingError as error:
        broken[rate] = str(error)
    history[rate] = [first_loss, *(record.train_loss for record in job.history)]
good, small, large = min(reached, key=reached.get), rates[0], next(iter(broken), rates[-1])
names = {small: "too small", good: "good", large: "too large"}
if broken:
    say(f'What the toolkit says at η = {large:g}: "{broken[large]}"')

# %%
show(
    draw.learning_rates(history, names, reached, list(broken)),
    "learning_rate",
    "Left: too small (light blue), good (blue), too large (orange). Right: what each of seven learning rates reaches.",
)
say(
    f"η = {small:g} reaches a val MAE of {reached[small]:.3f} eV/atom in {EPOCHS} epochs, η = {good:g} reaches "
    f"{reached[good]:.3f}; {len(broken)} of the {len(rates)} rates end in a loss that is not finite. Look for the "
    "largest rate that is still stable, and go a little below; then let it fall towards the end (`schedule: cosine`)."
)

# %%
exercise("6.3")

# %% [markdown]
# ## Is there something better than plain gradient descent?
#
# Four rules use the same gradient $g$ in different ways:
#
# - **SGD** (stochastic gradient descent): $W \leftarrow W - \eta g$. One step size for all weights.
# - **Momentum** adds a share of the last step to each step, so that steps along a valley add up and steps across it
#   cancel.
# - **Adam**: every weight has its own step size, η divided by the usual size of its own gradient.
# - **Muon** is for matrices. It takes the gradient's matrix apart and makes all its singular values (about) one, so
#   that a direction in which the gradient is small moves as far as one in which it is large. Biases and the last layer
#   are left to AdamW.
#
# First a landscape that can be drawn: $\hat y = w_1 x_1 + w_2 x_2$ with two features that say nearly the same, so that
# the loss is a long narrow valley.

# %%
pair = ["MagpieData range Electronegativity", "MagpieData avg_dev Electronegativity"]
columns = [prepared.scaler.kept_names.index(name) for name in pair]
X2 = prepared.scaler.transform(prepared.part("train").X)[:, columns]
y2 = prepared.task.encode(energies)
correlation = float(np.corrcoef(X2.T)[0, 1])
minimum = np.linalg.lstsq(X2, y2, rcond=None)[0]


class TwoWeights(nn.Module):
    """Two weights: small enough to draw its loss."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 1, dtype=torch.float64)
        self.body.weight.data[:] = torch.tensor([0.35, -1.35])
        self.body.bias.data[:] = 0.0

    def forward(self, x):
        return self.body(x).squeeze(-1)


# %%
STEPS, RATES, walks = 60, {"sgd": 0.45, "adam": 0.1, "muon": 0.1}, {}
inputs, targets = torch.as_tensor(X2), torch.as_tensor(y2)
PLAIN = {"momentum": 0.0, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0}
for name, rate in RATES.items():
    two = TwoWeights()
    rule = TrainingConfig(optimizer=name, learning_rate=rate, muon_learning_rate=rate, **PLAIN)
    optimizers = build_optimizers(two, rule, STEPS)
    path = [two.body.weight.detach().numpy()[0].copy()]
    for step in range(STEPS):
        optimizers.zero_grad()
        ((two(inputs) - targets) ** 2).mean().backward()
        optimizers.step(step)
        path.append(two.body.weight.detach().numpy()[0].copy())
    walks[name] = np.array(path)

# %%
show(
    draw.paths(X2, y2, walks, RATES, minimum),
    "paths",
    f"The loss over two weights as contours, and {STEPS} steps of SGD (orange), Adam (blue) and Muon (green).",
)
left = {name: np.linalg.norm(path[-1] - minimum) for name, path in walks.items()}
nearest = draw.RULES[min(left, key=left.get)][0]
say(
    f"The two features have a correlation of {correlation:.3f}, so the valley is √((1 + r)/(1 − r)) = "
    f"{np.sqrt((1 + correlation) / (1 - correlation)):.1f} times as long as it is wide. SGD jumps from side to side "
    f"across it and creeps along it; after {STEPS} steps {nearest} is nearest to the minimum. Muon's steps do not get "
    "shorter by themselves: it runs past the minimum and back, which is one reason why the step size is made to fall "
    "over a run."
)

# %%
exercise("6.4")

# %% [markdown]
# What do they do with the network itself, where the second layer has a matrix of 64 × 64 weights? We look at one step
# of each rule from the same weights on all train rows. The singular values of the step tell into how many directions it
# really goes. Then each rule trains from the same start.

# %%
spectra, curves, EPOCHS_OF_RULES = {}, {}, 20
for name, rate in {"sgd": 0.03, "adam": 2e-3, "muon": 2e-3}.items():
    job = start(optimizer=name, batch_size=n_train, learning_rate=rate)
    before = job.model.body[4].weight.detach().clone()
    epoch_by_hand(job, order, batch_size=n_train)
    spectra[name] = torch.linalg.svdvals(job.model.body[4].weight.detach() - before).numpy()
    job = start(optimizer=name, schedule="cosine", max_epochs=EPOCHS_OF_RULES, learning_rate=rate)
    curves[name] = [record.val_score for record in job.epochs()]
show(
    draw.optimizers(spectra, curves),
    "optimizers",
    "Left: the singular values of one step by SGD (orange), Adam (blue) and Muon (green). Right: the error while they "
    "train.",
)

# %%
effective = {name: int((values > values[0] / 2).sum()) for name, values in spectra.items()}
titles = {name: title for name, (title, _) in draw.RULES.items()}
say(
    "Singular values above half of the largest: "
    + ", ".join(f"{titles[name]} {number} of 64" for name, number in effective.items())
    + f". The gradient goes into a few directions; Muon makes them count alike. After {EPOCHS_OF_RULES} epochs: "
    + ", ".join(f"{titles[name]} {curve[-1]:.3f}" for name, curve in curves.items())
    + " eV/atom. This is one run each, with one learning rate each: no proof that a rule is better, for the next seed "
    "may differ by as much."
)

# %% [markdown]
# ## What to take home
#
# - A training loop is five lines: shuffle, forward, average loss, backward, update. All else is book-keeping.
# - Shuffle. Take mini-batches. Find the learning rate first.
# - SGD has one step size for all weights, Adam one for each weight, Muon evens out the directions of a matrix.

# %%
exercise("6.5")
