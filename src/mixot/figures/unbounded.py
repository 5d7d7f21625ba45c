"""What has no bound and what has: collapsing components, and certificates for known kernels."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

CAPTION = style.Caption(
    position=42,
    title="What has no bound, and what has",
    shows=(
        "Left: one of two components shrinks onto an observation, or onto a hyperplane through as "
        "many as there are dimensions. The negative log-likelihood first rises and then falls for "
        "ever, by d for each unit of the logarithm, while balanced transport with the same fixed "
        "weights rises like one over the squared width. Right, with a known kernel: how far fits "
        "of EM are from the best mixture of any order, in truth (dots) and as certified, by the "
        "best weights over a grid of atoms (triangles) and by the fit's own gradient function "
        "(bars)."
    ),
    falsified_by=(
        "A likelihood that stops falling, or balanced transport that does not rise; a bar or a "
        "triangle below its dot."
    ),
    alternative=(
        "Left, curves over width that part, one falling and one rising; right, dots under bars for "
        "one to four components of several data sets, on a logarithmic scale."
    ),
    claims=("N4", "O1", "O2"),
)
TITLES = {
    "two": "two clusters",
    "skewed": "skewed",
    "heavy": "heavy tails",
    "corners": "four corners",
    "ring": "ring",
    "deaths": "deaths (counts)",
}
# Nats that a label is high.
_LETTERS = 10.0
# Distances below this are drawn as it.
LOWEST = 1e-7


def make(results: Path) -> Figure:
    """Draw the two objectives over the width, and the certificates over the order."""
    curves = read_series(results, "shrinking_component")
    bounds = read_series(results, "global_certificate")
    if not curves and not bounds:
        return style.nothing("neither collapses nor certificates")
    figure = style.new(3.8)
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
    if curves:
        _draw_curves(left, curves)
    if bounds:
        _draw_bounds(right, bounds)
    return figure


def _draw_curves(axes: Axes, series: dict[str, Array]) -> None:
    widths = series["widths"]
    wide = int(np.argmin(np.abs(np.log(widths))))
    labelled: list[float] = []
    for key, values in series.items():
        shape, dimension, kind = (*key.split(" "), "", "")[:3]
        if not kind:
            continue
        colour = style.solver_colour("em" if kind == "likelihood" else "ot_balanced")
        change = values - values[wide]
        line = "-" if shape == "point" else "--"
        axes.plot(widths, change, color=colour, linestyle=line, linewidth=1.1)
        apart = min((abs(change[-1] - other) for other in labelled), default=np.inf)
        if shape == "point" and kind == "likelihood" and apart > _LETTERS:
            labelled.append(float(change[-1]))
            axes.annotate(
                f"d = {dimension}",
                (widths[-1], change[-1]),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=colour,
            )
    for colour, line, name in (
        (style.solver_colour("em"), "-", "negative log-likelihood"),
        (style.solver_colour("ot_balanced"), "-", "balanced transport"),
        (style.GREY, "-", "onto a point"),
        (style.GREY, "--", "onto a hyperplane"),
    ):
        axes.plot([], [], color=colour, linestyle=line, label=name)
    axes.axhline(0.0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlim=(widths[0], 0.2 * widths[-1]), ylim=(-110.0, 130.0))
    axes.set_xlabel("width of the shrinking component")
    axes.set_ylabel("nats, all observations together")
    axes.legend(fontsize=7.5, loc="upper right")
    axes.set_title("free covariances: one falls for ever, one rises")
    style.grid_lines(axes)


def _draw_bounds(axes: Axes, series: dict[str, Array]) -> None:
    orders = series["orders"]
    problems = [name for name in series if name != "orders"]
    for place, name in enumerate(problems):
        colour = style.SERIES[place % len(style.SERIES)]
        value, own, tight = series[name].T
        at = orders + 0.1 * (place - 0.5 * (len(problems) - 1))
        # What is best up to rounding has no place on a logarithmic scale but its end.
        truth, narrow, broad = (
            np.maximum(distance, LOWEST) for distance in (value, value - tight, value - own)
        )
        axes.vlines(at, truth, broad, color=colour, linewidth=1.0, alpha=0.5)
        axes.plot(at, broad, "_", color=colour, markersize=7)
        axes.plot(at, narrow, "v", color=colour, markersize=5.5, markerfacecolor="none")
        axes.plot(
            at, truth, "o", color=colour, markersize=3, label=TITLES.get(name, name), clip_on=False
        )
    axes.set(yscale="log", ylim=(LOWEST, 200.0))
    axes.set_xlabel("components of the fit")
    axes.set_ylabel("nats per observation above the best mixture")
    axes.set_xticks(orders)
    axes.legend(fontsize=7.5, loc="lower left")
    axes.set_title("known kernel: distance from the best mixture of any order")
    style.grid_lines(axes)
