"""Peak memory of a fit to a file: it should not grow with the number of rows."""

import tempfile
from pathlib import Path

import numpy as np

from mixot.benchmarks import data, ours
from mixot.benchmarks.footprint import footprint
from mixot.benchmarks.record import Cell, Check, Effort, Measurement, Target
from mixot.benchmarks.solution import TOLERANCE, objective
from mixot.engines import open_npy
from mixot.types import Array

POSITION = 4
TITLE = "Peak anonymous memory of a fit to a file, in MB above the import"
VALUES = {"peak": "largest file", "ratio": "over the smallest"}

SIZES = (2_000_000, 20_000_000)
FEATURES, COMPONENTS = 4, 8
# As many as it takes until threads have been tried, which hold buffers of their own.
ITERATIONS = 8


def measure(effort: Effort) -> Measurement:
    """Fit to files of both sizes, each in a fresh process."""
    sizes = [effort.samples(size) for size in SIZES]
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = data.cluster_file(Path(folder) / "points.npy", size, FEATURES, COMPONENTS)
            seen.append(footprint(fit_file, path=str(path)))
            if size == sizes[0]:
                check = _check(np.load(path), seen[0].result)
            path.unlink()
    peaks = [one.above_import for one in seen]
    return Measurement(
        {"n": sizes, "d": FEATURES, "K": COMPONENTS, "covariance": "full"},
        check=check,
        values={"sizes": sizes, "peaks": peaks, "peak": peaks[-1], "ratio": peaks[-1] / peaks[0]},
        targets=(Target("peak", "<=", 300.0), Target("ratio", "<=", 1.1)),
        note=f"the larger file has {sizes[-1] * FEATURES * 8 / 1e6:,.0f} MB of numbers",
    )


def fit_file(path: str) -> dict[str, float]:
    """Make some iterations on a file, from a start that looks at a few of its rows."""
    start = data.start(np.load(path, mmap_mode="r"), COMPONENTS, "full")
    found = ours.em(open_npy(path), start, "full")(ITERATIONS)
    return {"iterations": found.n_iter, "objective": found.reported}


def _check(points: Array, result: dict[str, float]) -> Check:
    """Check the objective that the file led to against that of the same iterations in memory."""
    start = data.start(points, COMPONENTS, "full")
    found = ours.em(points, start, "full")(ITERATIONS)
    difference = abs(objective(points, found.mixture, "gaussian-full") - result["objective"])
    holds = result["iterations"] == ITERATIONS and difference <= TOLERANCE
    why = "" if holds else f"the objectives in memory and from the file differ by {difference:.1e}"
    return Check(holds, why, {"difference": difference, **result})


CELLS = (Cell("memory", "npy", measure),)
