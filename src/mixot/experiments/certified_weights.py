"""N3: one E-step bounds from both sides how far any weights are from the best ones.

With D_k = pihat_k / pi_k, for fixed components

    KL(pihat | pi) <= NLL(pi) - min NLL <= log max D <= max D - 1.

Left, bounds from the library's E-step along its weight-EM, and the certificates of its solver cut
off after a few Newton steps. Right, the reference's likelihood, and its minimum by SLSQP and Newton
steps on the support, which leave a gap of its own at round-off.

Series, of the first seed: for each scene `{scene} lower`, `{scene} actual` and `{scene} upper`
along weight-EM at `iterations`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot import fitting
from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments._off_optimum import NAMES, Scene, scene
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.weights import solve_weights
from mixot.reference import likelihood
from mixot.reference import weights as reference_weights
from mixot.types import Array, Mixture

NAME = "certified_weights"
# Newton steps after which the solver is cut off.
_CUTS = (0, 1, 2, 4)


@dataclass(frozen=True)
class Options:
    """scenes: names of `_off_optimum`, one problem each; n_iter: of weight-EM; n_atoms: of grids.

    checked: iterations of weight-EM at which records are made.
    """

    scenes: tuple[str, ...] = NAMES
    n_atoms: int = 40
    n_iter: int = 1000
    checked: tuple[int, ...] = (0, 1, 10, 100, 1000)
    seeds: int = 3


@dataclass(frozen=True, slots=True)
class _Minimum:
    """A scene's costs by the reference, the least likelihood over weights, and its own gap."""

    cost: Array
    value: float
    gap: float


def run(options: Options) -> Outcome:
    """Examine weights along both algorithms in every scene."""
    found = []
    iterations = np.unique(np.geomspace(1, options.n_iter, 40).round().astype(int))
    iterations = np.unique([0, *iterations, *options.checked])
    series: dict[str, Array] = {"iterations": iterations.astype(float)}
    for name in options.scenes:
        for seed in range(options.seeds):
            place = scene(name, seed, NAME, options.n_atoms)
            cost = place.reference_cost()
            best = reference_weights.minimise_likelihood(
                cost, place.sample.weights, place.mixture.weights
            )
            least = _Minimum(cost, best.value, best.gap)
            records, curves = _along_em(place, least, iterations, options.checked)
            if seed == 0:
                series |= {f"{name} {kind}": curve for kind, curve in curves.items()}
            found += at(name, place.family.name, [*records, *_cut_off(place, least)], seed)
    return Outcome(tuple(found), series)


def _along_em(
    place: Scene, least: _Minimum, iterations: Array, checked: tuple[int, ...]
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Bounds by the library's E-step; their mistakes are both bounds reversed, and a swap."""
    a = place.sample.weights
    mixture, found = place.mixture, []
    curves: dict[str, list[float]] = {"lower": [], "actual": [], "upper": []}
    for t in range(int(iterations[-1]) + 1):
        rows = fitting.responsibilities(place.sample.points, mixture, place.family)
        pihat = a @ rows
        if t in iterations:
            weights = mixture.weights
            lower = _divergence(pihat, weights)
            ratios = pihat / weights
            upper = float(np.log(ratios.max()))
            value = likelihood.negative_log_likelihood(least.cost, a, weights)
            curves["lower"].append(lower)
            curves["actual"].append(value - least.value)
            curves["upper"].append(upper)
        if t in checked:
            sides: Sides = {
                "state": f"weight-EM, iteration {t}",
                "left": "fitting.responsibilities: pihat and D",
                "right": "reference.likelihood less reference.weights.minimise_likelihood",
                "notes": f"the minimum is certified to {least.gap:.1e}",
            }
            actual = value - least.value
            heaviest = float(np.log(ratios[weights.argmax()]))
            found += [
                record(
                    "N3",
                    "below",
                    excess(lower, actual),
                    control={"reversed": excess(actual, lower)},
                    **sides,
                ),
                record(
                    "N3",
                    "above",
                    excess(actual, upper),
                    control={
                        "reversed": excess(upper, actual),
                        "heaviest component": excess(actual, heaviest),
                    },
                    **sides,
                ),
                record(
                    "N3",
                    "without the logarithm",
                    excess(upper, float(ratios.max()) - 1.0),
                    control={"reversed": excess(float(ratios.max()) - 1.0, upper)},
                    **sides,
                ),
                record(
                    "N3",
                    "ends",
                    difference(
                        np.array([lower, upper]),
                        np.array(reference_weights.certificate(least.cost, a, weights)[:2]),
                    ),
                    state=sides["state"],
                    left=sides["left"],
                    right="reference.weights.certificate",
                    control={
                        "KL(pi | pihat)": difference(
                            _divergence(weights, pihat),
                            reference_weights.certificate(least.cost, a, weights)[0],
                        )
                    },
                ),
            ]
        mixture = Mixture(pihat / pihat.sum(), mixture.parameters)
    return found, {kind: np.array(values) for kind, values in curves.items()}


def _divergence(new: Array, old: Array) -> float:
    """Return KL(new | old), plain as its definition; both sum to 1."""
    return float(np.sum(new * np.log(new / old)))


def _cut_off(place: Scene, least: _Minimum) -> list[dict[str, Any]]:
    """Certificates of the library's solver after a few steps; the mistake is to claim a tenth."""
    a, found = place.sample.weights, []
    for steps in _CUTS:
        cut = solve_weights(
            place.log_density(), a, start=place.mixture.weights, tol=1e-14, max_iter=steps
        )
        actual = likelihood.negative_log_likelihood(least.cost, a, cut.weights) - least.value
        _, upper, _ = reference_weights.certificate(least.cost, a, cut.weights)
        state, left = f"{steps} Newton steps", "fitting.weights.solve_weights"
        found += [
            record(
                "N3",
                "solver's gap",
                excess(actual, cut.gap),
                right="reference.likelihood less reference.weights.minimise_likelihood",
                control={"a tenth": excess(actual, 0.1 * cut.gap)},
                state=state,
                left=left,
                notes=f"gap {cut.gap:.1e}, actual {actual:.1e}",
            ),
            record(
                "N3",
                "solver's gap recomputed",
                difference(cut.gap, upper),
                right="reference.weights.certificate: log max D",
                state=state,
                left=left,
                control={"objective's distance": difference(actual, upper)},
            ),
        ]
    return found
