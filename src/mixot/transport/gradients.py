"""Derivatives of a transport problem's value in what it was given, by the envelope theorem.

At the solution the value moves as if the plan and the potentials stood still, so that nothing is
differentiated through the solver (E1, E2, E5, F3):

    in the cost     P
    in epsilon      KL(P | a x b)
    in tau          KL(P'1 | b)
    in a            f
    in b            g if the marginal is fixed, (epsilon + tau) (1 - P'1 / b) if not (tau = 0: free)

a and b stay on the simplex: their gradients are meant along directions that sum to zero, and may be
shifted by a constant. Columns without weight have the derivative for putting weight there.
"""

from dataclasses import dataclass, field

import numpy as np

from mixot.transport.objective import kl_divergence
from mixot.transport.result import TransportResult
from mixot.types import Array


@dataclass(frozen=True, eq=False)
class Gradients:
    """The derivatives in a (n,), b (K,), epsilon, tau (NaN if there is none), and cost (n, K)."""

    a: Array
    b: Array
    epsilon: float
    tau: float
    _result: TransportResult = field(repr=False)

    @property
    def cost(self) -> Array:
        """The derivative in the cost: the plan, made when it is first asked for."""
        return self._result.plan


def gradients(result: TransportResult) -> Gradients:
    """Return the derivatives of a solved problem's value; they are as good as its certificate."""
    solution, source = result.solution, result.source
    epsilon, tau, b = solution.epsilon, solution.tau, solution.weights
    f, g = result.potentials
    marginal = result.marginals[1]
    penalised = np.isfinite(tau) and tau > 0.0
    per_tau = kl_divergence(marginal, b) if penalised else float("nan")
    entropy = (result.value - result.value_linear - (tau * per_tau if penalised else 0.0)) / epsilon
    log_ratio = np.zeros(b.size)
    for k in np.flatnonzero(b == 0.0):
        log_ratio[k] = _log_mass(source.column(int(k)), source.sample_weight, f, epsilon)
    if np.isinf(tau):
        in_b = np.where(b > 0.0, g, -epsilon * log_ratio)
    else:
        held = np.divide(marginal, b, out=np.ones_like(b), where=b > 0.0)
        missing = np.exp(log_ratio * epsilon / (epsilon + tau))
        in_b = (epsilon + tau) * (1.0 - np.where(b > 0.0, held, missing))
    return Gradients(f, in_b, entropy, per_tau, result)


def _log_mass(cost: Array, sample_weight: Array, f: Array, epsilon: float) -> float:
    """Return log sum_i a_i exp((f_i - C_i) / epsilon), the log of P'1 / b in an empty column."""
    carried = sample_weight > 0.0
    exponents = (f[carried] - cost[carried]) / epsilon
    top = float(exponents.max())
    if np.isneginf(top):
        return -np.inf
    return top + float(np.log(sample_weight[carried] @ np.exp(exponents - top)))
