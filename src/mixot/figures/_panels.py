"""Data with fitted mixtures: counts as bars, the plane as it is, more dimensions by projection."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from scipy.special import logsumexp

from mixot import families
from mixot.families.covariances import expand
from mixot.figures import _style as style
from mixot.problems import Problem
from mixot.runs import Run
from mixot.types import Array

# Ellipses at two standard deviations: they hold 86 % of a two-dimensional Gaussian.
DEVIATIONS = 2.0

# The first mixture lies broad and pale underneath, the second dashed and dark on top of it, so
# that agreement shows as one line inside the other.
_BELOW = {"linewidth": 4.0, "alpha": 0.45}
_ABOVE = {"linewidth": 1.3, "linestyle": (0, (3, 2))}


def draw(axes: Axes, problem: Problem, fitted: Sequence[Run]) -> None:
    """Draw the data and one or two mixtures fitted to them into `axes`."""
    if problem.sample.points.shape[1] == 1:
        _draw_line(axes, problem, fitted)
    else:
        _draw_plane(axes, problem, fitted)


def projection(problem: Problem) -> tuple[Array, Array]:
    """Centre (d,) and directions (d, 2) of the view: the plane itself, else two principal axes."""
    points, weights = problem.sample.points, problem.sample.weights
    if points.shape[1] == 2:
        return np.zeros(2), np.eye(2)
    centre = weights @ points
    scatter = (points - centre).T @ ((points - centre) * weights[:, None])
    directions = np.linalg.eigh(scatter)[1][:, :-3:-1]
    # An eigenvector's sign is arbitrary: fix it by its largest entry.
    largest = np.abs(directions).argmax(axis=0)
    return centre, directions * np.sign(directions[largest, np.arange(2)])


def covariances(run: Run, problem: Problem) -> Array:
    """Covariance matrices of a Gaussian run, (K, d, d)."""
    means = run.solution["means"]
    n_components, n_features = means.shape
    kind = str(run.result["family"]).partition("-")[2]
    stored: Any = run.solution.get("covariances")
    if stored is None:
        given = run.config.get("family", {}).get("covariance")
        stored = problem.family_options["covariance"] if given is None else given
    spread = expand(np.asarray(stored, dtype=float), kind, n_features)
    if spread.ndim == 2:
        spread = spread[:, :, None] * np.eye(n_features)
    return np.broadcast_to(spread, (n_components, n_features, n_features))


def density(run: Run, problem: Problem, at: Array) -> Array:
    """Density of the fitted mixture at points `at`, (m, d) -> (m,)."""
    name = str(run.result["family"])
    family = families.get(name, **(problem.family_options if name == "gaussian-known" else {}))
    parameters = {
        key: value
        for key, value in run.solution.items()
        if key in ("means", "covariances", "rates")
    }
    joint = family.log_density(at, parameters) + np.log(run.solution["weights"])
    return np.exp(logsumexp(joint, axis=1))


def _draw_plane(axes: Axes, problem: Problem, fitted: Sequence[Run]) -> None:
    centre, directions = projection(problem)
    seen = (problem.sample.points - centre) @ directions
    axes.scatter(seen[:, 0], seen[:, 1], s=3, color=style.FAINT, linewidths=0, rasterized=True)
    for index, run in enumerate(fitted):
        if "means" not in run.solution:
            continue
        colour = style.solver_colour(str(run.result["solver"]))
        means = (run.solution["means"] - centre) @ directions
        shapes = directions.T @ covariances(run, problem) @ directions
        for mean, shape in zip(means, shapes, strict=True):
            _draw_ellipse(axes, mean, shape, colour, index)
    # A few far points would shrink everything else: show where 99 % of each coordinate lie.
    low, high = np.quantile(seen, [0.005, 0.995], axis=0)
    half = 0.65 * (high - low)
    # One unit is as long in both directions, unless the units have nothing to do with each other.
    if half.max() < 3.0 * half.min():
        half[:] = half.max()
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    axes.set_box_aspect(1.0)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_ellipse(axes: Axes, mean: Array, shape: Array, colour: str, index: int) -> None:
    values, vectors = np.linalg.eigh(shape)
    width, height = 2.0 * DEVIATIONS * np.sqrt(np.maximum(values, 0.0))
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    line = _ABOVE if index else _BELOW
    axes.add_patch(
        Ellipse((mean[0], mean[1]), width, height, angle=angle, fill=False, color=colour, **line)
    )
    axes.plot(*mean, "+" if index else "o", color=colour, markersize=6 if index else 4)


def _draw_line(axes: Axes, problem: Problem, fitted: Sequence[Run]) -> None:
    values, weights = problem.sample.points[:, 0], problem.sample.weights
    is_counts = any(str(run.result["family"]) == "poisson" for run in fitted)
    if is_counts:
        at = np.arange(values.max() + 1.0)
        heights = np.bincount(values.astype(int), weights=weights)
        axes.bar(at, heights, width=0.85, color=style.FAINT)
    else:
        at = np.linspace(values.min(), values.max(), 400)
        axes.hist(values, bins=40, weights=weights, density=True, color=style.FAINT)
    for index, run in enumerate(fitted):
        colour = style.solver_colour(str(run.result["solver"]))
        line = _ABOVE if index else _BELOW
        axes.plot(at, density(run, problem, at[:, None]), color=colour, **line)
    axes.set_ylim(bottom=0.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
