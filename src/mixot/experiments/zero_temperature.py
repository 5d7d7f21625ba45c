"""F5: what is left of the tempered objective as the temperature goes to zero.

Left, the library's values and plans at temperatures that are small beside delta, the smallest
difference between a row's two cheapest costs. Right, hard assignment written from the costs:

    L_eps = sum_i a_i min_k C_ik + eps S - R,
    S = - sum_i a_i log pi_{k*(i)} = H(b) + KL(b | pi),

with b the shares of the hard clusters, and 0 <= R <= O(eps e^{-delta / eps}). The weights are in S
alone, so that the limit forgets them. With ties the tied weights are summed: of the last problem
two components are the same.
"""

from dataclasses import dataclass, replace

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._limits import HardLimit, hard_limit
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import take
from mixot.reference import likelihood
from mixot.types import Mixture

NAME = "zero_temperature"
# Fractions of delta: where the remainder is below round-off, and where it is measured.
_COLD, _WARM = 40.0, (2.0, 5.0, 8.0)


@dataclass(frozen=True)
class Options:
    """n_samples: few, so that the two cheapest costs of every row differ by a sizeable amount."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 60
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare limit, slope, remainder and plan in every setting, and in one with a tie."""
    found = []
    for seed in range(options.seeds):
        for setting in settings(NAME, options.problems, options.n_samples, seed):
            found += at(setting.name, setting.family.name, _compare(setting), seed)
        tied = _tied(next(settings(NAME, options.problems[:1], options.n_samples, seed)))
        found += at("ties", tied.family.name, _compare(tied), seed)
    return Outcome(tuple(found))


def _tied(setting: Setting) -> Setting:
    """Give the first component a twin, so that each of its rows has a tie."""
    mixture, family = setting.mixture, setting.family
    n_components = mixture.n_components
    twin = take(family, mixture.parameters, [*range(n_components), 0])
    weights = np.append(mixture.weights, 0.5 * mixture.weights[0])
    return replace(setting, mixture=Mixture(weights / weights.sum(), twin))


def _compare(setting: Setting) -> list[dict[str, object]]:
    cost, a, weights = setting.cost(), setting.a, setting.weights
    limit = hard_limit(setting.reference_cost(), a, weights)
    epsilon = limit.delta / _COLD
    cold = transport.solve(cost, a, weights, epsilon, relaxation="semirelaxed")
    b = a @ limit.rows(weights)
    # The last of tied components in place of all of them, as argmin would have the first.
    alone = weights[weights.size - 1 - limit.best[:, ::-1].argmax(axis=1)]
    slope = (cold.value - limit.value) / epsilon
    sides = Sides(
        state="epsilon = delta / 40",
        left="transport.solve(semirelaxed)",
        right="sum_i a_i min_k C_ik + epsilon S",
        notes=f"delta {limit.delta:.3g}",
    )
    found = [
        record(
            "F5",
            "value",
            difference(cold.value, limit.value + epsilon * limit.slope),
            epsilon=epsilon,
            control={"limit alone": difference(cold.value, limit.value)},
            **sides,
        ),
        record(
            "F5",
            "slope",
            difference(slope, limit.slope),
            epsilon=epsilon,
            control={
                "entropy of the shares": difference(slope, likelihood.entropy(b)),
                "one of the tied": difference(slope, -float(a @ np.log(alone))),
            },
            **sides,
        ),
        record(
            "F5",
            "plan",
            difference(cold.plan / a[:, None], limit.rows(weights)),
            epsilon=epsilon,
            control={"at delta": _softness(setting, limit)},
            **sides,
        ),
        _hard_plan(setting, limit),
    ]
    if limit.best.sum() == a.size:
        # With ties the sum over tied weights is no divergence of shares.
        both = likelihood.entropy(b) + likelihood.kl_divergence(b, weights)
        found.append(
            record(
                "F5",
                "slope as entropy and divergence",
                difference(slope, both),
                epsilon=epsilon,
                **sides,
            )
        )
    return found + _remainder(setting, limit)


def _softness(setting: Setting, limit: HardLimit) -> float:
    warm = transport.solve(
        setting.cost(), setting.a, setting.weights, limit.delta, relaxation="semirelaxed"
    )
    return difference(warm.plan / setting.a[:, None], limit.rows(setting.weights))


def _hard_plan(setting: Setting, limit: HardLimit) -> dict[str, object]:
    """Compare the objective of the library's hard plan at the setting's mixture."""
    fitted = fitting.fit(
        setting.sample, setting.mixture, setting.family, plan="hard", max_iter=1, n_threads=1
    )
    tempered = likelihood.negative_log_likelihood(
        setting.reference_cost(), setting.a, setting.weights
    )
    value = float(fitted.trace.objective[0])
    return record(
        "F5",
        "hard plan",
        difference(value, limit.value),
        control={"epsilon 1": difference(value, tempered)},
        state="start",
        left="fitting.fit(hard): objective",
        right="sum_i a_i min_k C_ik",
    )


def _remainder(setting: Setting, limit: HardLimit) -> list[dict[str, object]]:
    """Hold R between zero and its bound, and measure the rate at which it vanishes."""
    a, weights = setting.a, setting.weights
    found, rests = [], []
    for divisor in _WARM:
        epsilon = limit.delta / divisor
        value = transport.solve(setting.cost(), a, weights, epsilon, relaxation="semirelaxed").value
        rest = limit.value + epsilon * limit.slope - value
        rests.append(rest / epsilon)
        without = rest - epsilon * likelihood.kl_divergence(a @ limit.rows(weights), weights)
        sides = Sides(
            state=f"epsilon = delta / {divisor:g}",
            left="transport.solve(semirelaxed)",
            right="bounds of R",
        )
        found += [
            record(
                "F5",
                "remainder below zero",
                max(0.0, -rest),
                epsilon=epsilon,
                control={"entropy of the shares": max(0.0, -without)},
                **sides,
            ),
            record(
                "F5",
                "remainder above its bound",
                max(0.0, rest - limit.remainder(a, weights, epsilon)),
                epsilon=epsilon,
                control={
                    "twice as cold": max(0.0, rest - limit.remainder(a, weights, epsilon / 2.0))
                },
                **sides,
            ),
        ]
    # log(R / eps) against 1 / eps falls with at least delta.
    falls = np.log(rests[1] / rests[2]) if min(rests) > 0.0 else np.nan
    found.append(
        record(
            "F5",
            "decay of the remainder",
            float(falls / (_WARM[2] - _WARM[1])),
            state="epsilon from delta / 5 to delta / 8",
            left="transport.solve(semirelaxed)",
            right="exponential decay at the rate delta",
        )
    )
    return found
