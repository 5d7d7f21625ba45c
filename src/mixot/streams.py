"""Random streams that are addressed by what they are for.

A stream is named by a tuple of axes, such as ("data", "faithful", 3), and by nothing else: neither
the order in which streams are asked for, nor the number of draws from another one, nor the process
that asks, changes what it yields. Two axis tuples that differ anywhere give independent streams.

The axes are written as a JSON array (which tells 1 from "1" and ("ab", "c") from ("a", "bc")), its
SHA-256 is the entropy of a `numpy.random.SeedSequence`, and that seeds a PCG64. The bit generator
is named here rather than left to `numpy.random.default_rng`, whose choice may change.
"""

import hashlib
import json
import operator

import numpy as np


def stream(*axes: str | int) -> np.random.Generator:
    """Return a fresh generator at the start of the stream that the axes name.

    Axes are strings and integers, at least one; anything else (a float, a bool, None) is a
    TypeError, because its spelling would not be canonical.

    >>> first = stream("data", "iris", 0).normal()
    >>> first == stream("data", "iris", 0).normal()
    True
    >>> first == stream("data", "iris", 1).normal()
    False
    """
    if not axes:
        raise TypeError("a stream needs at least one axis")
    spelling = json.dumps([_canonical(axis) for axis in axes], separators=(",", ":"))
    digest = hashlib.sha256(spelling.encode("ascii")).digest()
    entropy = int.from_bytes(digest, "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def _canonical(axis: str | int) -> str | int:
    """Return the axis as a plain string or integer."""
    if isinstance(axis, str):
        return str(axis)
    if isinstance(axis, bool | np.bool_):
        raise TypeError(f"a stream's axis must be a string or an integer, got {axis!r}")
    return operator.index(axis)
