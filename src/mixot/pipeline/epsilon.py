"""Epsilon as a canonical decimal string, so that one number has one spelling in every path.

YAML readers disagree about `1e-2` (a string to one, a number to another), and binary floats print
in many ways. Paths, study files and run keys therefore carry epsilon as plain decimal digits,
without exponent, superfluous zeros or sign; `canonical` is the one function that makes the string.
"""

import re
from decimal import Decimal, InvalidOperation

from mixot.errors import InputError

# The study's schema states the same pattern.
PATTERN = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
ALLOWED = "a number > 0 in at most 17 digits, such as 0.1, 1 or 10"
_MOST_DIGITS = 17


def canonical(value: str | float, where: str = "epsilon") -> str:
    """Return the canonical spelling of an epsilon >= 0; 0 names the limit epsilon -> 0.

    Raises InputError, naming `where`, for anything that is not a finite number >= 0.

    >>> canonical("1e-1"), canonical(10.0), canonical("0.30")
    ('0.1', '10', '0.3')
    """
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InputError(f"{where}={value}: not a number; allowed: {ALLOWED}") from None
    if not number.is_finite() or number < 0:
        raise InputError(f"{where}={value}: out of range; allowed: {ALLOWED}")
    if number == 0:
        return "0"
    spelling = f"{number.normalize():f}"
    if len(spelling.replace(".", "")) > _MOST_DIGITS:
        raise InputError(f"{where}={value}: too many digits; allowed: {ALLOWED}")
    return spelling


def is_canonical(value: object) -> bool:
    """Say whether `value` is a string in the canonical spelling."""
    return isinstance(value, str) and PATTERN.fullmatch(value) is not None
