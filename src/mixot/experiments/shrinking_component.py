"""O1, O2, N5: what a component that shrinks onto observations does to the two objectives.

One of two components has a width sigma around the first observation ("point"), or across a
hyperplane through the first d ("plane"), and the other stands where everything lies. As sigma
vanishes,

    NLL - (d / n) log sigma    is bounded                                                   (O1),
    2 sigma^2 OT   ->   G > 0  if the weight exceeds that of the observations that are hit  (O2),

G being the least cost, in squared distances, of the mass that has to come from elsewhere. Left,
the library. Right, closed forms, and the linear program that encloses transport to two columns:

    LP <= OT <= LP + H(pi).

N5: at a component of width sigma on an observation the gradient function of a regular mixture has
a logarithm that rises by one for each unit of |log sigma| and dimension that shrinks.

Series: both objectives along `widths`, by shape and dimension, nats of all observations together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from mixot import transport
from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments._shrinking import Shrinking, least_cost, shrinking
from mixot.experiments.outcome import Outcome, at
from mixot.fitting import fit, log_likelihood, row_potential
from mixot.reference import densities
from mixot.reference.likelihood import entropy
from mixot.types import Mixture

NAME = "shrinking_component"
SHAPES = ("point", "plane")


@dataclass(frozen=True)
class Options:
    """dimensions: one problem each; weight: that of the component that shrinks.

    slope: widths between which slopes are taken; early: those of a control, too wide to see the
    limit; exact: the same, over the distance to the nearest other observation, for a component
    whose weight is that of the observations it is on, where mass of the size of rounding must not
    come to matter; begun: the width with which fits begin.
    """

    n_samples: int = 60
    dimensions: tuple[int, ...] = (1, 2, 3, 5, 8)
    seeds: int = 3
    weight: float = 0.3
    widths: int = 61
    slope: tuple[float, float] = (1e-8, 1e-14)
    early: tuple[float, float] = (0.3, 0.03)
    exact: tuple[float, float] = (0.1, 0.02)
    begun: float = 1e-3


def run(options: Options) -> Outcome:
    """Shrink a component in every dimension, onto a point and onto a plane."""
    found = []
    widths = np.logspace(0.5, -6.0, options.widths)
    series = {"widths": widths}
    for d in options.dimensions:
        for shape in SHAPES if d > 1 else SHAPES[:1]:
            for seed in range(options.seeds):
                one = shrinking(options.n_samples, d, shape, NAME, seed)
                records = [*_unbounded(options, one), *_bounded(options, one), _fits(options, one)]
                found += at(f"dimension-{d}", one.family.name, records, seed)
                if seed == 0:
                    mixtures = [one.mixture(float(width), options.weight) for width in widths]
                    for kind, value in (("likelihood", _likelihood), ("balanced", _balanced)):
                        curve = np.array([value(one, mixture) for mixture in mixtures])
                        series[f"{shape} {d} {kind}"] = options.n_samples * curve
    return Outcome(tuple(found), series)


def _likelihood(one: Shrinking, mixture: Mixture) -> float:
    return -log_likelihood(one.sample, mixture, one.family)


def _balanced(one: Shrinking, mixture: Mixture) -> float:
    cost = -one.family.log_density(one.sample.points, mixture.parameters)
    return transport.solve(cost, one.sample.weights, mixture.weights).value


def _unbounded(options: Options, one: Shrinking) -> list[dict[str, object]]:
    """Compare slopes over log sigma with what the observations hit amount to."""
    n, d = one.sample.points.shape
    shrinks = float(d if one.shape == "point" else 1)
    potential = row_potential(one.sample.points, one.mixture(1.0, options.weight), one.family)

    def likelihood(width: float) -> float:
        return n * _likelihood(one, one.mixture(width, options.weight))

    def balanced(width: float) -> float:
        return n * _balanced(one, one.mixture(width, options.weight))

    def gradient(width: float) -> float:
        """Return -log D of the mixture of width 1 at the narrow component."""
        narrow = one.mixture(width, options.weight).parameters
        log_density = one.family.log_density(one.sample.points, narrow)[:, 0]
        return -float(logsumexp(log_density + potential, b=one.sample.weights))

    falls = _slope(likelihood, options.slope)
    return [
        record(
            "O1",
            "slope",
            difference(falls, float(d)),
            state=one.shape,
            left="fitting.log_likelihood",
            right="d / n for each unit of log sigma",
            control={
                "one dimension": difference(falls, 1.0),
                "wide": difference(_slope(likelihood, options.early), float(d)),
                "balanced": difference(_slope(balanced, options.early), float(d)),
            },
        ),
        record(
            "N5",
            "slope",
            difference(_slope(gradient, options.slope), shrinks),
            state=one.shape,
            left="Family.log_density, fitting.row_potential",
            right="the dimensions that shrink, for each unit of |log sigma|",
            control={"wide": difference(_slope(gradient, options.early), shrinks)},
        ),
    ]


def _slope(value: Callable[[float], float], widths: tuple[float, float]) -> float:
    """Return the slope of a value over log sigma between two widths."""
    wide, narrow = widths
    return (value(wide) - value(narrow)) / math.log(wide / narrow)


def _bounded(options: Options, one: Shrinking) -> list[dict[str, object]]:
    """Enclose the balanced value, and compare it with what the missing mass costs."""
    found = []
    a = one.sample.weights
    widths = np.logspace(0.0, -7.0, 8).tolist()
    for width in widths:
        mixture = one.mixture(width, options.weight)
        value, likelihood = _balanced(one, mixture), _likelihood(one, mixture)
        cost = densities.costs(one.family.name, one.sample.points, dict(mixture.parameters))
        program = float(a @ cost[:, 1])
        program += least_cost(cost[:, 0] - cost[:, 1], a, options.weight)
        sides = Sides(
            state=f"{one.shape}, width {width:g}",
            left="transport.solve",
            right="linear program of two columns, sorted",
        )
        found.append(
            record(
                "O2",
                "outside the enclosure",
                max(excess(program, value), excess(value, program + entropy(mixture.weights))),
                control={"likelihood": excess(program, likelihood)},
                **sides,
            )
        )
    scale = 2.0 * widths[-1] ** 2 / least_cost(one.squares, a, options.weight)
    found.append(
        record(
            "O2",
            "coefficient",
            difference(scale * value, 1.0),
            state=one.shape,
            left="2 sigma^2 OT by transport.solve",
            right="squared distances of the nearest mass, sorted",
            control={"likelihood": difference(scale * likelihood, 1.0)},
        )
    )
    found.append(_exact_weight(options, one))
    return found


def _exact_weight(options: Options, one: Shrinking) -> dict[str, object]:
    """Give the component exactly the weight of the observations that it is on."""
    n, d = one.sample.points.shape
    hit = (1 if one.shape == "point" else d) / n
    wide, narrow = (width * one.nearest for width in options.exact)
    slope = _slope(lambda width: n * _balanced(one, one.mixture(width, hit)), (wide, narrow))
    return record(
        "O2",
        "slope at the weight of the observations hit",
        difference(slope, float(d)),
        state=one.shape,
        left="transport.solve",
        right="d / n for each unit of log sigma, as for the likelihood",
    )


def _fits(options: Options, one: Shrinking) -> dict[str, object]:
    """Fit by both from a narrow component, and see how narrow that of Sinkhorn EM ends."""
    start = one.mixture(options.begun, options.weight)
    likelihood, balanced = (
        fit(one.sample, start, one.family, plan=plan, weights="fixed", n_threads=1)
        for plan in ("semirelaxed", "balanced")
    )
    smallest = math.sqrt(float(np.min(balanced.mixture.parameters["covariances"])))
    return record(
        "O2",
        "narrowness where Sinkhorn EM ends",
        one.spread / smallest,
        state=one.shape,
        left="smallest deviation after a fit by the balanced plan",
        right="deviation of the sample",
        notes=f"EM {likelihood.status}, Sinkhorn EM {balanced.status}",
    )
