"""G2: the temperature at which collapse loses its stability and centroids part.

Left, the library's loop: a displacement of coincident centroids, followed under its derivative
until the factor by which it grows has settled; the temperature at which that factor is 1, by
bisection; and fits that begin beside collapse a little above and a little below it. Right, twice
the largest eigenvalue of the sample's covariance,

    eps_c = 2 lambda_max(S).

Weights are free, fixed, or fixed with the balanced plan. Growth is that of the means: weights that
are free are displaced as well and stay so, whatever the temperature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot import fitting
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._splits import (
    LOOPS,
    Loop,
    collapsed,
    covariance,
    critical,
    derivative,
    growth,
)
from mixot.experiments._squares import FAMILY, squares_sample
from mixot.experiments.outcome import Outcome, at
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "first_split"
PROBLEMS = ("faithful", "iris", "wine", "isotropic", "well_separated", "anisotropic", "imbalanced")


@dataclass(frozen=True)
class Options:
    """beside: how far above and below the critical temperature fits are made, relative to it."""

    problems: tuple[str, ...] = PROBLEMS
    n_samples: int = 200
    n_components: tuple[int, ...] = (2, 3, 4)
    beside: float = 0.03
    max_iter: int = 3000


def run(options: Options) -> Outcome:
    """Find the critical temperature of every problem and loop, and fit beside it."""
    found = []
    for index, name in enumerate(options.problems):
        sample = squares_sample(NAME, name, options.n_samples)
        rng = stream("experiment", NAME, name)
        n_components = options.n_components[index % len(options.n_components)]
        weights = rng.dirichlet(np.full(n_components, 3.0))
        draw = rng.normal(size=(n_components, sample.points.shape[1]))
        records: list[dict[str, Any]] = []
        for loop in LOOPS:
            records.append(_critical(sample, weights, draw, loop))
            records += _beside(options, sample, weights, draw, loop)
        found += at(name, FAMILY.name, records)
    return Outcome(tuple(found))


def predicted(points: Array, shares: Array) -> float:
    """Return 2 lambda_max of the covariance of points under shares."""
    return 2.0 * float(np.linalg.eigvalsh(covariance(points, shares))[-1])


def growth_rate(
    sample: Sample, weights: Array, draw: Array, loop: Loop
) -> Callable[[float], float]:
    """Return the factor by which a displacement of the means grows, by temperature.

    Each call begins in the direction that the one before has found.
    """
    at_collapse = collapsed(sample, weights)
    direction = draw - weights @ draw
    # Free weights are displaced too, as far as they stay positive.
    change = 0.1 * weights.min() * np.where(np.arange(weights.size) % 2, 1.0, -1.0)
    shift = change - change.mean() if loop == "free" else None

    def rate(epsilon: float) -> float:
        nonlocal direction

        def respond(means: Array) -> Array:
            return derivative(sample, at_collapse, epsilon, loop, means, shift)[0]

        found, direction = growth(respond, direction, weights)
        return found

    return rate


def _critical(sample: Sample, weights: Array, draw: Array, loop: Loop) -> dict[str, Any]:
    expected = predicted(sample.points, sample.weights)
    rate = growth_rate(sample, weights, draw, loop)
    # Some temperature, from which halving and doubling lead to both sides of the critical one.
    low = high = 1.0
    while rate(low) <= 1.0:
        low /= 2.0
    while rate(high) > 1.0:
        high *= 2.0
    seen = critical(rate, low, high)
    unweighted = predicted(sample.points, np.ones_like(sample.weights))
    return record(
        "G2",
        f"critical temperature, {loop}",
        abs(seen - expected) / expected,
        epsilon=expected,
        control={
            "lambda_max": abs(seen - 0.5 * expected) / expected,
            "observations unweighted": abs(seen - unweighted) / expected,
        },
        state="collapse",
        left="fitting.step: growth of a displacement, bisected",
        right="2 lambda_max of the sample's covariance",
        notes=f"{weights.size} components",
    )


def _beside(
    options: Options, sample: Sample, weights: Array, draw: Array, loop: Loop
) -> list[dict[str, Any]]:
    """Fit from beside collapse and measure how far apart the centroids end."""
    expected = predicted(sample.points, sample.weights)
    plan = "balanced" if loop == "balanced" else "semirelaxed"
    centre = collapsed(sample, weights)
    start = Mixture(weights, {"means": centre.parameters["means"] + 1e-3 * draw})

    def apart(factor: float) -> float:
        ended = fitting.fit(
            sample,
            start,
            FAMILY,
            plan=plan,
            weights="free" if loop == "free" else "fixed",
            epsilon=factor * expected,
            tol=1e-9,
            max_iter=options.max_iter,
            n_threads=1,
        )
        return float(np.ptp(np.asarray(ended.mixture.parameters["means"]), axis=0).max())

    above, below = apart(1.0 + options.beside), apart(1.0 - options.beside)
    sides = Sides(
        state=loop,
        left="fitting.fit from beside collapse",
        right="all centroids at the mean",
    )
    return [
        record(
            "G2",
            "centroids apart above it",
            difference(above, 0.0),
            epsilon=(1.0 + options.beside) * expected,
            control={"below it": difference(below, 0.0)},
            **sides,
        ),
        record(
            "G2",
            "centroids apart below it",
            below,
            epsilon=(1.0 - options.beside) * expected,
            **sides,
        ),
    ]
