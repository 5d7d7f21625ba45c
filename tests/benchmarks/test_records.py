"""A record says what happened, whatever happened."""

import json
import math

import pytest

from mixot.benchmarks import record
from mixot.benchmarks.record import (
    OURS,
    Cell,
    Check,
    Measurement,
    Outcome,
    Target,
    UnavailableError,
    geometric_mean,
    speedup,
)


def test_a_cell_that_raises_leaves_a_record_with_the_reason(tmp_path):
    def broken(effort):
        raise ZeroDivisionError("by what")

    found = record.run(Cell("group", "cell", broken), record.SMALL)
    assert found["status"] == "failed"
    assert found["why"] == "ZeroDivisionError: by what"
    assert found["wall_seconds"] >= 0.0
    assert "in broken" in found["traceback"]
    record.write(tmp_path / "cell.json", found)
    assert json.loads((tmp_path / "cell.json").read_text())["status"] == "failed"


def test_what_a_machine_lacks_is_not_a_failure():
    def lacking(effort):
        raise UnavailableError("Rscript is not installed")

    found = record.run(Cell("group", "cell", lacking), record.SMALL)
    assert (found["status"], found["why"]) == ("unavailable", "Rscript is not installed")


def test_unequal_work_makes_a_cell_invalid_and_its_targets_missed(measured):
    found = measured(check=Check(False, "objectives differ"))
    assert (found["status"], found["why"]) == ("invalid", "objectives differ")
    assert not found["targets"][0]["met"]
    assert measured(check=Check(True, ""))["targets"][0]["met"]


def test_a_failure_of_ours_fails_the_cell_and_one_of_a_peer_does_not(measured):
    mine = Outcome(OURS, "default", (1.0,))
    lost = measured(outcomes=(mine, Outcome("peer", "any", ended="failed", why="no")))
    assert lost["status"] == "measured"
    assert lost["outcomes"][1]["why"] == "no"
    broken = Outcome(OURS, "default", ended="failed", why="ours broke")
    failed = measured(outcomes=(broken, Outcome("peer", "any", (1.0,))))
    assert (failed["status"], failed["why"]) == ("failed", "ours broke")


@pytest.mark.parametrize(
    ("sense", "value", "met"),
    [
        (">=", 5.0, True),
        (">=", 4.99, False),
        ("<=", 5.0, True),
        ("<=", 5.01, False),
        (">=", math.nan, False),
        ("<=", math.nan, False),
        (">=", math.inf, False),
        ("<=", None, False),
    ],
)
def test_a_target_is_met_by_a_number_within_it_only(sense, value, met):
    assert Target("x", sense, 5.0).met({"x": value}) is met


def test_a_setting_that_was_left_out_does_not_speak_for_its_side():
    outcomes = (
        Outcome(OURS, "default", (1.0,)),
        Outcome("peer", "1", (0.5,), "slower"),
        Outcome("peer", "2", (4.0,)),
    )
    assert speedup(outcomes, "peer") == 4.0


def test_without_a_time_of_ours_there_is_no_ratio():
    stopped = Outcome(OURS, "default", (1.0,), "capped")
    assert math.isnan(speedup((stopped, Outcome("peer", "1", (9.0,))), "peer"))


def test_a_geometric_mean_does_not_forgive_a_number_that_is_missing():
    assert geometric_mean([4.0, 9.0]) == pytest.approx(6.0)
    assert math.isnan(geometric_mean([4.0, math.nan]))
    assert math.isnan(geometric_mean([4.0, -9.0]))
    assert math.isnan(geometric_mean([]))


def test_what_is_not_finite_is_written_as_null(tmp_path):
    content = record.run(
        Cell("group", "cell", lambda effort: Measurement({}, values={"x": [math.nan, 1.0]})),
        record.SMALL,
    )
    record.write(tmp_path / "deep" / "cell.json", content)
    assert json.loads((tmp_path / "deep" / "cell.json").read_text())["values"]["x"] == [None, 1.0]
