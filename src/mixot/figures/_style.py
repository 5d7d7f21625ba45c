"""How all figures look: one width, two weights of line, colours that everybody can tell apart.

Colours are Okabe and Ito's, which stay distinct under the common forms of colour blindness; each
solver and each energy term keeps its colour in every figure. Lines are labelled where they run
rather than in legends, as far as they do not collide.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#222222"
GREY = "#767676"
FAINT = "#c4c4c4"
BLUE = "#0072b2"
ORANGE = "#d55e00"
GREEN = "#009e73"
PURPLE = "#a6508c"
YELLOW = "#e69f00"
SKY = "#56b4e9"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, INK, GREY)

SOLVER_COLOURS = {
    "em": BLUE,
    "ot_semirelaxed": ORANGE,
    "ot_balanced": GREEN,
    "ot_balanced_free": PURPLE,
    "hard": INK,
    "hard_weighted": GREY,
}
SOLVER_LABELS = {
    "em": "EM",
    "ot_semirelaxed": "OT, semi-relaxed",
    "ot_balanced": "OT, balanced, fixed weights",
    "ot_balanced_free": "OT, balanced, free weights",
    "hard": "hard",
    "hard_weighted": "hard, weighted",
}

# Inches. A page column is about as wide, so the text is read at its true size.
WIDTH = 9.0

_PARAMETERS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "savefig.dpi": 150,
    # Outlines of letters do not depend on the fonts of whoever looks.
    "svg.fonttype": "path",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


@dataclass(frozen=True, slots=True)
class Caption:
    """The words that go with a figure.

    position: its place on the page; alternative: a description for those who do not see it;
    claims: ids of the statements that it illustrates; timed: it draws measured seconds or memory,
    so that no two executions draw the same.
    """

    position: int
    title: str
    shows: str
    falsified_by: str
    alternative: str
    claims: tuple[str, ...] = ()
    timed: bool = False


@contextlib.contextmanager
def context(salt: str) -> Iterator[None]:
    """Style in force while a figure is made or saved; `salt` seeds the identifiers in an SVG."""
    with matplotlib.rc_context(rc={}):
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_PARAMETERS, "svg.hashsalt": salt, "backend": "agg"})
        yield


def new(height: float) -> Figure:
    """Return an empty figure of the page's width."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def nothing(what: str) -> Figure:
    """Return a figure that says that there is nothing to draw, and what is missing."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, f"Nothing to draw: {what}.", ha="center", va="center", color=GREY)
    return figure


def title(name: str) -> str:
    """Name of a problem as a heading."""
    return name.replace("_", " ")


def count(number: int, thing: str) -> str:
    """Put a number of things in words that agree with it."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def solver_colour(solver: str) -> str:
    """Colour of a solver."""
    return SOLVER_COLOURS.get(solver, SKY)


def solver_label(solver: str) -> str:
    """Name of a solver for people."""
    return SOLVER_LABELS.get(solver, solver)


def grid_lines(axes: Axes, which: Literal["both", "x", "y"] = "y") -> None:
    """Draw faint lines to read values off by."""
    axes.grid(axis=which, color="#e8e8e8", linewidth=0.6)
