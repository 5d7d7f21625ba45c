"""I1b: a published problem on which EM is slow, the death notices of The Times.

Left, the library's fits from several starts, plain and accelerated, and the derivative of its EM
step at the maximum. Right, what others published: the maximum to thirteen digits, which the
authors of SQUAREM test their program by, and the eigenvalues of that derivative to four. The
log-likelihood at the published maximum, and EM's steps until one is short, are the reference's.

Series, from the first start: `{method} maps` the EM maps until then and `{method} gap` the negative
log-likelihood, nats an observation, above its minimum, for em, squarem and anderson.
"""

import math
from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import difference, record
from mixot.experiments._information import Coordinates, jacobian
from mixot.experiments._paths import follow
from mixot.experiments.outcome import Outcome, at
from mixot.families.poisson import Poisson
from mixot.fitting.fit import fit, step
from mixot.problems.library import times_deaths
from mixot.reference import densities, em, likelihood
from mixot.types import Array, Mixture, Sample

NAME = "acceleration"
FAMILY = "poisson"
# Weight of the larger rate, that rate, and the other one: the digits in the tests of the R package
# SQUAREM; and the eigenvalues in Varadhan & Roland 2008.
PUBLISHED = (0.6401146029910, 2.6634043566619, 1.2560951012662)
EIGENVALUES = (0.9957, 0.7204, 0.0)
METHODS = ("em", "squarem", "anderson")
# Fits end this near the maximum, in the metric of KL.
_TOL = 1e-10
# Nats an observation above the minimum at which maps are counted.
_GAP = 1e-12
_EARLY = 100
_MOST_CYCLES = 1000
# Weight of the first component and both rates; the first is that of the published comparison.
_STARTS = ((0.3, 1.0, 2.5), (0.8, 2.5, 1.5), (0.5, 0.5, 4.0), (0.1, 0.2, 2.2))


@dataclass(frozen=True)
class Options:
    """starts: how many; shortest: EM's steps, of so many, are counted until one is shorter."""

    starts: int = 4
    shortest: tuple[float, ...] = (1e-7, 1e-8)
    n_counted: int = 3500


def run(options: Options) -> Outcome:
    """Fit from every start by every method."""
    sample = times_deaths.make(0).sample
    published = _published(sample)
    found: list[dict[str, object]] = []
    series: dict[str, Array] = {}
    for number, values in enumerate(_STARTS[: options.starts]):
        start = _mixture(values)
        records, paths = _fits(sample, start, published, f"start {number}")
        found += records
        series = series or paths
    found.append(_eigenvalues(sample, _mixture(_STARTS[0])))
    found += _counts(sample, _mixture(_STARTS[0]), options)
    return Outcome(tuple(at("times_deaths", FAMILY, found)), series)


def _mixture(values: tuple[float, float, float]) -> Mixture:
    weight, first, second = values
    return Mixture(np.array([weight, 1.0 - weight]), {"rates": np.array([[first], [second]])})


def _table(mixture: Mixture) -> Array:
    """Return weight of the larger rate, that rate, the other one: the published order."""
    order = np.argsort(-mixture.parameters["rates"][:, 0])
    return np.append(mixture.weights[order[0]], mixture.parameters["rates"][order, 0])


def _published(sample: Sample) -> float:
    """Return the total log-likelihood at the published digits, in long double."""
    mixture = _mixture(PUBLISHED)
    cost = -densities.generic_log_densities(
        FAMILY, sample.points, dict(mixture.parameters), dtype=np.longdouble
    )
    nll = likelihood.extended_negative_log_likelihood(cost, sample.weights, mixture.weights)
    return -sample.size * float(nll)


def _fits(
    sample: Sample, start: Mixture, published: float, state: str
) -> tuple[list[dict[str, object]], dict[str, Array]]:
    least = -published / sample.size
    early = fit(sample, start, Poisson(), max_iter=_EARLY, tol=_TOL, n_threads=1)
    controls = {
        "a hundred steps of EM": difference(_table(early.mixture), np.array(PUBLISHED)),
    }
    low = {"a hundred steps of EM": difference(-sample.size * early.objective, published)}
    found: list[dict[str, object]] = []
    series: dict[str, Array] = {}
    maps: dict[str, float] = {}
    for method in METHODS:
        ended = fit(
            sample,
            start,
            Poisson(),
            tol=_TOL,
            max_iter=20_000,
            acceleration=None if method == "em" else method,
            n_threads=1,
        )
        gap = ended.trace.objective - least
        reached = np.flatnonzero(gap <= _GAP)
        maps[method] = float(ended.trace.n_map[reached[0]]) if reached.size else float("nan")
        series |= {f"{method} maps": ended.trace.n_map, f"{method} gap": gap}
        left = f"fitting.fit by {method}"
        found += [
            record(
                "I1b",
                f"maximum by {method}",
                difference(_table(ended.mixture), np.array(PUBLISHED)),
                state=state,
                left=left,
                right="published weight and rates",
                control=controls,
            ),
            record(
                "I1b",
                f"log-likelihood by {method}",
                difference(-sample.size * ended.objective, published),
                state=state,
                left=left,
                right="reference.likelihood at the published digits",
                control=low,
                notes=f"log-likelihood {-sample.size * ended.objective:.6f}",
            ),
            record(
                "I1b",
                f"maps of {method}",
                maps[method],
                state=state,
                left=left,
                right="reported",
            ),
        ]
    for method in METHODS[1:]:
        found.append(
            record(
                "I1b",
                f"maps of {method} over EM's",
                maps[method] / maps["em"],
                state=state,
                left=f"maps of {method} to a gap of {_GAP:g} nats",
                right="maps of EM",
                control={"EM itself": 1.0},
            )
        )
    return found, series


def _eigenvalues(sample: Sample, start: Mixture) -> dict[str, object]:
    """Compare the derivative of the library's step with the published eigenvalues."""
    limit = fit(sample, start, Poisson(), tol=_TOL, max_iter=20_000, n_threads=1).mixture
    published = np.array(EIGENVALUES)
    return record(
        "I1b",
        "eigenvalues of the map",
        difference(_slopes(sample, limit), published),
        state="maximum",
        left="fitting.fit.step, differentiated",
        right="published eigenvalues",
        control={"at the start": difference(_slopes(sample, start), published)},
        notes=", ".join(f"{value:.7f}" for value in _slopes(sample, limit)),
    )


def _slopes(sample: Sample, mixture: Mixture) -> Array:
    coordinates = Coordinates(FAMILY, mixture)

    def moved(vector: Array) -> Array:
        return coordinates.vector(step(sample, coordinates.mixture(vector), Poisson()))

    slopes = jacobian(moved, coordinates.vector(mixture), 1e-3 * coordinates.scales())
    return np.sort(np.linalg.eigvals(slopes).real)[::-1]


def _counts(sample: Sample, start: Mixture, options: Options) -> list[dict[str, object]]:
    """Compare EM's steps until one is short, in weight and rates, with those of the reference."""
    path = follow(sample, start, Poisson(), options.n_counted)
    other = em.em_path(
        FAMILY,
        sample.points,
        sample.weights,
        start.weights,
        dict(start.parameters),
        options.n_counted,
    )
    mine = _lengths(path.weights, path.parameters["rates"])
    theirs = _lengths(
        np.array([one.weights for one in other]),
        np.array([one.parameters["rates"] for one in other]),
    )
    found = []
    for shortest in options.shortest:
        many = _first_below(mine, shortest)
        found.append(
            record(
                "I1b",
                "steps of EM",
                abs(many - _first_below(theirs, shortest)),
                state=f"step {shortest:g}",
                left="steps of fitting.fit",
                right="steps of reference.em",
                control={"a tenth of the length": abs(many - _first_below(theirs, 0.1 * shortest))},
                notes=f"{many:.0f} steps",
            )
        )
        plain = _published_scheme(sample, start, shortest)
        found.append(
            record(
                "I1b",
                "maps of the published scheme over EM's steps",
                plain / many,
                state=f"step {shortest:g}",
                left="SQUAREM as published, on fitting.fit.step",
                right="steps of fitting.fit",
                control={"EM itself": 1.0},
                notes=f"{plain:.0f} maps",
            )
        )
    return found


def _published_scheme(sample: Sample, start: Mixture, shortest: float) -> float:
    """Count the maps of SQUAREM, scheme S3, without any safeguard, until a map is a short step."""
    n_maps = 0
    last = math.inf

    def mapped(x: Array) -> Array:
        nonlocal n_maps, last
        moved = step(sample, _mixture((x[0], x[1], x[2])), Poisson())
        after = np.append(moved.weights[0], moved.parameters["rates"][:, 0])
        n_maps, last = n_maps + 1, float(np.linalg.norm(after - x))
        return after

    x = np.append(start.weights[0], start.parameters["rates"][:, 0])
    for _ in range(_MOST_CYCLES):
        first = mapped(x)
        if last < shortest:
            return float(n_maps)
        second = mapped(first)
        if last < shortest:
            return float(n_maps)
        residual, curvature = first - x, second - 2.0 * first + x
        length = np.linalg.norm(residual) / np.linalg.norm(curvature)
        x = mapped(x + 2.0 * length * residual + length**2 * curvature)
        if last < shortest:
            return float(n_maps)
    return math.nan


def _lengths(weights: Array, rates: Array) -> Array:
    """Return the Euclidean lengths (T,) of the steps in the first weight and both rates."""
    values = np.column_stack([weights[:, 0], rates[:, :, 0]])
    return np.asarray(np.linalg.norm(np.diff(values, axis=0), axis=1))


def _first_below(lengths: Array, shortest: float) -> float:
    """Return the number of the first step shorter than that; not a number if none is."""
    short = np.flatnonzero(lengths < shortest)
    return float(short[0] + 1) if short.size else float("nan")
