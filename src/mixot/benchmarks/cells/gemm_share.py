"""How near an EM iteration comes to what the machine can do: its share of the rate of DGEMM.

With full covariances the E-step is one product of n x p by p x K and the M-step another back, where
p = 1 + d + d (d + 1) / 2: together 4 n K p operations. The rate of a large square product on the
same number of threads, measured in turns with it, is the most there is.
"""

from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from mixot.benchmarks import data, ours
from mixot.benchmarks.cells.em_iteration import OUR_FIRST
from mixot.benchmarks.record import OURS, Cell, Effort, Measurement, Target
from mixot.benchmarks.timing import PART, Contestant, averaged, elapsed, iterations, race
from mixot.types import Array

POSITION = 2
TITLE = "Share of the rate of a matrix product"
VALUES = {"share_1": "on 1 thread", "share_2": "on 2 threads"}

SHAPES = ((200_000, 16, 20), (50_000, 32, 16))
THREADS = (1, 2)
PRODUCT = "square product"
# Iterations of a run.
_ITERATIONS = OUR_FIRST + 5


def measure(shape: tuple[int, int, int], effort: Effort) -> Measurement:
    """Race iterations against products, on one thread and on two."""
    n_samples, n_features, n_components = effort.samples(shape[0]), *shape[1:]
    points = data.clusters(n_samples, n_features, n_components)
    start = data.start(points, n_components, "full")
    n_statistics = 1 + n_features + n_features * (n_features + 1) // 2
    operations = 4.0 * n_samples * n_components * n_statistics
    side = 2000 if effort.scale == 1.0 else 200
    square = np.random.default_rng(0).standard_normal((side, side))
    contestants = []
    for threads in THREADS:
        solve = ours.em(points, start, "full", n_threads=threads)
        turn = partial(iterations, solve, _ITERATIONS, OUR_FIRST, effort.slot)
        setting = f"{threads} threads" if threads > 1 else "1 thread"
        contestants += [
            Contestant(OURS, setting, turn),
            Contestant(PRODUCT, setting, partial(_product, square, threads, effort.slot)),
        ]
    outcomes = race(contestants, effort, keep_all=True)
    values: dict[str, float] = {}
    for threads, mine, product in zip(THREADS, outcomes[::2], outcomes[1::2], strict=True):
        values[f"rate_{threads}"] = operations / mine.median / 1e9
        values[f"peak_{threads}"] = 2.0 * side**3 / product.median / 1e9
        values[f"share_{threads}"] = values[f"rate_{threads}"] / values[f"peak_{threads}"]
    return Measurement(
        {"n": n_samples, "d": n_features, "K": n_components, "product": side},
        outcomes,
        None,
        values,
        targets=tuple(Target(f"share_{threads}", ">=", 0.4) for threads in THREADS),
        note="rates in 1e9 operations a second",
    )


def _product(square: Array, threads: int, slot: float) -> list[float]:
    """Return measurements of the seconds of one product that fill a slot, like `iterations`."""
    lengths: list[float] = []
    with threadpool_limits(limits=threads):
        while not lengths or sum(lengths) < slot:
            lengths.append(elapsed(lambda: square @ square))
    return averaged(lengths, PART * slot)


CELLS = tuple(
    Cell("gemm_share", f"full-{n}-{d}-{k}", partial(measure, (n, d, k))) for n, d, k in SHAPES
)
