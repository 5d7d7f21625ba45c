"""Evidence for D1 to D3: the path of a fit against EM written for reading, and scikit-learn's.

Left, the snapshots and traces of the library's runs, `em` and `ot_semirelaxed`. Right, the
reference's natural-domain EM from the same start, scikit-learn stepped one iteration at a time
(where it has the family and knows the sample's uniform weights), and the reference's energy balance
recomputed from snapshots. The mistakes: scikit-learn's default floor of 1e-6 on variances for D1, a
balance without the term of the weights for D2, a floor of 1e-2 from the solution for D3.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixot.evidence.records import difference, record
from mixot.evidence.scene import Path, Scene, em_path, only
from mixot.reference import em, likelihood, peers
from mixot.types import Array, Mixture

_ITERATIONS = 50
_PAIRS = 4
_FLOOR_SMALL, _FLOOR_LARGE = 1e-6, 1e-2
_FLOORED = 5
_FLOOR_STEPS = 3
_SETTLED = 1e-10
_SETTLING = 100


def records(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the records for D1, D2 and D3."""
    found = _same_iterates(scene, paths)
    for path in (em_path(scene, paths), only(paths, "ot_semirelaxed")):
        if path is not None:
            found += _balance(scene, path)
    found += _monotone(scene, paths)
    return found


def peer_applies(scene: Scene) -> bool:
    """Say whether scikit-learn has this family, and the sample the uniform weights it assumes."""
    uniform = bool(np.ptp(scene.sample.weights) == 0)
    return uniform and scene.family.name.startswith("gaussian") and scene.covariance is None


def _same_iterates(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    path = em_path(scene, paths)
    last = max(t for t in path.iterations if t <= _ITERATIONS)
    start = path.mixtures[0]
    arguments = (scene.family.name, scene.sample.points)
    reference = em.em_path(
        *arguments,
        scene.sample.weights,
        start.weights,
        dict(start.parameters),
        last,
        covariance=scene.covariance,
    )
    found = [
        record(
            "D1",
            "em",
            _distance(path, reference),
            state=f"iterations 0 to {last}",
            left="em: snapshots",
            right="reference.em.em_path",
        )
    ]
    other = only(paths, "ot_semirelaxed")
    if other is not None:
        found.append(
            record(
                "D1",
                "ot_semirelaxed",
                _distance(other, reference),
                state=f"iterations 0 to {last}",
                left="ot_semirelaxed: snapshots",
                right="reference.em.em_path",
            )
        )
    if peer_applies(scene):
        parameters = dict(start.parameters)
        peer = peers.sklearn_path(*arguments, start.weights, parameters, last)
        wrong = peers.sklearn_path(
            *arguments, start.weights, parameters, min(last, _FLOORED), reg_covar=_FLOOR_SMALL
        )
        found.append(
            record(
                "D1",
                "scikit-learn",
                _distance(path, peer),
                state=f"iterations 0 to {last}",
                left="em: snapshots",
                right="reference.peers.sklearn_path (GaussianMixture, reg_covar=0)",
                control={"reg_covar 1e-6": _distance(path, wrong)},
            )
        )
    return found


def _distance(path: Path, points: Sequence[em.Iterate]) -> float:
    """Return the largest difference of weights and parameters over the snapshots that both have."""
    worst = 0.0
    for t, mixture in zip(path.iterations, path.mixtures, strict=True):
        if t < len(points):
            other = points[t]
            gaps = [difference(mixture.weights, other.weights)]
            gaps += [difference(mixture.parameters[n], v) for n, v in other.parameters.items()]
            worst = float(np.max([worst, *gaps]))
    return worst


def _balance(scene: Scene, path: Path) -> list[dict[str, Any]]:
    """D2, as the library measured it along the run and as the reference recomputes it."""
    trace = path.trace
    drop = trace["objective"][:-1] - trace["objective"][1:]
    terms = trace["plan_kl"] + trace["weights_kl"] + trace["components_kl"]
    size = np.maximum(1.0, np.abs(trace["objective"][:-1]))
    found = [
        record(
            "D2",
            "trace",
            float(np.max(np.abs(drop - terms) / size, initial=0.0)),
            state=f"iterations 0 to {drop.size}",
            left=f"{path.solver}: drop of the objective",
            right=f"{path.solver}: the three terms, each measured on its own",
            control={
                "no weights term": float(
                    np.max(np.abs(drop - terms + trace["weights_kl"]) / size, initial=0.0)
                )
            },
        )
    ]
    residuals, mistakes, apart = [0.0], [0.0], [0.0]
    for t, before, after in path.consecutive(_PAIRS):
        balance = em.energy_balance(
            scene.family.name,
            scene.sample.points,
            scene.sample.weights,
            _iterate(before),
            _iterate(after),
            covariance=scene.covariance,
        )
        divergences = em.component_kl(
            scene.family.name,
            dict(after.parameters),
            dict(before.parameters),
            scene.covariance,
        )
        # The statement weighs components by pi_t+1; that this is P_t'1 is part of what it says.
        components = float(after.weights @ divergences)
        total = balance.plan_kl + balance.weights_kl + components
        residuals.append(abs(drop[t] - total) / size[t])
        mistakes.append(abs(drop[t] - total + balance.weights_kl) / size[t])
        ours = np.array([trace[name][t] for name in ("plan_kl", "weights_kl", "components_kl")])
        theirs = np.array([balance.plan_kl, balance.weights_kl, components])
        apart.append(difference(ours, theirs))
    state, right = "pairs of snapshots", "reference.em.energy_balance of snapshots"
    found.append(
        record(
            "D2",
            "recomputed",
            float(np.max(residuals)),
            left=f"{path.solver}: drop of the objective",
            control={"no weights term": float(np.max(mistakes))},
            state=state,
            right=right,
        )
    )
    found.append(
        record(
            "D2",
            "terms",
            float(np.max(apart)),
            left=f"{path.solver}: the three terms",
            state=state,
            right=right,
        )
    )
    return found


def _iterate(mixture: Mixture) -> em.Iterate:
    return em.Iterate(mixture.weights, dict(mixture.parameters), np.nan)


def _monotone(scene: Scene, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """D3 for every run's trace, and for the likelihood recomputed at the snapshots of `em`."""
    found = []
    for path in paths:
        if path.solver.startswith("hard"):
            continue
        objective = path.trace["objective"]
        found.append(
            record(
                "D3",
                "trace",
                _rise(objective),
                epsilon=path.epsilon,
                state=f"iterations 0 to {objective.size - 1}",
                left=f"{path.solver}: objective",
                right="the order of real numbers",
            )
        )
    path = em_path(scene, paths)
    chosen = sorted({*range(min(11, len(path.mixtures))), *range(0, len(path.mixtures), 5)})
    values = [_value(scene, path.mixtures[i]) for i in chosen]
    found.append(
        record(
            "D3",
            "recomputed",
            _rise(np.array(values)),
            state="snapshots",
            left="em: snapshots",
            right="reference.likelihood.negative_log_likelihood",
            control={"reg_covar 1e-2": _rise_with_floor(scene, path.solution)}
            if peer_applies(scene)
            else None,
        )
    )
    return found


def _rise(values: Array) -> float:
    """Return the largest increase of a sequence, over max(1, |value|)."""
    return float(np.max(np.diff(values) / np.maximum(1.0, np.abs(values[:-1])), initial=0.0))


def _value(scene: Scene, mixture: Mixture) -> float:
    return likelihood.negative_log_likelihood(
        scene.reference_cost(mixture.parameters), scene.sample.weights, mixture.weights
    )


def _rise_with_floor(scene: Scene, solution: Mixture) -> float:
    """Return the rise under the floor from a fixed point of EM, whatever `solution` is."""
    arguments = (scene.family.name, scene.sample.points)
    honest = peers.sklearn_path(*arguments, solution.weights, dict(solution.parameters), 1)
    if honest[0].objective - honest[-1].objective > _SETTLED:
        last = honest[-1]
        honest = peers.sklearn_path(*arguments, last.weights, last.parameters, _SETTLING)
    last = honest[-1]
    steps = peers.sklearn_path(
        *arguments, last.weights, last.parameters, _FLOOR_STEPS, reg_covar=_FLOOR_LARGE
    )
    return _rise(
        np.array([_value(scene, Mixture(step.weights, step.parameters)) for step in steps])
    )
