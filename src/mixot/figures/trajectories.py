"""The descent of EM and of the transport solver, iteration by iteration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.figures import _read as read
from mixot.figures import _style as style
from mixot.types import Array

# Shown first if they are there: an easy one, a hard one, real data, and counts.
PREFERRED = ("well_separated", "overlapping", "faithful", "poisson")
COLUMNS = 4
UNIT = float(np.finfo(float).eps)
# Where two objectives are the same float, a logarithmic axis still needs a place for the point.
FLOOR = 1e-18

CAPTION = style.Caption(
    position=2,
    title="The same descent",
    shows=(
        "Above: the objective less its final value, from the same start, for EM (broad blue) and "
        "the semi-relaxed transport solver (dashed orange), first seed. Below: the absolute "
        "difference of the two at each iteration, for all seeds (grey; first seed black), with "
        "the spacing of floating-point numbers at that objective (dotted). Equal numbers are "
        "drawn at the lower edge."
    ),
    falsified_by=(
        "A difference that grows away from the dotted line: rounding may be amplified on the "
        "way, but it cannot reach the size of the descent itself."
    ),
    alternative=(
        "Per problem two falling curves that coincide, and below them their difference, which "
        "stays near 1e-16."
    ),
    claims=("D1", "D3"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Objectives of both solvers for one seed, (T + 1,) each."""

    seed: int
    em: Array
    transport: Array

    @property
    def difference(self) -> Array:
        """Absolute difference over the iterations that both made."""
        length = min(self.em.size, self.transport.size)
        return np.abs(self.em[:length] - self.transport[:length])


def make(results: Path) -> Figure:
    """Draw up to four problems, two panels each."""
    shown = [(name, found) for name in chosen(results) if (found := pairs(results, name))]
    if not shown:
        return style.nothing("no problem was fitted by both em and ot_semirelaxed at epsilon 1")
    shown = shown[:COLUMNS]
    figure = style.new(4.3)
    grid = figure.subplots(2, len(shown), squeeze=False, sharex="col", sharey="row")
    for column, (name, found) in enumerate(shown):
        _draw_descent(grid[0, column], found[0])
        _draw_difference(grid[1, column], found)
        grid[0, column].set_title(
            f"{style.title(name)}\n{style.count(len(found), 'seed')}", fontsize=8.5
        )
        grid[1, column].set_xlabel("iteration")
    grid[0, 0].legend(loc="lower left", handlelength=2.2)
    grid[0, 0].set_ylabel("objective - final")
    grid[1, 0].set_ylabel("|EM - OT|")
    _name_spacing(grid[1, 0], UNIT * abs(float(shown[0][1][0].em[-1])))
    return figure


def chosen(results: Path) -> list[str]:
    """All problems, the preferred ones first."""
    present = read.problem_names(results)
    return [p for p in PREFERRED if p in present] + [p for p in present if p not in PREFERRED]


def pairs(results: Path, problem: str) -> list[Pair]:
    """Both solvers' objectives for every seed that both were run with, in the first family."""
    first = read.first_run(results, problem, "em")
    if first is None:
        return []
    family = str(first.result["family"])
    em, transport = (
        {int(run.result["seed"]): run.trace["objective"] for run in found if run.trace}
        for found in (
            read.seeds(results, problem, solver, family) for solver in ("em", "ot_semirelaxed")
        )
    )
    return [Pair(seed, em[seed], transport[seed]) for seed in sorted(em.keys() & transport.keys())]


def _draw_descent(axes: Axes, pair: Pair) -> None:
    final = pair.em[-1]
    for values, colour, line, label in (
        (pair.em, style.BLUE, {"linewidth": 4.0, "alpha": 0.45}, "EM"),
        (pair.transport, style.ORANGE, {"linestyle": (0, (3, 2))}, "OT, semi-relaxed"),
    ):
        above = values - final
        # The last value, and what rounding has below it, has no logarithm.
        at = np.flatnonzero(above > 0)
        axes.plot(at, above[at], color=colour, label=label, **line)
    _log_axes(axes)


def _draw_difference(axes: Axes, found: Sequence[Pair]) -> None:
    for pair in reversed(found):
        is_first = pair is found[0]
        axes.plot(
            np.arange(pair.difference.size),
            np.maximum(pair.difference, FLOOR),
            ".",
            color=style.INK if is_first else style.FAINT,
            markersize=5.0 if is_first else 4.0,
            markeredgewidth=0,
            zorder=3 if is_first else 2,
        )
    spacing = UNIT * np.abs(found[0].em)
    axes.plot(np.arange(spacing.size), spacing, ":", color=style.ORANGE, linewidth=1.2, zorder=4)
    _log_axes(axes)
    axes.set_ylim(FLOOR / 2, max(1e-10, *(float(pair.difference.max()) for pair in found)))


def _name_spacing(axes: Axes, spacing: float) -> None:
    axes.annotate(
        "spacing of floats",
        (0.98, spacing),
        xycoords=("axes fraction", "data"),
        xytext=(0, 12),
        textcoords="offset points",
        ha="right",
        color=style.ORANGE,
        fontsize=7.5,
    )


def _log_axes(axes: Axes) -> None:
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(left=0.0)
    axes.set_yscale("log")
    style.grid_lines(axes)
