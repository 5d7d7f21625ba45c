"""Synthetic points: Gaussian clusters that overlap, and a start that is far from the limit.

Everything depends on the shape of the problem alone. Large data go to a file block by block.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mixot.streams import stream
from mixot.types import Array, Mixture

_BLOCK = 1 << 18


def clusters(n_samples: int, n_features: int, n_components: int, separation: float = 2.0) -> Array:
    """Draw points (n, d) around K centres with unlike covariances.

    separation: root mean square of a centre's coordinates, in units of the clusters' width.
    """
    return np.concatenate(list(_blocks(n_samples, n_features, n_components, separation)))


def cluster_file(
    path: Path, n_samples: int, n_features: int, n_components: int, separation: float = 2.0
) -> Path:
    """Write the same points to an NPY file without holding them in memory; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (n_samples, n_features)
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=shape)
    start = 0
    for block in _blocks(n_samples, n_features, n_components, separation):
        target[start : start + block.shape[0]] = block
        start += block.shape[0]
    target.flush()
    return path


def start(points: Array, n_components: int, covariance_type: str) -> Mixture:
    """Return a start: uniform weights, points as means, the covariance of (some of) the data."""
    n_samples, n_features = points.shape
    rng = stream("benchmarks", "start", n_samples, n_features, n_components)
    means = np.asarray(points[np.sort(rng.choice(n_samples, n_components, replace=False))])
    covariance = np.atleast_2d(np.cov(points[: 1 << 16], rowvar=False))
    variances = np.diagonal(covariance).copy()
    shaped = {
        "full": np.tile(covariance, (n_components, 1, 1)),
        "tied": covariance,
        "diag": np.tile(variances, (n_components, 1)),
        "spherical": np.full(n_components, variances.mean()),
    }
    weights = np.full(n_components, 1.0 / n_components)
    return Mixture(weights, {"means": means, "covariances": shaped[covariance_type]})


def _blocks(
    n_samples: int, n_features: int, n_components: int, separation: float
) -> Iterator[Array]:
    rng = stream("benchmarks", "clusters", n_features, n_components)
    centres = separation * rng.standard_normal((n_components, n_features))
    noise = 0.4 * rng.standard_normal((n_components, n_features, n_features))
    factors = noise / np.sqrt(n_features) + rng.uniform(0.6, 1.2, n_components)[
        :, None, None
    ] * np.eye(n_features)
    shares = rng.dirichlet(np.full(n_components, 5.0))
    for first in range(0, n_samples, _BLOCK):
        size = min(_BLOCK, n_samples - first)
        # Component by component, then mixed: a product for each point would cost minutes.
        counts = rng.multinomial(size, shares)
        parts = [
            rng.standard_normal((count, n_features)) @ factor + centre
            for count, factor, centre in zip(counts, factors, centres, strict=True)
        ]
        yield rng.permutation(np.concatenate(parts))
