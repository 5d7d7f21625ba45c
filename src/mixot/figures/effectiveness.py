"""How near their limit the methods stop, and in how many fits the library wins and loses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

NAME = "effectiveness"
MARKS = {
    "mixot, EM": (style.BLUE, "o"),
    "mixot, Anderson": (style.SKY, "D"),
    "scikit-learn, default": (style.ORANGE, "s"),
    "scikit-learn, no floor": (style.YELLOW, "^"),
    "scikit-learn, 1e-10": (style.PURPLE, "v"),
    "scikit-learn, no floor, 1e-10": (style.INK, "x"),
}
# What separates equal results, as in `mixot.experiments.effectiveness`.
_SAME_OBJECTIVE, _SAME_INDEX = 1e-6, 1e-3
_LABELS = {"overlapping": "over-\nlapping", "breast-cancer": "breast\ncancer"}
OUTCOMES = (
    ("higher", style.BLUE, "white"),
    ("equal", style.FAINT, style.INK),
    ("lower", style.ORANGE, "white"),
)

CAPTION = style.Caption(
    position=83,
    title="Where fits stop: wins and losses",
    shows=(
        "Left, how far from the limit of EM each method stops, for every start of every table; the "
        "line is the tolerance of the library's certificate. Right, in how many fits EM by the "
        "library ends with a higher, an equal and a lower likelihood than each other method from "
        "the same start (above), and with a higher, an equal and a lower adjusted Rand index, "
        "where classes are known (below). Likelihoods within 1e-6 and indices within 1e-3 are "
        "equal."
    ),
    falsified_by=(
        "A dot of the library an order above the line. Losses are possible and are counted: a "
        "likelihood that is nearer its maximum need not agree better with classes."
    ),
    alternative="Columns of dots on a logarithmic axis, beside bars of wins, ties and losses.",
    claims=("W1",),
)


def make(results: Path) -> Figure:
    """Draw distances and counts."""
    series = read_series(results, NAME)
    if "distance" not in series:
        return style.nothing("stops were not compared")
    figure = style.new(4.4)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1.0])
    _draw_distances(figure.add_subplot(grid[:, 0]), series)
    likelihood, agreement = (figure.add_subplot(grid[row, 1]) for row in range(2))
    _draw_counts(likelihood, "likelihood", counts(series, "excess", -1.0, _SAME_OBJECTIVE))
    _draw_counts(agreement, "agreement", counts(series, "rand", 1.0, _SAME_INDEX))
    likelihood.legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.12))
    return figure


def _draw_distances(axes: Axes, series: Mapping[str, Any]) -> None:
    tables, methods = [str(t) for t in series["tables"]], [str(m) for m in series["methods"]]
    offsets = np.linspace(-0.33, 0.33, len(MARKS))
    for offset, (method, (colour, marker)) in zip(offsets, MARKS.items(), strict=True):
        away = series["distance"][:, :, methods.index(method)]
        places = np.repeat(np.arange(len(tables)) + offset, away.shape[1])
        # A distance of zero has no place on the axis.
        values = np.maximum(away.ravel(), 1e-13)
        axes.plot(places, values, marker, color=colour, markersize=3.6, label=method, alpha=0.8)
    axes.axhline(1e-8, color=style.INK, linewidth=1)
    axes.annotate(
        "tolerance", (1.0, 1e-8), xycoords=("axes fraction", "data"), ha="right", va="bottom"
    )
    axes.set_yscale("log")
    axes.set_xticks(range(len(tables)))
    axes.set_xticklabels([_LABELS.get(name, name) for name in tables])
    axes.set_ylabel("distance to the limit (root nats)")
    axes.set_title("where each method stops")
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.06))
    style.grid_lines(axes)


def counts(
    series: Mapping[str, Any], measure: str, sign: float, same: float
) -> dict[str, tuple[int, int, int]]:
    """Return for each other method the fits in which the library's EM is higher, equal, lower."""
    values = sign * series[measure].reshape(-1, series[measure].shape[-1])
    found = {}
    for method, theirs in zip(series["methods"][1:], values.T[1:], strict=True):
        gained = values[:, 0] - theirs
        gained = gained[np.isfinite(gained)]
        if gained.size:
            higher, lower = int(np.sum(gained > same)), int(np.sum(gained < -same))
            found[str(method)] = (higher, gained.size - higher - lower, lower)
    return found


def _draw_counts(axes: Axes, what: str, found: Mapping[str, tuple[int, int, int]]) -> None:
    for row, numbers in enumerate(found.values()):
        begin = 0
        for number, (label, colour, ink) in zip(numbers, OUTCOMES, strict=True):
            name = None if row else label
            axes.barh(row, number, left=begin, height=0.7, color=colour, label=name)
            if number:
                middle = begin + 0.5 * number
                axes.text(middle, row, f"{number}", ha="center", va="center", color=ink)
            begin += number
    axes.set_yticks(range(len(found)))
    axes.set_yticklabels(list(found))
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_title(f"{what}: EM by the library against")
