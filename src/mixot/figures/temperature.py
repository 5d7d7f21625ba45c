"""What changes with the temperature epsilon, and how often a fit does not survive it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from mixot import runs
from mixot.figures import _style as style
from mixot.runs import Run
from mixot.types import Array, Status

SOLVERS = ("em", "ot_semirelaxed", "ot_balanced", "ot_balanced_free")
# With these families the tempered objective is a likelihood; with free covariances it is not.
KNOWN_SCALE = ("gaussian-known", "poisson")
METRICS = (
    ("plan_entropy", "plan entropy"),
    ("log_likelihood", "log-likelihood"),
    ("n_distinct", "distinct components"),
)
# Characters of a title's small type that fit over the narrowest panel.
_TITLE_WIDTH = 40
STATUS_COLOURS = {
    Status.CONVERGED: "#d9d9d9",
    Status.MAX_ITER: style.SKY,
    Status.COLLAPSED_IDENTICAL: style.ORANGE,
    Status.SINGULAR: style.PURPLE,
    Status.EMPTY_COMPONENT: style.YELLOW,
    Status.NONFINITE: style.INK,
    Status.INFEASIBLE: style.BLUE,
    Status.ERROR: "#b00020",
}

CAPTION = style.Caption(
    position=5,
    title="What the temperature does",
    shows=(
        "Problems whose components have a known scale, against epsilon: the mixture weights in "
        "order of size (EM), the entropy of the plan, the log-likelihood and the number of "
        "distinct components by solver. Lines are medians over seeds, bands reach from the "
        "smallest to the largest. Bottom: how the runs with free covariances ended, where a "
        "temperature other than 1 is exploratory."
    ),
    falsified_by=(
        "EM and semi-relaxed transport apart at any epsilon; or free covariances that do not "
        "collapse at epsilon 3 and 10, where equal components are a stable point."
    ),
    alternative=(
        "Line charts over epsilon with bands, and bars that count converged and collapsed runs."
    ),
    claims=("D6",),
)


@dataclass(frozen=True, slots=True)
class Sweep:
    """All runs of a problem and family over epsilon."""

    problem: str
    family: str
    runs: tuple[Run, ...]

    @property
    def epsilons(self) -> tuple[str, ...]:
        """The temperatures, ascending."""
        return tuple(sorted({str(run.result["epsilon"]) for run in self.runs}, key=float))

    def over_seeds(
        self, solver: str, value: Callable[[Run], float | Array | None]
    ) -> dict[str, Array]:
        """Values of one solver by epsilon, (seeds, ...); epsilons without a value are left out."""
        found: dict[str, Array] = {}
        for epsilon in self.epsilons:
            mine = [
                value(run)
                for run in self.runs
                if run.result["solver"] == solver and str(run.result["epsilon"]) == epsilon
            ]
            kept = [np.asarray(v, dtype=float) for v in mine if v is not None]
            if kept:
                found[epsilon] = np.stack(kept)
        return found


def make(results: Path) -> Figure:
    """Draw a column for each problem with known scale and, below, one for each exploratory one."""
    every = sweeps(results)
    known = [sweep for sweep in every if sweep.family in KNOWN_SCALE]
    free = [sweep for sweep in every if sweep.family not in KNOWN_SCALE]
    if not every:
        return style.nothing("no problem was fitted at more than one epsilon")
    heights = [6.4 * bool(known), 2.0 * bool(free)]
    figure = style.new(sum(heights))
    places = figure.add_gridspec(2, 1, height_ratios=[max(height, 1e-3) for height in heights])
    if known:
        above = figure.add_subfigure(places[0])
        grid = above.subplots(1 + len(METRICS), len(known), squeeze=False, sharex="col")
        for column, sweep in enumerate(known):
            _draw_column(list(grid[:, column]), sweep, is_first=column == 0)
    if free:
        below = figure.add_subfigure(places[1])
        row = below.subplots(1, len(free), squeeze=False, sharey=True)[0]
        for axes, sweep in zip(row, free, strict=True):
            _draw_statuses(axes, sweep)
        row[0].set_ylabel("runs")
        ended = {str(run.result["status"]) for sweep in free for run in sweep.runs}
        below.legend(
            handles=[
                Patch(color=colour, label=status.replace("_", " "))
                for status, colour in STATUS_COLOURS.items()
                if status in ended
            ],
            loc="outside right upper",
            fontsize=7.5,
        )
    return figure


def sweeps(results: Path) -> list[Sweep]:
    """Problems and families that were fitted at two temperatures or more."""
    grouped: dict[tuple[str, str], list[Run]] = {}
    for path in runs.find(results):
        problem, family, solver, *_ = path.relative_to(results / "fits").parts
        if solver in SOLVERS and path.name.count("~") == 1:
            grouped.setdefault((problem, family), []).append(runs.read(path))
    found = [Sweep(*key, tuple(members)) for key, members in sorted(grouped.items())]
    return [sweep for sweep in found if len(sweep.epsilons) > 1]


def ending_counts(sweep: Sweep) -> dict[str, Counter[str]]:
    """How the runs ended, by epsilon."""
    return {
        epsilon: Counter(
            str(run.result["status"]) for run in sweep.runs if str(run.result["epsilon"]) == epsilon
        )
        for epsilon in sweep.epsilons
    }


def _draw_column(column: Sequence[Axes], sweep: Sweep, *, is_first: bool) -> None:
    _draw_weights(column[0], sweep)
    for axes, (metric, _) in zip(column[1:], METRICS, strict=True):
        for solver in SOLVERS:
            values = sweep.over_seeds(solver, _metric(metric))
            _draw_band(
                axes, values, style.solver_colour(solver), style.solver_label(solver), solver
            )
    column[0].set_title(
        f"{style.title(sweep.problem)}, {sweep.family}\n{_ending(sweep)}", fontsize=8
    )
    for axes in column:
        axes.set_xscale("log")
        axes.set_xticks([float(e) for e in sweep.epsilons], labels=sweep.epsilons)
        axes.minorticks_off()
        style.grid_lines(axes, "both")
    column[-1].set_xlabel("epsilon")
    column[-1].set_ylim(bottom=0.0)
    column[-1].yaxis.set_major_locator(MaxNLocator(integer=True))
    if is_first:
        for axes, label in zip(column, ["weights", *(m[1] for m in METRICS)], strict=True):
            axes.set_ylabel(label)
        column[2].legend(fontsize=7, loc="lower left")


def _ending(sweep: Sweep) -> str:
    """How the runs of a sweep ended, in lines as wide as a panel."""
    ended = Counter(str(run.result["status"]) for run in sweep.runs)
    others = [
        f"{number} {status.replace('_', ' ')}"
        for status, number in sorted(ended.items())
        if status != Status.CONVERGED
    ]
    listed = f"{style.count(len(sweep.runs), 'run')}: " + (", ".join(others) or "all converged")
    return fill(listed, _TITLE_WIDTH)


def _draw_weights(axes: Axes, sweep: Sweep) -> None:
    solver = next((s for s in SOLVERS if any(r.result["solver"] == s for r in sweep.runs)), "em")
    values = sweep.over_seeds(solver, _sorted_weights)
    for k in range(max(v.shape[1] for v in values.values())):
        colour = style.SERIES[k % len(style.SERIES)]
        _draw_band(axes, {e: v[:, k] for e, v in values.items()}, colour, "", "em")
    axes.set_ylim(bottom=0.0)


def _draw_band(axes: Axes, values: dict[str, Array], colour: str, label: str, solver: str) -> None:
    if not values:
        return
    at = [float(epsilon) for epsilon in values]
    low, middle, high = (
        np.array([q(v) for v in values.values()]) for q in (np.min, np.median, np.max)
    )
    axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    # EM lies broad underneath, so that whoever agrees with it is seen inside its line.
    line = {"linewidth": 3.5, "alpha": 0.5} if solver == "em" and label else {"linestyle": "--"}
    axes.plot(at, middle, color=colour, label=label, **(line if label else {}))


def _draw_statuses(axes: Axes, sweep: Sweep) -> None:
    counts = ending_counts(sweep)
    bottom = np.zeros(len(counts))
    at = np.arange(float(len(counts)))
    for status, colour in STATUS_COLOURS.items():
        height = np.array([counter[status] for counter in counts.values()], dtype=float)
        if not height.any():
            continue
        axes.bar(at, height, bottom=bottom, color=colour, width=0.8)
        for x, h, b in zip(at, height, bottom, strict=True):
            if h >= 0.12 * max(c.total() for c in counts.values()):
                dark = status in (Status.CONVERGED, Status.MAX_ITER, Status.EMPTY_COMPONENT)
                axes.text(
                    x,
                    b + h / 2,
                    f"{h:.0f}",
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color=style.INK if dark else "white",
                )
        bottom += height
    axes.set_xticks(at, labels=list(counts), fontsize=7.5)
    axes.set_xlabel("epsilon")
    axes.set_title(f"{style.title(sweep.problem)}, {sweep.family}\nexploratory", fontsize=8)


def _sorted_weights(run: Run) -> Array | None:
    return np.sort(run.solution["weights"])[::-1] if run.solution else None


def _metric(name: str) -> Callable[[Run], float | None]:
    def value(run: Run) -> float | None:
        found = run.result["metrics"].get(name)
        return float(found) if isinstance(found, int | float) and np.isfinite(found) else None

    return value
