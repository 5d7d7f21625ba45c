"""What balanced transport with known weights gives away, and that free weights give nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

COLOURS = {
    "fixed": style.INK,
    "balanced": style.GREEN,
    "free": style.BLUE,
    "hard": style.ORANGE,
}
MARKERS = {"fixed": "s", "balanced": "o", "free": "D", "hard": "^"}
LABELS = {
    "fixed": "likelihood, known weights",
    "balanced": "balanced transport,\nknown weights",
    "free": "free weights:\nlikelihood = transport",
    "hard": "hard assignment",
}
# The separation of the panel on the right, or the nearest to it that there is.
SHOWN = 3.0

CAPTION = style.Caption(
    position=10,
    title="What balanced transport with known weights gives away",
    shows=(
        "Left: how efficient three estimators of the mean of the smaller of two normal components "
        "are, against their separation: the least variance that is possible with known weights, "
        "over the variance of the estimator. Lines are the limits of large samples, by quadrature; "
        "marks with two standard errors are simulated, open where samples of this size are not yet "
        "described by the limit. The mixtures themselves are drawn above. Right: root mean square "
        "error of the same mean against the size of the sample; lines are the limits."
    ),
    falsified_by=(
        "Filled marks more than two of their bars off the line; a balanced estimator whose "
        "efficiency stays at 1; on the right, a slope other than -1/2 of anything but hard "
        "assignment."
    ),
    alternative=(
        "Left, three curves over the separation: known weights constant at 1, free weights rising "
        "from a tenth to 1, balanced transport falling from 1 to a tenth and crossing it below "
        "three deviations. Right, three parallel falling lines and one that levels off."
    ),
    claims=("J1", "J3"),
)


def make(results: Path) -> Figure:
    """Draw the efficiencies, and beside them the errors against n if they were measured."""
    found, errors = read_series(results, "efficiency"), read_series(results, "consistency")
    if not found:
        return style.nothing("no simulation of efficiencies")
    figure = style.new(4.7)
    grid = figure.add_gridspec(2, 2, height_ratios=[1.0, 7.5], width_ratios=[1.75, 1.0], hspace=0.0)
    left = figure.add_subplot(grid[1, 0])
    _efficiencies(left, found)
    _mixtures(figure.add_subplot(grid[0, 0], sharex=left), found)
    if errors:
        _errors(figure.add_subplot(grid[:, 1]), errors)
    return figure


def _efficiencies(axes: Axes, found: Mapping[str, Array]) -> None:
    """Draw limits as lines and the simulation as marks, over the separation."""
    separations, curve = found["separations"], found["curve"]
    bound = found["fixed limit"][np.searchsorted(curve, separations)]
    error = 2.0 * np.sqrt(2.0 / found["n_replicates"])
    for method in ("fixed", "balanced", "free"):
        colour = COLOURS[method]
        filled = (separations <= found["balanced_to"]) | (method != "balanced")
        axes.plot(curve, found["fixed limit"] / found[f"{method} limit"], color=colour)
        measured = bound / found[f"{method} variance"]
        for mine, face in ((filled, colour), (~filled, "white")):
            axes.errorbar(
                separations[mine],
                measured[mine],
                error * measured[mine],
                color=colour,
                marker=MARKERS[method],
                markersize=4.5,
                markerfacecolor=face,
                markeredgewidth=1.0,
                linestyle="none",
                elinewidth=1.0,
                zorder=3,
            )
    axes.set(ylim=(0.0, 1.11), yticks=np.linspace(0.0, 1.0, 6))
    axes.set_xlabel("separation of the components, in standard deviations")
    axes.set_ylabel("efficiency")
    style.grid_lines(axes)
    _label_curves(axes, found)


def _label_curves(axes: Axes, found: Mapping[str, Array]) -> None:
    """Name the curves where they run, and mark where two of them cross."""
    curve, crossing = found["curve"], float(found["crossing"])
    if np.isfinite(crossing):
        axes.axvline(crossing, color=style.FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        axes.annotate(
            f"beyond {crossing:.1f}, balanced\ntransport with the true\nweights is less precise\n"
            "than estimating them",
            (crossing, 0.02),
            xytext=(6, 0),
            textcoords="offset points",
            color=style.GREY,
            va="bottom",
        )
    # Places along the range, and how far above the curve.
    for method, share, rise, side in (
        ("fixed", 1.0, 0.075, "right"),
        ("free", 0.42, -0.13, "left"),
        ("balanced", 0.5, 0.11, "left"),
    ):
        x = float(curve[0] + share * (curve[-1] - curve[0]))
        limits = found["fixed limit"] / found[f"{method} limit"]
        y = float(np.interp(x, curve, limits)) + rise
        axes.text(x, y, LABELS[method], color=COLOURS[method], ha=side, va="center")


def _mixtures(axes: Axes, found: Mapping[str, Array]) -> None:
    """Draw the density at whole separations, all to one scale."""
    first, last = found["separations"][[0, -1]]
    weight = float(found["weight"])
    scale = 0.92 / (last + 6.0)
    for separation in np.arange(np.ceil(first), last + 0.5):
        x = np.linspace(-0.5 * separation - 3.0, 0.5 * separation + 3.0, 201)
        parts = [
            share * np.exp(-0.5 * (x - mean) ** 2)
            for share, mean in ((weight, -0.5 * separation), (1.0 - weight, 0.5 * separation))
        ]
        at = separation + scale * x
        for part, colour in zip(parts, (style.INK, style.FAINT), strict=True):
            axes.fill_between(at, part, color=colour, alpha=0.35, linewidth=0)
        axes.plot(at, parts[0] + parts[1], color=style.GREY, linewidth=0.9)
    axes.set_ylim(0.0, 1.0)
    axes.set_axis_off()
    n_samples, n_replicates = int(found["n_samples"]), int(found["n_replicates"])
    axes.set_title(f"{n_replicates:,} samples of {n_samples:,} points at each separation")


def _errors(axes: Axes, found: Mapping[str, Array]) -> None:
    """Draw the errors of the first mean over the sizes, at one separation."""
    row = int(np.argmin(np.abs(found["separations"] - SHOWN)))
    sizes = found["sizes"]
    relative = 2.0 * np.sqrt(0.5 / found["n_replicates"])
    for method in ("hard", "balanced", "free", "fixed"):
        error, colour = found[f"{method} error"][row], COLOURS[method]
        axes.errorbar(
            sizes,
            error,
            relative * error,
            color=colour,
            marker=MARKERS[method],
            markersize=4.5,
            linestyle="none" if method != "hard" else "-",
            linewidth=1.0,
            elinewidth=1.0,
        )
        if method != "hard":
            axes.plot(sizes, found[f"{method} limit"][row] / np.sqrt(sizes), color=colour)
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_xlabel("size of the sample")
    axes.set_ylabel("root mean square error")
    axes.set_title(f"at separation {found['separations'][row]:g}, with lines of slope -1/2")
    axes.annotate(
        LABELS["hard"],
        (sizes[-1], found["hard error"][row, -1]),
        xytext=(0, 38),
        textcoords="offset points",
        color=COLOURS["hard"],
        ha="right",
    )
    style.grid_lines(axes, "both")
