"""Where fits of a wrong family converge, and where those of the right one do."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

CAPTION = style.Caption(
    position=32,
    title="A wrong family converges, to something else",
    shows=(
        "Root mean square error of the parameters against the size of the sample: of the logit of "
        "the weight, of means in units of a cluster's deviation, and of logarithms of deviations "
        "or rates. The wrong family's estimate stays away from the truth (orange) at the distance "
        "that the projection of the population predicts (dashed), while it converges to the "
        "projection (blue), as the right family does to the truth (green). Right, for the clusters "
        "on the left: how often 95 % intervals of the wrong family cover, with the model's own "
        "information and with the sandwich."
    ),
    falsified_by=(
        "An orange curve that keeps falling below the dashed line, or a blue or green one that "
        "levels off."
    ),
    alternative=(
        "Two panels with falling curves on logarithmic axes, of which one levels off at a dashed "
        "line, and a panel of coverages between 0 and 1."
    ),
    claims=("M2",),
)

_KINDS = (
    ("error to truth", "wrong family, to the truth", style.ORANGE, "o"),
    ("error to pseudo-truth", "wrong family, to its projection", style.BLUE, "s"),
    ("error of the right family", "right family, to the truth", style.GREEN, "^"),
)
_COVERED = (
    ("projection, model's information", style.BLUE, "s"),
    ("projection, sandwich", style.SKY, "D"),
    ("truth, model's information", style.ORANGE, "o"),
)


def make(results: Path) -> Figure:
    """Draw one population with heavy tails and one of counts, those with the largest bias."""
    series = read_series(results, "wrong_family")
    if "problems" not in series:
        return style.nothing("the experiment wrong_family was not run")
    names = [str(name) for name in series["problems"]]
    shown = []
    for prefix, what in (
        ("tails", "Gaussians for Student t, {} df"),
        ("counts", "Poisson for overdispersed, size {}"),
    ):
        rows = [row for row, name in enumerate(names) if name.startswith(prefix)]
        if rows:
            row = max(rows, key=lambda row: float(series["bias of pseudo-truth"][row]))
            shown.append((row, what.format(names[row].partition("-")[2])))
    figure = style.new(3.9)
    grid = figure.subplots(1, len(shown) + 1, squeeze=False)[0]
    for axes, (row, title) in zip(grid, shown, strict=False):
        _draw_errors(axes, series, row)
        axes.set_title(title)
    grid[0].set_ylabel("error of the parameters")
    grid[0].legend(loc="lower left", fontsize=7.5)
    _draw_coverage(grid[-1], series, shown[0][0])
    return figure


def _draw_errors(axes: Axes, series: dict[str, Array], row: int) -> None:
    sizes = series["sizes"]
    for key, label, colour, marker in _KINDS:
        axes.plot(sizes, series[key][row], marker=marker, markersize=4, color=colour, label=label)
    bias = float(series["bias of pseudo-truth"][row])
    axes.axhline(bias, color=style.ORANGE, linestyle=(0, (3, 2)), linewidth=1)
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("observations")
    style.grid_lines(axes, "both")


def _draw_coverage(axes: Axes, series: dict[str, Array], row: int) -> None:
    sizes = series["sizes"]
    for column, (label, colour, marker) in enumerate(_COVERED):
        values = series["coverage"][row, :, column]
        axes.plot(sizes, values, marker=marker, markersize=4, color=colour, label=label)
    axes.axhline(0.95, color=style.GREY, linewidth=1, zorder=0)
    axes.set(xscale="log", ylim=(-0.03, 1.03))
    axes.set_yticks(np.array([0.0, 0.25, 0.5, 0.75, 0.95]))
    axes.legend(loc="lower left", fontsize=7.5)
    axes.set_xlabel("observations")
    axes.set_title("Coverage of 95 % intervals")
    style.grid_lines(axes)
