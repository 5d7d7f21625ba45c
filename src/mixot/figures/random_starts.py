"""How often random starts reach the best optimum, by method and design."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from mixot.experiments import read_series
from mixot.experiments.random_starts import METHODS
from mixot.figures import _style as style
from mixot.types import Array

EXPERIMENT = "random_starts"

CAPTION = style.Caption(
    position=41,
    title="What brings random starts to the best optimum",
    shows=(
        "Shares of random starts that reached the best optimum known for the method's own "
        "objective, with 95 % intervals (Wilson), and at the right the median number of "
        "iterations. Unit normals with known weights, or free ones (hollow), from means at random "
        "points of one sample of each design; all methods share the starts. Small ticks: the best "
        "of several such starts, ten in the full study. Iterations of Sinkhorn EM cost more: each "
        "solves a transport problem."
    ),
    falsified_by=(
        "Nothing is claimed but the counts. Sinkhorn EM to the right of EM beyond both intervals "
        "would speak for it, and to the left against it."
    ),
    alternative=(
        "A panel for each design, with a point and an interval for each method on a scale from "
        "none to all."
    ),
    claims=("Q",),
)
_TITLES = {
    "two": "two clusters, .3 and .7",
    "three": "three clusters, .2, .5, .3",
    "three-skewed": "three clusters, .1, .3, .6",
    "five-equal": "five in the plane, equal",
    "five-unequal": "five in the plane, .1 to .3",
    "six-equal": "three pairs of clusters, equal",
}
# Columns of the experiment's series.
RATE, LOWER, UPPER, BEST_OF, ITERATIONS = range(5)


def make(results: Path) -> Figure:
    """Draw a panel for each design, a row for each method."""
    series = read_series(results, EXPERIMENT)
    if not series:
        return style.nothing("no fits from random starts")
    columns = 3
    rows = -(-len(series) // columns)
    figure = style.new(0.9 + 2.3 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels = grid.ravel()
    for axes, (design, values) in zip(panels, series.items(), strict=False):
        _draw(axes, design, values)
    for axes in panels[len(series) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("share of starts that succeed")
    figure.legend(handles=_handles(), loc="outside lower center", ncols=4, fontsize=7.5)
    return figure


def _handles() -> list[Line2D]:
    em, sinkhorn = style.solver_colour("em"), style.solver_colour("ot_balanced")
    handles = [
        Line2D([], [], color=colour, markerfacecolor=face, marker="o", markersize=5.5, label=label)
        for colour, face, label in (
            (em, em, "EM, known weights"),
            (sinkhorn, sinkhorn, "with Sinkhorn EM, known weights"),
            (em, "white", "free weights"),
        )
    ]
    tick = Line2D([], [], color=style.INK, marker="|", linestyle="", label="best of several starts")
    return [*handles, tick]


def _draw(axes: Axes, design: str, values: Array) -> None:
    beside = axes.get_yaxis_transform()
    for row, (method, found) in enumerate(zip(METHODS, values, strict=True)):
        colour = style.solver_colour("ot_balanced" if "Sinkhorn" in method else "em")
        face = "white" if "free" in method else colour
        axes.plot([found[LOWER], found[UPPER]], [row, row], color=colour, linewidth=2.2, alpha=0.45)
        axes.plot(found[BEST_OF], row, "|", color=style.INK, markersize=9, clip_on=False)
        axes.plot(
            found[RATE], row, "o", color=colour, markerfacecolor=face, markersize=5.5, clip_on=False
        )
        axes.text(
            1.15,
            row,
            f"{found[ITERATIONS]:,.0f}",
            transform=beside,
            ha="right",
            va="center",
            fontsize=7,
            color=style.GREY,
        )
    axes.text(1.15, -0.75, "iterations", transform=beside, ha="right", fontsize=7, color=style.GREY)
    axes.set_yticks(np.arange(len(METHODS)), labels=METHODS, fontsize=7.5)
    axes.set_ylim(len(METHODS) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title(_TITLES.get(design, design), fontsize=8.5)
    style.grid_lines(axes, "x")
