"""Probability vectors whose entries may be exactly 0: products with counts and divergences.

An event of probability 0 costs infinitely much when it happens and nothing when it does not; the
second half is what 0 * inf gets wrong, so impossible events are counted apart.
"""

import numpy as np

from mixot.families.increments import relative_entropy
from mixot.families.linear import Coefficients
from mixot.families.linear_rows import assembled
from mixot.types import Array, Mask


def log_likelihood(counts: Array, probabilities: Array) -> Array:
    """Return sum_j counts_ij log p_kj for counts (n, m) >= 0 and p (K, m), shape (n, K)."""
    impossible = probabilities == 0.0
    values: Array = counts @ np.log(np.where(impossible, 1.0, probabilities)).T
    if impossible.any():
        values = np.where(counts @ impossible.T.astype(np.float64) > 0.0, -np.inf, values)
    return values


def log_table(table: Array, largest: Array, occurring: Mask) -> Coefficients:
    """Return the coefficients log p_kj (K, m) of indicators without a constant.

    A component with a zero is not accurate: 0 * log 0 is no number. largest: (K, d), the largest
    probability in each column, which bounds the log-probability of a row; occurring: (m,), which
    indicators are ever 1 in the sample: of the others the probability does not matter.
    """
    possible = np.asarray(((table > 0.0) | ~occurring).all(axis=1))
    with np.errstate(divide="ignore"):
        logs = np.where(occurring, np.log(table), 0.0)
    return assembled(np.zeros(table.shape[0]), logs, possible, np.log(largest).sum(axis=1))


def normalised(counts: Array, fallback: Array) -> Array:
    """Return counts divided by their sum over the last axis; the fallback where that is 0.

    The sum is over the counts themselves, so that a vector with one positive entry becomes
    exactly a unit vector.
    """
    totals = counts.sum(axis=-1, keepdims=True)
    some = totals > np.finfo(float).tiny
    shares: Array = counts / np.where(some, totals, 1.0)
    return np.where(some, shares, fallback)


def divergence(new: Array, old: Array) -> Array:
    """Return the terms of KL(new | old) as non-negative numbers, elementwise."""
    return relative_entropy(old, new - old)
