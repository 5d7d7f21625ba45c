"""Fit a mixture from a given start, by any plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mixot.engines import Rows, as_rows
from mixot.engines.rows import InMemory
from mixot.errors import InputError
from mixot.families.base import Family, SingularComponentError, take
from mixot.families.linear import LinearForm
from mixot.fitting import descent
from mixot.fitting.annealing import Annealing, anneal, as_schedule
from mixot.fitting.constraints import UNCONSTRAINED, Constraints, check, floored
from mixot.fitting.stopping import Certificate, Stop, certify, within
from mixot.fitting.trace import Trace
from mixot.transport import plans
from mixot.types import Array, Mixture, Parameters, Sample, Status

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
    sample: Sample | Rows,
    start: Mixture,
    family: Family,
    *,
    plan: str = "semirelaxed",
    epsilon: float | Sequence[float] | Annealing = 1.0,
    weights: str | Array = "free",
    tol: float = 1e-8,
    max_iter: int = 5000,
    stop: Stop | None = None,
    constraints: Constraints = UNCONSTRAINED,
    energy: bool = False,
    n_threads: int | None = None,
) -> Fit:
    """Minimise F over plan, weights and parameters by block-coordinate descent from `start`.

    sample: a `Sample`, or rows that lie elsewhere (`mixot.engines.open_npy` and its neighbours).
    plan: a name of `mixot.transport.plans`; weights: "free", "fixed" (at the start's) or a fixed
    vector (K,); tol: projected distance to the limit, in the metric of `stopping`; stop: another
    rule instead. constraints: known labels, frozen parameters and components, a floor under the
    weights. energy: measure the plan's term of the energy balance too, which costs a second
    evaluation an iteration (otherwise `trace.plan_kl` is NaN). n_threads: None for what turns out
    fastest; the result does not depend on it. Hard plans take no epsilon. Several epsilons are
    stages, each begun where the one before ended (`annealing`); the last one decides the status.
    Raises InputError for a request that makes no sense; numerical trouble is a status.
    """
    schedule = as_schedule(epsilon, plans.get(plan))
    problem, mixture = _pose(
        sample,
        start,
        family,
        plan,
        schedule.epsilons[0],
        weights,
        constraints=constraints,
        energy=energy,
        n_threads=n_threads,
    )
    rule = within(tol) if stop is None else stop
    with problem.engine.session():
        state, trouble = descent.init(problem, mixture)
        if state is None:
            assert trouble.status is not None
            return _stillborn(mixture, trouble.status, problem.temperature)
        state, trace, certificate, status = anneal(
            lambda stage: partial(descent.step, stage), problem, state, schedule, rule, max_iter
        )
        entropy = state.sweep.entropy(state.chosen.tilt, problem.plan.rows)
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
        entropy,
        n_distinct,
        trace,
        certificate,
    )


def step(
    sample: Sample | Rows,
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
    sample: Sample | Rows,
    start: Mixture,
    family: Family,
    plan_name: str,
    epsilon: float,
    weights: str | Array,
    *,
    constraints: Constraints = UNCONSTRAINED,
    energy: bool = False,
    n_threads: int | None = 1,
) -> tuple[descent.Problem, Mixture]:
    plan = plans.get(plan_name)
    epsilon = as_schedule(epsilon, plan).epsilons[0]
    rows = as_rows(sample)
    reference = rows.pooled(family, start.n_components)
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
    checked = check(
        constraints,
        family,
        Mixture(values, start.parameters),
        plan,
        fixed_weights=fixed,
        sample_weights=rows.sample.weights if isinstance(rows, InMemory) else None,
    )
    if isinstance(rows, InMemory) and checked.labels is not None:
        rows = replace(rows, labels=checked.labels)
    values = floored(values, checked.weight_floor)[0]
    engine = rows.engine(_linear_form(family, reference), start.n_components, n_threads)
    problem = descent.Problem(
        engine,
        engine.moments(),
        family,
        plan,
        epsilon,
        fixed or plan.weights != "m_step",
        reference,
        energy,
        checked,
    )
    # Families continue in the type of what they are given, and whole numbers would stay whole.
    parameters = {k: np.asarray(v, dtype=np.float64) for k, v in start.parameters.items()}
    return problem, Mixture(values, parameters)


def _linear_form(family: Family, reference: Parameters) -> LinearForm | None:
    build = getattr(family, "linear_form", None)
    try:
        return None if build is None else build(reference)
    except SingularComponentError:
        # Collinear columns have no frame; the densities then say which component is singular.
        return None


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
    if status in (Status.CONVERGED, Status.MAX_ITER):
        if len(distinct) < int(occupied.sum()):
            status = Status.COLLAPSED_IDENTICAL
        elif not occupied.all():
            status = Status.EMPTY_COMPONENT
    return len(distinct), status


def _stillborn(mixture: Mixture, status: Status, epsilon: float) -> Fit:
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
        np.array([epsilon]),
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
