"""I4: Newton's method for the balanced plan: how many sweeps, and how exact its end is.

The library's solver is asked for one step from g = 0, one from where that ended, and so on. With
the move u of a step, its range osc(u), and H = diag(P'1) - P' diag(1/a) P, the marginal error (L1)
after a Newton step is at most

    e^{osc(u)} u' H u,

of second order in u: a row r of responsibilities has a second derivative along u whose L1 norm is
at most 2 Var_r(u), and tilting a row by s u changes that variance by at most a factor e^{s osc(u)}.
Left, the errors of the library's iterates; right, this bound, by the reference.

The solver without a start is then compared with the reference's Sinkhorn algorithm: the number of
its sweeps, its value, and the marginal error that the reference finds in its plan.

Series: `separations`, and `newton` and `sinkhorn` the sweeps (m, seeds).
"""

import math
from dataclasses import dataclass

import numpy as np

from mixot import transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._clusters import FAMILY, Clusters, clusters, newton_step
from mixot.experiments.outcome import Outcome, at
from mixot.reference import sinkhorn as reference
from mixot.streams import stream
from mixot.types import Array

NAME = "newton_steps"
# Steps this long are far from the solution, where the method is damped; bounds below the last one
# cannot be told from the rounding of a marginal.
_NEAR = 1.0
_ROUNDING = 1e-13
_MOST_STEPS = 30
# Both methods are asked for this marginal error.
_TOL = 1e-14


@dataclass(frozen=True)
class Options:
    """separations: of neighbouring means, one problem each."""

    separations: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5, 3.0)
    seeds: int = 3
    n_samples: int = 400
    n_components: int = 4


def run(options: Options) -> Outcome:
    """Follow Newton's method at every separation, for random weights."""
    found = []
    counts = np.empty((2, len(options.separations), options.seeds))
    for row, separation in enumerate(options.separations):
        for seed in range(options.seeds):
            drawn = clusters(NAME, separation, seed, options.n_samples, options.n_components)
            target = stream("experiment", NAME, "target", seed).dirichlet(
                np.full(options.n_components, 4.0)
            )
            records, counts[:, row, seed] = _compare(drawn, target)
            found += at(f"separation-{separation:g}", FAMILY, records, seed)
    series = {
        "separations": np.array(options.separations),
        "newton": counts[0],
        "sinkhorn": counts[1],
    }
    return Outcome(tuple(found), series)


def _compare(drawn: Clusters, target: Array) -> tuple[list[dict[str, object]], tuple[int, int]]:
    cost, a = drawn.cost, drawn.sample.weights
    solved = transport.solve(cost, a, target, tol=_TOL)
    mine = reference.coupling(drawn.other_cost, a, target, solved.g, 1.0)
    other = reference.sinkhorn(drawn.other_cost, a, target, tol=_TOL)
    early = reference.sinkhorn(drawn.other_cost, a, target, tol=_TOL, max_iter=solved.n_sweeps)
    ratio, plain, many = _quadratic(drawn, target)
    sides = Sides(
        state="random weights", left="transport.solve(newton)", right="reference.sinkhorn"
    )
    found = [
        record(
            "I4",
            "error over its bound",
            ratio,
            state="random weights",
            left="transport.solve(newton), one step each time",
            right="e^osc(u) u'Hu by reference.sinkhorn.marginal_jacobian",
            control={"a sweep of Sinkhorn": plain},
            notes=f"{many} steps",
        ),
        record(
            "I4",
            "sweeps",
            solved.n_sweeps,
            control={"Sinkhorn": other.iterations},
            **sides,
        ),
        record(
            "I4",
            "marginal error",
            mine.marginal_error,
            control={"Sinkhorn, as many sweeps": early.marginal_error},
            **sides,
        ),
        record(
            "I4",
            "value",
            difference(solved.value, other.value),
            control={"Sinkhorn, as many sweeps": difference(early.value, other.value)},
            **sides,
        ),
        record(
            "I4", "sweeps of Sinkhorn over Newton's", other.iterations / solved.n_sweeps, **sides
        ),
    ]
    return found, (solved.n_sweeps, other.iterations)


def _quadratic(drawn: Clusters, target: Array) -> tuple[float, float, int]:
    """Return the largest error over its bound, that after a Sinkhorn sweep, and of how many steps.

    Not numbers if no step is near the solution.
    """
    cost, a = drawn.other_cost, drawn.sample.weights
    ratios, plain = [], []
    g = np.zeros(target.size)
    for _ in range(_MOST_STEPS):
        after = newton_step(drawn.cost, a, target, g)
        move = after - g
        here = reference.coupling(cost, a, target, g, 1.0)
        bound = np.exp(np.ptp(move)) * move @ reference.marginal_jacobian(here.plan, a) @ move
        if bound <= _ROUNDING:
            break
        if np.ptp(move) < _NEAR:
            left = reference.coupling(cost, a, target, after, 1.0).marginal_error
            ratios.append(left / bound)
            by_sinkhorn = g - np.log(here.plan.sum(axis=0) / target)
            left = reference.coupling(cost, a, target, by_sinkhorn, 1.0).marginal_error
            plain.append(left / bound)
        g = after
    if not ratios:
        return math.nan, math.nan, 0
    return float(max(ratios)), float(max(plain)), len(ratios)
