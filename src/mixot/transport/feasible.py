"""Whether forbidden pairs leave any plan: Hall's condition, with a set that violates it.

A plan with marginals a and b exists if and only if no set S of columns asks for more than the rows
that may reach it have: b(S) <= a(N(S)). For a tilt t on the pattern of allowed pairs,

    <b, t> - sum_i a_i max_{k allowed} t_k = integral over c of b({t > c}) - a(N({t > c})),

so that wherever the left side is positive some level set of t violates the condition. The semi-dual
of the pattern (allowed pairs cost nothing) is smaller than the left side; without a plan it grows
beyond every bound, and climbing it finds such a set.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixot.transport.balanced import match_marginal
from mixot.transport.costs import Costs
from mixot.types import Array

# Sweeps of the first climb.
_SWEEPS = 6
# Marginals are sums of n numbers: an excess below this is their rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Violation:
    """Columns that ask for `demand`, and the only rows that may reach them, which have `supply`.

    columns: indices into those with weight; rows: None where they were not looked for.
    """

    columns: NDArray[np.intp]
    rows: NDArray[np.intp] | None
    demand: float
    supply: float


def violation(costs: Costs, target: Array, patience: int) -> tuple[Violation | None, int]:
    """Look for the worst violation of Hall's condition at the target (K,).

    patience: how often the climb is looked at, every time after twice as many sweeps. Returns None
    if none was found until then, and the sweeps used.
    """
    if not costs.forbidden:
        return None, 0
    oracle, tilt, sweeps = costs.pattern(), np.log(target), 0
    for turn in range(patience):
        climbed = match_marginal(oracle, target, tilt, max_iter=_SWEEPS << turn)
        tilt, sweeps = climbed.tilt, sweeps + climbed.n_sweeps + 1
        order = np.argsort(-tilt, kind="stable")
        supply, demand = np.cumsum(costs.reached(order)), np.cumsum(target[order])
        worst = int(np.argmax(demand - supply))
        excess = float(demand[worst] - supply[worst])
        if excess > _ROUNDING:
            columns = np.sort(order[: worst + 1])
            rows = costs.senders(columns)
            return Violation(columns, rows, float(demand[worst]), float(supply[worst])), sweeps
        if climbed.converged:
            break
    return None, sweeps
