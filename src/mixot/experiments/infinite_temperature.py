"""F6: what is left of the tempered objective as the temperature goes to infinity.

Left, the library's values at several temperatures far above the range of the costs, through which
goes one polynomial in 1 / eps. Right, its first coefficients written from the costs,

    L_eps = sum_i a_i (E_pi[C_i] - Var_pi[C_i] / (2 eps) + mu3_pi[C_i] / (6 eps^2)).

The plan tends to a x pi, so that an M-step makes all components alike: locations (means or rates)
leave the sample's mean by - cov_a(x, C_k - E_pi[C]) / eps, and the library's step at two
temperatures is held against that.
"""

from dataclasses import dataclass

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, record
from mixot.experiments._limits import cumulants
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.types import Array

NAME = "infinite_temperature"
_ORDERS = ("mean", "second", "third")


@dataclass(frozen=True)
class Options:
    """nearest: the lowest temperature, over the largest range of a row's costs; n_nodes: values."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 150
    nearest: float = 3.0
    n_nodes: int = 9
    far: float = 1e4
    seeds: int = 2


def run(options: Options) -> Outcome:
    """Compare coefficients of the value and of the M-step in every setting."""
    found = []
    for seed in range(options.seeds):
        for setting in settings(NAME, options.problems, options.n_samples, seed):
            scale = float(np.ptp(setting.reference_cost(), axis=1).max())
            records = [*_values(options, setting, scale), _step(options, setting, scale)]
            found += at(setting.name, setting.family.name, records, seed)
    return Outcome(tuple(found))


def _values(options: Options, setting: Setting, scale: float) -> list[dict[str, object]]:
    expected = cumulants(setting.reference_cost(), setting.a, setting.weights)
    # Chebyshev's nodes keep the polynomial from swinging; x = range / epsilon.
    angles = np.pi * (np.arange(options.n_nodes) + 0.5) / options.n_nodes
    x = (1.0 - np.cos(angles)) / (2.0 * options.nearest)
    values = [
        transport.solve(
            setting.cost(), setting.a, setting.weights, scale / each, relaxation="semirelaxed"
        ).value
        for each in x
    ]
    # The mean cost is added to all values, and would cost the others their digits.
    rest = np.polynomial.polynomial.polyfit(x, values - expected[0], options.n_nodes - 1)
    seen = np.array([rest[0] + expected[0], rest[1] * scale, rest[2] * scale**2])
    mistakes = {"mean": 0.0, "second": 2.0 * expected[1], "third": -expected[2]}
    names = {"mean": "zero", "second": "no factor 1/2", "third": "sign"}
    return [
        record(
            "F6",
            f"{order} coefficient",
            abs(one - right) / abs(right),
            epsilon=scale * options.nearest,
            control={names[order]: abs(one - mistakes[order]) / abs(right)},
            state=f"{options.n_nodes} temperatures above {options.nearest:g} ranges",
            left="transport.solve(semirelaxed), polynomial through its values",
            right="moments of the costs under pi",
        )
        for order, one, right in zip(_ORDERS, seen, expected, strict=True)
    ]


def _step(options: Options, setting: Setting, scale: float) -> dict[str, object]:
    """Compare the first-order coefficient of an M-step's locations, (K, d)."""
    points, a = setting.sample.points, setting.a
    centre = a @ points
    cost = setting.reference_cost()
    relative = cost - (cost @ setting.weights)[:, None]
    expected = -(relative * a[:, None]).T @ (points - centre)

    def moved(epsilon: float) -> Array:
        after = fitting.step(setting.sample, setting.mixture, setting.family, epsilon=epsilon)
        return epsilon * (np.asarray(after.parameters[setting.location]) - centre)

    epsilon = options.far * scale
    seen = 2.0 * moved(2.0 * epsilon) - moved(epsilon)
    size = float(np.abs(expected).max())
    sides = Sides(
        state="M-step",
        left="fitting.step at two temperatures, extrapolated",
        right="covariance of points and costs",
    )
    return record(
        "F6",
        "locations",
        float(np.abs(seen - expected).max()) / size,
        epsilon=epsilon,
        control={"half": float(np.abs(seen - 0.5 * expected).max()) / size},
        **sides,
    )
