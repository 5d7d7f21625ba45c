"""Observations with Gaussian noise of a known width, whose laws without it are skewed."""

from collections.abc import Callable

import numpy as np

from mixot.families.gaussian import Gaussian
from mixot.streams import stream
from mixot.types import Array

SIGMA = 0.8
# The family of the noise around a known place.
KERNEL = Gaussian("known", np.array(SIGMA**2))

Draw = Callable[[np.random.Generator, int], Array]


def _spikes(*places: float) -> Draw:
    """Return how to draw from atoms whose weights fall by half from one to the next."""
    shares = 0.5 ** np.arange(len(places))

    def draw(rng: np.random.Generator, size: int) -> Array:
        return rng.choice(np.array(places), size=size, p=shares / shares.sum())

    return draw


LAWS: dict[str, Draw] = {
    "two-spikes": _spikes(0.0, 2.5),
    "four-spikes": _spikes(-2.0, 0.0, 1.5, 4.0),
    "exponential": lambda rng, size: rng.exponential(1.5, size) - 1.0,
    "box-and-spike": lambda rng, size: np.where(
        rng.random(size) < 0.7, rng.uniform(-2.0, 0.0, size), 2.5
    ),
    "beta": lambda rng, size: 6.0 * rng.beta(1.0, 3.0, size) - 2.0,
}


def noisy(law: str, size: int) -> Array:
    """Return observations Y = X + N(0, sigma^2), (n, 1)."""
    rng = stream("experiment", "deconvolution", law, size)
    return np.asarray((LAWS[law](rng, size) + SIGMA * rng.normal(size=size))[:, None])


def constant(points: Array) -> float:
    """Return by how much NLL exceeds the semi-relaxed value over sigma^2, the kernel's constant."""
    return 0.5 * points.shape[1] * float(np.log(2.0 * np.pi * SIGMA**2))
