"""What there is to measure, and one small cell from the command to its record."""

import importlib
import json
import os
import re

import numpy as np
import pytest

from mixot.benchmarks import cells, record
from mixot.benchmarks.__main__ import main
from mixot.benchmarks.cells import growth
from mixot.benchmarks.footprint import footprint
from mixot.errors import InputError


def test_every_cell_has_a_place_of_its_own_that_the_workflow_can_name():
    places = cells.places()
    assert len(set(places)) == len(places)
    assert [place for place in places if not re.fullmatch(r"[a-z_]+/[a-z0-9-]+", place)] == []
    groups = cells.groups()
    assert [place for place in places if place.partition("/")[0] not in groups] == []


def test_all_sizes_and_covariances_of_an_iteration_are_measured():
    found = [place for place in cells.places() if place.startswith("em_iteration/")]
    assert len(found) == 24
    assert "em_iteration/full-1000000-4-8" in found


def test_an_unknown_cell_is_refused_before_anything_is_measured(tmp_path, capsys):
    known = "em_iteration/full-20000-2-3"
    with pytest.raises(InputError, match="allowed"):
        cells.get("em_iteration/none")
    code = main(["run", known, "em_iteration/none", "--results", str(tmp_path)])
    assert code == 2
    assert "em_iteration/none" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_small_cell_is_measured_and_its_work_found_equal(tmp_path):
    place = "em_iteration/diag-20000-2-3"
    assert main(["run", place, "--effort", "small", "--results", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "cells" / f"{place}.json").read_text(encoding="utf-8"))
    assert found["check"]["holds"], found["check"]["why"]
    assert found["check"]["numbers"]["difference"] < 1e-9
    sides = {one["side"] for one in found["outcomes"]}
    assert sides == {"mixot", "scikit-learn"}


def test_slopes_are_those_of_powers():
    sizes = [1.0, 10.0, 100.0]
    assert growth.slope(sizes, [2.0, 20.0, 200.0]) == pytest.approx(1.0)
    assert growth.slope(sizes, [3.0, float("nan"), 3e4]) == pytest.approx(2.0)
    assert np.isnan(growth.slope(sizes, [1.0, float("nan"), float("nan")]))


TASKS = """
import numpy

def hold(megabytes):
    return float(numpy.ones(megabytes * 125_000).sum() * 8 / 1e6)

def look(path):
    return float(numpy.load(path, mmap_mode="r").sum())

def fail():
    raise MemoryError("none left")
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A module of tasks that a process started from here can import as well."""
    (tmp_path / "tasks_of_a_test.py").write_text(TASKS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return importlib.import_module("tasks_of_a_test")


def test_the_footprint_counts_what_a_task_holds_and_not_what_it_maps(tasks, tmp_path):
    path = tmp_path / "zeros.npy"
    np.save(path, np.zeros(12_500_000))
    held = footprint(tasks.hold, megabytes=100)
    assert held.result == pytest.approx(100.0)
    assert 95.0 < held.above_import < 130.0
    assert footprint(tasks.look, path=str(path)).above_import < 30.0


def test_a_task_that_fails_says_why(tasks):
    with pytest.raises(RuntimeError, match="MemoryError: none left"):
        footprint(tasks.fail)


def test_a_fit_to_a_file_is_watched_in_a_process_of_its_own():
    found = record.run(cells.get("memory/npy"), record.SMALL)
    assert found["status"] == "measured", found
    assert found["parameters"]["n"] == [20_000, 200_000]
    assert all(0.0 < peak < 100.0 for peak in found["values"]["peaks"])
