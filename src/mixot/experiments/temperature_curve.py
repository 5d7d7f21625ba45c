"""F3: how the tempered objective depends on the temperature alone.

Left, differences of five points of the library's value, of the semi-relaxed plan and of the
balanced one. Right, the divergence of the reference's plan from the product of its marginals,

    dL_eps / deps = KL(P_eps | a x pi),

so that L_eps increases; and as a minimum of functions affine in eps it is concave: along a grid of
temperatures slopes of chords fall, and every tangent, with the reference's slope, lies above.

Series, for each setting: epsilons, value, slope (of the semi-relaxed plan), and what the asymptotes
need: the hard value and its slope S, the mean cost and the coefficients of 1 / eps and 1 / eps^2.
"""

from dataclasses import dataclass

import numpy as np

from mixot import transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._limits import cumulants, hard_limit
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.reference import likelihood, sinkhorn
from mixot.types import Array

NAME = "temperature_curve"
# Relative steps of the differences: the balanced value is good to its solver's gap of 1e-12.
_STEPS = {"semirelaxed": 1e-3, "balanced": 1e-2}


@dataclass(frozen=True)
class Options:
    """epsilons: where slopes are compared; n_grid: temperatures of the curve, in log steps."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 150
    epsilons: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    n_grid: int = 49
    lowest: float = 0.01
    highest: float = 1000.0


def run(options: Options) -> Outcome:
    """Compare slopes, and look for what contradicts monotony and concavity."""
    found = []
    series: dict[str, Array] = {}
    grid = np.geomspace(options.lowest, options.highest, options.n_grid)
    for setting in settings(NAME, options.problems, options.n_samples):
        records = [
            _slope(setting, epsilon, relaxation)
            for epsilon in options.epsilons
            for relaxation in _STEPS
        ]
        values = np.array([_value(setting, epsilon, "semirelaxed") for epsilon in grid])
        slopes = np.array([_divergence(setting, epsilon, "semirelaxed") for epsilon in grid])
        records += _shape(grid, values, slopes)
        found += at(setting.name, setting.family.name, records)
        limit = hard_limit(setting.reference_cost(), setting.a, setting.weights)
        series |= {
            f"{setting.name} value": values,
            f"{setting.name} slope": slopes,
            f"{setting.name} cold": np.array([limit.value, limit.slope]),
            f"{setting.name} warm": cumulants(setting.reference_cost(), setting.a, setting.weights),
        }
    series |= {"epsilons": grid, "settings": np.array(options.problems)}
    return Outcome(tuple(found), series)


def _slope(setting: Setting, epsilon: float, relaxation: str) -> dict[str, object]:
    length = _STEPS[relaxation] * epsilon
    near, far = (
        _value(setting, epsilon + k * length, relaxation)
        - _value(setting, epsilon - k * length, relaxation)
        for k in (1, 2)
    )
    seen = (8.0 * near - far) / (12.0 * length)
    expected = _divergence(setting, epsilon, relaxation)
    plan = _reference_plan(setting, epsilon, relaxation)
    negative_entropy = -likelihood.entropy(plan)
    return record(
        "F3",
        f"slope, {relaxation}",
        difference(seen, expected),
        epsilon=epsilon,
        control={"entropy": difference(seen, negative_entropy)},
        state=f"epsilon {epsilon:g}",
        left=f"transport.solve({relaxation}), differences of five points",
        right="reference.likelihood.kl_divergence(plan | a x pi)",
    )


def _shape(grid: Array, values: Array, slopes: Array) -> list[dict[str, object]]:
    """Measure what contradicts monotony and concavity, relative to the size of the values."""
    size = np.maximum(1.0, np.abs(values).max())
    rises = np.diff(values) / size
    chords = np.diff(values) / np.diff(grid)
    bends = np.diff(chords)
    # Row e, column e': by how much the value at e' lies above the tangent at e.
    above = (values - values[:, None] - slopes[:, None] * (grid - grid[:, None])) / size
    sides = Sides(
        state=f"{grid.size} temperatures",
        left="transport.solve(semirelaxed)",
        right="monotony and concavity",
    )
    return [
        record(
            "F3",
            quantity,
            float(np.max(violation, initial=0.0)),
            control={"reversed": float(np.max(-violation, initial=0.0))},
            **sides,
        )
        for quantity, violation in (
            ("decrease", -rises),
            ("convexity of chords", bends),
            ("above a tangent", above),
        )
    ]


def _value(setting: Setting, epsilon: float, relaxation: str) -> float:
    a, weights = setting.a, setting.weights
    if relaxation == "balanced":
        return transport.solve(setting.cost(), a, weights, epsilon).value
    return transport.solve(setting.cost(), a, weights, epsilon, relaxation="semirelaxed").value


def _divergence(setting: Setting, epsilon: float, relaxation: str) -> float:
    plan = _reference_plan(setting, epsilon, relaxation)
    return likelihood.kl_divergence(plan, np.outer(setting.a, setting.weights))


def _reference_plan(setting: Setting, epsilon: float, relaxation: str) -> Array:
    cost, a, weights = setting.reference_cost(), setting.a, setting.weights
    if relaxation == "balanced":
        return np.asarray(sinkhorn.semidual(cost, a, weights, epsilon).plan)
    return likelihood.estep_plan(cost, a, weights, epsilon)
