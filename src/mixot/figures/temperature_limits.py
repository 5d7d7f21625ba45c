"""The tempered objective against the temperature, between its two limits."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

EXPERIMENT = "temperature_curve"
# Panels side by side; more would be too narrow for their labels.
COLUMNS = 3

CAPTION = style.Caption(
    position=16,
    title="The objective between zero and infinite temperature",
    shows=(
        "Above: the smallest cost of a semi-relaxed plan at fixed mixtures, which are no optima, "
        "against the temperature (blue), with hard assignment plus εS (orange) and the expansion "
        "at infinity to the order 1/ε² (green); grey lines are the limits, the cost of hard "
        "assignment and the mean cost under the weights. Below: its slope, as differences of the "
        "values between temperatures (dots) and as the divergence KL(P | a ⊗ π) of the best plan "
        "(line); the dashed line is S."
    ),
    falsified_by=(
        "A curve that falls, bends upwards or leaves its asymptotes at either end; dots off the "
        "line below."
    ),
    alternative=(
        "Curves that rise over five decades from one horizontal line to another, on the "
        "asymptotes at both ends; below, slopes that fall from a plateau to zero."
    ),
    claims=("F3", "F5", "F6"),
)


class Curve(NamedTuple):
    """What is drawn of one setting: values and slopes (T,), (value, S), three coefficients."""

    name: str
    epsilons: Array
    value: Array
    slope: Array
    cold: Array
    warm: Array


def make(results: Path) -> Figure:
    """Draw up to three settings, two panels each."""
    found = curves(results)[:COLUMNS]
    if not found:
        return style.nothing("the temperature was not varied")
    figure = style.new(4.6)
    grid = figure.subplots(2, len(found), squeeze=False, sharex=True, height_ratios=[3.0, 2.0])
    for column, curve in enumerate(found):
        _draw_values(grid[0, column], curve, labelled=column == 0)
        _draw_slopes(grid[1, column], curve, labelled=column == 0)
        grid[0, column].set_title(style.title(curve.name))
        grid[1, column].set_xlabel("temperature ε")
    grid[0, 0].set_ylabel("smallest cost, nats")
    grid[1, 0].set_ylabel("slope in ε, nats")
    return figure


def curves(results: Path) -> list[Curve]:
    """Return what the experiment left, in its order."""
    series = read_series(results, EXPERIMENT)
    return [
        Curve(
            str(name),
            series["epsilons"],
            *(series[f"{name} {part}"] for part in ("value", "slope", "cold", "warm")),
        )
        for name in series.get("settings", np.array([]))
    ]


def _draw_values(axes: Axes, curve: Curve, *, labelled: bool) -> None:
    epsilons, (hard, slope), warm = curve.epsilons, curve.cold, curve.warm
    cold = hard + slope * epsilons
    far = warm[0] + warm[1] / epsilons + warm[2] / epsilons**2
    low, high = hard, warm[0]
    room = 0.12 * (high - low)
    for limit in (low, high):
        axes.axhline(limit, color=style.FAINT, linewidth=1)
    axes.plot(epsilons, curve.value, color=style.BLUE, linewidth=4, alpha=0.35)
    near = (cold > low - room) & (cold < high + room)
    axes.plot(epsilons[near], cold[near], color=style.ORANGE)
    near = (far > low - room) & (far < high + room)
    # The expansion comes back into the panel where it has lost its meaning.
    near &= epsilons >= epsilons[~near].max(initial=0.0)
    axes.plot(epsilons[near], far[near], color=style.GREEN)
    axes.set(xscale="log", ylim=(low - room, high + room))
    if labelled:
        axes.text(epsilons[-1], low + 0.25 * room, "hard assignment", color=style.GREY, ha="right")
        axes.text(epsilons[-1], high + 0.25 * room, "mean cost", color=style.GREY, ha="right")
        for at, words, colour, side in (
            (0.55, "hard + εS", style.ORANGE, "right"),
            (0.45, "expansion\nat ∞", style.GREEN, "left"),
        ):
            line = cold if colour == style.ORANGE else far
            wanted = low + at * (high - low)
            where = int(np.abs(np.where(np.isfinite(line), line, np.inf) - wanted).argmin())
            shift = 0.8 if side == "right" else 1.25
            axes.text(epsilons[where] * shift, wanted, words, color=colour, ha=side, va="center")


def _draw_slopes(axes: Axes, curve: Curve, *, labelled: bool) -> None:
    epsilons = curve.epsilons
    chords = np.diff(curve.value) / np.diff(epsilons)
    # A chord is as steep as the curve near its middle.
    middles = np.diff(epsilons) / np.diff(np.log(epsilons))
    axes.axhline(curve.cold[1], color=style.GREY, linewidth=1, linestyle="--")
    axes.plot(epsilons, curve.slope, color=style.BLUE)
    axes.plot(middles, chords, "o", color=style.INK, markersize=2.6)
    axes.set_ylim(0.0, 1.18 * curve.cold[1])
    if labelled:
        axes.text(epsilons[-1], 1.03 * curve.cold[1], "S", color=style.GREY, ha="right")
        axes.text(epsilons[0], 0.12 * curve.cold[1], "KL(P | a ⊗ π)", color=style.BLUE)
    style.grid_lines(axes, "x")
