"""Tables: rows as they lie in a file or an array, read piece by piece, and their weights.

Rows are counted from the first one of the whole, also in a table that holds only some of them.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixot.engines.layout import cuts
from mixot.errors import InputError
from mixot.types import Array

# Numbers in what is read at once where nothing else decides.
_SLAB = 1 << 18


@dataclass(frozen=True, slots=True)
class Slab:
    """Consecutive rows: points (m, d), C order, and weights (m,) as given, or None."""

    points: Array
    weights: Array | None


class Table(Protocol):
    """Rows that can be read in order, as often as needed."""

    @property
    def n_samples(self) -> int:
        """Number of rows of the whole."""

    @property
    def n_features(self) -> int:
        """Number d of columns."""

    @property
    def weighted(self) -> bool:
        """Whether rows have weights of their own."""

    def slabs(self, pieces: Sequence[slice]) -> Iterator[Slab]:
        """Read pieces, each of which begins where the one before it ended."""

    def place(self, row: int) -> str:
        """Say where a row stands, for messages."""

    def column(self, index: int) -> str:
        """Name a column, for messages."""


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """Rows in memory, from row `start` of the whole; points may be of any real type."""

    n_samples: int
    points: NDArray[np.generic]
    weights: NDArray[np.generic] | None
    start: int = 0
    names: tuple[str, ...] | None = None

    @property
    def n_features(self) -> int:
        """Number d of columns."""
        return int(self.points.shape[1])

    @property
    def weighted(self) -> bool:
        """Whether rows have weights of their own."""
        return self.weights is not None

    def __sizeof__(self) -> int:
        """Count the arrays too, so that whoever moves tables knows what that costs."""
        weights = 0 if self.weights is None else self.weights.nbytes
        return object.__sizeof__(self) + self.points.nbytes + weights

    def slabs(self, pieces: Sequence[slice]) -> Iterator[Slab]:
        """Yield the pieces, as copies where the type or the order must change."""
        for piece in pieces:
            rows = slice(piece.start - self.start, piece.stop - self.start)
            points = np.ascontiguousarray(self.points[rows], dtype=np.float64)
            weights = None if self.weights is None else self.weights[rows].astype(np.float64)
            yield Slab(points, weights)

    def place(self, row: int) -> str:
        """Say where a row stands."""
        return f"points: row {row}"

    def column(self, index: int) -> str:
        """Name a column."""
        return str(index) if self.names is None else repr(self.names[index])


def pieces(part: slice, n_features: int) -> list[slice]:
    """Cut a part into what is read at once where no layout of a model decides."""
    return cuts(part, max(1, _SLAB // n_features))


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the weights of all rows come to.

    total: their sum, None if there are none and all rows weigh the same; n_positive: how many are
    not zero; stand_in: (d,) the first row that weighs anything. Rows of weight zero are replaced by
    it: they would spoil sums where no component explains them.
    """

    total: float | None
    n_positive: int
    stand_in: Array | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A table with its weights as shares of the whole."""

    table: Table
    weighing: Weighing

    def slabs(self, pieces: Sequence[slice]) -> Generator[tuple[Array, Array], None, None]:
        """Read pieces: points (m, d) and the rows' shares (m,)."""
        for slab in self.table.slabs(pieces):
            if slab.weights is None:
                yield slab.points, np.full(len(slab.points), 1.0 / self.table.n_samples)
                continue
            assert self.weighing.total is not None
            assert self.weighing.stand_in is not None
            points, nothing = slab.points, slab.weights == 0.0
            if nothing.any():
                points = np.where(nothing[:, None], self.weighing.stand_in, points)
            yield points, slab.weights / self.weighing.total


def weigh(rows: Weighed, parts: Sequence[slice], kind: str) -> list[Weighing]:
    """Return the sums of the weights of each part; raises InputError for weights that make none.

    kind: "importance" or "frequency", as in `mixot.arrays.as_sample`.
    """
    return [_weigh_part(rows.table, part, kind) for part in parts]


def _weigh_part(table: Table, part: slice, kind: str) -> Weighing:
    if not table.weighted:
        return Weighing(None, part.stop - part.start, None)
    total, n_positive, stand_in = 0.0, 0, None
    where = pieces(part, table.n_features)
    for piece, slab in zip(where, table.slabs(where), strict=True):
        assert slab.weights is not None
        _check_weights(table, slab.weights, piece.start, kind)
        total += float(slab.weights.sum())
        positive = np.flatnonzero(slab.weights)
        n_positive += positive.size
        if stand_in is None and positive.size:
            stand_in = slab.points[positive[0]].copy()
    return Weighing(total, n_positive, stand_in)


def _check_weights(table: Table, weights: Array, start: int, kind: str) -> None:
    allowed, requirement = weights >= 0.0, "weights must be finite and >= 0"
    allowed &= np.isfinite(weights)
    if kind == "frequency":
        with np.errstate(invalid="ignore"):
            allowed &= weights == np.floor(weights)
        requirement = "frequencies must be whole numbers >= 0"
    if not allowed.all():
        row = int(np.argmin(allowed))
        raise InputError(
            f"{table.place(start + row)} has the weight {weights[row]:.15g}; {requirement}"
        )


def joined(weighings: Sequence[Weighing]) -> Weighing:
    """Join the weighings of all parts."""
    if weighings[0].total is None:
        return Weighing(None, sum(one.n_positive for one in weighings), None)
    total = 0.0
    for one in weighings:
        total += one.total or 0.0
    if not np.isfinite(total) or total <= 0.0:
        raise InputError(f"weights: their sum is {total}; it must be a finite number > 0")
    stand_in = next(one.stand_in for one in weighings if one.stand_in is not None)
    return Weighing(total, sum(one.n_positive for one in weighings), stand_in)
