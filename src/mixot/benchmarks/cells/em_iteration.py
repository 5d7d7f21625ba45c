"""Time of one EM iteration beside scikit-learn's, from the same start to the same mixture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mixot.benchmarks import data, ours, peers
from mixot.benchmarks.record import (
    OURS,
    Cell,
    Effort,
    Measurement,
    Target,
    UnavailableError,
    geometric_mean,
    speedup,
)
from mixot.benchmarks.solution import TELLING, TOLERANCE, Kept, Solve, equal_work
from mixot.benchmarks.timing import Contestant, iterations, length_of_run, race
from mixot.types import Array, Mixture

POSITION = 1
TITLE = "Time of one EM iteration"
VALUES = {"speedup": "times as fast"}

SHAPES = (
    (20_000, 2, 3),
    (100_000, 2, 5),
    (100_000, 10, 10),
    (200_000, 16, 20),
    (50_000, 32, 16),
    (1_000_000, 4, 8),
)
# A fit of ours finds out in its first passes whether threads pay: what counts begins after them.
OUR_FIRST, THEIR_FIRST = 3, 1
# Iterations of theirs that count in a run: few enough that the last one still moves.
_BOUNDS = (3, 25)
# How long one takes is estimated on this part of the rows.
_PART = 8
# Turns of those that take long.
_FEW = 2
# The least that a cell of each covariance type should reach, and the geometric mean of its six.
EACH = {"full": 5.0, "tied": 3.0, "diag": 3.0, "spherical": 3.0}
TOGETHER = {"full": 15.0}


def measure(shape: tuple[int, int, int], covariance_type: str, effort: Effort) -> Measurement:
    """Race one shape (n, d, K)."""
    n_samples, n_features, n_components = effort.samples(shape[0]), *shape[1:]
    measured = compare((n_samples, n_features, n_components), covariance_type, effort)
    return replace(measured, targets=(Target("speedup", ">=", EACH[covariance_type]),))


def compare(
    shape: tuple[int, int, int],
    covariance_type: str,
    effort: Effort,
    blas_threads: Sequence[int] = peers.BLAS_THREADS,
) -> Measurement:
    """Race one iteration on data of exactly this shape."""
    points = data.clusters(*shape)
    start = data.start(points, shape[2], covariance_type)
    each = _estimate(points, start, covariance_type)
    solve = ours.em(points, start, covariance_type)
    high = moving(solve, THEIR_FIRST + length_of_run(each, effort.slot, _BOUNDS))
    if high * each > effort.settled:
        effort = replace(effort, turns=min(_FEW, effort.turns))
    mine = Kept(solve)
    theirs = {
        peers.blas_setting(threads): Kept(peers.sklearn_em(points, start, covariance_type, threads))
        for threads in blas_threads
    }
    turn = partial(iterations, n_iter=high, slot=effort.slot)
    outcomes = race(
        [
            Contestant(OURS, "default", partial(turn, mine, first=OUR_FIRST)),
            *(
                Contestant(peers.SKLEARN, setting, partial(turn, kept, first=THEIR_FIRST))
                for setting, kept in theirs.items()
            ),
        ],
        # However long a turn is, one is not enough.
        replace(effort, patience=float("inf")),
    )
    sides = {OURS: mine} | {
        f"{one.side}, {one.setting}": theirs[one.setting]
        for one in outcomes[1:]
        if one.ended == "measured"
    }
    return Measurement(
        dict(zip(("n", "d", "K"), shape, strict=True)) | {"covariance": covariance_type},
        outcomes,
        equal_work(points, f"gaussian-{covariance_type}", sides, high),
        {"speedup": speedup(outcomes, peers.SKLEARN), "iterations": high},
    )


def moving(solve: Solve, high: int) -> int:
    """Return a number of iterations, at most this, of which the last still moves by the check.

    Clusters in many dimensions are far apart, and EM is done in a few steps.
    """
    while high > _BOUNDS[0]:
        before, last = (solve(n_iter).reported for n_iter in (high - 1, high))
        if abs(before - last) > 2.0 * TELLING * TOLERANCE:
            break
        high = max(_BOUNDS[0], high // 2)
    return high


def _estimate(points: Array, start: Mixture, covariance_type: str) -> float:
    """Return about how many seconds an iteration of theirs takes, 0 if that is not to be had."""
    few = points[: max(len(points) // _PART, 5000)]
    try:
        found = peers.sklearn_em(few, start, covariance_type, 1)(THEIR_FIRST + 2)
        return min(found.lengths(THEIR_FIRST)) * len(points) / len(few)
    except (ValueError, UnavailableError):
        # Its failure is for the race to record; ours is timed all the same.
        return 0.0


def overview(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, str]]:
    """Return (what, value, target) for the geometric mean of each covariance type."""
    lines = []
    for covariance_type in EACH:
        values = [
            record["values"]["speedup"]
            for record in records
            if record["status"] == "measured"
            and record["parameters"]["covariance"] == covariance_type
        ]
        what = f"geometric mean, {covariance_type}, {len(values)} of {len(SHAPES)} shapes"
        bound = TOGETHER.get(covariance_type)
        lines.append((what, geometric_mean(values), "" if bound is None else f">= {bound:g}"))
    return lines


CELLS = tuple(
    Cell(
        "em_iteration",
        f"{covariance_type}-{n}-{d}-{k}",
        partial(measure, (n, d, k), covariance_type),
    )
    for covariance_type in EACH
    for n, d, k in SHAPES
)
