"""F4: with the squared distance for a cost, the temperature is twice the variance of the noise.

Left, the tempered value of the library, L_eps = min <c, P> + eps KL(P | a x pi) over the plans with
sample marginal a, for c = |x - mu|^2 and eps = 2 sigma^2. Right, the negative log-likelihood of the
isotropic Gaussian mixture by the reference, from which

    L_eps = 2 sigma^2 (NLL - d/2 log(2 pi sigma^2)).
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from mixot import transport
from mixot.evidence.records import difference, record
from mixot.experiments.outcome import Outcome, at
from mixot.reference import densities, likelihood
from mixot.streams import stream

NAME = "noise_level"


@dataclass(frozen=True)
class Options:
    """dimensions: columns of the points, one problem each; deviations: noise levels sigma."""

    n_samples: int = 400
    n_components: int = 4
    dimensions: tuple[int, ...] = (1, 2, 3, 5, 8)
    deviations: tuple[float, ...] = (0.3, 1.0, 2.5)
    seeds: int = 5


def run(options: Options) -> Outcome:
    """Compare the two in every dimension at every noise level."""
    found = []
    for d in options.dimensions:
        for seed in range(options.seeds):
            for sigma in options.deviations:
                one = _compare(options, d, sigma, seed)
                found += at(f"dimension-{d}", "gaussian-known", [one], seed)
    return Outcome(tuple(found))


def _compare(options: Options, d: int, sigma: float, seed: int) -> dict[str, object]:
    rng = stream("experiment", NAME, d, seed)
    points = rng.normal(scale=2.0, size=(options.n_samples, d))
    means = rng.normal(scale=2.0, size=(options.n_components, d))
    weights = rng.dirichlet(np.full(options.n_components, 3.0))
    a = rng.dirichlet(np.full(options.n_samples, 5.0))
    cost = cdist(points, means, "sqeuclidean")
    gaussian = densities.costs(
        "gaussian-known", points, {"means": means}, covariance=sigma**2 * np.eye(d)
    )
    nll = likelihood.negative_log_likelihood(gaussian, a, weights)
    expected = 2.0 * sigma**2 * (nll - 0.5 * d * np.log(2.0 * np.pi * sigma**2))

    def value(epsilon: float) -> float:
        return transport.solve(cost, a, weights, epsilon, relaxation="semirelaxed").value

    return record(
        "F4",
        "value",
        difference(value(2.0 * sigma**2), expected),
        state=f"sigma {sigma:g}",
        epsilon=2.0 * sigma**2,
        left="transport.solve(semirelaxed) at epsilon = 2 sigma^2",
        right="reference.likelihood.negative_log_likelihood",
        control={"half the temperature": difference(value(sigma**2), expected)},
    )
