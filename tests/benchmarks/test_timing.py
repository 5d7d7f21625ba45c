"""The race with contestants whose times are made up."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from mixot.benchmarks import timing
from mixot.benchmarks.record import OURS, Effort, UnavailableError, best, speedup
from mixot.benchmarks.timing import (
    CapReachedError,
    Contestant,
    length_of_run,
    limit,
    per_iteration,
    race,
)

EFFORT = Effort(scale=1.0, repeats=5, slot=0.0, settled=10.0, patience=10.0, cap=1.0)


class Clock:
    """Contestants that read their times from lists, and note when it is their turn."""

    def __init__(self) -> None:
        self.turns: list[str] = []

    def contestant(self, side, setting, *seconds):
        left = list(seconds)

        def run() -> float:
            self.turns.append(setting)
            return left.pop(0) if len(left) > 1 else left[0]

        return Contestant(side, setting, run)


def test_contestants_take_turns_in_an_order_that_cancels_a_drift():
    clock = Clock()
    race([clock.contestant(OURS, "a", 1.0), clock.contestant("peer", "b", 1.0)], EFFORT)
    assert "".join(clock.turns) == "ab" + "ab" + "ba" + "ab" + "ba" + "ab"


def test_the_median_counts_and_the_warm_up_does_not():
    clock = Clock()
    (outcome,) = race([clock.contestant(OURS, "a", 90.0, 5.0, 1.0, 2.0, 3.0, 40.0)], EFFORT)
    assert outcome.seconds == (5.0, 1.0, 2.0, 3.0, 40.0)
    assert outcome.median == 3.0
    assert outcome.spread == pytest.approx(39.0 / 2 / 3.0)


def test_a_peer_is_judged_by_its_best_setting():
    clock = Clock()
    outcomes = race(
        [
            clock.contestant(OURS, "default", 1.0),
            clock.contestant("peer", "1 thread", 8.0, 8.0),
            clock.contestant("peer", "2 threads", 7.0, 10.0),
        ],
        EFFORT,
    )
    assert speedup(outcomes, "peer") == 8.0
    assert best(outcomes, "peer").setting == "1 thread"


def test_a_hopeless_setting_is_left_out_with_its_warm_up_on_record():
    clock = Clock()
    contestants = [
        clock.contestant("peer", "1 thread", 1.0),
        clock.contestant("peer", "2 threads", 1.6),
        clock.contestant(OURS, "default", 100.0),
    ]
    one, two, ours = race(contestants, EFFORT)
    assert (one.ended, two.ended, ours.ended) == ("measured", "slower", "measured")
    assert two.seconds == (1.6,)
    assert clock.turns.count("2 threads") == 1
    assert [outcome.ended for outcome in race(contestants, EFFORT, keep_all=True)] == [
        "measured"
    ] * 3


@pytest.mark.parametrize(
    ("error", "ended"),
    [(ValueError("singular"), "failed"), (UnavailableError("no R here"), "unavailable")],
)
def test_a_peer_that_cannot_run_is_recorded_and_the_others_go_on(error, ended):
    def broken() -> float:
        raise error

    clock = Clock()
    theirs, ours = race(
        [Contestant("peer", "any", broken), clock.contestant(OURS, "default", 2.0)], EFFORT
    )
    assert theirs.ended == ended
    assert str(error) in theirs.why
    assert theirs.seconds == ()
    assert len(ours.seconds) == 5
    assert speedup([theirs, ours], "peer") != speedup([theirs, ours], "peer")


def test_a_run_beyond_its_cap_is_stopped_and_bounds_the_ratio_from_below():
    clock = Clock()
    slow = Contestant("peer", "any", lambda: time.sleep(60.0) or 60.0, cap=0.05)
    outcomes = race([slow, clock.contestant(OURS, "default", 0.01)], EFFORT)
    assert outcomes[0].ended == "capped"
    assert speedup(outcomes, "peer") == pytest.approx(5.0)


def test_a_warm_up_that_is_long_counts_as_a_round():
    clock = Clock()
    contestants = [clock.contestant(OURS, "a", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]
    (outcome,) = race(contestants, replace(EFFORT, settled=0.0))
    assert outcome.seconds == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_one_long_run_is_enough_for_a_contestant_that_tries_the_patience():
    impatient = replace(EFFORT, patience=0.0)
    clock = Clock()
    (outcome,) = race([clock.contestant(OURS, "a", 30.0)], impatient)
    assert outcome.seconds == (30.0,)


@pytest.fixture
def made_up_time(monkeypatch):
    """A clock that moves only when it is told to; returns what tells it."""
    now = [0.0]
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    return pass_by


def test_time_per_iteration_leaves_out_what_a_run_does_once(made_up_time):
    def solve(n_iter: int) -> None:
        made_up_time(5.0 + 0.25 * n_iter)

    assert per_iteration(solve, 1, 6, times=3) == pytest.approx(0.25)


def test_a_difference_that_is_not_positive_is_no_measurement():
    clock = Clock()
    (outcome,) = race([clock.contestant(OURS, "a", -1.0)], EFFORT)
    assert outcome.ended == "failed"


def test_runs_are_as_long_as_the_slot_asks_within_bounds(made_up_time):
    def solve(n_iter: int) -> None:
        made_up_time(5.0 + 0.25 * n_iter)

    assert length_of_run(solve, 2.4, 1) == 10
    assert length_of_run(solve, 0.0, 1) == 3
    assert length_of_run(solve, 1000.0, 1) == 40


def test_the_limit_leaves_no_alarm_behind():
    with pytest.raises(CapReachedError), limit(0.01):
        time.sleep(1.0)
    with limit(0.05):
        pass
    time.sleep(0.06)
