"""POT's solvers behind our value convention (theory, convention trap; A1 iv, C, F5).

POT's Sinkhorn penalises by the entropy of the plan (reference 1), we by KL(. | a x b).  For fixed
marginals the plans coincide and the values differ by a constant,

    min <C,P> + eps sum P log P  =  OT_eps(a, b; C) - eps (H(a) + H(b)).

POT is an optional dependency and is imported when one of these functions is called.  A POT that
does not converge says so by a warning, which is raised here as `RuntimeError`: a plan of unknown
quality is no reference.  Tried with POT 0.9.7:

- `sinkhorn_unbalanced(reg_m=(inf, 0), reg_type="kl", c=a x pi)` solves the semi-relaxed problem
  in one sweep, exactly, with `method` `sinkhorn` or `sinkhorn_stabilized`; with
  `sinkhorn_translation_invariant` it divides by zero, and `reg_type="entropy"` overwrites c and
  returns another plan;
- `ot.solve(unbalanced=(inf, 0), reg_type="KL", c=a x pi)` does the same and its value is L_eps.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .likelihood import entropy, objective
from .parameters import Array


class PotPlan(NamedTuple):
    """A plan (n, K) of POT, its value <C,P> + eps KL(P | a x b), and the value POT reports.

    `reported` is POT's own number converted to our convention, NaN where POT returns none; its
    KL adds 1e-16 inside a logarithm, so it is good to about 1e-11.
    """

    plan: Array
    value: float
    reported: float


def entropic_constant(sample_weights: Array, weights: Array, epsilon: float) -> float:
    """Return eps (H(a) + H(b)): our value minus the entropic value of a balanced plan."""
    return epsilon * (entropy(sample_weights) + entropy(weights))


def pot_balanced(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
    *,
    method: str = "sinkhorn_log",
    tol: float = 1e-14,
    max_iter: int = 100_000,
) -> PotPlan:
    """Return POT's balanced plan; method is a name of `ot.sinkhorn`, or `solve-kl`/`solve-entropy`.

    Each row's smallest cost is taken out first (that moves f and the value, not the plan), so
    that the kernel methods do not underflow on negative or large costs.
    """
    import ot

    shifted, offset = _shift_rows(cost, sample_weights)
    if method.startswith("solve-"):
        reg_type = {"solve-kl": "KL", "solve-entropy": "entropy"}[method]
        result = _strictly(
            ot.solve,
            shifted,
            sample_weights,
            weights,
            reg=epsilon,
            reg_type=reg_type,
            tol=tol,
            max_iter=max_iter,
        )
        plan, reported = result.plan, float(result.value) + offset
        if method == "solve-entropy":
            reported += entropic_constant(sample_weights, weights, epsilon)
    else:
        plan = _strictly(
            ot.sinkhorn,
            sample_weights,
            weights,
            shifted,
            epsilon,
            method=method,
            stopThr=tol,
            numItermax=max_iter,
        )
        reported = float("nan")
    return PotPlan(plan, objective(plan, cost, sample_weights, weights, epsilon), reported)


def pot_semirelaxed(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
    *,
    method: str = "sinkhorn",
) -> PotPlan:
    """Return POT's plan for the (inf, 0) corner of unbalanced transport: only P 1 = a is kept.

    `method` is `sinkhorn` or `sinkhorn_stabilized` of `ot.unbalanced`, or `solve` for `ot.solve`.
    """
    import ot

    shifted, offset = _shift_rows(cost, sample_weights)
    reference = np.outer(sample_weights, weights)
    corner = (float("inf"), 0.0)
    if method == "solve":
        result = _strictly(
            ot.solve,
            shifted,
            sample_weights,
            weights,
            reg=epsilon,
            c=reference,
            reg_type="KL",
            unbalanced=corner,
        )
        plan, reported = result.plan, float(result.value) + offset
    else:
        plan, log = _strictly(
            ot.unbalanced.sinkhorn_unbalanced,
            sample_weights,
            weights,
            shifted,
            epsilon,
            corner,
            method=method,
            reg_type="kl",
            c=reference,
            log=True,
        )
        reported = float(log["total_cost"]) + offset if "total_cost" in log else float("nan")
    return PotPlan(plan, objective(plan, cost, sample_weights, weights, epsilon), reported)


def pot_linear(cost: Array, sample_weights: Array, weights: Array) -> tuple[Array, float]:
    """Return POT's exact plan (network simplex) and <C, P>: the limit eps -> 0 of OT (F5)."""
    import ot

    plan = _strictly(ot.emd, sample_weights, weights, cost)
    return plan, float(np.sum(plan * cost))


def _shift_rows(cost: Array, sample_weights: Array) -> tuple[Array, float]:
    smallest = cost.min(axis=1)
    return cost - smallest[:, None], float(sample_weights @ smallest)


def _strictly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return function(*args, **kwargs)
        except Warning as warning:
            raise RuntimeError(f"POT gave up: {warning}") from warning
