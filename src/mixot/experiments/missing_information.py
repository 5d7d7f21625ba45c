"""I1, I1d: how fast EM converges, and where accelerated fits end.

Left, the derivative of the library's EM step at the limit of a fit, by differences, and the ratio
of the last steps of that fit. Right, the eigenvalues of I - I_c^{-1} I_obs from the complete and
the observed information (`_information`), of which the largest is the predicted rate.

The accelerated fits of the library begin where EM began, and must end where it ended.

Series: `rates` (3, m) predicted, of the map and of the fit, for the m fits in `names`.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, record
from mixot.experiments._information import Coordinates, jacobian, missing_fractions
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.bernoulli import Bernoulli
from mixot.families.exponential import Exponential
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.fitting.fit import Fit, fit, step
from mixot.fitting.starts.smoothed import smoothed_start
from mixot.problems.library import faithful, iris, overlapping, poisson, times_deaths
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "missing_information"
# Fits end this near their limits, in the metric of KL.
_TOL = 1e-10
# A fit's steps are compared down to here; their own rounding is near 1e-15.
_SHORTEST = 1e-9
# Differences over this fraction of a coordinate's natural length.
_LENGTH = 1e-3


@dataclass(frozen=True)
class Options:
    """datasets: one problem each; n_samples: of those drawn here."""

    datasets: tuple[str, ...] = (
        "times_deaths",
        "faithful",
        "faithful-tied",
        "iris-tied",
        "poisson",
        "overlapping",
        "exponential",
        "bernoulli",
    )
    n_samples: int = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """A fit that is going to converge."""

    sample: Sample
    start: Mixture
    family: Family


def run(options: Options) -> Outcome:
    """Compare rates, and limits, on every data set."""
    found, rates = [], []
    for name in options.datasets:
        case = _case(name, options.n_samples)
        records, measured = _compare(case)
        found += at(name, case.family.name, records)
        rates.append(measured)
    return Outcome(tuple(found), {"names": np.array(options.datasets), "rates": np.array(rates).T})


def map_eigenvalues(coordinates: Coordinates, case: Case, mixture: Mixture) -> Array:
    """Return the eigenvalues of the derivative of the library's step, the largest first."""

    def moved(vector: Array) -> Array:
        after = step(case.sample, coordinates.mixture(vector), case.family)
        return coordinates.vector(after)

    slopes = jacobian(moved, coordinates.vector(mixture), _LENGTH * coordinates.scales())
    return np.sort(np.linalg.eigvals(slopes).real)[::-1]


def _compare(case: Case) -> tuple[list[dict[str, object]], tuple[float, float, float]]:
    em = _fit(case, None)
    coordinates = Coordinates(case.family.name, em.mixture)
    predicted = missing_fractions(coordinates, case.sample, em.mixture)
    known = missing_fractions(coordinates, case.sample, em.mixture, known_weights=True)
    of_map = map_eigenvalues(coordinates, case, em.mixture)
    seen = _last_ratio(em.trace.step)
    right = "complete and observed information by complex steps"
    sides = Sides(
        state="limit",
        left="fitting.fit.step, differentiated",
        right=right,
        notes=f"rate {predicted[0]:.9f}",
    )
    found = [
        record(
            "I1",
            "rate of the map",
            difference(of_map[0], predicted[0]),
            control={"known weights": difference(of_map[0], known[0])},
            **sides,
        ),
        record("I1", "all eigenvalues", difference(of_map, predicted), **sides),
        record(
            "I1",
            "rate of a fit",
            difference(seen, predicted[0]),
            state="limit",
            left="ratio of the last steps of fitting.fit",
            right=right,
            control={"known weights": difference(seen, known[0])},
            notes=f"{em.n_iter} steps",
        ),
        record("I1", "largest fraction of missing information", predicted[0], **sides),
        *_accelerated(case, em, coordinates),
    ]
    return found, (predicted[0], of_map[0], seen)


def _accelerated(case: Case, em: Fit, coordinates: Coordinates) -> list[dict[str, object]]:
    found = []
    limit = coordinates.vector(em.mixture) / coordinates.scales()
    for method in ("squarem", "anderson"):
        fast = _fit(case, method)
        # EM after as many sweeps, for what the acceleration is worth.
        early = fit(
            case.sample, case.start, case.family, tol=_TOL, max_iter=fast.n_objective, n_threads=1
        )
        ended, slow = (
            coordinates.vector(one.mixture) / coordinates.scales() for one in (fast, early)
        )
        sides = Sides(state=method, left=f"fitting.fit by {method}", right="fitting.fit by EM")
        found += [
            record(
                "I1d",
                f"limit of {method}",
                difference(ended, limit),
                control={"as many sweeps of EM": difference(slow, limit)},
                **sides,
            ),
            record(
                "I1d", f"sweeps of {method} over EM's", fast.n_objective / em.n_objective, **sides
            ),
        ]
    return found


def _fit(case: Case, acceleration: str | None) -> Fit:
    return fit(
        case.sample,
        case.start,
        case.family,
        tol=_TOL,
        max_iter=20_000,
        acceleration=acceleration,
        n_threads=1,
    )


def _last_ratio(steps: Array) -> float:
    usable = steps[steps > _SHORTEST]
    return float(usable[-1] / usable[-2]) if usable.size > 1 else float("nan")


def _case(name: str, n_samples: int) -> Case:
    """Return a data set's sample, and a start from which EM converges to a regular maximum."""
    rng = stream("experiment", NAME, name)
    if name == "times_deaths":
        start = Mixture(np.array([0.3, 0.7]), {"rates": np.array([[1.0], [2.5]])})
        return Case(times_deaths.make(0).sample, start, Poisson())
    if name == "poisson":
        drawn = poisson.make(0, n_samples=n_samples)
        assert drawn.truth is not None
        return Case(drawn.sample, drawn.truth, Poisson())
    if name == "overlapping":
        drawn = overlapping.make(0, n_samples=n_samples)
        assert drawn.truth is not None
        return Case(drawn.sample, drawn.truth, Gaussian("full"))
    if name == "exponential":
        rates = np.array([[0.3, 1.0], [2.0, 0.7]])
        labels = rng.integers(2, size=n_samples)
        points = rng.exponential(1.0 / rates[labels])
        return Case(_sample(points), Mixture(np.full(2, 0.5), {"rates": rates}), Exponential())
    if name == "bernoulli":
        ones = rng.uniform(0.15, 0.85, size=(3, 10))
        values = rng.random((n_samples, 10)) < ones[rng.integers(3, size=n_samples)]
        start = Mixture(np.full(3, 1.0 / 3.0), {"probabilities": ones})
        return Case(_sample(values.astype(np.float64)), start, Bernoulli())
    table, _, shape = name.partition("-")
    given = {"faithful": faithful, "iris": iris}[table].make(0)
    family = Gaussian(shape or "full")
    start = smoothed_start(given.sample, family, given.n_components, rng)
    return Case(given.sample, start, family)


def _sample(points: Array) -> Sample:
    n_samples = points.shape[0]
    return Sample(points, np.full(n_samples, 1.0 / n_samples), float(n_samples))
