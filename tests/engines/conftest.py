"""Problems that every engine must solve alike, and cuts so small that they have many parts."""

from dataclasses import dataclass

import numpy as np
import pytest

from mixot import Mixture, as_sample, families, fit
from mixot.engines import layout, survey, tables
from mixot.families.base import Family

PLANS = {
    "semirelaxed": {},
    "balanced": {"weights": "fixed"},
    "balanced_free": {},
    "hard": {},
}


@dataclass(frozen=True)
class Problem:
    """Points that float32 holds exactly, so that all types of files hold the same ones."""

    points: np.ndarray
    start: Mixture
    family: Family

    def fit(self, rows=None, plan="semirelaxed", max_iter=5, **options):
        rows = as_sample(self.points) if rows is None else rows
        options = {"tol": 0.0, **PLANS[plan], **options}
        return fit(rows, self.start, self.family, plan=plan, max_iter=max_iter, **options)


@pytest.fixture
def problem_of():
    def build(name, n_samples=3000, n_components=3):
        rng = np.random.default_rng(4)
        labels = rng.integers(n_components, size=n_samples)
        weights = np.array([0.5, 0.3, 0.2])
        if name == "poisson":
            points = rng.poisson(np.array([[1.0, 2.0], [6.0, 3.0], [15.0, 9.0]])[labels])
            start = {"rates": np.array([[2.0, 2.0], [5.0, 5.0], [11.0, 7.0]])}
        else:
            points = 3.0 * rng.normal(size=(n_components, 2))[labels]
            points = points + rng.normal(size=(n_samples, 2))
            covariances = np.tile(np.diag([1.0, 2.0]), (n_components, 1, 1))
            start = {"means": points[[0, 1, 4]], "covariances": covariances}
            if name.endswith("tied"):
                start["covariances"] = np.diag([1.0, 2.0])
        points = points.astype(np.float32).astype(np.float64)
        return Problem(points, Mixture(weights, start), families.get(name))

    return build


@pytest.fixture
def small_cuts(monkeypatch):
    """Cut 3,000 rows into parts of 640, runs of 384 and blocks of 96; keep 500 of them in mind."""
    monkeypatch.setattr(layout, "_PART_ROWS", 640)
    monkeypatch.setattr(layout, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(survey, "_MOST_ROWS", 500)
    monkeypatch.setattr(tables, "_SLAB", 501)


@pytest.fixture
def assert_same_bits():
    def check(one, two):
        np.testing.assert_array_equal(one.trace.objective, two.trace.objective)
        np.testing.assert_array_equal(one.mixture.weights, two.mixture.weights)
        for name, values in one.mixture.parameters.items():
            np.testing.assert_array_equal(values, two.mixture.parameters[name])

    return check
