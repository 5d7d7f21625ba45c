"""Parquet files, read piece by piece: row groups and blocks need not know of each other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mixot.engines.files import File, opened
from mixot.engines.tables import Slab
from mixot.errors import InputError
from mixot.types import Array

# Numbers that are decoded at once.
_BATCH = 1 << 18


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file whose rows begin at row `start` of the table, and the rows of its row groups."""

    file: File
    start: int
    group_rows: tuple[int, ...]

    @property
    def stop(self) -> int:
        """Row of the table behind the last one here."""
        return self.start + sum(self.group_rows)


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """The rows of files, one after the other; `weights` names the column of weights, if any."""

    files: tuple[ParquetFile, ...]
    names: tuple[str, ...]
    weights: str | None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.files[-1].stop

    @property
    def n_features(self) -> int:
        """Number d of columns."""
        return len(self.names)

    @property
    def weighted(self) -> bool:
        """Whether there is a column of weights."""
        return self.weights is not None

    def slabs(self, pieces: Sequence[slice]) -> Iterator[Slab]:
        """Read pieces, put together from batches."""
        wanted = self.names if self.weights is None else (*self.names, self.weights)
        batches = self._batches(slice(pieces[0].start, pieces[-1].stop), wanted)
        rest = np.empty((0, len(wanted)))
        for piece in pieces:
            values = np.empty((piece.stop - piece.start, len(wanted)))
            filled = 0
            while filled < len(values):
                if not len(rest):
                    rest = next(batches)
                count = min(len(rest), len(values) - filled)
                values[filled : filled + count] = rest[:count]
                rest = rest[count:]
                filled += count
            if self.weights is None:
                yield Slab(values, None)
            else:
                yield Slab(np.ascontiguousarray(values[:, :-1]), values[:, -1].copy())

    def place(self, row: int) -> str:
        """Say where a row stands."""
        file = next(file for file in self.files if row < file.stop)
        return f"{file.file.path}: row {row - file.start}"

    def column(self, index: int) -> str:
        """Name a column."""
        return repr(self.names[index])

    def _batches(self, rows: slice, wanted: Sequence[str]) -> Iterator[Array]:
        """Yield the rows, as they come, as arrays (m, columns wanted)."""
        for file in self.files:
            if file.stop <= rows.start or file.start >= rows.stop:
                continue
            starts = file.start + np.cumsum([0, *file.group_rows])
            chosen = np.flatnonzero((starts[1:] > rows.start) & (starts[:-1] < rows.stop))
            position = int(starts[chosen[0]])
            with file.file.reading():
                for batch in _decoded(file.file.path, chosen.tolist(), wanted):
                    first = max(rows.start - position, 0)
                    last = min(rows.stop - position, batch.num_rows)
                    if first < last:
                        yield self._numbers(batch.slice(first, last - first), position + first)
                    position += batch.num_rows

    def _numbers(self, batch: Any, start: int) -> Array:
        values = np.empty((batch.num_rows, batch.num_columns))
        names = self.names if self.weights is None else (*self.names, self.weights)
        for index, name in enumerate(names):
            column = batch.column(name)
            if column.null_count:
                row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
                raise InputError(
                    f"{self.place(start + row)}, column {name!r} is missing; "
                    "every value must be a finite number"
                )
            values[:, index] = column.to_numpy(zero_copy_only=False)
        return values


def _decoded(path: Path, groups: list[int], wanted: Sequence[str]) -> Iterator[Any]:
    size = max(1, _BATCH // len(wanted))
    try:
        # Columns of a row group are read as they are decoded, not all before.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16) as parquet:
            yield from parquet.iter_batches(size, groups, list(wanted), use_threads=False)
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def parquet_table(
    path: str | Path, columns: Sequence[str] | None, weights_column: str | None
) -> ParquetTable:
    """Open a file, or all .parquet files of a folder; raises InputError if they hold no table."""
    files: list[ParquetFile] = []
    names: tuple[str, ...] | None = None if columns is None else tuple(columns)
    start = 0
    for one in _paths(Path(path)):
        file = opened(one)
        try:
            metadata = pq.read_metadata(one)
            schema = metadata.schema.to_arrow_schema()
        except (pa.ArrowException, OSError):
            raise InputError(f"{one}: is not a Parquet file") from None
        if names is None:
            names = _all_columns(schema, weights_column)
        _check_columns(one, schema, (*names, *([] if weights_column is None else [weights_column])))
        counts = tuple(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
        files.append(ParquetFile(file, start, counts))
        start = files[-1].stop
    if not names or start == 0:
        raise InputError(f"{path}: must have at least one row and one column")
    return ParquetTable(tuple(files), names, weights_column)


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [one for one in path.glob("*.parquet") if one.name[0] not in "._"]
    if not found:
        raise InputError(f"{path}: holds no .parquet file")
    # part.10 comes after part.9.
    return sorted(
        found, key=lambda one: [(len(s), s) if s.isdigit() else (0, s) for s in _words(one)]
    )


def _words(path: Path) -> list[str]:
    return re.split(r"(\d+)", path.name)


def _all_columns(schema: Any, weights_column: str | None) -> tuple[str, ...]:
    """Return all columns but the weights and what pandas keeps of an index."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return tuple(name for name in schema.names if name != weights_column and name not in index)


def _check_columns(path: Path, schema: Any, names: Sequence[str]) -> None:
    for name in names:
        if name not in schema.names:
            raise InputError(f"{path}: has no column {name!r}, only {', '.join(schema.names)}")
        kind = schema.field(name).type
        if not (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        ):
            raise InputError(
                f"{path}: column {name!r} holds {kind}; columns must hold numbers "
                "(choose them with the argument columns)"
            )
