"""A loss with two valleys: two hidden units that share the two sides of the difference in electronegativity."""

from __future__ import annotations

from typing import Any

import compounds
import numpy as np
from scipy.optimize import minimize

from formation_mlp.typing import Floats


def valleys() -> dict[str, Any]:
    """Return the compounds of lesson 2 by d, the difference of their electronegativities, and the best network.

    p = s(v h1 + v h2 + c) with h1 = s(w1 d + t) and h2 = s(w2 d + t), where s is the sigmoid. What is best for w1 and
    w2 is as good for w2 and w1.
    """
    pairs = compounds.pairs()
    x, y = np.array(pairs["x"]), np.array(pairs["y"], float)
    d = np.round((x[:, 0] - x[:, 1]) / (x[:, 0] - x[:, 1]).std(), compounds.DIGITS)
    best = minimize(loss, [3.0, -3.0, -3.0, 8.0, -4.0], args=(d, y), tol=1e-12).x
    w1, w2, t, v, c = np.round(best, compounds.DIGITS).tolist()
    return {"d": d.tolist(), "y": pairs["y"], "t": t, "v": v, "c": c, "minima": [[w1, w2], [w2, w1]]}


def loss(parameters: Floats, d: Floats, y: Floats) -> float:
    """Return the mean cross-entropy."""
    w1, w2, t, v, c = parameters
    z = v / (1 + np.exp(-(w1 * d + t))) + v / (1 + np.exp(-(w2 * d + t))) + c
    return float(np.mean(np.logaddexp(0, z) - y * z))
