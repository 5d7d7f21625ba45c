"""Evidence for A: the semi-relaxed problem is the likelihood, and its plan the E-step.

Left, the library's objective, `transport.solve` and responsibilities. Right, the reference's
natural-domain likelihood, a root find per sample, L-BFGS that knows nothing of the closed form, and
POT. The mistake is a temperature of 1.01.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, located, record
from mixot.evidence.scene import Path, Scene, make_scene, states
from mixot.problems import Problem
from mixot.reference import blind, dual, likelihood, pot, sinkhorn
from mixot.types import Array, Mixture

_WRONG_EPSILON = 1.01
# A root find for every sample is slow, so it is made in these states only.
_DUAL_STATES = frozenset({"start", "dirichlet"})
# L-BFGS has a variable for every entry of the plan. The statement holds for any sample, so it gets
# a few rows, at the start, and only such whose costs differ little: where responsibilities
# saturate, F in logits is as flat far from the minimum as at it.
_BLIND_STATE = "start"
_BLIND_ROWS, _FEWEST_ROWS = 12, 4
_BLIND_SPREAD = 8.0


def run(
    problem: Problem, family_name: str, seed: int, paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return the records for A1 and A2 on one problem, family and seed."""
    scene = make_scene(problem, family_name, seed)
    rng = scene.stream("plans")
    found: list[dict[str, Any]] = []
    for state, mixture in states(scene, paths):
        found += _minimum(scene, state, mixture)
        found += _pythagoras(scene, state, mixture, rng)
        found += _other_solvers(scene, state, mixture)
        if state == _BLIND_STATE:
            found += _blind(scene, state, mixture, rng)
    return located(found, problem.name, family_name, seed)


def _minimum(scene: Scene, state: str, mixture: Mixture) -> list[dict[str, Any]]:
    """A1: the value of the solved problem, F at the E-step plan, and the likelihood, all one."""
    a, weights = scene.sample.weights, mixture.weights
    cost = scene.cost(mixture.parameters)
    expected = likelihood.negative_log_likelihood(
        scene.reference_cost(mixture.parameters), a, weights
    )
    solved = transport.solve(cost, a, weights, relaxation="semirelaxed")
    wrong = transport.solve(cost, a, weights, _WRONG_EPSILON, relaxation="semirelaxed")
    rows = fitting.responsibilities(scene.sample.points, mixture, scene.family)
    estep = transport.objective(a[:, None] * rows, cost, a, weights, 1.0)
    right = "reference.likelihood.negative_log_likelihood"
    return [
        record(
            "A1",
            "value",
            difference(solved.value, expected),
            state=state,
            left="transport.solve(semirelaxed)",
            right=right,
            control={"epsilon 1.01": difference(wrong.value, expected)},
        ),
        record(
            "A1",
            "F at the E-step plan",
            difference(estep, expected),
            state=state,
            left="transport.objective at fitting.responsibilities",
            right=right,
        ),
        record(
            "A1",
            "likelihood",
            difference(-fitting.log_likelihood(scene.sample, mixture, scene.family), expected),
            state=state,
            left="fitting.log_likelihood",
            right=right,
        ),
    ]


def _pythagoras(
    scene: Scene, state: str, mixture: Mixture, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """A2 at a plan with Dirichlet rows and at the balanced plan, both far from P*."""
    a, weights = scene.sample.weights, mixture.weights
    cost, reference_cost = scene.cost(mixture.parameters), scene.reference_cost(mixture.parameters)
    base = likelihood.negative_log_likelihood(reference_cost, a, weights)
    log_estep = np.log(a)[:, None] + likelihood.log_responsibilities(reference_cost, weights)
    log_random = np.log(a)[:, None] + np.log(rng.dirichlet(np.ones(weights.size), a.size))
    log_balanced = sinkhorn.semidual(reference_cost, a, weights).log_plan
    found = []
    for quantity, log_plan in (("random plan", log_random), ("balanced plan", log_balanced)):
        plan = np.exp(log_plan)
        expected = base + likelihood.kl_from_logs(log_plan, log_estep)
        wrong = transport.objective(plan, cost, a, weights, _WRONG_EPSILON)
        found.append(
            record(
                "A2",
                quantity,
                difference(transport.objective(plan, cost, a, weights, 1.0), expected),
                state=state,
                left="transport.objective",
                right="reference.likelihood.negative_log_likelihood + kl_from_logs(P, P*)",
                control={"epsilon 1.01": difference(wrong, expected)},
            )
        )
    return found


def _other_solvers(scene: Scene, state: str, mixture: Mixture) -> list[dict[str, Any]]:
    """A1: POT, and a root find per sample, arrive at the library's value and plan."""
    a, weights = scene.sample.weights, mixture.weights
    cost = scene.reference_cost(mixture.parameters)
    solved = transport.solve(scene.cost(mixture.parameters), a, weights, relaxation="semirelaxed")
    other = pot.pot_semirelaxed(cost, a, weights)
    right = "reference.pot.pot_semirelaxed (ot.unbalanced.sinkhorn_unbalanced)"
    found = _against("POT", right, solved, other.value, other.plan, state)
    if state in _DUAL_STATES:
        plan, potential = dual.solve_semirelaxed(cost, a, weights)
        value = dual.semirelaxed_dual_value(cost, a, weights, potential)
        right = "reference.dual.solve_semirelaxed (a root find a sample)"
        found += _against("dual", right, solved, value, plan, state)
    return found


def _blind(
    scene: Scene, state: str, mixture: Mixture, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """A1: L-BFGS from random logits, which never saw the closed form, arrives there too."""
    full_cost = scene.reference_cost(mixture.parameters)
    order = rng.permutation(full_cost.shape[0])
    rows = order[np.ptp(full_cost[order], axis=1) < _BLIND_SPREAD][:_BLIND_ROWS]
    if rows.size < _FEWEST_ROWS:
        return []
    reference_cost, cost = full_cost[rows], scene.cost(mixture.parameters)[rows]
    a, weights = scene.sample.weights[rows] / scene.sample.weights[rows].sum(), mixture.weights
    solved = transport.solve(cost, a, weights, relaxation="semirelaxed")
    start = rng.normal(size=cost.shape)
    found = blind.minimise_over_plans(reference_cost, a, weights, start)
    right = "reference.blind.minimise_over_plans (L-BFGS)"
    return _against("blind", right, solved, found.value, found.plan, state)


def _against(
    name: str,
    right: str,
    solved: transport.TransportResult,
    value: float,
    plan: Array,
    state: str,
) -> list[dict[str, Any]]:
    sides: Sides = {"state": state, "left": "transport.solve(semirelaxed)", "right": right}
    return [
        record("A1", f"{name} value", difference(solved.value, value), **sides),
        record("A1", f"{name} plan", float(np.abs(solved.plan - plan).sum()), **sides),
    ]
