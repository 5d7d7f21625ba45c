"""Intervals for success rates, and for the difference of two that were observed in pairs."""

import math

from mixot.types import Array

# The normal quantile of a 95 % interval.
_Z = 1.959963984540054


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a probability [Wilson 1927]."""
    rate, shrink = successes / trials, _Z**2 / trials
    centre = (rate + 0.5 * shrink) / (1.0 + shrink)
    half = _Z * math.sqrt(rate * (1.0 - rate) / trials + 0.25 * shrink / trials) / (1.0 + shrink)
    # At rates 0 and 1 an end is that rate, up to rounding.
    return max(centre - half, 0.0), min(centre + half, 1.0)


def paired_difference(one: Array, other: Array) -> tuple[float, float, float]:
    """Return the difference of two rates of success in the same trials, and its 95 % interval.

    one, other: (n,) of 0 and 1. Half a trial is added to either kind of disagreement and to either
    kind of agreement, which keeps the interval honest where these are few [Agresti & Min 2005].
    """
    trials = one.size + 2.0
    ahead = float((one > other).sum()) + 0.5
    behind = float((one < other).sum()) + 0.5
    centre = (ahead - behind) / trials
    half = _Z * math.sqrt(ahead + behind - (ahead - behind) ** 2 / trials) / trials
    return float((one - other).mean()), max(centre - half, -1.0), min(centre + half, 1.0)


def restarts_needed(successes: int, trials: int, confidence: float = 0.99) -> float:
    """Return how many starts make a success as certain as that; infinite if none succeeded."""
    if successes == 0:
        return math.inf
    if successes == trials:
        return 1.0
    return float(math.ceil(math.log(1.0 - confidence) / math.log1p(-successes / trials)))


def restarts_success(successes: int, trials: int, n_init: int) -> float:
    """Return the share of all choices of n_init of the trials that have a success among them."""
    failures = trials - successes
    return 1.0 - math.comb(failures, n_init) / math.comb(trials, n_init)
