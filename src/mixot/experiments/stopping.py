"""N6: small progress is not small distance, and what the library stops by instead.

Where EM converges linearly with rate rho, what remains of the objective is rho^2 / (1 - rho^2)
times the last decrease, and what remains of the way rho / (1 - rho) times the last step. A rule on
the last decrease leaves that undone; in the metric of the problem a decrease of tol^2 belongs to a
step of about tol.

Left, fits of the library that end by its own rule and by their last decrease. Right, the limit, by
Newton's method on the reference's EM map, whose derivative also gives rho, and the distance to it,

    sqrt(2 KL(pi* | pi) + 2 sum_k pi*_k KL(p*_k | p_k)).

Series, for the scene with the largest rate, by iteration: `decrease`, `remaining`, and `projected`,
what the library's certificate expects to remain; `stops`, where its rule and that on the decrease
end; `rate` and `tol`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot.arrays import as_sample
from mixot.evidence.records import record
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.fitting.fit import Fit, fit
from mixot.fitting.stopping import Stop, certify
from mixot.problems.library import faithful, overlapping, times_deaths
from mixot.reference import densities, derivatives, em, likelihood
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "stopping"
_NEWTON_STEPS = 4
# Relative step of the differences by which the EM map is linearised; their error is its fourth
# power.
_STEP = 1e-3


@dataclass(frozen=True)
class Options:
    """scenes: one problem each; tol: of both rules; near, far: the distances of two normals."""

    scenes: tuple[str, ...] = ("deaths", "overlapping", "faithful", "near", "far")
    tol: float = 1e-5
    near: float = 2.2
    far: float = 3.0


@dataclass(frozen=True, slots=True)
class _Scene:
    """A sample, a family, and where a fit begins."""

    sample: Sample
    family: Family
    start: Mixture


@dataclass(frozen=True, slots=True)
class _Limit:
    """Where EM ends, its rate there, and the negative log-likelihood."""

    mixture: Mixture
    rate: float
    value: float


def run(options: Options) -> Outcome:
    """Stop by both rules in every scene."""
    found = []
    slowest, series = 0.0, {}
    for name in options.scenes:
        place = _scene(name, options)
        limit = _limit(place)
        fits = {rule: _stopped(place, rule, options.tol) for rule in ("library", "decrease")}
        found += at(name, place.family.name, _records(place, limit, fits, options.tol))
        if limit.rate > slowest:
            slowest = limit.rate
            series = _curves(limit, fits, options.tol)
    return Outcome(tuple(found), series)


def _scene(name: str, options: Options) -> _Scene:
    if name == "deaths":
        rates = np.array([[1.0], [2.5]])
        begun = Mixture(np.array([0.3, 0.7]), {"rates": rates})
        return _Scene(times_deaths.make(0).sample, Poisson(), begun)
    if name in ("overlapping", "faithful"):
        problem = overlapping.make(0) if name == "overlapping" else faithful.make(0)
        family = Gaussian("full")
        if problem.truth is not None:
            return _Scene(problem.sample, family, problem.truth)
        one = family.initial(problem.sample, 2)
        spread = np.sqrt(one["covariances"][0].diagonal())
        means = one["means"] + np.array([[-0.5], [0.5]]) * spread
        return _Scene(
            problem.sample,
            family,
            Mixture(np.array([0.5, 0.5]), {"means": means, "covariances": one["covariances"]}),
        )
    apart = options.near if name == "near" else options.far
    rng = stream("experiment", NAME, name)
    points = rng.normal(size=(1000, 1)) + apart * (rng.random((1000, 1)) < 0.4)
    means = np.array([[-0.5], [apart + 0.5]])
    return _Scene(
        as_sample(points),
        Gaussian("spherical"),
        Mixture(np.array([0.5, 0.5]), {"means": means, "covariances": np.array([1.0, 1.0])}),
    )


def _stopped(place: _Scene, rule: str, tol: float) -> Fit:
    """Fit until the rule ends it; "library" is what a fit does without being told."""
    rules: dict[str, Stop | None] = {
        "library": None,
        "decrease": lambda objectives, certificate: abs(objectives[-2] - objectives[-1]) <= tol**2,
    }
    return fit(
        place.sample,
        place.start,
        place.family,
        tol=tol,
        stop=rules[rule],
        max_iter=20_000,
        n_threads=1,
    )


def _limit(place: _Scene) -> _Limit:
    """Newton's method on theta = EM(theta), from where a tight fit of the library ends."""
    name, points, a = place.family.name, place.sample.points, place.sample.weights
    near = fit(
        place.sample, place.start, place.family, tol=1e-9, acceleration="squarem", n_threads=1
    ).mixture
    like = dict(near.parameters)
    packed = derivatives.pack(name, like)
    at_limit = np.concatenate([near.weights[:-1], packed])
    free = near.weights.size - 1

    def unpacked(vector: Array) -> Mixture:
        weights = np.append(vector[:free], 1.0 - vector[:free].sum())
        return Mixture(weights, derivatives.unpack(name, vector[free:], like))

    def image(vector: Array) -> Array:
        mixture = unpacked(vector)
        parameters = dict(mixture.parameters)
        cost = densities.costs(name, points, parameters)
        plan = likelihood.estep_plan(cost, a, mixture.weights)
        moved = derivatives.pack(name, em.m_step(name, points, plan))
        return np.concatenate([plan.sum(axis=0)[:-1], moved])

    jacobian = np.zeros((at_limit.size, at_limit.size))
    for j, value in enumerate(at_limit):
        width = _STEP * max(abs(value), 0.1)
        shift = np.zeros_like(at_limit)
        shift[j] = width
        near_by, far = (image(at_limit + k * shift) - image(at_limit - k * shift) for k in (1, 2))
        jacobian[:, j] = (8.0 * near_by - far) / (12.0 * width)
    for _ in range(_NEWTON_STEPS):
        rest = image(at_limit) - at_limit
        at_limit = at_limit + np.linalg.solve(np.eye(at_limit.size) - jacobian, rest)
    mixture = unpacked(at_limit)
    cost = densities.costs(name, points, dict(mixture.parameters))
    return _Limit(
        mixture,
        float(np.abs(np.linalg.eigvals(jacobian)).max()),
        likelihood.negative_log_likelihood(cost, a, mixture.weights),
    )


def _distance(place: _Scene, limit: _Limit, mixture: Mixture) -> float:
    """Return the distance to the limit in the metric of the problem."""
    best = limit.mixture
    divergences = em.component_kl(
        place.family.name, dict(best.parameters), dict(mixture.parameters)
    )
    total = likelihood.kl_divergence(best.weights, mixture.weights) + best.weights @ divergences
    return float(np.sqrt(2.0 * max(float(total), 0.0)))


def _remaining(place: _Scene, limit: _Limit, mixture: Mixture) -> float:
    cost = densities.costs(place.family.name, place.sample.points, dict(mixture.parameters))
    value = likelihood.negative_log_likelihood(cost, place.sample.weights, mixture.weights)
    return value - limit.value


def _records(
    place: _Scene, limit: _Limit, fits: dict[str, Fit], tol: float
) -> list[dict[str, Any]]:
    reached = {rule: _distance(place, limit, one.mixture) / tol for rule, one in fits.items()}
    stopped = fits["decrease"]
    decrease = float(stopped.trace.objective[-2] - stopped.trace.objective[-1])
    last = float(stopped.trace.step[-1])
    remaining = _remaining(place, limit, stopped.mixture)
    rate = limit.rate
    right = "Newton's method on reference.em.m_step; its derivative"
    return [
        record(
            "N6",
            "distance over tolerance",
            reached["library"],
            state=f"tol {tol:g}",
            left="fitting.fit(tol): where it ends",
            right=right,
            control={"last decrease": reached["decrease"]},
            notes=f"iterations {', '.join(f'{r} {f.n_iter}' for r, f in fits.items())}",
        ),
        *(
            record(
                "N6",
                quantity,
                statistic,
                state=f"tol {tol:g}",
                left="fitting.fit ended by its last decrease",
                right=right,
                notes=f"rate {rate:.7f}",
            )
            for quantity, statistic in (
                ("objective left over last decrease", remaining / decrease),
                ("predicted from the rate", rate**2 / (1.0 - rate**2)),
                ("distance left over last step", reached["decrease"] * tol / last),
                ("predicted distance over step", rate / (1.0 - rate)),
            )
        ),
    ]


def _curves(limit: _Limit, fits: dict[str, Fit], tol: float) -> dict[str, Array]:
    """Follow the fit of the library's rule, and what its certificate expected at each step."""
    trace = fits["library"].trace
    decrease = trace.objective[:-1] - trace.objective[1:]
    # A certificate sees the last few steps, as the loop gives them to it.
    projected = [
        certify(trace.step[max(0, t - 7) : t + 1], float(decrease[t])).objective_gap
        for t in range(decrease.size)
    ]
    return {
        "decrease": decrease,
        "remaining": trace.objective[1:] - limit.value,
        "projected": np.array(projected),
        "stops": np.array([fits[r].n_iter for r in ("library", "decrease")], dtype=float),
        "rate": np.array([limit.rate]),
        "tol": np.array([tol]),
    }
