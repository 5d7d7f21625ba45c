"""Q: how often random starts reach the best optimum, by method, and what restarts and cooling buy.

Means of unit normals are fitted to a sample of each design, from means at points drawn at random.
The methods share their starts. Each has succeeded where its own objective is within 1e-6 of the
lowest value found by any of them, the truth among the starts:

- with the design's weights: EM; EM cooled from above the first transition (G2); EM from where
  k-means ends; Sinkhorn EM; Sinkhorn EM cooled; EM from where Sinkhorn EM ends;
- with free weights: EM; EM cooled; EM from where k-means ends.

Left, success rates of the library with Wilson's intervals; nothing stands on the right. Rates are
those of random starts on the one sample of a design: what changes with the sample is not in the
intervals.

Series: for each design a row a method: rate of success, lower and upper end of its interval, rate
of the best of n_init starts, median number of iterations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, record
from mixot.experiments._rates import paired_difference, restarts_needed, restarts_success, wilson
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.fitting import Annealing, Fit, fit, fit_restarts
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "random_starts"

# Weights and means of the truths. Where weights are unequal labels may go wrong: a known weight
# ends at another cluster than its own. Where they are equal, a cluster may get two means and two
# others one between them; in "six-equal" clusters come in pairs, which invites it.
DESIGNS: dict[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]] = {
    "two": ((0.3, 0.7), ((0.0,), (3.0,))),
    "three": ((0.2, 0.5, 0.3), ((0.0,), (3.0,), (6.0,))),
    "three-skewed": ((0.1, 0.3, 0.6), ((0.0,), (3.0,), (6.0,))),
    "five-equal": (
        (0.2, 0.2, 0.2, 0.2, 0.2),
        ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0), (4.0, 4.0), (8.0, 2.0)),
    ),
    "five-unequal": (
        (0.1, 0.15, 0.2, 0.25, 0.3),
        ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0), (4.0, 4.0), (8.0, 2.0)),
    ),
    "six-equal": (
        (1 / 6,) * 6,
        ((0.0, 0.0), (3.0, 0.0), (12.0, 0.0), (15.0, 0.0), (6.0, 10.0), (9.0, 10.0)),
    ),
}
METHODS = (
    "EM",
    "EM, cooled",
    "EM after k-means",
    "Sinkhorn EM",
    "Sinkhorn EM, cooled",
    "EM after Sinkhorn EM",
    "EM, free weights",
    "EM, free weights, cooled",
    "EM, free weights, after k-means",
)
# The objectives that methods minimise: values of different ones are not comparable.
_OBJECTIVE = ("known", "known", "known", "balanced", "balanced", "known", "free", "free", "free")
_SUCCESS = 1e-6


@dataclass(frozen=True)
class Options:
    """designs: one problem each; n_starts: random starts on each sample; n_init: of fit_restarts.

    stages: temperatures from above the first transition down to 1.
    """

    designs: tuple[str, ...] = tuple(DESIGNS)
    n_samples: int = 1000
    n_starts: int = 60
    n_init: int = 10
    stages: int = 6


@dataclass(frozen=True, slots=True)
class _Design:
    sample: Sample
    truth: Mixture
    family: Family
    cooling: Annealing


def run(options: Options) -> Outcome:
    """Fit every design by every method from the same random starts."""
    found: list[dict[str, object]] = []
    series = {}
    for name in options.designs:
        design = _make(name, options)
        made = _attempts(options, design, name)
        hits = made.success.sum(axis=1).astype(int).tolist()
        n = options.n_starts
        series[name] = np.array(
            [
                (count / n, *wilson(count, n), restarts_success(count, n, options.n_init), middle)
                for count, middle in zip(hits, np.median(made.iterations, axis=1), strict=True)
            ]
        )
        found += at(name, "gaussian-known", [*_rates(options, made), *_comparisons(made)])
        found += at(name, "gaussian-known", [_by_restarts(options, design, name, made.lowest)])
    return Outcome(tuple(found), series)


def _make(name: str, options: Options) -> _Design:
    weights, means = (np.array(values) for values in DESIGNS[name])
    rng = stream("experiment", NAME, name, "points")
    labels = rng.choice(weights.size, size=options.n_samples, p=weights)
    points = means[labels] + rng.normal(size=(options.n_samples, means.shape[1]))
    n = options.n_samples
    sample = Sample(points, np.full(n, 1.0 / n), float(n))
    # The first transition of unit normals is at the largest variance (G2).
    first = np.linalg.eigvalsh(np.atleast_2d(np.cov(points.T, bias=True)))[-1]
    temperatures = np.geomspace(1.1 * first, 1.0, options.stages)
    return _Design(
        sample,
        Mixture(weights, {"means": means}),
        Gaussian("known", covariance=np.array(1.0)),
        Annealing(tuple(temperatures.tolist())),
    )


@dataclass(frozen=True, slots=True)
class _Attempts:
    """success: (methods, starts) of 0 and 1; iterations: as many; lowest: values by objective."""

    success: Array
    iterations: Array
    lowest: dict[str, float]


def _attempts(options: Options, design: _Design, name: str) -> _Attempts:
    shape = (len(METHODS), options.n_starts)
    values, iterations = np.empty(shape), np.empty(shape)
    for number in range(options.n_starts):
        rng = stream("experiment", NAME, name, "start", number)
        for row, ended in enumerate(_fits(design, _random_means(design, rng))):
            values[row, number] = ended[-1].objective
            iterations[row, number] = sum(one.n_iter for one in ended)
    lowest = {
        objective: min(
            values[[row for row, o in enumerate(_OBJECTIVE) if o == objective]].min(),
            from_truth.objective,
        )
        for objective, from_truth in _from_truth(design).items()
    }
    best = np.array([lowest[objective] for objective in _OBJECTIVE])
    success = (values <= best[:, None] + _SUCCESS).astype(float)
    return _Attempts(success, iterations, lowest)


def _random_means(design: _Design, rng: np.random.Generator) -> Mixture:
    n_components = design.truth.n_components
    chosen = rng.choice(design.sample.weights.size, size=n_components, replace=False)
    return Mixture(design.truth.weights, {"means": design.sample.points[chosen]})


def _fits(design: _Design, begun: Mixture) -> list[tuple[Fit, ...]]:
    """Return for each method the fits that it consists of, in the order of `METHODS`."""
    equal = np.full(begun.n_components, 1.0 / begun.n_components)
    level = Mixture(equal, begun.parameters)
    em = _fitter(design, "semirelaxed", "fixed")
    sinkhorn = _fitter(design, "balanced", "fixed")
    free = _fitter(design, "semirelaxed", "free")
    hard = _fitter(design, "hard", "free")(begun)
    balanced = sinkhorn(begun)
    clusters = Mixture(begun.weights, hard.mixture.parameters)
    return [
        (em(begun),),
        (em(begun, design.cooling),),
        (hard, em(clusters)),
        (balanced,),
        (sinkhorn(begun, design.cooling),),
        (balanced, em(balanced.mixture)),
        (free(level),),
        (free(level, design.cooling),),
        (hard, free(Mixture(equal, hard.mixture.parameters))),
    ]


def _fitter(design: _Design, plan: str, weights: str) -> Callable[..., Fit]:
    def fitted(begun: Mixture, epsilon: float | Annealing = 1.0) -> Fit:
        return fit(
            design.sample,
            begun,
            design.family,
            plan=plan,
            weights=weights,
            epsilon=epsilon,
            tol=1e-6,
            n_threads=1,
        )

    return fitted


def _from_truth(design: _Design) -> dict[str, Fit]:
    truth = design.truth
    return {
        "known": _fitter(design, "semirelaxed", "fixed")(truth),
        "balanced": _fitter(design, "balanced", "fixed")(truth),
        "free": _fitter(design, "semirelaxed", "free")(truth),
    }


def _rates(options: Options, made: _Attempts) -> list[dict[str, object]]:
    found = []
    for method, success, iterations in zip(METHODS, made.success, made.iterations, strict=True):
        hits, trials = int(success.sum()), success.size
        lower, upper = wilson(hits, trials)
        needed = restarts_needed(hits, trials)
        sides = Sides(
            state=method,
            left="fit from means at random points",
            right="the best of all methods",
            notes=f"{hits} of {trials} succeed, rate in [{lower:.3f}, {upper:.3f}]; "
            f"{needed:g} starts for 99 in 100",
        )
        found += [
            record(
                "Q",
                f"failures, {method}",
                1.0 - hits / trials,
                **sides,
            ),
            record(
                "Q",
                f"failures of the best of {options.n_init}, {method}",
                1.0 - restarts_success(hits, trials, options.n_init),
                **sides,
            ),
            record("Q", f"median iterations, {method}", float(np.median(iterations)), **sides),
        ]
    return found


def _comparisons(made: _Attempts) -> list[dict[str, object]]:
    """Compare rates of success with those of EM with known weights, from the same starts."""
    found = []
    for method in METHODS[1:]:
        difference, lower, upper = paired_difference(
            made.success[METHODS.index(method)], made.success[METHODS.index("EM")]
        )
        sides = Sides(
            state=method,
            left=method,
            right="EM",
            notes=f"difference {difference:+.3f}, in [{lower:+.3f}, {upper:+.3f}]",
        )
        found += [
            record("Q", f"{method} ahead of EM, lower end", lower, **sides),
            record("Q", f"{method} behind EM, lower end", -upper, **sides),
        ]
    return found


def _by_restarts(
    options: Options, design: _Design, name: str, lowest: dict[str, float]
) -> dict[str, object]:
    """Let the library choose its starts: n_init of its default ones, free weights."""
    rng = stream("experiment", NAME, name, "restarts")
    restarts = fit_restarts(
        design.sample,
        design.family,
        design.truth.n_components,
        options.n_init,
        rng=rng,
        tol=1e-6,
        n_threads=1,
    )
    assert restarts.best is not None
    return record(
        "Q",
        "fit_restarts above the best, free weights",
        restarts.best.objective - lowest["free"],
        state="k-means++",
        left="fit_restarts",
        right="the best of all methods",
        notes=f"{restarts.optima[0].hits} of {options.n_init} starts led there",
    )
