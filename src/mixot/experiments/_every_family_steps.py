"""D for one problem of `_every_family`: the iterates of a fit and the balance of its steps.

The records are those of `every_family`, which says what stands on either side.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from mixot import fitting
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._every_family import Case
from mixot.reference import em, more_em, peers
from mixot.types import Array, Sample


def iterates(case: Case, n_iter: int) -> list[dict[str, Any]]:
    """D1 to D3 along a fit of the library from the mixture of the case."""
    fit = fitting.fit(
        case.sample,
        case.mixture,
        case.family,
        tol=0.0,
        max_iter=n_iter,
        energy=True,
        n_threads=1,
    )
    trace = fit.trace
    made = int(trace.iterations[-1])

    def reference(sample_weights: Array) -> list[em.Iterate]:
        return more_em.em_path(
            case.family.name,
            case.sample.points,
            sample_weights,
            case.mixture.weights,
            dict(case.mixture.parameters),
            made,
            **case.options,
        )

    path = reference(case.sample.weights)
    wrong = reference(np.full_like(case.sample.weights, 1.0 / case.sample.weights.size))
    state = f"iterations 0 to {made}"
    found = [
        record(
            "M",
            "D1 iterates",
            _apart(fit, path),
            state=state,
            left="fitting.fit",
            right="reference.more_em.em_path (M-steps by root finding)",
            control={"equal sample weights": _apart(fit, wrong)},
            notes=str(fit.status),
        ),
        *_peer(case, n_iter),
    ]
    size = np.maximum(1.0, np.abs(trace.objective[:-1]))
    values = [one.objective for one in path]
    rises = np.diff(values) / np.maximum(1.0, np.abs(values[:-1]))
    backward = np.diff(values[::-1]) / np.maximum(1.0, np.abs(values[:0:-1]))
    found.append(
        record(
            "M",
            "D3 rise",
            float(np.max(np.diff(trace.objective) / size, initial=0.0)),
            state=state,
            left="fitting.fit: objective",
            right="the order of real numbers",
            control={"backwards": float(backward.max())},
            notes=f"the reference's rise {rises.max():.1e}",
        )
    )
    return found + _balance(case, fit, state)


def _balance(case: Case, fit: fitting.Fit, state: str) -> list[dict[str, Any]]:
    """D2: the library's drop and terms against those recomputed from its own iterates."""
    trace = fit.trace
    drop = trace.objective[:-1] - trace.objective[1:]
    size = np.maximum(1.0, np.abs(trace.objective[:-1]))
    iterates = [
        em.Iterate(weights, {n: v[t] for n, v in trace.parameters.items()}, math.nan)
        for t, weights in enumerate(trace.weights)
    ]
    terms = [
        more_em.balance(
            case.family.name,
            case.sample.points,
            case.sample.weights,
            before,
            after,
            **case.options,
        )
        for before, after in pairwise(iterates)
    ]
    third = np.array(
        [one.expected_costs if case.family.latent else one.components for one in terms]
    )
    plan, weights = (np.array([getattr(one, n) for one in terms]) for n in ("plan", "weights"))
    residual = drop - plan - weights - third
    ours = np.stack([trace.plan_kl, trace.weights_kl, trace.components_kl])
    quantity = "D2 expected costs" if case.family.latent else "D2 balance"
    sides: Sides = {
        "state": state,
        "left": "fitting.fit: drop of the objective",
        "right": "reference.more_em.balance of its iterates",
    }
    found = [
        record(
            "M",
            quantity,
            float(np.max(np.abs(residual) / size)),
            control={"no weights term": float(np.max(np.abs(residual + weights) / size))},
            **sides,
        ),
        record(
            "M",
            "D2 terms",
            difference(ours, np.stack([plan, weights, third])),
            state=state,
            left="fitting.fit: its three terms, each by itself",
            right=sides["right"],
            control={"in another order": difference(ours, np.stack([third, plan, weights]))},
        ),
    ]
    if case.family.latent:
        components, curvature, scales = (
            np.array([getattr(one, n) for one in terms])
            for n in ("components", "curvature", "scales")
        )
        rest = residual + third - components
        found.append(
            record(
                "M",
                "D2 two parts",
                float(np.max(np.abs(rest - curvature - scales) / size)),
                control={
                    "complete laws alone": float(np.max(np.abs(rest - curvature) / size)),
                    "scales of mean 1": float(np.max(np.abs(rest - scales) / size)),
                },
                **sides,
            )
        )
    return found


def _peer(case: Case, n_iter: int) -> list[dict[str, Any]]:
    """D1 against scikit-learn, which has four of the families and no sample weights."""
    name = case.family.name
    if not name.startswith("gaussian-") or name == "gaussian-known":
        return []
    size = case.sample.weights.size
    even = Sample(case.sample.points, np.full(size, 1.0 / size), float(size))
    fit = fitting.fit(even, case.mixture, case.family, tol=0.0, max_iter=n_iter, n_threads=1)
    made = int(fit.trace.iterations[-1])
    start = (even.points, case.mixture.weights, dict(case.mixture.parameters), made)
    return [
        record(
            "M",
            "D1 iterates",
            _apart(fit, peers.sklearn_path(name, *start)),
            state=f"equal sample weights, iterations 0 to {made}",
            left="fitting.fit",
            right="reference.peers.sklearn_path (GaussianMixture, reg_covar=0)",
        )
    ]


def _apart(fit: fitting.Fit, path: list[em.Iterate]) -> float:
    """Return the largest difference of weights and parameters over all iterates."""
    trace = fit.trace
    worst = [0.0]
    for t, other in enumerate(path):
        worst.append(difference(trace.weights[t], other.weights))
        worst += [difference(trace.parameters[n][t], v) for n, v in other.parameters.items()]
    return float(np.max(worst))
