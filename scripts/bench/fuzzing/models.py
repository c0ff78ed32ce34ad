"""Models."""

from functools import cache


@cache
def predictor(name):
    from formation_mlp import load

    return load(name)
