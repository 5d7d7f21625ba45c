"""Seconds of sides that take turns, so that a machine that slows down is unfair to none."""

import gc
import time
from collections.abc import Callable, Mapping

import numpy as np

from mixot.types import Array


def race(sides: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Array]:
    """Return the seconds (repeats,) of every side, in rounds of which every other runs backwards.

    A first round warms up and does not count. Garbage is collected between turns only.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    enabled = gc.isenabled()
    try:
        for turn in range(repeats + 1):
            for name in sides if turn % 2 else reversed(tuple(sides)):
                gc.collect()
                gc.disable()
                began = time.perf_counter()
                sides[name]()
                took = time.perf_counter() - began
                gc.enable()
                if turn:
                    seconds[name].append(took)
    finally:
        if not enabled:
            gc.disable()
    return {name: np.array(values) for name, values in seconds.items()}
