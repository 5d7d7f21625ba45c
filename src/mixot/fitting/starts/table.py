"""The points that a start looks at: distinct, few, and in an order of their own.

Frequencies and repeated rows are two ways to write the same sample down, and rows have no order.
A start that draws points must not see the difference, so that equal rows are merged, adding their
weights, and sorted lexicographically. Sorting a large sample would cost more than fitting it. Every
row is therefore hashed, and only the distinct points with the smallest hashes are kept and sorted:
a sample of the distinct points which depends neither on the order of the rows nor on how often each
is written down [bottom-k sketch; Cohen & Kaplan 2007]. It takes one pass and the memory of what is
kept. Points are kept irrespective of their weights, which they then carry.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixot.types import Array, Sample

_BLOCK = 1 << 15
# Multipliers and shifts of the finaliser of splitmix64 [Steele, Lea & Flood 2014].
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_WEIGHT_BITS = 32


@dataclass(frozen=True, slots=True)
class Table:
    """Distinct points (m, d) in lexicographic order and their weights (m,), which sum to 1.

    Weights are rounded to 32 binary digits, so that they do not show in which order or how finely
    divided they were added. whole: whether no distinct point of the sample is missing.
    """

    points: Array
    weights: Array
    whole: bool


def tabulate(sample: Sample, limit: int, seed: int) -> Table:
    """Return at most `limit` distinct points of the sample, another choice for another seed."""
    hashes = np.zeros(0, dtype=np.uint64)
    rows = np.zeros(0, dtype=np.intp)
    weights = np.zeros(0)
    highest = np.uint64(np.iinfo(np.uint64).max)
    whole = True
    for start in range(0, sample.weights.size, _BLOCK):
        block = hash_rows(sample.points[start : start + _BLOCK], seed)
        low = np.flatnonzero(block <= highest)
        hashes, rows, weights = _merged(
            np.concatenate([hashes, block[low]]),
            np.concatenate([rows, start + low]),
            np.concatenate([weights, sample.weights[start + low]]),
        )
        if hashes.size > limit:
            whole = False
            hashes, rows, weights = hashes[:limit], rows[:limit], weights[:limit]
            highest = hashes[-1]
    # Adding zero turns -0.0, which is equal to 0.0, into it.
    points = sample.points[rows] + 0.0
    order = np.lexsort(points.T[::-1])
    shares = _rounded(weights[order])
    return Table(points[order], shares / shares.sum(), whole)


def hash_rows(points: Array, seed: int) -> NDArray[np.uint64]:
    """Return one number of 64 bits for each row of (n, d) points; equal rows have equal ones."""
    bits = np.ascontiguousarray(points.T + 0.0).view(np.uint64)
    state = np.full(points.shape[0], seed, dtype=np.uint64)
    shifted = np.empty_like(state)
    for column in bits:
        state ^= column
        for shift, multiplier in zip(_SHIFTS, (*_MULTIPLIERS, None), strict=True):
            np.right_shift(state, shift, out=shifted)
            state ^= shifted
            if multiplier is not None:
                state *= multiplier
    return state


def _merged(
    hashes: NDArray[np.uint64], rows: NDArray[np.intp], weights: Array
) -> tuple[NDArray[np.uint64], NDArray[np.intp], Array]:
    """Add the weights of equal hashes; the hashes come back sorted."""
    distinct, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    sums: Array = np.bincount(group, weights, minlength=distinct.size).astype(np.float64)
    return distinct, rows[first], sums


def _rounded(weights: Array) -> Array:
    mantissa, exponent = np.frexp(weights / weights.max())
    rounded: Array = np.ldexp(np.rint(np.ldexp(mantissa, _WEIGHT_BITS)), exponent - _WEIGHT_BITS)
    return rounded
