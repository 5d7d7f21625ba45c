"""NumPy's files, read piece by piece.

They are read and not mapped into memory: a mapped file that is cut short while a fit runs ends the
process, a read one ends the fit with a sentence. The system keeps the pages of either in memory as
long as there is room.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mixot.engines.files import File, opened
from mixot.engines.tables import Slab
from mixot.errors import InputError
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class NpyFile:
    """An array (n, d) in a file, in C or Fortran order, from byte `offset` on."""

    file: File
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    def read(self, stream: FileIO, rows: slice) -> Array:
        """Return rows (m, d) as float64 in C order."""
        m = rows.stop - rows.start
        n_samples, n_features = self.shape
        if not self.fortran:
            return self._numbers(stream, rows.start * n_features, (m, n_features))
        points = np.empty((m, n_features))
        for column in range(n_features):
            points[:, column] = self._numbers(stream, column * n_samples + rows.start, (m,))
        return points

    def _numbers(self, stream: FileIO, first: int, shape: tuple[int, ...]) -> Array:
        values: NDArray[Any] = np.empty(shape, self.dtype)
        rest = values.reshape(-1).view(np.uint8).data
        stream.seek(self.offset + first * self.dtype.itemsize)
        while rest:
            # A single call reads 2 GB at most, and less at the end of the file.
            count = stream.readinto(rest)
            if not count:
                raise InputError(f"{self.file.path}: ends before its last row")
            rest = rest[count:]
        return values.astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class NpyTable:
    """The rows of one file, and their weights from another one."""

    points: NpyFile
    weights: NpyFile | None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.points.shape[0]

    @property
    def n_features(self) -> int:
        """Number d of columns."""
        return self.points.shape[1]

    @property
    def weighted(self) -> bool:
        """Whether there is a file of weights."""
        return self.weights is not None

    def slabs(self, pieces: Sequence[slice]) -> Iterator[Slab]:
        """Read pieces of both files."""
        other = nullcontext(None) if self.weights is None else self.weights.file.reading()
        with self.points.file.reading() as stream, other as second:
            for piece in pieces:
                shares = None
                if self.weights is not None and second is not None:
                    shares = self.weights.read(second, piece)[:, 0]
                yield Slab(self.points.read(stream, piece), shares)

    def place(self, row: int) -> str:
        """Say where a row stands."""
        return f"{self.points.file.path}: row {row}"

    def column(self, index: int) -> str:
        """Name a column."""
        return str(index)


def npy_table(path: str | Path, weights: str | Path | None) -> NpyTable:
    """Open a table; raises InputError if the files hold none."""
    points = _header(Path(path))
    if weights is None:
        return NpyTable(points, None)
    second = _header(Path(weights))
    if second.shape != (points.shape[0], 1):
        raise InputError(
            f"{weights}: weights must be one number a row, {points.shape[0]} in all, got shape "
            f"{second.shape}"
        )
    return NpyTable(points, second)


def _header(path: Path) -> NpyFile:
    file = opened(path)
    with file.reading() as stream:
        try:
            version = npy.read_magic(stream)
            reader = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
            shape, fortran, dtype = reader(stream)
        except (ValueError, KeyError):
            raise InputError(f"{path}: is not an array in NumPy's format (.npy)") from None
        offset = stream.tell()
    if dtype.kind not in "fiub":
        raise InputError(f"{path}: must hold real numbers, got the type {dtype}")
    if len(shape) not in (1, 2):
        raise InputError(f"{path}: must be a table of shape (n, d), got an array of shape {shape}")
    n_samples, n_features = (*shape, 1)[:2]
    if n_samples == 0 or n_features == 0:
        raise InputError(f"{path}: must have at least one row and one column, got shape {shape}")
    needed = offset + n_samples * n_features * dtype.itemsize
    if file.stamp[1] < needed:
        raise InputError(f"{path}: is cut short: {file.stamp[1]} bytes instead of {needed}")
    return NpyFile(file, (n_samples, n_features), dtype, fortran and n_features > 1, offset)
