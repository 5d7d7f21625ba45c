"""Where EM and Sinkhorn EM can end, other than in the truth: a map with its boundaries."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

EXPERIMENT = "fixed_points"
METHODS = (
    ("em", "EM", style.solver_colour("em")),
    ("sinkhorn-em", "Sinkhorn EM", style.solver_colour("ot_balanced")),
)

CAPTION = style.Caption(
    position=40,
    title="Fewer wrong ends, not none",
    shows=(
        "Two normals with opposite means ±t and known weights, infinitely many observations. "
        "Coloured: weights and separations at which the method has a second attracting fixed "
        "point, by where it lies, from the mirrored truth (-1) to the middle (0). White: the "
        "truth is the only end. Lines: the boundaries, where that point merges with an unstable "
        "one, by Newton's method; each panel repeats that of the other method, dashed."
    ),
    falsified_by=(
        "Colour to the right of a method's own line, or Sinkhorn EM's line to the right of EM's. "
        "Colour left of Sinkhorn EM's line falsifies the belief that it always finds the truth."
    ),
    alternative=(
        "Two maps over weight and separation with a coloured region at the left; that of Sinkhorn "
        "EM is narrower than that of EM at every separation."
    ),
    claims=("H1",),
)


def make(results: Path) -> Figure:
    """Draw a panel for each method."""
    series = read_series(results, EXPERIMENT)
    if not series:
        return style.nothing("no map of fixed points")
    figure = style.new(3.9)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    image = None
    for axes, own in zip(panels, METHODS, strict=True):
        image = _draw_map(axes, series, own[0])
        for method, label, colour in METHODS:
            mine = method == own[0]
            axes.plot(
                series[f"{method} fold"],
                series["fold_separations"],
                color=colour,
                linewidth=2.0 if mine else 1.1,
                linestyle="-" if mine else "--",
                label=f"boundary of {label}",
            )
        axes.set_title(_title(series, *own[:2]))
        axes.set_xlabel("weight of the first component")
        axes.legend(loc="lower right", fontsize=7.5)
    panels[0].set_ylabel("half the distance of the means, t")
    assert image is not None
    bar = figure.colorbar(image, ax=panels, shrink=0.85, pad=0.02)
    bar.set_label("spurious fixed point over t")
    bar.outline.set_visible(False)
    return figure


def _draw_map(axes: Axes, series: dict[str, Array], method: str) -> AxesImage:
    weights, separations = series["weights"], series["separations"]
    relative = series[f"{method} spurious"] / separations[:, None]
    colours = matplotlib.colormaps["cividis"].copy()
    colours.set_bad("white")
    edges = [_edges(values) for values in (weights, separations)]
    return axes.imshow(
        np.ma.masked_invalid(relative),
        origin="lower",
        aspect="auto",
        extent=(edges[0][0], edges[0][-1], edges[1][0], edges[1][-1]),
        cmap=colours,
        vmin=-1.0,
        vmax=0.0,
        interpolation="nearest",
    )


def _edges(centres: Array) -> Array:
    half = 0.5 * float(centres[1] - centres[0])
    return np.append(centres - half, centres[-1] + half)


def _title(series: dict[str, Array], method: str, label: str) -> str:
    share = float(np.isfinite(series[f"{method} spurious"]).mean())
    return f"{label}: a wrong end in {share:.0%} of the cells"
