"""Entropic transport to one measured marginal error, beside POT's and OTT's Sinkhorn.

Every side is timed to its plan, short runs by the mean of many, and every plan is measured by the
same few lines. A peer counts where its plan has the error asked for within the cap; see `rivalry`
for who is run to the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mixot.benchmarks import coupling, rivalry
from mixot.benchmarks.record import (
    OURS,
    Cell,
    Check,
    Effort,
    Measurement,
    Outcome,
    geometric_mean,
    speedup,
)
from mixot.benchmarks.rivalry import ERROR
from mixot.benchmarks.timing import PART, Contestant, race, repeated
from mixot.benchmarks.transport_peers import OTT, POT
from mixot.transport import TransportResult, solve

POSITION = 8
TITLE = "Entropic transport to a measured marginal error of 1e-10, cell: n-K-epsilon"
VALUES = {
    "speedup": "times as fast as the fastest that reaches it",
    "sweeps": "sweeps",
    "iterations": "iterations of Sinkhorn's by its linear rate",
}

SAMPLES = (2_000, 20_000, 200_000)
COMPONENTS = (5, 10, 50, 200)
EPSILONS = {"1": 1.0, "01": 0.1, "001": 0.01}
# Seconds that a peer has for a problem.
CAP = 30.0
# Seconds: what takes longer than this is run once.
_PATIENCE = 0.7
# What the geometric mean of the ratios should reach.
TOGETHER = 20.0
# Relative to the larger of 1 and the value.
_SAME_VALUE = 1e-9


def measure(n_samples: int, n_components: int, epsilon: float, effort: Effort) -> Measurement:
    """Race one problem."""
    effort = replace(
        effort,
        repeats=min(effort.repeats, 3),
        settled=_PATIENCE,
        patience=_PATIENCE,
        cap=min(effort.cap, CAP),
    )
    shape = (max(200, int(n_samples * effort.scale)), n_components)
    least = PART * effort.slot
    rivals, missing = rivalry.enter(shape, epsilon, effort.cap, least)
    try:
        problem = coupling.draw(*shape, epsilon)
        mine = ours(problem)
        judged = coupling.judge(problem, mine.plan)
        rate = coupling.linear_rate(problem, mine.plan)
        iterations = max(float(np.log(ERROR) / np.log(rate)), 1.0)
        rivalry.foretell(rivals, iterations)
        reached, rest = rivalry.first_runs(rivals)
        quick = [one for one in reached if one.found["seconds"] <= _PATIENCE]
        slow = [one for one in reached if one not in quick]
        outcomes = race(
            [
                Contestant(OURS, "default", lambda: repeated(lambda: ours(problem), least)),
                *(Contestant(one.side, one.setting, one.run) for one in quick),
            ],
            effort,
            keep_all=True,
        )
    finally:
        for rival in rivals:
            rival.remote.end()
    once = [one.outcome("measured", (one.found["seconds"],)) for one in slow]
    outcomes = (*outcomes, *once, *rest)
    names = {f"{one.side}, {one.setting}": one.found for one in reached}
    return Measurement(
        {"n": shape[0], "K": n_components, "epsilon": epsilon, "d": coupling.FEATURES},
        outcomes,
        check(judged, names),
        {
            "speedup": over_fastest(outcomes),
            "sweeps": mine.n_sweeps,
            "iterations": round(iterations),
            "rate": rate,
            "scale": float(problem.cost.mean()),
            "reached": judged.error <= ERROR,
        },
        note="; ".join(missing),
    )


def ours(problem: coupling.Coupling) -> TransportResult:
    """Solve as users do, and make the plan, which the peers do too."""
    result = solve(problem.cost, problem.a, problem.b, problem.epsilon, tol=ERROR)
    assert result.plan.size
    return result


def check(mine: coupling.Judgement, theirs: Mapping[str, Mapping[str, Any]]) -> Check:
    """Check that our plan has the error, and that plans of the same error have the same value."""
    numbers = {"error": mine.error, "value": mine.value}
    allowed = _SAME_VALUE * max(1.0, abs(mine.value))
    why = "" if mine.error <= ERROR else f"the marginal error of ours is {mine.error:.1e}"
    for name, found in theirs.items():
        difference = abs(found["value"] - mine.value)
        numbers |= {f"error of {name}": found["error"], f"value of {name}": found["value"]}
        if not difference <= allowed and not why:
            why = f"{name} ends at a value that differs by {difference:.1e}"
    return Check(not why, why, numbers)


def over_fastest(outcomes: Sequence[Outcome]) -> float:
    """Return how many times as long the fastest peer takes that reaches the error, NaN of none."""
    ran = [one for one in outcomes if one.ended == "measured"]
    ratios = [speedup(ran, side) for side in (POT, OTT)]
    return min((ratio for ratio in ratios if np.isfinite(ratio)), default=np.nan)


def overview(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, str]]:
    """Return (what, value, target) for the means of the ratios and the counts of failures."""
    measured = [one for one in records if one["status"] == "measured"]

    def mean(chosen: Sequence[Mapping[str, Any]], where: str, target: str) -> Any:
        ratios = [one["values"]["speedup"] for one in chosen]
        known = [ratio for ratio in ratios if ratio is not None and np.isfinite(ratio)]
        what = f"geometric mean{where}, {len(known)} cells in which a peer reaches the error"
        return what, geometric_mean(known), target

    lines = [mean(measured, "", f">= {TOGETHER:g}")]
    for epsilon in EPSILONS.values():
        same = [one for one in measured if one["parameters"]["epsilon"] == epsilon]
        lines.append(mean(same, f" at epsilon {epsilon:g}", ""))
    lines.append((f"cells of {len(records)} in which {OURS} does not", _failed(records), "<= 0"))
    alone = [one for one in measured if not _ended(one, "measured", (POT, OTT))]
    lines.append(("cells in which no peer does", len(alone), ""))
    for side in (POT, OTT):
        late = [
            one
            for one in measured
            if _ended(one, "capped", (side,))
            and not _ended(one, "measured", (side,))
            and not _ended(one, "slower", (side,))
        ]
        lines.append((f"cells in which {side} does not within {CAP:g} s", len(late), ""))
    wrong = [one for one in measured if _ended(one, "short", (POT, OTT))]
    lines.append(("cells in which a peer returns a plan without it", len(wrong), ""))
    return lines


def _failed(records: Sequence[Mapping[str, Any]]) -> int:
    return sum(not one.get("values", {}).get("reached", False) for one in records)


def _ended(record: Mapping[str, Any], ending: str, sides: Sequence[str]) -> bool:
    return any(one["ended"] == ending and one["side"] in sides for one in record["outcomes"])


CELLS = tuple(
    Cell("transport", f"{n}-{k}-{name}", partial(measure, n, k, epsilon))
    for n in SAMPLES
    for k in COMPONENTS
    for name, epsilon in EPSILONS.items()
)
