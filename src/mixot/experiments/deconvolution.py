"""L: deconvolution by maximum likelihood is a projection in entropic transport.

Y = X + N(0, sigma^2 I), and the law of X is sought in a class of laws. With the cost |y - x|^2 / 2
and the temperature sigma^2, the likelihood chooses from the class the law mu that minimises

    OT_{sigma^2}(empirical law of Y, mu) = sigma^2 (NLL - d/2 log(2 pi sigma^2))  at its minimum,

if the class contains with mu every law that mu dominates, as all weights on given atoms do. It need
not if it does not: two atoms of equal weight that may lie anywhere (`_two_atoms`).

Left, the library: `minimise_over_weights`, `fit_weights`, `solve` and fits. Right, the reference's
minimiser of the likelihood over weights, its likelihood, and SciPy's minimisers over locations.

Series: for two atoms, one at 0 and one at `locations`, both values of each class (weights equal or
free), in units of the cost, on the first law.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from mixot import transport
from mixot.arrays import as_sample
from mixot.evidence.records import difference, record
from mixot.experiments import _two_atoms as two_atoms
from mixot.experiments._noisy_laws import KERNEL, LAWS, SIGMA, constant, noisy
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.weights import fit_weights
from mixot.reference import likelihood, weights
from mixot.types import Array

NAME = "deconvolution"
FAMILY = "gaussian-known"
_TOL = 1e-12


@dataclass(frozen=True)
class Options:
    """laws: of X, one problem each, by their names in `LAWS`.

    n_atoms: of a grid over the data on which both problems are solved; n_fine: of one on which only
    the likelihood is, and transport evaluated at its weights. locations: of the profiles.
    """

    n_samples: int = 400
    n_atoms: int = 10
    n_fine: int = 80
    laws: tuple[str, ...] = tuple(LAWS)
    locations: int = 81


def run(options: Options) -> Outcome:
    """Compare the two problems over a closed class of laws and over one that is not."""
    found = []
    for name in options.laws:
        points = noisy(name, options.n_samples)
        records = [
            *_solved(points, _grid(points, options.n_atoms)),
            _evaluated(points, _grid(points, options.n_fine)),
            *two_atoms.records(points),
        ]
        found += at(name, FAMILY, records)
    first = noisy(options.laws[0], options.n_samples)
    return Outcome(tuple(found), two_atoms.profiles(first, options.locations))


def _grid(points: Array, size: int) -> Array:
    """Return atoms (K, 1) that lie evenly over the data."""
    return np.linspace(points.min(), points.max(), size)[:, None]


def _solved(points: Array, atoms: Array) -> list[dict[str, Any]]:
    """Return the records of both problems over all weights on given atoms."""
    a, start = _uniform(len(points)), _uniform(len(atoms))
    cost, epsilon = 0.5 * cdist(points, atoms, "sqeuclidean"), SIGMA**2
    projection = transport.minimise_over_weights(cost, a, start, epsilon, tol=_TOL)
    fitted = fit_weights(as_sample(points), {"means": atoms}, KERNEL, tol=_TOL)
    best = weights.minimise_likelihood(cost, a, start, epsilon)
    # Without the weights in the reference measure, the plan has the marginal of uniform ones.
    entropic = likelihood.estep_plan(cost, a, start, epsilon).sum(axis=0)
    at_entropic = likelihood.negative_log_likelihood(cost, a, entropic, epsilon)
    uniform = transport.solve(cost, a, start, epsilon).value
    ratios = weights.gradient_function(cost, a, projection.weights, epsilon)
    made = partial(record, "L", state="free weights on atoms", epsilon=epsilon)
    solver, minimiser = "transport.minimise_over_weights", "reference.weights.minimise_likelihood"
    return [
        made(
            "minimum of transport",
            difference(projection.value, best.value),
            left=solver,
            right=minimiser,
            control={
                "uniform weights": difference(uniform, best.value),
                "entropy": difference(at_entropic, best.value),
            },
            notes=f"reference certified to {best.gap:.1e}",
        ),
        made(
            "minimum of the likelihood",
            difference(fitted.objective, best.value / epsilon + constant(points)),
            left="fitting.weights.fit_weights",
            right=minimiser,
            control={
                "uniform weights": difference(
                    fitted.objective, uniform / epsilon + constant(points)
                )
            },
        ),
        made(
            "stationarity",
            float(np.maximum(np.abs(projection.weights * (ratios - 1.0)), ratios - 1.0).max()),
            left=solver,
            right="reference.weights.gradient_function",
            control={"uniform weights": weights.stationarity(cost, a, start, epsilon)[0]},
        ),
        made(
            "argmin",
            float(np.abs(projection.weights - best.weights).max()),
            left=solver,
            right=minimiser,
        ),
    ]


def _evaluated(points: Array, atoms: Array) -> dict[str, Any]:
    """Return the record of transport at the weights of the likelihood, over atoms close together.

    The two values meet at stationary weights only; elsewhere transport costs more.
    """
    a = _uniform(len(points))
    cost, epsilon = 0.5 * cdist(points, atoms, "sqeuclidean"), SIGMA**2
    best = fit_weights(as_sample(points), {"means": atoms}, KERNEL, tol=_TOL)

    def apart(shares: Array) -> float:
        value = transport.solve(cost, a, shares, epsilon).value
        return difference(value, likelihood.negative_log_likelihood(cost, a, shares, epsilon))

    return record(
        "L",
        "transport at the likelihood's weights",
        apart(best.weights) if best.converged else float("nan"),
        state="free weights on atoms close together",
        epsilon=epsilon,
        left="transport.solve at the weights of fitting.weights.fit_weights",
        right="reference.likelihood.negative_log_likelihood",
        control={"uniform weights": apart(_uniform(len(atoms)))},
    )


def _uniform(size: int) -> Array:
    return np.full(size, 1.0 / size)
