"""G4: how far two centroids part just below the critical temperature.

Symmetric points on a line with moments m2 and m4, two components of equal weights: with
u = 1 - eps / eps_c and eps_c = 2 m2 the centroids are at the mean +- delta,

    delta^2 = (3 eps_c^3 / (8 m4)) u (1 + O(u)).

Left, the delta that the library's step maps to itself, found by bracketing at two small u and
extrapolated to u = 0; and the delta where a fit ends. Right, the law, and for the fit the root of
E[x tanh(2 x delta / eps)] = delta.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize

from mixot import fitting
from mixot.evidence.records import difference, record
from mixot.experiments._squares import FAMILY, squares_sample
from mixot.experiments.outcome import Outcome, at
from mixot.streams import stream
from mixot.types import Mixture, Sample

NAME = "pitchfork"
DRAWN = ("uniform", "normal", "laplace", "two-normals")
COLUMNS = ("faithful", "iris", "wine", "imbalanced")
PLANS = ("semirelaxed", "balanced")


@dataclass(frozen=True)
class Options:
    """nearest: the smaller of two u that are extrapolated; fitted: u at which fits are made."""

    problems: tuple[str, ...] = (*DRAWN, *COLUMNS)
    n_samples: int = 300
    nearest: float = 5e-4
    fitted: tuple[float, ...] = (0.03, 0.1, 0.3)


def run(options: Options) -> Outcome:
    """Compare amplitudes and fits on every problem."""
    found = []
    for name in options.problems:
        sample = symmetric(name, options.n_samples)
        records: list[dict[str, Any]] = [_amplitude(options, sample, plan) for plan in PLANS]
        records += [_fitted(sample, u) for u in options.fitted]
        found += at(name, FAMILY.name, records)
    return Outcome(tuple(found))


def symmetric(name: str, n_samples: int) -> Sample:
    """Return 2 n points on a line about a mean, each with its mirror image of the same weight."""
    rng = stream("experiment", NAME, name)
    if name in DRAWN:
        x = {
            "uniform": rng.uniform(-1.0, 1.0, n_samples),
            "normal": rng.normal(size=n_samples),
            "laplace": rng.laplace(size=n_samples),
            "two-normals": rng.normal(1.5, 1.0, size=n_samples),
        }[name]
        a = np.full(n_samples, 1.0 / n_samples)
    else:
        sample = squares_sample(NAME, name, n_samples, one_column=True)
        a = sample.weights
        x = sample.points[:, 0] - a @ sample.points[:, 0]
    mirrored = np.concatenate([x, -x])
    return Sample(mirrored[:, None], np.tile(0.5 * a, 2), float(mirrored.size))


def _amplitude(options: Options, sample: Sample, plan: str) -> dict[str, Any]:
    """Compare delta^2 with the law in the limit u -> 0, by two values of u."""
    m2, m4 = _moments(sample)
    ratios = []
    for u in (options.nearest, 2.0 * options.nearest):
        epsilon = 2.0 * m2 * (1.0 - u)
        guess = _law(sample, u)

        def excess(delta: float, epsilon: float = epsilon) -> float:
            return _image(sample, plan, epsilon, delta) / delta - 1.0

        root = scipy.optimize.brentq(excess, 0.5 * guess, 2.0 * guess, xtol=1e-15, rtol=1e-13)
        ratios.append((root / guess) ** 2)
    limit = 2.0 * ratios[0] - ratios[1]
    gaussian = limit * 3.0 * m2**2 / m4
    return record(
        "G4",
        "amplitude",
        difference(limit, 1.0),
        epsilon=2.0 * m2,
        control={"fourth moment of a normal": difference(gaussian, 1.0)},
        state=plan,
        left="fitting.step: delta that it maps to itself, extrapolated to u = 0",
        right="3 eps_c^3 / (8 m4) u",
        notes=f"ratio {ratios[0]:.9f} at u = {options.nearest:g}",
    )


def _fitted(sample: Sample, u: float) -> dict[str, Any]:
    """Compare where a fit ends with the root of the scalar equation."""
    m2, _ = _moments(sample)
    epsilon = 2.0 * m2 * (1.0 - u)
    start = Mixture(np.array([0.5, 0.5]), {"means": np.array([[0.1], [-0.1]]) * np.sqrt(m2)})
    ended = fitting.fit(
        sample,
        start,
        FAMILY,
        epsilon=epsilon,
        tol=1e-10,
        acceleration="anderson",
        n_threads=1,
    )
    delta = float(np.abs(ended.mixture.parameters["means"][0, 0]))
    x, a = sample.points[:, 0], sample.weights

    def equation(value: float) -> float:
        return float(a @ (x * np.tanh(2.0 * x * value / epsilon))) / value - 1.0

    root = float(scipy.optimize.brentq(equation, 1e-3 * delta, 10.0 * delta, xtol=1e-14))
    return record(
        "G4",
        "fit",
        abs(delta - root) / root,
        epsilon=epsilon,
        control={"law alone": abs(_law(sample, u) - root) / root},
        state=f"u {u:g}",
        left="fitting.fit",
        right="root of E[x tanh(2 x delta / eps)] = delta",
        notes=str(ended.status),
    )


def _image(sample: Sample, plan: str, epsilon: float, delta: float) -> float:
    mixture = Mixture(np.array([0.5, 0.5]), {"means": np.array([[delta], [-delta]])})
    after = fitting.step(sample, mixture, FAMILY, plan=plan, epsilon=epsilon, weights="fixed")
    return float(after.parameters["means"][0, 0])


def _moments(sample: Sample) -> tuple[float, float]:
    x, a = sample.points[:, 0], sample.weights
    return float(a @ x**2), float(a @ x**4)


def _law(sample: Sample, u: float) -> float:
    """Return the delta that the law has in the limit."""
    m2, m4 = _moments(sample)
    return float(np.sqrt(3.0 * (2.0 * m2) ** 3 / (8.0 * m4) * u))
