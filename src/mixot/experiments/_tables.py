"""Named data sets for clustering, each with the Gaussian mixture that suits it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from mixot.problems.library import faithful, iris, overlapping, wine
from mixot.problems.problem import Problem
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Axes:
    """Principal axes of points: centre (d,), directions (d, q) and the coordinates (n, q)."""

    centre: Array
    directions: Array
    coordinates: Array

    def back(self, coordinates: Array) -> Array:
        """Return coordinates (m, q) as points (m, d)."""
        return self.centre + coordinates @ self.directions.T


@dataclass(frozen=True, slots=True)
class Table:
    """points: (n, d); classes: (n,) from 0 on, None if nobody knows them."""

    points: Array
    n_components: int
    covariance_type: str
    classes: NDArray[np.integer[Any]] | None


def principal(points: Array, n_axes: int) -> Axes:
    """Return the first axes of points (n, d), each with its largest entry positive."""
    centre = points.mean(axis=0)
    _, _, rows = np.linalg.svd(points - centre, full_matrices=False)
    directions = rows[:n_axes].T
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(n_axes)])
    return Axes(centre, directions, (points - centre) @ directions)


def _of(problem: Problem, covariance_type: str) -> Table:
    return Table(problem.sample.points, problem.n_components, covariance_type, problem.labels)


def _breast_cancer() -> Table:
    """Return the first 5 principal axes of the standardised measurements of 569 tumours."""
    raw = load_breast_cancer()
    points = (raw.data - raw.data.mean(axis=0)) / raw.data.std(axis=0)
    return Table(principal(points, 5).coordinates, 2, "full", raw.target)


def _digits() -> Table:
    """Return the first 10 principal axes of 1,797 images of 8 x 8 pixels."""
    raw = load_digits()
    return Table(principal(raw.data, 10).coordinates, 10, "full", raw.target)


TABLES: dict[str, Callable[[], Table]] = {
    "iris": lambda: _of(iris.make(0), "full"),
    "wine": lambda: _of(wine.make(0), "tied"),
    "faithful": lambda: _of(faithful.make(0), "full"),
    "overlapping": lambda: _of(overlapping.make(0), "full"),
    "breast-cancer": _breast_cancer,
    "digits": _digits,
}
