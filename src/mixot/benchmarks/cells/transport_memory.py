"""Peak memory of transport from points: nothing of the size of the cost matrix is to be held."""

from typing import Any

import numpy as np

from mixot.benchmarks import coupling
from mixot.benchmarks.footprint import footprint
from mixot.benchmarks.record import Cell, Check, Effort, Measurement, Target
from mixot.benchmarks.timing import elapsed
from mixot.transport import TransportResult, solve_sample

POSITION = 10
TITLE = "Peak anonymous memory of transport from points, in MB above the import"
VALUES = {"peak": "peak", "matrix": "a cost matrix", "seconds": "s"}

SAMPLES, COMPONENTS, FEATURES = 200_000, 200, 10
EPSILON = 1.0
TOL = 1e-10
# Relative to the larger of 1 and the value.
_SAME_VALUE = 1e-9


def measure(effort: Effort) -> Measurement:
    """Solve from points in a fresh process."""
    n_samples = effort.samples(SAMPLES)
    seen = footprint(from_points, n_samples=n_samples)
    return Measurement(
        {"n": n_samples, "d": FEATURES, "K": COMPONENTS, "epsilon": EPSILON},
        check=check(n_samples, seen.result),
        values={
            "peak": seen.above_import,
            "matrix": n_samples * COMPONENTS * 8 / 1e6,
            "points": n_samples * FEATURES * 8 / 1e6,
            "seconds": seen.result["seconds"],
            "sweeps": seen.result["sweeps"],
        },
        targets=(Target("peak", "<=", 200.0),),
    )


def from_points(n_samples: int) -> dict[str, Any]:
    """Draw the points and solve; what is returned is enough to know the plan."""
    points, components, b = coupling.ingredients(n_samples, FEATURES, COMPONENTS)
    parameters = {"means": components, "covariances": np.ones(COMPONENTS)}
    found: list[TransportResult] = []

    def work() -> None:
        found[:] = [
            solve_sample(points, parameters, "gaussian-spherical", b=b, epsilon=EPSILON, tol=TOL)
        ]

    seconds = elapsed(work)
    (result,) = found
    return {
        "seconds": seconds,
        "sweeps": result.n_sweeps,
        "value": result.value,
        "g": result.g.tolist(),
    }


def check(n_samples: int, told: dict[str, Any]) -> Check:
    """Check, with the cost matrix at hand, the plan that the potential of the columns makes."""
    points, components, b = coupling.ingredients(n_samples, FEATURES, COMPONENTS)
    cost = coupling.half_squares(points, components)
    cost += 0.5 * FEATURES * np.log(2.0 * np.pi)
    problem = coupling.Coupling(cost, np.full(n_samples, 1.0 / n_samples), b, EPSILON)
    plan = (np.asarray(told["g"]) - cost) / EPSILON
    plan += np.log(b) - plan.max(axis=1, keepdims=True)
    np.exp(plan, out=plan)
    plan *= 1.0 / n_samples / plan.sum(axis=1, keepdims=True)
    judged = coupling.judge(problem, plan)
    difference = abs(judged.value - told["value"])
    numbers = {"error": judged.error, "value": judged.value, "difference": difference}
    if not judged.error <= TOL:
        return Check(False, f"the marginal error is {judged.error:.1e}", numbers)
    holds = difference <= _SAME_VALUE * max(1.0, abs(judged.value))
    return Check(holds, "" if holds else f"the values differ by {difference:.1e}", numbers)


CELLS = (Cell("transport_memory", "points", measure),)
