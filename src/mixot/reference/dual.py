"""The semi-relaxed problem through its dual, one scalar equation a sample (theory A1, N1).

The dual of min_{P 1 = a} <C, P> + eps KL(P | a x pi) separates over samples,

    max_f  sum_i a_i f_i - eps sum_ik a_i pi_k (e^{(f_i - C_ik) / eps} - 1),

and is stationary where sum_k pi_k e^{(f_i - C_ik) / eps} = 1.  That equation is solved here by
a bracketing root finder, never by its closed form: the plan a_i pi_k e^{(f_i - C_ik) / eps}
then owes nothing to responsibilities.  With C = -log p the solution is f_i = -log m_i.
"""

import math

import numpy as np
import scipy.optimize

from .parameters import Array


def solve_row(
    costs: list[float], weights: list[float], epsilon: float = 1.0, method: str = "brentq"
) -> float:
    """Return the root f of sum_k pi_k e^{(f - C_k) / eps} = 1 for one sample.

    The bracket is certain: at min C every term is at most pi_k, so the sum is at most 1; at
    min (C_k - eps log pi_k) one term alone is 1.  Weights must sum to one; zeros are left out.
    `method` is `brentq` or `toms748`, both of SciPy.
    """
    alive = [(c, w) for c, w in zip(costs, weights, strict=True) if w > 0]
    smallest = min(c for c, _ in alive)
    # The unknown is the distance from the smallest cost: its absolute error is then the relative
    # error of the plan, whatever the size of the costs.
    relative = [((c - smallest) / epsilon, w) for c, w in alive]

    def excess(distance: float) -> float:
        return math.fsum(w * math.exp(distance - c) for c, w in relative) - 1.0

    upper = min(c - math.log(w) for c, w in relative)
    # Round-off can put the root a few ulps outside a bracket that is otherwise exact.
    slack = 1e-14 * (1.0 + upper)
    find = {"brentq": scipy.optimize.brentq, "toms748": scipy.optimize.toms748}[method]
    root = find(excess, -slack, upper + slack, xtol=4e-16, rtol=9e-16)
    return smallest + epsilon * float(root)


def solve_semirelaxed(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
    method: str = "brentq",
) -> tuple[Array, Array]:
    """Return the plan (n, K) and the row duals f (n,) by n scalar root finds."""
    listed = weights.tolist()
    f = np.array([solve_row(row, listed, epsilon, method) for row in cost.tolist()])
    return sample_weights[:, None] * weights * np.exp((f[:, None] - cost) / epsilon), f


def semirelaxed_dual_value(
    cost: Array, sample_weights: Array, weights: Array, f: Array, epsilon: float = 1.0
) -> float:
    """Return the dual objective at any f (n,): a lower bound of L_eps, tight at the root (N1)."""
    return math.fsum(
        a * potential
        - epsilon
        * a
        * math.fsum(
            w * math.expm1((potential - c) / epsilon)
            for c, w in zip(row, weights.tolist(), strict=True)
        )
        for a, potential, row in zip(
            sample_weights.tolist(), f.tolist(), cost.tolist(), strict=True
        )
    )
