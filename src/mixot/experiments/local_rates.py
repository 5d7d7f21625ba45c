"""H2: how fast EM and Sinkhorn EM approach the truth, for opposite means and known weights.

Left, the slope of the library's loop on the population, by differences, and the ratio of the
errors of a fit. Right, what the information says, its integrals by adaptive quadrature over the
scores: with A the information of m, c that between m and the log-odds eta of the weights, and
H = E[r_1 r_2],

    rate of EM = 1 - A,        rate of Sinkhorn EM = 1 - A - c^2 / H,

since the complete data have information 1. So Sinkhorn EM is never the slower one, and both are
alike where c = 0, at equal weights.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.integrate

from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments import _opposite_means as model
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.fit import fit

NAME = "local_rates"
FAMILY = "opposite-means"
# A fit's errors are compared between these: above, the next order counts, and below, its last bits.
_LARGEST, _SMALLEST = 1e-4, 1e-9


@dataclass(frozen=True)
class Options:
    """separations: one problem each; weights: states of it, the first of them one half."""

    separations: tuple[float, ...] = (0.5, 0.75, 1.0, 1.5, 2.0)
    weights: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)


def run(options: Options) -> Outcome:
    """Compare rates at every separation and weight."""
    found = []
    rates = np.empty((2, len(options.separations), len(options.weights)))
    for row, separation in enumerate(options.separations):
        measured = []
        for column, weight in enumerate(options.weights):
            records, rates[:, row, column] = _compare(weight, separation)
            measured += records
        found += at(f"separation-{separation:g}", FAMILY, measured)
    series = {
        "separations": np.array(options.separations),
        "weights": np.array(options.weights),
        "em": rates[0],
        "sinkhorn-em": rates[1],
    }
    return Outcome(tuple(found), series)


def predicted(weight: float, separation: float) -> tuple[float, float]:
    """Return the rates of EM and of Sinkhorn EM from the information at the truth."""

    def expectation(values: Callable[[float, float], float]) -> float:
        def integrand(x: float) -> float:
            right = weight * math.exp(-0.5 * (x - separation) ** 2)
            left = (1.0 - weight) * math.exp(-0.5 * (x + separation) ** 2)
            return (right + left) / math.sqrt(2.0 * math.pi) * values(x, right / (right + left))

        reach = separation + 9.0
        whole = scipy.integrate.quad(integrand, -reach, reach, epsabs=1e-12, limit=200)
        return float(whole[0])

    def score(x: float, r: float) -> float:
        return r * (x - separation) - (1.0 - r) * (x + separation)

    a = expectation(lambda x, r: score(x, r) ** 2)
    c = expectation(lambda x, r: score(x, r) * (r - weight))
    h = expectation(lambda x, r: r * (1.0 - r))
    return 1.0 - a, 1.0 - a - c**2 / h


def _compare(weight: float, separation: float) -> tuple[list[dict[str, object]], tuple[float, ...]]:
    truth = model.population(weight, separation)
    slopes = [model.library_slope(truth, method, separation) for method in model.METHODS]
    expected = predicted(weight, separation)
    sides = Sides(
        state=f"weight {weight:g}",
        left="fitting.fit.step, differentiated",
        right="information at the truth, by adaptive quadrature",
    )
    found = []
    for method, slope, mine, other in zip(
        model.METHODS, slopes, expected, reversed(expected), strict=True
    ):
        seen = _observed(truth, method)
        found += [
            record(
                "H2",
                f"rate of {method}",
                difference(slope, mine),
                control={"the other's": difference(slope, other)},
                **sides,
            ),
            record(
                "H2",
                f"fit by {method}",
                difference(seen, mine),
                control={"the other's": difference(seen, other)},
                **sides,
            ),
        ]
    em, sinkhorn = slopes
    ordered = Sides(state=sides["state"], left="rate of Sinkhorn EM", right="rate of EM")
    found.append(
        record(
            "H2",
            "violation",
            excess(sinkhorn, em),
            control={"reversed": excess(em, sinkhorn)},
            **ordered,
        )
    )
    if weight == 0.5:
        unequal = model.population(0.7, separation)
        apart = difference(*(model.library_slope(unequal, m, separation) for m in model.METHODS))
        found.append(
            record(
                "H2",
                "difference at equal weights",
                difference(sinkhorn, em),
                control={"unequal": apart},
                **ordered,
            )
        )
    else:
        found.append(record("H2", "gain", em - sinkhorn, **ordered))
    return found, (em, sinkhorn)


def _observed(truth: model.Population, method: model.Method) -> float:
    """Return the last ratio of errors of a fit that begins beside the truth."""
    near = fit(
        truth.sample,
        model.mixture(truth.separation + 1e-3, truth.weight),
        model.OppositeMeans(),
        plan=model.PLANS[method],
        weights="fixed",
        tol=1e-10,
    )
    errors = np.abs(near.trace.parameters["means"][:, 0, 0] - truth.separation)
    usable = errors[(errors < _LARGEST) & (errors > _SMALLEST)]
    return float(usable[-1] / usable[-2]) if usable.size > 1 else float("nan")
