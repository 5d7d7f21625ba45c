"""K: a sample transported to itself is its own kernel density, up to a divergence that is known.

With the cost c = |x - x'|^2, both marginals a, and the temperature epsilon = 2 sigma^2,

    OT_eps(a, a; c) = epsilon (NLL - d/2 log(2 pi sigma^2)) + epsilon KL(P_OT | P*),

where NLL is that of the kernel density of width sigma (each observation part of its own), P* the
E-step plan with the observations for components and phat its column sums; the divergence is at
least epsilon KL(a | phat). The plan is symmetric with marginals a and a, and with the potential g
and the weights w ~ a exp(g / epsilon) the value is epsilon (NLL at w - KL(a | w)), up to the same
constant.

Left, the library's `self_transport`. Right, scikit-learn's kernel density, the plan of the
reference's semi-dual, and POT's.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import KernelDensity

from mixot import transport
from mixot.evidence.records import difference, excess, record
from mixot.experiments.outcome import Outcome, at
from mixot.reference import likelihood, pot, sinkhorn
from mixot.streams import stream
from mixot.types import Array

NAME = "self_transport"
# The name under which records of a sample and its kernels are filed.
FAMILY = "gaussian-known"


@dataclass(frozen=True)
class Options:
    """dimensions: columns of the points, which have variance 1, one problem each.

    temperatures: epsilon over the number of columns, to which costs are proportional. POT is asked
    from the temperature `pot_from` on: below, it may need more sweeps than it is allowed.
    """

    n_samples: int = 150
    dimensions: tuple[int, ...] = (1, 2, 3, 5, 8)
    temperatures: tuple[float, ...] = (0.05, 0.25, 1.0)
    pot_from: float = 1.0
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare in every dimension and at every temperature, with equal weights and with others."""
    found = []
    for d in options.dimensions:
        for seed in range(options.seeds):
            rng = stream("experiment", NAME, d, seed)
            points = rng.normal(size=(options.n_samples, d))
            drawn = rng.dirichlet(np.full(options.n_samples, 5.0))
            equal = np.full(options.n_samples, 1.0 / options.n_samples)
            for name, a in (("equal weights", equal), ("drawn weights", drawn)):
                for ratio in options.temperatures:
                    state = f"{name}, epsilon {ratio:g} d"
                    asked = ratio >= options.pot_from
                    records = _compare(points, a, ratio * d, state, asked)
                    found += at(f"dimension-{d}", FAMILY, records, seed)
    return Outcome(tuple(found))


def kernel_likelihood(points: Array, a: Array, epsilon: float) -> float:
    """Return epsilon (NLL - d/2 log(2 pi sigma^2)) of the kernel density, epsilon = 2 sigma^2."""
    d = points.shape[1]
    width = np.sqrt(0.5 * epsilon)
    # One leaf: a deeper tree adds and subtracts bounds, which costs digits.
    density = KernelDensity(bandwidth=width, leaf_size=len(points)).fit(points, sample_weight=a)
    nll = -float(a @ density.score_samples(points))
    return epsilon * (nll - 0.5 * d * np.log(2.0 * np.pi * width**2))


def _compare(
    points: Array, a: Array, epsilon: float, state: str, ask_pot: bool
) -> list[dict[str, Any]]:
    cost = cdist(points, points, "sqeuclidean")
    mine = transport.self_transport(points, epsilon, a)
    kernels = kernel_likelihood(points, a, epsilon)
    solved = sinkhorn.semidual(cost, a, a, epsilon)
    divergence = sinkhorn.projection_divergence(solved, cost, a, a, epsilon)
    estep = likelihood.estep_plan(cost, a, a, epsilon)
    bound = epsilon * likelihood.kl_divergence(a, estep.sum(axis=0))
    tilted = _tilted(a, mine.g, epsilon)
    made = partial(record, "K", state=state, epsilon=epsilon, left="transport.self_transport")
    semidual, kernel = "reference.sinkhorn.semidual", "sklearn.neighbors.KernelDensity"
    found = [
        made(
            "gap",
            difference(mine.value, kernels + divergence),
            right=f"{kernel} and the plans of {semidual}",
            control={"marginals": difference(mine.value, kernels + bound)},
        ),
        made(
            "violation",
            excess(bound, mine.value - kernels),
            right=f"{kernel} and reference.likelihood.estep_plan",
            control={"reversed": excess(mine.value - kernels, bound)},
        ),
        made(
            "symmetry",
            _asymmetry(mine.plan),
            right="the transposed plan",
            control={"E-step plan": _asymmetry(estep)},
        ),
        made(
            "marginals",
            _marginal_error(mine.plan, a),
            right="the weights of the sample",
            control={"E-step plan": _marginal_error(estep, a)},
        ),
        made(
            "tilt",
            difference(mine.value, _at_weights(cost, a, tilted, epsilon)),
            right="reference.likelihood at the tilted weights",
            control={"untilted": difference(mine.value, _at_weights(cost, a, a, epsilon))},
        ),
        made("gap size", mine.value - kernels, right=kernel),
    ]
    plans = {"plan, reference": (solved.plan, semidual)}
    if ask_pot:
        plans["plan, POT"] = (pot.pot_balanced(cost, a, a, epsilon).plan, "ot.sinkhorn")
    for quantity, (plan, right) in plans.items():
        found.append(
            made(
                quantity,
                float(np.abs(mine.plan - plan).sum()),
                right=right,
                control={"E-step plan": float(np.abs(estep - plan).sum())},
            )
        )
    return found


def _tilted(a: Array, g: Array, epsilon: float) -> Array:
    """Return w ~ a exp(g / epsilon)."""
    exponents = g / epsilon
    weights = a * np.exp(exponents - exponents.max())
    return np.asarray(weights / weights.sum())


def _at_weights(cost: Array, a: Array, weights: Array, epsilon: float) -> float:
    """Return L_eps(w) - epsilon KL(a | w)."""
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    return value - epsilon * likelihood.kl_divergence(a, weights)


def _asymmetry(plan: Array) -> float:
    return float(np.abs(plan - plan.T).sum())


def _marginal_error(plan: Array, a: Array) -> float:
    return float(np.abs(plan.sum(axis=0) - a).sum() + np.abs(plan.sum(axis=1) - a).sum())
