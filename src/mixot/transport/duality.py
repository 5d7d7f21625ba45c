"""Certificates for balanced plans: a feasible plan above, a dual point below.

Rounding moves the mass that violates a marginal, so that the rounded plan is feasible and its
objective bounds the value from above; the semi-dual at any potential bounds it from below. The gap
is the sum of both errors, whatever produced the plan. Statements N2, N7.
"""

import numpy as np

from mixot.types import Array


def round_to_marginals(plan: Array, sample_weight: Array, weights: Array) -> Array:
    """Return a plan with exactly these marginals, near `plan` (n, K).

    Rows and columns with too much are scaled down and what is missing is added as a product
    [Altschuler, Weed and Rigollet 2017, algorithm 2]. Where forbidden pairs make a product
    inadmissible the result has mass on them and its objective is infinite, an honest bound.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.minimum(np.nan_to_num(sample_weight / plan.sum(axis=1), nan=1.0), 1.0)
        scaled = plan * rows[:, None]
        columns = np.minimum(np.nan_to_num(weights / scaled.sum(axis=0), nan=1.0), 1.0)
    scaled = scaled * columns
    missing_rows = np.maximum(sample_weight - scaled.sum(axis=1), 0.0)
    missing_columns = np.maximum(weights - scaled.sum(axis=0), 0.0)
    total = missing_columns.sum()
    if total <= 0.0 or missing_rows.sum() <= 0.0:
        return scaled
    return scaled + missing_rows[:, None] * missing_columns[None, :] / total


def semi_dual(cost: Array, sample_weight: Array, weights: Array, epsilon: float, g: Array) -> float:
    """Return <pi, g> - epsilon sum_i a_i log sum_k pi_k exp((g_k - C_ik) / epsilon).

    A lower bound of the balanced value for every g (K,); at g = 0 it is the semi-relaxed value.
    """
    active = weights > 0.0
    kernel = np.log(weights[active]) + (g[active] - cost[:, active]) / epsilon
    top = kernel.max(axis=1)
    normaliser = top + np.log(np.exp(kernel - top[:, None]).sum(axis=1))
    return float(weights[active] @ g[active]) - epsilon * float(sample_weight @ normaliser)


def semi_relaxed_dual(
    cost: Array, sample_weight: Array, weights: Array, epsilon: float, f: Array
) -> float:
    """Return <a, f> - epsilon (sum_ik a_i pi_k exp((f_i - C_ik) / epsilon) - 1).

    A lower bound of the semi-relaxed value for every f (n,). Statement N1.
    """
    kernel = np.exp((f[:, None] - cost) / epsilon)
    return float(sample_weight @ f) - epsilon * (float(sample_weight @ (kernel @ weights)) - 1.0)
