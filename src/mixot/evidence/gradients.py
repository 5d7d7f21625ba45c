"""Evidence for E: gradients by differences of the library's values against the references' plans.

Left, five-point differences of the library's likelihood and transport values along a random
direction of the parameters (in units of each component's own spread) or of the weights (along the
simplex). Right, the analytic derivative of the cost averaged under a plan that the reference found.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import difference, located, record
from mixot.evidence.scene import Path, Scene, conditioning, make_scene, states
from mixot.problems import Problem
from mixot.reference import derivatives, likelihood, sinkhorn
from mixot.reference.parameters import full_covariances
from mixot.types import Array, Mixture

# Directions have the scale of the spread, so that this step balances truncation, of order step^4,
# and round-off, of order u |value| / step.
_DIFFERENCE_STEP = 3e-4
# In the weights the balanced value bends on the scale of the semi-dual's conditioning; steps follow
# it, and below the threshold no step is both short enough and above round-off.
_STEP_OVER_CONDITIONING = 1e-2
_WORST_CONDITIONING = 1e-4
_VALUE_NLL = "differences of fitting.log_likelihood"
_VALUE_OT = "differences of transport.solve(balanced)"


def run(
    problem: Problem, family_name: str, seed: int, paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return the records for E1 to E5 on one problem, family and seed."""
    scene = make_scene(problem, family_name, seed)
    rng = scene.stream("directions")
    found: list[dict[str, Any]] = []
    for state, mixture in states(scene, paths):
        parameters = _parameter_direction(scene, mixture, rng)
        found += _in_parameters(scene, state, mixture, parameters)
        found += _in_weights(scene, state, mixture, rng.uniform(-1, 1, scene.n_components))
    return located(found, problem.name, family_name, seed)


def _in_parameters(
    scene: Scene, state: str, mixture: Mixture, direction: Mapping[str, Array]
) -> list[dict[str, Any]]:
    """E1 to E4; the mistake is the other plan, or weights that are not their own marginal."""
    a = scene.sample.weights
    cost = scene.reference_cost(mixture.parameters)

    def along(plan: Array) -> float:
        gradient = derivatives.plan_gradient(
            scene.family.name,
            scene.sample.points,
            dict(mixture.parameters),
            plan,
            covariance=scene.covariance,
        )
        return float(sum(np.sum(gradient[name] * direction[name]) for name in direction))

    def moved(t: float, weights: Array) -> Mixture:
        return Mixture(weights, {n: v + t * direction[n] for n, v in mixture.parameters.items()})

    def likelihood_at(t: float) -> float:
        return -fitting.log_likelihood(scene.sample, moved(t, mixture.weights), scene.family)

    def transport_at(t: float, weights: Array) -> float:
        return transport.solve(scene.cost(moved(t, weights).parameters), a, weights).value

    slope_nll = _difference(likelihood_at)
    slope_ot = _difference(lambda t: transport_at(t, mixture.weights))
    under_estep = along(likelihood.estep_plan(cost, a, mixture.weights))
    under_ot = along(sinkhorn.semidual(cost, a, mixture.weights).plan)
    best = transport.minimise_over_weights(scene.cost(mixture.parameters), a, mixture.weights)
    slope_best = _difference(lambda t: transport_at(t, best.weights))
    at_best = along(likelihood.estep_plan(cost, a, best.weights))
    estep = "reference.derivatives.plan_gradient at reference.likelihood.estep_plan"
    balanced = "reference.derivatives.plan_gradient at reference.sinkhorn.semidual"
    return [
        record(
            "E1",
            "slope",
            difference(slope_nll, under_estep),
            state=state,
            left=_VALUE_NLL,
            right=estep,
            control={"balanced plan": difference(slope_nll, under_ot)},
        ),
        record(
            "E2",
            "slope",
            difference(slope_ot, under_ot),
            state=state,
            left=_VALUE_OT,
            right=balanced,
            control={"E-step plan": difference(slope_ot, under_estep)},
        ),
        record(
            "E3",
            "difference of slopes",
            difference(slope_ot, under_estep),
            state=state,
            left=_VALUE_OT,
            right=estep,
        ),
        record(
            "E4",
            "slope",
            difference(slope_best, at_best),
            state=state,
            left=f"{_VALUE_OT} at transport.minimise_over_weights",
            right=estep,
            control={"fixed weights": difference(slope_ot, under_estep)},
        ),
    ]


def _in_weights(scene: Scene, state: str, mixture: Mixture, draw: Array) -> list[dict[str, Any]]:
    """E5 for both values; the mistake is to take one slope for the other."""
    a, weights = scene.sample.weights, mixture.weights
    direction = weights * (draw - weights @ draw)
    cost, reference_cost = scene.cost(mixture.parameters), scene.reference_cost(mixture.parameters)

    def likelihood_at(t: float) -> float:
        moved = Mixture(weights + t * direction, mixture.parameters)
        return -fitting.log_likelihood(scene.sample, moved, scene.family)

    def transport_at(t: float) -> float:
        return transport.solve(cost, a, weights + t * direction).value

    plan = likelihood.estep_plan(reference_cost, a, weights)
    expected_nll = float(derivatives.weights_gradient(plan, weights) @ direction)
    solved = sinkhorn.semidual(reference_cost, a, weights)
    expected_ot = float(solved.g @ direction)
    slope_nll = _difference(likelihood_at)
    found = [
        record(
            "E5",
            "slope of the likelihood",
            difference(slope_nll, expected_nll),
            state=state,
            left=_VALUE_NLL,
            right="reference.derivatives.weights_gradient",
            control={"other slope": difference(slope_nll, expected_ot)},
        )
    ]
    condition = conditioning(solved.plan, a)
    if condition < _WORST_CONDITIONING:
        return found
    slope_ot = _difference(transport_at, min(_DIFFERENCE_STEP, _STEP_OVER_CONDITIONING * condition))
    potential = transport.solve(cost, a, weights).potentials[1]
    notes = f"conditioning {condition:.1e}"
    return [
        *found,
        record(
            "E5",
            "slope of the balanced value",
            difference(slope_ot, expected_ot),
            state=state,
            left=_VALUE_OT,
            right="reference.sinkhorn.semidual: g",
            control={"other slope": difference(slope_ot, expected_nll)},
            notes=notes,
        ),
        record(
            "E5",
            "potential",
            difference(float(potential @ direction), expected_ot),
            state=state,
            left="transport.solve(balanced): g",
            right="reference.sinkhorn.semidual: g",
            notes=notes,
        ),
    ]


def _difference(function: Callable[[float], float], step: float = _DIFFERENCE_STEP) -> float:
    """Return the slope at 0 of a function of one number."""
    gradient = derivatives.central_difference(
        lambda t: function(float(t[0])), np.zeros(1), step=step
    )
    return float(gradient[0])


def _parameter_direction(
    scene: Scene, mixture: Mixture, rng: np.random.Generator
) -> dict[str, Array]:
    """Draw a direction in which every component changes by the order of its own spread."""
    parameters = dict(mixture.parameters)
    if "rates" in parameters:
        draw = rng.uniform(-1, 1, parameters["rates"].shape)
        return {"rates": parameters["rates"] * draw}
    means = parameters["means"]
    kind = scene.family.name.removeprefix("gaussian-")
    matrices = full_covariances(
        parameters, kind, means.shape[0], means.shape[1], known=scene.covariance
    )
    factors = np.linalg.cholesky(matrices)
    direction = {
        "means": np.einsum("kij,kj->ki", factors, rng.uniform(-1, 1, means.shape))
        / np.sqrt(means.shape[1])
    }
    if kind in ("diag", "spherical"):
        given = parameters["covariances"]
        direction["covariances"] = given * rng.uniform(-1, 1, given.shape)
    elif kind in ("full", "tied"):
        factors = factors if kind == "full" else factors[0]
        draw = rng.uniform(-1, 1, factors.shape)
        symmetric = (draw + np.swapaxes(draw, -1, -2)) / (2 * means.shape[1])
        direction["covariances"] = factors @ symmetric @ np.swapaxes(factors, -1, -2)
    return direction
