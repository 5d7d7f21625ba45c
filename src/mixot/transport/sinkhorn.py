"""Sinkhorn's algorithm in the log-domain: the reference for the semi-duals' Newton method.

One sweep gives the rows their potentials for those of the columns, u_i = -log sum_k exp(t_k - c_ik)
with t = log b + x, and then the columns theirs, x_k = -log sum_i a_i exp(u_i - c_ik), all sums by
their logarithms. Near the solution the error shrinks by the second eigenvalue of
G = P' diag(1/a) P diag(1/b) a sweep (I3). With *over-relaxation* every potential moves a factor
in [1, 2) of the way [Thibault, Chizat, Dossal & Papadakis 2021]; with *Anderson mixing* the step
combines the last few residuals to the smallest one, and gives way to a plain step where it made
things worse. For a penalised marginal with ratio = tau / epsilon the columns go ratio / (1 + ratio)
of the way from x = 0.
"""

import numpy as np

from mixot.transport.dense import Dense
from mixot.transport.newton import Maximum, Outer
from mixot.transport.unbalanced import relaxed_marginal
from mixot.types import Array

# An Anderson step that leaves more than so many times the error before it is undone.
_WORSE = 2.0
# Stands for infinity where forbidden pairs leave a sum empty.
_FAR = 1e300


def sinkhorn(
    laid: Dense,
    target: Array,
    start: Array,
    *,
    tol: float,
    max_iter: int,
    ratio: float = np.inf,
    over_relaxation: float = 1.0,
    memory: int = 0,
) -> Maximum:
    """Iterate from g / epsilon = `start` (K,) to the positive target b (K,).

    over_relaxation: the factor of the step; memory: how many residuals Anderson mixing combines, 0
    for none. Ends when the L1 error is at most tol, or after max_iter sweeps.
    """
    half = _HalfSteps(laid, np.log(target), ratio, over_relaxation)
    at, sweeps, best = start, 0, np.inf
    visited: list[Array] = []
    residuals: list[Array] = []
    while True:
        image, row_error = half.image(at)
        residual = image - at
        sweeps += 1
        wanted = target if np.isinf(ratio) else relaxed_marginal(at, target, ratio)[1]
        with np.errstate(over="ignore"):
            error = float(np.abs(wanted * np.expm1(-residual * (1.0 + 1.0 / ratio))).sum())
        error += row_error
        if error <= tol or sweeps >= max_iter - 1:
            break
        if memory == 0:
            at = at + over_relaxation * residual
            continue
        if visited and not error <= _WORSE * best:
            at, best = visited[-1] + residuals[-1], np.inf
            visited.clear()
            residuals.clear()
            continue
        best = min(best, error)
        visited.append(at)
        residuals.append(residual)
        del visited[: -memory - 1], residuals[: -memory - 1]
        at = _mixed(visited, residuals)
    if np.isfinite(ratio):
        at = at + ratio * relaxed_marginal(at, target, ratio)[0]
    columns = laid.oracle()(np.log(target) + at, True)
    error = float(np.abs(wanted - columns.marginal).sum())
    outer = Outer(float(target @ at), wanted)
    return Maximum(at, columns, outer, error, sweeps + 1, error <= 10.0 * tol)


class _HalfSteps:
    """The two half-steps of a sweep; rows keep their potentials for over-relaxation."""

    def __init__(self, laid: Dense, log_target: Array, ratio: float, factor: float) -> None:
        self._laid, self._log_target, self._factor = laid, log_target, factor
        self._share = ratio / (1.0 + ratio) if np.isfinite(ratio) else 1.0
        with np.errstate(divide="ignore"):
            self._log_weights = [np.log(weights) for weights in laid.weights]
        self._rows: list[Array | None] = [None] * len(laid.blocks)

    def image(self, potential: Array) -> tuple[Array, float]:
        """Return the columns' new potentials (K,) and the L1 error of the rows."""
        tilt, error = self._log_target + potential, 0.0
        log_sums = np.full(tilt.size, -np.inf)
        for number, costs in enumerate(self._laid.blocks):
            kernel = tilt[:, None] - costs
            top = np.maximum(kernel.max(axis=0), -_FAR)
            rows = -top - np.log(np.exp(kernel - top).sum(axis=0))
            before = self._rows[number]
            if self._factor != 1.0 and before is not None:
                rows = before + self._factor * (rows - before)
                with np.errstate(over="ignore"):
                    left = np.abs(np.expm1((before - rows) / self._factor))
                error += float(self._laid.weights[number] @ left)
            self._rows[number] = rows
            kernel = self._log_weights[number] + rows - costs
            highest = np.maximum(kernel.max(axis=1), -_FAR)
            sums = np.exp(kernel - highest[:, None]).sum(axis=1)
            log_sums = np.logaddexp(log_sums, highest + np.log(np.maximum(sums, 1.0 / _FAR)))
        return -log_sums * self._share, error


def _mixed(visited: list[Array], residuals: list[Array]) -> Array:
    """Return the potential at which the combination of residuals that is smallest would end."""
    if len(visited) == 1:
        return visited[-1] + residuals[-1]
    changes = np.diff(np.array(residuals), axis=0).T
    moves = np.diff(np.array(visited), axis=0).T
    shares = np.linalg.lstsq(changes, residuals[-1], rcond=1e-10)[0]
    return np.asarray(visited[-1] + residuals[-1] - (moves + changes) @ shares)
