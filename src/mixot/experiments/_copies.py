"""Copies of centroids: what the library's step does with two that lie nearly on each other.

Centroid k shares its weight with a copy, against which it is displaced so that their mean stays.
In the first order such a displacement changes no other centroid and no weight.
"""

from dataclasses import dataclass, replace

import numpy as np

from mixot.experiments._splits import derivative
from mixot.types import Array, Mixture, Sample

# How a centroid's weight is shared with its copy: unequal, as nothing depends on it.
_SHARES = (0.4, 0.6)


@dataclass(frozen=True, slots=True)
class Split:
    """A fixed point at which centroid k splits at epsilon, along `direction` (d,)."""

    epsilon: float
    mixture: Mixture
    k: int
    direction: Array


def parted(split: Split, length: float) -> Mixture:
    """Return the mixture with a copy of centroid k, the two displaced against each other."""
    copied = doubled(split.mixture, split.k)
    means = np.array(copied.parameters["means"])
    move = length * split.direction * np.sqrt(split.epsilon)
    means[split.k] += _SHARES[1] * move
    means[-1] -= _SHARES[0] * move
    return replace(copied, parameters={"means": means})


def doubled(mixture: Mixture, k: int) -> Mixture:
    """Return the mixture with a copy of centroid k at the end, which takes part of its weight."""
    means = np.asarray(mixture.parameters["means"])
    weights = np.append(mixture.weights, _SHARES[1] * mixture.weights[k])
    weights[k] *= _SHARES[0]
    return Mixture(weights, {"means": np.vstack([means, means[k]])})


def copies_growth(sample: Sample, mixture: Mixture, epsilon: float, k: int) -> tuple[float, Array]:
    """Return the factor by which the library's step parts centroid k from a copy, and where to.

    These are the largest eigenvalue of the derivative in the displacement (d,) of the centroid,
    against which the copy moves so that their mean stays, and its eigenvector.
    """
    d = np.shape(mixture.parameters["means"])[1]
    columns = [_response(sample, mixture, epsilon, k, unit)[0][k] for unit in np.eye(d)]
    values, vectors = np.linalg.eig(np.stack(columns, axis=1))
    largest = int(values.real.argmax())
    return float(values[largest].real), np.ascontiguousarray(vectors[:, largest].real)


def others_moved(sample: Sample, split: Split, against: float) -> float:
    """Return how far the other centroids respond to displaced copies, over the copies' response.

    against: how far the copy moves against the centroid, 1 for a displacement that leaves their
    mean alone.
    """
    moved, shares = _response(
        sample, split.mixture, split.epsilon, split.k, split.direction, against
    )
    copies = [split.k, shares.size - 1]
    others = np.abs(np.delete(moved, copies, axis=0)).max()
    return float(max(others, np.abs(shares).max()) / np.abs(moved[split.k]).max())


def _response(
    sample: Sample,
    mixture: Mixture,
    epsilon: float,
    k: int,
    direction: Array,
    against: float = 1.0,
) -> tuple[Array, Array]:
    """Return the response of means and weights to centroid k displaced along a direction (d,)."""
    copied = doubled(mixture, k)
    means = np.zeros(np.shape(copied.parameters["means"]))
    means[k] = direction
    means[-1] = -against * direction * _SHARES[0] / _SHARES[1]
    return derivative(sample, copied, epsilon, "free", means)
