"""Functions of a small change, computed so that their leading digits survive.

Divergences of nearly equal parameters are second differences: written as differences of values
they are round-off. Here each is a function of the change itself, which floating point gets right
(the subtraction of neighbours is exact).
"""

from collections.abc import Callable

import numpy as np

from mixot.types import Array

# Below this |change| the series takes over; its first omitted term is then under 1e-17 relative.
_SMALL = 0.02
_ORDERS = np.arange(2.0, 12.0)
_SIGNS = np.where(_ORDERS % 2 == 0, 1.0, -1.0)
# Twelve Gauss points are exact to double precision for an analytic function on [a, 2a] whose
# singularities lie on the imaginary axis or left of it (Bernstein ellipse of sum 5.8).
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(12)


def entropy_term(change: Array) -> Array:
    """Return (1 + c) log(1 + c) - c >= 0 for c >= -1, elementwise; 1 at c = -1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = (1.0 + change) * np.log1p(change) - change
    series = change**2 * _polynomial(change, _SIGNS / (_ORDERS * (_ORDERS - 1.0)))
    return np.where(change == -1.0, 1.0, np.where(np.abs(change) < _SMALL, series, plain))


def log_loss(change: Array, ratio: Array) -> Array:
    """Return c - log r >= 0 for r = 1 + c > 0, elementwise; +inf at r = 0.

    Both arguments are given because neither determines the other to full precision: the change
    keeps its digits near 0, the ratio keeps them near -1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = change - np.where(np.abs(change) < 0.5, np.log1p(change), np.log(ratio))
    series = change**2 * _polynomial(change, _SIGNS / _ORDERS)
    return np.where(np.abs(change) < _SMALL, series, plain)


def relative_entropy(base: Array, difference: Array) -> Array:
    """Return q log(q / p) - q + p for p = base >= 0 and q = base + difference >= 0, elementwise.

    0 where both vanish, +inf where only the base does.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = base * entropy_term(difference / base)
    return np.where(base > 0.0, terms, np.where(difference == 0.0, 0.0, np.inf))


def bregman(curvature: Callable[[Array], Array], new: Array, old: Array) -> Array:
    """Return int_old^new (t - old) curvature(t) dt, elementwise, for new within [old/2, 2 old].

    This is G(old) - G(new) - G'(new) (old - new), the Bregman divergence of a G whose second
    derivative is the curvature: a positive integral in place of a difference of values.
    """
    span = new - old
    fractions = 0.5 * (1.0 + _NODES)
    values = curvature(old[..., None] + span[..., None] * fractions)
    return np.asarray(span**2 * (values @ (0.5 * _NODE_WEIGHTS * fractions)))


def _polynomial(change: Array, coefficients: Array) -> Array:
    # Outside the small range the value is not used; clipped, it cannot overflow.
    inside = np.clip(change, -_SMALL, _SMALL)
    return np.asarray(np.polynomial.polynomial.polyval(inside, coefficients))
