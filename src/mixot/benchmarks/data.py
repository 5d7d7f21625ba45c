"""Synthetic points: Gaussian clusters that overlap, and a start that is far from the limit.

Everything depends on the shape of the problem alone. Large data go to a file block by block.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixot.streams import stream
from mixot.types import Array, Mixture

# Rows of a block.
BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Clusters:
    """Points (n, d) around K centres with unlike covariances, drawn in blocks.

    Any block can be drawn by itself. separation: root mean square of a centre's coordinates, in
    units of the clusters' width.
    """

    n_samples: int
    n_features: int
    n_components: int
    separation: float = 2.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""
        firsts = range(0, self.n_samples, BLOCK)
        return tuple(min(BLOCK, self.n_samples - first) for first in firsts)

    def block(self, number: int) -> Array:
        """Draw one block."""
        size, shape = self.sizes[number], (self.n_components, self.n_features)
        rng = stream("benchmarks", "clusters", self.n_features, self.n_components)
        centres = self.separation * rng.standard_normal(shape)
        noise = 0.4 * rng.standard_normal((*shape, self.n_features)) / np.sqrt(self.n_features)
        widths = rng.uniform(0.6, 1.2, (self.n_components, 1, 1))
        factors = noise + widths * np.eye(self.n_features)
        shares = rng.dirichlet(np.full(self.n_components, 5.0))
        own = stream("benchmarks", "block", self.n_features, self.n_components, number)
        # Component by component, then mixed: a product for each point would cost minutes.
        parts = [
            own.standard_normal((count, self.n_features)) @ factor + centre
            for count, factor, centre in zip(
                own.multinomial(size, shares), factors, centres, strict=True
            )
        ]
        return own.permutation(np.concatenate(parts))


def clusters(n_samples: int, n_features: int, n_components: int, separation: float = 2.0) -> Array:
    """Draw all points of `Clusters`."""
    drawn = Clusters(n_samples, n_features, n_components, separation)
    return np.concatenate([drawn.block(number) for number in range(len(drawn.sizes))])


def cluster_file(path: Path, n_samples: int, n_features: int, n_components: int) -> Path:
    """Write the same points to an NPY file without holding them in memory; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Clusters(n_samples, n_features, n_components)
    shape = (n_samples, n_features)
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=shape)
    for number, size in enumerate(drawn.sizes):
        target[number * BLOCK : number * BLOCK + size] = drawn.block(number)
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
