"""Plans whose column marginal is penalised by tau KL(P'1 | b): between EM and balanced plans.

The dual in the column potential g is max_g -tau (<b, exp(-g / tau)> - 1) - epsilon value(t) with
t = log b + g / epsilon. Maximised over the constant in g it no longer depends on it,

    -tau log <b, exp(-g / tau)> - epsilon value(t),

and its slope in t is w - marginal(t), where w ~ b exp(-g / tau) is the marginal that the penalty
wants [Chizat, Peyre, Schmitzer & Vialard 2018 for the dual]. As tau -> infinity w is b and the plan
balanced; as tau -> 0 the potential vanishes and the plan is the semi-relaxed one. Rows stay exact,
so that every g gives an admissible plan, and its objective exceeds the dual by tau KL(P'1 | w).
"""

from dataclasses import replace

import numpy as np

from mixot.transport.columns import Oracle
from mixot.transport.newton import Maximum, Outer, maximise
from mixot.types import Array

# Differences of exponents beyond this make no difference.
_FAR = 1e300


def relaxed_marginal(potential: Array, target: Array, ratio: float) -> tuple[float, Array]:
    """Return log <b, exp(-y)> and w ~ b exp(-y) for y = potential / ratio, all (K,)."""
    with np.errstate(over="ignore"):
        x = np.clip(potential / ratio, -_FAR, _FAR)
    lowest = float(x.min())
    wanted = target * np.exp(lowest - x)
    total = float(wanted.sum())
    if np.abs(x).max() < 0.5:
        # For large ratios the logarithm is small and is multiplied by ratio again.
        change = float(target @ np.expm1(-x)) + (float(target.sum()) - 1.0)
        return float(np.log1p(change)), wanted / total
    return float(np.log(total)) - lowest, wanted / total


def match_penalty(
    oracle: Oracle,
    target: Array,
    start: Array,
    ratio: float,
    *,
    tol: float,
    max_iter: int,
    plain: float | None = None,
) -> Maximum:
    """Maximise the dual from g / epsilon = start, for a positive b (K,) and ratio = tau / epsilon.

    The potential found has <b, exp(-g / tau)> = 1, so that -epsilon value(t) is the dual's value.
    plain: what a sweep without the Hessian costs of one with it, None where nobody knows.
    """

    def outer(potential: Array) -> Outer:
        logarithm, wanted = relaxed_marginal(potential, target, ratio)
        curvature = (np.diag(wanted) - np.outer(wanted, wanted)) / ratio
        return Outer(-ratio * logarithm, wanted, curvature)

    stretch = max(1.0, 1.0 / ratio)
    found = maximise(
        oracle,
        outer,
        np.log(target),
        start,
        tol=tol,
        max_iter=max_iter,
        stretch=stretch,
        plain=plain,
    )
    constant = ratio * relaxed_marginal(found.potential, target, ratio)[0]
    return replace(
        found, potential=found.potential + constant, columns=found.columns.shifted(constant)
    )
