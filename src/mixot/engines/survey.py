"""What a fit must know of rows that it never sees together: whether they suit it, how they lie.

Two readings: one gathers rows spread over the whole, rows that hold a column's least or largest
value, and a few distinct ones; the other shows every row to the family's own check, together with
what was gathered, so that a piece in which a column happens to be constant is not taken for a
sample in which it is. The spread rows, weighed by how many each stands for, give the one-component
parameters: they set the frame and the scale of a fit, for which some 10,000 rows do as well as all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixot.engines.layout import cuts
from mixot.engines.tables import Weighed, pieces
from mixot.errors import InputError
from mixot.families.base import Family, take
from mixot.types import Array, Parameters, Sample

Index = NDArray[np.intp]

# How many rows, and how many numbers in them, are spread over the whole; but more rows than
# columns, without which a covariance is singular.
_MOST_ROWS, _MOST_NUMBERS, _ROWS_A_COLUMN = 1 << 16, 1 << 22, 4
# Rows among which distinct ones are looked for at once.
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Picked:
    """Rows by their numbers: index (s,), points (s, d) and shares of the whole (s,)."""

    index: Index
    points: Array
    shares: Array

    def __getitem__(self, rows: Index) -> "Picked":
        """Pick some of them."""
        return Picked(self.index[rows], self.points[rows], self.shares[rows])

    def __add__(self, other: "Picked") -> "Picked":
        """Put others behind."""
        return Picked(
            np.concatenate([self.index, other.index]),
            np.concatenate([self.points, other.points]),
            np.concatenate([self.shares, other.shares]),
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading gathers.

    spread: every so many-th row; extreme: for each column the first row with its least value, then
    for each column the first with its largest; distinct: the first rows that differ, at most as
    many as asked for.
    """

    spread: Picked
    extreme: Picked
    distinct: Picked

    def joined(self, later: "Survey", n_distinct: int) -> "Survey":
        """Return the survey of these rows and later ones."""
        d = self.extreme.points.shape[1]
        columns = np.concatenate([np.arange(d), np.arange(d)])
        each, sign = np.arange(2 * d), np.repeat([1.0, -1.0], d)
        mine = sign * self.extreme.points[each, columns]
        beaten = sign * later.extreme.points[each, columns] < mine
        extreme = (self.extreme + later.extreme)[np.where(beaten, each + 2 * d, each)]
        new = _distinct(later.distinct, self.distinct.points, n_distinct)
        return Survey(self.spread + later.spread, extreme, self.distinct + new)

    def outstanding(self) -> Picked:
        """Return the extreme and the distinct rows, each once, in their order."""
        both = self.extreme + self.distinct
        return both[np.unique(both.index, return_index=True)[1]]


def stride(n_samples: int, n_features: int) -> int:
    """Return the step between spread rows; 1 if all can be kept."""
    most = max(min(_MOST_ROWS, _MOST_NUMBERS // n_features), _ROWS_A_COLUMN * n_features)
    return -(-n_samples // most)


def survey(rows: Weighed, parts: Iterable[slice], step: int, n_distinct: int) -> Survey:
    """Gather rows of some parts; raises InputError for values that are not finite numbers."""
    table = rows.table
    found: Survey | None = None
    for part in parts:
        where = pieces(part, table.n_features)
        for piece, (points, shares) in zip(where, rows.slabs(where), strict=True):
            if not np.isfinite(points).all():
                row, column = np.argwhere(~np.isfinite(points))[0]
                raise InputError(
                    f"{table.place(piece.start + row)}, column {table.column(column)} is "
                    f"{points[row, column]}; every value must be a finite number"
                )
            here = Picked(np.arange(piece.start, piece.stop), points, shares)
            first = -piece.start % step
            ends = np.concatenate([points.argmin(axis=0), points.argmax(axis=0)])
            known = points[:0] if found is None else found.distinct.points
            one = Survey(
                here[np.arange(first, len(points), step)],
                here[ends],
                _distinct(here, known, n_distinct),
            )
            found = one if found is None else found.joined(one, n_distinct)
    assert found is not None
    return found


def _distinct(rows: Picked, known: Array, limit: int) -> Picked:
    """Return the first rows that differ from the known ones and each other, `limit` with these."""
    picked: list[int] = []
    for head in cuts(slice(0, len(rows.points)), _HEAD):
        missing = limit - len(known) - len(picked)
        if missing <= 0:
            break
        points = rows.points[head]
        fresh = np.ones(len(points), dtype=bool)
        for row in [*known, *rows.points[picked]]:
            fresh &= (points != row).any(axis=1)
        while missing > 0 and fresh.any():
            first = int(fresh.argmax())
            picked.append(head.start + first)
            fresh &= (points != points[first]).any(axis=1)
            missing -= 1
    return rows[np.array(picked, dtype=np.intp)]


def check(
    rows: Weighed,
    parts: Iterable[slice],
    family: Family,
    n_components: int,
    size: float,
    outstanding: Picked,
) -> None:
    """Show all rows to the family's check; raises its InputError with the row's own place."""
    table = rows.table
    for part in parts:
        where = pieces(part, table.n_features)
        for piece, (points, _) in zip(where, rows.slabs(where), strict=True):
            here = np.arange(piece.start, piece.stop)
            index = np.concatenate([here, outstanding.index])
            shown = np.concatenate([points, outstanding.points])
            weights = np.full(len(shown), 1.0 / len(shown))
            try:
                family.check(Sample(shown, weights, size), n_components)
            except InputError as error:
                raise InputError(_placed(str(error), index, rows)) from None


def _placed(message: str, index: Index, rows: Weighed) -> str:
    """Put the row's own place for its number in what was shown."""
    return re.sub(
        r"points: row (\d+)", lambda found: rows.table.place(int(index[int(found[1])])), message
    )


def pooled(found: Survey, family: Family, n_components: int, size: float, step: int) -> Parameters:
    """Give every component the one-component parameters."""
    rows = found.spread
    if step > 1:
        shares = rows.shares * step
        rest = found.outstanding()
        rest = rest[np.flatnonzero(rest.index % step)]
        rows = Picked(rows.index, rows.points, shares) + rest
        rows = Picked(rows.index, rows.points, rows.shares / rows.shares.sum())
    one = family.initial(Sample(rows.points, rows.shares, size), 1)
    return take(family, one, np.zeros(n_components, dtype=np.intp))


def all_joined(surveys: Sequence[Survey], n_distinct: int) -> Survey:
    """Join the surveys of consecutive rows."""
    found = surveys[0]
    for later in surveys[1:]:
        found = found.joined(later, n_distinct)
    return found
