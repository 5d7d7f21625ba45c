"""Evidence for D4 to D8, and the entry point for all of D.

M-steps against BFGS (D4), EM steps against preconditioned gradients (D5), the energy balance at
other temperatures and with balanced plans (D6), what alternation cannot do (D7), and what happens
where components coincide (D8). The records of D1 to D3 come from `iterates`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence import iterates
from mixot.evidence.records import Sides, difference, located, record
from mixot.evidence.scene import Path, Scene, em_path, make_scene, only, path_of_fit, states
from mixot.problems import Problem
from mixot.reference import blind, derivatives, em, likelihood
from mixot.reference import weights as reference_weights
from mixot.types import Array, Mixture

_EPSILONS = (0.5, 2.0)
_STEPS = 1
_ALTERNATIONS = 50
_DISPLACEMENT = 1e-5
# Beyond this many coordinates a component, BFGS needs minutes and says nothing new.
_BLIND_LIMIT = 60


def run(
    problem: Problem, family_name: str, seed: int, paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return the records for D1 to D8 on one problem, family and seed."""
    scene = make_scene(problem, family_name, seed)
    found = iterates.records(scene, paths)
    for state, mixture in states(scene, paths):
        found += _closed_m_step(scene, state, mixture)
        found += _preconditioned(scene, state, mixture)
    found += _tempered(scene, paths)
    found += _alternation(scene, paths)
    found += _coincidence(scene, paths)
    return located(found, problem.name, family_name, seed)


def _closed_m_step(scene: Scene, state: str, mixture: Mixture) -> list[dict[str, Any]]:
    """D4: one M-step from the library's plan against a search by values; the mistake is no step."""
    size = derivatives.pack(scene.family.name, dict(mixture.parameters)).size
    if size > _BLIND_LIMIT * scene.n_components or state not in ("start", "iteration 10"):
        return []
    points, a = scene.sample.points, scene.sample.weights
    plan = a[:, None] * fitting.responsibilities(points, mixture, scene.family)
    statistics = scene.family.statistics(points, plan, mixture.parameters)
    closed = scene.family.m_step(statistics, mixture.parameters)
    found = blind.blind_m_step(
        scene.family.name,
        points,
        plan,
        dict(mixture.parameters),
        covariance=scene.covariance,
    )
    return [
        record(
            "D4",
            "parameters",
            _apart(closed, found),
            state=state,
            left="family.m_step(family.statistics)",
            right="reference.blind.blind_m_step (BFGS)",
            control={"no step": _apart(mixture.parameters, found)},
        )
    ]


def _preconditioned(scene: Scene, state: str, mixture: Mixture) -> list[dict[str, Any]]:
    """D5: the library's step; the mistake is to leave out the outer product of the mean's step."""
    name, a = scene.family.name, scene.sample.weights
    after = fitting.step(scene.sample, mixture, scene.family)
    plan = likelihood.estep_plan(scene.reference_cost(mixture.parameters), a, mixture.weights)
    weights_step, steps = derivatives.xu_jordan_step(
        name,
        scene.sample.points,
        dict(mixture.parameters),
        mixture.weights,
        plan,
        covariance=scene.covariance,
    )
    sides: Sides = {
        "state": state,
        "left": "fitting.step",
        "right": "reference.derivatives.xu_jordan_step",
    }
    location = "rates" if "rates" in steps else "means"
    found = [
        record("D5", "weights", difference(after.weights, mixture.weights + weights_step), **sides),
        record(
            "D5",
            "location",
            difference(after.parameters[location], mixture.parameters[location] + steps[location]),
            **sides,
        ),
    ]
    if "covariances" in steps:
        expected = mixture.parameters["covariances"] + steps["covariances"]
        outer = _outer(
            name, after.parameters["means"] - mixture.parameters["means"], plan.sum(axis=0)
        )
        reached = after.parameters["covariances"]
        found.append(
            record(
                "D5",
                "covariances",
                difference(reached, expected - outer),
                control={"no outer product": difference(reached, expected)},
                **sides,
            )
        )
    return found


def _outer(name: str, move: Array, masses: Array) -> Array:
    """Return the outer product of the mean's step, structured as the covariances are."""
    products = np.einsum("ki,kj->kij", move, move)
    if name == "gaussian-tied":
        return np.einsum("k,kij->ij", masses, products) / masses.sum()
    if name == "gaussian-diag":
        return move**2
    if name == "gaussian-spherical":
        return np.asarray((move**2).mean(axis=1))
    return products


def _tempered(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """D6 on short fits from the start of `em`, and on the traces of all runs at hand."""
    found = []
    start = em_path(scene, paths).start
    fits = [("semirelaxed", "free", epsilon) for epsilon in _EPSILONS]
    fits += [("balanced", "fixed", epsilon) for epsilon in (*_EPSILONS, 1.0)]
    for plan, weights, epsilon in fits:
        fit = fitting.fit(
            scene.sample,
            start,
            scene.family,
            plan=plan,
            weights=weights,
            epsilon=epsilon,
            max_iter=_STEPS,
        )
        path = path_of_fit(plan, epsilon, fit)
        found += _tempered_balance(scene, path, plan)
    for path in paths:
        fixed_or_tempered = path.epsilon != 1.0 or path.solver == "ot_balanced"
        if path.solver in ("em", "ot_semirelaxed", "ot_balanced") and fixed_or_tempered:
            found.append(_trace_balance(path))
    return found


def _trace_balance(path: Path) -> dict[str, Any]:
    trace, epsilon = path.trace, path.epsilon
    drop = trace["objective"][:-1] - trace["objective"][1:]
    tempered = epsilon * (trace["plan_kl"] + trace["weights_kl"])
    size = np.maximum(1.0, np.abs(trace["objective"][:-1]))
    residual = np.abs(drop - tempered - trace["components_kl"]) / size
    return record(
        "D6",
        "trace",
        float(np.max(residual, initial=0.0)),
        epsilon=epsilon,
        state=f"iterations 0 to {drop.size}",
        left=f"{path.solver}: drop of the objective",
        right=f"{path.solver}: the three terms, each measured on its own",
    )


def _tempered_balance(scene: Scene, path: Path, plan: str) -> list[dict[str, Any]]:
    """Compare a short fit with the reference; the mistake puts epsilon before all terms."""
    residuals, mistakes = [], []
    objective = path.trace["objective"]
    for t, before, after in path.consecutive(_STEPS):
        balance = em.energy_balance(
            scene.family.name,
            scene.sample.points,
            scene.sample.weights,
            em.Iterate(before.weights, dict(before.parameters), np.nan),
            em.Iterate(after.weights, dict(after.parameters), np.nan),
            epsilon=path.epsilon,
            plan=plan,
            covariance=scene.covariance,
        )
        drop = objective[t] - objective[t + 1]
        size = max(1.0, abs(objective[t]))
        total = balance.plan_kl + balance.weights_kl + balance.components_kl
        residuals.append(abs(drop - total) / size)
        excess = (path.epsilon - 1.0) * balance.components_kl
        mistakes.append(abs(drop - total - excess) / size)
    if not residuals:
        return []
    return [
        record(
            "D6",
            "semi-relaxed" if plan == "semirelaxed" else "balanced",
            float(np.max(residuals)),
            epsilon=path.epsilon,
            state=f"iterations 0 to {len(residuals)}",
            left=f"fitting.fit({plan}): drop of the objective",
            right="reference.em.energy_balance of snapshots",
            control={"epsilon on components": float(np.max(mistakes))},
            notes=path.status,
        )
    ]


def _alternation(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """D7: where alternation stays and what it misses; where the free-weight path ends."""
    a = scene.sample.weights
    state, mixture = states(scene, paths)[-1]
    cost = scene.cost(mixture.parameters)
    reference_cost = scene.reference_cost(mixture.parameters)
    weights, value = mixture.weights, np.nan
    for _ in range(_ALTERNATIONS):
        solved = transport.solve(cost, a, weights)
        weights, value = solved.marginals[1] / solved.marginals[1].sum(), solved.value
    moved = likelihood.estep_plan(reference_cost, a, mixture.weights).sum(axis=0)
    minimum = reference_weights.minimise_likelihood(reference_cost, a, mixture.weights).value
    found = [
        record(
            "D7",
            "alternation",
            float(np.abs(weights - mixture.weights).sum()),
            state=state,
            left=f"transport.solve(balanced), {_ALTERNATIONS} times pi <- P'1",
            right="the weights it began with",
            control={"semi-relaxed plan": float(np.abs(moved - mixture.weights).sum())},
        ),
        record(
            "D7",
            "left above the minimum",
            (value - minimum) / max(1.0, abs(minimum)),
            state=state,
            left="transport.solve(balanced): value after the alternation",
            right="reference.weights.minimise_likelihood",
        ),
    ]
    path = only(paths, "ot_balanced_free")
    if path is not None and path.status == "converged":
        found.append(
            record(
                "D7",
                "EM step at the end",
                _em_step(scene, path.solution),
                state="solution",
                left="ot_balanced_free: solution",
                right="reference.em.em_path: one step",
                control={"start": _em_step(scene, path.start)},
            )
        )
    return found


def _em_step(scene: Scene, mixture: Mixture) -> float:
    before, after = em.em_path(
        scene.family.name,
        scene.sample.points,
        scene.sample.weights,
        mixture.weights,
        dict(mixture.parameters),
        1,
        covariance=scene.covariance,
    )
    return max(
        difference(after.weights, before.weights), _apart(after.parameters, before.parameters)
    )


def _coincidence(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """D8: differences of the library's step where all components are the pooled Gaussian."""
    found = []
    if scene.family.name in ("gaussian-full", "gaussian-tied"):
        points, a, size = scene.sample.points, scene.sample.weights, scene.n_components
        centre = a @ points
        pooled = (points - centre).T @ ((points - centre) * a[:, None])
        covariances = pooled if scene.family.name == "gaussian-tied" else np.stack([pooled] * size)
        weights = np.full(size, 1.0 / size)
        draw = scene.stream("displacement").normal(size=(size, points.shape[1]))
        draw = (draw - draw.mean(axis=0)) @ np.linalg.cholesky(pooled).T
        for epsilon in (0.5, 2.0, 3.0, 10.0):

            def image(t: float, epsilon: float = epsilon) -> Array:
                mixture = Mixture(weights, {"means": centre + t * draw, "covariances": covariances})
                return fitting.step(
                    scene.sample, mixture, scene.family, epsilon=epsilon
                ).parameters["means"]

            slope = (image(_DISPLACEMENT) - image(-_DISPLACEMENT)) / (2 * _DISPLACEMENT)
            length = float(np.abs(draw).max())
            found.append(
                record(
                    "D8",
                    "linear map",
                    float(np.abs(slope - draw / epsilon).max()) / length,
                    epsilon=epsilon,
                    state="coincident components",
                    left="differences of fitting.step",
                    right="identity / epsilon",
                    control={"identity": float(np.abs(slope - draw).max()) / length},
                )
            )
    free = scene.family.name in ("gaussian-full", "gaussian-tied")
    for path in paths:
        if free and path.solver == "em" and path.epsilon > 1.0:
            found.append(
                record(
                    "D8",
                    "not collapsed",
                    float(path.status != "collapsed_identical"),
                    epsilon=path.epsilon,
                    state="solution",
                    left="em: status",
                    right="collapse",
                    notes=path.status,
                )
            )
    return found


def _apart(left: Mapping[str, Array], right: Mapping[str, Array]) -> float:
    """Return the largest difference over all parameters."""
    return float(np.max([difference(left[n], right[n]) for n in right]))
