"""Refuse values outside a family's support, in one line."""

import numpy as np

from mixot.errors import InputError
from mixot.types import Array, Mask


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
