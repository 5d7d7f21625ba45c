"""F7: the two ways to temper a mixture, and the two hard assignments that they tend to.

Transport at temperature eps raises the densities alone to a power, r_ik ~ pi_k p_k(x_i)^(1/eps);
deterministic annealing EM raises the products, r_ik ~ (pi_k p_k(x_i))^(1/eps), which is transport
with a uniform reference and the cost C - log pi. Left, the library's plans of both; right, the
reference's responsibilities, and how far the two are apart.

As eps -> 0 the first assigns by argmin C (k-means and its kin), the second by argmin C - log pi
(classification EM). Left, one step of the library's hard plans and the library's tempered plans
when cold; right, an M-step by the reference on the labels.
"""

from dataclasses import dataclass

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.reference import em, likelihood
from mixot.types import Array

NAME = "two_temperings"
_HARD = {"hard": "classification", "hard_weighted": "nearest"}


@dataclass(frozen=True)
class Options:
    """cold: the temperature of the limits, over the smallest gap between a row's best two."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 150
    epsilons: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    cold: float = 0.02
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare plans at every temperature, and the limits, in every setting."""
    found = []
    for seed in range(options.seeds):
        for setting in settings(NAME, options.problems, options.n_samples, seed):
            records = [one for epsilon in options.epsilons for one in _plans(setting, epsilon)]
            records += _limits(options, setting)
            found += at(setting.name, setting.family.name, records, seed)
    return Outcome(tuple(found))


def _plans(setting: Setting, epsilon: float) -> list[dict[str, object]]:
    weights, reference = setting.weights, setting.reference_cost()
    ours, annealed = _both(setting, epsilon)
    expected = likelihood.responsibilities(reference, weights, epsilon)
    powers = _powers(reference - np.log(weights), epsilon)
    sides = Sides(
        state=f"epsilon {epsilon:g}",
        left="transport.solve(semirelaxed): plan",
        right="reference: powers of densities, or of weights and densities",
    )
    apart = difference(ours, annealed)
    found = [
        record(
            "F7",
            "powers of densities",
            difference(ours, expected),
            epsilon=epsilon,
            control={"the other": difference(ours, powers)},
            **sides,
        ),
        record(
            "F7",
            "powers of weights and densities",
            difference(annealed, powers),
            epsilon=epsilon,
            control={"the other": difference(annealed, expected)},
            **sides,
        ),
    ]
    quantity = "apart at epsilon 1" if epsilon == 1.0 else "apart"
    return [*found, record("F7", quantity, apart, epsilon=epsilon, **sides)]


def _limits(options: Options, setting: Setting) -> list[dict[str, object]]:
    """Compare what the hard plans, and both temperings when cold, do with the observations."""
    reference = setting.reference_cost()
    costs = {"hard": reference, "hard_weighted": reference - np.log(setting.weights)}
    labels = {name: cost.argmin(axis=1) for name, cost in costs.items()}
    gaps = [np.diff(np.sort(cost, axis=1)[:, :2], axis=1).min() for cost in costs.values()]
    cold = options.cold * float(min(gaps))
    found = []
    for (name, other), rows in zip(_HARD.items(), _both(setting, cold), strict=True):
        mine, wrong = labels[name], next(v for k, v in labels.items() if k != name)
        where = _indicators(mine, setting.weights.size)
        sides = Sides(
            state=name,
            left=f"fitting.step({name}); transport.solve when cold",
            right="argmin of the costs, reference.em.m_step",
            notes=f"{int((mine != wrong).sum())} of {mine.size} labels differ between the limits",
        )
        found += [
            record(
                "F7",
                "hard step",
                _step_apart(setting, name, mine),
                control={f"by {other}": _step_apart(setting, name, wrong)},
                **sides,
            ),
            record(
                "F7",
                "cold plan",
                difference(rows, where),
                epsilon=cold,
                control={f"by {other}": difference(rows, _indicators(wrong, setting.weights.size))},
                **sides,
            ),
        ]
    return found


def _both(setting: Setting, epsilon: float) -> tuple[Array, Array]:
    """Return the library's responsibilities (n, K) of transport's and of annealing's plan."""
    cost, a, weights = setting.cost(), setting.a, setting.weights
    uniform = np.full(weights.size, 1.0 / weights.size)
    ours = transport.solve(cost, a, weights, epsilon, relaxation="semirelaxed")
    annealed = transport.solve(
        cost - np.log(weights), a, uniform, epsilon, relaxation="semirelaxed"
    )
    return ours.plan / a[:, None], annealed.plan / a[:, None]


def _powers(cost: Array, epsilon: float) -> Array:
    """Return the rows e^(-C / eps), normalised."""
    scaled = np.exp(-(cost - cost.min(axis=1, keepdims=True)) / epsilon)
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def _step_apart(setting: Setting, plan: str, labels: Array) -> float:
    """Compare weights and locations after one step of a hard plan with those of labels (n,)."""
    after = fitting.step(setting.sample, setting.mixture, setting.family, plan=plan)
    shares = setting.a[:, None] * _indicators(labels, setting.weights.size)
    occupied = shares.sum(axis=0) > 0.0
    expected = em.m_step("poisson", setting.sample.points, shares[:, occupied])["rates"]
    return max(
        difference(after.weights, shares.sum(axis=0)),
        difference(np.asarray(after.parameters[setting.location])[occupied], expected),
    )


def _indicators(labels: Array, n_components: int) -> Array:
    return np.eye(n_components)[labels]
