"""Spectral clustering of a sample's transport to itself, against the labels of a mixture."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

EXPERIMENT = "self_clustering"
SIDES = (
    ("plan", "transport to itself", style.BLUE, "-"),
    ("kernel", "Gaussian kernel", style.ORANGE, "--"),
)

CAPTION = style.Caption(
    position=24,
    title="Clusters of a sample's transport to itself, and of a mixture",
    shows=(
        "Agreement (adjusted Rand index, 1 is perfect) between the labels of a Gaussian mixture "
        "fitted by maximum likelihood and spectral clustering of the entropic transport plan of "
        "the sample to itself, or of the Gaussian kernel that the plan is scaled from, over the "
        "temperature in units of twice the clusters' variance. Three normals in the plane, from "
        "overlapping (left) to well separated (right); lines are means over samples, bands "
        "reach from the lower to the upper quartile. Dotted: the mixture's own agreement with the "
        "labels that the samples were drawn with."
    ),
    falsified_by=(
        "No temperature at which the plan's clusters agree with the mixture's where these are "
        "apart. That they agree where clusters overlap, or that the plan does better than the "
        "kernel, is not claimed, and is not seen."
    ),
    alternative=(
        "A row of line charts; two lines that lie on each other rise from a third to 1 from the "
        "left panel to the right one."
    ),
    claims=("K", "K2"),
)


def make(results: Path) -> Figure:
    """Draw a panel for each separation."""
    series = read_series(results, EXPERIMENT)
    if not series:
        return style.nothing("the clustering of samples by their transport was not run")
    figure = style.new(2.9)
    row = figure.subplots(1, series["separations"].size, sharey=True, squeeze=False)[0]
    for number, axes in enumerate(row):
        _draw(axes, series, number)
    row[0].set_ylabel("adjusted Rand index with the mixture")
    figure.supxlabel("temperature over twice the variance", fontsize=8.5, color=style.INK)
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _draw(axes: Axes, series: dict[str, Array], number: int) -> None:
    at = series["temperatures"]
    axes.axvline(1.0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.axhline(
        series["mixture truth"][number].mean(),
        color=style.GREY,
        linestyle=":",
        label="mixture with the truth",
    )
    for name, label, colour, line in SIDES:
        values = series[name][number]
        low, high = np.quantile(values, (0.25, 0.75), axis=1)
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            at,
            values.mean(axis=1),
            line,
            color=colour,
            marker="o",
            markersize=2.5,
            label=label,
        )
    axes.set(xscale="log", ylim=(-0.04, 1.04))
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_title(f"centres {series['separations'][number]:g} widths apart")
    style.grid_lines(axes)
