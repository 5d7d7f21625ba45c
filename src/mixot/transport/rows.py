"""Row rules: how one observation spreads its mass, given its log-kernel.

The log-kernel is s_ik = log pi_k + (g_k - C_ik) / epsilon. A rule returns the log-normaliser
l_i, which is minus the row potential, -f_i / epsilon, and the responsibilities r_ik (rows sum to
1). `soft` is the closed form of the E-step; `root` finds the same row by solving the dual
equation; `hard` is the limit epsilon -> 0.
"""

from collections.abc import Callable

import numpy as np

from mixot.types import Array

RowRule = Callable[[Array], tuple[Array, Array]]

_MAX_NEWTON = 100


def soft(log_kernel: Array) -> tuple[Array, Array]:
    """Return log sum_k exp(s_ik) and the softmax of each row.

    A row that no component can explain (all -inf) has log-normaliser -inf and no mass.
    """
    top = log_kernel.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    rows = np.exp(log_kernel - shift[:, None])
    total = rows.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_normaliser = shift + np.log(total)
    rows /= np.where(total > 0.0, total, 1.0)[:, None]
    return log_normaliser, rows


def root(log_kernel: Array) -> tuple[Array, Array]:
    """Solve sum_k exp(s_ik + u_i) = 1 for u_i by Newton's method, row by row.

    The left side is convex and increasing in u and at least 1 at u = -max_k s_ik, so that the
    iteration from there descends to the root without safeguards. Statement N1.
    """
    top = log_kernel.max(axis=1)
    reachable = np.isfinite(top)
    potential = np.where(reachable, -top, 0.0)
    rows = np.exp(log_kernel + potential[:, None])
    for _ in range(_MAX_NEWTON):
        total = rows.sum(axis=1)
        excess = np.where(reachable, total - 1.0, 0.0)
        if np.max(np.abs(excess), initial=0.0) <= 4.0 * np.finfo(float).eps:
            break
        potential = potential - excess / np.where(reachable, total, 1.0)
        rows = np.exp(log_kernel + potential[:, None])
    return np.where(reachable, -potential, -np.inf), rows


def hard(log_kernel: Array) -> tuple[Array, Array]:
    """Give each row to its best component, the first one in a tie."""
    best = log_kernel.argmax(axis=1)
    rows = np.zeros_like(log_kernel)
    index = np.arange(log_kernel.shape[0])
    top = log_kernel[index, best]
    rows[index, best] = np.where(np.isfinite(top), 1.0, 0.0)
    return top, rows
