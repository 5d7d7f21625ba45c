"""Time of one EM iteration beside scikit-learn's, from the same start to the same mixture."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mixot.benchmarks import data, ours, peers
from mixot.benchmarks.record import (
    OURS,
    Cell,
    Effort,
    Measurement,
    Target,
    geometric_mean,
    speedup,
)
from mixot.benchmarks.solution import Kept, equal_work
from mixot.benchmarks.timing import Contestant, length_of_run, per_iteration, race

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
# A fit of ours finds out in its first passes whether threads pay: its difference begins after them.
OUR_FIRST, THEIR_FIRST = 3, 1
# The least that a cell of each covariance type should reach, and the geometric mean of its six.
EACH = {"full": 5.0, "tied": 3.0, "diag": 3.0, "spherical": 3.0}
TOGETHER = {"full": 15.0}


def measure(shape: tuple[int, int, int], covariance_type: str, effort: Effort) -> Measurement:
    """Race one shape (n, d, K)."""
    n_samples, n_features, n_components = effort.samples(shape[0]), *shape[1:]
    measured = compare((n_samples, n_features, n_components), covariance_type, effort)
    return Measurement(
        measured.parameters,
        measured.outcomes,
        measured.check,
        measured.values,
        targets=(Target("speedup", ">=", EACH[covariance_type]),),
    )


def compare(shape: tuple[int, int, int], covariance_type: str, effort: Effort) -> Measurement:
    """Race one iteration on data of exactly this shape."""
    points = data.clusters(*shape)
    start = data.start(points, shape[2], covariance_type)
    mine = Kept(ours.em(points, start, covariance_type))
    theirs = {
        threads: Kept(peers.sklearn_em(points, start, covariance_type, threads))
        for threads in peers.BLAS_THREADS
    }
    filling = length_of_run(mine, effort.slot, OUR_FIRST, (1, 400))
    try:
        high = THEIR_FIRST + length_of_run(theirs[1], effort.slot, THEIR_FIRST)
    except ValueError:
        # Its failure is for the race to record; ours is timed all the same.
        high = OUR_FIRST + filling
    # Runs of ours are that much shorter: several fill its turn.
    times = max(1, round(filling / (high - OUR_FIRST)))
    contestants = [
        Contestant(OURS, "default", partial(per_iteration, mine, OUR_FIRST, high, times)),
        *(
            Contestant(
                peers.SKLEARN,
                peers.blas_setting(threads),
                partial(per_iteration, kept, THEIR_FIRST, high),
            )
            for threads, kept in theirs.items()
        ),
    ]
    outcomes = race(contestants, effort)
    sides = {OURS: mine} | {
        f"{peers.SKLEARN}, {peers.blas_setting(threads)}": kept
        for threads, kept in theirs.items()
        if high in kept.solutions
    }
    return Measurement(
        dict(zip(("n", "d", "K"), shape, strict=True)) | {"covariance": covariance_type},
        outcomes,
        equal_work(points, f"gaussian-{covariance_type}", sides, high),
        {"speedup": speedup(outcomes, peers.SKLEARN), "iterations": high},
    )


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
