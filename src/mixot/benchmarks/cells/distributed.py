"""An iteration on two Dask workers of one thread each, beside the same on one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mixot.benchmarks import data, ours
from mixot.benchmarks.record import (
    OURS,
    Cell,
    Check,
    Effort,
    Measurement,
    Target,
    UnavailableError,
)
from mixot.benchmarks.timing import Contestant, elapsed, race
from mixot.engines import from_dask
from mixot.types import Array, Mixture

POSITION = 5
TITLE = "An iteration on Dask workers of one thread each"
VALUES = {"speedup": "two workers over one"}

SAMPLES, FEATURES, COMPONENTS = 20_000_000, 8, 4
WORKERS = (1, 2)
# Iterations of a turn: each is a measurement.
ITERATIONS = 2


def measure(effort: Effort) -> Measurement:
    """Race one worker against two; both hold the same points, which they draw themselves.

    Each side makes one fit, which waits while it is the other's turn: before its first iteration a
    fit reads all rows three times to see whether they suit it, and that is not to be measured.
    """
    drawn = data.Clusters(effort.samples(SAMPLES), FEATURES, COMPONENTS)
    start = data.start(drawn.block(0), COMPONENTS, "full")
    paths: dict[int, list[Mixture]] = {n_workers: [] for n_workers in WORKERS}
    with ExitStack() as stack:
        contestants = []
        for n_workers, path in paths.items():
            rows = stack.enter_context(held_by(n_workers, drawn))
            step = ours.stepper(rows, start, "full")
            setting = f"{n_workers} worker" + ("" if n_workers == 1 else "s")
            contestants.append(Contestant(OURS, setting, partial(turn, step, path)))
        # However long a turn is, one is not enough.
        outcomes = race(contestants, replace(effort, patience=float("inf")), keep_all=True)
    return Measurement(
        {"n": drawn.n_samples, "d": FEATURES, "K": COMPONENTS, "covariance": "full"},
        outcomes,
        check(paths),
        {"speedup": outcomes[0].median / outcomes[1].median},
        targets=(Target("speedup", ">=", 1.6),),
    )


def turn(step: Any, path: list[Mixture]) -> list[float]:
    """Make the iterations of a turn, keep their mixtures, and return the seconds of each."""
    return [elapsed(lambda: path.append(step())) for _ in range(ITERATIONS)]


@contextmanager
def held_by(n_workers: int, drawn: data.Clusters) -> Iterator[Any]:
    """Start a cluster on this machine that holds the points; they go with it."""
    try:
        import dask.array
        import distributed
    except ImportError as error:
        raise UnavailableError("Dask is not installed: mixot[distributed]") from error

    def block(block_id: tuple[int, int]) -> Array:
        return drawn.block(block_id[0])

    array = dask.array.map_blocks(
        block, chunks=(drawn.sizes, (drawn.n_features,)), dtype=np.float64, meta=np.zeros((0, 0))
    )
    with distributed.Client(
        n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        yield from_dask(array, client=client)


def check(paths: dict[int, list[Mixture]]) -> Check:
    """Check that the mixtures after equally many iterations agree in every bit."""
    first, *others = paths.values()
    made = min(map(len, paths.values()))
    if made == 0:
        return Check(False, "no iteration was made")
    same = all(_same(a, b) for other in others for a, b in zip(first[:made], other, strict=False))
    why = "" if same else "the mixtures differ between numbers of workers"
    return Check(same, why, {"iterations compared": made})


def _same(one: Mixture, other: Mixture) -> bool:
    return np.array_equal(one.weights, other.weights) and all(
        np.array_equal(values, other.parameters[name]) for name, values in one.parameters.items()
    )


CELLS = (Cell("distributed", "dask", measure),)
