"""Where EM is quick, where it is slow, and what holds in any case."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

CAPTION = style.Caption(
    position=52,
    title="Ten steps, any steps, and too many components",
    shows=(
        "Left, the relative error after ten steps of EM on the population from infinity, for two "
        "normals of equal weight, against the separation of their means in deviations. Middle, EM "
        "for the weights of fixed components: how far the likelihood is from its best against the "
        "number of steps (lines), and the bound KL(π* | π₀) / (t + 1) of each problem (dashed): 25 "
        "normals on a line and in the plane, 25 Poisson components on the death notices of The "
        "Times, 20 waiting times, 12 binary profiles, and three normals that are all needed. "
        "Right, the mean error of the fitted mean against the number of observations, where the "
        "data have one component and the model two, and where the data have two as well; dashed, "
        "slopes of -1/4 and -1/2."
    ),
    falsified_by=(
        "An error above one per cent at one deviation; a line above the dashed one of its colour; "
        "slopes on the right that are not those of the dashed lines."
    ),
    alternative=(
        "A falling curve that passes one per cent just below one deviation; curves below "
        "their bounds, some of which fall like a power of the steps; and two lines of different "
        "slope."
    ),
    claims=("I1c", "I2", "I5"),
)


def make(results: Path) -> Figure:
    """Draw whichever of the three experiments were run."""
    panels = [
        (draw, series)
        for draw, series in (
            (_draw_ten_steps, read_series(results, "ten_steps")),
            (_draw_bounds, read_series(results, "weights_bound")),
            (_draw_sizes, read_series(results, "overspecified")),
        )
        if series
    ]
    if not panels:
        return style.nothing("none of the experiments ten_steps, weights_bound, overspecified ran")
    figure = style.new(3.4)
    for axes, (draw, series) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        draw(axes, series)
        style.grid_lines(axes, "both")
    return figure


def _draw_ten_steps(axes: Axes, series: Mapping[str, Array]) -> None:
    axes.plot(series["separations"], series["errors"], color=style.BLUE)
    axes.axhline(0.01, color=style.GREY, linewidth=0.9, linestyle="--")
    threshold = float(series["threshold"])
    axes.scatter([threshold], [0.01], color=style.ORANGE, s=22, zorder=3)
    axes.annotate(
        f"1 % at {threshold:.3f}",
        (threshold, 0.01),
        xytext=(6, 4),
        textcoords="offset points",
        color=style.ORANGE,
    )
    axes.set(xscale="log", yscale="log", ylim=(1e-12, 3.0))
    axes.set_xticks([0.25, 0.5, 1.0, 2.0], labels=["1/4", "1/2", "1", "2"])
    axes.minorticks_off()
    axes.set_xlabel("separation in deviations")
    axes.set_ylabel("relative error")
    axes.set_title("after ten steps from infinity")


def _draw_bounds(axes: Axes, series: Mapping[str, Array]) -> None:
    names = [name.removesuffix(" gap") for name in series if name.endswith(" gap")]
    for name, colour in zip(names, style.SERIES, strict=False):
        gap, bound = series[f"{name} gap"], series[f"{name} bound"]
        steps = np.arange(1.0, gap.size + 1.0)
        shown = gap > 1e-14
        axes.plot(steps[shown], gap[shown], color=colour, label=name)
        axes.plot(steps, bound, color=colour, linestyle="--", linewidth=0.7)
    axes.set(xscale="log", yscale="log", ylim=(1e-14, None))
    axes.set_xlabel("steps t + 1")
    axes.set_ylabel("NLL above its best, nats")
    axes.set_title("EM for the weights alone")
    axes.legend(fontsize=7.0, loc="lower left")


def _draw_sizes(axes: Axes, series: Mapping[str, Array]) -> None:
    sizes = series["sizes"].astype(float)
    for name, label, slope, colour in (
        ("error", "data of one", -0.25, style.ORANGE),
        ("regular error", "data of two", -0.5, style.BLUE),
    ):
        errors = series[name]
        axes.plot(sizes, errors, color=colour, marker="o", markersize=3.5, label=label)
        middle = np.exp(np.mean(np.log(errors) - slope * np.log(sizes)))
        axes.plot(sizes, 0.7 * middle * sizes**slope, color=colour, linestyle="--", linewidth=0.9)
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("observations")
    axes.set_ylabel("mean error of the mean")
    axes.set_title("two components fitted")
    axes.legend(fontsize=7.5, loc="lower left")
