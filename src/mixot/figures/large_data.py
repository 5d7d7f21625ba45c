"""Many rows: the time of an iteration, the memory of a fit, and the number of passes."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

CAPTION = style.Caption(
    position=26,
    title="Forty million rows: time is linear, memory flat, and passes do not grow",
    shows=(
        "Left: processor seconds of one EM iteration on one thread, streamed from a file, with the "
        "line fitted to their logarithms. Middle: peak memory of a fit beyond the program itself, "
        "from a file and, at one size, with the rows in memory; grey is the size of the data. "
        "Right: passes over the rows to an optimum that is certified to 1e-8, by plain EM and with "
        "Anderson's acceleration, for clusters at several distances (faint) and their geometric "
        "mean."
    ),
    falsified_by=(
        "A slope above 1.05, memory that rises with the size of the file, or passes that rise "
        "with the number of rows."
    ),
    alternative=(
        "Three charts on logarithmic axes: a straight line of slope one, a flat line beside a "
        "rising one, and two flat lines, the lower of which is Anderson's."
    ),
    claims=("T2", "T3"),
    timed=True,
)


def make(results: Path) -> Figure:
    """Draw time, memory and passes against the number of rows."""
    growth, passes = read_series(results, "growth"), read_series(results, "passes")
    if not growth or not passes:
        return style.nothing("the experiments on large data were not run")
    figure = style.new(3.3)
    left, middle, right = figure.subplots(1, 3)
    _draw_seconds(left, growth)
    _draw_memory(middle, growth)
    _draw_passes(right, passes)
    for axes in (left, middle, right):
        axes.set(xscale="log", yscale="log", xlabel="rows")
        style.grid_lines(axes, "both")
    return figure


def _draw_seconds(axes: Axes, series: dict[str, Array]) -> None:
    sizes, seconds = series["sizes"], series["seconds"]
    slope, constant = np.polyfit(np.log(sizes), np.log(seconds), 1)
    line = np.exp(constant + slope * np.log(sizes))
    axes.plot(sizes, line, color=style.FAINT, zorder=1)
    axes.plot(sizes, seconds, "o", color=style.BLUE, markersize=4.5)
    axes.set(ylabel="seconds", title=f"Time of an iteration: slope {slope:.3f}")


def _draw_memory(axes: Axes, series: dict[str, Array]) -> None:
    sizes, row = series["sizes"], float(series["row bytes"])
    axes.plot(sizes, sizes * row / 1e6, color=style.FAINT, zorder=1, label="the data")
    axes.plot(
        series["held"],
        series["held megabytes"],
        "s",
        color=style.ORANGE,
        markersize=5,
        label="rows in memory",
    )
    axes.plot(
        sizes,
        series["megabytes"],
        color=style.BLUE,
        marker="o",
        markersize=4.5,
        label="rows in a file",
    )
    axes.set(ylabel="megabytes", title="Memory of a fit", ylim=(1.0, 2e-6 * sizes[-1] * row))
    axes.legend(loc="upper left")


def _draw_passes(axes: Axes, series: dict[str, Array]) -> None:
    sizes = series["sizes"]
    for name, label, colour in (
        ("em", "plain EM", style.BLUE),
        ("anderson", "with Anderson's acceleration", style.GREEN),
    ):
        axes.plot(sizes, series[name], color=colour, alpha=0.3, linewidth=0.8)
        mean = np.exp(np.log(series[name]).mean(axis=1))
        axes.plot(sizes, mean, color=colour, marker="o", markersize=4.5, label=label)
    low, high = series["anderson"].min(), series["em"].max()
    axes.set_ylim(0.5 * low, 4.0 * high)
    axes.set(ylabel="passes", title="Passes to the optimum")
    axes.legend(loc="upper right")
