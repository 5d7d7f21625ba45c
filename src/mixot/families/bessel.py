"""Ratios and logarithms of modified Bessel functions I_v, for every order and argument.

    A(x) = I_{v+1}(x) / I_v(x) = x / (x + w),
    w = 2v+2 - (2v+3) x / (2v+3 + 2x - (2v+5) x / (2v+4 + 2x - ...

Perron's continued fraction (Gautschi & Slavik 1978, Math. Comp. 32, 865-875) needs a few terms
only, for small and large x alike, and its value w gives both A and 1 - A to full precision; so does
its derivative, from e = w - x w'. Functions themselves are never formed: they leave the range of
floating point from order 100 on. Their logarithms come from the elementary or tabulated one of
lowest order by a product of ratios.
"""

import numpy as np
from scipy.special import exprel, i0e

from mixot.families.increments import bregman
from mixot.types import Array

# The slowest case, order 0 at x = 15, needs 54.
_TERMS = 80
_NEWTON_STEPS = 50


def ratio(order: float, x: Array) -> tuple[Array, Array, Array]:
    """Return A, 1 - A and A' at x >= 0, elementwise, for an order v >= -1/2."""
    w, e = _perron(order, x)
    return x / (x + w), w / (x + w), e / (x + w) ** 2


def inverse_ratio(order: float, value: Array, complement: Array) -> Array:
    """Return the x >= 0 with A(x) = value, elementwise; +inf where the complement is <= 0.

    value in [0, 1] and complement = 1 - value are both given, so that neither end loses digits.
    A / (1 - A) = x / w with w between v + 1/2 and 2v + 2: on logarithmic scales a line but for
    a slowly varying bend, which Newton follows from anywhere.
    """
    interior = (value > 0.0) & (complement > 0.0)
    odds = np.where(interior, value, 1.0) / np.where(interior, complement, 1.0)
    x = odds * (2.0 * order + 2.0)
    for _ in range(_NEWTON_STEPS):
        w, e = _perron(order, x)
        step = np.log(odds * w / x) * w / e
        x = x * np.exp(step)
        if not (np.abs(step) > 1e-15).any():
            break
    return np.where(interior, x, np.where(complement > 0.0, 0.0, np.inf))


def log_scaled(order: float, x: Array) -> Array:
    """Return log(Gamma(v+1) (2/x)^v I_v(x)) - x for x >= 0, elementwise; 0 at x = 0.

    2v must be a whole number >= 0: the product of ratios starts from order 0 or 1/2.
    """
    lowest = order % 1.0
    total = np.log(exprel(-2.0 * x)) if lowest else np.log(i0e(x))
    n_steps = round(order - lowest)
    w, _ = _perron(order, x)
    above = x / (x + w)
    for j in range(n_steps, 0, -1):
        # I_v / I_{v-1} = x / (2v + x A_v), in a form that loses nothing for small x.
        twice = 2.0 * (lowest + j)
        total = total - np.log1p(x * above / twice)
        above = x / (twice + x * above)
    return np.asarray(total)


def log_scaled_divergence(order: float, new: Array, old: Array) -> Array:
    """Return (new - old) A(new) - (G(new) - G(old)), G = log I_v(x) / x^v, so that G' = A."""
    near = np.abs(new - old) < np.maximum(0.5 * np.maximum(new, old), 0.5)
    complement = ratio(order, new)[1]
    plain = (old - new) * complement - log_scaled(order, new) + log_scaled(order, old)
    close = np.where(near, new, old)
    return np.where(near, bregman(lambda t: ratio(order, t)[2], close, old), plain)


def _perron(order: float, x: Array) -> tuple[Array, Array]:
    """Return w and e = w - x w', by backward recurrence."""
    w = np.zeros_like(x)
    e = np.zeros_like(x)
    for k in range(_TERMS, 0, -1):
        constant = 2.0 * order + k + 2.0
        denominator = constant + 2.0 * x - w
        w = (2.0 * order + 2.0 * k + 1.0) * x / denominator
        e = w * (1.0 - (constant - e) / denominator)
    first = 2.0 * order + 2.0
    return first - w, first - e
