"""The death notices of The Times: how many maps EM needs, and how many its accelerations."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

_COLOURS = {"em": style.BLUE, "squarem": style.GREEN, "anderson": style.ORANGE}
_LABELS = {"em": "EM", "squarem": "SQUAREM", "anderson": "Anderson mixing"}
# A gap below this is rounding of the likelihood.
_FLOOR = 1e-15
# The rate of EM there, as it was published, for the predicted slope.
_RATE = 0.9957

CAPTION = style.Caption(
    position=51,
    title="A slow problem, and what accelerates it",
    shows=(
        "The death notices of The Times as two Poisson components, from the start that others "
        "published counts for: the negative log-likelihood above its minimum against the number "
        "of EM maps, on logarithmic axes, for EM and its two accelerations; one dot an iteration. "
        "Dashed, the decay that EM's published rate .9957 predicts."
    ),
    falsified_by=(
        "A curve that does not reach the published maximum, or an EM curve that is not parallel "
        "to the dashed one at the end."
    ),
    alternative=(
        "Three falling curves; to fall to 1e-12 EM needs two thousand maps, SQUAREM a hundred and "
        "Anderson mixing twenty."
    ),
    claims=("I1b",),
)


def make(results: Path) -> Figure:
    """Draw the gap against the maps, for the three methods."""
    series = read_series(results, "acceleration")
    if not series:
        return style.nothing("the experiment acceleration was not run")
    figure = style.new(3.8)
    axes = figure.subplots()
    for method, colour in _COLOURS.items():
        maps, gap = series[f"{method} maps"] + 1.0, series[f"{method} gap"]
        shown = gap > _FLOOR
        axes.plot(
            maps[shown],
            gap[shown],
            color=colour,
            marker=None if method == "em" else "o",
            markersize=3.0,
        )
        last = int(np.flatnonzero(shown)[-1])
        reached = np.flatnonzero(gap <= 1e-12)
        many = f"\n{maps[reached[0]] - 1.0:,.0f} to 1e-12" if reached.size else ""
        axes.annotate(
            _LABELS[method] + many,
            (maps[last], gap[last]),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            va="bottom",
        )
    maps, gap = series["em maps"], series["em gap"]
    last = int(np.flatnonzero(gap > 1e-13)[-1])
    line = np.linspace(50.0, float(maps[last]), 400)
    axes.plot(
        line + 1.0,
        3.0 * gap[last] * _RATE ** (2.0 * (line - maps[last])),
        color=style.GREY,
        linestyle="--",
        linewidth=0.9,
    )
    axes.annotate(
        "rate .9957",
        (float(line[150]), float(3.0 * gap[last] * _RATE ** (2.0 * (line[150] - maps[last])))),
        xytext=(8, 2),
        textcoords="offset points",
        color=style.GREY,
    )
    axes.set(xscale="log", yscale="log", ylim=(_FLOOR, None))
    axes.set_xlabel("EM maps, the start counted as one")
    axes.set_ylabel("negative log-likelihood above its minimum,\nnats an observation")
    axes.set_xlim(right=3.0 * float(maps[-1]))
    style.grid_lines(axes, "both")
    return figure
