"""Balanced plans at low temperatures: the semi-dual solved along a sequence of cooling steps.

At a temperature far below the spread of the costs every sample belongs to one component but for a
few, and the semi-dual is a polyhedron with rounded edges. The potentials change little with the
temperature (linearly once the pattern of shared samples is fixed, F5), so that each stage starts
near its solution: at the potentials of the stage before, extrapolated along the last two.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mixot.transport.newton import Maximum
from mixot.types import Array

# Spreads of the costs over the temperature: the first is where stages begin, and up to the second
# Newton's method needs none.
_WARM = 100.0
_DIRECT = 400.0
_FACTOR = 2.5
_MOST_STAGES = 16
# Stages before the last one need no more than to be near the solution.
_STAGE_TOL = 1e-3

# Called as solve(cooling, start, tolerance or None for the final one, sweeps left); the start is a
# potential over the stage's temperature.
Solver = Callable[[float, Array, float | None, int], Maximum]


def anneal(solve: Solver, spread: float, size: int, max_iter: int) -> Maximum:
    """Return the maximum at cooling 1, with the sweeps of all stages.

    solve: finds the maximum at a cooling; spread: of the costs, over the temperature; size: K.
    """
    coolings = stages(spread)
    potential, earlier, sweeps = np.zeros(size), np.zeros(size), 0
    for number, cooling in enumerate(coolings):
        start = potential
        if number > 1:
            # Linear in the temperature, which is 1 / cooling.
            warm, warmer = coolings[number - 1], coolings[number - 2]
            ahead = (1.0 / cooling - 1.0 / warm) / (1.0 / warm - 1.0 / warmer)
            start = potential + ahead * (potential - earlier)
        last = number == len(coolings) - 1
        found = solve(cooling, cooling * start, None if last else _STAGE_TOL, max_iter - sweeps)
        sweeps += found.n_sweeps
        potential, earlier = found.potential / cooling, potential
        if sweeps >= max_iter and not last:
            found = solve(1.0, potential, None, 1)
            sweeps += 1
            break
    return replace(found, n_sweeps=sweeps)


def stages(spread: float) -> list[float]:
    """Return the coolings of all stages, ending at 1."""
    if spread <= _DIRECT:
        return [1.0]
    steps = int(np.ceil(np.log(spread / _WARM) / np.log(_FACTOR)))
    steps = min(steps, _MOST_STAGES)
    return np.geomspace(_WARM / spread, 1.0, steps + 1).tolist()
