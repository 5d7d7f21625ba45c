"""Photographs in the colours of fitted palettes, with how often each colour is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

SEGMENTS = "photographs"
PALETTES = "palettes"
# What is drawn in a row: a heading, and whose series under which name.
PANELS = (
    ("Gaussian mixture", SEGMENTS, "mixture"),
    ("k-means", SEGMENTS, "k-means"),
    ("equal usage", PALETTES, "equal"),
)

CAPTION = style.Caption(
    position=80,
    title="A palette whose colours are used as prescribed",
    shows=(
        "Photographs, and the same in eight colours each: segments of a Gaussian mixture with full "
        "covariances, of k-means, and of a palette for which a balanced plan uses all colours "
        "equally often. A segment is shown in its mean colour; the bar below a picture says how "
        "often each is used, and its heading the peak signal-to-noise ratio. The library's fits "
        "went through all pixels, read from a file in every pass."
    ),
    falsified_by=(
        "Parts of unequal length in the bar of an equal usage. A lower ratio for k-means than for "
        "the others would be a surprise: it minimises the error that the ratio measures."
    ),
    alternative="Rows of small pictures with bars of their colours; those of equal usage are even.",
    claims=("U1", "U2"),
)


def make(results: Path) -> Figure:
    """Draw a row for each photograph."""
    series = {name: read_series(results, name) for name in (SEGMENTS, PALETTES)}
    names = [key.removesuffix(" original") for key in series[SEGMENTS] if key.endswith(" original")]
    drawn = [name for name in names if f"{name} equal" in series[PALETTES]]
    if not drawn:
        return style.nothing("no photographs were cut into segments")
    figure = style.new(1.95 * len(drawn))
    grid = figure.subplots(len(drawn), 1 + len(PANELS), squeeze=False)
    for row, name in zip(grid, drawn, strict=True):
        _bare(row[0]).imshow(series[SEGMENTS][f"{name} original"], interpolation="none")
        row[0].set_title(name)
        for axes, (heading, origin, key) in zip(row[1:], PANELS, strict=True):
            found = series[origin]
            _picture(axes, found, f"{name} {key}")
            axes.set_title(f"{heading}: {float(found[f'{name} {key} decibels']):.1f} dB")
    return figure


def _picture(axes: Axes, series: Mapping[str, Any], name: str) -> None:
    """Draw segments in their colours, and the usage of these, the darkest first."""
    colours, labels = series[f"{name} palette"], series[name]
    usage = series.get(f"{name} usage")
    if usage is None:
        usage = np.bincount(labels.ravel(), minlength=colours.shape[0]) / labels.size
    image = np.rint(255.0 * colours).astype(np.uint8)[labels]
    _bare(axes).imshow(image, interpolation="none")
    below = axes.inset_axes((0.0, -0.11, 1.0, 0.08))
    begin = 0.0
    for k in np.argsort(colours @ [0.3, 0.59, 0.11], kind="stable"):
        below.barh(0.0, usage[k], left=begin, height=1.0, color=tuple(colours[k]), linewidth=0)
        begin += usage[k]
    _bare(below).set(xlim=(0.0, 1.0), ylim=(-0.5, 0.5))


def _bare(axes: Axes) -> Axes:
    """Take away ticks and frame."""
    axes.set_axis_off()
    return axes
