"""Evidence for B: over the weights, balanced transport and the likelihood have one minimum.

At each theta the library minimises the balanced value by descent on its gradient; the reference
minimises the likelihood by SLSQP and Newton steps and never looks at transport. The mistakes are
to leave the weights fixed, and to regularise by the entropy of the plan: without the weights in the
reference measure, the best plan has responsibilities under uniform weights and their marginal.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixot import transport
from mixot.evidence.records import difference, located, record
from mixot.evidence.scene import Path, Scene, make_scene, states
from mixot.problems import Problem
from mixot.reference import likelihood
from mixot.reference import weights as reference_weights
from mixot.types import Mixture

# The weights' own residual can be a few times the projected gradient of the balanced value, which
# the solver is asked for; the claim's tolerance is a hundred times this.
_TOL = 1e-12


def run(
    problem: Problem, family_name: str, seed: int, paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return the records for B1 on one problem, family and seed."""
    scene = make_scene(problem, family_name, seed)
    found: list[dict[str, Any]] = []
    for state, mixture in states(scene, paths):
        found += _minima(scene, state, mixture)
    return located(found, problem.name, family_name, seed)


def _minima(scene: Scene, state: str, mixture: Mixture) -> list[dict[str, Any]]:
    a = scene.sample.weights
    cost = scene.reference_cost(mixture.parameters)
    found = transport.minimise_over_weights(
        scene.cost(mixture.parameters), a, mixture.weights, tol=_TOL
    )
    minimum = reference_weights.minimise_likelihood(cost, a, mixture.weights)
    residual, _ = reference_weights.stationarity(cost, a, found.weights)
    image = found.weights * reference_weights.gradient_function(cost, a, found.weights)
    fixed = transport.solve(scene.cost(mixture.parameters), a, mixture.weights).value
    uniform = np.full(scene.n_components, 1.0 / scene.n_components)
    entropic = likelihood.estep_plan(cost, a, uniform).sum(axis=0)
    at_entropic = likelihood.negative_log_likelihood(cost, a, entropic)
    left = "transport.minimise_over_weights"
    return [
        record(
            "B1",
            "minimum value",
            difference(found.value, minimum.value),
            state=state,
            left=left,
            right="reference.weights.minimise_likelihood",
            control={
                "fixed weights": difference(fixed, minimum.value),
                "entropy": difference(at_entropic, minimum.value),
            },
            notes=f"reference certified to {minimum.gap:.1e}",
        ),
        record(
            "B1",
            "stationarity",
            float(np.abs(image - found.weights).max()),
            state=state,
            left=left,
            right="reference.weights.gradient_function: pi D - pi",
        ),
        record(
            "B1",
            "argmin",
            float(np.abs(found.weights - minimum.weights).max()),
            state=state,
            left=left,
            right="reference.weights.minimise_likelihood",
            notes=f"Kuhn-Tucker residual {residual:.1e}",
        ),
    ]
