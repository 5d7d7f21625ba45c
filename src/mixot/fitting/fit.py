"""Fit a mixture from a given start, by any plan."""

from dataclasses import dataclass

import numpy as np

from mixot.errors import InputError
from mixot.families.base import Family, take
from mixot.fitting import descent
from mixot.fitting.loop import iterate
from mixot.fitting.stopping import Certificate, certify
from mixot.fitting.trace import Trace
from mixot.transport import plans
from mixot.types import Array, Mixture, Sample, Status

# Components closer than this (square root of twice their symmetrised KL) are the same one, and a
# component that stands for less than this fraction of one observation has no mass.
_IDENTICAL = 1e-4
_NO_MASS = 1e-6


@dataclass(frozen=True, slots=True)
class Fit:
    """The result of a fit.

    mixture: the last regular one; converged: whether the loop ended by its certificate, which a
    fit with status collapsed_identical or empty_component may also have done; message: the status
    in a sentence, with advice; objective: F at the mixture's own plan; g: (K,) column potential;
    plan_entropy: mean entropy of the responsibilities, nats; n_distinct: components that are
    neither empty nor identical to an earlier one.
    """

    mixture: Mixture
    start: Mixture
    status: Status
    converged: bool
    message: str
    n_iter: int
    objective: float
    g: Array
    marginal_error: float
    plan_entropy: float
    n_distinct: int
    trace: Trace
    certificate: Certificate


def fit(
    sample: Sample,
    start: Mixture,
    family: Family,
    *,
    plan: str = "semirelaxed",
    epsilon: float = 1.0,
    weights: str | Array = "free",
    tol: float = 1e-8,
    max_iter: int = 5000,
) -> Fit:
    """Minimise F over plan, weights and parameters by block-coordinate descent from `start`.

    plan: a name of `mixot.transport.plans`; weights: "free", "fixed" (at the start's) or a fixed
    vector (K,); tol: projected distance to the limit, in the metric of `stopping`. Hard plans take
    no epsilon. Raises InputError for a request that makes no sense; numerical trouble is a status.
    """
    problem, mixture = _pose(sample, start, family, plan, epsilon, weights)
    state, trouble = descent.init(problem, mixture)
    if state is None:
        assert trouble.status is not None
        return _stillborn(mixture, trouble.status)
    state, trace, certificate, status = iterate(
        lambda current: descent.step(problem, current), state, tol, max_iter
    )
    ended = status is Status.CONVERGED
    n_distinct, status = _degeneracy(problem, state, status)
    return Fit(
        state.mixture,
        mixture,
        status,
        ended,
        f"{status.sentence} {status.advice}",
        trace.plan_kl.size,
        state.objective,
        state.chosen.g,
        state.marginal_error,
        state.totals.entropy,
        n_distinct,
        trace,
        certificate,
    )


def step(
    sample: Sample,
    mixture: Mixture,
    family: Family,
    *,
    plan: str = "semirelaxed",
    epsilon: float = 1.0,
    weights: str | Array = "free",
) -> Mixture:
    """Return the mixture after one plan step and one M-step; the arguments are those of `fit`.

    Raises ArithmeticError if the mixture has no plan.
    """
    problem, mixture = _pose(sample, mixture, family, plan, epsilon, weights)
    state, trouble = descent.init(problem, mixture)
    if state is None:
        assert trouble.status is not None
        raise ArithmeticError(trouble.status.sentence)
    return descent.maximise(problem, state)


def _pose(
    sample: Sample,
    start: Mixture,
    family: Family,
    plan_name: str,
    epsilon: float,
    weights: str | Array,
) -> tuple[descent.Problem, Mixture]:
    plan = plans.get(plan_name)
    if not plan.hard and not (np.isfinite(epsilon) and epsilon > 0.0):
        raise InputError(f"epsilon must be a finite number > 0, got {epsilon}")
    family.check(sample, start.n_components)
    fixed = not (isinstance(weights, str) and weights == "free")
    if isinstance(weights, str):
        if weights not in ("free", "fixed"):
            raise InputError(f"weights must be free, fixed or a vector, got {weights!r}")
        values = start.weights
    else:
        values = np.asarray(weights, dtype=np.float64)
    values = _checked_weights(values, start.n_components)
    if plan.weights == "fixed" and not fixed:
        raise InputError(
            f"plan {plan_name!r} cannot move the weights (its column marginal is the weights "
            "themselves): fix them, or use the plan 'balanced_free'"
        )
    if plan.weights == "plan" and fixed:
        raise InputError(f"plan {plan_name!r} finds the weights itself: leave them free")
    problem = descent.Problem(
        sample,
        family,
        plan,
        1.0 if plan.hard else float(epsilon),
        fixed or plan.weights != "m_step",
        family.initial(sample, start.n_components),
    )
    return problem, Mixture(values, start.parameters)


def _checked_weights(values: Array, n_components: int) -> Array:
    if values.shape != (n_components,):
        raise InputError(f"weights must have shape ({n_components},), got {values.shape}")
    if not np.isfinite(values).all() or (values < 0.0).any() or abs(values.sum() - 1.0) > 1e-9:
        raise InputError("weights must be finite, >= 0 and sum to 1")
    return values / values.sum()


def _degeneracy(
    problem: descent.Problem, state: descent.State, status: Status
) -> tuple[int, Status]:
    """Count distinct components, and let degeneracy speak unless something worse happened."""
    mixture = state.mixture
    occupied = state.totals.marginal * problem.sample.size > _NO_MASS
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
    if status in (Status.CONVERGED, Status.MAX_ITER):
        if len(distinct) < int(occupied.sum()):
            status = Status.COLLAPSED_IDENTICAL
        elif not occupied.all():
            status = Status.EMPTY_COMPONENT
    return len(distinct), status


def _stillborn(mixture: Mixture, status: Status) -> Fit:
    """Return the result of a fit whose start has no plan."""
    nothing = np.zeros(0)
    trace = Trace(
        np.array([np.inf]),
        np.array([np.inf]),
        nothing,
        nothing,
        nothing,
        nothing,
        np.array([0]),
        mixture.weights[None],
        {name: values[None] for name, values in mixture.parameters.items()},
    )
    return Fit(
        mixture,
        mixture,
        status,
        False,
        f"{status.sentence} {status.advice}",
        0,
        np.inf,
        np.zeros(mixture.n_components),
        np.inf,
        0.0,
        mixture.n_components,
        trace,
        certify(nothing, np.inf),
    )
