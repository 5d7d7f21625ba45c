"""F8: the hard plan with a known isotropic covariance is k-means, and how far the tempered one is.

With the cost |x - mu|^2 (variance 1/2, up to a constant) left stands the library's fit with the
plan `hard`, right scikit-learn's Lloyd iterations from the same centres: iterate by iterate, and at
the end. Of the tempered optimum it is asked that

    0 <= min L_eps - inertia* <= eps H(b*),

inertia* the smallest that k-means can reach, and b* the shares of its clusters: on a line, where
dynamic programming finds it exactly, with the library's tempered fit from there; and with the slope
of the difference in eps, which tends to H(b*).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from mixot import fitting
from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments._squares import FAMILY, costs, offset, squares_sample
from mixot.experiments.outcome import Outcome, at
from mixot.reference import likelihood
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "kmeans_limit"
CLOUDS = ("faithful", "iris", "wine", "isotropic", "well_separated", "overlapping")
LINES = ("faithful", "iris", "wine", "overlapping", "well_separated")


@dataclass(frozen=True)
class Options:
    """clouds: problems compared with Lloyd; lines: columns on which k-means is solved exactly.

    epsilons: over the inertia per observation; cold: over the smallest gap of the optimum. Up to
    256 rows scikit-learn sums in one order, whatever the number of threads.
    """

    clouds: tuple[str, ...] = CLOUDS
    lines: tuple[str, ...] = LINES
    n_samples: int = 250
    n_components: int = 4
    starts: int = 5
    max_iter: int = 40
    epsilons: tuple[float, ...] = (0.02, 0.1, 0.5, 2.0)
    cold: float = 0.02


def run(options: Options) -> Outcome:
    """Compare paths and ends with Lloyd's, and optima with the exact ones."""
    found = []
    for name in options.clouds:
        sample = squares_sample(NAME, name, options.n_samples)
        for start in range(options.starts):
            rng = stream("experiment", NAME, name, start)
            rows = rng.choice(sample.weights.size, size=options.n_components, replace=False)
            records = _path(options, sample, sample.points[rows])
            found += at(name, FAMILY.name, records, start)
    for name in options.lines:
        sample = squares_sample(NAME, name, options.n_samples, one_column=True)
        found += at(f"{name}-column", FAMILY.name, _optimum(options, sample))
    return Outcome(tuple(found))


def exact_kmeans(x: Array, a: Array, n_components: int) -> tuple[float, NDArray[np.intp]]:
    """Return the least sum_i a_i |x_i - mu|^2 on a line, and the labels (n,), by programming.

    Optimal clusters are intervals: with the rows in order, the best split of the first j rows into
    k intervals is one of those into k - 1 and a last interval.
    """
    order = np.argsort(x, kind="stable")
    x, a = x[order] - float(a @ x), a[order]
    mass, first, second = (np.append(0.0, np.cumsum(a * x**p)) for p in range(3))

    def within(low: NDArray[np.intp], high: int) -> Array:
        """Return the sum of squares of rows low .. high - 1 about their mean."""
        weight = mass[high] - mass[low]
        return np.asarray(second[high] - second[low] - (first[high] - first[low]) ** 2 / weight)

    n_samples = x.size
    best = np.full((n_components + 1, n_samples + 1), np.inf)
    best[0, 0] = 0.0
    cut = np.zeros((n_components + 1, n_samples + 1), dtype=np.intp)
    for k in range(1, n_components + 1):
        for high in range(k, n_samples + 1):
            lows = np.arange(k - 1, high)
            totals = best[k - 1, lows] + within(lows, high)
            choice = int(totals.argmin())
            best[k, high], cut[k, high] = totals[choice], lows[choice]
    labels = np.empty(n_samples, dtype=np.intp)
    high = n_samples
    for k in range(n_components, 0, -1):
        labels[order[cut[k, high] : high]] = k - 1
        high = int(cut[k, high])
    return float(best[n_components, n_samples]), labels


def _path(options: Options, sample: Sample, centres: Array) -> list[dict[str, object]]:
    n_components = centres.shape[0]
    start = Mixture(np.full(n_components, 1.0 / n_components), {"means": centres})
    fitted = fitting.fit(sample, start, FAMILY, plan="hard", max_iter=options.max_iter, n_threads=1)
    path = fitted.trace.parameters["means"]
    lloyd = [_lloyd(sample, centres, t).cluster_centers_ for t in range(1, path.shape[0])]
    ended = _lloyd(sample, centres, 300)
    late = [centres, *lloyd[:-1]]
    sides = Sides(
        state=f"{len(lloyd)} iterations",
        left="fitting.fit(hard), covariance 1/2",
        right="sklearn.cluster.KMeans, Lloyd",
        notes=str(fitted.status),
    )
    inertia = float(sample.weights @ costs(sample.points, ended.cluster_centers_).min(axis=1))
    return [
        record(
            "F8",
            "iterates",
            difference(path[1:], np.stack(lloyd)),
            control={"an iteration late": difference(path[1:], np.stack(late))},
            **sides,
        ),
        record(
            "F8",
            "inertia at the end",
            difference(fitted.objective - offset(sample), inertia),
            control={
                "at the start": difference(fitted.trace.objective[0] - offset(sample), inertia)
            },
            **sides,
        ),
    ]


def _lloyd(sample: Sample, centres: Array, max_iter: int) -> KMeans:
    model = KMeans(
        centres.shape[0], init=centres, n_init=1, max_iter=max_iter, tol=0.0, algorithm="lloyd"
    )
    return model.fit(sample.points, sample_weight=sample.weights)


def _optimum(options: Options, sample: Sample) -> list[dict[str, object]]:
    """Hold the tempered optimum between its bounds, from the exact optimum of k-means."""
    x, a = sample.points[:, 0], sample.weights
    inertia, labels = exact_kmeans(x, a, options.n_components)
    members: Array = np.eye(options.n_components)[labels]
    shares = a @ members
    centres = (a * x) @ members / shares
    start = Mixture(shares, {"means": centres[:, None]})
    entropy = likelihood.entropy(shares)
    gaps = np.sort(costs(sample.points, centres[:, None]), axis=1)
    coldest = options.cold * float((gaps[:, 1] - gaps[:, 0]).min())
    sides = Sides(
        state="line",
        left="fitting.fit(semirelaxed) from the optimum of k-means",
        right="k-means by dynamic programming",
    )
    found = []
    for epsilon in (coldest, *(inertia * e for e in options.epsilons)):
        fitted = fitting.fit(sample, start, FAMILY, epsilon=epsilon, n_threads=1)
        value = fitted.objective - offset(sample)
        reached = costs(sample.points, fitted.mixture.parameters["means"])
        uniform = np.full(options.n_components, 1.0 / options.n_components)
        unnormalised = likelihood.negative_log_likelihood(
            reached, a, uniform, epsilon
        ) - epsilon * math.log(options.n_components)
        found += [
            record(
                "F8",
                "below k-means",
                excess(inertia, value),
                epsilon=epsilon,
                control={"no weights": excess(inertia, unnormalised)},
                **sides,
            ),
            record(
                "F8",
                "above the entropy",
                excess(value, inertia + epsilon * entropy),
                epsilon=epsilon,
                control={"half the entropy": excess(value, inertia + 0.5 * epsilon * entropy)},
                **sides,
            ),
        ]
        if epsilon == coldest:
            slope = (value - inertia) / epsilon
            found.append(
                record(
                    "F8",
                    "slope",
                    difference(slope, entropy),
                    epsilon=epsilon,
                    control={
                        "log K": difference(slope, math.log(options.n_components)),
                    },
                    **sides,
                )
            )
    return found
