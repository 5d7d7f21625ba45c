"""Checks of the options that problems take: one line that names the option, value and bound."""

import operator
from typing import Any

from mixot.errors import InputError


def whole_number(name: str, value: Any, at_least: int) -> int:
    """Return an option that is a whole number from `at_least` on."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < at_least:
        raise InputError(f"{name} must be a whole number >= {at_least}, got {value!r}")
    return number


def number_above(name: str, value: Any, bound: float) -> float:
    """Return an option that is a finite number above `bound`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not bound < value < float("inf"):
        raise InputError(f"{name} must be a finite number > {bound:g}, got {value!r}")
    return float(value)
