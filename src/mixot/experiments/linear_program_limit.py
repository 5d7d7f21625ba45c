"""F5: what the balanced plan and its value tend to as the temperature goes to zero.

Left, the library's balanced solution at a small temperature. Right, the linear program by HiGHS:
with its value LP and P0, of its optimal plans the one of largest entropy,

    (OT_eps - LP) / eps -> KL(P0 | a x b),

and what is missing vanishes exponentially. Generic costs have one optimal plan, a basis of
n + K - 1 pairs, and the reduced costs off it are positive. Whole costs have many; the pairs that
some optimal plan uses are then found by a linear program each, and P0 by scaling on them.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.sparse

from mixot import transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._limits import hard_limit
from mixot.experiments._tempered import SETTINGS, settings
from mixot.experiments.outcome import Outcome, at
from mixot.reference import likelihood, sinkhorn
from mixot.streams import stream
from mixot.types import Array, Mask

NAME = "linear_program_limit"
# A cost that no plan would pay, where plans are scaled on some pairs only.
_FORBIDDEN = 60.0
# Of a pair that is used by some plan the largest share is far above, of others it is the tolerance
# of the linear programs.
_USED = 1e-4


@dataclass(frozen=True)
class Options:
    """temperature: over the range of the costs; whole_samples: rows of the problem with ties."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 40
    temperature: float = 1e-5
    warmer: float = 1e-2
    whole_samples: int = 12
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare values, slopes and plans for generic costs, and for costs that tie."""
    found = []
    for seed in range(options.seeds):
        for setting in settings(NAME, options.problems, options.n_samples, seed):
            records = _compare(options, setting.reference_cost(), setting.a, setting.weights)
            found += at(setting.name, setting.family.name, records, seed)
        rng = stream("experiment", NAME, "whole", seed)
        cost = rng.integers(0, 3, size=(options.whole_samples, 3)).astype(float)
        a, b = rng.dirichlet(np.ones(options.whole_samples)), rng.dirichlet(np.ones(3))
        found += at("whole-costs", "none", _compare(options, cost, a, b), seed)
    return Outcome(tuple(found))


def limit_plan(cost: Array, a: Array, b: Array) -> tuple[Array, Array, float]:
    """Return an optimal plan of the linear program, the one of largest entropy, and the value."""
    plan, lowest = sinkhorn.linear_program(cost, a, b)
    support = plan > 0.0
    if support.sum() == a.size + b.size - 1 and _reduced(cost, support)[~support].min() > 0.0:
        return plan, plan, lowest
    barred = np.where(_used(cost, a, b, lowest), 0.0, _FORBIDDEN)
    return plan, np.asarray(sinkhorn.sinkhorn(barred, a, b, 1.0).plan), lowest


def _compare(options: Options, cost: Array, a: Array, b: Array) -> list[dict[str, object]]:
    vertex, widest, lowest = limit_plan(cost, a, b)
    independent = np.outer(a, b)
    slope = likelihood.kl_divergence(widest, independent)
    epsilon = options.temperature * float(np.ptp(cost))
    solved = transport.solve(cost, a, b, epsilon)
    seen = (solved.value - lowest) / epsilon
    sides = Sides(
        state="cold",
        left="transport.solve(balanced)",
        right="reference.sinkhorn.linear_program (HiGHS)",
        notes=f"{int((widest > 1e-20).sum())} pairs in use",
    )
    warm = transport.solve(cost, a, b, options.warmer * float(np.ptp(cost)))
    return [
        record(
            "F5",
            "balanced value",
            difference(solved.value, lowest + epsilon * slope),
            epsilon=epsilon,
            control={"limit alone": difference(solved.value, lowest)},
            **sides,
        ),
        record(
            "F5",
            "balanced slope",
            difference(seen, slope),
            epsilon=epsilon,
            control={
                "any optimal plan": difference(seen, likelihood.kl_divergence(vertex, independent)),
                "of the semi-relaxed plan": difference(seen, hard_limit(cost, a, b).slope),
            },
            **sides,
        ),
        record(
            "F5",
            "balanced plan",
            difference(solved.plan, widest),
            epsilon=epsilon,
            control={"warmer": difference(warm.plan, widest)},
            **sides,
        ),
    ]


def _reduced(cost: Array, support: Mask) -> Array:
    """Return C_ik - f_i - g_k with the potentials that are tight on a basis of pairs."""
    n_samples, n_components = cost.shape
    rows, columns = np.nonzero(support)
    design = np.zeros((rows.size, n_samples + n_components))
    design[np.arange(rows.size), rows] = 1.0
    design[np.arange(rows.size), n_samples + columns] = 1.0
    potentials = np.linalg.lstsq(design, cost[rows, columns], rcond=None)[0]
    return np.asarray(cost - potentials[:n_samples, None] - potentials[n_samples:])


def _used(cost: Array, a: Array, b: Array, lowest: float) -> Mask:
    """Say which pairs (n, K) some plan of the least cost uses: the largest share of each."""
    n_samples, n_components = cost.shape
    rows = scipy.sparse.kron(scipy.sparse.eye(n_samples), np.ones((1, n_components)))
    columns = scipy.sparse.kron(np.ones((1, n_samples)), scipy.sparse.eye(n_components))
    constraints = scipy.sparse.vstack([rows, columns.tocsr()[:-1]]).tocsr()
    largest = np.empty(cost.size)
    for pair in range(cost.size):
        wanted = np.zeros(cost.size)
        wanted[pair] = -1.0
        solved = scipy.optimize.linprog(
            wanted,
            A_ub=cost.reshape(1, -1),
            b_ub=[lowest + 1e-12],
            A_eq=constraints,
            b_eq=np.append(a, b[:-1]),
            method="highs",
        )
        largest[pair] = -solved.fun
    return np.asarray(largest.reshape(cost.shape) > _USED)
