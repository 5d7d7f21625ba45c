"""Sinkhorn's algorithm, EM for the weights, and Newton's method: errors, and what predicts them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

_COLOURS = {"em": style.BLUE, "sinkhorn": style.GREEN, "newton": style.ORANGE}
_LABELS = {"em": "EM for the weights", "sinkhorn": "Sinkhorn", "newton": "Newton"}
# Errors are drawn down to here, where rounding begins.
_FLOOR = 1e-16

CAPTION = style.Caption(
    position=50,
    title="One matrix, two rates",
    shows=(
        "Three normals on a line, their deviation as the unit. Left and middle, the L1 error of "
        "the components' marginal against sweeps, from one start at two separations: EM for the "
        "weights, Sinkhorn's algorithm and Newton's method. Dashed, the decay that the eigenvalues "
        "1 = l₁ > l₂ ≥ l₃ of one 3 x 3 matrix at the solution predict: l₂ for Sinkhorn, 1 - l₃ for "
        "EM. Newton's method squares its error with each new Hessian. Right, both rates against "
        "the separation, predicted (lines) and seen in runs (dots)."
    ),
    falsified_by=(
        "A curve that does not run beside its dashed one at the end, a dot beside its line, or a "
        "Newton curve that takes dozens of sweeps."
    ),
    alternative=(
        "Errors against sweeps on logarithmic axes. Overlapping: EM slow, Sinkhorn fast; apart: "
        "the reverse; Newton reaches round-off within ten sweeps in both. Then two curves that "
        "cross between."
    ),
    claims=("I3", "I4"),
)


def make(results: Path) -> Figure:
    """Draw both problems, and the rates over the separation."""
    series = read_series(results, "two_rates")
    if not series:
        return style.nothing("the experiment two_rates was not run")
    separations = series["separations"]
    figure = style.new(3.7)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 0.9))
    for axes, where, column in ((left, "overlapping", 0), (middle, "apart", -1)):
        _draw_errors(axes, series, where, series["rates"][:, column])
        axes.set_title(f"means {separations[column]:g} apart")
    left.set_ylabel("marginal error")
    middle.tick_params(labelleft=False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    _draw_rates(right, separations, series["rates"], series["seen"])
    return figure


def _draw_errors(axes: Axes, series: Mapping[str, Array], where: str, rates: Array) -> None:
    for method, colour in _COLOURS.items():
        errors = series[f"{where} {method}"]
        errors = np.maximum(errors[: _until(errors) + 1], _FLOOR)
        sweeps = np.arange(1.0, errors.size + 1.0)
        marker = "o" if method == "newton" else None
        axes.plot(
            sweeps, errors, color=colour, label=_LABELS[method], marker=marker, markersize=3.0
        )
        if method == "newton":
            continue
        # The prediction is a rate and no error: its curve is laid beside the end of the other one.
        rate = float(rates[0] if method == "sinkhorn" else rates[1])
        last = int(np.flatnonzero(errors > 1e-12)[-1])
        predicted = 5.0 * errors[last] * rate ** (sweeps - sweeps[last])
        shown = predicted < 0.3 * errors[0]
        axes.plot(sweeps[shown], predicted[shown], color=colour, linestyle="--", linewidth=0.9)
    axes.set(xscale="log", yscale="log", ylim=(_FLOOR, 3.0))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlabel("sweeps")
    style.grid_lines(axes)


def _until(errors: Array) -> int:
    """Return where an error first is at round-off, or the last index."""
    small = np.flatnonzero(errors < 1e-14)
    return int(small[0]) if small.size else errors.size - 1


def _draw_rates(axes: Axes, separations: Array, predicted: Array, seen: Array) -> None:
    for row, (method, name) in enumerate((("sinkhorn", "Sinkhorn: l₂"), ("em", "EM: 1 - l₃"))):
        axes.plot(separations, predicted[row], color=_COLOURS[method], linewidth=1.0)
        axes.scatter(separations, seen[row], color=_COLOURS[method], s=18, zorder=3, label=name)
    axes.set_ylim(top=1.0)
    axes.set_xlabel("separation of the means")
    axes.set_title("error left by a sweep")
    axes.legend(fontsize=7.5, loc="lower left")
    style.grid_lines(axes)
