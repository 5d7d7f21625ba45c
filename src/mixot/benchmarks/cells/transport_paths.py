"""How the marginal error falls with time and with sweeps, for every solver on a few problems.

Every point of a path is a run of its own that was limited to so many sweeps (iterations, for the
peers), and its plan is measured. OTT's is one run and its own record of errors, which are in the
same norm: each limit would be compiled anew. POT's `solve` is left out; it calls `sinkhorn_log`.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from mixot.benchmarks import coupling, rivalry
from mixot.benchmarks.record import OURS, Cell, Check, Effort, Measurement
from mixot.benchmarks.rivalry import ERROR, Rival
from mixot.benchmarks.timing import elapsed
from mixot.benchmarks.transport_peers import OTT, POT
from mixot.transport import TransportResult, solve

POSITION = 9
TITLE = "Marginal error that is left on the way, cell: n-K-epsilon"
NAMES = (OURS, f"{POT} kernel", f"{POT} log", f"{OTT} kernel", f"{OTT} log")
VALUES = {name: name for name in NAMES}

SAMPLES, COMPONENTS = 20_000, 10
EPSILONS = {"1": 1.0, "01": 0.1, "001": 0.01}
# Seconds for the longest run of a solver.
_LONGEST = 2.0
# Runs, of which the fastest counts, of those that take less than this.
_REPEATS, _SHORT = 3, 0.1

# Sweeps, seconds and error of each run, in three series.
Path = Mapping[str, Sequence[float]]


def measure(epsilon: float, effort: Effort) -> Measurement:
    """Follow every solver on one problem."""
    shape = (max(200, int(SAMPLES * effort.scale)), COMPONENTS)
    longest = min(_LONGEST, effort.cap)
    rivals, missing = rivalry.enter(shape, epsilon, effort.cap)
    try:
        paths = {OURS: our_path(coupling.draw(*shape, epsilon))}
        for rival in rivals:
            if rival.setting != "solve":
                follow = _ott_path if rival.side == OTT else _pot_path
                paths[f"{rival.side} {rival.setting}"] = follow(rival, longest)
    finally:
        for rival in rivals:
            rival.remote.end()
    left = {name: path["errors"][-1] for name, path in paths.items() if path["errors"]}
    holds = left[OURS] <= ERROR
    why = "" if holds else f"the marginal error of ours is {left[OURS]:.1e}"
    note = f"A peer's longest run has about {longest:g} s; what it left then is in the table."
    return Measurement(
        {"n": shape[0], "K": COMPONENTS, "epsilon": epsilon, "d": coupling.FEATURES},
        check=Check(holds, why, left),
        values={**left, "paths": paths},
        note="; ".join([note, *missing]),
    )


def our_path(problem: coupling.Coupling) -> Path:
    """Solve with one sweep, with two, and so on until nothing more is needed."""
    runs: dict[int, tuple[float, float, float]] = {}
    limit = 1
    while True:
        found: list[TransportResult] = []

        def work(limit: int = limit, found: list[TransportResult] = found) -> None:
            found[:] = [
                solve(
                    problem.cost, problem.a, problem.b, problem.epsilon, tol=ERROR, max_iter=limit
                )
            ]
            assert found[0].plan.size

        seconds = min(elapsed(work) for _ in range(_REPEATS))
        (result,) = found
        # The last pass is made whatever the limit, so that low ones may come to the same.
        sweeps = result.n_sweeps
        runs[sweeps] = (sweeps, seconds, coupling.judge(problem, result.plan).error)
        if result.converged or sweeps < limit:
            return _series(list(runs.values()))
        limit += 1


def _pot_path(rival: Rival, longest: float) -> Path:
    """Double the iterations until the error is reached, or the next run would take too long."""
    rival.call("ready")
    runs = []
    most = 1
    while True:
        seconds = rival.call("solve", error=0.0, most=most)
        if seconds < _SHORT:
            again = (rival.call("solve", error=0.0, most=most) for _ in range(_REPEATS - 1))
            seconds = min(seconds, *again)
        found = rival.call("judged")
        runs.append((found["iterations"], seconds, found["error"]))
        if found["error"] <= ERROR or found["iterations"] < most or seconds > longest / 2.0:
            return _series(runs)
        most *= 2


def _ott_path(rival: Rival, longest: float) -> Path:
    """Run once, for as long as there is; its errors came at even steps."""
    rival.call("ready")
    most = max(10, int(longest / rival.call("pace")) // 10 * 10)
    seconds = rival.call("solve", error=ERROR, most=most)
    errors = np.asarray(rival.call("judged")["errors"])
    steps = 10 * np.arange(1, errors.size + 1)
    # As many as a figure can show.
    shown = np.unique(np.geomspace(1, errors.size, 40).round().astype(int)) - 1
    each = seconds / steps[-1] if errors.size else 0.0
    return _series([(steps[at], each * steps[at], errors[at]) for at in shown if errors.size])


def _series(runs: Sequence[tuple[float, float, float]]) -> Path:
    columns = zip(*runs, strict=True)
    return {
        name: [float(value) for value in column]
        for name, column in zip(("sweeps", "seconds", "errors"), columns, strict=True)
    }


CELLS = tuple(
    Cell("transport_paths", f"{SAMPLES}-{COMPONENTS}-{name}", partial(measure, epsilon))
    for name, epsilon in EPSILONS.items()
)
