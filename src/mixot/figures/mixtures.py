"""The data of every problem with the mixtures that EM and optimal transport fitted to them."""

import math
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixot.figures import _panels as panels
from mixot.figures import _read as read
from mixot.figures import _style as style
from mixot.problems import Problem
from mixot.runs import Run

SOLVERS = ("em", "ot_semirelaxed")
COLUMNS = 4

CAPTION = style.Caption(
    position=1,
    title="One mixture, found twice",
    shows=(
        "Each problem's data (grey) with the mixtures that EM (broad blue) and the semi-relaxed "
        "transport solver (dashed orange) end in, from the same start at temperature 1: ellipses "
        "at two standard deviations, or probabilities of counts. Data in more than two dimensions "
        "are seen along their two principal axes."
    ),
    falsified_by=(
        "A dashed line that leaves its blue band: the transport solver never forms "
        "responsibilities, so nothing but the equivalence puts it there."
    ),
    alternative="Small panels, one a problem: scattered data with pairs of coinciding ellipses.",
    claims=("A1", "D1"),
)


def make(results: Path) -> Figure:
    """Draw a panel for each problem that has data and at least one of the two runs."""
    shown = _shown(results)
    if not shown:
        return style.nothing("no run of em or ot_semirelaxed at epsilon 1 with its data")
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = style.new(0.35 + 2.3 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (problem, fitted) in zip(grid.flat, shown, strict=False):
        panels.draw(axes, problem, fitted)
        sample, n_components = problem.sample, fitted[0].result["n_components"]
        axes.set_title(
            f"{style.title(problem.name)}\n"
            f"n = {sample.size:,.0f}, d = {sample.points.shape[1]}, K = {n_components}",
            fontsize=8,
        )
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_axis_off()
    figure.legend(
        handles=[
            Line2D([], [], color=style.BLUE, linewidth=4, alpha=0.45, label="EM"),
            Line2D([], [], color=style.ORANGE, linestyle=(0, (3, 2)), label="OT, semi-relaxed"),
        ],
        loc="outside upper right",
        ncols=2,
    )
    return figure


def _shown(results: Path) -> list[tuple[Problem, list[Run]]]:
    shown = []
    for name in read.problem_names(results):
        first = next(filter(None, (read.first_run(results, name, s) for s in SOLVERS)), None)
        problem = read.data(results, first) if first else None
        if first is None or problem is None:
            continue
        family, seed = str(first.result["family"]), first.result["seed"]
        fitted = [read.first_run(results, name, solver, family) for solver in SOLVERS]
        shown.append((problem, [r for r in fitted if r and r.result["seed"] == seed]))
    return shown
