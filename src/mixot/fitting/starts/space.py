"""Coordinates in which squared Euclidean distance tells points of a family apart.

| family | coordinates |
|---|---|
| Gaussian, Student, one's own | columns divided by their spread |
| Poisson | 2 sqrt(x): a count's variance becomes 1, so that columns need no other scale |
| Bernoulli | the zeros and ones: the distance is the number of differing columns |
| categorical | indicators of the codes, divided by sqrt(2): the same distance |
| multinomial | sqrt(x / N): Hellinger's distance of the shares |
| gamma | log x divided by its spread: scale parameters differ by factors |
| exponential | log(1 + x / mean) divided by its spread: zeros are allowed |
| von Mises-Fisher | the unit vector: the squared chord |
| product | each block's, its total variance made the number of its columns |
"""

from collections.abc import Callable

import numpy as np

from mixot.families.base import Family
from mixot.types import Array

# Indicators for at most this many codes of all categorical columns together; the rarest codes of a
# column beyond its share are lumped together.
_MOST_INDICATORS = 512


def coordinates(points: Array, weights: Array, family: Family) -> Array:
    """Return the points (m, d) with weights (m,) as coordinates (m, q) of the family's space."""
    blocks = getattr(family, "blocks", None) if family.name == "product" else None
    if blocks is None:
        mapping = _SPACES.get(family.name.partition("-")[0], _standardised)
        return mapping(points, weights)
    parts = []
    for block in blocks:
        own = coordinates(points[:, list(block.columns)], weights, block.family)
        total = float(_variances(own, weights).sum())
        parts.append(own * np.sqrt(len(block.columns) / total) if total > 0.0 else own)
    return np.hstack(parts)


def _variances(points: Array, weights: Array) -> Array:
    centre = weights @ points
    # A second pass takes out the rounding of the first, which matters for distant data.
    centre = centre + weights @ (points - centre)
    variances: Array = weights @ (points - centre) ** 2
    return variances


def _standardised(points: Array, weights: Array) -> Array:
    spread = np.sqrt(_variances(points, weights))
    # What is far away loses its digits in products: distances are those about the first point.
    return np.asarray((points - points[0]) / np.where(spread > 0.0, spread, 1.0))


def _roots(points: Array, weights: Array) -> Array:
    del weights
    return 2.0 * np.sqrt(points)


def _indicators(points: Array, weights: Array) -> Array:
    width = max(_MOST_INDICATORS // points.shape[1], 2)
    columns = []
    for column in points.T:
        codes, group = np.unique(column, return_inverse=True)
        mass = np.bincount(group, weights)
        kept = codes[np.argsort(-mass, kind="stable")[:width]]
        columns.append(column[:, None] == kept)
    return np.hstack(columns) / np.sqrt(2.0)


def _shares(points: Array, weights: Array) -> Array:
    del weights
    totals = points.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(points / np.where(totals > 0.0, totals, 1.0)))


def _logarithms(points: Array, weights: Array) -> Array:
    return _standardised(np.log(points), weights)


def _compressed(points: Array, weights: Array) -> Array:
    return _standardised(np.log1p(points / (weights @ points)), weights)


def _directions(points: Array, weights: Array) -> Array:
    del weights
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _unchanged(points: Array, weights: Array) -> Array:
    del weights
    return points


_SPACES: dict[str, Callable[[Array, Array], Array]] = {
    "bernoulli": _unchanged,
    "categorical": _indicators,
    "exponential": _compressed,
    "gamma": _logarithms,
    "multinomial": _shares,
    "poisson": _roots,
    "von_mises_fisher": _directions,
}
