"""Evidence for C: how far the balanced value lies above the likelihood, off the fixed point.

Left stands the library's `transport.solve` on the library's costs, right the reference's semi-dual
by SciPy's trust region, its natural-domain likelihood and KL divergences on the reference's costs.
C1 is also examined at other temperatures (D6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, excess, located, record
from mixot.evidence.scene import Path, Scene, conditioning, em_path, make_scene, states
from mixot.problems import Problem
from mixot.reference import likelihood, sinkhorn
from mixot.types import Array, Mixture

_EPSILONS = (0.5, 1.0, 2.0)
# A plan that misses its marginals by more has a value wrong by more than the bound of C1 allows: it
# is no reference. That happens where one cluster's share equals its weight and nothing overlaps.
_UNSOLVED = 1e-13
# Where C7's quadratic form is compared with the gap, and where that is hopeless: weights on the
# boundary, or clusters so far apart that the quadratic regime is narrower than round-off.
_STEPS = (1e-2, 1e-3)
_INTERIOR = 1e-3
_WORST_CONDITIONING = 1e-4
_LIBRARY = "transport.solve(balanced) - fitting.log_likelihood"
_REFERENCE = "reference.sinkhorn.semidual, reference.likelihood"


@dataclass(frozen=True, slots=True)
class _Place:
    """One state with both sides' costs and the library's balanced solution there."""

    state: str
    mixture: Mixture
    cost: Array
    reference_cost: Array
    value: float
    g: Array
    negative_log_likelihood: float


def run(
    problem: Problem, family_name: str, seed: int, paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return the records for C1, C2, C4 to C7 on one problem, family and seed."""
    scene = make_scene(problem, family_name, seed)
    found: list[dict[str, Any]] = []
    for state, mixture in states(scene, paths):
        cost = scene.cost(mixture.parameters)
        reference_cost = scene.reference_cost(mixture.parameters)
        solved = transport.solve(cost, scene.sample.weights, mixture.weights)
        place = _Place(
            state,
            mixture,
            cost,
            reference_cost,
            solved.value,
            solved.potentials[1],
            -fitting.log_likelihood(scene.sample, mixture, scene.family),
        )
        found += _exact_gap(scene, place)
        found += _bounds(scene, place)
        found += _at_marginal(scene, place)
        found += _tilted(scene, place)
    found += _quadratic(scene, em_path(scene, paths).solution)
    return located(found, problem.name, family_name, seed)


def _exact_gap(scene: Scene, place: _Place) -> list[dict[str, Any]]:
    """C1 at three temperatures; the mistake is to take KL(pi | pihat) for the gap."""
    a, weights = scene.sample.weights, place.mixture.weights
    found = []
    for epsilon in _EPSILONS:
        if epsilon == 1.0:
            value, base = place.value, place.negative_log_likelihood
        else:
            value = transport.solve(place.cost, a, weights, epsilon).value
            base = transport.solve(place.cost, a, weights, epsilon, relaxation="semirelaxed").value
        solved = sinkhorn.semidual(place.reference_cost, a, weights, epsilon)
        projection = sinkhorn.projection_divergence(
            solved, place.reference_cost, a, weights, epsilon
        )
        if solved.marginal_error > _UNSOLVED:
            found.append(_left_out(place.state, epsilon, solved.marginal_error))
            continue
        plan = likelihood.estep_plan(place.reference_cost, a, weights, epsilon)
        marginals = epsilon * likelihood.kl_divergence(weights, plan.sum(axis=0))
        scale = max(1.0, abs(value))
        found.append(
            record(
                "C1",
                "gap" if epsilon == 1.0 else "gap at other temperatures",
                abs(value - base - projection) / scale,
                epsilon=epsilon,
                state=place.state,
                left=_LIBRARY if epsilon == 1.0 else "transport.solve(balanced, semirelaxed)",
                right="reference.sinkhorn.projection_divergence at reference.sinkhorn.semidual",
                control={"marginals": abs(value - base - marginals) / scale},
                notes=f"gap {value - base:.3e}",
            )
        )
    return found


def _left_out(state: str, epsilon: float, marginal_error: float) -> dict[str, Any]:
    return record(
        "C1",
        "left out",
        marginal_error,
        epsilon=epsilon,
        state=state,
        left="none",
        right="reference.sinkhorn.semidual: marginal error",
        notes="the reference did not solve the balanced problem",
    )


def _bounds(scene: Scene, place: _Place) -> list[dict[str, Any]]:
    """C2 and C5, inequalities; the mistake is to read them the other way round."""
    a, weights = scene.sample.weights, place.mixture.weights
    pihat = likelihood.estep_plan(place.reference_cost, a, weights).sum(axis=0)
    gap = place.value - place.negative_log_likelihood
    bound = likelihood.kl_divergence(weights, pihat)
    at_marginal = transport.solve(place.cost, a, pihat).value
    moved = -fitting.log_likelihood(
        scene.sample, Mixture(pihat, place.mixture.parameters), scene.family
    )
    base = likelihood.negative_log_likelihood(place.reference_cost, a, weights)
    chain = [moved, at_marginal, base, place.value]
    return [
        record(
            "C2",
            "violation",
            excess(bound, gap),
            state=place.state,
            left=_LIBRARY,
            right="reference.likelihood.kl_divergence(pi, estep_plan marginal)",
            control={"reversed": excess(gap, bound)},
        ),
        record(
            "C2",
            "gap over bound, less 1",
            gap / bound - 1.0 if bound > 1e-10 else 0.0,
            state=place.state,
            left=_LIBRARY,
            right="reference.likelihood.kl_divergence(pi, estep_plan marginal)",
        ),
        record(
            "C5",
            "violation",
            max(excess(low, high) for low, high in pairwise(chain)),
            state=place.state,
            left="fitting.log_likelihood(pihat), transport.solve at pihat and at pi",
            right="reference.likelihood.negative_log_likelihood, estep_plan marginal",
            control={"reversed": max(excess(high, low) for low, high in pairwise(chain))},
        ),
    ]


def _at_marginal(scene: Scene, place: _Place) -> list[dict[str, Any]]:
    """C4; the mistake is to solve at pi instead of at pihat."""
    a, weights = scene.sample.weights, place.mixture.weights
    plan = likelihood.estep_plan(place.reference_cost, a, weights)
    pihat = plan.sum(axis=0)
    solved = transport.solve(place.cost, a, pihat)
    expected = likelihood.negative_log_likelihood(
        place.reference_cost, a, weights
    ) - likelihood.kl_divergence(pihat, weights)
    return [
        record(
            "C4",
            "value",
            difference(solved.value, expected),
            state=place.state,
            left="transport.solve(balanced) at pihat",
            right="reference.likelihood.negative_log_likelihood - kl_divergence(pihat, pi)",
            control={"at pi": difference(place.value, expected)},
        ),
        record(
            "C4",
            "plan",
            float(np.abs(solved.plan - plan).sum()),
            state=place.state,
            left="transport.solve(balanced) at pihat",
            right="reference.likelihood.estep_plan",
        ),
    ]


def _tilted(scene: Scene, place: _Place) -> list[dict[str, Any]]:
    """C6; the mistake is to leave the weights untilted."""
    a, weights = scene.sample.weights, place.mixture.weights
    logs = np.log(weights) + place.g
    tilted = np.exp(logs - logs.max())
    tilted /= tilted.sum()

    def likelihood_at(w: Array) -> float:
        return likelihood.negative_log_likelihood(
            place.reference_cost, a, w
        ) - likelihood.kl_divergence(weights, w)

    returned = likelihood.estep_plan(place.reference_cost, a, tilted).sum(axis=0)
    untilted = likelihood.estep_plan(place.reference_cost, a, weights).sum(axis=0)
    return [
        record(
            "C6",
            "value",
            difference(place.value, likelihood_at(tilted)),
            right="reference.likelihood.negative_log_likelihood(w) - kl_divergence(pi, w)",
            control={"untilted": difference(place.value, likelihood_at(weights))},
            left="transport.solve(balanced): value and g",
            state=place.state,
        ),
        record(
            "C6",
            "marginal",
            float(np.abs(returned - weights).sum()),
            right="reference.likelihood.estep_plan(w) marginal",
            control={"untilted": float(np.abs(untilted - weights).sum())},
            left="transport.solve(balanced): value and g",
            state=place.state,
        ),
    ]


def _quadratic(scene: Scene, solution: Mixture) -> list[dict[str, Any]]:
    """C7 at two steps from the weights that are optimal at the solution's parameters.

    Steps are relative to the weights and in units of the conditioning, on whose scale H changes.
    The mistake is the chi-square form, diag(1 / pihat) in place of H^+.
    """
    a = scene.sample.weights
    cost, reference_cost = (
        scene.cost(solution.parameters),
        scene.reference_cost(solution.parameters),
    )
    centre = transport.minimise_over_weights(cost, a, solution.weights).weights
    condition = conditioning(likelihood.estep_plan(reference_cost, a, centre), a)
    if condition < _WORST_CONDITIONING or centre.min() < _INTERIOR:
        return []
    direction = np.where(np.arange(centre.size) % 2 == 0, 1.0, -1.0)
    direction = direction - centre @ direction
    direction /= np.abs(direction).max()
    errors, mistakes = [], []
    for step in _STEPS:
        weights = centre * (1.0 + step * condition * direction)
        weights /= weights.sum()
        plan = likelihood.estep_plan(reference_cost, a, weights)
        pihat = plan.sum(axis=0)
        hessian = np.diag(pihat) - plan.T @ (plan / a[:, None])
        move = weights - pihat
        form = 0.5 * float(move @ np.linalg.lstsq(hessian, move, rcond=1e-12)[0])
        gap = (
            transport.solve(cost, a, weights).value
            - transport.solve(cost, a, weights, relaxation="semirelaxed").value
        )
        errors.append(abs(gap / form - 1.0))
        mistakes.append(abs(gap / (0.5 * float(move @ (move / pihat))) - 1.0))
    sides: Sides = {
        "left": "transport.solve(balanced, semirelaxed)",
        "right": "H from reference.likelihood.estep_plan",
        "state": "near the solution",
        "notes": f"conditioning {condition:.1e}",
    }
    return [
        record("C7", "at step 1e-2", errors[0], **sides),
        record("C7", "at step 1e-3", errors[1], control={"chi-square": mistakes[1]}, **sides),
    ]
