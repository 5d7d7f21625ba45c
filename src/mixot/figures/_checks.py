"""Every check of some claims on one axis: what was recorded, over its bound, and the controls.

A row is a part of a claim. Dots are its records, over the bound (or the bound over them, where the
bound is to be reached), so that left of 1 is right; crosses are the same under the deliberate
mistakes, which belong on the other side. What is exactly zero is drawn at the left edge.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mixot.figures import _style as style
from mixot.types import Array

# Decades to either side of the bound; what lies farther is drawn at the edge.
_LEFT, _RIGHT = -8.0, 14.0
_ROW = 0.17


@dataclass(frozen=True, slots=True)
class Check:
    """A gated part: its claim and words, and records and controls as log10 over the bound."""

    claim: str
    what: str
    records: Array
    controls: Array


def caption(position: int, title: str, claims: Sequence[str]) -> style.Caption:
    """Return the caption of such a figure of some claims."""
    return style.Caption(
        position=position,
        title=title,
        shows=(
            "Every record of every part of these claims, divided by its bound: one dot a problem, "
            "family, seed and state. Crosses are the negative controls, the same quantities under "
            "a deliberate mistake. Zeros and what lies beyond the axis stand at its edges."
        ),
        falsified_by="A dot to the right of 1. A part without a cross to the right proves less.",
        alternative="Rows of dots left of the line at 1 and crosses right of it.",
        claims=tuple(claims),
    )


def make(results: Path, claims: Sequence[str]) -> Figure:
    """Draw the checks of the claims that were judged."""
    found = checks(results, claims)
    if not found:
        return style.nothing("none of these claims was judged")
    figure = style.new(0.9 + _ROW * len(found))
    axes = figure.subplots()
    for row, check in enumerate(found):
        colour = style.SERIES[claims.index(check.claim) % 4]
        for values, marker, shade, size in (
            (check.controls, "x", style.FAINT, 10),
            (check.records, "o", colour, 7),
        ):
            at = np.clip(values, _LEFT, _RIGHT)
            axes.scatter(
                at,
                np.full(at.size, row),
                s=size,
                marker=marker,
                color=shade,
                alpha=0.5,
                linewidths=0.8 if marker == "x" else 0,
                rasterized=True,
            )
    axes.axvline(0.0, color=style.INK, linewidth=1.0)
    axes.set_yticks(range(len(found)), [f"{one.claim}  {one.what}" for one in found], fontsize=7)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlim(_LEFT - 0.4, _RIGHT + 0.4)
    ticks = np.arange(_LEFT, _RIGHT + 1.0, 2.0)
    axes.set_xticks(ticks, ["1" if tick == 0.0 else f"$10^{{{tick:.0f}}}$" for tick in ticks])
    axes.set_xlabel("over the bound: dots what was recorded, crosses what a mistake gives")
    style.grid_lines(axes, "x")
    return figure


def checks(results: Path, claims: Sequence[str]) -> list[Check]:
    """Return the gated parts of the claims that were judged, in their order."""
    judged = [_read(results / "claims" / f"{name}.json") for name in claims]
    records = _records(results, claims)
    found = []
    for claim in judged:
        for part in claim.get("parts", ()):
            if part["tolerance"] is None:
                continue
            mine = [r for r in records[claim["id"]] if r["quantity"] == part["quantity"]]
            of_controls = [v for r in mine for v in (r["control"] or {}).values()]
            found.append(
                Check(
                    claim["id"],
                    part["quantity"],
                    _over((record["statistic"] for record in mine), part),
                    _over(of_controls, part),
                )
            )
    return found


def _over(values: Iterable[float | None], part: Mapping[str, Any]) -> Array:
    """Return log10 of values over the bound, or of the bound over them where it is a least one."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    with np.errstate(divide="ignore"):
        ratio = np.log10(np.maximum(known, 0.0)) - np.log10(part["tolerance"])
    return -ratio if part["sense"] == "at least" else ratio


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _records(results: Path, claims: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in claims}
    for path in sorted((results / "evidence").glob("*/*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["claim"] in found:
                found[record["claim"]].append(record)
    return found
