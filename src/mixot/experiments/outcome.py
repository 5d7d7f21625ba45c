"""What an experiment leaves, and where it lies: records for the claims, series for the figures.

They are, records as in `mixot.evidence.records`, and series the same bytes each time:

    results/evidence/{experiment}/{problem}/{family}.jsonl
    results/evidence/{experiment}/series.npz
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mixot.evidence import records as evidence
from mixot.types import Array

SERIES = "series.npz"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.~-]*")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Records with their place (`at`), and arrays by name for whoever draws them.

    A record's problem is one setting of the experiment (a separation, a corpus), so that a claim
    can ask in how many of them it was looked at.
    """

    records: tuple[Mapping[str, Any], ...]
    series: Mapping[str, Array] = field(default_factory=dict)


def at(
    problem: str, family: str, found: Iterable[Mapping[str, Any]], seed: int = 0
) -> list[dict[str, Any]]:
    """Give records (`mixot.evidence.records.record`) their place; raises ValueError for a name."""
    for name in (problem, family):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a file; allowed: {_NAME.pattern}")
    return evidence.located(found, problem, family, seed)


def write(outcome: Outcome, results: Path, experiment: str) -> Path:
    """Write an outcome in the place of an earlier one, the series last; return their path."""
    folder = results / "evidence" / experiment
    shutil.rmtree(folder, ignore_errors=True)
    places: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in outcome.records:
        places.setdefault((one["problem"], one["family"]), []).append(one)
    for (problem, family), found in places.items():
        evidence.write(folder / problem / f"{family}.jsonl", found)
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / SERIES, folder / f".{os.getpid()}.npz"
    arrays: dict[str, Any] = dict(outcome.series)
    np.savez(partial, allow_pickle=False, **arrays)
    partial.replace(path)
    return path


def read_series(results: Path, experiment: str) -> dict[str, Array]:
    """Return the series of an experiment by name, none if it was not run."""
    path = results / "evidence" / experiment / SERIES
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
