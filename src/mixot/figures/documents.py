"""Topics that a mixture finds in news, and how many of them help with news that it has not seen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixot.experiments import read_series
from mixot.figures import _style as style

NAME = "documents"
COUNTS, DIRECTIONS = "multinomial", "directions"
# As `mixot.experiments.documents` orders them.
SIZES = {"free": ("EM", style.BLUE, "o"), "equal": ("Sinkhorn EM, equal sizes", style.GREEN, "s")}

CAPTION = style.Caption(
    position=82,
    title="Topics of news, and how many of them are worth having",
    shows=(
        "Above, topics of the likeliest mixture of multinomials on 300 news documents, by size: "
        "the words that contribute most to the topic's divergence from the whole corpus. Below, "
        "the log-likelihood of 50 documents that were not used, over the number of topics, for "
        "each start and the median as a line: nats a word for counts, nats a document for "
        "directions. The dashed line is one topic alone."
    ),
    falsified_by=(
        "Words in a topic that have nothing to do with each other; medians that stay below the "
        "dashed line. Which of the two fits is better is reported and not claimed."
    ),
    alternative="A table of words in rows; two panels of dots and lines over the number of topics.",
    claims=("U4",),
)


def make(results: Path) -> Figure:
    """Draw the table and both panels."""
    series = read_series(results, NAME)
    if f"{COUNTS} held out" not in series:
        return style.nothing("no topics were fitted")
    words = series.get(f"{COUNTS} free words")
    figure = style.new(5.2 if words is not None else 2.6)
    if words is None:
        panels = figure.subplots(1, 2)
    else:
        grid = figure.add_gridspec(2, 2, height_ratios=[0.3 * len(words) + 0.3, 2.6])
        _draw_words(figure.add_subplot(grid[0, :]), words, series[f"{COUNTS} free weights"])
        panels = [figure.add_subplot(grid[1, column]) for column in range(2)]
    _draw_held_out(panels[0], series, COUNTS, "nats a word")
    _draw_held_out(panels[1], series, DIRECTIONS, "nats a document")
    panels[0].set_title("counts: mixture of multinomials")
    panels[1].set_title("directions: mixture of von Mises-Fisher laws")
    panels[0].legend(loc="best")
    return figure


def _draw_words(axes: Axes, words: Any, weights: Any) -> None:
    """Draw a row for each topic: its share as a bar, and its words."""
    n_topics = len(words)
    for row, (listed, share) in enumerate(zip(words, weights, strict=True)):
        axes.barh(row, 0.12 * share / weights.max(), height=0.62, color=style.BLUE, alpha=0.55)
        axes.text(0.125, row, f"{share:.0%}", va="center", color=style.GREY)
        axes.text(0.165, row, "  ".join(str(word) for word in listed), va="center")
    axes.set(xlim=(0.0, 1.0), ylim=(n_topics - 0.5, -0.5))
    axes.set_axis_off()
    axes.set_title(f"{n_topics} topics: share of the documents, and most telling words")


def _draw_held_out(axes: Axes, series: Mapping[str, Any], model: str, unit: str) -> None:
    topics = series["topics"]
    for (label, colour, marker), values in zip(
        SIZES.values(), series[f"{model} held out"], strict=True
    ):
        shift = 1.0 if marker == "o" else 1.04
        axes.plot(topics * shift, np.median(values, axis=1), color=colour, label=label)
        axes.plot(
            np.repeat(topics * shift, values.shape[1]),
            values.ravel(),
            marker,
            color=colour,
            markersize=2.8,
            alpha=0.55,
            markeredgewidth=0,
        )
    alone = float(series[f"{model} one topic"])
    axes.axhline(alone, color=style.INK, linewidth=1, dashes=(4, 3))
    axes.annotate(
        "one topic", (0.99, alone), xycoords=("axes fraction", "data"), ha="right", va="bottom"
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks(topics)
    axes.set_xticklabels([f"{int(number)}" for number in topics])
    axes.minorticks_off()
    axes.set_xlabel("number of topics")
    axes.set_ylabel(f"held-out log-likelihood\n({unit})")
    style.grid_lines(axes)
