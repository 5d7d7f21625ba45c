"""J1, J3: how precise mixtures fitted by transport are, beside what information allows.

Left, many samples of two unit normals and their estimates (`_replicates`): with free weights, where
likelihood and least transport are one estimator; with known weights by likelihood; and with known
weights by balanced transport. The library fits some of the same samples, and must find the same
estimates. Right, the limits of n Cov by quadrature over the scores (`_two_normals`).

Series, over `separations`: n times the variance of the mean of the first component by each method,
`{method} variance`, and its limit along `curve`, which meets them, `{method} limit`; the separation
`crossing`, above which balanced transport with known weights is worse than likelihood without, not
a number if there is none; and the options of the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.optimize

from mixot.evidence.records import Sides, record
from mixot.experiments import _two_normals as model
from mixot.experiments._normal_fits import compare
from mixot.experiments._replicates import Estimates, equations, estimate
from mixot.experiments._two_normals import METHODS, Asymptotics, Method, Truth
from mixot.experiments.outcome import Outcome, at
from mixot.types import Array

NAME = "efficiency"
# Two-sided 95 % of the normal law.
_QUANTILE, _LEVEL = 1.959963984540054, 0.95


@dataclass(frozen=True)
class Options:
    """separations: one problem each, of components with weights `weight` and 1 - `weight`.

    tilt_to: up to which deviation of the plan's tilt the covariance of balanced transport is asked
    to be its limit (`Asymptotics.tilt_deviation`); balanced_to: the largest separation at which
    each variance by itself is, which keeps to it for longer. n_fits: samples of each separation
    that the library fits too; n_curve: points of the drawn limits.
    """

    weight: float = 0.35
    separations: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    n_samples: int = 10_000
    n_replicates: int = 4000
    tilt_to: float = 1.0
    balanced_to: float = 6.0
    n_fits: int = 2
    n_curve: int = 71


@dataclass(frozen=True, slots=True)
class _Made:
    """One separation: its limits, all estimates, and the samples (m, n) for the library."""

    truth: Truth
    limits: Asymptotics
    estimates: Mapping[Method, Estimates]
    points: Array

    @property
    def n(self) -> int:
        """Size of a sample."""
        return self.points.shape[1]

    def sides(self, notes: str = "") -> Sides:
        """Return what records have in common."""
        return Sides(
            state=f"{len(self.estimates['free'].theta)} samples of {self.n}",
            left="batched estimates",
            right="information at the truth, by adaptive quadrature",
            notes=notes,
        )

    def errors(self, method: Method) -> Array:
        """Errors of the estimates (R, p), those of the means alone where the weights are known."""
        found = self.estimates[method].theta - self.truth.theta
        return found if method == "free" else found[:, 1:]


def run(options: Options) -> Outcome:
    """Compare covariances with their limits at every separation."""
    found: list[dict[str, object]] = []
    variances: dict[Method, list[float]] = {method: [] for method in METHODS}
    for separation in options.separations:
        made = _replicate(options, Truth(options.weight, separation))
        found += at(made.truth.problem, model.FAMILY, _free(made) + _balanced(made, options))
        for method in METHODS:
            variances[method].append(made.n * float(np.var(made.errors(method)[:, -2], ddof=1)))
    series = {f"{method} variance": np.array(values) for method, values in variances.items()}
    for name in ("separations", "weight", "n_samples", "n_replicates", "balanced_to"):
        series[name] = np.array(getattr(options, name), dtype=float)
    return Outcome(tuple(found), series | _curves(options))


def _replicate(options: Options, truth: Truth) -> _Made:
    """Draw the samples, and estimate by every method from each."""
    made: dict[Method, list[Estimates]] = {method: [] for method in METHODS}
    kept: list[Array] = []
    for block, size in enumerate(model.blocks(options.n_samples, options.n_replicates)):
        points = model.draw(truth, NAME, options.n_samples, block, size)
        for method in METHODS:
            made[method].append(estimate(points, method, truth))
        if sum(map(len, kept)) < options.n_fits:
            kept.append(points)
    return _Made(
        truth,
        model.asymptotics(truth),
        {method: Estimates.join(parts) for method, parts in made.items()},
        np.concatenate(kept)[: options.n_fits],
    )


def _free(made: _Made) -> list[dict[str, object]]:
    """Judge the fit with free weights: covariance, intervals, and the library's estimates."""
    errors, free = made.errors("free"), made.estimates["free"]
    complete = np.asarray(np.linalg.inv(made.limits.complete), dtype=float)
    observed = np.diagonal(np.linalg.inv(-free.slope), axis1=1, axis2=2)

    def miss(variances: Array) -> float:
        covered = np.abs(errors) <= _QUANTILE * np.sqrt(variances / made.n)
        deviation = np.sqrt(_LEVEL * (1.0 - _LEVEL) / len(errors))
        return float(np.max(np.abs(covered.mean(axis=0) - _LEVEL)) / (4.0 * deviation))

    limit = made.limits.covariance("free")
    found = [
        record(
            "J1",
            "covariance",
            model.covariance_departure(errors, limit, made.n),
            control={"complete data": model.covariance_departure(errors, complete, made.n)},
            **made.sides(),
        ),
        record(
            "J1",
            "coverage",
            miss(observed),
            control={"complete data": miss(np.diagonal(complete))},
            state=made.sides()["state"],
            left="intervals by the observed information",
            right="their level of 95 %",
        ),
        _solved("J1", made, "free"),
    ]
    for plan in ("semirelaxed", "balanced_free"):
        found += compare("J1", made.truth, made.points, made.estimates, plan)
    return found


def _balanced(made: _Made, options: Options) -> list[dict[str, object]]:
    """Judge balanced transport with known weights, beside likelihood with known and free ones.

    What is too far from its limit to be judged is recorded as "beyond".
    """
    balanced, fixed = made.errors("balanced"), made.errors("fixed")
    sandwich, efficient = made.limits.covariance("balanced"), made.limits.covariance("fixed")
    tilt = made.limits.tilt_deviation(made.n)
    settled = "" if tilt <= options.tilt_to else " beyond"
    near = "" if made.truth.separation <= options.balanced_to else " beyond"
    found = [
        record(
            "J3",
            f"covariance{settled}",
            model.covariance_departure(balanced, sandwich, made.n),
            control={"efficient": model.covariance_departure(balanced, efficient, made.n)},
            **made.sides(f"deviation of the tilt {tilt:.3g}"),
        ),
        record(
            "J3",
            f"variances{near}",
            model.variance_departure(balanced, sandwich, made.n),
            control={"efficient": model.variance_departure(balanced, efficient, made.n)},
            **made.sides(),
        ),
        record(
            "J3",
            "likelihood",
            model.covariance_departure(fixed, efficient, made.n),
            control={"sandwich": model.covariance_departure(fixed, sandwich, made.n)},
            **made.sides(),
        ),
        _beside(made, "fixed", f"efficiency{near}"),
        _beside(made, "free", f"beside free weights{near}"),
        _solved("J3", made, "balanced"),
    ]
    return found + compare("J3", made.truth, made.points, made.estimates, "balanced")


def _beside(made: _Made, method: Method, quantity: str) -> dict[str, object]:
    """Record the variance of the first mean by a method over that by balanced transport."""
    departure, from_one, ratio = model.ratio_departure(
        (made.errors(method)[:, -2], made.errors("balanced")[:, -2]),
        (made.limits.variance(method), made.limits.variance("balanced")),
    )
    limit = made.limits.variance(method) / made.limits.variance("balanced")
    return record(
        "J3",
        quantity,
        departure,
        control={"equal": from_one},
        **made.sides(f"ratio {ratio:.4f}, in the limit {limit:.4f}"),
    )


def _solved(claim: str, made: _Made, method: Method) -> dict[str, object]:
    """Record the largest residual over all replicates, beside that of the truth."""
    found = made.estimates[method]
    truth = np.tile(made.truth.theta, (len(made.points), 1))
    return record(
        claim,
        "equations",
        float(found.residual.max()),
        control={"truth": float(np.abs(equations(made.points, truth, method, made.truth)).max())},
        state=made.sides()["state"],
        left="batched estimates",
        right="zero",
    )


def _curves(options: Options) -> dict[str, Array]:
    """Return the limits of n Var of the first mean along the separations, and the crossing."""

    def limit(method: Method, separation: float) -> float:
        return model.asymptotics(Truth(options.weight, separation)).variance(method)

    curve = np.linspace(min(options.separations), max(options.separations), options.n_curve)
    curve = np.union1d(curve, options.separations)
    found = {f"{m} limit": np.array([limit(m, float(s)) for s in curve]) for m in METHODS}
    behind = found["balanced limit"] > found["free limit"]
    crossing = float("nan")
    if behind.any() and not behind.all():
        k = int(np.argmax(behind))
        crossing = scipy.optimize.brentq(
            lambda s: limit("balanced", s) - limit("free", s), curve[k - 1], curve[k], xtol=1e-9
        )
    return {"curve": curve, "crossing": np.array(crossing), **found}
