"""Who of the peers takes part to the end, on a transport problem whose solution is known.

All of them make the same iterations, Sinkhorn's, whose error shrinks by a factor that the solution
determines (`coupling.linear_rate`). So a few timed iterations foretell how long a peer would take,
and those that have no chance need not be waited for. A setting is

- *measured*: it ran, and its plan has the error asked for;
- *short*: it ran and ended with a plan that has not, however tight its tolerance;
- *capped*: stopped at the cap, or not begun because it would need more than `_BEYOND` of it;
- *slower*: not begun because it would need much longer than one that had been measured, or stopped
  by the cap where another setting of the same peer would not be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mixot.benchmarks import transport_peers
from mixot.benchmarks.record import Outcome, UnavailableError
from mixot.benchmarks.remote import Remote
from mixot.benchmarks.timing import CapReachedError, limit
from mixot.benchmarks.transport_peers import OTT

# The error of a plan that counts as a solution.
ERROR = 1e-10
# Estimates are by an asymptotic rate, hence these allowances.
_BEYOND, _SLOWER = 1.25, 2.0
# Seconds that are always spent on finding out instead of estimating.
_LITTLE = 1.0
# Entries of the cost on which iterations are timed.
_ENTRIES = 1_000_000
# In the kernel domain, where the numbers may end before the solution, as many times the iterations
# that the rate asks for are made at most.
_ENOUGH = 4.0
# A tolerance is tightened by this, so often, while the error that it leaves is no larger than that.
_TIGHTER, _TIMES, _NEAR = 0.3, 3, 1e-8


@dataclass(slots=True)
class Rival:
    """A peer at one setting, in a process that it may share with the side's other settings.

    cap: seconds that a run may take; found: the latest answer; tightened: factor on its tolerance;
    foretold: seconds that it needs; most: iterations that it may make, None where only the cap
    ends it; least: seconds that short runs are repeated for.
    """

    side: str
    setting: str
    remote: Remote
    shape: tuple[int, int]
    epsilon: float
    cap: float
    found: Mapping[str, Any] = field(default_factory=dict)
    tightened: float = 1.0
    foretold: float = np.nan
    most: int | None = None
    least: float = 0.0

    def ask(self, question: str, shape: tuple[int, int] | None = None, **more: Any) -> Any:
        """Ask its process, about the problem of this shape if it is not its own."""
        self.remote.ask(
            question,
            side=self.side,
            setting=self.setting,
            shape=self.shape if shape is None else shape,
            epsilon=self.epsilon,
            **more,
        )

    def call(self, question: str, shape: tuple[int, int] | None = None, **more: Any) -> Any:
        """Ask and wait for the answer."""
        self.ask(question, shape, **more)
        return self.remote.answer()

    def run(self) -> float:
        """Solve and return the seconds; a tolerance that turns out too loose is tightened.

        Raises CapReachedError, and ends the process, where that takes too long.
        """
        for turn in range(_TIMES + 1):
            with limit(self.cap):
                seconds = self.call(
                    "solve",
                    error=ERROR,
                    most=self.most,
                    tightened=self.tightened,
                    least=self.least,
                )
            self.found = {"seconds": seconds, **self.call("judged")}
            if not ERROR < self.found["error"] <= _NEAR or turn == _TIMES:
                break
            self.tightened *= _TIGHTER
        return float(seconds)

    @property
    def reached(self) -> bool:
        """Whether the latest plan has the error asked for."""
        return bool(self.found) and self.found["error"] <= ERROR

    def outcome(self, ended: str, seconds: Sequence[float] = (), why: str = "") -> Outcome:
        """Return what became of it."""
        return Outcome(self.side, self.setting, tuple(seconds), ended, why)


def enter(
    shape: tuple[int, int], epsilon: float, cap: float, least: float = 0.0
) -> tuple[list[Rival], list[str]]:
    """Begin all rivals at once; return those that are there, and why others are not."""
    remotes = {
        side: Remote(transport_peers.__name__, {"OMP_NUM_THREADS": "1"})
        for side in transport_peers.SETTINGS
    }
    there, missing = [], []
    for side, remote in remotes.items():
        first = Rival(side, transport_peers.SETTINGS[side][0], remote, shape, epsilon, cap)
        first.ask("ready", _paced(shape))
    for side, remote in remotes.items():
        try:
            remote.answer()
        except UnavailableError as reason:
            missing.append(str(reason))
            remote.end()
            continue
        for setting in transport_peers.SETTINGS[side]:
            there.append(Rival(side, setting, remote, shape, epsilon, cap, least=least))
    return there, missing


def foretell(rivals: Sequence[Rival], iterations: float) -> None:
    """Time some iterations of each and set the seconds that it needs for so many.

    If the problem is large they are timed on fewer rows, which are never slower one by one.
    """
    log_domain = np.nan
    for rival in rivals:
        if rival.setting == "solve":
            # It calls the one before.
            rival.foretold = log_domain
            continue
        few = _paced(rival.shape)
        rival.call("ready", few)
        each = rival.call("pace", few) * rival.shape[0] / few[0]
        rival.foretold = log_domain = iterations * each
        if rival.setting == "kernel":
            rival.most = int(_ENOUGH * iterations) + 100


def _paced(shape: tuple[int, int]) -> tuple[int, int]:
    return min(shape[0], _ENTRIES // shape[1]), shape[1]


def first_runs(rivals: Sequence[Rival]) -> tuple[list[Rival], list[Outcome]]:
    """Run those that have a chance, the fastest first; return who reached the error, and the rest.

    Of OTT's two domains, which differ little in time, only the logarithmic one, in which nothing
    can break, takes part unless the other is much faster.
    """
    reached: list[Rival] = []
    rest: list[Outcome] = []
    paces = {rival.setting: rival.foretold for rival in rivals if rival.side == OTT}
    for rival in sorted(rivals, key=lambda one: one.foretold):
        needs = f"would need about {rival.foretold:.0f} s"
        fastest = min((one.found["seconds"] for one in reached), default=np.inf)
        if rival.foretold > _BEYOND * rival.cap:
            rest.append(rival.outcome("capped", (rival.cap,), needs))
            continue
        safer_there = rival.side == OTT and rival.setting == "kernel"
        if safer_there and rival.foretold > paces["log"] / _SLOWER:
            rest.append(rival.outcome("slower", (), "hardly faster than in the log domain"))
            continue
        if rival.foretold > max(_LITTLE, _SLOWER * fastest):
            rest.append(rival.outcome("slower", (), needs))
            continue
        ended = _first_run(rival)
        if ended is None:
            reached.append(rival)
        else:
            rest.append(ended)
    hopeful = {one.side for one in reached} | {one.side for one in rest if one.ended == "slower"}
    rest = [
        replace(one, seconds=(), ended="slower")
        if one.ended == "capped" and one.side in hopeful
        else one
        for one in rest
    ]
    return reached, rest


def _first_run(rival: Rival) -> Outcome | None:
    """Run once; return None if that reached the error, and what became of it otherwise."""
    rival.call("ready")
    try:
        rival.run()
    except CapReachedError:
        return rival.outcome("capped", (rival.cap,), f"not done after {rival.cap:g} s")
    except RuntimeError as error:
        return rival.outcome("failed", (), str(error))
    if rival.reached:
        return None
    made = rival.found["iterations"]
    why = f"left an error of {rival.found['error']:.1e} after {made} iterations"
    return rival.outcome("short", (), why)
