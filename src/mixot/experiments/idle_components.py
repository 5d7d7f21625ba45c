"""O3, O6: components that EM cannot use: one without weight, and one that is a copy of another.

O3. Left, the library's loop from a mixture whose last component has no weight. Right, EM written
for reading, with the other components alone.

O6. Left, the library's loop from a mixture with a component in two copies. Its kernel is known, and
the difference of the copies' means grows by the largest eigenvalue of

    sum_i a_i r_ik (x_i - mu_k)(x_i - mu_k)' / sum_i a_i r_ik        (variance of the kernel 1),

the second moment that the component sees, at the fixed point without the copy. Right, that
eigenvalue by the references. Rounding grows like any difference, so that copies are followed for a
few steps only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, record
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.fitting import Fit, fit, log_likelihood, start, step
from mixot.reference import densities, em, likelihood
from mixot.streams import stream
from mixot.types import Array, Mixture, Parameters, Sample

NAME = "idle_components"
PLANS = ("semirelaxed", "balanced")


@dataclass(frozen=True)
class Options:
    """dimensions: one problem each; slight: the weight, or the distance of copies, of a control.

    n_iter, n_copied: steps with a component that has no weight, and with copies.
    """

    n_samples: int = 300
    dimensions: tuple[int, ...] = (1, 2, 3, 4, 5)
    seeds: int = 2
    n_iter: int = 40
    n_copied: int = 5
    slight: float = 1e-6


def run(options: Options) -> Outcome:
    """Look at both kinds in every dimension."""
    found = []
    for d in options.dimensions:
        for seed in range(options.seeds):
            points = _clusters(options.n_samples, d, seed)
            a = stream("experiment", NAME, d, seed, "masses").dirichlet(np.full(len(points), 5.0))
            sample = Sample(points, a, float(len(points)))
            for family in (Gaussian("full"), Gaussian("known", covariance=np.array(1.0))):
                found += at(f"dimension-{d}", family.name, _empty(options, sample, family), seed)
            counts = Sample(np.rint(np.exp(0.6 * points), dtype=np.float64), a, sample.size)
            found += at(f"dimension-{d}", "poisson", _empty(options, counts, Poisson()), seed)
            copies = _copies(options, sample, d, seed)
            found += at(f"dimension-{d}", "gaussian-known", copies, seed)
    return Outcome(tuple(found))


def _clusters(n_samples: int, d: int, seed: int) -> Array:
    """Draw three clusters on a line through the space, the third of them twice as far away."""
    rng = stream("experiment", NAME, d, seed, "points")
    along = rng.choice([-2.0, 0.0, 4.0], size=n_samples, p=[0.4, 0.3, 0.3])
    direction = rng.normal(size=d)
    return along[:, None] * direction / np.linalg.norm(direction) + rng.normal(size=(n_samples, d))


def _empty(options: Options, sample: Sample, family: Family) -> list[dict[str, object]]:
    """Follow a mixture of three of which the last has no weight."""
    rng = stream("experiment", NAME, family.name, sample.points.shape[1], "start")
    begun = start(sample, family, 3, "random-points", rng=rng)
    own = np.array([0.6, 0.4])
    little = _weighted(begun, options.slight)
    slight = _follow(options.n_iter, sample, family, little, "semirelaxed")
    found = []
    for plan in PLANS:
        followed = _follow(options.n_iter, sample, family, _weighted(begun, 0.0), plan)
        path = em.em_path(
            family.name,
            sample.points,
            sample.weights,
            own,
            {name: values[:2] for name, values in begun.parameters.items()},
            followed.n_iter,
            weights_free=plan == "semirelaxed",
            plan=plan,
            covariance=1.0,
        )
        sides = Sides(state=plan, left="fit with a component of no weight", right="itself, before")
        apart = _apart(followed.mixture, path[-1])
        found += [
            record(
                "O3",
                "weight",
                float(followed.trace.weights[:, 2].max()),
                control={"a little weight": float(slight.trace.weights[:, 2].max())},
                **sides,
            ),
            record(
                "O3",
                "parameters",
                _moved(followed.mixture.parameters, begun.parameters),
                control={"a little weight": _moved(slight.mixture.parameters, begun.parameters)},
                **sides,
            ),
            record(
                "O3",
                "the others",
                apart,
                state=plan,
                left="fit with a component of no weight",
                right="reference.em without it",
                control={"a little weight": _apart(slight.mixture, path[-1])},
                notes=f"{followed.status}",
            ),
        ]
    return found


def _weighted(mixture: Mixture, last: float) -> Mixture:
    return Mixture(np.array([0.6 - 0.5 * last, 0.4 - 0.5 * last, last]), mixture.parameters)


def _follow(n_iter: int, sample: Sample, family: Family, begun: Mixture, plan: str) -> Fit:
    return fit(
        sample,
        begun,
        family,
        plan=plan,
        weights="free" if plan == "semirelaxed" else "fixed",
        tol=1e-300,
        max_iter=n_iter,
        n_threads=1,
    )


def _moved(now: Parameters, before: Parameters) -> float:
    return max(difference(now[name][2], before[name][2]) for name in now)


def _apart(mixture: Mixture, other: em.Iterate) -> float:
    parameters = mixture.parameters
    return max(
        difference(mixture.weights[:2], other.weights),
        *(difference(values[:2], other.parameters[name]) for name, values in parameters.items()),
    )


def _copies(options: Options, sample: Sample, d: int, seed: int) -> list[dict[str, object]]:
    """Put a component of a converged fit in two copies, and look at their difference."""
    family = Gaussian("known", covariance=np.array(1.0))
    rng = stream("experiment", NAME, d, seed, "two")
    begun = start(sample, family, 2, rng=rng)
    two = fit(sample, begun, family, tol=1e-12, n_threads=1).mixture
    seen = [_second_moment(sample, two, k) for k in range(2)]
    k = int(np.argmax([values[-1] for values, _ in seen]))
    values, vectors = seen[k]
    growth, along = float(values[-1]), vectors[:, -1]
    across = [other for other, _ in seen][1 - k]
    twice = _twice(begun, k, np.zeros(d))
    sides = Sides(state="copies", left="fitting.fit", right="reference.likelihood")
    kept = _follow(options.n_copied, sample, family, twice, "semirelaxed")
    left = fit(sample, _twice(two, k, options.slight * along), family, n_threads=1)
    merged = -log_likelihood(sample, two, family)
    hard = _hard_moment(sample, two, k)
    slope = _growth(sample, family, two, k, along)
    return [
        record(
            "O6",
            "difference of the copies",
            _gap(kept.mixture),
            control={"slightly apart": _gap(left.mixture)},
            **sides,
        ),
        record(
            "O6",
            "growth",
            difference(slope, growth),
            state="copies",
            left="fitting.step, differentiated",
            right="second moment seen by the component, by the references",
            control={"hard clusters": difference(slope, hard), "none": difference(1.0, growth)},
            notes=f"growth {growth:.6f}, of the other component {float(across[-1]):.6f}",
        ),
        record("O6", "rate of growth", growth, **sides),
        record("O6", "likelihood gained", merged - left.objective, **sides),
    ]


def _twice(mixture: Mixture, k: int, apart: Array) -> Mixture:
    """Return the mixture with component k in two copies of equal weight, last, `apart` from it."""
    means, weights = mixture.parameters["means"], mixture.weights
    others = np.delete(means, k, axis=0)
    copies = means[k] + np.stack([apart, -apart])
    halves = np.full(2, 0.5 * weights[k])
    return Mixture(
        np.concatenate([np.delete(weights, k), halves]), {"means": np.vstack([others, copies])}
    )


def _gap(mixture: Mixture) -> float:
    means = mixture.parameters["means"]
    return float(np.abs(means[-1] - means[-2]).max())


def _growth(sample: Sample, family: Family, two: Mixture, k: int, along: Array) -> float:
    """Return the slope of the copies' distance along a direction after a step, by five points."""

    def moved(h: float) -> float:
        means = step(sample, _twice(two, k, h * along), family).parameters["means"]
        return float(along @ (means[-2] - means[-1])) / 2.0

    h = 2e-3
    return (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h)


def _responsibilities(sample: Sample, mixture: Mixture) -> Array:
    parameters: Mapping[str, Array] = mixture.parameters
    cost = densities.costs("gaussian-known", sample.points, dict(parameters), covariance=1.0)
    return likelihood.responsibilities(cost, mixture.weights)


def _second_moment(sample: Sample, mixture: Mixture, k: int) -> tuple[Array, Array]:
    masses = sample.weights * _responsibilities(sample, mixture)[:, k]
    away = sample.points - mixture.parameters["means"][k]
    return np.linalg.eigh(em.sum_of_squares(away, masses) / masses.sum())


def _hard_moment(sample: Sample, mixture: Mixture, k: int) -> float:
    mine = _responsibilities(sample, mixture).argmax(axis=1) == k
    masses = sample.weights[mine] / sample.weights[mine].sum()
    away = sample.points[mine] - masses @ sample.points[mine]
    return float(np.linalg.eigvalsh(em.sum_of_squares(away, masses))[-1])
