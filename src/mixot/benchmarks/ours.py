"""The package as a contestant: the calls that users make, at their defaults."""

from collections.abc import Callable, Sequence
from typing import Any

from mixot import families
from mixot.arrays import as_sample
from mixot.benchmarks.solution import Solution, Solve
from mixot.engines import Rows
from mixot.fitting import Fit, fit
from mixot.fitting.stopping import Certificate
from mixot.types import Array, Mixture


def _never(objectives: Sequence[float], certificate: Certificate) -> bool:
    """Do not stop before the last iteration asked for."""
    del objectives, certificate
    return False


def em(points: Array, start: Mixture, covariance_type: str, **options: Any) -> Solve:
    """Return EM of exactly n iterations from a start; options go to `fit`."""
    family = families.get(f"gaussian-{covariance_type}")
    sample = as_sample(points)

    def solve(n_iter: int) -> Solution:
        fitted = fit(sample, start, family, stop=_never, max_iter=n_iter, **options)
        return Solution(fitted.mixture, fitted.n_iter)

    return solve


def to_optimum(
    points: Array, start: Mixture, covariance_type: str, acceleration: str | None, tol: float
) -> Callable[[], Fit]:
    """Return a fit to a projected distance of `tol`, as many iterations as that takes."""
    family = families.get(f"gaussian-{covariance_type}")
    sample = as_sample(points)
    return lambda: fit(sample, start, family, tol=tol, max_iter=100_000, acceleration=acceleration)


def rows_em(rows: Rows, start: Mixture, covariance_type: str, n_iter: int) -> Fit:
    """Make n iterations on rows that lie elsewhere."""
    return fit(
        rows, start, families.get(f"gaussian-{covariance_type}"), stop=_never, max_iter=n_iter
    )
