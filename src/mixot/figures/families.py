"""Families by identities: the largest error of each, as a map."""

from pathlib import Path

import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

_LOWEST, _HIGHEST = -17, -7
_COLOURS = LinearSegmentedColormap.from_list("errors", ["#f4f8fb", style.SKY, style.BLUE])

CAPTION = style.Caption(
    position=31,
    title="Every family, every identity",
    shows=(
        "The largest error of each identity on each family of the library, as a power of ten, "
        "over max(1, |value|). Rows are families, among them von Mises-Fisher laws in 2, 3 and 8 "
        "dimensions, Student t with known and estimated degrees of freedom, and products. Iterates "
        "(D1) are compared with root finds and slopes (E) with differences, whose own errors show. "
        "None: no error at all. Blank: the identity is not about that family."
    ),
    falsified_by=(
        "A cell far darker than its column: what is compared there is the same for all families."
    ),
    alternative=(
        "A table of 21 families and 15 identities, each cell with the exponent of an error between "
        "-16 and -9."
    ),
    claims=("M",),
)


def make(results: Path) -> Figure:
    """Draw the map."""
    series = read_series(results, "every_family")
    if "errors" not in series:
        return style.nothing("the experiment every_family was not run")
    errors = series["errors"]
    with np.errstate(divide="ignore"):
        powers = np.clip(np.log10(errors), _LOWEST, None)
    rows, columns = errors.shape
    figure = style.new(1.7 + 0.24 * rows)
    axes = figure.subplots()
    norm = BoundaryNorm(np.arange(_LOWEST, _HIGHEST + 1), _COLOURS.N)
    axes.pcolormesh(
        np.ma.masked_invalid(powers), cmap=_COLOURS, norm=norm, edgecolors="white", linewidth=1.5
    )
    for row in range(rows):
        for column in range(columns):
            value = powers[row, column]
            if not np.isfinite(value):
                continue
            text = "none" if errors[row, column] == 0.0 else f"{value:.0f}"
            dark = value > -10.5
            axes.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if dark else style.INK,
            )
    axes.invert_yaxis()
    axes.set_yticks(np.arange(rows) + 0.5, [str(n).replace("-", " ") for n in series["families"]])
    labels = [str(name).replace(" ", "\n") for name in series["identities"]]
    axes.set_xticks(np.arange(columns) + 0.5, labels, fontsize=7.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title("log10 of the largest error", pad=10)
    return figure
