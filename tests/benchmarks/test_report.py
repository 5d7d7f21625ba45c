"""The table, the summary and the figure say what the records say, the bad news too."""

import csv
import io

import pytest

from mixot.benchmarks import cells, record, report
from mixot.benchmarks.__main__ import main
from mixot.benchmarks.record import OURS, Check, Outcome, Target
from mixot.benchmarks.report import table, words
from mixot.errors import InputError

MACHINE = {
    "measured": "2026-11-23T20:00:00+00:00",
    "processor": "a processor",
    "cores": 2,
    "memory_gb": 24.0,
    "python": "3.11.7",
    "blas": [{"internal_api": "openblas", "version": "0.3.30"}],
    "versions": {"numpy": "2.4.6"},
}


def line(text: str, start: str) -> list[str]:
    """Return the entries of the row of a Markdown table that begins with `start`."""
    row = next(one for one in text.splitlines() if one.startswith(f"| {start} |"))
    return [entry.strip() for entry in row.strip("| ").split(" | ")]


def test_the_summary_quotes_times_settings_ratios_and_targets(measured):
    outcomes = (
        Outcome(OURS, "default", (0.0010, 0.0011, 0.0012)),
        Outcome("scikit-learn", "1 BLAS thread", (0.022,)),
        Outcome("scikit-learn", "2 BLAS threads", (0.9,), "slower"),
    )
    found = measured(outcomes=outcomes, values={"speedup": 20.0}) | {"wall_seconds": 7.2}
    told = {"em_iteration": [found]}
    assert line(words.summary(told, MACHINE), "full-20000-2-3") == [
        "full-20000-2-3",
        "1.1 ms ± 9 % (default)",
        "22 ms (1 BLAS thread)",
        "20",
        ">= 5: met",
        "7 s",
    ]


def test_a_missed_target_stands_beside_its_number(measured):
    told = {"em_iteration": [measured(values={"speedup": 2.0})]}
    text = words.summary(told, None)
    assert line(text, "full-20000-2-3")[-3:-1] == ["2", ">= 5: **missed**"]
    assert "geometric mean, full, 1 of 6 shapes: 2 (target >= 15)" in text


def test_an_invalid_cell_is_struck_out_and_left_out_of_the_mean(measured):
    good = measured(name="full-100000-2-5", values={"speedup": 4.0})
    bad = measured(values={"speedup": 400.0}, check=Check(False, "objectives differ by 1"))
    text = words.summary({"em_iteration": [bad, good]}, None)
    assert line(text, "full-20000-2-3")[-3:-1] == ["~~400~~", "invalid"]
    assert "full-20000-2-3: invalid: objectives differ by 1" in text
    assert "geometric mean, full, 1 of 6 shapes: 4 " in text


def test_a_peer_that_was_stopped_failed_or_is_missing_is_named(measured):
    outcomes = (
        Outcome(OURS, "default", (1.0,)),
        Outcome("EM", "1 BLAS thread", (60.0,), "capped", "not done after 60 s"),
        Outcome("mixSQP", "tight", (), "unavailable", "Rscript is not installed"),
    )
    text = words.summary({"optimum": [measured("optimum", "one", outcomes=outcomes)]}, None)
    assert line(text, "one")[1:4] == ["1 s (default)", "> 60 s", "unavailable"]
    assert "mixSQP, tight: Rscript is not installed" in text


def test_a_run_that_was_cut_down_says_so(measured):
    told = measured()
    assert "Cut down" not in words.summary({"em_iteration": [told]}, MACHINE)
    told["effort"]["scale"] = 0.01
    assert "Cut down" in words.summary({"em_iteration": [told]}, MACHINE)


def test_the_table_has_a_line_for_each_contestant_and_for_a_cell_without_one(measured):
    outcomes = (Outcome(OURS, "default", (1.0,)), Outcome("peer", "x", ended="failed", why="no"))
    first = table.rows(measured(outcomes=outcomes, targets=(Target("speedup", ">=", 5.0),)))
    assert [row["side"] for row in first] == [OURS, "peer"]
    assert [row["why"] for row in first] == ["", "no"]
    assert first[0]["targets_met"] == "1/1"
    second = table.rows({"group": "g", "cell": "c", "status": "unavailable", "why": "no Dask"})
    assert [(row["status"], row["why"]) for row in second] == [("unavailable", "no Dask")]


def test_every_group_can_be_reported_and_drawn(filled):
    record.write(filled / "machine.json", MACHINE)
    paths = report.write(filled)
    figures = ["bench.svg", "bench.png", "transport.svg", "transport.png"]
    assert [path.name for path in paths] == ["table.csv", "summary.md", *figures]
    rows = list(csv.DictReader(io.StringIO(paths[0].read_text(encoding="utf-8"))))
    assert {f"{row['group']}/{row['cell']}" for row in rows} == set(cells.places())
    text = paths[1].read_text(encoding="utf-8")
    assert all(f"## {module.TITLE}" in text for module in cells.groups().values())
    assert "a processor, 2 cores" in text
    assert all(path.stat().st_size > 1000 for path in paths)


def test_a_group_that_broke_throughout_leaves_the_figure_whole(tmp_path, measured):
    bad = measured(check=Check(False, "no"))
    record.write(tmp_path / "cells/em_iteration/full-20000-2-3.json", bad)
    assert len(report.write(tmp_path)) == 6
    assert report.broken(tmp_path) == ["em_iteration/full-20000-2-3"]


def test_show_ends_with_1_if_a_cell_is_broken_and_with_0_otherwise(tmp_path, measured, capsys):
    place = tmp_path / "cells/em_iteration/full-20000-2-3.json"
    record.write(place, measured())
    assert main(["show", "--results", str(tmp_path)]) == 0
    record.write(place, measured(check=Check(False, "no")))
    assert main(["show", "--results", str(tmp_path)]) == 1
    assert "invalid" in capsys.readouterr().out


def test_a_folder_without_records_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(InputError):
        report.read(tmp_path)
    assert main(["report", "--results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
