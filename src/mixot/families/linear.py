"""The linear form of an exponential family: log-densities of a block as one matrix product.

    log p_k(x) = <phi(x), c_k> + h(x)

with features phi (1, then the sufficient statistics) of the data in a *frame*, an affine map that
centres and scales the sample once, so that the quadratic forms do not cancel. The statistics of a
plan are one product back, sum_i P_ik phi(x_i). The base term h is the same for all components: it
moves the value and nothing else, and only its weighted mean is ever needed.

Where a component is so narrow in the frame that the form would cost digits, `coefficients` says so
and the sweep evaluates that component by its density instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mixot.types import Array, Mask, Parameters


@dataclass(frozen=True, slots=True)
class Moments:
    """What a form needs to know of the whole sample in its frame, gathered run by run.

    sums: (q,) weighted sums, additive; radius: the largest |z|^2.
    """

    sums: Array
    radius: float

    def __add__(self, other: "Moments") -> "Moments":
        """Join the moments of two parts of a sample."""
        return Moments(self.sums + other.sums, float(np.maximum(self.radius, other.radius)))


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One mixture in a linear form.

    values: (K, p); base: the sample's weighted mean of h; accurate: (K,) for which components the
    form keeps its digits; peak: (K,) upper bounds of <phi, c_k>, or None if there is no bound.
    """

    values: Array
    base: float
    accurate: Mask
    peak: Array | None = None


Writer = Callable[[Array], None]


class LinearForm(Protocol):
    """Features and coefficients of one family in one frame."""

    @property
    def n_features(self) -> int:
        """Number p of features."""

    @property
    def n_rows(self) -> int:
        """Rows of the buffer that `writer` asks for: the features, then scratch."""

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to frame coordinates (d', m), contiguous."""

    def writer(self, out: Array) -> Writer:
        """Return a function that writes the features of framed points (d', m) into `out`.

        out: (n_rows, m), the features in its first n_features rows. The function is called for one
        block after the other on the same buffer.
        """

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the moments of some rows, framed (d', m) with weights (m,)."""

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients of log p_k."""

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Turn plan-weighted feature sums (K, p) into the family's statistics at `parameters`."""
