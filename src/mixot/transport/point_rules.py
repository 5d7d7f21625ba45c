"""Row rules whose sums are what a solver wants to know of rows that only an engine sees.

An engine weighs and adds up two things of every row (`mixot.engines.rules`): a number, which is
meant to be the log-normaliser, and shares (K, m), which are meant to be responsibilities. These
rules return other numbers and shares. They are given the log-kernel -C / epsilon (K, m) without a
tilt and bring their own, so that nothing small is added to something large before it must be. They
are values, because engines send them to other processes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from mixot.engines.rules import soft
from mixot.transport.shares import SMALL
from mixot.types import Array

# Ranges are cut here, so that their sums are finite.
_FAR = 1e290


def survey(log_kernel: Array) -> tuple[Array, Array]:
    """Return the rows' ranges (m,) and which components cannot explain them (K, m).

    A density that is infinite or not a number makes the range NaN.
    """
    nothing = np.isneginf(log_kernel)
    top = log_kernel.max(axis=0)
    with np.errstate(invalid="ignore"):
        ranges = np.minimum(top - np.where(nothing, np.inf, log_kernel).min(axis=0), _FAR)
    return np.where(nothing.all(axis=0), 0.0, ranges), nothing.astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """Log-normalisers and shares at log b = base, g / epsilon = potential, with all digits.

    Where all exponents are small the logarithm is that of one plus a small sum.
    """

    base: Array
    potential: Array

    def __call__(self, log_kernel: Array) -> tuple[Array, Array]:
        """Return log-normalisers (m,) and responsibilities (K, m)."""
        log_kernel += self.potential[:, None]
        if not float(np.abs(log_kernel).max()) < SMALL:
            log_kernel += self.base[:, None]
            return soft(log_kernel)
        b = np.exp(self.base)[:, None]
        change = b * np.expm1(log_kernel)
        total = change.sum(axis=0)
        return np.log1p(total), (b + change) / (1.0 + total)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """The costs that the rows' shares come to, over the temperature."""

    base: Array
    potential: Array

    def __call__(self, log_kernel: Array) -> tuple[Array, Array]:
        """Return sum_k r_k C_k / epsilon (m,) and responsibilities (K, m)."""
        rows = Normalised(self.base, self.potential)(log_kernel.copy())[1]
        return _cost(rows, log_kernel), rows


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The objective, over the temperature, of shares rounded to fit a column marginal.

    keep: (K,) what is left of the columns' shares; spread: (K,) where the rest goes.
    """

    base: Array
    potential: Array
    keep: Array
    spread: Array

    def __call__(self, log_kernel: Array) -> tuple[Array, Array]:
        """Return sum_k q_k (C_k / epsilon + log(q_k / b_k)) (m,) and the shares q (K, m)."""
        rows = Normalised(self.base, self.potential)(log_kernel.copy())[1] * self.keep[:, None]
        rows += np.maximum(1.0 - rows.sum(axis=0), 0.0) * self.spread[:, None]
        divergence = (xlogy(rows, rows) - rows * self.base[:, None]).sum(axis=0)
        return _cost(rows, log_kernel) + divergence, rows


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Log-normalisers and shares at a tilt (K,) if allowed pairs cost nothing."""

    tilt: Array

    def __call__(self, log_kernel: Array) -> tuple[Array, Array]:
        """Return log-normalisers (m,) and responsibilities (K, m)."""
        return soft(np.where(np.isneginf(log_kernel), -np.inf, self.tilt[:, None]))


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """Rows give all to the first component, in an order (K,), that can explain them."""

    order: NDArray[np.intp]

    def __call__(self, log_kernel: Array) -> tuple[Array, Array]:
        """Return zeros (m,) and shares (K, m), none where no component explains a row."""
        allowed = ~np.isneginf(log_kernel[self.order])
        first = self.order[allowed.argmax(axis=0)]
        rows = np.zeros_like(log_kernel)
        rows[first, np.arange(first.size)] = allowed.any(axis=0)
        return np.zeros(first.size), rows


def _cost(rows: Array, log_kernel: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where(rows > 0.0, -rows * log_kernel, 0.0).sum(axis=0)
