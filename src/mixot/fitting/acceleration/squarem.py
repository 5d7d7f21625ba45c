"""SQUAREM: extrapolate along two plain steps [Varadhan & Roland 2008, scheme S3].

From x with the plain map G: r = G(x) - x, v = (G(G(x)) - G(x)) - r, and

    x' = x + 2 a r + a^2 v,    a = |r| / |v|,

followed by a plain step from x', whose objective decides whether the cycle is kept: the fast
directions, which the extrapolation may have stirred up, have then settled. a = 1 is the plain map
applied twice. As in the authors' program, a is capped and the cap grows while it binds.
"""

import numpy as np

from mixot.fitting.acceleration.walk import Point, Walk
from mixot.fitting.descent import Info, Problem, State
from mixot.fitting.loop import Step

_FIRST_CAP = 4.0
_CAP_FACTOR = 4.0
# Below this an extrapolation is not worth a sweep.
_PLAIN = 1.05
# Cycles look two points back; the rate of the certificate profits from more.
_MEMORY = 10


class Cap:
    """The largest steplength that is tried."""

    def __init__(self) -> None:
        self.value = _FIRST_CAP

    def grow(self) -> None:
        """Allow longer steps, after the longest one did well."""
        self.value *= _CAP_FACTOR

    def shrink(self, failed: float) -> None:
        """Stay well below a steplength that failed."""
        self.value = max(_FIRST_CAP, failed / _CAP_FACTOR)


def squarem(problem: Problem) -> Step:
    """Return the step that is one cycle: two sweeps and an extrapolation of one more, or two."""
    walk, cap = Walk(problem, _MEMORY), Cap()

    def step(state: State) -> tuple[State, Info]:
        return walk.finish(state, cycle(walk, cap, walk.begin(state)))

    return step


def cycle(walk: Walk, cap: Cap, begin: Point) -> Point | Info:
    """Return the point after one cycle, or the trouble that the first plain step met."""
    state, trouble = walk.sweep(begin.moved, begin.state)
    if state is None:
        return trouble
    middle = walk.at(state)
    walk.remember(middle)
    jumped = _extrapolate(walk, cap, begin, middle)
    if jumped is not None:
        return jumped
    state, _ = walk.sweep(middle.moved, middle.state)
    # What keeps the second plain step from succeeding will be met again by the next cycle.
    return middle if state is None else walk.at(state)


def _extrapolate(walk: Walk, cap: Cap, begin: Point, middle: Point) -> Point | None:
    here, there = begin.place, middle.place
    if walk.usable < 2 or here is None or there is None:
        # Without a common chart the two residuals cannot be compared.
        return None
    curvature = there.residual - here.residual
    bend = there.length(curvature)
    ratio = there.length(here.residual) / bend if bend > 0.0 else np.inf
    length = min(ratio, cap.value)
    if length < _PLAIN:
        return None
    target = here.x + 2.0 * length * here.residual + length**2 * curvature
    state = walk.jump(target, middle.state)
    if state is not None:
        aside = walk.at(state)
        settled, _ = walk.sweep(aside.moved, state)
        if settled is not None and walk.accepts(settled, middle):
            if length == cap.value:
                cap.grow()
            walk.remember(aside)
            return walk.at(settled)
    cap.shrink(length)
    return None
