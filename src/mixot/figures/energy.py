"""Where the decrease of the objective goes: the three terms of the energy balance, stacked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixot.figures import _read as read
from mixot.figures import _style as style
from mixot.figures.trajectories import COLUMNS, UNIT, chosen
from mixot.runs import Run
from mixot.types import Array

# Name in the trace, colour and label, from the bottom of the stack to its top.
TERMS = (
    ("plan_kl", style.SKY, "plan"),
    ("weights_kl", style.YELLOW, "weights"),
    ("components_kl", style.GREEN, "components"),
)
# A share of a decrease that is itself rounding means nothing.
MEASURABLE = 1e4

CAPTION = style.Caption(
    position=3,
    title="The energy balance",
    shows=(
        "EM, first seed. Above: how each iteration's decrease of the objective divides into the "
        "divergences between successive plans, weights and components; each is computed by itself, "
        "and together they must fill the measured decrease (black line at 1). Below: the measured "
        "decrease, what the three terms leave unexplained, and the spacing of floating-point "
        "numbers at that objective (dotted). Shares stop where the decrease is rounding."
    ),
    falsified_by=(
        "A stack that misses the line at 1, or an unexplained rest above the level of rounding."
    ),
    alternative=(
        "Stacked areas that fill the unit height at every iteration; below, the decrease falls "
        "over many orders of magnitude while the rest stays at rounding level."
    ),
    claims=("D2",),
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Energy balance of one run, arrays (T,): the decrease measured, and each term of it."""

    decrease: Array
    terms: Mapping[str, Array]
    spacing: float

    @property
    def rest(self) -> Array:
        """What the terms leave unexplained, in absolute value."""
        return np.abs(self.decrease - sum(self.terms.values()))

    @property
    def measurable(self) -> NDArray[np.bool_]:
        """Iterations at which the decrease stands well above rounding."""
        return self.decrease > MEASURABLE * self.spacing


def make(results: Path) -> Figure:
    """Draw up to four problems, two panels each."""
    runs = [(name, read.first_run(results, name, "em")) for name in chosen(results)]
    shown = [(name, balance(run)) for name, run in runs if run and len(run.trace["plan_kl"]) > 1]
    if not shown:
        return style.nothing("no run of em at epsilon 1 with more than one iteration")
    shown = shown[:COLUMNS]
    figure = style.new(4.3)
    grid = figure.subplots(2, len(shown), squeeze=False, sharex="col", sharey="row")
    for column, (name, found) in enumerate(shown):
        _draw_shares(grid[0, column], found)
        _draw_sizes(grid[1, column], found)
        grid[0, column].set_title(style.title(name))
        grid[1, column].set_xlabel("iteration")
    grid[1, 0].legend(loc="center left", handlelength=1.2)
    grid[0, 0].set_ylabel("share of the decrease")
    grid[1, 0].set_ylabel("nats per observation")
    return figure


def balance(run: Run) -> Balance:
    """Return the decreases of `run` and their terms; plan and weights carry the factor epsilon."""
    epsilon = float(run.result["epsilon"])
    objective = run.trace["objective"]
    factors = {"plan_kl": epsilon, "weights_kl": epsilon, "components_kl": 1.0}
    return Balance(
        decrease=objective[:-1] - objective[1:],
        terms={name: factors[name] * run.trace[name] for name, _, _ in TERMS},
        spacing=UNIT * float(np.abs(objective).max()),
    )


def _draw_shares(axes: Axes, found: Balance) -> None:
    kept = np.flatnonzero(found.measurable)
    if kept.size == 0:
        axes.text(0.5, 0.5, "no decrease above rounding", ha="center", transform=axes.transAxes)
        return
    # Up to the first decrease that is rounding; a later one may exceed it by chance.
    end = next((i for i, t in enumerate(kept) if t != i), kept.size)
    at = np.arange(1.0, end + 1)
    shares = [found.terms[name][:end] / found.decrease[:end] for name, _, _ in TERMS]
    axes.stackplot(at, shares, colors=[colour for _, colour, _ in TERMS], linewidth=0)
    axes.plot(at, np.ones(end), color=style.INK, linewidth=1.2)
    _label(axes, at, np.array(shares))
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.1)
    axes.set_xlim(1, max(2, found.decrease.size))


def _label(axes: Axes, at: Array, shares: Array) -> None:
    """Write each term's name where its band is thickest, if it is thick enough for letters."""
    tops = np.cumsum(shares, axis=0)
    # Near the ends a centred word would leave the panel.
    inner = slice(at.size // 8, max(at.size // 8 + 1, at.size - at.size // 4))
    for (_, _, label), share, top in zip(TERMS, shares, tops, strict=True):
        place = inner.start + int(np.argmax(share[inner]))
        if share[place] > 0.12:
            middle = top[place] - share[place] / 2
            axes.text(at[place], middle, label, ha="center", va="center", fontsize=8)


def _draw_sizes(axes: Axes, found: Balance) -> None:
    at = np.arange(1, found.decrease.size + 1)
    falling = found.decrease > 0
    axes.plot(at[falling], found.decrease[falling], color=style.INK, label="decrease")
    left = found.rest > 0
    axes.plot(
        at[left], found.rest[left], ".", markersize=2.5, color=style.PURPLE, label="unexplained"
    )
    axes.axhline(found.spacing, linestyle=":", color=style.ORANGE, linewidth=1.2)
    axes.set_yscale("log")
    style.grid_lines(axes)
