"""Three overlapping normals in the plane, as many rows of them as one likes, and a start."""

from dataclasses import dataclass

import numpy as np

from mixot.streams import stream
from mixot.types import Array, Mixture

# Rows of a block.
BLOCK = 1 << 18
N_COMPONENTS, N_FEATURES = 3, 2

_SHARES = np.array([0.45, 0.3, 0.25])
_TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
# Lower factors of the covariances, of unlike shapes and orientations.
_FACTORS = np.array([[[1.0, 0.0], [0.3, 0.9]], [[0.8, 0.0], [-0.3, 1.0]], [[1.1, 0.0], [0.0, 0.7]]])


@dataclass(frozen=True, slots=True)
class Normals:
    """The law for one experiment; separation: of the centres, where widths are about 1."""

    experiment: str
    separation: float

    def draw(self, n_samples: int, block: int = 0) -> Array:
        """Draw points (n, 2); each block is another sample of the same law."""
        rng = stream("experiment", self.experiment, f"{self.separation:g}", n_samples, block)
        # Component by component, then mixed: a product for each point would take minutes.
        parts = [
            rng.standard_normal((count, N_FEATURES)) @ factor.T + centre
            for count, factor, centre in zip(
                rng.multinomial(n_samples, _SHARES),
                _FACTORS,
                self.separation * _TRIANGLE,
                strict=True,
            )
        ]
        return rng.permutation(np.concatenate(parts))


def start(points: Array) -> Mixture:
    """Return uniform weights, some points as means, and for every component the data's covariance.

    The points are those at a sixth, a half and five sixths of the order along the first column.
    """
    order = np.argsort(points[:, 0], kind="stable")
    places = (np.arange(N_COMPONENTS) + 0.5) / N_COMPONENTS * len(points)
    covariance = np.cov(points, rowvar=False)
    return Mixture(
        np.full(N_COMPONENTS, 1.0 / N_COMPONENTS),
        {
            "means": points[order[places.astype(np.intp)]],
            "covariances": np.tile(covariance, (N_COMPONENTS, 1, 1)),
        },
    )
