"""The same rows in every place that a fit can read them from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mixot.arrays import as_sample
from mixot.engines import Rows, from_dask, open_npy, open_parquet
from mixot.types import Array, Sample

# Row groups, files and chunks that end where no block of a sweep does.
_GROUP, _FILES, _CHUNK = 7001, 5, 33_333


@contextmanager
def workers(number: int, processes: bool) -> Iterator[Any]:
    """Start Dask workers of one thread each, and yield their client."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=number,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def places(
    folder: Path, points: Array, weights: Array | None, client: Any
) -> Iterator[tuple[str, Sample | Rows, int]]:
    """Put rows (n, d) and weights (n,) everywhere.

    Yields the place's name, what a fit is given, and a number of threads.
    """
    import dask.array as da

    yield "memory, two threads", as_sample(points, weights), 2
    shares = None if weights is None else folder / "weights.npy"
    if weights is not None and shares is not None:
        np.save(shares, weights)
    np.save(folder / "rows.npy", points)
    yield "npy by rows", open_npy(folder / "rows.npy", shares), 1
    np.save(folder / "columns.npy", np.asfortranarray(points))
    yield "npy by columns", open_npy(folder / "columns.npy", shares), 2
    yield "memory map", as_sample(np.load(folder / "rows.npy", mmap_mode="r"), weights), 1
    table = _table(points, weights)
    column = None if weights is None else "w"
    pq.write_table(table, folder / "rows.parquet", row_group_size=_GROUP)
    yield "parquet", open_parquet(folder / "rows.parquet", weights_column=column), 2
    several = folder / "several"
    several.mkdir(exist_ok=True)
    bounds = np.linspace(0, len(points), _FILES + 1).astype(int).tolist()
    for number, first in enumerate(bounds[:-1]):
        part = table.slice(first, bounds[number + 1] - first)
        pq.write_table(part, several / f"part.{number}.parquet")
    yield "folder of parquet", open_parquet(several, weights_column=column), 1
    array = da.from_array(points, chunks=(_CHUNK, 1))
    yield "dask", from_dask(array, weights, client=client), 1


def _table(points: Array, weights: Array | None) -> Any:
    """Return an Arrow table of the columns, and of the weights."""
    columns = {f"x{number}": column for number, column in enumerate(points.T)}
    if weights is not None:
        columns["w"] = weights
    return pa.table({name: np.ascontiguousarray(values) for name, values in columns.items()})
