"""Anderson mixing of the last plain steps, regularised and restarted.

With x_j the last mixtures, f_j = G(x_j) - x_j the plain steps, and DX, DF their differences,

    x' = x + f - (DX + DF) gamma,    gamma = argmin |f - DF gamma|^2 + lambda |gamma|^2,

is the step of a multisecant Newton method for f = 0 [Walker & Ni 2011]. As in DAAREM [Henderson &
Varadhan 2019], lambda bounds the step, and steps that the objective refuses are undone. The bound
is a multiple of the plain step that grows while it binds. A refusal restarts the mixing and hands
over to SQUAREM for 1, 2, 4, ... cycles: where F is not convex, Newton steps lead to saddles, while
SQUAREM always goes on in the direction of the plain map.
"""

from dataclasses import dataclass

import numpy as np

from mixot.fitting.acceleration.squarem import Cap, cycle
from mixot.fitting.acceleration.walk import Point, Walk
from mixot.fitting.descent import Info, Problem, State
from mixot.fitting.loop import Step
from mixot.types import Array

_ORDER = 10
_FIRST_REACH, _REACH_FACTOR, _LEAST_REACH = 4.0, 4.0, 1.5
_MOST_CYCLES = 64
# lambda relative to the largest singular value of DF squared: round-off, and an upper end at which
# nothing is mixed.
_LEAST_DAMPING, _MOST_DAMPING = 1e-20, 1e6
_BISECTIONS = 40


@dataclass(slots=True)
class _Trust:
    """How far mixing may go, and for how many cycles it is suspended."""

    reach: float = _FIRST_REACH
    suspended: int = 0
    penalty: int = 1

    def reward(self, bound: bool) -> None:
        """Note a step that was kept; `bound` says that it was as long as allowed."""
        self.penalty = 1
        if bound:
            self.reach *= _REACH_FACTOR

    def punish(self, ratio: float) -> None:
        """Note a refused step of `ratio` plain steps."""
        self.reach = max(_LEAST_REACH, min(self.reach, ratio) / _REACH_FACTOR)
        self.suspended = self.penalty
        self.penalty = min(2 * self.penalty, _MOST_CYCLES)


def anderson(problem: Problem, order: int = _ORDER) -> Step:
    """Return the step that mixes up to `order` differences; one sweep where it is kept."""
    walk, cap, trust = Walk(problem, order), Cap(), _Trust()

    def step(state: State) -> tuple[State, Info]:
        return walk.finish(state, _next(walk, cap, trust, walk.begin(state)))

    return step


def _next(walk: Walk, cap: Cap, trust: _Trust, point: Point) -> Point | Info:
    if trust.suspended == 0 and walk.usable > 1:
        mixed = _mix(walk, trust, point)
        if mixed is not None:
            return mixed
    if trust.suspended > 0:
        trust.suspended -= 1
        return cycle(walk, cap, point)
    state, trouble = walk.sweep(point.moved, point.state)
    return trouble if state is None else walk.at(state)


def _mix(walk: Walk, trust: _Trust, point: Point) -> Point | None:
    place = point.place
    if place is None:
        return None
    plain = place.length(place.residual)
    if plain == 0.0:
        return None
    move, bound = mixed_step(*walk.differences(), place.residual, place.metric, trust.reach * plain)
    state = walk.jump(place.x + move, point.state)
    if state is not None and walk.accepts(state, point):
        trust.reward(bound)
        return walk.at(state)
    trust.punish(place.length(move) / plain)
    walk.forget()
    return None


def mixed_step(
    moves: Array, changes: Array, residual: Array, metric: Array, longest: float
) -> tuple[Array, bool]:
    """Return the mixed step (p,) of at most a given length, and whether that bound was binding.

    moves, changes: (p, m) differences of x and of f; residual: (p,), the last f; metric: (p,).
    """
    weighted = metric[:, None] * changes
    sizes = np.linalg.norm(weighted, axis=0)
    some = sizes > 0.0
    if not some.any():
        return residual, False
    sizes = sizes[some]
    left, singular, right = np.linalg.svd(weighted[:, some] / sizes, full_matrices=False)
    relative = singular / singular[0]
    target = left.T @ (metric * residual) / singular[0]
    both = moves[:, some] + changes[:, some]

    def step(damping: float) -> Array:
        gamma = right.T @ (target * relative / (relative**2 + damping)) / sizes
        return np.asarray(residual - both @ gamma)

    def length(move: Array) -> float:
        return float(np.linalg.norm(metric * move))

    free = step(_LEAST_DAMPING)
    if length(free) <= longest:
        return free, False
    low, high = np.log(_LEAST_DAMPING), np.log(_MOST_DAMPING)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if length(step(np.exp(middle))) > longest:
            low = middle
        else:
            high = middle
    return step(np.exp(high)), True
