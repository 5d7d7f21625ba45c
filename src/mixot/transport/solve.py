"""Entropic transport between n samples and K components, from a cost matrix in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mixot.engines.threads import one_blas_thread
from mixot.errors import InputError
from mixot.transport import free, problem
from mixot.transport.blocks import Offsets, block_rows
from mixot.transport.dense import dense, dense_oracle
from mixot.transport.free import FreeWeights
from mixot.transport.problem import Problem
from mixot.transport.request import Relaxation, checked, simplex
from mixot.transport.result import RowBlock, Solution, TransportResult, linear_cost
from mixot.transport.sinkhorn import sinkhorn
from mixot.types import Array, Mask

Method = Literal["auto", "newton", "sinkhorn"]

_SWEEPS = {"newton": 1000, "sinkhorn": 20_000}


def solve(
    cost: Array,
    a: Array | None = None,
    b: Array | None = None,
    epsilon: float = 1.0,
    *,
    relaxation: Relaxation = "balanced",
    method: Method = "auto",
    tol: float = 1e-12,
    max_iter: int | None = None,
    g_init: Array | None = None,
    tau: float | None = None,
    n_threads: int | None = 1,
) -> TransportResult:
    """Minimise <C, P> + epsilon KL(P | a x b) over the plans with row sums a.

    cost: (n, K), +inf forbids a pair; a: (n,), b: (K,) on the simplex, uniform by default.
    relaxation: "balanced" also fixes the column sums to b, "unbalanced" adds tau KL(P'1 | b) for
    them instead. method: Newton's on the semi-dual ("auto" too) or, as a reference, Sinkhorn's;
    max_iter: the most passes over the costs, 1000 and 20,000 by default. g_init: (K,) a potential
    to begin with, such as that of a similar problem. n_threads: of a sweep, None for one a core; no
    bit of the result depends on it.

    Converged means that the certificate holds: a duality gap of at most tol times the size of the
    value's terms, and a marginal error of at most tol, or of what the rounding of C / epsilon
    leaves. Raises InputError for a request that makes no sense; everything else is a status.
    """
    cost = np.asarray(cost, dtype=np.float64)
    if cost.ndim != 2 or 0 in cost.shape:
        raise InputError("cost must be an (n, K) array without NaN or -inf")
    if method not in get_args(Method):
        raise InputError(f"method must be auto, newton or sinkhorn, got {method!r}")
    name = "sinkhorn" if method == "sinkhorn" else "newton"
    cap = _SWEEPS[name] if max_iter is None else max_iter
    request = checked(b, cost.shape[1], epsilon, relaxation, tau, tol, cap, g_init)
    a = simplex(a, cost.shape[0], "a")
    if n_threads is not None and n_threads < 1:
        raise InputError(f"n_threads must be at least 1, or None, got {n_threads}")
    tilted = request.tau == np.inf
    # Products of blocks and factors of K x K matrices are small: more threads only wait there.
    with one_blas_thread():
        laid = dense(cost, a, request.epsilon, request.kept, tilted=tilted, n_threads=n_threads)
        posed = Problem(laid, request)
        blocked, looks = problem.impossible(posed)
        if blocked is not None:
            found = problem.nowhere(posed)
        elif name == "sinkhorn" and request.tau != 0.0:
            start = posed.start()
            begin = np.zeros(posed.b.size) if start is None else start
            found = sinkhorn(laid, posed.b, begin, tol=0.1 * tol, max_iter=cap, ratio=posed.ratio())
        else:
            found = problem.newton(posed)
        return problem.result(posed, found, Matrix(cost, a, laid.offsets), looks, blocked)


def minimise_over_weights(
    cost: Array, a: Array, start: Array, epsilon: float = 1.0, *, tol: float = 1e-10
) -> FreeWeights:
    """Minimise the balanced value OT(a, pi; cost) over pi from the weights `start` (K,)."""
    return free.minimise(dense_oracle(cost, a, epsilon), start, epsilon, tol=tol)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A cost matrix (n, K) with the rows' marginal (n,), to which results come back."""

    cost: Array
    sample_weight: Array
    offsets: Offsets

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.cost.shape[0]

    def blocks(self, kept: Mask) -> Iterator[RowBlock]:
        """Go through the rows, with the costs as the solver saw them."""
        offsets = self.offsets
        for rows in block_rows(self.n_samples, int(kept.sum())):
            costs = offsets.block(self.cost, rows)
            yield RowBlock(
                rows, offsets.rows[rows], offsets.columns, costs, self.sample_weight[rows]
            )

    def column(self, k: int) -> Array:
        """Return the costs (n,) of one column."""
        return self.cost[:, k]

    def linear(self, solution: Solution) -> float:
        """Return <C, P>."""
        return linear_cost(self, solution)
