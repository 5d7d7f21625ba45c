"""One fit, from plain values: the start, the weights, the minimisation.

This module and `mixot.pipeline.score` are all of this layer that a fit's numbers depend on, so they
are part of its code digest; they know nothing of configuration files or folders.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mixot import families
from mixot.errors import InputError
from mixot.families import Family
from mixot.fitting import Fit, fit, responsibilities, smoothed_start
from mixot.problems.problem import Problem, check
from mixot.streams import stream
from mixot.types import Array, Mixture


@dataclass(frozen=True, slots=True)
class Request:
    """What to compute for a problem.

    weights: "free", "fixed" (to the truth of a synthetic problem, else uniform) or numbers; start:
    "smoothed" or "truth"; seed addresses the random stream of the start.
    """

    family: str
    family_options: Mapping[str, object]
    plan: str
    weights: str | tuple[float, ...]
    epsilon: float
    start: str
    seed: int
    tol: float
    max_iter: int


def family_of(problem: Problem, request: Request) -> Family:
    """Build the family, and refuse data that it cannot be fitted to."""
    family = families.get(request.family, **request.family_options)
    check(problem, family)
    return family


def compute(problem: Problem, family: Family, request: Request) -> Fit:
    """Fit the problem; raises InputError for a request that makes no sense for it."""
    start = _start(problem, family, request)
    weights: str | Array = "free"
    if request.weights != "free":
        weights = _matched(_fixed_weights(problem, request), problem, start, family)
    return fit(
        problem.sample,
        start,
        family,
        plan=request.plan,
        epsilon=request.epsilon,
        weights=weights,
        tol=request.tol,
        max_iter=request.max_iter,
        energy=True,
    )


def _start(problem: Problem, family: Family, request: Request) -> Mixture:
    """Return the start, which depends on problem, family and seed alone: comparisons are paired."""
    if request.start == "smoothed":
        rng = stream("start", problem.name, family.name, request.seed)
        return smoothed_start(problem.sample, family, problem.n_components, rng)
    if request.start != "truth":
        raise InputError(f"init.name={request.start}: unknown; allowed: smoothed, truth")
    if not _has_truth(problem) or request.family != problem.families[0]:
        raise InputError(
            f"init=truth: problem {problem.name} with family {request.family} has no known truth; "
            "allowed: init=smoothed"
        )
    assert problem.truth is not None
    return problem.truth


def _fixed_weights(problem: Problem, request: Request) -> Array:
    if isinstance(request.weights, tuple):
        weights = np.array(request.weights)
        if weights.size != problem.n_components:
            raise InputError(
                f"solver.weights={list(request.weights)}: {weights.size} numbers; allowed: one for "
                f"each of the {problem.n_components} components"
            )
        return weights / weights.sum()
    if _has_truth(problem):
        assert problem.truth is not None
        return problem.truth.weights
    return np.full(problem.n_components, 1.0 / problem.n_components)


def _matched(weights: Array, problem: Problem, start: Mixture, family: Family) -> Array:
    """Give the largest weight to the component that explains most at the start, and so on down.

    Components of a start come in no particular order, so a fixed vector of weights has to be
    assigned to them somehow; this way needs no knowledge of the true parameters.
    """
    sample = problem.sample
    mass = sample.weights @ responsibilities(sample.points, start, family)
    matched = np.empty_like(weights)
    matched[np.argsort(-mass, kind="stable")] = np.sort(weights)[::-1]
    return matched


def _has_truth(problem: Problem) -> bool:
    return problem.truth is not None and problem.truth.n_components == problem.n_components
