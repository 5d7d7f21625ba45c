"""The gap between balanced transport and the likelihood, against its lower bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mixot.figures import _read as read
from mixot.figures import _style as style

STATES = {
    "start": (style.BLUE, "o"),
    "iteration 1": (style.ORANGE, "s"),
    "iteration 10": (style.GREEN, "^"),
    "dirichlet": (style.PURPLE, "D"),
}

CAPTION = style.Caption(
    position=4,
    title="The gap is not the divergence of the marginals",
    shows=(
        "Balanced transport value less negative log-likelihood, against the divergence "
        "KL(π | π̂) between the weights and the marginal of the E-step plan, away from the fixed "
        "point: every problem, family and seed at the start, after 1 and 10 iterations of EM, and "
        "with weights mixed half and half with a random draw. On the diagonal the two are equal."
    ),
    falsified_by=(
        "A point below the diagonal. Points far above it falsify the common belief that the gap "
        "is this divergence."
    ),
    alternative="A scatter on logarithmic axes; all points lie on or above the diagonal.",
    claims=("C1", "C2"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One state of one problem: the lower bound and the gap, in nats per observation."""

    problem: str
    state: str
    bound: float
    gap: float


def make(results: Path) -> Figure:
    """Draw all points for which both numbers were recorded."""
    found = points(read.records(results, "gap"))
    if not found:
        return style.nothing("no evidence on the gap away from the fixed point")
    figure = style.new(4.6)
    axes = figure.subplots()
    for state, (colour, marker) in STATES.items():
        mine = [point for point in found if point.state == state]
        axes.scatter(
            [point.bound for point in mine],
            [point.gap for point in mine],
            s=14,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
            label=f"{state} ({len(mine)})",
        )
    low = min(min(point.bound, point.gap) for point in found) / 2
    high = 2 * max(max(point.bound, point.gap) for point in found)
    axes.plot([low, high], [low, high], color=style.INK, linewidth=1)
    axes.fill_between([low, high], [low, high], low, color="#f2f2f2", linewidth=0, zorder=0)
    axes.annotate(
        "impossible: the gap would be below its bound",
        (0.98, 0.04),
        xycoords="axes fraction",
        ha="right",
        color=style.GREY,
    )
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    axes.set_xlabel("lower bound KL(π | π̂)")
    axes.set_ylabel("gap OT - NLL")
    ratio = max(point.gap / point.bound for point in found)
    count = len({point.problem for point in found})
    axes.set_title(
        f"{len(found)} states of {count} problems; gap up to {ratio:,.0f} times its bound"
    )
    axes.legend(loc="upper left", title="state (points)", alignment="left")
    style.grid_lines(axes, "both")
    return figure


def points(records: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Gap and bound from the records of C2, which hold both only by way of two comparisons.

    These are the ratio r = gap / bound - 1, and the differences gap - bound and bound - gap, cut
    off at zero and relative to max(1, bound) and max(1, gap). So gap - bound = bound r, whatever
    its sign, as long as the bound is below 1; larger bounds, and points on the diagonal itself,
    cannot be told from the records and are left out.
    """
    ratios: dict[tuple[Any, ...], float] = {}
    differences: dict[tuple[Any, ...], float] = {}
    for record in records:
        if record["claim"] != "C2" or record["state"] not in STATES or record["statistic"] is None:
            continue
        place = tuple(record[k] for k in ("problem", "family", "seed", "state"))
        if record["quantity"] == "violation" and record["control"]:
            differences[place] = record["control"]["reversed"] - record["statistic"]
        else:
            ratios[place] = record["statistic"]
    found = []
    for place in sorted(ratios.keys() & differences.keys()):
        ratio, difference = ratios[place], differences[place]
        bound = difference / ratio if ratio else 0.0
        if 0.0 < bound < 1.0 and bound + difference > 0.0:
            found.append(Point(place[0], place[3], bound, bound + difference))
    return found
