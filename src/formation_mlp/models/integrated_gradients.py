"""Integrated gradients (Sundararajan, Taly and Yan 2017): a difference of answers, divided among the inputs.

On the straight line from a baseline to a row, every input moves in proportion, and each small step of the answer
is the sum of what each input adds. A network adds its gradient; trees, whose gradient is zero, jump where an input
crosses a threshold. Either way the attributions add up to the difference of the two answers (completeness).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.targets.scaler import TargetScaler
from formation_mlp.typing import Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor, nn

    from formation_mlp.models.hull_trees import HullTrees

Segment = tuple[Floats, float, float]
"""Attributions of the features and, last, of the elements as an encoder sees them, ``[k + 1]``; the answers at the
baseline and at the row, whose difference they add up to."""

Attribution = Callable[[Floats, Compositions, float], Segment]
"""Divides the answer to one row: scaled features ``[k]``, a composition, and the relative error of completeness that is
aimed at. Trees are divided exactly, whatever it is."""

TOLERANCE = 1e-5
"""Relative error of completeness that is aimed at where nobody asks for another."""
FIRST_PANELS, MOST_ROUNDS = 16, 40
NODES, NODES_BETWEEN_KINKS = 4, 2
CLOSER = 5
"""Steps towards a kink, each of which makes its place some hundred times as exact."""
AT_ONCE = 4096
TIE = 1e-12
"""Thresholds that are crossed so close to one another on the path share their jump."""


class NetworkPath:
    """Divides the answers of a network, in eV/atom or as probabilities, among its inputs.

    The path starts at zeros: each feature at its mean over the train rows. The architecture `set` sees the
    elements too, through an encoder; their part of the path is from `mean_encoding` to the encoding of the row.

    Parameters
    ----------
    network
        With its trained weights; it is changed to double precision.
    scale
        From its output to eV/atom, or None if it answers with a probability.
    training_elements
        Element symbol to the number of train rows that hold it.
    output
        Place of the output that is divided: of the energy scale, in a network of several.
    """

    def __init__(
        self, network: nn.Module, scale: TargetScaler | None, training_elements: Mapping[str, int], output: int = 0
    ) -> None:
        from formation_mlp.models.networks import SetMLP

        network = network.eval().requires_grad_(False)
        self._encoder: nn.Module | None = None
        if isinstance(network, SetMLP):
            self._encoder, network = network.encoder, network.mlp
        self._head = network.double()
        self._mean = np.empty(0) if self._encoder is None else mean_encoding(self._encoder, training_elements)
        self._scale, self._output = scale, output

    def __call__(self, x: Floats, composition: Compositions, tolerance: float = TOLERANCE) -> Segment:
        """Divide the answer to one row: scaled features ``[k]``, and a composition."""
        start, end = np.append(np.zeros_like(x), self._mean), np.append(x, self._encoded(composition))
        edges = kinks(self._head, start, end)
        attributions, first, last = along(self._answer, start, end, tolerance, edges)
        return np.append(attributions[: len(x)], attributions[len(x) :].sum()), first, last

    def _answer(self, points: Tensor) -> Tensor:
        output: Tensor = self._head(points)
        output = output[:, self._output] if output.ndim == 2 else output
        return output.sigmoid() if self._scale is None else output * self._scale.scale + self._scale.centre

    def _encoded(self, composition: Compositions) -> Floats:
        import torch

        if self._encoder is None:
            return np.empty(0)
        z, fraction = (torch.as_tensor(part) for part in composition.padded())
        with torch.no_grad():
            encoding: Floats = self._encoder(z, fraction.float())[0].double().numpy()
        return encoding


class TreesPath:
    """Divides the answers of boosted trees among the features: on the path, each jump goes to who causes it.

    Features that cross thresholds at the same place of the path share the jump.

    Parameters
    ----------
    predict
        Scaled features ``[n, k]`` to answers ``[n]``.
    text
        The trees in LightGBM's own text form, for their thresholds.
    """

    def __init__(self, predict: Callable[[Floats], Floats], text: str) -> None:
        self._predict = predict
        self._feature, self._threshold = _thresholds(text)

    def __call__(self, x: Floats, _composition: Compositions | None = None, _tolerance: float = TOLERANCE) -> Segment:
        """Divide the answer to one row, from zeros to its scaled features ``[k]``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            place = self._threshold / x[self._feature]
        crossed = (x[self._feature] != 0) & (place >= 0) & (place <= 1)
        place, feature = place[crossed], self._feature[crossed]
        order = np.argsort(place, kind="stable")
        place, feature = place[order], feature[order]
        starts = np.flatnonzero(np.diff(place, prepend=-1.0) > TIE)
        jumps = place[starts]
        between = np.concatenate([[0.0], (jumps[1:] + jumps[:-1]) / 2, [1.0]])
        chunks = [between[i : i + AT_ONCE, None] for i in range(0, len(between), AT_ONCE)]
        values = np.concatenate([self._predict(chunk * x) for chunk in chunks])
        attributions = np.zeros(len(x) + 1)
        for jump, who in zip(np.diff(values), np.split(feature, starts[1:]), strict=True):
            several = np.unique(who)
            attributions[several] += jump / max(len(several), 1)
        return attributions, float(values[0]), float(values[-1])


class HullTreesPath:
    """The same for boosted trees that are told energies and a hull; these count as what the elements say.

    Parameters
    ----------
    trees
        The trees and the known compounds.
    text
        The trees in LightGBM's own text form.
    energy
        Scaled features and compositions to predicted formation energies, eV/atom.
    """

    def __init__(self, trees: HullTrees, text: str, energy: Callable[[Floats, Compositions | None], Floats]) -> None:
        self._known, self._energy = trees.known, energy
        self._path = TreesPath(trees.trees.predict, text)

    def __call__(self, x: Floats, composition: Compositions, _tolerance: float = TOLERANCE) -> Segment:
        """Divide the answer to one row, from zeros and mean columns to its scaled features ``[k]`` and columns."""
        X = x[None]
        inputs = self._known.inputs(X, composition, self._energy(X, composition))
        attributions, first, last = self._path(inputs[0])
        return np.append(attributions[: len(x)], attributions[len(x) :].sum()), first, last


def kinks(network: nn.Module, start: Floats, end: Floats) -> Floats:
    """Return where rectifiers of a network switch on the way from ``start [k]`` to ``end [k]``, with places between.

    Layer by layer: between the kinks that are known already, what comes to a rectifier is smooth, and linear without a
    normalization; a change of its sign is closed in on by the rule of false position.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Linear(1, 1, bias=True), nn.ReLU()).double()
    >>> _ = network[0].weight.data.fill_(3.0), network[0].bias.data.fill_(-1.0)
    >>> bool(np.isclose(kinks(network, np.zeros(1), np.ones(1)), 1 / 3, atol=1e-12).any())
    True
    """
    from torch import nn

    edges = np.linspace(0, 1, FIRST_PANELS + 1)
    for layer in network.modules():
        if isinstance(layer, nn.ReLU):
            edges = np.union1d(edges, _switches(network, layer, start, end, edges))
    return edges


def _switches(network: nn.Module, layer: nn.Module, start: Floats, end: Floats, edges: Floats) -> Floats:
    """Return where what comes to a layer changes its sign, found within the panels between edges."""
    import torch

    seen: list[Floats] = []

    def inputs_at(place: Floats) -> Floats:
        with torch.no_grad():
            network(torch.as_tensor(start + place[:, None] * (end - start)))
        return seen.pop()

    hook = layer.register_forward_hook(lambda _layer, inputs, _output: seen.append(inputs[0].numpy()))
    try:
        values = inputs_at(edges)
        panel, unit = np.nonzero((values[:-1] < 0) != (values[1:] < 0))
        a, b, at_a, at_b = edges[panel], edges[panel + 1], values[panel, unit], values[panel + 1, unit]
        place = a
        for _ in range(CLOSER if len(panel) else 0):
            place = a + at_a / (at_a - at_b) * (b - a)
            found = inputs_at(place)[np.arange(len(place)), unit]
            is_left = (found < 0) == (at_a < 0)
            a, at_a = np.where(is_left, place, a), np.where(is_left, found, at_a)
            b, at_b = np.where(is_left, b, place), np.where(is_left, at_b, found)
    finally:
        hook.remove()
    return place


def along(
    answer: Callable[[Tensor], Tensor],
    start: Floats,
    end: Floats,
    tolerance: float = TOLERANCE,
    edges: Floats | None = None,
) -> tuple[Floats, float, float]:
    """Integrate the gradient of ``answer`` from ``start [k]`` to ``end [k]``, times their difference.

    Gauss-Legendre quadrature in panels; those whose own attributions do not add up to the difference of the answers
    at their two ends are halved, until the sum of what is missing is below ``tolerance`` of the whole difference. So
    the panels gather where a network has kinks. ``edges`` are those where it may have one, as `kinks` tells them.

    Returns
    -------
    attributions : ``[k]``
    first, last : the answers at the two ends

    Examples
    --------
    >>> attributions, first, last = along(lambda X: X[:, 0] * X[:, 1] ** 2, np.zeros(2), np.array([3.0, 2.0]))
    >>> attributions.round(6).tolist(), first, last
    ([4.0, 8.0], 0.0, 12.0)
    """
    n_nodes = NODES if edges is None or len(edges) <= FIRST_PANELS + 1 else NODES_BETWEEN_KINKS
    edges = np.linspace(0, 1, FIRST_PANELS + 1) if edges is None else edges
    left, right = edges[:-1], edges[1:]
    values = _values(answer, start, end, edges)
    at_left, at_right = values[:-1], values[1:]
    parts = _panels(answer, start, end, left, right, n_nodes)
    first, last = float(values[0]), float(values[-1])
    for _ in range(MOST_ROUNDS):
        missing = np.abs(at_right - at_left - parts.sum(axis=1))
        allowed = tolerance * max(abs(last - first), TOLERANCE * np.abs(parts).sum())
        if missing.sum() <= allowed:
            break
        split = missing > allowed / (2 * len(left))
        middle = (left[split] + right[split]) / 2
        at_middle = _values(answer, start, end, middle)
        lefts, rights = np.append(left[split], middle), np.append(middle, right[split])
        new = _panels(answer, start, end, lefts, rights)
        at_left = np.concatenate([at_left[~split], at_left[split], at_middle])
        at_right = np.concatenate([at_right[~split], at_middle, at_right[split]])
        parts = np.concatenate([parts[~split], new])
        left, right = np.append(left[~split], lefts), np.append(right[~split], rights)
    return parts.sum(axis=0), first, last


def mean_encoding(encoder: nn.Module, training_elements: Mapping[str, int]) -> Floats:
    """Return what stands for the elements of a mean compound, ``[d_out]``.

    It is the mean encoding of the compounds AB of two different training elements (of the pure element, if there is
    one only), each element drawn as often as training rows hold it. The training rows themselves are not needed, so
    that a model file alone and its run folder give the same explanation.
    """
    import torch

    z = np.array([ATOMIC_NUMBER[symbol] for symbol in training_elements])
    count = np.array(list(training_elements.values()), float)
    i, j = np.triu_indices(len(z), 1)
    pairs, weight = np.stack([z[i], z[j]], axis=1), count[i] * count[j]
    if len(z) == 1:
        pairs, weight = z[:, None], count
    fraction = torch.full(pairs.shape, 1 / pairs.shape[1])
    with torch.no_grad():
        encodings = encoder(torch.as_tensor(pairs), fraction).double().numpy()
    mean: Floats = weight @ encodings / weight.sum()
    return mean


def _values(answer: Callable[[Tensor], Tensor], start: Floats, end: Floats, place: Floats) -> Floats:
    import torch

    with torch.no_grad():
        points = torch.as_tensor(start + place[:, None] * (end - start))
        return answer(points).numpy()


def _panels(
    answer: Callable[[Tensor], Tensor], start: Floats, end: Floats, left: Floats, right: Floats, n_nodes: int = NODES
) -> Floats:
    """Return the attributions of each panel of the path, ``[n_panels, k]``."""
    import torch

    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    found = [np.empty((0, len(start)))]
    for i in range(0, len(left), AT_ONCE // n_nodes):
        a, b = left[i : i + AT_ONCE // n_nodes], right[i : i + AT_ONCE // n_nodes]
        place = ((a + b) / 2)[:, None] + ((b - a) / 2)[:, None] * nodes
        points = torch.as_tensor(start + place.reshape(-1, 1) * (end - start)).requires_grad_()
        (gradient,) = torch.autograd.grad(answer(points).sum(), points)
        mean = np.einsum("pqk,q->pk", gradient.numpy().reshape(len(a), n_nodes, -1), weights / 2)
        found.append((b - a)[:, None] * mean * (end - start))
    return np.concatenate(found)


def _thresholds(text: str) -> tuple[Ints, Floats]:
    """Return the feature and the threshold of every split of all trees."""
    rows: dict[str, list[str]] = {"split_feature": [], "threshold": []}
    for line in text.splitlines():
        name, _, numbers = line.partition("=")
        if name in rows:
            rows[name] += numbers.split()
    return np.array(rows["split_feature"], np.int64), np.array(rows["threshold"], np.float64)
