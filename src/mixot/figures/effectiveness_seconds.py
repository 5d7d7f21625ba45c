"""The seconds that fits take, beside those of other methods: wins and losses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

STOPS, PHOTOGRAPHS = "effectiveness_seconds", "photograph_seconds"
MARKS = {
    "mixot, EM": (style.BLUE, "o"),
    "mixot, Anderson": (style.SKY, "D"),
    "scikit-learn, same place": (style.PURPLE, "v"),
    "scikit-learn, no floor, 1e-10": (style.INK, "x"),
    "scikit-learn, default": (style.ORANGE, "s"),
    "k-means": (style.GREY, "^"),
}
# As `mixot.experiments.photograph_seconds` orders them.
SIDES = {
    "mixot, pixels in memory": (style.BLUE, "o"),
    "mixot, pixels in a file": (style.SKY, "D"),
    "scikit-learn": (style.ORANGE, "s"),
    "k-means": (style.GREY, "^"),
}
_PEERS = tuple(MARKS)[2:]
_LABELS = {"overlapping": "over-\nlapping", "breast-cancer": "breast\ncancer"}

CAPTION = style.Caption(
    position=84,
    title="Seconds: wins and losses",
    shows=(
        "Seconds on one core, as measured. Left, from a start to where each method stops; "
        "in the same place as EM by the library is scikit-learn after as many iterations; its "
        "other stops are farther from the limit, and so their seconds are those of less work. "
        "Middle, in how many fits the library is faster (blue) and slower (orange). Right, the "
        "same number of iterations on all pixels of a photograph."
    ),
    falsified_by=(
        "That the library is faster is falsified by orange beside scikit-learn in the same place, "
        "the one peer that does the same work, and by a line of the library above scikit-learn's "
        "in the right panel."
    ),
    alternative="Dots of seconds on logarithmic axes; bars of wins and losses between them.",
    claims=("W2", "U1b"),
    timed=True,
)


def make(results: Path) -> Figure:
    """Draw what was timed."""
    stops, photographs = (read_series(results, name) for name in (STOPS, PHOTOGRAPHS))
    if not stops or not photographs:
        return style.nothing("no seconds were measured")
    figure = style.new(4.2)
    grid = figure.add_gridspec(2, 3, width_ratios=[1.5, 0.7, 0.9])
    _draw_stops(figure.add_subplot(grid[:, 0]), stops)
    for row, ours in enumerate(("mixot, EM", "mixot, Anderson")):
        _draw_counts(figure.add_subplot(grid[row, 1]), ours, stops)
    _draw_photograph(figure.add_subplot(grid[:, 2]), photographs)
    return figure


def _draw_photograph(axes: Axes, series: Mapping[str, Any]) -> None:
    components = series["n_components"]
    for (label, (colour, marker)), seconds in zip(SIDES.items(), series["seconds"].T, strict=True):
        axes.plot(
            components,
            seconds,
            f"{marker}-",
            color=colour,
            label=label,
            markersize=4,
            linewidth=1,
        )
    axes.set(xscale="log", yscale="log", xlabel="components", ylabel="seconds")
    axes.set_xticks(components)
    axes.set_xticklabels([f"{int(number)}" for number in components])
    axes.minorticks_off()
    axes.set_title("a photograph")
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.08))
    style.grid_lines(axes)


def _draw_stops(axes: Axes, series: Mapping[str, Any]) -> None:
    tables, sides = [str(t) for t in series["tables"]], [str(s) for s in series["sides"]]
    offsets = np.linspace(-0.3, 0.3, len(MARKS))
    for offset, (side, (colour, marker)) in zip(offsets, MARKS.items(), strict=True):
        seconds = series["seconds"][:, :, sides.index(side)]
        places = np.repeat(np.arange(len(tables)) + offset, seconds.shape[1])
        axes.plot(places, seconds.ravel(), marker, color=colour, markersize=3.6, label=side)
    axes.set_yscale("log")
    axes.set_xticks(range(len(tables)))
    axes.set_xticklabels([_LABELS.get(name, name) for name in tables])
    axes.set_ylabel("seconds")
    axes.set_title("from a start to the stop")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.08))
    style.grid_lines(axes)


def _draw_counts(axes: Axes, ours: str, series: Mapping[str, Any]) -> None:
    sides = [str(side) for side in series["sides"]]
    mine = series["seconds"][:, :, sides.index(ours)].ravel()
    for row, peer in enumerate(_PEERS):
        theirs = series["seconds"][:, :, sides.index(peer)].ravel()
        faster = int(np.sum(mine < theirs))
        for number, begin, colour in (
            (faster, 0, style.BLUE),
            (mine.size - faster, faster, style.ORANGE),
        ):
            axes.barh(row, number, left=begin, height=0.7, color=colour)
            if number:
                middle = begin + 0.5 * number
                axes.text(middle, row, f"{number}", ha="center", va="center", color="white")
    axes.set_yticks(range(len(_PEERS)))
    axes.set_yticklabels([peer.replace("learn, ", "learn,\n") for peer in _PEERS])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"{ours.removeprefix('mixot, ')}: faster than")
