"""Rows that stay with the workers of a Dask cluster; tasks go out to them and sums come back.

Parts of the rows are dealt out in groups, two to each thread of a worker. A pass is one task a
group and returns the sums of its parts, which are added here in the order of the rows: neither the
number of workers nor who of them did what changes a bit, as long as their processors are of one
kind. What is lost with a worker is computed again by another one.

Processes do not share an interpreter, so that workers of one thread each are also the way to use
all cores of one machine, which the threads of `Memory` seldom manage:

    client = distributed.Client(n_workers=8, threads_per_worker=1)
    mixot.fit(mixot.engines.from_dask(array), start, family)
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import chain, pairwise
from typing import Any, Concatenate, ParamSpec, TypeVar

import dask
import dask.array as da
import distributed
import numpy as np
from distributed.protocol import pickle

from mixot.arrays import WeightsKind
from mixot.engines.engine import Engine
from mixot.engines.layout import added
from mixot.engines.rows import Elsewhere
from mixot.engines.stream import Stream
from mixot.engines.tables import ArrayTable, Table, Weighed
from mixot.engines.task import Sums, Task
from mixot.engines.threads import hold_one_blas_thread, one_blas_thread
from mixot.errors import InputError
from mixot.families.linear import LinearForm, Moments
from mixot.types import Array

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

# Groups a thread of a worker: few, since asking costs some milliseconds a group and pass, and not
# one, so that what is lost with a worker can be shared out.
_GROUPS_A_THREAD = 2
# Seconds until somebody looks whether all workers are alive.
_PATIENCE = 2.0


class Spread(Elsewhere):
    """Rows that workers have.

    tables: given the groups of parts, returns for each of them a table that has it, or its future.
    """

    def __init__(
        self,
        client: Any,
        n_samples: int,
        n_features: int,
        tables: Callable[[list[list[slice]]], Sequence[Any]],
        kind: WeightsKind,
    ) -> None:
        super().__init__(n_samples, n_features)
        self._client = client
        n_groups = min(len(self.parts), _GROUPS_A_THREAD * sum(_threads(client).values()))
        bounds = np.linspace(0, len(self.parts), n_groups + 1).round().astype(int)
        self._groups = [self.parts[a:b] for a, b in pairwise(bounds)]
        self._tables = tables(self._groups)
        self._homes = _homes(client, self._tables)
        self.weigh(kind)

    def visit(
        self,
        function: Callable[Concatenate[Weighed, Sequence[slice], Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> list[Result]:
        """Return function(rows, parts, ...) for each group of parts."""
        _check_client(self._client)
        # Pickled here once, and nothing that Dask would look into.
        message = pickle.dumps((function, self.weighing, arguments, options))
        try:
            asked = [self._ask(number, message) for number in range(len(self._groups))]
            while not _all_done(asked):
                # What was asked of a worker that is gone would wait for it for ever.
                alive = _threads(self._client)
                for number, home in enumerate(self._homes):
                    if home is not None and home not in alive:
                        self._homes[number] = None
                        asked[number] = self._ask(number, message)
            results: list[Result] = self._client.gather(asked)
        except CancelledError:
            _check_client(self._client)
            raise InputError(
                "rows were lost with a worker and cannot be computed again; give an array that "
                "has its origin with it (from files, or from_array) rather than scattered data"
            ) from None
        return results

    def _ask(self, number: int, message: bytes) -> Any:
        """Send a group's task to the worker that has its rows, or to any if none is known.

        Left to itself, the scheduler moves rows to whoever is idle at the moment.
        """
        home = self._homes[number]
        return self._client.submit(
            _visit,
            self._tables[number],
            self._groups[number],
            message,
            workers=None if home is None else [home],
            pure=False,
        )

    def engine(self, form: LinearForm | None, n_components: int, n_threads: int | None) -> Engine:
        """Return the engine that sweeps the rows; the threads are the workers' own."""
        del n_threads
        return AtWorkers(self, form, n_components)


class AtWorkers:
    """An engine that asks workers for the sums of their parts."""

    def __init__(self, rows: Spread, form: LinearForm | None, n_components: int) -> None:
        self.form = form
        self.size = rows.size
        self._rows = rows
        self._n_components = n_components

    @contextmanager
    def session(self) -> Iterator[None]:
        """Round here as the other engines do; there is nothing else to hold."""
        with one_blas_thread():
            yield

    def moments(self) -> Moments | None:
        """Return what the linear form needs to know of the rows."""
        if self.form is None:
            return None
        return added(
            chain(*self._rows.visit(_part_moments, self.size, self.form, self._n_components))
        )

    def memo(self, n_components: int) -> dict[int, Array] | None:
        """Keep nothing between passes."""
        del n_components
        return None

    def run(self, task: Task) -> Sums:
        """Sweep all rows."""
        return added(
            chain(*self._rows.visit(_part_sums, self.size, self.form, self._n_components, task))
        )


def spread_array(array: Any, weights: Any, client: Any, kind: WeightsKind) -> Spread:
    """Hand a Dask array (n, d) or frame to the workers; see `mixot.engines.from_dask`."""
    client = _client(client)
    names = tuple(map(str, array.columns)) if hasattr(array, "columns") else None
    # Sizes of chunks that nobody knows are asked of these workers, whatever the default is.
    with dask.config.set(scheduler=client):
        points = _sized(array, "points")
        points = points[:, None] if points.ndim == 1 else points
        if points.ndim != 2 or 0 in points.shape:
            raise InputError(
                "points: must be a table of shape (n, d) with at least one row and one column, "
                f"got shape {points.shape}"
            )
        n_samples, n_features = points.shape
        if weights is not None:
            weights = _sized(weights, "weights")
            if weights.shape != (n_samples,):
                raise InputError(
                    f"weights must be one number a row, {n_samples} in all, got shape "
                    f"{weights.shape}"
                )

    def tables(groups: list[list[slice]]) -> Sequence[Any]:
        lengths = tuple(group[-1].stop - group[0].start for group in groups)
        blocks = _blocks(client, points.rechunk((lengths, (n_features,))))
        shares = [None] * len(groups)
        if weights is not None:
            shares = _blocks(client, weights.rechunk((lengths,)))
        distributed.wait([*blocks, *(one for one in shares if one is not None)])
        held = [
            client.submit(
                _hold,
                block,
                share,
                n_samples,
                group[0].start,
                names,
                workers=[worker],
                allow_other_workers=True,
                pure=False,
            )
            for block, share, group, worker in zip(
                blocks, shares, groups, _dealt(client, blocks), strict=True
            )
        ]
        distributed.wait(held)
        return held

    return Spread(client, n_samples, n_features, tables, kind)


def spread_table(table: Table, client: Any, kind: WeightsKind) -> Spread:
    """Let the workers read a table, each its own part of it."""

    def tables(groups: list[list[slice]]) -> Sequence[Table]:
        return [table] * len(groups)

    return Spread(_client(client), table.n_samples, table.n_features, tables, kind)


def _visit(table: Table, parts: Sequence[slice], message: bytes) -> Any:
    """Do at a worker what was asked for."""
    hold_one_blas_thread()
    function, weighing, arguments, options = pickle.loads(message)
    return function(Weighed(table, weighing), parts, *arguments, **options)


def _part_sums(
    rows: Weighed,
    parts: Sequence[slice],
    size: float,
    form: LinearForm | None,
    n_components: int,
    task: Task,
) -> list[Sums]:
    return Stream(rows, size, form, n_components, 1, parts).part_sums(task)


def _part_moments(
    rows: Weighed, parts: Sequence[slice], size: float, form: LinearForm, n_components: int
) -> list[Moments]:
    return Stream(rows, size, form, n_components, 1, parts).part_moments()


def _hold(
    points: Any, weights: Any, n_samples: int, start: int, names: tuple[str, ...] | None
) -> ArrayTable:
    shares = None if weights is None else np.asarray(weights)
    return ArrayTable(n_samples, np.asarray(points), shares, start, names)


def _homes(client: Any, tables: Sequence[Any]) -> list[str | None]:
    """Return the worker that holds each table; None where no worker does."""
    held = [table for table in tables if isinstance(table, distributed.Future)]
    holders = client.who_has(held) if held else {}
    return [next(iter(holders.get(getattr(table, "key", None), ())), None) for table in tables]


def _all_done(futures: list[Any]) -> bool:
    """Wait a moment for the futures, and say whether all are done."""
    try:
        distributed.wait(futures, timeout=_PATIENCE)
    except TimeoutError:
        return False
    return True


def _dealt(client: Any, blocks: Sequence[Any]) -> list[str]:
    """Choose a worker for each block: the one that has it, unless that has its fair share."""
    threads = _threads(client)
    fair = len(blocks) / sum(threads.values())
    holders = client.who_has(blocks)
    dealt: Counter[str] = Counter()
    chosen = []
    for block in blocks:
        at_home = [
            worker
            for worker in holders.get(block.key, ())
            if worker in threads and dealt[worker] + 1 <= fair * threads[worker] + 1e-9
        ]
        chosen.append(at_home[0] if at_home else "")
        dealt[chosen[-1]] += 1
    for number, worker in enumerate(chosen):
        if not worker:
            free = min(threads, key=lambda one: (dealt[one] + 1) / threads[one])
            chosen[number] = free
            dealt[free] += 1
    return chosen


def _blocks(client: Any, array: Any) -> list[Any]:
    futures: list[Any] = client.compute(list(array.to_delayed().ravel()))
    return futures


def _sized(array: Any, what: str) -> Any:
    """Return an array or frame as a Dask array of numbers with known chunks."""
    if hasattr(array, "to_dask_array"):
        array = array.to_dask_array()
    elif not isinstance(array, da.Array):
        array = da.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{what}: must be real numbers, got the type {array.dtype}")
    if any(np.isnan(size) for size in array.shape):
        # In place, hence the copy: the user's own array stays as it is.
        array = array.copy().compute_chunk_sizes()
    return array


def _client(client: Any) -> Any:
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError:
            raise InputError(
                "there is no Dask client: start one with distributed.Client(), or give it"
            ) from None
    if not isinstance(client, distributed.Client) or client.asynchronous:
        raise InputError("client must be a distributed.Client, and not an asynchronous one")
    _check_client(client)
    return client


def _check_client(client: Any) -> None:
    if client.status != "running":
        raise InputError(f"the Dask client is {client.status}: give rows of a running one")


def _threads(client: Any) -> Mapping[str, int]:
    """Return the number of threads of each worker."""
    threads: Mapping[str, int] = client.nthreads()
    if not threads:
        raise InputError("the Dask cluster has no workers: start some, or wait for them")
    return threads
