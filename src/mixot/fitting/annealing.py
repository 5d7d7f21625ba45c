"""Fits along a schedule of epsilons, each begun where the one before ended.

At a high temperature the objective is flatter and has fewer optima; cooling follows one of them
[Rose, Gurewitz & Fox 1990; Ueda & Nakano 1998]. Objectives under different epsilons are different
functions, so that their values are not comparable: within a stage F falls, from stage to stage it
may do anything. Nothing is perturbed between stages: components that have become identical stay so.
With free covariances all components become identical at epsilon > 1 (theory D8, F2), so that
schedules are for kernels of known scale, or for few, short stages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mixot.errors import InputError
from mixot.fitting.descent import Problem, State, init
from mixot.fitting.loop import Step, iterate
from mixot.fitting.stopping import Certificate, Stop, within
from mixot.fitting.trace import Trace
from mixot.transport.plans import Plan
from mixot.types import Array, Status


@dataclass(frozen=True, slots=True)
class Annealing:
    """Epsilons in their order; the last one is that of the fit.

    tol, max_iter: when a stage before the last one ends, by its projected distance or by force; the
    last one ends as the fit's own options say.
    """

    epsilons: tuple[float, ...]
    tol: float = 1e-3
    max_iter: int = 200


def as_schedule(epsilon: float | Sequence[float] | Annealing, plan: Plan) -> Annealing:
    """Return what was given for epsilon as a schedule; raises InputError for nonsense.

    Hard plans, the limit epsilon -> 0, are computed at temperature 1 and take no schedule.
    """
    if plan.hard:
        if isinstance(epsilon, Annealing) or np.ndim(epsilon) > 0:
            raise InputError("hard plans are the limit epsilon -> 0: they take no schedule")
        return Annealing((1.0,))
    schedule = epsilon if isinstance(epsilon, Annealing) else None
    given = epsilon if schedule is None else schedule.epsilons
    try:
        values = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0.0)).all():
        raise InputError(f"epsilon must be a finite number > 0, or a list of such, got {given!r}")
    if schedule is None:
        return Annealing(tuple(values.tolist()))
    if not schedule.tol >= 0.0 or schedule.max_iter < 1:
        raise InputError(
            "annealing: tol must be >= 0 and max_iter at least 1, got "
            f"{schedule.tol} and {schedule.max_iter}"
        )
    return Annealing(tuple(values.tolist()), schedule.tol, schedule.max_iter)


def anneal(
    stepper: Callable[[Problem], Step],
    problem: Problem,
    state: State,
    schedule: Annealing,
    stop: Stop,
    max_iter: int,
) -> tuple[State, Trace, Certificate, Status]:
    """Iterate from a state at the first epsilon, stage after stage, as `loop.iterate` does.

    stepper: makes the step of a stage's problem. A stage that cannot go on ends the fit.
    """
    traces = []
    for number, epsilon in enumerate(schedule.epsilons, start=1):
        if number > 1:
            problem = replace(problem, temperature=epsilon)
            entered, trouble = init(problem, state.mixture)
            if entered is None:
                assert trouble.status is not None
                status = trouble.status
                break
            state = entered
        last = number == len(schedule.epsilons)
        state, trace, certificate, status = iterate(
            stepper(problem),
            state,
            stop if last else within(schedule.tol),
            max_iter if last else schedule.max_iter,
        )
        traces.append(trace)
        if status not in (Status.CONVERGED, Status.MAX_ITER):
            break
    return state, joined(traces), certificate, status


def joined(traces: Sequence[Trace]) -> Trace:
    """Return the traces of consecutive stages as one.

    A stage's first state is the last mixture of the stage before, and is left out.
    """
    whole = traces[0]
    for later in traces[1:]:
        whole = Trace(
            objective=_behind(whole.objective, later.objective[1:]),
            marginal_error=_behind(whole.marginal_error, later.marginal_error[1:]),
            plan_kl=_behind(whole.plan_kl, later.plan_kl),
            weights_kl=_behind(whole.weights_kl, later.weights_kl),
            components_kl=_behind(whole.components_kl, later.components_kl),
            step=_behind(whole.step, later.step),
            iterations=_behind(whole.iterations, whole.iterations[-1] + later.iterations[1:]),
            weights=_behind(whole.weights, later.weights[1:]),
            parameters={
                name: _behind(values, later.parameters[name][1:])
                for name, values in whole.parameters.items()
            },
            epsilon=_behind(whole.epsilon, later.epsilon[1:]),
            n_map=_behind(whole.n_map, whole.n_map[-1] + later.n_map[1:]),
            n_objective=_behind(whole.n_objective, whole.n_objective[-1] + later.n_objective[1:]),
        )
    return whole


def _behind(first: Array, second: Array) -> Array:
    return np.concatenate([first, second])
