"""From validated points and weights to the sample that the core fits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight

from mixot.errors import InputError
from mixot.families import Family
from mixot.types import Array, Mask, Sample

_NON_NEGATIVE = ("bernoulli", "categorical", "exponential", "gamma", "multinomial", "poisson")


def weighted_sample(points: Array, sample_weight: Any) -> tuple[Sample, Mask]:
    """Return the sample without rows of weight zero, and (n,) which rows stayed.

    points: (n, d) float64, finite, C order. A weight of 2 is the same as the row twice.
    """
    n_samples = points.shape[0]
    if sample_weight is None:
        weights = np.full(n_samples, 1.0 / n_samples)
        return Sample(points, weights, float(n_samples)), np.ones(n_samples, dtype=bool)
    given = row_weights(sample_weight, points)
    kept = given > 0.0
    points, given = (points, given) if kept.all() else (points[kept], given[kept])
    # Weights that are counts stand for that many rows; shares stand for the rows themselves.
    size = max(float(given.sum()), float(given.size))
    return Sample(points, given / given.sum(), size), kept


def row_weights(sample_weight: Any, rows: Array) -> Array:
    """Return one non-negative weight a row (n,), not all zero; ones for None."""
    weights: Array = _check_sample_weight(
        sample_weight, rows, dtype=np.float64, ensure_non_negative=True
    )
    return weights


def of_rows(values: NDArray[Any], kept: Mask) -> NDArray[Any]:
    """Return what belongs to the rows (n, ...) for those that are kept, if it has as many."""
    return values[kept] if values.shape[:1] == kept.shape and not kept.all() else values


def is_non_negative(family: str | Family) -> bool:
    """Say whether the family has no negative values."""
    name = family if isinstance(family, str) else family.name
    return name.partition("-")[0] in _NON_NEGATIVE


def check_sign(points: Array, family: str | Family) -> None:
    """Raise InputError, in scikit-learn's words, for negative values where there can be none."""
    if is_non_negative(family) and points.min() < 0.0:
        row, column = np.argwhere(points < 0.0)[0]
        raise InputError(
            f"Negative values in data: row {row}, column {column} is "
            f"{points[row, column]:.15g}; this family has none"
        )
