"""Whether forbidden pairs leave any plan: Hall's condition, with a set that violates it.

A plan with marginals a and b exists if and only if no set S of columns asks for more than the rows
that may reach it have: b(S) <= a(N(S)). For a tilt t on the pattern of allowed pairs,

    <b, t> - sum_i a_i max_{k allowed} t_k = integral over c of b({t > c}) - a(N({t > c})),

so that wherever the left side is positive some level set of t violates the condition. The semi-dual
of the pattern (allowed pairs cost nothing) is smaller than the left side; without a plan it grows
beyond every bound, and climbing it finds such a set.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixot.transport.balanced import match_marginal
from mixot.transport.dense import Dense
from mixot.types import Array

_SWEEPS = 200
# Marginals are sums of n numbers: an excess below this is their rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Violation:
    """Columns that ask for `demand`, and the only rows that may reach them, which have `supply`.

    columns and rows are indices into the laid-out cost's columns and rows.
    """

    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    demand: float
    supply: float


def violation(laid: Dense, target: Array) -> Violation | None:
    """Return the worst violation that was found of Hall's condition at the target (K,), or None."""
    if not laid.forbidden:
        return None
    pattern = replace(
        laid,
        blocks=tuple(np.where(np.isinf(block), np.inf, 0.0) for block in laid.blocks),
        spread=0.0,
    )
    tilt = match_marginal(pattern.oracle(), target, np.log(target), max_iter=_SWEEPS).tilt
    order = np.argsort(-tilt, kind="stable")
    # The first column, in the order of the tilt, that a row may reach.
    first = np.concatenate([_first(block[order]) for block in laid.blocks])
    mass = np.bincount(first, np.concatenate(laid.weights), minlength=target.size + 1)
    supply, demand = np.cumsum(mass[:-1]), np.cumsum(target[order])
    worst = int(np.argmax(demand - supply))
    if demand[worst] - supply[worst] <= _ROUNDING:
        return None
    rows = np.flatnonzero(first <= worst)
    return Violation(np.sort(order[: worst + 1]), rows, float(demand[worst]), float(supply[worst]))


def _first(costs: Array) -> NDArray[np.intp]:
    allowed = np.isfinite(costs)
    return np.where(allowed.any(axis=0), allowed.argmax(axis=0), costs.shape[0])
