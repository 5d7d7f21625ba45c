"""Where evidence is gathered: a problem with a family, the runs on it, and states along them.

At a solution every gap and bound is zero and agreement proves nothing. So most experiments look at
the start, after 1 and after 10 iterations of the `em` run, and at the parameters of the latter
with weights mixed half and half with a Dirichlet draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mixot import families
from mixot.errors import InputError
from mixot.families import Family
from mixot.fitting import Fit
from mixot.problems import Problem
from mixot.reference import densities
from mixot.runs import Run
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

_STOPS = {"start": 0, "iteration 1": 1, "iteration 10": 10}


@dataclass(frozen=True, slots=True)
class Path:
    """The iterates of one run: `iterations` (m,), one mixture each, and the trace by name.

    solver, epsilon and status are as in the run's result; snapshots may leave out iterations.
    """

    solver: str
    epsilon: float
    status: str
    start: Mixture
    solution: Mixture
    iterations: tuple[int, ...]
    mixtures: tuple[Mixture, ...]
    trace: Mapping[str, Array]

    def consecutive(self, limit: int) -> list[tuple[int, Mixture, Mixture]]:
        """Return (t, before, after) of snapshots one iteration apart, at most `limit`.

        A choice among more is denser at the beginning of the run.
        """
        steps = list(zip(self.iterations, self.mixtures, strict=True))
        pairs = [(t, a, b) for (t, a), (u, b) in pairwise(steps) if u == t + 1]
        if len(pairs) <= limit:
            return pairs
        chosen = np.unique(np.geomspace(1, len(pairs), limit).round().astype(int) - 1)
        return [pairs[i] for i in chosen]


@dataclass(frozen=True, slots=True)
class Scene:
    """A sample and a family, as the library and as the references take them."""

    problem: str
    sample: Sample
    family: Family
    covariance: Any
    n_components: int
    seed: int

    def cost(self, parameters: Mapping[str, Array]) -> Array:
        """Return -log p_k(x_i) by the library, (n, K)."""
        return -self.family.log_density(self.sample.points, parameters)

    def reference_cost(self, parameters: Mapping[str, Array]) -> Array:
        """Return -log p_k(x_i) by the reference, (n, K)."""
        return densities.costs(
            self.family.name, self.sample.points, dict(parameters), covariance=self.covariance
        )

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the randomness of one experiment; nothing else draws from it."""
        return stream("evidence", purpose, self.problem, self.family.name, self.seed)


def make_scene(problem: Problem, family_name: str, seed: int) -> Scene:
    """Bring `problem` and the family together."""
    options = problem.family_options if family_name == "gaussian-known" else {}
    return Scene(
        problem=problem.name,
        sample=problem.sample,
        family=families.get(family_name, **options),
        covariance=options.get("covariance"),
        n_components=problem.n_components,
        seed=seed,
    )


def path_of_run(run: Run) -> Path:
    """Return the iterates that a run directory holds."""
    trace = run.trace
    names = [key.removeprefix("snapshot_") for key in trace if key.startswith("snapshot_")]
    names = [name for name in names if name not in ("iterations", "weights")]
    iterations = tuple(int(t) for t in trace["snapshot_iterations"])
    return Path(
        solver=run.result["solver"],
        epsilon=float(run.result["epsilon"]),
        status=run.result["status"],
        start=_mixture(run.solution, "start_", names),
        solution=_mixture(run.solution, "", names),
        iterations=iterations,
        mixtures=tuple(
            Mixture(trace["snapshot_weights"][i], {n: trace[f"snapshot_{n}"][i] for n in names})
            for i in range(len(iterations))
        ),
        trace=trace,
    )


def path_of_fit(solver: str, epsilon: float, fit: Fit) -> Path:
    """Return the iterates of a fit that was never written down."""
    trace = fit.trace
    snapshots = zip(trace.iterations, trace.weights, strict=True)
    return Path(
        solver=solver,
        epsilon=epsilon,
        status=str(fit.status),
        start=fit.start,
        solution=fit.mixture,
        iterations=tuple(int(t) for t in trace.iterations),
        mixtures=tuple(
            Mixture(weights, {n: v[i] for n, v in trace.parameters.items()})
            for i, (_, weights) in enumerate(snapshots)
        ),
        trace={
            "objective": trace.objective,
            "marginal_error": trace.marginal_error,
            "plan_kl": trace.plan_kl,
            "weights_kl": trace.weights_kl,
            "components_kl": trace.components_kl,
        },
    )


def _mixture(solution: Mapping[str, Array], prefix: str, names: Sequence[str]) -> Mixture:
    return Mixture(solution[f"{prefix}weights"], {n: solution[f"{prefix}{n}"] for n in names})


def only(paths: Sequence[Path], solver: str, epsilon: float = 1.0) -> Path | None:
    """Return the run of `solver` at `epsilon`, if there is one."""
    found = [p for p in paths if p.solver == solver and p.epsilon == epsilon]
    return found[0] if found else None


def em_path(scene: Scene, paths: Sequence[Path]) -> Path:
    """Return the `em` run at epsilon 1, on which all evidence stands; InputError without it."""
    path = only(paths, "em")
    if path is None:
        raise InputError(
            f"evidence on {scene.problem} ({scene.family.name}, seed {scene.seed}) needs the run "
            "of solver em at epsilon 1; make it first"
        )
    return path


def states(scene: Scene, paths: Sequence[Path]) -> list[tuple[str, Mixture]]:
    """Return named mixtures off the fixed point; a shorter run lends its last snapshot."""
    path = em_path(scene, paths)
    found = []
    for name, stop in _STOPS.items():
        index = max(i for i, t in enumerate(path.iterations) if t <= stop)
        found.append((name, path.mixtures[index]))
    _, last = found[-1]
    draw = scene.stream("dirichlet").dirichlet(np.ones(scene.n_components))
    found.append(("dirichlet", Mixture(0.5 * last.weights + 0.5 * draw, last.parameters)))
    return found


def conditioning(plan: Array, a: Array) -> float:
    """Return the smallest non-trivial eigenvalue, in [0, 1], of H scaled by the column sums.

    H = diag(b) - P' diag(1/a) P, b = P'1, is the Hessian of the balanced semi-dual. Where it is
    nearly singular in the metric of diag(b), clusters are so far apart that the potential hardly
    matters to the plan: it leaps as weights pass the clusters' shares.
    """
    scale = 1.0 / np.sqrt(plan.sum(axis=0))
    overlap = scale[:, None] * (plan.T @ (plan / a[:, None])) * scale
    eigenvalues = np.linalg.eigvalsh(0.5 * (overlap + overlap.T))
    return float(1.0 - eigenvalues[-2]) if eigenvalues.size > 1 else 1.0
