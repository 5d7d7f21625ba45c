"""Rows that lie elsewhere, for `mixot.fit` in place of a sample.

Each of these raises InputError for what it cannot use. What only some of them need is imported when
they are called.
"""

from collections.abc import Sequence
from pathlib import Path

from mixot.arrays import WeightsKind
from mixot.engines.npy import npy_table
from mixot.engines.rows import Read, Rows


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
) -> Rows:
    """Return the rows of a Parquet file, or of all in a folder, in the order of their names.

    Every pass reads the files anew, so that memory does not depend on n. columns: all by default;
    weights_column: one of numbers >= 0; kind: as in `mixot.as_sample`.
    """
    from mixot.engines.parquet import parquet_table

    return Read(parquet_table(path, columns, weights_column), kind)
