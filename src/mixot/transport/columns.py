"""The column side of a plan: what its K marginals and the semi-dual need from the n rows.

For a tilt t_k = log pi_k + g_k / epsilon and rows r_i = softmax_k(t_k - C_ik / epsilon),

    value(t)    = sum_i a_i log sum_k exp(t_k - C_ik / epsilon)
    marginal(t) = sum_i a_i r_i            (its gradient)
    hessian(t)  = diag(marginal) - sum_i a_i r_i r_i'

The balanced semi-dual at a fixed target b is epsilon (<b, t - log b> - value(t)). These sums are
all that the solvers see, so that they do not know whether the costs lie in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixot.transport.rows import soft
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Columns:
    """Sums over the rows at one tilt: float, (K,), and (K, K) if it was asked for."""

    value: float
    marginal: Array
    hessian: Array | None = None


# Called as oracle(tilt, hessian?), one sweep over the rows each time.
Oracle = Callable[[Array, bool], Columns]


def row_sums(log_kernel: Array, sample_weight: Array, hessian: bool) -> Columns:
    """Return the sums over one block of rows; log_kernel is (K, m) and may be overwritten."""
    log_normaliser, rows = soft(log_kernel)
    marginal = rows @ sample_weight
    second = None
    if hessian:
        second = np.diag(marginal) - (rows * sample_weight) @ rows.T
    return Columns(float(sample_weight @ log_normaliser), marginal, second)


def dense_oracle(cost: Array, sample_weight: Array, epsilon: float) -> Oracle:
    """Build the oracle of a cost matrix in memory."""
    scaled = np.ascontiguousarray(cost.T) / -epsilon

    def oracle(tilt: Array, hessian: bool) -> Columns:
        return row_sums(scaled + tilt[:, None], sample_weight, hessian)

    return oracle
