"""Digits that mixtures have found, digits drawn from them, and the agreement with people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style
from mixot.types import Array

NAME = "digits"
MODELS = {
    "bernoulli": "products of Bernoulli variables, on black and white pixels",
    "gaussian": "Gaussians, on principal axes",
}
COLOURS = {
    "EM": style.BLUE,
    "EM, weights held": style.SKY,
    "Sinkhorn EM": style.GREEN,
    "scikit-learn": style.ORANGE,
    "k-means": style.GREY,
}
_SIDE, _GAP = 8, 1

CAPTION = style.Caption(
    position=81,
    title="Handwritten digits, found without their classes",
    shows=(
        "Left, the ten clusters of the likeliest fit of each model, in the order of the digits to "
        "which they are matched: their means in the first row, and digits drawn from the fitted "
        "mixture below. Right, the adjusted Rand index of every method from every start, with the "
        "median as a line; all methods of a panel have the same starts."
    ),
    falsified_by=(
        "Means that are no digits, or indices near zero. That some method lies above another is "
        "reported and not claimed: starts matter more than methods do."
    ),
    alternative="Two tables of small images of digits; beside each, columns of dots for methods.",
    claims=("U3",),
)


def make(results: Path) -> Figure:
    """Draw a row for each model."""
    series = read_series(results, NAME)
    models = [model for model in MODELS if f"{model} means" in series]
    if not models:
        return style.nothing("no digits were clustered")
    figure = style.new(2.5 * len(models))
    grid = figure.subplots(len(models), 2, squeeze=False, gridspec_kw={"width_ratios": [1.55, 1.0]})
    for (images, scores), model in zip(grid, models, strict=True):
        _draw_images(images, series[f"{model} means"], series[f"{model} samples"])
        images.set_title(MODELS[model])
        _draw_scores(scores, model, series)
    return figure


def _draw_images(axes: Axes, means: Array, samples: Array) -> None:
    """Draw means (10, 64) above samples (10, m, 64), a column for each digit."""
    rows = [means, *np.swapaxes(samples, 0, 1)]
    sheet = np.concatenate([_row(values) for values in rows], axis=0)
    axes.imshow(sheet, cmap="Greys", vmin=0.0, vmax=1.0, interpolation="none")
    axes.set_xticks((_SIDE + _GAP) * np.arange(len(means)) + 0.5 * _SIDE - 0.5)
    axes.set_xticklabels([str(digit) for digit in range(len(means))])
    axes.set_yticks((_SIDE + _GAP) * np.arange(len(rows)) + 0.5 * _SIDE - 0.5)
    axes.set_yticklabels(["mean", *["drawn"] * samples.shape[1]])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _row(values: Array) -> Array:
    """Return images (10, 64) side by side, each on its own scale from white to black."""
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    scaled = (values - low) / np.where(high > low, high - low, 1.0)
    padded = np.pad(scaled.reshape(-1, _SIDE, _SIDE), ((0, 0), (0, _GAP), (0, _GAP)))
    return np.concatenate(list(padded), axis=1)


def _draw_scores(axes: Axes, model: str, series: Mapping[str, Any]) -> None:
    """Draw a column of dots for each method."""
    methods = [str(name) for name in series[f"{model} methods"]]
    for place, (method, values) in enumerate(zip(methods, series[f"{model} rand"], strict=True)):
        colour = COLOURS.get(method, style.INK)
        spread = np.linspace(-0.18, 0.18, values.size) if values.size > 1 else np.zeros(1)
        axes.scatter(place + spread, values, s=13, color=colour, linewidths=0, alpha=0.8)
        axes.hlines(np.median(values), place - 0.3, place + 0.3, color=colour, linewidth=1.6)
    axes.set_xticks(range(len(methods)))
    axes.set_xticklabels([_broken(name) for name in methods])
    axes.set_ylabel("adjusted Rand index")
    axes.set_title(style.count(series[f"{model} rand"].shape[1], "start"))
    axes.set_xlim(-0.5, len(methods) - 0.5)
    axes.set_ylim(0.0, 1.0)
    style.grid_lines(axes)


def _broken(name: str) -> str:
    """Return the name of a method on two lines."""
    for old, new in ((", ", ",\n"), (" EM", "\nEM"), ("scikit-", "scikit-\n")):
        name = name.replace(old, new)
    return name
