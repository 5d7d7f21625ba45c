"""The figure: a panel for each group of cells, and for each axis along which the cost grows."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from mixot.benchmarks.cells import em_iteration, gemm_share, transport
from mixot.benchmarks.record import OURS, geometric_mean
from mixot.benchmarks.report.words import number
from mixot.figures import _style as style

NAME = "bench"

Record = Mapping[str, Any]
Records = Mapping[str, Sequence[Record]]
Panel = Callable[[Axes, Sequence[Record]], None]

_COLUMNS = 3
_ROW = 2.7
# A gap that rounding hides is drawn here.
_LEAST_GAP = 1e-16


def make(records: Records) -> Figure:
    """Draw what was measured, panel by panel."""
    with style.context(NAME):
        panels = [
            (panel, found)
            for group, name, panel in PANELS
            if (found := _measured(records.get(group, ()), name))
        ]
        if not panels:
            return style.nothing("no cell was measured to its end")
        rows = -(-len(panels) // _COLUMNS)
        figure = style.new(_ROW * rows)
        grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axes, (panel, found) in zip(grid, panels, strict=False):
            panel(axes, found)
        for axes in grid[len(panels) :]:
            axes.remove()
    return figure


def _measured(records: Sequence[Record], name: str | None) -> list[Record]:
    return [
        record
        for record in records
        if record["status"] == "measured" and name in (None, record["cell"])
    ]


def _speedups(axes: Axes, records: Sequence[Record]) -> None:
    """Draw a row of points for each covariance type, with their geometric mean and target."""
    kinds = list(em_iteration.EACH)
    for row, kind in enumerate(kinds):
        values = [
            one["values"]["speedup"] for one in records if one["parameters"]["covariance"] == kind
        ]
        axes.plot(values, [row] * len(values), "o", markersize=5, alpha=0.7, color=style.BLUE)
        mean, least = geometric_mean(values), em_iteration.EACH[kind]
        axes.plot([mean] * 2, [row - 0.3, row + 0.3], color=style.INK, linewidth=2)
        axes.plot([least] * 2, [row - 0.4, row + 0.4], ":", color=style.ORANGE)
        if np.isfinite(mean):
            axes.text(mean, row - 0.34, f"{mean:.1f}", ha="center", va="bottom", fontsize=7.5)
    axes.axvline(1.0, color=style.GREY, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_ylim(len(kinds) - 0.5, -0.8)
    axes.set_xlabel("times as fast as scikit-learn (dotted: target)")
    axes.set_title("One EM iteration")
    _plain(axes, "x")


def _ratios(axes: Axes, records: Sequence[Record]) -> None:
    """Draw a row of points for each epsilon, with their geometric mean and those without a peer."""
    for row, epsilon in enumerate(transport.EPSILONS.values()):
        here = [one for one in records if one["parameters"]["epsilon"] == epsilon]
        values = [one["values"]["speedup"] for one in here]
        known = [value for value in values if value is not None]
        axes.plot(known, [row] * len(known), "o", markersize=5, alpha=0.7, color=style.BLUE)
        mean = geometric_mean(known)
        if np.isfinite(mean):
            axes.plot([mean] * 2, [row - 0.3, row + 0.3], color=style.INK, linewidth=2)
            alone = len(values) - len(known)
            text = f"{mean:.1f}" + (f" ({alone} without a peer)" if alone else "")
            axes.text(mean, row - 0.34, text, ha="center", va="bottom", fontsize=7.5)
    axes.axvline(1.0, color=style.GREY, linewidth=0.8)
    axes.axvline(transport.TOGETHER, linestyle=":", color=style.ORANGE)
    axes.set_xscale("log")
    axes.set_yticks(
        range(len(transport.EPSILONS)), [f"epsilon {one:g}" for one in transport.EPSILONS.values()]
    )
    axes.set_ylim(len(transport.EPSILONS) - 0.5, -0.8)
    axes.set_xlabel("times as fast as POT or OTT (dotted: target)")
    axes.set_title("Entropic transport")
    _plain(axes, "x")


def _shares(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the share of the rate of a matrix product for each shape and number of threads."""
    highest = 100.0
    for place, threads in enumerate(gemm_share.THREADS):
        at = np.arange(len(records)) + (place - 0.5) * 0.38
        shares = [100.0 * record["values"][f"share_{threads}"] for record in records]
        colour = (style.SKY, style.BLUE)[place]
        label = f"{threads} thread" + ("" if threads == 1 else "s")
        highest = max(highest, 1.1 * max(shares))
        axes.bar(at, shares, 0.36, color=colour, label=label)
        for x, share in zip(at, shares, strict=True):
            axes.text(x, share + 1.0, f"{share:.0f}", ha="center", fontsize=7.5)
    axes.axhline(40.0, linestyle=":", color=style.ORANGE)
    axes.set_xticks(range(len(records)), [_shape(record) for record in records])
    axes.set_ylim(0.0, highest)
    axes.set_ylabel("% (dotted: target)")
    axes.set_title("Share of a matrix product's rate")
    axes.legend(loc="upper left", ncols=2, handlelength=1.0)


def _growth(axis: str, axes: Axes, records: Sequence[Record]) -> None:
    """Draw the seconds of an iteration against one of n, d and K, with the slopes."""
    values = records[0]["values"]
    for key, label, colour in (
        ("theirs", "scikit-learn", style.ORANGE),
        ("ours", OURS, style.BLUE),
    ):
        seconds = [np.nan if one is None else one for one in values[key]]
        slope = number(values[f"slope_{key}"])
        axes.plot(
            values["sizes"], seconds, "o-", markersize=3, color=colour, label=f"{label}: {slope}"
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(axis)
    axes.set_ylabel("seconds an iteration")
    axes.set_title(f"Growth with {axis} (slopes)")
    axes.legend(loc="upper left", handlelength=1.4)
    _plain(axes, "x")
    style.grid_lines(axes)


def _optimum(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the gap of every answer against the time that it took."""
    for record in records:
        for one in record["outcomes"]:
            ours = one["side"] == OURS
            gap = record["check"]["numbers"].get(
                f"gap of {one['setting'] if ours else one['side']}"
            )
            if gap is None or one["ended"] != "measured":
                continue
            marker = {"plain": "o", "squarem": "s", "anderson": "^"}.get(one["setting"], "D")
            colour = style.BLUE if ours else style.ORANGE
            axes.plot(one["median"], max(gap, _LEAST_GAP), marker, color=colour, markersize=4.5)
    for marker, label in (("o", "plain"), ("s", "SQUAREM"), ("^", "Anderson")):
        axes.plot([], [], marker, color=style.BLUE, label=label, markersize=4.5)
    axes.plot([], [], "D", color=style.ORANGE, label="scikit-learn", markersize=4.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel("objective above the optimum")
    axes.set_title("Time to the optimum")
    axes.legend(loc="center right", handlelength=0.8)
    _plain(axes, "x")


def _times(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the time of every side of every cell as bars."""
    sides = list(dict.fromkeys(one["side"] for record in records for one in record["outcomes"]))
    colours = dict(zip(sides, style.SERIES, strict=False))
    labels: list[str] = []
    for record in records:
        for side in sides:
            ended = [
                one
                for one in record["outcomes"]
                if one["side"] == side and one["ended"] in ("measured", "capped")
            ]
            if not ended:
                continue
            fastest = min(ended, key=lambda one: one["median"])
            row = len(labels)
            axes.barh(row, fastest["median"], 0.7, color=colours[side])
            stopped = "> " if fastest["ended"] == "capped" else ""
            text = f" {stopped}{number(fastest['median'])} s"
            axes.text(fastest["median"], row, text, va="center", fontsize=7.5)
            labels.append(f"{side}, {record['cell']}")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 2.0, high * 8.0)
    axes.set_xlabel("seconds (>: stopped)")
    axes.set_title("Weights over fixed components")
    _plain(axes, "x")


def _counts(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the evaluations of the map and of the objective for each algorithm."""
    for row, record in enumerate(records):
        for offset, key, colour in ((-0.2, "maps", style.BLUE), (0.2, "objectives", style.SKY)):
            value = record["values"][key]
            axes.barh(row + offset, value, 0.36, color=colour)
            axes.text(value, row + offset, f" {number(value)}", va="center", fontsize=7.5)
    axes.barh(0, 0, color=style.BLUE, label="map")
    axes.barh(0, 0, color=style.SKY, label="objective")
    axes.set_yticks(range(len(records)), [record["cell"] for record in records])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1.0, axes.get_xlim()[1] * 4.0)
    axes.set_xlabel("evaluations to a step of 1e-8")
    axes.set_title("The Times deaths")
    axes.legend(loc="lower right", handlelength=1.0)
    _plain(axes, "x")


def _memory(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the peak above the import for each size of the file."""
    values = records[0]["values"]
    sizes, peaks = values["sizes"], values["peaks"]
    axes.barh(range(len(sizes)), peaks, 0.6, color=style.BLUE)
    for row, peak in enumerate(peaks):
        axes.text(peak, row, f" {peak:.0f}", va="center", fontsize=7.5)
    axes.axvline(300.0, linestyle=":", color=style.ORANGE)
    axes.set_yticks(range(len(sizes)), [f"{size / 1e6:g}M rows" for size in sizes])
    axes.set_xlim(0.0, max(340.0, 1.2 * max(peaks)))
    axes.set_xlabel("MB above the import (dotted: target)", loc="right")
    axes.set_title("Peak memory, from a file")


def _workers(axes: Axes, records: Sequence[Record]) -> None:
    """Draw the time of an iteration for each number of workers."""
    outcomes = records[0]["outcomes"]
    for row, one in enumerate(outcomes):
        axes.barh(row, one["median"], 0.6, color=style.BLUE)
        axes.text(one["median"], row, f" {number(one['median'])} s", va="center", fontsize=7.5)
    axes.set_yticks(range(len(outcomes)), [one["setting"] for one in outcomes])
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.25 * max(one["median"] for one in outcomes))
    axes.set_xlabel("seconds an iteration")
    axes.set_title("Distributed")


def _shape(record: Record) -> str:
    parameters = record["parameters"]
    return f"n={parameters['n']:,}\nd={parameters['d']}, K={parameters['K']}"


def _plain(axes: Axes, which: str) -> None:
    """Label a logarithmic axis with numbers as people write them."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    if high / low < 100.0:
        axis.set_major_locator(LogLocator(10.0, subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, place: _written(value)))
    axis.set_minor_formatter(NullFormatter())


def _written(value: float) -> str:
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value:,g}"


# Group, the cell if the panel is of one, and what draws it.
PANELS: tuple[tuple[str, str | None, Panel], ...] = (
    ("em_iteration", None, _speedups),
    ("gemm_share", None, _shares),
    ("optimum", None, _optimum),
    ("growth", "n", partial(_growth, "n")),
    ("growth", "d", partial(_growth, "d")),
    ("growth", "k", partial(_growth, "K")),
    ("weights", None, _times),
    ("acceleration", None, _counts),
    ("transport", None, _ratios),
    ("memory", None, _memory),
    ("distributed", None, _workers),
)
