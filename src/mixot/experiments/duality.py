"""N1 and N2: the two duals, at their optima and away from them.

N1. Left, the library's row potential f and its dual value. Right, the reference's likelihood, a
root find for every sample, and what another potential must lose exactly: with d = f - f*,

    NLL - D(f) = eps sum_i a_i (e^{d_i / eps} - 1 - d_i / eps) >= 0.

N2. Left, the library's semi-dual at any g, its balanced solution, and the bracket
[dual value, dual value + gap] that it gives for the optimum, also when it was stopped early. Right,
the reference's likelihood, and the primal value of a plan that the reference found.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments._off_optimum import NAMES, Scene, scene
from mixot.experiments.outcome import Outcome, at
from mixot.reference import dual, likelihood, sinkhorn
from mixot.streams import stream
from mixot.transport.duality import semi_dual, semi_relaxed_dual
from mixot.types import Array

NAME = "duality"
# Sweeps after which a balanced solve is cut off, far from its end.
_EARLY = (1, 2, 4)


@dataclass(frozen=True)
class Options:
    """scenes: names of `_off_optimum`, one problem each; sizes: of steps away from the optimum."""

    scenes: tuple[str, ...] = NAMES
    epsilons: tuple[float, ...] = (0.5, 1.0, 2.0)
    sizes: tuple[float, ...] = (0.01, 0.3, 1.0)
    n_atoms: int = 8
    seeds: int = 3


def run(options: Options) -> Outcome:
    """Examine both duals in every scene at every temperature."""
    found = []
    for name in options.scenes:
        for seed in range(options.seeds):
            place = scene(name, seed, NAME, options.n_atoms)
            rng = stream("experiment", NAME, "potentials", name, seed)
            records = []
            for epsilon in options.epsilons:
                records += _rows(place, epsilon, options.sizes, rng)
                records += _columns(place, epsilon, options.sizes, rng)
            found += at(name, place.family.name, records, seed)
    return Outcome(tuple(found))


def _rows(
    place: Scene, epsilon: float, sizes: tuple[float, ...], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """N1; the mistakes are the smallest cost for a potential, and the bound reversed."""
    a, weights = place.sample.weights, place.mixture.weights
    cost, reference_cost = -place.log_density(), place.reference_cost()
    best = likelihood.negative_log_likelihood(reference_cost, a, weights, epsilon)
    roots = dual.solve_semirelaxed(reference_cost, a, weights, epsilon)[1]
    solved = transport.solve(cost, a, weights, epsilon, relaxation="semirelaxed")
    f = solved.potentials[0]
    rows = fitting.row_potential(place.sample.points, place.mixture, place.family, epsilon)

    def value(potential: Array) -> float:
        return semi_relaxed_dual(cost, a, weights, epsilon, potential)

    hard = cost.min(axis=1)
    right = "reference.likelihood.negative_log_likelihood"
    found = [
        record(
            "N1",
            "value",
            max(difference(v, best) for v in (value(f), solved.value, solved.dual_value)),
            epsilon=epsilon,
            state="optimum",
            left="transport.solve(semirelaxed): its potential's dual value, and its own values",
            right=right,
            control={"smallest cost": difference(value(hard), best)},
        ),
        record(
            "N1",
            "potential",
            max(difference(each, roots) for each in (f, rows)),
            epsilon=epsilon,
            state="optimum",
            left="transport.solve(semirelaxed).potentials, fitting.row_potential",
            right="reference.dual.solve_row: a root find a sample",
            control={"smallest cost": difference(hard, roots)},
        ),
    ]
    for size in sizes:
        step = epsilon * size * rng.normal(size=a.size)
        reached = value(roots + step)
        lost = epsilon * float(a @ (np.expm1(step / epsilon) - step / epsilon))
        sides: Sides = {
            "state": f"step {size:g}",
            "left": "transport.duality.semi_relaxed_dual",
            "right": right,
        }
        found += [
            record(
                "N1",
                "bound",
                excess(reached, best),
                epsilon=epsilon,
                control={"reversed": excess(best, reached)},
                **sides,
            ),
            record(
                "N1",
                "loss",
                abs(best - reached - lost) / max(1.0, abs(best)),
                epsilon=epsilon,
                control={"second order": abs(best - reached - _quadratic(a, step, epsilon))},
                **sides,
            ),
        ]
    return found


def _quadratic(a: Array, step: Array, epsilon: float) -> float:
    return float(a @ step**2) / (2.0 * epsilon)


def _columns(
    place: Scene, epsilon: float, sizes: tuple[float, ...], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """N2; the mistakes are weights left out of the reference measure, and g = 0 for the optimum."""
    a, weights = place.sample.weights, place.mixture.weights
    cost, reference_cost = -place.log_density(), place.reference_cost()
    nll = likelihood.negative_log_likelihood(reference_cost, a, weights, epsilon)
    coupling = sinkhorn.semidual(reference_cost, a, weights, epsilon)
    nothing = np.zeros_like(weights)

    def value(g: Array) -> float:
        return semi_dual(cost, a, weights, epsilon, g)

    at_zero = value(nothing)
    entropic = semi_dual(cost, a, np.ones_like(weights), epsilon, nothing)
    solved = transport.solve(cost, a, weights, epsilon)
    primal = "reference.sinkhorn.semidual: objective of its plan"
    found = [
        record(
            "N2",
            "at zero",
            difference(at_zero, nll),
            epsilon=epsilon,
            state="g = 0",
            left="transport.duality.semi_dual",
            right="reference.likelihood.negative_log_likelihood",
            control={"entropy": difference(entropic, nll)},
        ),
        record(
            "N2",
            "at the optimum",
            max(difference(v, coupling.value) for v in (value(solved.g), solved.dual_value)),
            epsilon=epsilon,
            state="optimum",
            left="transport.duality.semi_dual at transport.solve(balanced).g",
            right=primal,
            control={"g = 0": difference(at_zero, coupling.value)},
            notes=f"the reference's marginal error {coupling.marginal_error:.1e}",
        ),
    ]
    for size in sizes:
        g = coupling.g + epsilon * size * rng.normal(size=weights.size)
        f = sinkhorn.coupling(reference_cost, a, weights, g, epsilon).f
        # The reference's f belongs to a gauge of g, which moves <a, f> and <pi, g> by as much.
        centred = g - weights @ g
        expected = sinkhorn.dual_value(reference_cost, a, weights, f, centred, epsilon)
        state, left = f"step {size:g}", "transport.duality.semi_dual"
        found += [
            record(
                "N2",
                "semi-dual",
                difference(value(g), expected),
                epsilon=epsilon,
                state=state,
                left=left,
                right="reference.sinkhorn.dual_value, f by the reference",
                control={"entropy": difference(_entropic(cost, a, weights, epsilon, g), expected)},
            ),
            record(
                "N2",
                "bound",
                excess(value(g), coupling.value),
                epsilon=epsilon,
                state=state,
                left=left,
                right=primal,
                control={"reversed": excess(coupling.value, value(g))},
            ),
        ]
    return found + _brackets(cost, a, weights, epsilon, coupling.value)


def _entropic(cost: Array, a: Array, weights: Array, epsilon: float, g: Array) -> float:
    """Return the semi-dual without the weights in the reference measure."""
    return semi_dual(cost, a, np.ones_like(weights), epsilon, g) - float((1.0 - weights) @ g)


def _brackets(
    cost: Array, a: Array, weights: Array, epsilon: float, best: float
) -> list[dict[str, Any]]:
    """N2 for solves cut off early; the mistake is the objective of the plan as it stands."""
    found = []
    for sweeps in _EARLY:
        cut = transport.solve(cost, a, weights, epsilon, max_iter=sweeps, method="sinkhorn")
        upper = cut.dual_value + cut.gap
        unfinished = transport.objective(cut.plan, cost, a, weights, epsilon)
        found.append(
            record(
                "N2",
                "bracket",
                max(excess(cut.dual_value, best), excess(best, upper)),
                epsilon=epsilon,
                state=f"{sweeps} sweeps",
                left="transport.solve(max_iter): dual value and gap",
                right="reference.sinkhorn.semidual: objective of its plan",
                control={"plan as it stands": excess(best, unfinished)},
                notes=f"gap {cut.gap:.1e}, marginal error {cut.marginal_error:.1e}",
            )
        )
    return found
