"""One piece of evidence, and how it lies on disk.

A record says which claim and quantity it bears on, where (problem, family, seed, epsilon, state),
what came out, and which code stands on the left and on the right of the comparison. The library is
on the left; on the right stands something that shares no code with it. `control` holds the same
statistic under deliberate mistakes, null where a mistake does not apply.

File: results/evidence/{experiment}/{problem}/{family}.jsonl, a record a line, keys sorted.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from mixot.types import Array


class Sides(TypedDict, total=False):
    """What several records have in common; unpack it into `record`."""

    state: str
    left: str
    right: str
    notes: str


def record(
    claim: str,
    quantity: str,
    statistic: float,
    *,
    state: str,
    left: str,
    right: str,
    epsilon: float = 1.0,
    control: Mapping[str, float] | None = None,
    notes: str = "",
) -> dict[str, Any]:
    """Build a record, without its place (`located` adds that); non-finite numbers become null."""
    return {
        "claim": claim,
        "quantity": quantity,
        "statistic": _plain(statistic),
        "epsilon": float(epsilon),
        "state": state,
        "left": left,
        "right": right,
        "control": {k: _plain(v) for k, v in control.items()} if control is not None else None,
        "notes": notes,
    }


def located(
    records: Iterable[Mapping[str, Any]], problem: str, family: str, seed: int
) -> list[dict[str, Any]]:
    """Add problem, family and seed to records."""
    return [{**r, "problem": problem, "family": family, "seed": seed} for r in records]


def difference(left: float | Array, right: float | Array) -> float:
    """Return the largest |left - right| / max(1, |right|) over entries; a NaN stays one."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if a.shape != b.shape:
        return math.nan
    return float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)), initial=0.0))


def excess(smaller: float, larger: float) -> float:
    """Return by how much smaller <= larger is violated, over max(1, |larger|)."""
    violation = float(np.maximum(0.0, smaller - larger))  # unlike max, keeps NaN
    return violation / max(1.0, abs(larger))


def write(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write records to `path`, complete or not at all; the same records give the same bytes."""
    lines = [json.dumps(r, sort_keys=True, allow_nan=False) + "\n" for r in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(lines), encoding="utf-8")
    temporary.replace(path)


def read_all(results: Path, claim: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all records of `claim` under results/evidence, and the files that hold them."""
    found: list[dict[str, Any]] = []
    paths: list[str] = []
    for path in sorted((results / "evidence").glob("*/*/*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        mine = [r for r in map(json.loads, lines) if r["claim"] == claim]
        if mine:
            found += mine
            paths.append(path.relative_to(results).as_posix())
    return found, paths


def _plain(value: float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
