"""A race: contestants take turns, so that a machine that grows slower is unfair to nobody.

One warm-up round, then rounds in which everybody runs once, every other one in reverse order (which
cancels a linear drift); the median counts. A side may enter with several settings (numbers of BLAS
threads, say): those that the warm-up finds much slower than the side's best are left out, and the
fastest median of the rest is the side's result.

Time per iteration is the difference of two runs of unlike length, which takes out everything that
a run does once: checks of the input, the start, the last E-step.
"""

import contextlib
import gc
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from mixot.benchmarks.record import Effort, Outcome, UnavailableError

# A setting that takes this many times as long as its side's best one is out after the warm-up.
_HOPELESS = 1.5


class CapReachedError(Exception):
    """A run was stopped because it took longer than allowed."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A side at one setting; `run` returns the seconds of one run, which it measures itself.

    cap: seconds after which a run is stopped, or None.
    """

    side: str
    setting: str
    run: Callable[[], float]
    cap: float | None = None


@dataclass(slots=True)
class _Lane:
    """A contestant with what has become of it so far."""

    contestant: Contestant
    seconds: list[float] = field(default_factory=list)
    ended: str = "measured"
    why: str = ""

    def turn(self) -> None:
        """Run once, unless an earlier run has ended this lane."""
        if self.ended != "measured":
            return
        cap = self.contestant.cap
        try:
            with limit(cap):
                self.seconds.append(self.contestant.run())
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
    began = {}
    for lane in lanes:
        start = time.perf_counter()
        lane.turn()
        began[id(lane)] = time.perf_counter() - start
    if not keep_all:
        _leave_out(lanes)
    patient = [lane for lane in lanes if began[id(lane)] <= effort.patience]
    for lane in patient:
        if lane.ended == "measured" and began[id(lane)] <= effort.settled:
            lane.seconds.clear()
    for round_ in range(effort.repeats):
        for lane in patient if round_ % 2 == 0 else reversed(patient):
            if len(lane.seconds) < effort.repeats:
                lane.turn()
    for lane in lanes:
        if lane.ended == "measured" and lane.outcome.median <= 0.0:
            lane.ended, lane.why = "failed", "the longer run took no longer than the shorter one"
    return tuple(lane.outcome for lane in lanes)


def _leave_out(lanes: Sequence[_Lane]) -> None:
    """End the lanes whose warm-up is far behind that of their side's best setting."""
    running = [lane for lane in lanes if lane.ended == "measured"]
    first = {id(lane): lane.seconds[0] for lane in running}
    for lane in running:
        side = [first[id(one)] for one in running if one.contestant.side == lane.contestant.side]
        # A difference of two runs that is not positive is noise, and no measure for others.
        if min(side) > 0.0 and first[id(lane)] > _HOPELESS * min(side):
            lane.ended, lane.why = "slower", "left out after the warm-up"


def elapsed(work: Callable[[], Any]) -> float:
    """Return the seconds that `work` takes, without garbage collections in between."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    finally:
        if was_enabled:
            gc.enable()


def per_iteration(solve: Callable[[int], Any], low: int, high: int, times: int = 1) -> float:
    """Return the seconds of one iteration: `solve(high)` less `solve(low)`, the mean of `times`."""
    total = 0.0
    for _ in range(times):
        short = elapsed(lambda: solve(low))
        total += elapsed(lambda: solve(high)) - short
    return total / times / (high - low)


def length_of_run(
    solve: Callable[[int], Any], slot: float, low: int, bounds: tuple[int, int] = (3, 40)
) -> int:
    """Return the iterations beyond `low` that last about `slot` seconds, within bounds."""
    short = elapsed(lambda: solve(low))
    each = max((elapsed(lambda: solve(low + 3)) - short) / 3, 1e-6)
    return min(max(math.ceil(slot / each), bounds[0]), bounds[1])


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
