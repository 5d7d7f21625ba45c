"""Time to the optimum where components overlap and EM is slow, and how near the answer is to it.

scikit-learn stops when the likelihood of an observation grows by less than 1e-10 in an iteration,
ours when the projected distance to the limit is below 1e-8, its default: as it comes, which is
plain EM, and with each acceleration. The gaps say how far the answers are
from the best objective that a much tighter fit finds, all by the reference's evaluation.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from mixot.benchmarks import data, ours, peers
from mixot.benchmarks.record import OURS, Cell, Check, Effort, Measurement, Target, speedup
from mixot.benchmarks.solution import objective
from mixot.benchmarks.timing import Contestant, elapsed, fastest, race
from mixot.types import Mixture

POSITION = 3
TITLE = "Time to the certified optimum"
VALUES = {
    "speedup": "times as fast, as it comes",
    "accelerated": "times as fast, accelerated",
    "gap_ours": "largest gap of ours",
    "gap_theirs": "gap of scikit-learn",
}

# n, d, K, separation, covariance type.
PROBLEMS = (
    (10_000, 2, 3, 0.8, "full"),
    (10_000, 4, 4, 1.0, "full"),
    (10_000, 6, 5, 1.0, "tied"),
    (10_000, 6, 5, 1.0, "diag"),
)
PLAIN = "plain"
ACCELERATIONS = (None, "squarem", "anderson")
TOL, THEIR_TOL, TIGHT = 1e-8, 1e-10, 1e-11
# Answers whose objectives differ by more have gone to different optima.
_SAME_OPTIMUM = 1e-4
_CERTIFIED = 1e-8


def measure(problem: tuple[int, int, int, float, str], effort: Effort) -> Measurement:
    """Race to the optimum of one problem."""
    n_samples, n_features, n_components, separation, covariance_type = problem
    n_samples = effort.samples(n_samples)
    points = data.clusters(n_samples, n_features, n_components, separation)
    start = data.start(points, n_components, covariance_type)
    last: dict[str, Any] = {}
    contestants = []
    for acceleration in ACCELERATIONS:
        fitting = ours.to_optimum(points, start, covariance_type, acceleration, TOL)
        name = acceleration or PLAIN
        contestants.append(Contestant(OURS, name, partial(_timed, fitting, last, name)))
    threads = fastest(
        peers.BLAS_THREADS,
        lambda threads: peers.sklearn_em(points, start, covariance_type, threads)(20),
    )
    solve = peers.sklearn_em(points, start, covariance_type, threads, THEIR_TOL)
    contestants.append(
        Contestant(
            peers.SKLEARN,
            peers.blas_setting(threads),
            partial(_timed, partial(solve, 100_000), last, peers.SKLEARN),
            effort.cap,
        )
    )
    outcomes = race(contestants, effort, keep_all=True)
    plain, accelerated, theirs = outcomes[:1], outcomes[1:-1], outcomes[-1:]
    tight = ours.to_optimum(points, start, covariance_type, None, TIGHT)().mixture

    def value(mixture: Mixture) -> float:
        return objective(points, mixture, f"gaussian-{covariance_type}")

    values = {name: value(found.mixture) for name, found in last.items()}
    lowest = min(*values.values(), value(tight))
    gaps = {name: found - lowest for name, found in values.items()}
    numbers = {f"gap of {name}": gap for name, gap in gaps.items()}
    numbers |= {f"iterations of {name}": float(found.n_iter) for name, found in last.items()}
    return Measurement(
        {
            "n": n_samples,
            "d": n_features,
            "K": n_components,
            "separation": separation,
            "covariance": covariance_type,
        },
        outcomes,
        _check(gaps, last, numbers),
        {
            "speedup": speedup([*theirs, *plain], peers.SKLEARN),
            "accelerated": speedup([*theirs, *accelerated], peers.SKLEARN),
            "gap_ours": max(gaps[name] for name in gaps if name != peers.SKLEARN),
            "gap_theirs": gaps.get(peers.SKLEARN),
        },
        targets=(
            Target("speedup", ">=", 1.0),
            Target("accelerated", ">=", 1.0),
            Target("gap_ours", "<=", _CERTIFIED),
        ),
        note=f"tol {TOL:g} here, {THEIR_TOL:g} in scikit-learn's sense there",
    )


def _timed(solve: Callable[[], Any], last: dict[str, Any], name: str) -> float:
    def work() -> None:
        last[name] = solve()

    return elapsed(work)


def _check(gaps: dict[str, float], last: dict[str, Any], numbers: dict[str, float]) -> Check:
    for name, gap in gaps.items():
        if gap > _SAME_OPTIMUM:
            return Check(False, f"{name} ended {gap:.1e} above the lowest objective", numbers)
    for name, found in last.items():
        if name != peers.SKLEARN and not found.converged:
            return Check(False, f"ours, {name}, did not converge: {found.message}", numbers)
    return Check(True, "", numbers)


CELLS = tuple(
    Cell(
        "optimum", f"{problem[4]}-{problem[0]}-{problem[1]}-{problem[2]}", partial(measure, problem)
    )
    for problem in PROBLEMS
)
