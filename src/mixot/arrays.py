"""The gate: whatever a user hands over becomes a `Sample`, or one line that says why not.

Everything behind the gate may assume float64, two dimensions, C order, finite values, and positive
weights that sum to 1. Frames of pandas or polars are recognised by what they offer, not by type,
so neither library is imported. Rows and nameless columns are counted from 0.

Rows of weight zero are dropped: they cannot change any weighted mean, and every later logarithm of
a weight stays finite. What belongs to rows (labels) must be dropped with them: `weight_mask` says
which rows stay.
"""

import reprlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixot.errors import InputError
from mixot.types import Array, Sample

WeightsKind = Literal["importance", "frequency"]

# Distinct points are first counted among this many rows per component: sorting a large sample in
# full is only needed when it consists almost entirely of repetitions.
_ROWS_PER_COMPONENT = 64
_TURNED = 4096


def as_points(points: Any, origin: str = "points", columns: Sequence[str] | None = None) -> Array:
    """Return points as a finite (n, d) float64 array in C order; (n,) becomes (n, 1).

    origin opens every message; columns are the names to use there, by default those of the frame.
    An array that already complies is returned as it is, not copied.
    """
    if columns is None and hasattr(points, "columns"):
        columns = [str(name) for name in points.columns]
    raw = np.ma.filled(points.astype(np.float64), np.nan) if np.ma.isMA(points) else points
    try:
        array = np.asarray(raw)
    except ValueError:
        raise InputError(f"{origin}: must be a table whose rows are equally long") from None
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InputError(
            f"{origin}: must be a table of shape (n, d), got an array of shape {array.shape}"
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise InputError(
            f"{origin}: must have at least one row and one column, got shape {array.shape}"
        )
    values = np.ascontiguousarray(_as_float(array, origin, columns))
    finite = np.isfinite(values)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{_place(origin, row, column, columns)} is {values[row, column]}; "
            "every value must be a finite number"
        )
    return values


def as_sample(
    points: Any,
    sample_weight: Any = None,
    kind: WeightsKind = "importance",
    origin: str = "points",
    columns: Sequence[str] | None = None,
) -> Sample:
    """Return the weighted sample, without its rows of weight zero.

    sample_weight: (n,) non-negative, not all zero; None weighs all rows alike. With kind
    "importance" only their ratios matter and size is the number of rows; with "frequency" they are
    whole numbers of repetitions and size is their sum.
    """
    values = as_points(points, origin, columns)
    if sample_weight is None:
        n_samples = values.shape[0]
        return Sample(values, np.full(n_samples, 1.0 / n_samples), float(n_samples))
    raw = _as_weights(sample_weight, values.shape[0], kind, origin)
    shares = _shares(raw)
    mask = shares > 0
    kept = values if mask.all() else values[mask]
    size = raw.sum() if kind == "frequency" else mask.sum()
    return Sample(kept, shares[mask], float(size))


def weight_mask(sample_weight: Any, kind: WeightsKind = "importance") -> NDArray[np.bool_]:
    """Return (n,) true for the rows that `as_sample` keeps."""
    raw = _as_weights(sample_weight, np.size(sample_weight), kind, "points")
    return _shares(raw) > 0


def check_enough_points(sample: Sample, n_components: int, origin: str = "points") -> None:
    """Refuse a sample that stands for fewer observations than there are components."""
    if n_components < 1:
        raise InputError(f"n_components must be at least 1, got {n_components}")
    if sample.size < n_components:
        raise InputError(
            f"{origin}: {sample.size:.15g} observations are too few for {n_components} components; "
            "there must be at least one observation a component"
        )


def check_gaussian(
    sample: Sample,
    n_components: int,
    origin: str = "points",
    columns: Sequence[str] | None = None,
) -> None:
    """Refuse what no Gaussian mixture with free covariances can be fitted to.

    A constant column makes every covariance singular; fewer distinct points than components leave
    a component with a single point, whose likelihood is unbounded.
    """
    check_enough_points(sample, n_components, origin)
    low, high = extremes(sample.points)
    constant = np.flatnonzero(low == high)
    if constant.size:
        column = int(constant[0])
        raise InputError(
            f"{origin}: column {_column(column, columns)} is constant "
            f"({sample.points[0, column]:.15g}); free covariances need columns that vary"
        )
    head = sample.points[: _ROWS_PER_COMPONENT * n_components]
    if _n_distinct(head) < n_components and _n_distinct(sample.points) < n_components:
        raise InputError(
            f"{origin}: {_n_distinct(sample.points)} distinct points are too few for "
            f"{n_components} components with free covariances; at most as many components as "
            "distinct points are allowed"
        )


def extremes(points: Array) -> tuple[Array, Array]:
    """Return the least and the largest value of each column, both (d,)."""
    # Along the rows of few columns reductions crawl; turned blocks take a sixth of the time.
    turned = (
        np.ascontiguousarray(points[first : first + _TURNED].T)
        for first in range(0, points.shape[0], _TURNED)
    )
    ends = np.array([(block.min(axis=1), block.max(axis=1)) for block in turned])
    return ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)


def check_counts(
    points: Array, origin: str = "points", columns: Sequence[str] | None = None
) -> None:
    """Refuse points (n, d) that are not counts, that is whole numbers from 0 on."""
    bad = (points < 0) | (points != np.floor(points))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"{_place(origin, row, column, columns)} is {points[row, column]:.15g}; "
            "counts must be whole numbers >= 0"
        )


def _column(index: int, columns: Sequence[str] | None) -> str:
    """Name a column by its name, if it has one, and by its position otherwise."""
    return str(index) if columns is None else f"'{columns[index]}'"


def _place(origin: str, row: int, column: int, columns: Sequence[str] | None) -> str:
    """Say where an entry stands."""
    return f"{origin}: row {row}, column {_column(column, columns)}"


def _as_float(array: NDArray[Any], origin: str, columns: Sequence[str] | None) -> Array:
    """Convert a 2-d array to float64, or name the first entry that is not a number."""
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    values = np.empty(array.shape)
    for column in range(array.shape[1]):
        numbers = [_number(entry) for entry in array[:, column]]
        if None in numbers:
            row = _first_stranger(array[:, column], numbers)
            raise InputError(
                f"{_place(origin, row, column, columns)} is "
                f"{reprlib.repr(str(array[row, column]))}; "
                "every value must be a number (not text that looks like one)"
            )
        values[:, column] = numbers
    return values


def _first_stranger(entries: NDArray[Any], numbers: list[float | None]) -> int:
    """Return the first row that is not a number and, if possible, does not look like one either.

    One word among numbers makes text of a whole column of a file: the word is the one to name.
    """
    strangers = [row for row, number in enumerate(numbers) if number is None]
    plain = (row for row in strangers if not reads_as_number(str(entries[row])))
    return next(plain, strangers[0])


def reads_as_number(text: str) -> bool:
    """Say whether a text spells a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(entry: Any) -> float | None:
    """Return an object as a float, NaN for a missing value, None for what is not a number."""
    # pandas' NA refuses float(), so it is recognised by its type's name.
    if entry is None or type(entry).__name__ == "NAType":
        return float("nan")
    # Numpy's text, dates, complex numbers and nested arrays would be parsed, cast or cut.
    if isinstance(entry, str | bytes | complex | np.character | np.datetime64 | np.timedelta64):
        return None
    if isinstance(entry, np.ndarray | np.complexfloating) or not hasattr(entry, "__float__"):
        return None
    try:
        return float(entry)
    except (TypeError, ValueError):
        return None


def _as_weights(sample_weight: Any, n_samples: int, kind: str, origin: str) -> Array:
    """Return the weights as given, (n,) float64, once they are known to be admissible."""
    where = f"{origin}: weights"
    if kind not in ("importance", "frequency"):
        raise InputError(f"{where}: kind must be importance or frequency, got {kind!r}")
    name = getattr(sample_weight, "name", None)
    raw = as_points(sample_weight, where, columns=None if name is None else [str(name)])
    if raw.shape != (n_samples, 1):
        raise InputError(
            f"{where} must be one number a row, {n_samples} in all, got shape "
            f"{np.shape(sample_weight)}"
        )
    weights = raw[:, 0]
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise InputError(f"{where}: row {row} is {weights[row]:.15g}; weights must be >= 0")
    if not weights.any():
        raise InputError(f"{where} are all zero; at least one must be > 0")
    if kind == "frequency" and (weights != np.floor(weights)).any():
        row = int(np.argmax(weights != np.floor(weights)))
        raise InputError(
            f"{where}: row {row} is {weights[row]:.15g}; frequencies must be whole numbers "
            "(fractional weights are of kind importance)"
        )
    return weights


def _shares(weights: Array) -> Array:
    """Return non-negative weights divided by their sum."""
    # Dividing by the largest first keeps the sum of huge weights finite.
    scaled = weights / weights.max()
    shares: Array = scaled / scaled.sum()
    return shares


def _n_distinct(points: Array) -> int:
    """Count the distinct rows of (n, d) points."""
    return int(np.unique(points, axis=0).shape[0])
