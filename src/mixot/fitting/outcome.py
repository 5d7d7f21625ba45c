"""What has become of the components when a fit ends."""

import numpy as np

from mixot.families.base import Family, take
from mixot.fitting.descent import Problem, State
from mixot.types import Mixture, Status

# Components closer than this (square root of twice their symmetrised KL) are the same one, and a
# component that stands for less than this fraction of one observation has no mass.
_IDENTICAL = 1e-4
_NO_MASS = 1e-6


def message(status: Status, family: Family, mixture: Mixture) -> str:
    """Say how a fit ended, what to try, and what the family remarks (that a bound is active)."""
    remarks = getattr(family, "remarks", None)
    remark = "" if remarks is None else remarks(mixture.parameters)
    return " ".join(filter(None, [status.sentence, status.advice, remark]))


def degeneracy(problem: Problem, state: State, status: Status) -> tuple[int, Status]:
    """Count distinct components, and let degeneracy speak unless something worse happened."""
    mixture = state.mixture
    occupied = state.totals.marginal * problem.engine.size > _NO_MASS
    components = np.arange(mixture.n_components)
    distinct: list[int] = []
    for k in components[occupied]:
        if not distinct:
            distinct.append(int(k))
            continue
        one = take(problem.family, mixture.parameters, np.repeat(k, len(distinct)))
        others = take(problem.family, mixture.parameters, distinct)
        both = problem.family.divergence(one, others) + problem.family.divergence(others, one)
        if np.sqrt(both.min()) > _IDENTICAL:
            distinct.append(int(k))
    if status in (Status.CONVERGED, Status.STOPPED, Status.MAX_ITER):
        if len(distinct) < int(occupied.sum()):
            status = Status.COLLAPSED_IDENTICAL
        elif not occupied.all():
            status = Status.EMPTY_COMPONENT
    return len(distinct), status
