"""From a block of exponents to shares and log-normalisers.

Blocks are (K, m), components first: costs c >= 0 over the temperature, at the tilt t = log b + x.
"""

import numpy as np

from mixot.types import Array

# No logarithm of a responsibility goes below this, so that not even the products of two are
# subnormal numbers, on which arithmetic is a hundred times slower.
LOWEST = -340.0
# Tilts that differ by less leave every row a sum of exponentials that stays far above e^_FLOOR.
PLAIN = 500.0
_FLOOR = -600.0
_LEAST = float(np.exp(np.full(8, _FLOOR))[0])
# Exponents below this are small enough for sums of changes instead of sums of exponentials.
SMALL = 0.5


def lower(log_kernel: Array, top: Array) -> Array:
    """Subtract each row's largest entry from the log-kernel (K, m) and return these, top (m,)."""
    np.maximum.reduce(log_kernel, axis=0, out=top)
    top[np.isneginf(top)] = 0.0
    np.subtract(log_kernel, top, out=log_kernel)
    np.maximum(log_kernel, LOWEST, out=log_kernel)
    return top


def shares(costs: Array, base: Array, potential: Array) -> tuple[Array, Array]:
    """Return responsibilities and log-normalisers of a block, -inf where nothing is allowed."""
    rows = (base + potential)[:, None] - costs
    top = lower(rows, np.empty(rows.shape[1]))
    lowest = rows <= LOWEST
    np.exp(rows, out=rows)
    rows[lowest] = 0.0
    total = rows.sum(axis=0)
    explained = total > 0.0
    rows /= np.where(explained, total, 1.0)
    return rows, np.log(total, out=np.full(total.size, -np.inf), where=explained) + top


def plain_shares(costs: Array, tilt: Array, weights: Array) -> Array:
    """Turn finite costs into what the rows send (K, m), in place, for a tilt within `PLAIN`."""
    rows = np.subtract((tilt - tilt.max())[:, None], costs, out=costs)
    # Exponentials of less take twenty times as long; here they become zeros.
    np.maximum(rows, _FLOOR, out=rows)
    np.exp(rows, out=rows)
    np.subtract(rows, _LEAST, out=rows)
    total = np.add.reduce(rows, axis=0)
    return np.multiply(rows, np.divide(weights, total, out=total), out=rows)


def near_shares(costs: Array, base: Array, potential: Array) -> tuple[Array, Array]:
    """Return the same where all exponents are small, and their logarithm with all its digits."""
    weights = np.exp(base)[:, None]
    change = weights * np.expm1(potential[:, None] - costs)
    total = change.sum(axis=0)
    return (weights + change) / (1.0 + total), np.log1p(total)
