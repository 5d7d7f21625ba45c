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

from mixot.types import Array

# Up to so many components the product of a matrix with its own transpose is no faster for it.
FEW = 32


@dataclass(frozen=True, slots=True)
class Columns:
    """Sums over the rows at one tilt: float, (K,), and (K, K) if it was asked for."""

    value: float
    marginal: Array
    hessian: Array | None = None

    def shifted(self, constant: float) -> "Columns":
        """Return the sums where every tilt is larger by a constant."""
        return Columns(self.value + constant, self.marginal, self.hessian)

    def __add__(self, other: "Columns") -> "Columns":
        """Join the sums over two sets of rows."""
        second = None
        if self.hessian is not None and other.hessian is not None:
            second = self.hessian + other.hessian
        return Columns(self.value + other.value, self.marginal + other.marginal, second)


# Called as oracle(tilt, hessian?), one sweep over the rows each time.
Oracle = Callable[[Array, bool], Columns]


def shared(rows: Array, scale: Array, buffer: Array) -> Array:
    """Return sum_i scale_i^2 r_i r_i' for rows (K, m); the buffer is of the same shape."""
    if rows.shape[0] > FEW:
        np.multiply(rows, scale, out=buffer)
        return np.asarray(buffer @ buffer.T)
    np.multiply(rows, scale * scale, out=buffer)
    return np.asarray(buffer @ rows.T)


def laplacian(second: Array) -> Array:
    """Return the Hessian from the sums of r_i r_i' (K, K), which are overwritten.

    Its rows sum to zero, so that the diagonal is minus the sum of the others; that does not cancel
    where every sample belongs to one component, as marginal minus square would.
    """
    np.fill_diagonal(second, 0.0)
    degree = second.sum(axis=1)
    np.negative(second, out=second)
    np.fill_diagonal(second, degree)
    return second
