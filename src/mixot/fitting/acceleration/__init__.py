"""Acceleration: other steps for the same loop, which reach the limit in fewer sweeps.

Each is a wrapper of the step of `mixot.fitting.descent`. It extrapolates in the coordinates of
`mixot.families.charts` from what the plain map did before, and keeps an extrapolation only if the
objective is then at most what the plain map is certain to reach, so that F never rises. What does
not work out (no plan, no coordinates, a component at the boundary) falls back to the plain step.
"""

from mixot.errors import InputError
from mixot.fitting.acceleration.anderson import anderson
from mixot.fitting.acceleration.squarem import squarem
from mixot.fitting.acceleration.walk import Progress
from mixot.fitting.descent import Problem
from mixot.fitting.loop import Step

__all__ = ["METHODS", "Progress", "accelerate", "anderson", "squarem"]

METHODS = {"squarem": squarem, "anderson": anderson}


def accelerate(problem: Problem, method: str) -> Step:
    """Return the accelerated step of a problem, for one fit; its infos are `Progress`.

    method: "squarem" or "anderson". Raises InputError for another, and for hard plans, whose fits
    end after finitely many steps.
    """
    if method not in METHODS:
        raise InputError(f"unknown acceleration {method!r}; allowed: {', '.join(METHODS)}, or None")
    if problem.plan.hard:
        raise InputError("hard plans have nothing to accelerate: leave acceleration None")
    return METHODS[method](problem)
