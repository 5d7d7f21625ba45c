"""G5: the temperatures at which centroids that have parted split again.

Left, the library: along a fixed point of its loop that is followed down in temperature, a copy is
made of a centroid and the two are displaced against each other; the temperature at which the
derivative of the step begins to lengthen that, and fits a little above and below. Right, with
the fixed point as a root of the reference's map and its plan P, the solution of

    eps = 2 lambda_max(Sigma_k(eps)),    Sigma_k = covariance of the points under P_k,

for the centroid k that is first. It is exact since copies that move against each other leave all
other responsibilities alone in the first order, and implicit since P depends on eps. The covariance
of a hard cluster in place of Sigma_k is the mistake.

Series, for problems that are drawn: temperatures and the centroids that annealing passes through,
projected on the first axis of the points, and the critical temperatures predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize

from mixot import fitting
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._copies import Split, copies_growth, others_moved, parted
from mixot.experiments._splits import collapsed, covariance, reference_fixed_point, settled
from mixot.experiments._squares import FAMILY, costs, squares_sample
from mixot.experiments.outcome import Outcome, at
from mixot.reference import likelihood
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "later_splits"
PROBLEMS = (
    "faithful",
    "iris",
    "wine",
    "isotropic",
    "well_separated",
    "anisotropic",
    "overlapping",
    "imbalanced",
)
# Factors between temperatures, down and up, and from a split to where its branches are distinct.
_COOLING, _WARMING, _BELOW = 0.95, 1.005, 0.97


@dataclass(frozen=True)
class Options:
    """n_splits: after the first; drawn: problems with a diagram, of n_copies centroids.

    beside: how far from a critical temperature fits are made; n_stages: temperatures after which a
    search is given up.
    """

    problems: tuple[str, ...] = PROBLEMS
    n_samples: int = 200
    n_splits: int = 3
    beside: float = 0.03
    n_stages: int = 80
    max_iter: int = 3000
    drawn: tuple[str, ...] = ("faithful", "iris", "anisotropic")
    n_copies: int = 12
    n_temperatures: int = 150


def run(options: Options) -> Outcome:
    """Follow every problem through its splits, and draw some."""
    found = []
    series: dict[str, Array] = {"drawn": np.array(options.drawn)}
    for name in options.problems:
        sample = squares_sample(NAME, name, options.n_samples)
        rng = stream("experiment", NAME, name)
        records: list[dict[str, Any]] = []
        split = _first(sample)
        predicted = [split.epsilon]
        for number in range(2, options.n_splits + 2):
            begin = settled(sample, _after(sample, split), _BELOW * split.epsilon)
            reached = _next(options, sample, begin, _BELOW * split.epsilon)
            if reached is None:
                break
            split, expected, naive = reached
            records += _records(options, sample, split, expected, naive, number)
            predicted.append(expected)
        found += at(name, FAMILY.name, records)
        if name in options.drawn:
            epsilons, centroids = _diagram(options, sample, predicted, rng)
            series |= {
                f"{name} epsilons": epsilons,
                f"{name} centroids": centroids,
                f"{name} predicted": np.array(predicted),
            }
    return Outcome(tuple(found), series)


def _after(sample: Sample, split: Split) -> Mixture:
    """Return where plain steps lead from a displaced copy, a little below the split.

    Accelerated ones might end in the fixed point that has just become unstable.
    """
    return fitting.fit(
        sample,
        parted(split, 0.5),
        FAMILY,
        epsilon=_BELOW * split.epsilon,
        tol=1e-3,
        n_threads=1,
    ).mixture


def _first(sample: Sample) -> Split:
    """Return the first split, at collapse, where one centroid stands for all."""
    values, vectors = np.linalg.eigh(covariance(sample.points, sample.weights))
    return Split(2.0 * float(values[-1]), collapsed(sample, np.ones(1)), 0, vectors[:, -1])


def _next(
    options: Options,
    sample: Sample,
    mixture: Mixture,
    epsilon: float,
) -> tuple[Split, float, float] | None:
    """Return the next split of the library, the reference's temperature, and the naive one."""
    n_components, d = np.shape(mixture.parameters["means"])
    directions, rates = np.zeros((n_components, d)), np.zeros(n_components)

    def follow(at_epsilon: float, centroids: Sequence[int]) -> None:
        nonlocal mixture
        mixture = settled(sample, mixture, at_epsilon)
        for k in centroids:
            rates[k], directions[k] = copies_growth(sample, mixture, at_epsilon, k)

    follow(epsilon, range(n_components))
    # Where the split before is near, this one may lie at higher temperatures already.
    warming = bool(rates.max() > 1.0)
    for _ in range(options.n_stages):
        before, k = epsilon, int(rates.argmax())
        epsilon *= _WARMING if warming else _COOLING
        follow(epsilon, range(n_components))
        if (rates.max() > 1.0) != warming:
            break
    else:
        return None
    k = k if warming else int(rates.argmax())
    low, high = sorted((before, epsilon))
    begin = mixture

    def rate(at_epsilon: float) -> float:
        follow(at_epsilon, [k])
        return float(rates[k]) - 1.0

    seen = scipy.optimize.brentq(rate, low, high, xtol=1e-13, rtol=1e-12)
    rate(seen)
    expected, naive = _reference(sample, begin, k, low, high)
    return Split(seen, mixture, k, directions[k]), expected, naive


def _reference(
    sample: Sample, mixture: Mixture, k: int, low: float, high: float
) -> tuple[float, float]:
    """Return the root of eps = 2 lambda_max(Sigma_k(eps)), and 2 lambda_max of the hard cluster."""
    points, a = sample.points, sample.weights
    found = [mixture]

    def excess(epsilon: float) -> float:
        found[0] = reference_fixed_point(sample, found[0], epsilon)
        cost = costs(points, found[0].parameters["means"])
        plan = likelihood.estep_plan(cost, a, found[0].weights, epsilon)
        return epsilon - 2.0 * float(np.linalg.eigvalsh(covariance(points, plan[:, k]))[-1])

    root = float(scipy.optimize.brentq(excess, low, high, xtol=1e-13, rtol=1e-12))
    nearest = costs(points, found[0].parameters["means"]).argmin(axis=1) == k
    naive = 2.0 * float(np.linalg.eigvalsh(covariance(points, np.where(nearest, a, 0.0)))[-1])
    return root, naive


def _records(
    options: Options, sample: Sample, split: Split, expected: float, naive: float, number: int
) -> list[dict[str, Any]]:
    sides = Sides(
        state=f"split {number}",
        left="fitting.step: growth of two copies, at the fixed point of fitting.fit",
        right="root of eps = 2 lambda_max(Sigma_k(eps)), by the reference",
        notes=f"{split.mixture.n_components} centroids, hard cluster {naive / expected:.4f}",
    )

    def apart(factor: float) -> float:
        ended = fitting.fit(
            sample,
            parted(split, 0.01),
            FAMILY,
            epsilon=factor * expected,
            tol=1e-9,
            max_iter=options.max_iter,
            n_threads=1,
        )
        means = np.asarray(ended.mixture.parameters["means"])
        return float(np.linalg.norm(means[split.k] - means[-1])) / np.sqrt(expected)

    above, below = apart(1.0 + options.beside), apart(1.0 - options.beside)
    return [
        record(
            "G5",
            "critical temperature",
            abs(split.epsilon - expected) / expected,
            epsilon=expected,
            control={"hard cluster": abs(split.epsilon - naive) / expected},
            **sides,
        ),
        record(
            "G5",
            "others moved",
            others_moved(sample, split, 1.0),
            epsilon=split.epsilon,
            control={"copy at rest": others_moved(sample, split, 0.0)},
            **sides,
        ),
        record(
            "G5",
            "copies apart above it",
            difference(above, 0.0),
            epsilon=(1.0 + options.beside) * expected,
            control={"below it": difference(below, 0.0)},
            **sides,
        ),
        record(
            "G5",
            "copies apart below it",
            below,
            epsilon=(1.0 - options.beside) * expected,
            **sides,
        ),
    ]


def _diagram(
    options: Options, sample: Sample, predicted: list[float], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return temperatures (T,) and projected centroids (T, n_copies) of an annealing."""
    axis = _first(sample).direction
    centre = sample.weights @ sample.points
    epsilons = np.geomspace(1.3 * predicted[0], 0.95 * predicted[-1], options.n_temperatures)
    mixture = collapsed(sample, np.full(options.n_copies, 1.0 / options.n_copies))
    centroids = np.empty((epsilons.size, options.n_copies))
    for row, epsilon in enumerate(epsilons):
        means = np.asarray(mixture.parameters["means"])
        nudged = means + 1e-3 * np.sqrt(epsilon) * rng.normal(size=means.shape)
        mixture = fitting.fit(
            sample,
            Mixture(mixture.weights, {"means": nudged}),
            FAMILY,
            epsilon=float(epsilon),
            tol=1e-7,
            max_iter=options.max_iter,
            n_threads=1,
        ).mixture
        centroids[row] = (np.asarray(mixture.parameters["means"]) - centre) @ axis
    return epsilons, centroids
