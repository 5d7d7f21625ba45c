"""Refuse values outside a family's support, or beyond the range of arithmetic, in one line."""

import numpy as np

from mixot.arrays import extremes
from mixot.errors import InputError
from mixot.types import Array, Mask

# Squares within these bounds, and sums of many, are floating-point numbers with room to spare.
_LEAST, _MOST = 1e-140, 1e140
# From here on floating-point numbers leave out whole numbers.
_MOST_COUNTED = 2.0**53


def check_values(points: Array, allowed: Mask, requirement: str) -> None:
    """Raise InputError naming the first of the points (n, d) that is not allowed.

    requirement: what is asked for, such as "a gamma variable must be > 0".
    """
    refused = np.argwhere(~allowed)
    if refused.size:
        row, column = refused[0]
        raise InputError(
            f"points: row {row}, column {column} is {points[row, column]:.15g}; {requirement}"
        )


def check_magnitude(points: Array) -> None:
    """Refuse points (n, d) too large or too close to each other to be squared.

    Columns that do not vary at all are another matter.
    """
    low, high = extremes(points)
    large = np.flatnonzero(np.maximum(-low, high) > _MOST)
    if large.size:
        column = int(large[0])
        row = int(np.abs(points[:, column]).argmax())
        raise InputError(
            f"points: row {row}, column {column} is {points[row, column]:.15g}; magnitudes must "
            f"be at most {_MOST:g}, so use larger units"
        )
    close = np.flatnonzero((high > low) & (high - low < _LEAST))
    if close.size:
        column = int(close[0])
        raise InputError(
            f"points: column {column} spans {high[column] - low[column]:.3g} only; columns must "
            f"span at least {_LEAST:g}, so use smaller units"
        )


def check_countable(points: Array) -> None:
    """Refuse counts (n, d) that are too large to be told from their neighbours."""
    check_values(points, points <= _MOST_COUNTED, f"counts must be at most {_MOST_COUNTED:.0f}")
