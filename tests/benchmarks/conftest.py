"""Records with made-up times, and a harness for cells that are made up too."""

import pytest

from mixot.benchmarks import cells, record
from mixot.benchmarks.record import OURS, Cell, Check, Measurement, Outcome, Target


@pytest.fixture
def measured():
    """Return a function that runs a made-up cell and gives its record."""

    def make(group="em_iteration", name="full-20000-2-3", **content) -> dict:
        content.setdefault("parameters", {"n": 20_000, "d": 2, "K": 3, "covariance": "full"})
        content.setdefault("outcomes", (outcome(OURS, 0.001), outcome("scikit-learn", 0.02)))
        content.setdefault("values", {"speedup": 20.0})
        content.setdefault("targets", (Target("speedup", ">=", 5.0),))
        cell = Cell(group, name, lambda effort: Measurement(**content))
        return record.run(cell, record.FULL)

    return make


def outcome(side: str, seconds: float, setting: str = "default", **more) -> Outcome:
    return Outcome(side, setting, (seconds, 1.1 * seconds, 0.9 * seconds), **more)


@pytest.fixture
def filled(tmp_path, measured):
    """A folder with one record for every cell: made up, and of every status."""
    for place in cells.places():
        group, name = place.split("/")
        record.write(
            tmp_path / "cells" / f"{place}.json", measured(group, name, **_told(name, group))
        )
    return tmp_path


def _told(name: str, group: str) -> dict:
    parameters = {"n": 1000, "d": 2, "K": 3, "covariance": name.partition("-")[0]}
    parameters["epsilon"] = 0.1
    numbers = {"gap of plain": 1e-15, "gap of scikit-learn": 1e-9}
    told: dict = {"parameters": parameters, "check": Check(True, "", numbers)}
    told["values"] = {
        "em_iteration": {"speedup": 12.0},
        "gemm_share": {"share_1": 0.44, "share_2": 0.38},
        "growth": {
            "sizes": [10, 100],
            "ours": [0.1, 1.0],
            "theirs": [1.0, None],
            "slope_ours": 1.0,
            "slope_theirs": float("nan"),
        },
        "acceleration": {"maps": 21, "objectives": 22},
        "memory": {"sizes": [2e6, 20e6], "peaks": [100.0, 105.0], "peak": 105.0},
        "transport": {"speedup": 30.0, "reached": True},
        "transport_paths": {
            "paths": {
                "mixot": {"sweeps": [2, 3], "seconds": [0.1, 0.2], "errors": [1e-3, 0.0]},
                "POT kernel": {"sweeps": [1], "seconds": [0.1], "errors": [float("nan")]},
                "OTT log": {"sweeps": [], "seconds": [], "errors": []},
            }
        },
    }.get(group, {"speedup": 3.0})
    told["targets"] = ()
    return told
