"""How the cost of an EM iteration grows with n, d and K: slopes on logarithmic axes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mixot.benchmarks import data, peers
from mixot.benchmarks.cells.em_iteration import compare
from mixot.benchmarks.record import OURS, Cell, Check, Effort, Measurement, Outcome, best
from mixot.benchmarks.timing import fastest

POSITION = 8
TITLE = "Growth of an iteration's cost (log-log slopes)"
VALUES = {"slope_ours": "slope of ours", "slope_theirs": "slope of scikit-learn's"}

# One of (n, d, K) varies, the others stay as they are here.
CENTRE = {"n": 20_000, "d": 8, "K": 8}
RANGES = {
    "n": (3_000, 10_000, 30_000, 100_000, 300_000),
    "d": (1, 2, 4, 8, 16, 32),
    "K": (2, 4, 8, 16, 32, 64),
}
# A slope over two decades needs no more.
_TURNS, _REPEATS = 2, 3


def measure(axis: str, effort: Effort) -> Measurement:
    """Time an iteration along one axis; the check holds if it does at every point.

    scikit-learn runs at the number of BLAS threads that is the faster one where the axes meet.
    """
    effort = replace(effort, turns=min(effort.turns, _TURNS), repeats=min(effort.repeats, _REPEATS))
    centre = (effort.samples(CENTRE["n"]), CENTRE["d"], CENTRE["K"])
    threads = _better_threads(*centre)
    ours, theirs, checks = [], [], []
    # A reduced effort cuts several n down to the same one.
    sizes = sorted({effort.samples(size) if axis == "n" else size for size in RANGES[axis]})
    for size in sizes:
        shape = {**CENTRE, "n": effort.samples(CENTRE["n"]), axis: size}
        measured = compare((shape["n"], shape["d"], shape["K"]), "full", effort, (threads,))
        checks.append(measured.check)
        ours.append(_seconds(measured.outcomes, OURS))
        theirs.append(_seconds(measured.outcomes, peers.SKLEARN))
    broken = [check for check in checks if check is not None and not check.holds]
    return Measurement(
        {**CENTRE, axis: None, "axis": axis, "covariance": "full", "blas_threads": threads},
        (),
        broken[0] if broken else Check(True, ""),
        {
            "sizes": sizes,
            "ours": ours,
            "theirs": theirs,
            "slope_ours": slope(sizes, ours),
            "slope_theirs": slope(sizes, theirs),
        },
        note=f"{axis} from {sizes[0]} to {sizes[-1]}; seconds of an iteration in the series",
    )


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the least-squares slope of log seconds over log sizes, NaN for too few of them."""
    positive = np.asarray(seconds) > 0.0
    if positive.sum() < 2:
        return float("nan")
    at, to = np.log(np.asarray(sizes)[positive]), np.log(np.asarray(seconds)[positive])
    return float(np.polyfit(at, to, 1)[0])


def _better_threads(n_samples: int, n_features: int, n_components: int) -> int:
    points = data.clusters(n_samples, n_features, n_components)
    start = data.start(points, n_components, "full")
    return fastest(
        peers.BLAS_THREADS,
        lambda threads: peers.sklearn_em(points, start, "full", threads)(10),
    )


def _seconds(outcomes: Sequence[Outcome], side: str) -> float:
    found = best(outcomes, side)
    return float("nan") if found is None else found.median


CELLS = tuple(Cell("growth", axis.lower(), partial(measure, axis)) for axis in RANGES)
