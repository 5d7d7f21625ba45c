"""Rows that lie elsewhere, for `mixot.fit` in place of a sample.

Each of these raises InputError for what it cannot use. What only some of them need is imported when
they are called.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from mixot.arrays import WeightsKind
from mixot.engines.npy import npy_table
from mixot.engines.rows import Read, Rows
from mixot.errors import InputError


def open_npy(
    path: str | Path, weights: str | Path | None = None, kind: WeightsKind = "importance"
) -> Rows:
    """Return the rows of a .npy file (n, d), of any real type and order.

    Every pass reads the file anew, so that memory does not depend on n. weights: a .npy file of n
    numbers >= 0; kind: as in `mixot.as_sample`. A fit raises InputError if a file changes while it
    runs.
    """
    return Read(npy_table(path, weights), kind)


def open_parquet(
    path: str | Path,
    columns: Sequence[str] | None = None,
    weights_column: str | None = None,
    kind: WeightsKind = "importance",
    client: Any = None,
) -> Rows:
    """Return the rows of a Parquet file, or of all in a folder, in the order of their names.

    Every pass reads the files anew, so that memory does not depend on n. columns: all by default;
    weights_column: one of numbers >= 0; kind: as in `mixot.as_sample`. client: a Dask client whose
    workers read the files, each its part of them, at the same paths.
    """
    from mixot.engines.parquet import parquet_table

    table = parquet_table(path, columns, weights_column)
    if client is None:
        return Read(table, kind)
    return _workers().spread_table(table, client, kind)


def from_dask(
    data: Any, weights: Any = None, kind: WeightsKind = "importance", client: Any = None
) -> Rows:
    """Return the rows of a Dask array (n, d) or data frame, which stay with the workers.

    They are computed and spread evenly over the workers at once, and held as long as what is
    returned lives; a pass sends coefficients to the workers and sums back. Results are the same
    bits for any number of workers. Workers of one thread each use all cores of a machine better
    than threads do. weights: n numbers >= 0, in an array of Dask or not; kind: as in
    `mixot.as_sample`; client: by default the current one. Needs `mixot[distributed]`.
    """
    return _workers().spread_array(data, weights, client, kind)


def _workers() -> ModuleType:
    try:
        from mixot.engines import workers
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise InputError(
            f"{error.name} is not installed: pip install 'mixot[distributed]'"
        ) from None
    return workers
