"""Deconvolution: the iterates of Richardson and Lucy, and where projection and likelihood part."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

ITERATES, CLASSES = "richardson_lucy", "deconvolution"

CAPTION = style.Caption(
    position=25,
    title="Deconvolution: EM for the weights, and what it takes to call it a projection",
    shows=(
        "Left: counts on pixels, the intensities that were blurred, and what EM for the weights of "
        "atoms, which is the deconvolution of Richardson and Lucy, makes of the counts after some "
        "iterations; dots are its limit, the maximum-likelihood weights. Right: both values over "
        "the place of one of two atoms, the other one being at 0, for data whose atoms weigh 2/3 "
        "and 1/3: with free weights transport (dots) and likelihood (line) are one curve, "
        "with equal weights they are two, whose minima (triangles) lie apart."
    ),
    falsified_by=(
        "Dots off the line for free weights, or minima at one place for equal weights; and, in the "
        "claim, any iterate at which the two deconvolutions differ."
    ),
    alternative=(
        "Left, a histogram with sharper and sharper estimates of four spikes; right, one curve "
        "with dots on it, and above it two curves with minima at different places."
    ),
    claims=("L", "L2"),
)


def make(results: Path) -> Figure:
    """Draw the deconvolved counts, and the profiles of both values."""
    iterates, classes = read_series(results, ITERATES), read_series(results, CLASSES)
    if not iterates or not classes:
        return style.nothing("the experiments on deconvolution were not run")
    figure = style.new(3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1.0])
    _draw_iterates(left, iterates)
    _draw_classes(right, classes)
    return figure


def _draw_iterates(axes: Axes, series: dict[str, Array]) -> None:
    atoms, total = series["atoms"], series["counts"].sum()
    near = np.flatnonzero(series["counts"])
    axes.bar(
        series["pixels"][near],
        series["counts"][near] / total,
        width=1.0,
        color="#dcdcdc",
        label="counts",
    )
    axes.vlines(
        atoms, 0.0, series["truth"], color=style.FAINT, linewidth=6, label="truth", zorder=1
    )
    shades = (style.SKY, style.BLUE, style.PURPLE, style.INK)
    for count, iterate, colour in zip(
        series["iterations"], series["iterates"], shades, strict=False
    ):
        axes.plot(atoms, iterate, color=colour, label=f"{count:,} iterations")
    shown = series["limit"] > 1e-4
    axes.plot(
        atoms[shown],
        series["limit"][shown],
        "o",
        color=style.ORANGE,
        markersize=4,
        label="maximum likelihood",
    )
    axes.set(xlabel="pixel", ylabel="share", title="Counts, truth and estimates", ylim=(0.0, None))
    axes.legend(loc="upper left", fontsize=7.5)
    style.grid_lines(axes)


def _draw_classes(axes: Axes, series: dict[str, Array]) -> None:
    at = series["locations"]
    free = series["likelihood, free"]
    axes.plot(at, free, color=style.BLUE, label="likelihood, free weights")
    axes.plot(
        at[::4],
        series["transport, free"][::4],
        "o",
        color=style.ORANGE,
        markersize=3.5,
        label="transport, free weights",
    )
    for name, colour in (("likelihood", style.BLUE), ("transport", style.ORANGE)):
        values = series[f"{name}, equal"]
        axes.plot(at, values, color=colour, linestyle="--", label=f"{name}, equal weights")
        least = int(values.argmin())
        axes.plot(at[least], values[least], "v", color=colour, markersize=7, clip_on=False)
    values = np.concatenate([free, series["likelihood, equal"]])
    span = float(np.ptp(values))
    axes.set_ylim(values.min() - 0.05 * span, values.max() + 0.45 * span)
    axes.set(xlabel="place of the second atom", ylabel="value", title="Two atoms")
    axes.legend(loc="upper left", bbox_to_anchor=(0.1, 1.02), fontsize=7.5)
    style.grid_lines(axes)
