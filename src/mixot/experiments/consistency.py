"""J1, J3: how the error of a mixture fitted by transport falls, like n^-1/2.

Left, the root of the mean square error over many samples of each size, of the estimates of
`_replicates` (which `efficiency` holds against the library), each in its limiting deviations.
Right, the slope -1/2 against n, both logarithmic. The control is hard assignment, the limit of low
temperature, whose means stay off.

Series, over `separations` x `sizes`: the root of the mean square error of the mean of the first
component by each method, `{method} error`, "hard" included; and over `separations` the limit of
sqrt(n) times it, `{method} limit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import record
from mixot.experiments import _two_normals as model
from mixot.experiments._replicates import Estimates, estimate, hard
from mixot.experiments._two_normals import METHODS, Asymptotics, Method, Truth
from mixot.experiments.outcome import Outcome, at
from mixot.types import Array

NAME = "consistency"
_CLAIMS: Mapping[str, Method] = {"J1": "free", "J3": "balanced"}


@dataclass(frozen=True)
class Options:
    """separations: one problem each; sizes: of the samples, n_replicates of each.

    slopes_from: the least size that enters a slope, for the errors approach their limits like 1/n;
    smaller ones are drawn.
    """

    weight: float = 0.35
    separations: tuple[float, ...] = (2.5, 3.0, 4.0, 5.0, 6.0)
    sizes: tuple[int, ...] = (500, 1000, 2000, 4000, 8000, 16000)
    slopes_from: int = 2000
    n_replicates: int = 1250


def run(options: Options) -> Outcome:
    """Follow the errors over the sizes at every separation."""
    found: list[dict[str, object]] = []
    rows: dict[str, list[Array]] = {}
    for separation in options.separations:
        truth = Truth(options.weight, separation)
        limits = model.asymptotics(truth)
        made = [_replicate(options, truth, size) for size in options.sizes]
        found += at(truth.problem, model.FAMILY, _records(options, truth, limits, made))
        for name in (*METHODS, "hard"):
            errors = [one[name].theta[:, 1] - truth.theta[1] for one in made]
            rows.setdefault(f"{name} error", []).append(
                np.sqrt([np.mean(values**2) for values in errors])
            )
        for method in METHODS:
            deviation = np.sqrt(limits.variance(method))
            rows.setdefault(f"{method} limit", []).append(deviation)
    series = {name: np.array(values) for name, values in rows.items()}
    series["separations"] = np.array(options.separations)
    series["sizes"] = np.array(options.sizes)
    series["n_replicates"] = np.array(options.n_replicates)
    return Outcome(tuple(found), series)


def _replicate(options: Options, truth: Truth, size: int) -> dict[str, Estimates]:
    """Return the estimates from all samples of a size, by each method."""
    made: dict[str, list[Estimates]] = {name: [] for name in (*METHODS, "hard")}
    for block, n_replicates in enumerate(model.blocks(size, options.n_replicates)):
        points = model.draw(truth, NAME, size, block, n_replicates)
        for method in METHODS:
            made[method].append(estimate(points, method, truth))
        made["hard"].append(hard(points, truth))
    return {name: Estimates.join(parts) for name, parts in made.items()}


def _records(
    options: Options, truth: Truth, limits: Asymptotics, made: list[dict[str, Estimates]]
) -> list[dict[str, object]]:
    """Judge the slopes, and that the estimates that enter them solve their equations."""
    used = [column for column, size in enumerate(options.sizes) if size >= options.slopes_from]
    sizes = np.array(options.sizes, dtype=float)[used]
    found = []
    for claim, method in _CLAIMS.items():
        covariance = limits.covariance(method)
        units = np.sqrt(np.diagonal(covariance))
        # The mean square of R replicates of p normal numbers with correlations c has the relative
        # variance 2 |c|^2 / (R p^2), and the logarithm of its root a quarter of that.
        size = np.linalg.norm(covariance / np.outer(units, units)) / units.size
        deviation = float(size * np.sqrt(0.5 / options.n_replicates))

        def departure(name: str, units: Array = units, deviation: float = deviation) -> float:
            errors = [(made[c][name].theta - truth.theta)[:, -units.size :] / units for c in used]
            level = np.log([np.sqrt(np.mean(values**2)) for values in errors])
            return _departure(sizes, level, deviation)

        state = f"{options.n_replicates} samples of each size"
        found += [
            record(
                claim,
                "slope",
                departure(method),
                control={"hard assignment": departure("hard")},
                state=state,
                left="batched estimates",
                right="-1/2",
            ),
            record(
                claim,
                "equations",
                float(max(made[column][method].residual.max() for column in used)),
                state=state,
                left="batched estimates",
                right="zero",
            ),
        ]
    return found


def _departure(sizes: Array, level: Array, deviation: float) -> float:
    """Return by how much a slope departs from -1/2, over four of its deviations.

    level: logarithms of errors, each with the deviation given.
    """
    centred = np.log(sizes) - np.log(sizes).mean()
    spread = float(centred @ centred)
    return float(abs(centred @ level / spread + 0.5) / (4.0 * deviation / np.sqrt(spread)))
