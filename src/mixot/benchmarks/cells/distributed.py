"""An iteration on two Dask workers of one thread each, beside the same on one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
from mixot.benchmarks.timing import Contestant, per_iteration, race
from mixot.engines import from_dask
from mixot.fitting import Fit
from mixot.types import Array

POSITION = 5
TITLE = "An iteration on Dask workers of one thread each"
VALUES = {"speedup": "two workers over one"}

SAMPLES, FEATURES, COMPONENTS = 20_000_000, 8, 4
WORKERS = (1, 2)
LOW, HIGH = 1, 4


def measure(effort: Effort) -> Measurement:
    """Race one worker against two; both hold the same points, which they draw themselves."""
    drawn = data.Clusters(effort.samples(SAMPLES), FEATURES, COMPONENTS)
    start = data.start(drawn.block(0), COMPONENTS, "full")
    fits: dict[int, Fit] = {}
    with ExitStack() as stack:
        contestants = []
        for n_workers in WORKERS:
            rows = stack.enter_context(held_by(n_workers, drawn))

            def solve(n_iter: int, rows: Any = rows, n_workers: int = n_workers) -> None:
                fits[n_workers] = ours.rows_em(rows, start, "full", n_iter)

            setting = f"{n_workers} worker" + ("" if n_workers == 1 else "s")
            contestants.append(Contestant(OURS, setting, partial(per_iteration, solve, LOW, HIGH)))
        outcomes = race(contestants, effort, keep_all=True)
    return Measurement(
        {"n": drawn.n_samples, "d": FEATURES, "K": COMPONENTS, "covariance": "full"},
        outcomes,
        check(fits),
        {"speedup": outcomes[0].median / outcomes[1].median},
        targets=(Target("speedup", ">=", 1.6),),
    )


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


def check(fits: dict[int, Fit]) -> Check:
    """Check that all fits made the iterations and agree in every bit."""
    made = {n_workers: one.n_iter for n_workers, one in fits.items()}
    if set(made.values()) != {HIGH}:
        return Check(False, f"iterations by number of workers: {made}, instead of {HIGH}")
    first, *others = [one.mixture for one in fits.values()]
    same = all(
        np.array_equal(first.weights, other.weights)
        and all(np.array_equal(first.parameters[k], other.parameters[k]) for k in first.parameters)
        for other in others
    )
    return Check(same, "" if same else "the mixtures differ between numbers of workers")


CELLS = (Cell("distributed", "dask", measure),)
