"""F1: what the transport problem with a free column marginal costs at any temperature.

Left, the library: the value and the plan that `transport.solve` and `transport.solve_sample` find,
and the objective of plans that are drawn at random. Right, the reference:

    L_eps = - eps sum_i a_i log sum_k pi_k p_k(x_i)^(1/eps),    r_ik ~ pi_k p_k(x_i)^(1/eps),

the same value by finding the root of the dual equation of every row, and the excess
eps KL(P | P*) of any other plan P.
"""

from dataclasses import dataclass

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.reference import dual, likelihood
from mixot.streams import stream

NAME = "tempered_value"


@dataclass(frozen=True)
class Options:
    """problems: settings of `_tempered`, n_samples rows each; epsilons: temperatures."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 150
    epsilons: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare values, plans and other plans in every setting at every temperature."""
    found = []
    for seed in range(options.seeds):
        for setting in settings(NAME, options.problems, options.n_samples, seed):
            for epsilon in options.epsilons:
                records = _compare(setting, epsilon, seed)
                found += at(setting.name, setting.family.name, records, seed)
    return Outcome(tuple(found))


def _compare(setting: Setting, epsilon: float, seed: int) -> list[dict[str, object]]:
    cost, reference_cost = setting.cost(), setting.reference_cost()
    a, weights = setting.a, setting.weights
    solved = transport.solve(cost, a, weights, epsilon, relaxation="semirelaxed")
    by_points = transport.solve_sample(
        setting.sample,
        setting.mixture,
        setting.family,
        epsilon=epsilon,
        relaxation="semirelaxed",
        n_threads=1,
    )
    closed = likelihood.negative_log_likelihood(reference_cost, a, weights, epsilon)
    cold = likelihood.negative_log_likelihood(reference_cost, a, weights)
    _, f = dual.solve_semirelaxed(reference_cost, a, weights, epsilon)
    state = f"epsilon {epsilon:g}"
    values = Sides(
        state=state,
        left="transport.solve(semirelaxed), transport.solve_sample",
        right="reference.likelihood.negative_log_likelihood, reference.dual.solve_semirelaxed",
    )
    untempered = {"epsilon 1": difference(solved.value, cold)}
    found = [
        record(
            "F1",
            "value",
            difference(solved.value, closed),
            epsilon=epsilon,
            control=untempered,
            **values,
        ),
        record(
            "F1",
            "value from points",
            difference(by_points.value, closed),
            epsilon=epsilon,
            control=untempered,
            **values,
        ),
        record(
            "F1", "root of the dual", difference(solved.value, a @ f), epsilon=epsilon, **values
        ),
    ]
    rows = likelihood.responsibilities(reference_cost, weights, epsilon)
    other = likelihood.responsibilities(reference_cost - np.log(weights), _ones(weights), epsilon)
    for quantity, left in (
        ("responsibilities", solved.plan / a[:, None]),
        (
            "responsibilities of a fit",
            fitting.responsibilities(
                setting.sample.points, setting.mixture, setting.family, epsilon
            ),
        ),
    ):
        found.append(
            record(
                "F1",
                quantity,
                difference(left, rows),
                epsilon=epsilon,
                control={"weights tempered": difference(left, other)},
                state=state,
                left="transport.solve: plan; fitting.responsibilities",
                right="reference.likelihood.responsibilities",
            )
        )
    found.append(_other_plan(setting, epsilon, solved.value, seed))
    return found


def _other_plan(setting: Setting, epsilon: float, value: float, seed: int) -> dict[str, object]:
    """Compare the excess of a plan of random rows with its divergence from the best plan."""
    cost, a, weights = setting.cost(), setting.a, setting.weights
    rng = stream("experiment", NAME, "plan", setting.name, seed, round(1000 * epsilon))
    rows = rng.dirichlet(np.ones(weights.size), size=a.size)
    plan = a[:, None] * rows
    excess = transport.objective(plan, cost, a, weights, epsilon) - value
    best = likelihood.log_responsibilities(setting.reference_cost(), weights, epsilon)
    apart = likelihood.kl_from_logs(np.log(plan), np.log(a)[:, None] + best)
    return record(
        "F1",
        "other plans",
        difference(excess, epsilon * apart),
        epsilon=epsilon,
        control={"without epsilon": difference(excess, apart)},
        state=f"epsilon {epsilon:g}",
        left="transport.objective of a random plan, less transport.solve",
        right="epsilon x reference.likelihood.kl_from_logs",
    )


def _ones(weights: np.ndarray) -> np.ndarray:
    return np.full(weights.size, 1.0 / weights.size)
