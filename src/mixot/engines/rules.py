"""Row rules: how one observation spreads its mass, given its log-kernel.

The log-kernel is s_ki = log pi_k + (g_k - C_ik) / epsilon, stored (K, m) with the components along
the first axis: there are few of them, so that sums over them run along the samples. A rule returns
the log-normaliser l_i (m,), which is minus the row potential, -f_i / epsilon, and the
responsibilities (K, m), which sum to 1 over the components. `soft` is the closed form of the
E-step; `root` finds the same by solving the dual equation; `hard` is the limit epsilon -> 0. Rules
may overwrite their argument.
"""

from collections.abc import Callable

import numpy as np

from mixot.types import Array

RowRule = Callable[[Array], tuple[Array, Array]]

_MAX_NEWTON = 100
# Beside a sum of order one this power of e is nothing.
_LOWEST = -640.0
_LEAST = float(np.exp(np.full(8, _LOWEST))[0])


def exponentials(log_kernel: Array) -> Array:
    """Exponentiate in place; what is below e^-640 becomes an exact zero.

    Exponentials that underflow take four times as long, and the numbers next to the smallest normal
    one that they leave make products slow: two thirds of a pass over well separated clusters.
    """
    if log_kernel.size == 0 or log_kernel.min() >= _LOWEST:
        return np.exp(log_kernel, out=log_kernel)
    faint = log_kernel < _LOWEST
    np.maximum(log_kernel, _LOWEST, out=log_kernel)
    np.exp(log_kernel, out=log_kernel)
    np.copyto(log_kernel, 0.0, where=faint)
    return log_kernel


def nearly_exponentials(log_kernel: Array) -> Array:
    """Exponentiate in place like `exponentials`, for sums: its zeros are within e^-676 of zero.

    Three passes where underflow threatens instead of five, one of them over truth values.
    """
    if log_kernel.size == 0 or log_kernel.min() >= _LOWEST:
        return np.exp(log_kernel, out=log_kernel)
    np.maximum(log_kernel, _LOWEST, out=log_kernel)
    np.exp(log_kernel, out=log_kernel)
    return np.subtract(log_kernel, _LEAST, out=log_kernel)


def soft(log_kernel: Array) -> tuple[Array, Array]:
    """Return log sum_k exp(s_ki) and the softmax over the components.

    An observation that no component can explain (all -inf) has log-normaliser -inf and no mass.
    """
    top = log_kernel.max(axis=0)
    finite = np.isfinite(top)
    explained = bool(finite.all())
    if not explained:
        top = np.where(finite, top, 0.0)
    log_kernel -= top
    rows = exponentials(log_kernel)
    total = rows.sum(axis=0)
    if explained:
        rows /= total
        return top + np.log(total), rows
    rows /= np.where(total > 0.0, total, 1.0)
    with np.errstate(divide="ignore"):
        return top + np.log(total), rows


def root(log_kernel: Array) -> tuple[Array, Array]:
    """Solve sum_k exp(s_ki - max_k s_ki + u_i) = 1 for u_i by Newton's method, for every row.

    The left side is convex and increasing in u and at least 1 at u = 0, so that the iteration from
    there descends to the root without safeguards. u stays small, and what is added to it keeps its
    digits. Statement N1.
    """
    top = log_kernel.max(axis=0)
    reachable = np.isfinite(top)
    top = np.where(reachable, top, 0.0)
    log_kernel = log_kernel - top
    potential = np.zeros(top.size)
    rows = exponentials(log_kernel + potential)
    for _ in range(_MAX_NEWTON):
        total = rows.sum(axis=0)
        excess = np.where(reachable, total - 1.0, 0.0)
        if np.max(np.abs(excess), initial=0.0) <= 4.0 * np.finfo(float).eps:
            break
        potential = potential - excess / np.where(reachable, total, 1.0)
        rows = exponentials(log_kernel + potential)
    return np.where(reachable, top - potential, -np.inf), rows


def hard(log_kernel: Array) -> tuple[Array, Array]:
    """Give each observation to its best component, the first one in a tie."""
    best = log_kernel.argmax(axis=0)
    index = np.arange(log_kernel.shape[1])
    top = log_kernel[best, index]
    rows = np.zeros_like(log_kernel)
    rows[best, index] = np.where(np.isfinite(top), 1.0, 0.0)
    return top, rows
