"""A race: contestants take turns, so that a machine that grows slower is unfair to nobody.

One warm-up round, then rounds in which everybody has a turn, every other one in reverse order
(which cancels a linear drift); the median counts. A side may enter with several settings (numbers
of BLAS threads, say): those that the warm-up finds much slower than the side's best are left out,
and the fastest median of the rest is the side's result.

An iteration is timed from the end of the one before to its own, as a run passes by: what a run does
once (checks of the input, the start, the last E-step) is in none of them. Long iterations are
measurements one by one; shorter ones are averaged over a third of a slot, so that on both sides of
a comparison one measurement lasts about as long.
"""

import contextlib
import gc
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, TypeVar

from mixot.benchmarks.record import Effort, Outcome, UnavailableError
from mixot.benchmarks.solution import Solve

Setting = TypeVar("Setting")

# A setting that takes this many times as long as its side's best one is out after the warm-up.
_HOPELESS = 1.25
# A measurement lasts at least this part of a slot.
PART = 1 / 3
# Slots after which a turn ends although what it is to time has not filled one.
_SLOTS = 3.0


class CapReachedError(Exception):
    """A run was stopped because it took longer than allowed."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A side at one setting; `run` returns the seconds that one turn measures, one or several.

    cap: seconds after which a run is stopped, or None; most: turns that it has at most, the warm-up
    among them, or None.
    """

    side: str
    setting: str
    run: Callable[[], float | Sequence[float]]
    cap: float | None = None
    most: int | None = None


@dataclass(slots=True)
class _Lane:
    """A contestant with what has become of it so far; began: seconds of its warm-up."""

    contestant: Contestant
    seconds: list[float] = field(default_factory=list)
    turns: int = 0
    began: float = 0.0
    ended: str = "measured"
    why: str = ""

    def warm_up(self) -> None:
        """Have the first turn."""
        start = time.perf_counter()
        self.turn()
        self.began = time.perf_counter() - start

    def forget(self, effort: Effort) -> None:
        """Forget the warm-up unless it was long, or all that there will be."""
        if self.began <= min(effort.settled, effort.patience) and self.contestant.most is None:
            self.seconds, self.turns = [], 0

    def due(self, effort: Effort) -> bool:
        """Say whether it takes part in the next round."""
        most = self.contestant.most
        if self.ended != "measured" or (most is not None and self.turns >= most):
            return False
        if self.began > effort.patience:
            return False
        return self.turns < effort.turns or len(self.seconds) < effort.repeats

    def turn(self) -> None:
        """Run once."""
        cap = self.contestant.cap
        self.turns += 1
        try:
            with limit(cap):
                found = self.contestant.run()
            self.seconds += [found] if isinstance(found, float | int) else found
        except CapReachedError:
            self.ended, self.why, self.seconds = "capped", f"not done after {cap:g} s", [cap or 0.0]
        except UnavailableError as reason:
            self.ended, self.why, self.seconds = "unavailable", str(reason), []
        except Exception as error:
            self.ended, self.why, self.seconds = "failed", f"{type(error).__name__}: {error}", []

    @property
    def outcome(self) -> Outcome:
        one = self.contestant
        return Outcome(one.side, one.setting, tuple(self.seconds), self.ended, self.why)


def race(
    contestants: Sequence[Contestant], effort: Effort, *, keep_all: bool = False
) -> tuple[Outcome, ...]:
    """Return the outcome of every contestant, in their order.

    keep_all: leave no setting out after the warm-up, for when the settings are what is compared.
    """
    lanes = [_Lane(contestant) for contestant in contestants]
    for lane in lanes:
        lane.warm_up()
    if not keep_all:
        _leave_out(lanes)
    for lane in lanes:
        if lane.ended == "measured":
            lane.forget(effort)
    forward = True
    while any(lane.due(effort) for lane in lanes):
        for lane in lanes if forward else reversed(lanes):
            if lane.due(effort):
                lane.turn()
        forward = not forward
    return tuple(lane.outcome for lane in lanes)


def _leave_out(lanes: Sequence[_Lane]) -> None:
    """End the lanes whose warm-up is far behind that of their side's best setting."""
    first = {id(lane): lane.outcome.median for lane in lanes if lane.ended == "measured"}
    for lane in lanes:
        rivals = [
            first[id(one)]
            for one in lanes
            if id(one) in first and one.contestant.side == lane.contestant.side
        ]
        if id(lane) in first and first[id(lane)] > _HOPELESS * min(rivals):
            lane.ended, lane.why = "slower", "left out after the warm-up"


def fastest(settings: Sequence[Setting], work: Callable[[Setting], Any]) -> Setting:
    """Return the setting at which the work takes the least time, the better of two runs each."""
    seconds = [min(elapsed(partial(work, one)) for _ in range(2)) for one in settings]
    return settings[seconds.index(min(seconds))]


def iterations(solve: Solve, n_iter: int, first: int, slot: float) -> list[float]:
    """Return measurements of the seconds of one iteration, from runs that fill a slot.

    Every run makes n_iter iterations, of which the first ones do not count. Raises UnavailableError
    if a run does not tell when its iterations ended.
    """
    lengths: list[float] = []
    began = time.perf_counter()
    while True:
        with undisturbed():
            solution = solve(n_iter)
        lengths += solution.lengths(first)
        if sum(lengths) >= slot or time.perf_counter() - began >= _SLOTS * slot:
            return averaged(lengths, PART * slot)


def averaged(lengths: Sequence[float], least: float) -> list[float]:
    """Return the means of consecutive lengths in groups that together last at least so long.

    What is left over belongs to the last group.
    """
    groups: list[list[float]] = [[]]
    for length in lengths:
        if sum(groups[-1]) >= least and groups[-1]:
            groups.append([])
        groups[-1].append(length)
    if len(groups) > 1 and sum(groups[-1]) < least:
        left_over = groups.pop()
        groups[-1] += left_over
    return [sum(group) / len(group) for group in groups]


def elapsed(work: Callable[[], Any]) -> float:
    """Return the seconds that `work` takes, without garbage collections in between."""
    with undisturbed():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start


def repeated(work: Callable[[], Any], least: float) -> float:
    """Return the mean seconds of so many runs of `work` as together last at least `least` seconds.

    One run in a cold cache, which a garbage collection leaves, says more about the cache.
    """
    with undisturbed():
        start, count, passed = time.perf_counter(), 0, 0.0
        while count == 0 or passed < least:
            work()
            count, passed = count + 1, time.perf_counter() - start
    return passed / count


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Collect garbage before the block and none in it."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def length_of_run(iteration: float, slot: float, bounds: tuple[int, int]) -> int:
    """Return how many iterations of so many seconds last about a slot, within bounds."""
    return min(max(math.ceil(slot / max(iteration, 1e-6)), bounds[0]), bounds[1])


@contextlib.contextmanager
def limit(seconds: float | None) -> Iterator[None]:
    """Raise CapReachedError in the block once it has taken this long; main thread only.

    It comes between two instructions of Python: a single long call of compiled code ends first.
    """
    if seconds is None:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise CapReachedError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
