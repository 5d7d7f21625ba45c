"""The package as a contestant: the calls that users make, at their defaults."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mixot import families
from mixot.arrays import as_sample
from mixot.benchmarks.solution import Solution, Solve
from mixot.engines import Rows
from mixot.fitting import Fit, descent, fit
from mixot.fitting.posing import pose
from mixot.fitting.stopping import Certificate
from mixot.types import Array, Mixture


def em(points: Array | Rows, start: Mixture, covariance_type: str, **options: Any) -> Solve:
    """Return EM of exactly n iterations from a start; options go to `fit`.

    points: (n, d), or rows that lie elsewhere.
    """
    family = families.get(f"gaussian-{covariance_type}")
    sample = as_sample(points) if isinstance(points, np.ndarray) else points

    def solve(n_iter: int) -> Solution:
        stamps: list[float] = []

        def stamp(objectives: Sequence[float], certificate: Certificate) -> bool:
            """Note the end of an iteration, and do not stop before the last one asked for."""
            del objectives, certificate
            stamps.append(time.perf_counter())
            return False

        fitted = fit(sample, start, family, stop=stamp, max_iter=n_iter, **options)
        if len(stamps) != fitted.n_iter:
            raise RuntimeError(f"{fitted.n_iter} iterations asked {len(stamps)} times to stop")
        return Solution(fitted.mixture, fitted.n_iter, tuple(stamps), fitted.objective)

    return solve


def to_optimum(
    points: Array, start: Mixture, covariance_type: str, acceleration: str | None, tol: float
) -> Callable[[], Fit]:
    """Return a fit to a projected distance of `tol`, as many iterations as that takes."""
    family = families.get(f"gaussian-{covariance_type}")
    sample = as_sample(points)
    return lambda: fit(sample, start, family, tol=tol, max_iter=100_000, acceleration=acceleration)


def stepper(rows: Rows, start: Mixture, covariance_type: str) -> Callable[[], Mixture]:
    """Return what makes one iteration of `fit` at a time, so that several can take turns.

    What a fit does before its first iteration is done here.
    """
    family = families.get(f"gaussian-{covariance_type}")
    problem, mixture = pose(rows, start, family, "semirelaxed", 1.0, "free", n_threads=None)
    state, _ = descent.init(problem, mixture)
    if state is None:
        raise ArithmeticError("the start has no plan")

    def step() -> Mixture:
        nonlocal state
        assert state is not None
        state, info = descent.step(problem, state)
        if info.status is not None:
            raise ArithmeticError(info.status.sentence)
        return state.mixture

    return step
