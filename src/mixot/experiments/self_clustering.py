"""K2: the clusters in a sample's plan to itself, against those of a Gaussian mixture.

Three normals of unit variance in the plane. Left, scikit-learn's spectral clustering of the plan
that the library transports the sample to itself with, over a grid of temperatures. Right, the
labels of scikit-learn's `GaussianMixture`; the two are compared by the adjusted Rand index. Beside
the plan stands the Gaussian kernel exp(-c / epsilon) that it is scaled from. Nothing is gated: the
question is inspired by Mordant 2023, whose theorem was not seen.

Series: `plan` and `kernel`, separations x temperatures x seeds, the index against the labels of the
mixture; `plan truth`, against the labels that the sample was drawn with; `mixture truth`,
separations x seeds, that of the mixture's labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from mixot import transport
from mixot.evidence.records import Sides, record
from mixot.experiments.outcome import Outcome, at
from mixot.streams import stream
from mixot.types import Array

Labels = NDArray[np.intp]

NAME = "self_clustering"
FAMILY = "gaussian-full"
WEIGHTS = (0.5, 0.3, 0.2)
# The temperature of the kernel whose width is that of the clusters, which is 1.
NATURAL = 2.0


@dataclass(frozen=True)
class Options:
    """separations: sides of the triangle of centres, one problem each.

    temperatures: epsilon over that of the clusters' own width, 2 sigma^2.
    """

    n_samples: int = 240
    separations: tuple[float, ...] = (2.0, 2.5, 3.0, 4.0, 6.0)
    temperatures: tuple[float, ...] = (0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.7, 3.0, 5.0, 10.0)
    seeds: int = 10


def run(options: Options) -> Outcome:
    """Cluster every sample at every temperature."""
    shape = (len(options.separations), len(options.temperatures), options.seeds)
    names = ("plan", "kernel", "plan truth")
    series = {name: np.empty(shape) for name in names}
    series["mixture truth"] = np.empty((shape[0], shape[2]))
    found = []
    for row, separation in enumerate(options.separations):
        for seed in range(options.seeds):
            points, truth = _draw(options.n_samples, separation, seed)
            labels = _mixture_labels(points, seed)
            series["mixture truth"][row, seed] = adjusted_rand_score(truth, labels)
            for column, ratio in enumerate(options.temperatures):
                plan = transport.self_transport(points, ratio * NATURAL).plan
                kernel = np.exp(-cdist(points, points, "sqeuclidean") / (ratio * NATURAL))
                by_plan, by_kernel = spectral_labels(plan), spectral_labels(kernel)
                series["plan"][row, column, seed] = adjusted_rand_score(labels, by_plan)
                series["kernel"][row, column, seed] = adjusted_rand_score(labels, by_kernel)
                series["plan truth"][row, column, seed] = adjusted_rand_score(truth, by_plan)
        plan, kernel = series["plan"][row], series["kernel"][row]
        found += at(f"separation-{separation:g}", FAMILY, _records(options, plan, kernel))
    return Outcome(
        tuple(found),
        {
            "separations": np.array(options.separations),
            "temperatures": np.array(options.temperatures),
            **series,
        },
    )


def spectral_labels(affinity: Array) -> Labels:
    """Return the labels (n,) of three clusters, from a symmetric affinity (n, n)."""
    # What is left of the asymmetry of round-off would be warned of.
    symmetric = 0.5 * (affinity + affinity.T)
    model = SpectralClustering(
        len(WEIGHTS), affinity="precomputed", assign_labels="cluster_qr", random_state=0
    )
    return np.asarray(model.fit_predict(symmetric), dtype=np.intp)


def _draw(n_samples: int, separation: float, seed: int) -> tuple[Array, Labels]:
    """Return points (n, 2) and the component (n,) that each was drawn from."""
    rng = stream("experiment", NAME, "sample", n_samples, seed)
    labels = rng.choice(len(WEIGHTS), size=n_samples, p=WEIGHTS)
    centres = separation * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    return centres[labels] + rng.normal(size=(n_samples, 2)), labels


def _mixture_labels(points: Array, seed: int) -> Labels:
    rng = stream("experiment", NAME, "mixture", seed)
    model = GaussianMixture(
        len(WEIGHTS), tol=1e-6, max_iter=2000, n_init=5, random_state=int(rng.integers(2**31))
    )
    return np.asarray(model.fit_predict(points), dtype=np.intp)


def _records(options: Options, plan: Array, kernel: Array) -> list[dict[str, Any]]:
    """Return the records of one separation, from indices (temperatures, seeds)."""
    means, others = plan.mean(axis=1), kernel.mean(axis=1)
    best = int(means.argmax())
    sides = Sides(
        state=f"{options.seeds} samples",
        left="sklearn.cluster.SpectralClustering of transport.self_transport",
        right="sklearn.mixture.GaussianMixture",
    )
    return [
        record("K2", "index at the best temperature", means[best], **sides),
        record("K2", "best temperature over 2 sigma^2", options.temperatures[best], **sides),
        record("K2", "index at 2 sigma^2", _at_natural(options, means), **sides),
        record("K2", "index of the kernel at its best", float(others.max()), **sides),
    ]


def _at_natural(options: Options, means: Array) -> float:
    where = np.flatnonzero(np.array(options.temperatures) == 1.0)
    return float(means[where[0]]) if where.size else float("nan")
