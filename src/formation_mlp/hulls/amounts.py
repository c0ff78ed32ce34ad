"""The products of a decomposition as chemists write them: 1/12 Li7Fe5O12 in place of 0.0833333 Li7Fe5O12."""

from __future__ import annotations

LARGEST_DENOMINATOR = 24
"""Of fractions; what is none of these is written with three digits. The page of the service does the same."""


def with_fractions(products: str) -> str:
    """Return the text of `formation_mlp.hulls.stability.product_texts` for a reader, with simple fractions.

    Examples
    --------
    >>> with_fractions("0.0833333 Li7Fe5O12 + 1 Fe2O3 + 1.5 O + 0.0465116 Fe43O64")
    '1/12 Li7Fe5O12 + Fe2O3 + 3/2 O + 0.0465 Fe43O64'
    """
    return " + ".join(map(_with_fraction, products.split(" + ")))


def _with_fraction(product: str) -> str:
    number, _, name = product.partition(" ")
    try:
        value = float(number)
    except ValueError:
        return product
    for denominator in range(1, LARGEST_DENOMINATOR + 1):
        numerator = round(value * denominator)
        if numerator > 0 and abs(numerator / denominator - value) < 2e-6 * value:
            amount = str(numerator) if denominator == 1 else f"{numerator}/{denominator}"
            return name if amount == "1" else f"{amount} {name}"
    return f"{value:.3g} {name}"
