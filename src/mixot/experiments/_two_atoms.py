"""Two atoms that may lie anywhere, with weights that are equal or free: where fits put them.

With free weights the class contains with a law every law that it dominates, with equal ones it does
not. Left, fits by the library with the semi-relaxed and with the balanced plan. Right, SciPy's
minimisers of the reference's two values, which are found from values alone.
"""

from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.spatial.distance import cdist

from mixot import transport
from mixot.arrays import as_sample
from mixot.evidence.records import difference, record
from mixot.experiments._noisy_laws import KERNEL, SIGMA, constant
from mixot.fitting.fit import fit
from mixot.fitting.weights import fit_weights
from mixot.reference import likelihood, sinkhorn
from mixot.types import Array, Mixture

EQUAL = np.array([0.5, 0.5])


def records(points: Array) -> list[dict[str, Any]]:
    """Return the records for observations (n, 1)."""
    likely = _library(points, "semirelaxed", "fixed")
    projected = _library(points, "balanced", "fixed")
    free = _library(points, "balanced_free", "free")
    values = {name: _minimiser(points, name) for name in ("likelihood", "transport", "free")}
    fixed = partial(record, "L", state="two atoms of equal weight", left="fitting.fit.fit")
    return [
        fixed(
            "locations of the likelihood",
            difference(likely, values["likelihood"]),
            right="scipy.optimize.minimize of reference.likelihood",
            control={"the other's": difference(projected, values["likelihood"])},
        ),
        fixed(
            "locations of transport",
            difference(projected, values["transport"]),
            right="scipy.optimize.minimize of reference.sinkhorn.semidual",
            control={"the other's": difference(likely, values["transport"])},
        ),
        fixed(
            "distance of the two",
            float(np.abs(likely - projected).max()),
            right="fitting.fit.fit with the other plan",
        ),
        record(
            "L",
            "locations with free weights",
            difference(free, values["free"]),
            state="two atoms of free weight",
            left="fitting.fit.fit with the balanced plan at its best weights",
            right="scipy.optimize.minimize of reference.likelihood",
            control={"equal weights": difference(projected, values["free"])},
        ),
    ]


def profiles(points: Array, n_locations: int) -> dict[str, Array]:
    """Return the values of both problems with atoms at 0 and at each of several locations."""
    a = np.full(len(points), 1.0 / len(points))
    epsilon = SIGMA**2
    locations = np.linspace(0.5, 4.5, n_locations)
    names = ("likelihood, equal", "transport, equal", "likelihood, free", "transport, free")
    found = {name: np.empty(n_locations) for name in names}
    for place, location in enumerate(locations):
        atoms = np.array([[0.0], [location]])
        cost = 0.5 * cdist(points, atoms, "sqeuclidean")
        relaxed = transport.solve(cost, a, EQUAL, epsilon, relaxation="semirelaxed")
        found["likelihood, equal"][place] = relaxed.value
        found["transport, equal"][place] = transport.solve(cost, a, EQUAL, epsilon).value
        best = fit_weights(as_sample(points), {"means": atoms}, KERNEL, tol=1e-10)
        found["likelihood, free"][place] = epsilon * (best.objective - constant(points))
        free = transport.minimise_over_weights(cost, a, EQUAL, epsilon)
        found["transport, free"][place] = free.value
    return {"locations": locations, **found}


def _library(points: Array, plan: str, which: str) -> Array:
    """Return the locations (2,) where the library's fit ends, ascending."""
    begin = Mixture(EQUAL, {"means": _first(points)[:, None]})
    found = fit(as_sample(points), begin, KERNEL, plan=plan, weights=which, tol=1e-9)
    if not found.converged:
        return np.full(2, np.nan)
    return np.sort(found.mixture.parameters["means"][:, 0])


def _first(points: Array) -> Array:
    """Return locations (2,) to begin with: the quartiles."""
    return np.quantile(points[:, 0], (0.25, 0.75))


def _minimiser(points: Array, what: str) -> Array:
    """Return the locations (2,) that minimise a value of the reference, ascending.

    what: likelihood or transport at equal weights, or the likelihood over weights as well (free).
    """
    a = np.full(len(points), 1.0 / len(points))

    def value(at: Array) -> float:
        cost = 0.5 * (points - at[:2]) ** 2 / SIGMA**2
        if what == "transport":
            return sinkhorn.semidual(cost, a, EQUAL).value
        share = 1.0 / (1.0 + np.exp(-at[2])) if what == "free" else 0.5
        return likelihood.negative_log_likelihood(cost, a, np.array([share, 1.0 - share]))

    start = np.append(_first(points), [0.0] if what == "free" else [])
    found = scipy.optimize.minimize(value, start, jac="3-point", options={"gtol": 1e-9})
    return np.sort(found.x[:2])
