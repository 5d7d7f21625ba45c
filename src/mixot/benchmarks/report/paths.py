"""The figure of transport: what error each solver has left after a time, and after some work."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.benchmarks.cells.transport_paths import NAMES
from mixot.benchmarks.record import OURS
from mixot.benchmarks.rivalry import ERROR
from mixot.figures import _style as style

NAME = "transport"

Record = Mapping[str, Any]

_COLOURS = dict(
    zip(NAMES, (style.BLUE, style.ORANGE, style.YELLOW, style.PURPLE, style.GREEN), strict=True)
)
_AXES = {"seconds": "seconds", "sweeps": "sweeps over the costs (peers: iterations, of two each)"}
# Errors below this are rounding.
_LEAST = 1e-16


def make(records: Sequence[Record]) -> Figure:
    """Draw a column for each problem; above the error against time, below against sweeps."""
    with style.context(NAME):
        measured = [record for record in records if record["status"] == "measured"]
        if not measured:
            return style.nothing("no path of a transport solver was measured to its end")
        figure = style.new(5.4)
        grid = figure.subplots(len(_AXES), len(measured), squeeze=False, sharey=True)
        for row, axis in zip(grid, _AXES, strict=True):
            for axes, record in zip(row, measured, strict=True):
                _panel(axes, record, axis)
            row[0].set_ylabel("marginal error")
            row[len(measured) // 2].set_xlabel(_AXES[axis])
        for axes, record in zip(grid[0], measured, strict=True):
            parameters = record["parameters"]
            axes.set_title(
                f"n = {parameters['n']:,}, K = {parameters['K']}, epsilon = "
                f"{parameters['epsilon']:g}"
            )
        figure.legend(*_legend(figure.axes), loc="outside lower center", ncols=len(NAMES))
    return figure


def _panel(axes: Axes, record: Record, axis: str) -> None:
    for name, path in record["values"]["paths"].items():
        # What is not a finite number is null in a record.
        drawn = [
            (at, max(error, _LEAST))
            for at, error in zip(path[axis], path["errors"], strict=True)
            if error is not None
        ]
        if drawn:
            axes.plot(
                *zip(*drawn, strict=True),
                "o-" if name == OURS else "-",
                markersize=3.5,
                color=_COLOURS[name],
                label=name,
                zorder=3 if name == OURS else 2,
            )
    axes.axhline(ERROR, linestyle=":", color=style.GREY, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(_LEAST / 2.0, 5.0)
    style.grid_lines(axes)


def _legend(panels: Sequence[Axes]) -> tuple[list[Any], list[str]]:
    """Return a handle for each solver that is somewhere in the figure."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    names = [name for name in NAMES if name in found]
    return [found[name] for name in names], names
