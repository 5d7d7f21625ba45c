"""Block-coordinate descent on F(P, pi, theta): the step that every algorithm here takes.

A state holds a mixture together with its optimal plan, as a tilt. One step is an M-step on the
statistics of that plan, then the plan of the new mixture. For the semi-relaxed plan at epsilon = 1
this is EM (D1), for the balanced plan Sinkhorn EM, for hard plans k-means and its kin.

The step measures the terms of the energy balance (D2, D6) directly, not as differences:

    F_t - F_{t+1} = T KL(P_t | P_{t+1}) + T KL(pi_{t+1} | pi_t) + sum_k b_k KL(theta'_k | theta_k)

with b = P_t'1. The middle term is absent when the weights are fixed, and is -T KL(pi_t | pi_{t+1})
when the plan owns them (the balance then holds while no weight leaves the support); with a floor
under the weights it is what `mixot.fitting.constraints` says. A penalty tau on the column marginal
adds tau KL(b_t | b_{t+1}) to the first term and tau KL(pi_{t+1} | pi_t) to the second. Where the
M-step is not that of an exponential family (latent variables, some parameters frozen), the last
term is the decrease of the expected costs, and the divergences serve as the length of the step
alone. For hard plans T = 1 and the first term is its limit (see `mixot.engines.kernel`). Measuring
the first term takes an evaluation of the earlier plan besides, and is left out where nobody asks
for it.
"""

from dataclasses import dataclass

import numpy as np

from mixot.engines import Density, Engine
from mixot.families.base import Family, SingularComponentError
from mixot.families.linear import Moments
from mixot.fitting.constraints import Checked, floored, weights_decrease
from mixot.fitting.frozen import constrained_m_step
from mixot.fitting.stopping import Certificate
from mixot.fitting.sweep import Sweep, Totals
from mixot.transport.objective import kl_divergence
from mixot.transport.plans.base import Chosen, Plan
from mixot.types import Mixture, Parameters, Status


@dataclass(frozen=True, slots=True)
class Problem:
    """What stays the same during a fit.

    temperature: epsilon, or 1 for hard plans; fixed_weights: whether the M-step leaves pi alone;
    reference: one-component parameters, the scale on which a component counts as singular;
    moments: what the linear form needs to know of the rows; energy: whether to measure
    KL(P_t | P_{t+1}).
    """

    engine: Engine
    moments: Moments | None
    family: Family
    plan: Plan
    temperature: float
    fixed_weights: bool
    reference: Parameters
    energy: bool
    constraints: Checked

    @property
    def penalty(self) -> float:
        """The plan's penalty tau on its column marginal over the temperature; 0 without one."""
        return float(getattr(self.plan, "tau", 0.0)) / self.temperature

    @property
    def by_costs(self) -> bool:
        """Whether what an M-step gains is measured on the expected costs, not as a divergence."""
        return self.family.latent or bool(self.constraints.frozen_parameters)


@dataclass(frozen=True, slots=True)
class State:
    """A mixture, the plan that is optimal for it, and the value of F there."""

    mixture: Mixture
    chosen: Chosen
    sweep: Sweep
    totals: Totals
    objective: float
    marginal_error: float


@dataclass(frozen=True, slots=True)
class Info:
    """What one step did; `status` is set when it could not be completed.

    certificate: for steps whose lengths do not tell the distance to the limit; n_map, n_objective:
    M-steps and evaluations of F so far, where a step takes more than one of each.
    """

    plan_kl: float = 0.0
    weights_kl: float = 0.0
    components_kl: float = 0.0
    step: float = 0.0
    status: Status | None = None
    certificate: Certificate | None = None
    n_map: int | None = None
    n_objective: int | None = None


def init(
    problem: Problem, mixture: Mixture, before: State | None = None
) -> tuple[State | None, Info]:
    """Find the plan of a mixture, near that of the state before; no state if there is no plan."""
    try:
        if not problem.family.regular(mixture.parameters, problem.reference).all():
            return None, Info(status=Status.SINGULAR)
        sweep = _sweep(problem, mixture)
        g = None if before is None else before.chosen.g
        chosen = problem.plan.choose(sweep.columns, mixture.weights, problem.temperature, g)
        compare = before is not None and (problem.energy or problem.by_costs)
        earlier = (before.sweep, before.chosen.tilt) if before is not None and compare else None
        totals = sweep.totals(chosen.tilt, problem.plan.rows, earlier)
    except SingularComponentError:
        return None, Info(status=Status.SINGULAR)
    value = problem.temperature * -totals.log_normaliser + float(chosen.weights @ chosen.g)
    if np.isposinf(value) or not chosen.feasible:
        return None, Info(status=Status.INFEASIBLE)
    if not np.isfinite(value) or not np.isfinite(totals.statistics).all():
        return None, Info(status=Status.NONFINITE)
    mixture = Mixture(chosen.weights, mixture.parameters)
    error = totals.row_error + chosen.column_error
    return State(mixture, chosen, sweep, totals, value, error), Info()


def step(problem: Problem, state: State) -> tuple[State, Info]:
    """Take one M-step and find the new plan; the old state and a status if that fails."""
    moved = maximise(problem, state)
    after, trouble = init(problem, moved, state)
    if after is None:
        return state, trouble
    plan_kl = after.totals.plan_kl if problem.energy else np.nan
    if problem.penalty > 0.0:
        plan_kl += problem.penalty * kl_divergence(state.totals.marginal, after.totals.marginal)
    weights_kl = 0.0
    if problem.plan.weights == "plan":
        weights_kl = -kl_divergence(state.mixture.weights, after.mixture.weights)
    elif not problem.fixed_weights and _weights_matter(problem.plan):
        weights_kl = (1.0 + problem.penalty) * weights_decrease(
            state.totals.marginal / state.totals.marginal.sum(),
            state.mixture.weights,
            problem.constraints.weight_floor,
        )
    mass = state.totals.marginal
    divergence = problem.family.divergence(moved.parameters, state.mixture.parameters)
    components_kl = float(np.sum(np.where(mass > 0.0, mass * divergence, 0.0)))
    length = np.sqrt(2.0 * (problem.temperature * abs(weights_kl) + components_kl))
    if problem.by_costs:
        components_kl = after.totals.cost_change
    return after, Info(plan_kl, weights_kl, components_kl, float(length))


def maximise(problem: Problem, state: State) -> Mixture:
    """Return the weights and parameters that minimise F for the state's plan."""
    constraints = problem.constraints
    parameters = constrained_m_step(
        problem.family,
        state.totals.statistics,
        state.mixture.parameters,
        constraints.frozen_parameters,
        constraints.frozen_components,
    )
    weights = state.mixture.weights
    if not problem.fixed_weights and problem.plan.weights == "m_step":
        marginal = state.totals.marginal / state.totals.marginal.sum()
        weights = floored(marginal, constraints.weight_floor)[0]
    return Mixture(weights, parameters)


def _sweep(problem: Problem, mixture: Mixture) -> Sweep:
    form, coefficients = problem.engine.form, None
    if form is not None:
        assert problem.moments is not None
        coefficients = form.coefficients(mixture.parameters, problem.moments)
    # A plan that is closed takes one pass, and only a comparison comes back to its values.
    several = problem.plan.iterative or problem.energy or problem.by_costs
    kept = problem.engine.memo(mixture.n_components) if several else None
    density = Density(
        problem.family, mixture.parameters, problem.temperature, form, coefficients, kept
    )
    return Sweep(problem.engine, density, problem.moments)


def _weights_matter(plan: Plan) -> bool:
    # The unweighted hard objective does not contain pi: moving it changes nothing.
    return not plan.hard or bool(getattr(plan, "weighted", False))
