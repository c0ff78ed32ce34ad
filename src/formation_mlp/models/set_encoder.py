"""Elements of a composition as a set: learned vectors that see each other, and one pooled vector per material."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WAVES = 6
"""Sines and cosines of pi f, 2 pi f, ... 32 pi f that describe an atomic fraction f to the encoder."""

SMALLEST = 1e-4
"""Fractions below this count as this where their logarithm is taken."""

Groups = Sequence[tuple[int, int]]
"""Number of rows, and number of elements of each of them; rows lie in this order."""


class SetEncoder(nn.Module):
    """Encode compositions, the same for any order of their elements (deep sets, Zaheer et al. 2017).

    Each element starts as a learned vector plus a linear map of its tabulated properties plus one of its
    atomic fraction w. Every layer adds W2 act(W1 norm(h_i) + c), where the context c = sum_j w_j V norm(h_j)
    tells an element what else is there. A composition is the concatenation of a mean weighted by soft attention,
    whose logits start at log w (as in Roost, Goodall and Lee 2020), two fraction-weighted means, of a linear map
    of the vectors and of the vectors themselves, and the maximum of what the attention averages.

    Rows are sorted by their number of elements and laid end to end, so that nothing is padded.

    **Shape**: input ``z [n, k]`` (atomic numbers, 0 where a row has fewer elements) and ``fraction [n, k]``;
    output ``[n, d_out]`` with ``d_out = 4 d``.

    Parameters
    ----------
    properties
        Standardised element properties by atomic number, ``[n_elements + 1, p]``; row 0 is not used.
    d
        Width of an element's vector.
    layers
        Number of layers.
    heads
        Number of attention weights per element in the pooling; must divide ``d``.
    act
        Builds the non-linearity.
    dropout
        Share of hidden units switched off in training.
    """

    properties: Tensor

    def __init__(
        self, properties: Tensor, d: int, layers: int, heads: int, act: Callable[[], nn.Module], dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.d_out, self.heads = 4 * d, heads
        self.vectors = nn.Embedding(len(properties), d)
        nn.init.normal_(self.vectors.weight, std=0.3)
        self.register_buffer("properties", properties)
        self.from_properties = nn.Linear(properties.shape[1], d)
        self.from_fraction = nn.Linear(2 * WAVES + 2, d)
        self.layers = nn.ModuleList(SetLayer(d, act, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(d)
        self.value = nn.Linear(d, 2 * d)
        self.logit = nn.Linear(d, heads)
        self.slope = nn.Parameter(torch.ones(heads))

    def forward(self, z: Tensor, fraction: Tensor) -> Tensor:
        """Return one vector per composition, ``[n, d_out]``."""
        counts = (z > 0).sum(dim=1)
        order = counts.argsort(stable=True)
        z, fraction = z.index_select(0, order), fraction.index_select(0, order)
        sizes = torch.bincount(counts).tolist()
        groups = [(n, k) for k, n in enumerate(sizes) if n and k]
        w = fraction[z > 0][:, None]
        table = self.vectors.weight + self.from_properties(self.properties)
        h = F.embedding(z[z > 0], table.float()) + self.from_fraction(_waves(w))
        for layer in self.layers:
            h = layer(h, w, groups)
        pooled = self._pool(self.norm(h), w, groups)
        return torch.zeros_like(pooled).index_copy(0, order, pooled)

    def _pool(self, h: Tensor, w: Tensor, groups: Groups) -> Tensor:
        attended, averaged = self.value(h).chunk(2, dim=1)
        logits = self.logit(h).float() + self.slope * w.clamp_min(SMALLEST).log()
        parts = []
        start = 0
        for n, k in groups:
            rows = slice(start, start := start + n * k)
            weight = logits[rows].view(n, k, self.heads, 1).softmax(dim=1).to(attended.dtype)
            value = attended[rows].view(n, k, self.heads, -1)
            means = torch.cat([averaged[rows], h[rows]], dim=1) * w[rows].to(averaged.dtype)
            parts.append(
                torch.cat(
                    [
                        (weight * value).sum(dim=1).flatten(1),
                        means.view(n, k, -1).sum(dim=1),
                        value.flatten(2).amax(dim=1),
                    ],
                    dim=1,
                )
            )
        return torch.cat(parts)


class SetLayer(nn.Module):
    """h_i + W2 act(W1 norm(h_i) + sum_j w_j V norm(h_j)), starting as the identity. **Shape**: ``[m, d]``."""

    def __init__(self, d: int, act: Callable[[], nn.Module], dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.own = nn.Linear(d, 2 * d)
        self.context = nn.Linear(d, 2 * d, bias=False)
        self.act, self.drop = act(), nn.Dropout(dropout)
        self.out = nn.Linear(2 * d, d)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, h: Tensor, w: Tensor, groups: Groups) -> Tensor:
        """Return the vectors of all elements after one exchange."""
        x = self.norm(h)
        own = self.own(x)
        context = self.context(_weighted_means(x, w, groups))
        branch: Tensor = self.out(self.drop(self.act(own + _to_elements(context, groups))))
        return h + branch


def _weighted_means(x: Tensor, w: Tensor, groups: Groups) -> Tensor:
    """Return sum_j w_j x_j of each row, ``[m, d] -> [n, d]``."""
    weighted = x * w.to(x.dtype)
    parts = weighted.split([n * k for n, k in groups])
    return torch.cat([part.view(n, k, -1).sum(dim=1) for part, (n, k) in zip(parts, groups, strict=True)])


def _to_elements(rows: Tensor, groups: Groups) -> Tensor:
    """Repeat each row for each of its elements, ``[n, d] -> [m, d]``."""
    parts = rows.split([n for n, _ in groups])
    return torch.cat(
        [part[:, None].expand(-1, k, -1).flatten(0, 1) for part, (_, k) in zip(parts, groups, strict=True)]
    )


def _waves(w: Tensor) -> Tensor:
    """Describe a fraction by waves, itself and its logarithm, ``[m, 1] -> [m, 2 WAVES + 2]``."""
    angles = w * (math.pi * 2.0 ** torch.arange(WAVES, device=w.device))
    return torch.cat([angles.sin(), angles.cos(), w, w.clamp_min(SMALLEST).log()], dim=1)
