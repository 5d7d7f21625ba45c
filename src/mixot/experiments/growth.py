"""T2: how the time of an EM iteration, and the memory of a fit to a file, grow with its rows.

Rows are written to files block by block and fitted from there, every size in a process of its own
whose memory is watched. The seconds of an iteration are those of the processor, on one thread, the
least of several iterations: other programs on the machine then disturb least.

Left, the library's fit to the file. Right, the line through the logarithms, and how many bytes of
memory a byte of data costs. The mistakes are a computation on all pairs of rows, whose time grows
with the square, and a fit to rows in memory. That fits do what they should is checked at the size
that is fitted in memory too, against scikit-learn's objective after as many iterations.

Series: `sizes`, `seconds`, `megabytes`; `held` and `held megabytes`, of the fit in memory;
`row bytes`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from mixot.evidence.records import Sides, difference, record
from mixot.experiments._file_fits import fit_rows, start, write_rows
from mixot.experiments._footprint import Footprint, footprint
from mixot.experiments._many_rows import N_FEATURES, Normals
from mixot.experiments.outcome import Outcome, at
from mixot.reference import peers
from mixot.streams import stream

NAME = "growth"
FAMILY = "gaussian-full"
_ROW = 8 * N_FEATURES


@dataclass(frozen=True)
class Options:
    """sizes: rows of the files, ascending; flat_from: from which on memory must not grow.

    Below that the buffers, which are few and of bounded size, are not filled. held: the size that
    is also fitted in memory; pairs: rows of which all pairs are visited.
    """

    sizes: tuple[int, ...] = (
        200_000,
        500_000,
        1_000_000,
        2_000_000,
        5_000_000,
        10_000_000,
        20_000_000,
        40_000_000,
    )
    flat_from: int = 2_000_000
    held: int = 2_000_000
    pairs: tuple[int, ...] = (1000, 2000, 4000)
    iterations: int = 6


def run(options: Options) -> Outcome:
    """Fit files of every size, one after the other, and remove them."""
    law = Normals(NAME, 2.0)
    seen: dict[int, Footprint] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        for size in options.sizes:
            write_rows(path, law, size)
            told = {"path": str(path), "iterations": options.iterations}
            seen[size] = footprint(fit_rows, in_memory=False, **told)
            if size == options.held:
                held = footprint(fit_rows, in_memory=True, **told)
                theirs = _peer(path, options.iterations)
            path.unlink()
    found = [
        *_time_records(options, seen),
        *_memory_records(options, seen, held),
        _objective_record(options.held, seen[options.held], theirs),
    ]
    series = {
        "sizes": np.array(options.sizes),
        "seconds": np.array([seen[size].result["seconds"] for size in options.sizes]),
        "megabytes": np.array([seen[size].megabytes for size in options.sizes]),
        "held": np.array(options.held),
        "held megabytes": np.array(held.megabytes),
        "row bytes": np.array(_ROW),
    }
    return Outcome(tuple(at("three-normals", FAMILY, found)), series)


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the least-squares slope of log seconds over log sizes."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _peer(path: Path, iterations: int) -> tuple[float, float]:
    """Return scikit-learn's objective after one iteration less, and after all of them."""
    begin = start(path)
    theirs = peers.sklearn_path(
        FAMILY, np.load(path), begin.weights, dict(begin.parameters), iterations
    )
    return theirs[-2].objective, theirs[-1].objective


def _time_records(options: Options, seen: dict[int, Footprint]) -> list[dict[str, Any]]:
    sizes = options.sizes
    seconds = [seen[size].result["seconds"] for size in sizes]
    clock = [seen[size].result["clock"] for size in sizes]
    of_pairs = slope(options.pairs, [_seconds_of_pairs(size) for size in options.pairs])
    sides = Sides(
        state=f"{sizes[0]:,} to {sizes[-1]:,} rows",
        left="fitting.fit.fit of engines.open_npy, one thread",
        right="least squares on logarithms",
    )
    largest = Sides(
        state=f"{sizes[-1]:,} rows", left=sides["left"], right="the system's count of its time"
    )
    return [
        record("T2", "slope", slope(sizes, seconds), control={"pairs": of_pairs}, **sides),
        record("T2", "slope by the clock", slope(sizes, clock), **sides),
        record("T2", "nanoseconds a row", 1e9 * seconds[-1] / sizes[-1], **largest),
    ]


def _memory_records(
    options: Options, seen: dict[int, Footprint], held: Footprint
) -> list[dict[str, Any]]:
    large = [size for size in options.sizes if size >= options.flat_from]
    data = np.array(large) * _ROW / 1e6
    flat = float(np.polyfit(data, [seen[size].megabytes for size in large], 1)[0])
    more = held.megabytes - seen[options.held].megabytes
    left = "fitting.fit.fit of engines.open_npy"
    return [
        record(
            "T2",
            "memory",
            flat,
            state=f"{large[0]:,} to {large[-1]:,} rows",
            left=left,
            right="the size of the files",
            control={"in memory": more / (options.held * _ROW / 1e6)},
        ),
        record(
            "T2",
            "megabytes",
            seen[large[-1]].megabytes,
            state=f"{large[-1]:,} rows",
            left=left,
            right="RssAnon, less that after the imports",
        ),
    ]


def _objective_record(size: int, seen: Footprint, theirs: tuple[float, float]) -> dict[str, Any]:
    before, last = theirs
    mine = seen.result["objective"]
    return record(
        "T2",
        "objective",
        difference(mine, last),
        state=f"{size:,} rows",
        left="fitting.fit.fit of engines.open_npy",
        right="reference.peers.sklearn_path of the rows in memory",
        control={"an iteration before": difference(mine, before)},
    )


def _seconds_of_pairs(size: int) -> float:
    """Return the least processor seconds of a sum over all pairs of rows."""
    points = stream("experiment", NAME, "pairs", size).normal(size=(size, N_FEATURES))
    seconds = []
    for _ in range(4):
        begin = time.process_time()
        np.exp(-cdist(points, points, "sqeuclidean")).sum()
        seconds.append(time.process_time() - begin)
    return min(seconds)
