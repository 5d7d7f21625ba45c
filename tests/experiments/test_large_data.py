"""The experiments on large data notice rows that are lost, and memory that grows."""

import importlib

import numpy as np
import pytest

from mixot.engines.npy import NpyFile
from mixot.experiments import _many_rows, growth
from mixot.experiments._file_fits import write_rows
from mixot.experiments._footprint import footprint
from mixot.fitting.acceleration import walk
from mixot.transport.plans import semirelaxed


def test_a_fit_does_not_depend_on_where_its_rows_lie(false_claims):
    assert false_claims("placement") == set()


def test_a_row_that_a_file_gives_twice_is_noticed(monkeypatch, false_claims):
    honest = NpyFile.read

    def broken(self, stream, rows):
        points = honest(self, stream, rows)
        points[-1] = points[0]
        return points

    monkeypatch.setattr(NpyFile, "read", broken)
    assert false_claims("placement", problems=["em"]) == {"T1"}


def test_a_mistake_that_all_places_share_is_noticed_by_the_reference(monkeypatch, false_claims):
    honest = semirelaxed.SemiRelaxed.choose

    def broken(self, oracle, weights, epsilon, g):
        return honest(self, oracle, weights ** (1.0 + 1e-6), epsilon, g)

    monkeypatch.setattr(semirelaxed.SemiRelaxed, "choose", broken)
    assert false_claims("placement", problems=["counts"]) == {"T1"}


def test_fits_to_files_take_no_memory_for_their_rows_and_fits_in_memory_do(outcome):
    sizes = [300_000, 900_000]
    made = outcome("growth", sizes=sizes, flat_from=sizes[0], held=sizes[0], iterations=2)
    found = {one["quantity"]: one for one in made.records}
    assert found["memory"]["statistic"] < 0.3
    assert found["memory"]["control"]["in memory"] > 1.0
    assert found["objective"]["statistic"] < 1e-10
    assert found["objective"]["control"]["an iteration before"] > 1e-8
    assert found["slope"]["control"]["pairs"] > 1.5


def test_the_memory_of_a_task_is_that_beyond_its_imports(tmp_path, monkeypatch):
    lines = ["import time", "def hold(size):", "    kept = b'1' * size", "    time.sleep(0.05)"]
    text = "\n".join([*lines, "    return len(kept)"])
    (tmp_path / "holding.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    seen = footprint(importlib.import_module("holding").hold, size=64_000_000)
    assert seen.result == 64_000_000
    assert seen.megabytes == pytest.approx(64.0, abs=4.0)


def test_a_slope_is_the_power_of_the_growth():
    assert growth.slope([10.0, 100.0, 1000.0], [3.0, 300.0, 30_000.0]) == pytest.approx(2.0)


def test_files_are_written_block_by_block_as_they_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(_many_rows, "BLOCK", 100)
    law = _many_rows.Normals("test", 1.0)
    write_rows(tmp_path / "rows.npy", law, 250)
    expected = [law.draw(100, 0), law.draw(100, 1), law.draw(50, 2)]
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), np.concatenate(expected))


def test_passes_to_the_optimum_are_fewer_with_acceleration(false_claims):
    assert false_claims("passes") == set()


def test_an_accelerated_fit_that_ends_too_early_is_noticed(monkeypatch, false_claims):
    honest = walk.Certificate

    def hasty(step, rate, distance, objective_gap):
        return honest(step, rate, 1e-4 * distance, objective_gap)

    monkeypatch.setattr(walk, "Certificate", hasty)
    assert false_claims("passes") == {"T3"}
