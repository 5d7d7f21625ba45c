"""How much is left to gain: certificates along weight-EM, and two rules that end a fit."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

# Grids of components, whose best weights are mostly zero, are the hardest of the scenes.
PREFERRED = ("waiting-grid", "deaths-grid", "overlapping", "faithful", "wine")
# Below this differences of objectives are round-off.
_LEAST = 1e-15

CAPTION = style.Caption(
    position=30,
    title="Knowing when to stop",
    shows=(
        "Left: weights of fixed components along weight-EM. The true sub-optimality (black) stays "
        "between two numbers that one E-step gives (shaded): KL(π̂ | π) below, log max D above. "
        "Right: EM on the deaths in The Times. The last decrease (grey) lies two orders of "
        "magnitude below what remains of the objective (black), which the library's certificate "
        "(orange, dashed) projects; vertical lines say where two rules end the fit."
    ),
    falsified_by=(
        "A black curve that leaves the shaded band on the left, or a projection on the right that "
        "does not settle on the black curve."
    ),
    alternative=(
        "Two panels with logarithmic axes: a falling curve inside a band, and three falling "
        "curves, of which the lowest is about a hundred times below the other two."
    ),
    claims=("N3", "N6"),
)


def make(results: Path) -> Figure:
    """Draw one scene of weight-EM, and the slowest fit."""
    weights = read_series(results, "certified_weights")
    fits = read_series(results, "stopping")
    scene = next((name for name in PREFERRED if f"{name} actual" in weights), None)
    if scene is None or "remaining" not in fits:
        return style.nothing("the experiments certified_weights and stopping were not both run")
    figure = style.new(3.9)
    left, right = figure.subplots(1, 2)
    _draw_bounds(left, scene, weights)
    _draw_rules(right, fits)
    return figure


def _draw_bounds(axes: Axes, scene: str, series: dict[str, Array]) -> None:
    at = series["iterations"] + 1.0
    lower, actual, upper = (
        np.maximum(series[f"{scene} {kind}"], _LEAST) for kind in ("lower", "actual", "upper")
    )
    axes.fill_between(at, lower, upper, color=style.SKY, alpha=0.3, linewidth=0)
    axes.plot(at, upper, color=style.BLUE, linewidth=1)
    axes.plot(at, lower, color=style.BLUE, linewidth=1)
    axes.plot(at, actual, color=style.INK, linewidth=1.8)
    axes.set(xscale="log", yscale="log", xlim=(at[0], at[-1]))
    for curve, text, colour, share, lift in (
        (upper, "log max D", style.BLUE, 0.6, 6),
        (actual, "NLL(π) - min NLL", style.INK, 0.4, -12),
        (lower, "KL(π̂ | π)", style.BLUE, 0.65, 6),
    ):
        place = int(np.searchsorted(at, at[-1] ** share))
        axes.annotate(
            text,
            (at[place], curve[place]),
            xytext=(4, lift),
            textcoords="offset points",
            color=colour,
            va="bottom" if lift > 0 else "top",
        )
    axes.set_xlabel("E-steps")
    axes.set_ylabel("nats per observation")
    axes.set_title(f"Weights alone, {style.title(scene.replace('-', ' '))}")
    style.grid_lines(axes, "both")


def _draw_rules(axes: Axes, series: dict[str, Array]) -> None:
    steps = np.arange(1, series["remaining"].size + 1)
    curves = (
        ("remaining", "what remains", style.INK, "-", 1.8),
        ("projected", "projected by the library", style.ORANGE, (0, (3, 2)), 1.4),
        ("decrease", "last decrease", style.GREY, "-", 1.2),
    )
    for name, label, colour, line, width in curves:
        values = np.where(series[name] > _LEAST, series[name], np.nan)
        axes.plot(steps, values, color=colour, linestyle=line, linewidth=width, label=label)
    axes.set(yscale="log", xlim=(1, steps[-1] * 1.03))
    rules = ("projected distance", "last decrease")
    for stop, rule in zip(series["stops"], rules, strict=True):
        axes.axvline(stop, color=style.GREEN, linewidth=1, zorder=0)
        axes.annotate(
            rule,
            (stop, 0.98),
            xycoords=("data", "axes fraction"),
            xytext=(-3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="top",
            color=style.GREEN,
            fontsize=7.5,
        )
    axes.legend(loc="lower left")
    axes.set_xlabel("iteration")
    axes.set_ylabel("nats per observation")
    tol, rate = float(series["tol"][0]), float(series["rate"][0])
    axes.set_title(f"The Times deaths: rate {rate:.4f}, tolerance {tol:.0e}")
    style.grid_lines(axes)
