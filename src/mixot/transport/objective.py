"""The objective of the whole package, stated once.

    F(P, pi, theta) = <C_theta, P> + epsilon KL(P | a x pi),
    KL(P | Q) = sum P log(P / Q) - sum P + sum Q,      0 log 0 = 0,  0 * inf = 0.

The reference is the product measure a x pi, not the entropy that several packages use: for fixed
marginals the plans agree and the values differ by epsilon (H(a) + H(pi)), which is not a constant
as soon as pi varies (`entropy_form`).
"""

import numpy as np
from scipy.special import entr, rel_entr

from mixot.types import Array


def kl_divergence(plan: Array, reference: Array) -> float:
    """Return the generalised KL divergence of two non-negative arrays of one shape.

    +inf where the plan has mass and the reference has none. Every term is non-negative and keeps
    its leading digits where the two nearly agree.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        change = (plan - reference) / reference
        near = reference * ((1.0 + change) * np.log1p(change) - change)
    terms = np.where(np.abs(change) < 0.5, near, rel_entr(plan, reference) - plan + reference)
    return float(np.sum(terms))


def transport_cost(plan: Array, cost: Array) -> float:
    """Return <C, P>; entries without mass count nothing even if their cost is infinite."""
    with np.errstate(invalid="ignore"):
        return float(np.sum(np.where(plan > 0.0, plan * cost, 0.0)))


def objective(
    plan: Array, cost: Array, sample_weight: Array, weights: Array, epsilon: float
) -> float:
    """Return <C, P> + epsilon KL(P | a x pi) for plan and cost of shape (n, K)."""
    reference = sample_weight[:, None] * weights[None, :]
    return transport_cost(plan, cost) + epsilon * kl_divergence(plan, reference)


def entropy_form(value: float, sample_weight: Array, weights: Array, epsilon: float) -> float:
    """Convert a balanced value to the convention <C, P> + epsilon sum P log P."""
    return value - epsilon * float(entr(sample_weight).sum() + entr(weights).sum())


def mutual_information(plan: Array) -> float:
    """Return KL(P | P1 x P'1), the dependence that a plan creates."""
    return kl_divergence(plan, plan.sum(axis=1)[:, None] * plan.sum(axis=0)[None, :])
