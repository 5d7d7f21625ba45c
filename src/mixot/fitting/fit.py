"""Fit a mixture from a given start, by any plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mixot.engines import Rows
from mixot.errors import InputError
from mixot.families.base import Family
from mixot.fitting import descent
from mixot.fitting.annealing import Annealing, anneal, as_schedule
from mixot.fitting.constraints import UNCONSTRAINED, Constraints
from mixot.fitting.loop import Step
from mixot.fitting.outcome import degeneracy, message
from mixot.fitting.posing import pose
from mixot.fitting.stopping import Certificate, Stop, certify, within
from mixot.fitting.trace import Trace
from mixot.transport import plans
from mixot.types import Array, Mixture, Sample, Status


@dataclass(frozen=True, slots=True)
class Fit:
    """The result of a fit.

    mixture: the last regular one; converged: whether the loop ended by its rule, which a fit with
    status collapsed_identical or empty_component may also have done; message: the status in a
    sentence, with advice, and what the family remarks; n_iter: steps; n_map, n_objective: M-steps
    and evaluations of F, of which an accelerated step may take several; objective: F at the
    mixture's own plan; g: (K,) column potential; plan_entropy: mean entropy of the
    responsibilities, nats; n_distinct: components that are neither empty nor identical to an
    earlier one.
    """

    mixture: Mixture
    start: Mixture
    status: Status
    converged: bool
    message: str
    n_iter: int
    n_map: int
    n_objective: int
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
    plan: str | plans.Plan = "semirelaxed",
    epsilon: float | Sequence[float] | Annealing = 1.0,
    weights: str | Array = "free",
    tol: float = 1e-8,
    max_iter: int = 5000,
    stop: Stop | None = None,
    acceleration: str | None = None,
    constraints: Constraints = UNCONSTRAINED,
    energy: bool = False,
    n_threads: int | None = None,
) -> Fit:
    """Minimise F over plan, weights and parameters by block-coordinate descent from `start`.

    sample: a `Sample`, or rows that lie elsewhere (`mixot.engines.open_npy` and its neighbours).
    plan: a name of `mixot.transport.plans`. epsilon: several are stages, each begun where the one
    before ended (`annealing`), and the last one decides the status; hard plans take none. weights:
    "free", "fixed" (at the start's) or a fixed vector (K,). tol: projected distance to the limit,
    in the metric of `stopping`; stop: another rule instead, and a fit that it ends farther than tol
    from the limit has status stopped. acceleration: "anderson" or "squarem", which reach the same
    limit in fewer sweeps (`mixot.fitting.acceleration`). constraints: known labels, frozen
    parameters and components, a floor under the weights. energy: measure the plan's term of the
    energy balance too, which costs a second evaluation an iteration; without it `trace.plan_kl` is
    NaN, and accelerated steps measure no term. n_threads: None for what turns out fastest; the
    result does not depend on it. Raises InputError for a request that makes no sense; numerical
    trouble is a status.
    """
    schedule = as_schedule(epsilon, plans.get(plan))
    problem, mixture = pose(
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
    if energy and acceleration is not None:
        raise InputError(
            f"acceleration {acceleration!r} measures no energy terms: leave out one of the two"
        )
    stepper = partial(_stepper, acceleration)
    stepper(problem)
    with problem.engine.session():
        state, trouble = descent.init(problem, mixture)
        if state is None:
            assert trouble.status is not None
            return _stillborn(mixture, trouble.status, problem)
        state, trace, certificate, status = anneal(
            stepper, problem, state, schedule, rule, max_iter
        )
        entropy = state.sweep.entropy(state.chosen.tilt, problem.plan.rows)
    ended = status is Status.CONVERGED
    if ended and certificate.distance > tol:
        status = Status.STOPPED
    n_distinct, status = degeneracy(problem, state, status)
    return Fit(
        state.mixture,
        mixture,
        status,
        ended,
        message(status, family, state.mixture),
        trace.plan_kl.size,
        int(trace.n_map[-1]),
        int(trace.n_objective[-1]),
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
    plan: str | plans.Plan = "semirelaxed",
    epsilon: float = 1.0,
    weights: str | Array = "free",
) -> Mixture:
    """Return the mixture after one plan step and one M-step; the arguments are those of `fit`.

    Raises ArithmeticError if the mixture has no plan.
    """
    problem, mixture = pose(sample, mixture, family, plan, epsilon, weights)
    state, trouble = descent.init(problem, mixture)
    if state is None:
        assert trouble.status is not None
        raise ArithmeticError(trouble.status.sentence)
    return descent.maximise(problem, state)


def _stepper(acceleration: str | None, problem: descent.Problem) -> Step:
    """Return the step of a stage; raises InputError for a method that there is not."""
    if acceleration is None:
        return partial(descent.step, problem)
    from mixot.fitting.acceleration import accelerate  # plain fits need none of it

    return accelerate(problem, acceleration)


def _stillborn(mixture: Mixture, status: Status, problem: descent.Problem) -> Fit:
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
        np.array([problem.temperature]),
        np.array([0.0]),
        np.array([1.0]),
    )
    return Fit(
        mixture,
        mixture,
        status,
        False,
        message(status, problem.family, mixture),
        0,
        0,
        1,
        np.inf,
        np.zeros(mixture.n_components),
        np.inf,
        0.0,
        mixture.n_components,
        trace,
        certify(nothing, np.inf),
    )
