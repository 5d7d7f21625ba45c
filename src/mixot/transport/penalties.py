"""What the penalty of an unbalanced plan costs where the weights are free.

Minimised over the weights b, epsilon KL(P | a x b) + tau KL(P'1 | b) has b = P'1, at which neither
the second term nor tau is left: for every finite tau the minimum over P and b is that of the
semi-relaxed problem, min_b of its value (B1). Alternating the two, b <- P'1 with P the unbalanced
plan at b, reaches it from every tau, by steps that become smaller as tau grows, because the plan
holds on to the weights it was given: at tau = 0 they are those of EM for the weights, and at
tau = infinity nothing moves (D7).

The end is certified by one E-step (N3): with c = P*'1 / b at the semi-relaxed plan P*, the value
exceeds the minimum by at most epsilon log max_k c_k.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixot.transport.solve import solve
from mixot.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Alternation:
    """Where the alternation ended for one tau.

    value: the semi-relaxed value at weights (K,); excess: at most so much above its minimum over
    the weights; n_steps: how often the weights moved.
    """

    tau: float
    weights: Array
    value: float
    excess: float
    n_steps: int
    converged: bool


def compare_penalties(
    cost: Array,
    a: Array,
    start: Array,
    taus: Sequence[float],
    epsilon: float = 1.0,
    *,
    tol: float = 1e-8,
    max_steps: int = 10_000,
) -> tuple[Alternation, ...]:
    """Alternate plan and weights for each tau >= 0, from the weights `start` (K,) > 0.

    tol: the excess over the minimum at which to end, in the cost's units.
    """
    return tuple(
        _alternate(np.asarray(cost, dtype=np.float64), a, start, tau, epsilon, tol, max_steps)
        for tau in taus
    )


def _alternate(
    cost: Array, a: Array, start: Array, tau: float, epsilon: float, tol: float, max_steps: int
) -> Alternation:
    weights, g, steps = np.asarray(start, dtype=np.float64), None, 0
    while True:
        relaxed = solve(cost, a, weights, epsilon, relaxation="semirelaxed")
        held = weights > 0.0
        excess = epsilon * float(np.log(np.max(relaxed.marginal[held] / weights[held])))
        if excess <= tol or steps >= max_steps:
            break
        marginal = relaxed.marginal
        if tau > 0.0:
            plan = solve(cost, a, weights, epsilon, relaxation="unbalanced", tau=tau, g_init=g)
            marginal, g = plan.marginal, plan.g
        weights, steps = marginal / marginal.sum(), steps + 1
    return Alternation(tau, weights, relaxed.value, max(excess, 0.0), steps, excess <= tol)
