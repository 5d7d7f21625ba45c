"""A picture of one run: its data with the mixture, and the descent of its objective."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mixot import runs
from mixot.figures import _panels as panels
from mixot.figures import _read as read
from mixot.figures import _style as style


def make(path: Path, results: Path) -> Figure:
    """Draw the run directory `path`; without its data, the descent alone."""
    run = runs.read(path)
    problem = read.data(results, run)
    # Placed by hand: working the layout out costs as much as drawing, and there are many of these.
    figure = Figure(figsize=(style.WIDTH, 3.4), dpi=100)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.03, right=0.98, bottom=0.14, top=0.88, wspace=0.25)
    if problem is None:
        left.set_axis_off()
    else:
        panels.draw(left, problem, [run])
    result = run.result
    colour = style.solver_colour(str(result["solver"]))
    objective = run.trace["objective"]
    above = objective - objective[-1]
    at = np.flatnonzero(above > 0)
    right.plot(at, above[at], color=colour)
    if at.size:
        right.set_yscale("log")
    right.set(xlabel="iteration", ylabel="objective - final")
    style.grid_lines(right)
    left.set_title(f"{style.title(str(result['problem']))}, {result['family']}")
    right.set_title(
        f"{style.solver_label(str(result['solver']))}\n"
        f"epsilon {result['epsilon']}: {result['status']} after {result['n_iter']}",
        fontsize=8.5,
    )
    return figure
