"""Centroids against the temperature: where annealing splits them, and where it is predicted to."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

EXPERIMENT = "later_splits"

CAPTION = style.Caption(
    position=17,
    title="Centroids part at predicted temperatures",
    shows=(
        "Deterministic annealing with the cost |x - μ|², from high temperature (right) to low "
        "(left): the positions of all centroids along the first axis of the points. Vertical "
        "lines are predictions: line 1 from the sample's covariance alone, 2λ_max(S); the "
        "others solve ε = 2λ_max(Σ_k(ε)) with the posterior covariance of the centroid that is "
        "next to split. A fork across that axis does not show."
    ),
    falsified_by="A branch that forks anywhere but at a line, before the last line is reached.",
    alternative=(
        "Dots for centroids, which lie on each other at high temperature and fork, one after the "
        "other, where vertical lines stand."
    ),
    claims=("G1", "G2", "G5"),
)


class Diagram(NamedTuple):
    """Temperatures (T,), projected centroids (T, K) and predicted temperatures of a problem."""

    name: str
    epsilons: Array
    centroids: Array
    predicted: Array


def make(results: Path) -> Figure:
    """Draw a panel for each problem that was annealed."""
    found = diagrams(results)
    if not found:
        return style.nothing("nothing was annealed")
    figure = style.new(3.9)
    row = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, diagram in zip(row, found, strict=True):
        _draw(axes, diagram)
    row[0].set_ylabel("centroids along the first axis")
    return figure


def diagrams(results: Path) -> list[Diagram]:
    """Return what the experiment left, in its order."""
    series = read_series(results, EXPERIMENT)
    return [
        Diagram(
            str(name),
            *(series[f"{name} {part}"] for part in ("epsilons", "centroids", "predicted")),
        )
        for name in series.get("drawn", np.array([]))
    ]


def _draw(axes: Axes, diagram: Diagram) -> None:
    top = float(np.abs(diagram.centroids).max())
    for number, epsilon in enumerate(diagram.predicted, start=1):
        axes.axvline(epsilon, color=style.ORANGE, linewidth=1)
        axes.annotate(
            str(number),
            (epsilon, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=style.ORANGE,
        )
    # Dots, since a line between two temperatures would move a fork.
    axes.plot(diagram.epsilons, diagram.centroids, ".", color=style.BLUE, markersize=2.4)
    axes.set(xscale="log", ylim=(-1.15 * top, 1.15 * top))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("temperature ε")
    axes.set_title(style.title(diagram.name), pad=16)
