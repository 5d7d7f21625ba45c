"""Sinkhorn's algorithm in the log-domain: the reference for the semi-duals' Newton method.

One sweep replaces the tilt t by T(t)_k = t_k + log b_k - log marginal(t)_k, its logarithm summed
without underflow. Near the solution the error shrinks by the second eigenvalue of
G = P' diag(1/a) P diag(1/b) a sweep (I3). With *over-relaxation* the step is multiplied by a factor
in [1, 2) [Thibault, Chizat, Dossal & Papadakis 2021]; with *Anderson mixing* the step combines the
last few residuals to the smallest one, and gives way to a plain step where it made things worse.

For a penalised marginal with ratio = tau / epsilon the step is shortened to ratio / (1 + ratio) of
the way from log b to T(t), as usual.
"""

import numpy as np

from mixot.transport.dense import Dense
from mixot.transport.newton import Maximum, Outer
from mixot.transport.unbalanced import relaxed_marginal
from mixot.types import Array

# An Anderson step that leaves more than so many times the error before it is undone.
_WORSE = 2.0


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
    log_target, log_weights = np.log(target), _log_weights(laid)
    at, sweeps = start, 0
    visited: list[Array] = []
    residuals: list[Array] = []
    best = np.inf
    while True:
        residual = _residual(laid, log_weights, log_target, at, ratio)
        sweeps += 1
        wanted = target if np.isinf(ratio) else relaxed_marginal(at, target, ratio)[1]
        with np.errstate(over="ignore"):
            error = float(np.abs(wanted * np.expm1(-residual * (1.0 + 1.0 / ratio))).sum())
        if error <= tol or sweeps >= max_iter - 1:
            break
        if visited and not error <= _WORSE * best:
            at, best = visited[-1] + residuals[-1], np.inf
            visited.clear()
            residuals.clear()
            continue
        best = min(best, error)
        if memory == 0:
            at = at + over_relaxation * residual
            continue
        visited.append(at)
        residuals.append(residual)
        del visited[: -memory - 1], residuals[: -memory - 1]
        at = _mixed(visited, residuals)
    if np.isfinite(ratio):
        at = at + ratio * relaxed_marginal(at, target, ratio)[0]
    columns = laid.oracle()(log_target + at, True)
    error = float(np.abs(wanted - columns.marginal).sum())
    outer = Outer(float(target @ at), wanted)
    return Maximum(at, columns, outer, error, sweeps + 1, error <= 10.0 * tol)


def _residual(
    laid: Dense, log_weights: list[Array], log_target: Array, potential: Array, ratio: float
) -> Array:
    """Return T(t) - t (K,)."""
    tilt = log_target + potential
    log_sums = np.full(tilt.size, -np.inf)
    for costs, log_weight in zip(laid.blocks, log_weights, strict=True):
        kernel = tilt[:, None] - costs
        top = np.maximum(kernel.max(axis=0), -1e300)
        log_normaliser = top + np.log(np.exp(kernel - top).sum(axis=0))
        kernel = log_weight - log_normaliser - costs
        highest = np.maximum(kernel.max(axis=1), -1e300)
        sums = np.exp(kernel - highest[:, None]).sum(axis=1)
        log_sums = np.logaddexp(log_sums, highest + np.log(np.maximum(sums, 1e-300)))
    share = ratio / (1.0 + ratio) if np.isfinite(ratio) else 1.0
    return np.asarray(-log_sums * share - potential)


def _mixed(visited: list[Array], residuals: list[Array]) -> Array:
    """Return the potential at which the combination of residuals that is smallest would end."""
    if len(visited) == 1:
        return visited[-1] + residuals[-1]
    changes = np.diff(np.array(residuals), axis=0).T
    moves = np.diff(np.array(visited), axis=0).T
    shares = np.linalg.lstsq(changes, residuals[-1], rcond=1e-10)[0]
    return np.asarray(visited[-1] + residuals[-1] - (moves + changes) @ shares)


def _log_weights(laid: Dense) -> list[Array]:
    with np.errstate(divide="ignore"):
        return [np.log(weights) for weights in laid.weights]
