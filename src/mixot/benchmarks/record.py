"""What a cell leaves behind: times of every contestant, the check of equal work, and targets."""

import json
import math
import os
import statistics
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# The side that the targets speak of; the others are its peers.
OURS = "mixot"


class UnavailableError(Exception):
    """A peer or a part of the package that is not installed: recorded as such, never made up."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure.

    scale: factor on the number of samples; repeats, turns: measurements, and turns in which they
    are taken, that a contestant needs after the warm-up; slot: seconds that the work of one turn
    should at least take; settled: a warm-up of more seconds than this counts as a turn, since
    nothing was cold for long; patience: one of more seconds than this is the only one; cap: the
    most seconds that one run of a peer may take.
    """

    scale: float
    repeats: int
    slot: float
    settled: float
    patience: float
    cap: float
    turns: int = 3

    def samples(self, number: int) -> int:
        """Scale a number of samples, to no fewer than determine 16 covariances of 32 columns."""
        return max(min(number, 5000), int(number * self.scale))


FULL = Effort(scale=1.0, repeats=5, slot=0.3, settled=2.0, patience=15.0, cap=60.0)
SMALL = Effort(scale=0.01, repeats=2, slot=0.0, settled=2.0, patience=2.0, cap=5.0, turns=2)
EFFORTS = {"full": FULL, "small": SMALL}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The times of one contestant: a side at one setting.

    ended: measured; slower (the warm-up of a setting that was then left out); capped (seconds is
    the cap); short (it did not solve the problem), failed or unavailable, for which `why` gives
    the reason.
    """

    side: str
    setting: str
    seconds: tuple[float, ...] = ()
    ended: str = "measured"
    why: str = ""

    @property
    def median(self) -> float:
        """Median in seconds, NaN without a measurement."""
        return statistics.median(self.seconds) if self.seconds else math.nan

    @property
    def spread(self) -> float:
        """Half the range relative to the median, NaN without a measurement."""
        if not self.seconds:
            return math.nan
        return (max(self.seconds) - min(self.seconds)) / 2 / abs(self.median)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the sides did the same work, and the numbers that say so."""

    holds: bool
    why: str
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on one of a measurement's values; sense is ">=" or "<="."""

    value: str
    sense: str
    bound: float

    def met(self, values: Mapping[str, Any]) -> bool:
        """Say whether the value is there and within the bound."""
        found = values.get(self.value)
        if found is None or not math.isfinite(found):
            return False
        return bool(found >= self.bound if self.sense == ">=" else found <= self.bound)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a cell returns.

    parameters: the problem; values: numbers (or series of them) derived from the outcomes;
    note: what a reader has to know beside them.
    """

    parameters: Mapping[str, Any]
    outcomes: Sequence[Outcome] = ()
    check: Check | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    targets: Sequence[Target] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison: the group that it is reported with, its name there, and how to measure it."""

    group: str
    name: str
    measure: Callable[[Effort], Measurement]

    @property
    def place(self) -> str:
        """Group and name, which are also its path."""
        return f"{self.group}/{self.name}"


def run(cell: Cell, effort: Effort) -> dict[str, Any]:
    """Measure a cell; whatever happens becomes a record.

    Its status is measured, invalid (unequal work), failed, or unavailable.
    """
    record: dict[str, Any] = {"group": cell.group, "cell": cell.name, "effort": asdict(effort)}
    began = time.perf_counter()
    try:
        measured = cell.measure(effort)
    except UnavailableError as reason:
        return {**record, **_since(began), "status": "unavailable", "why": str(reason)}
    except Exception as error:
        return {
            **record,
            **_since(began),
            "status": "failed",
            "why": f"{type(error).__name__}: {error}",
            "traceback": traceback.format_exc(),
        }
    record |= _since(began)
    status, why = _verdict(measured)
    content = asdict(measured)
    for outcome, plain in zip(measured.outcomes, content["outcomes"], strict=True):
        plain |= {"median": outcome.median, "spread": outcome.spread}
    content["targets"] = [
        {**asdict(target), "met": status == "measured" and target.met(measured.values)}
        for target in measured.targets
    ]
    return {**record, "status": status, "why": why, **content}


def _since(began: float) -> dict[str, float]:
    return {"wall_seconds": time.perf_counter() - began}


def _verdict(measured: Measurement) -> tuple[str, str]:
    mine = [outcome for outcome in measured.outcomes if outcome.side == OURS]
    broken = [outcome for outcome in mine if outcome.ended in ("failed", "unavailable")]
    if broken:
        return broken[0].ended, broken[0].why
    if measured.check is not None and not measured.check.holds:
        return "invalid", measured.check.why
    return "measured", ""


def best(outcomes: Sequence[Outcome], side: str) -> Outcome | None:
    """Return the fastest measured setting of a side, else its fastest capped one, else None."""
    for ending in ("measured", "capped"):
        found = [one for one in outcomes if one.side == side and one.ended == ending]
        if found:
            return min(found, key=lambda one: one.median)
    return None


def speedup(outcomes: Sequence[Outcome], peer: str, side: str = OURS) -> float:
    """Return how many times as long the peer's best setting takes as the side's; NaN if unknown.

    It is a lower bound where the peer was capped.
    """
    theirs, mine = best(outcomes, peer), best(outcomes, side)
    if theirs is None or mine is None or mine.ended != "measured":
        return math.nan
    return theirs.median / mine.median


def geometric_mean(values: Sequence[float]) -> float:
    """Geometric mean of positive numbers, NaN of none or where one is not a positive number."""
    if not values or not all(value > 0.0 for value in values):
        return math.nan
    return math.exp(statistics.fmean(math.log(value) for value in values))


def write(path: Path, content: Any) -> None:
    """Write JSON, complete or not at all; what is not a finite number becomes null."""
    text = json.dumps(_plain(content), indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _plain(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if hasattr(content, "tolist"):
        return _plain(content.tolist())
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
