"""The race with contestants whose times are made up."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixot.benchmarks import timing
from mixot.benchmarks.record import OURS, Effort, UnavailableError, best, speedup
from mixot.benchmarks.solution import Solution
from mixot.benchmarks.timing import (
    CapReachedError,
    Contestant,
    averaged,
    fastest,
    iterations,
    length_of_run,
    limit,
    race,
)
from mixot.types import Mixture

EFFORT = Effort(scale=1.0, repeats=5, slot=0.0, settled=10.0, patience=10.0, cap=1.0)
NOTHING = Mixture(np.ones(1), {})


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
    """A clock that moves only when it is told to; returns what tells it, and the time."""
    now = [0.0]
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def pass_by(seconds: float) -> float:
        now[0] += seconds
        return now[0]

    return pass_by


def solver(pass_by, before, lengths, after, told=None):
    """Iterations of given lengths, between what a run does once."""

    def solve(n_iter: int) -> Solution:
        pass_by(before)
        stamps = tuple(pass_by(length) for length in lengths[:n_iter])
        pass_by(after)
        return Solution(NOTHING, n_iter, stamps[:told])

    return solve


def test_time_per_iteration_leaves_out_what_a_run_does_once_and_the_first_iterations(made_up_time):
    solve = solver(made_up_time, 50.0, [9.0, 7.0, 0.3, 0.1, 0.2], 40.0)
    assert iterations(solve, 5, 2, slot=0.0) == pytest.approx([0.3, 0.1, 0.2])
    assert iterations(solve, 5, 4, slot=0.0) == pytest.approx([0.2])


def test_runs_go_on_until_they_fill_the_slot_or_three_have_passed(made_up_time):
    brief = solver(made_up_time, 0.0, [0.0625] * 5, 0.0)
    assert iterations(brief, 5, 1, slot=1.5) == pytest.approx([0.0625] * 3)
    assert made_up_time(0.0) == 6 * 5 * 0.0625
    begun = made_up_time(0.0)
    costly = solver(made_up_time, 2.0, [0.0625] * 5, 0.0)
    iterations(costly, 5, 1, slot=1.5)
    assert made_up_time(0.0) - begun == 2 * (2.0 + 5 * 0.0625)


@pytest.mark.parametrize("told", [0, 2])
def test_a_run_without_all_of_its_stamps_is_no_measurement(made_up_time, told):
    clock = Clock()
    silent = solver(made_up_time, 1.0, [1.0] * 4, 1.0, told)
    theirs, ours = race(
        [
            Contestant("peer", "any", lambda: iterations(silent, 4, 1, 0.0)),
            clock.contestant(OURS, "default", 1.0),
        ],
        EFFORT,
    )
    assert (theirs.ended, theirs.seconds) == ("unavailable", ())
    assert f"{told} of 4 iterations" in theirs.why
    assert len(ours.seconds) == 5


@given(lengths=st.lists(st.floats(1e-3, 10.0), min_size=1, max_size=40), least=st.floats(0.0, 5.0))
def test_means_over_groups_last_long_enough_and_lose_no_time(lengths, least):
    found = averaged(lengths, least)
    assert min(lengths) * (1 - 1e-9) <= min(found) <= max(found) <= max(lengths) * (1 + 1e-9)
    if least <= 1e-3:
        assert found == lengths
    if sum(lengths) <= least:
        assert found == pytest.approx([sum(lengths) / len(lengths)])


def test_what_is_left_over_belongs_to_the_last_group():
    assert averaged([1.0, 3.0, 5.0, 7.0, 2.0], 4.0) == pytest.approx([2.0, 5.0, 4.5])
    assert averaged([1.0, 1.0, 1.0, 1.0, 1.0], 2.0) == [1.0, 1.0]


def test_turns_of_several_measurements_are_shared_by_all_and_end_when_there_are_enough():
    clock = Clock()
    outcomes = race(
        [
            clock.contestant(OURS, "a", [1.0, 2.0, 3.0]),
            clock.contestant("peer", "b", [4.0, 5.0, 9.0]),
        ],
        replace(EFFORT, turns=2),
    )
    assert "".join(clock.turns) == "ab" + "ab" + "ba"
    assert outcomes[1].seconds == (4.0, 5.0, 9.0) * 2
    assert speedup(outcomes, "peer") == 2.5
    clock.turns.clear()
    race([clock.contestant(OURS, "a", [1.0] * 9)], EFFORT)
    assert len(clock.turns) == 1 + EFFORT.turns


def test_a_contestant_has_no_more_turns_than_it_may():
    clock = Clock()
    once, twice = clock.contestant("peer", "a", 7.0, 8.0), clock.contestant("other", "b", 7.0, 8.0)
    outcomes = race([replace(once, most=1), replace(twice, most=2)], EFFORT)
    assert [one.seconds for one in outcomes] == [(7.0,), (7.0, 8.0)]


def test_the_fastest_setting_is_that_of_the_least_time(made_up_time):
    seconds = {1: [3.0, 1.0], 2: [2.0, 2.0]}
    assert fastest((1, 2), lambda setting: made_up_time(seconds[setting].pop(0))) == 1


def test_runs_are_as_long_as_the_slot_asks_within_bounds():
    assert length_of_run(0.25, 2.4, (3, 40)) == 10
    assert length_of_run(0.25, 0.0, (3, 40)) == 3
    assert length_of_run(0.0, 1000.0, (3, 40)) == 40


def test_the_limit_leaves_no_alarm_behind():
    with pytest.raises(CapReachedError), limit(0.01):
        time.sleep(1.0)
    with limit(0.05):
        pass
    time.sleep(0.06)


def test_short_work_is_repeated_until_it_has_lasted_and_long_work_runs_once():
    runs = []
    seconds = timing.repeated(lambda: runs.append(time.sleep(0.002)), 0.02)
    assert 2 <= len(runs) <= 10
    assert seconds >= 0.002
    runs.clear()
    timing.repeated(lambda: runs.append(None), 0.0)
    assert len(runs) == 1
