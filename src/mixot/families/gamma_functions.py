"""What log Gamma leaves when its large parts cancel, to full precision for every argument.

    L(a) = a log a - a - log Gamma(a)       concave, L'(a) = gap(a) > 0, -L''(a) = slope(a) > 0
    gap(a) = log a - digamma(a)             about 1/a near 0 and 1/(2a) for large a
    slope(a) = trigamma(a) - 1/a            about 1/a^2 near 0 and 1/(2a^2) for large a

From 16 on the asymptotic series of each (DLMF 5.11) is exact to double precision; below, the
differences lose at most two digits. The maximum-likelihood shape of a gamma law, and the degrees
of freedom of Student's t, solve gap(a) = s.
"""

import numpy as np
from scipy.special import digamma, gammaln, zeta

from mixot.families.increments import bregman, entropy_term
from mixot.types import Array

_LARGE = 16.0
# Bernoulli numbers B_2, B_4, ... B_14.
_BERNOULLI: Array = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6])
_EVEN: Array = np.arange(2.0, 2.0 * _BERNOULLI.size + 1.0, 2.0)
_ONES: Array = np.ones(_BERNOULLI.size)
_NEWTON_STEPS = 50
# Beyond these the squares of solutions leave the range of floating point.
_GAPS = (1e-100, 1e100)


def stirling(a: Array) -> Array:
    """Return L(a) = a log a - a - log Gamma(a) for a > 0, elementwise."""
    small, large = _split(a)
    plain = small * np.log(small) - small - gammaln(small)
    series = 0.5 * np.log(large / (2.0 * np.pi)) - _series(large, _EVEN * (_EVEN - 1.0)) / large
    return np.where(a < _LARGE, plain, series)


def gap(a: Array) -> Array:
    """Return log a - digamma(a) for a > 0, elementwise."""
    small, large = _split(a)
    series = (0.5 + _series(large, _EVEN) / large) / large
    return np.where(a < _LARGE, np.log(small) - digamma(small), series)


def slope(a: Array) -> Array:
    """Return trigamma(a) - 1/a, minus the derivative of the gap, for a > 0, elementwise."""
    small, large = _split(a)
    series = (0.5 + _series(large, _ONES) / large) / large**2
    return np.where(a < _LARGE, zeta(2.0, small) - 1.0 / small, series)


def inverse_gap(s: Array) -> Array:
    """Return the a > 0 with gap(a) = s for s > 0, elementwise; +inf for s <= 0.

    Newton on the logarithms of both sides, between which the relation is nearly linear, so that
    it converges from the middle of 1/(2s) < a < 1/s; solutions end at 1e-100 and 1e100.
    """
    positive = s > 0.0
    target = np.clip(np.where(positive, s, 1.0), *_GAPS)
    a = 0.7 / target
    for _ in range(_NEWTON_STEPS):
        value = gap(a)
        # log(value / target) / (d log gap / d log a)
        step = np.log(value / target) * value / (a * slope(a))
        a = a * np.exp(step)
        if not (np.abs(step) > 1e-15).any():
            break
    return np.where(positive, a, np.inf)


def log_ratio(a: Array, b: float) -> Array:
    """Return log Gamma(a + b) - log Gamma(a) - b log a, which vanishes for large a."""
    return np.asarray(a * entropy_term(b / a) + stirling(a) - stirling(a + b))


def shape_divergence(new: Array, old: Array) -> Array:
    """Return L(new) - L(old) - (new - old) L'(new), the KL of gamma laws of equal means."""
    with np.errstate(invalid="ignore"):
        near = (new < 2.0 * old) & (old < 2.0 * new)
    close = np.where(near, new, old)
    plain = stirling(new) - stirling(old) - (new - old) * gap(new)
    return np.where(near, bregman(slope, close, old), plain)


def _split(a: Array) -> tuple[Array, Array]:
    return np.minimum(a, _LARGE), np.maximum(a, _LARGE)


def _series(a: Array, divisors: Array) -> Array:
    """Return sum_j B_2j / divisor_j a^(2 - 2j), without its common power of a."""
    return np.asarray(np.polynomial.polynomial.polyval(a**-2.0, _BERNOULLI / divisors))
