"""Transport problems, and the judge of the plans that anybody returns for them.

The problems are of the mixture case: points in clusters of about unit width, components at some of
the points, and the cost is the negative log-density of a unit normal, up to its constant:

    C_ik = |x_i - y_k|^2 / 2.

Its scale is one nat, at which entropic transport is a step of EM; epsilon is in these units.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from mixot.benchmarks import data
from mixot.streams import stream
from mixot.types import Array

FEATURES = 2
# Rows that the judge takes at once.
_BLOCK = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class Coupling:
    """cost: (n, K); a: (n,) equal; b: (K,), not the shares that the points would choose."""

    cost: Array
    a: Array
    b: Array
    epsilon: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """error: L1 distances of both marginals from a and b, summed; value: <C, P> + epsilon KL."""

    error: float
    value: float


def draw(n_samples: int, n_components: int, epsilon: float) -> Coupling:
    """Return the problem of a shape; it depends on nothing else."""
    points, components, b = ingredients(n_samples, FEATURES, n_components)
    cost = half_squares(points, components)
    return Coupling(cost, np.full(n_samples, 1.0 / n_samples), b, epsilon)


def ingredients(n_samples: int, n_features: int, n_components: int) -> tuple[Array, Array, Array]:
    """Return points (n, d), components (K, d) and weights b (K,)."""
    points = data.clusters(n_samples, n_features, n_components)
    rng = stream("benchmarks", "transport", n_samples, n_features, n_components)
    chosen = np.sort(rng.choice(n_samples, n_components, replace=False))
    return points, points[chosen], rng.dirichlet(np.full(n_components, 5.0))


def half_squares(points: Array, components: Array) -> Array:
    """Return half the squared distances (n, K)."""
    cost = points @ -components.T
    cost += 0.5 * np.square(points).sum(axis=1)[:, None]
    cost += 0.5 * np.square(components).sum(axis=1)
    return np.maximum(cost, 0.0, out=cost)


def judge(problem: Coupling, plan: Array) -> Judgement:
    """Measure a plan (n, K), whoever made it; NaN and infinity stay what they are."""
    n_samples = problem.a.size
    rows, columns, value = 0.0, np.zeros(problem.b.size), 0.0
    for start in range(0, n_samples, _BLOCK):
        part = slice(start, min(start + _BLOCK, n_samples))
        block, cost, a = plan[part], problem.cost[part], problem.a[part]
        rows += float(np.abs(block.sum(axis=1) - a).sum())
        columns += block.sum(axis=0)
        entropy = rel_entr(block, a[:, None] * problem.b).sum()
        value += float(np.vdot(block, cost) + problem.epsilon * entropy)
    # The masses of KL(P | a x b) that its logarithms leave out.
    value += problem.epsilon * float(1.0 - columns.sum())
    return Judgement(rows + float(np.abs(columns - problem.b).sum()), value)


def linear_rate(problem: Coupling, plan: Array) -> float:
    """Return the factor by which an iteration of Sinkhorn's shrinks the error near the solution.

    The second largest eigenvalue of D_b^-1/2 P' D_a^-1 P D_b^-1/2 at the solution P; every solver
    that alternates the two marginals has it, in whichever domain.
    """
    shared = np.zeros((problem.b.size, problem.b.size))
    for start in range(0, problem.a.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        shared += plan[part].T @ (plan[part] / problem.a[part, None])
    roots = np.sqrt(plan.sum(axis=0))
    return float(np.linalg.eigvalsh(shared / np.outer(roots, roots))[-2])
