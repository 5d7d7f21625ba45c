"""The paths of the solvers, the memory from points, and the figure of the paths."""

import numpy as np
import pytest

from mixot.benchmarks import cells, coupling, record
from mixot.benchmarks.cells import transport_memory, transport_paths
from mixot.benchmarks.report import paths


def test_our_path_goes_sweep_by_sweep_to_the_error():
    path = transport_paths.our_path(coupling.draw(500, 4, 0.1))
    assert path["errors"][-1] <= 1e-10 < min(path["errors"][:-1])
    assert list(np.diff(path["sweeps"])) == [1.0] * (len(path["sweeps"]) - 1)
    assert min(path["seconds"]) > 0.0


class Peer:
    """A peer whose error is a tenth after each iteration, and which takes a second for each."""

    side, setting = "POT", "kernel"

    def __init__(self, breaks_after: int) -> None:
        self.most, self.breaks_after = 0, breaks_after

    def call(self, question: str, **told):
        if question == "solve":
            self.most = min(told["most"], self.breaks_after)
            return float(self.most)
        return {"iterations": self.most, "error": 0.1**self.most}


@pytest.mark.parametrize(
    ("breaks_after", "longest", "sweeps"),
    [(99, 1000.0, [1, 2, 4, 8, 16]), (99, 10.0, [1, 2, 4, 8]), (3, 1000.0, [1, 2, 3])],
)
def test_a_peers_path_ends_with_the_error_the_time_or_its_breakdown(breaks_after, longest, sweeps):
    path = transport_paths._pot_path(Peer(breaks_after), longest)
    assert path["sweeps"] == sweeps
    assert path["errors"] == pytest.approx([0.1**made for made in sweeps])


def test_the_paths_of_a_small_problem_are_measured_and_all_of_them_are_drawn():
    found = record.run(cells.get("transport_paths/20000-10-1"), record.SMALL)
    assert found["status"] == "measured", found["why"]
    followed = found["values"]["paths"]
    assert {"mixot", "POT kernel", "POT log"} <= set(followed)
    assert "OTT is not installed" in found["note"] or "OTT log" in followed
    # Both domains of one iteration.
    for kernel, log in zip(
        followed["POT kernel"]["errors"][:6], followed["POT log"]["errors"], strict=False
    ):
        assert kernel == pytest.approx(log, rel=1e-6)
    figure = paths.make([found])
    assert len(figure.axes) == 2
    for axes, axis in zip(figure.axes, ("seconds", "sweeps"), strict=True):
        drawn = {line.get_label(): line for line in axes.get_lines()}
        for name, path in followed.items():
            np.testing.assert_allclose(drawn[name].get_xdata(), path[axis])


def test_transport_from_points_stays_small_and_makes_the_plan_of_the_cost_matrix():
    found = record.run(cells.get("transport_memory/points"), record.SMALL)
    assert found["status"] == "measured", found["why"]
    assert found["check"]["numbers"]["error"] <= 1e-10
    assert 0.0 < found["values"]["peak"] < 100.0


def test_a_potential_or_a_value_that_is_off_is_found_out():
    told = transport_memory.from_points(2_000)
    assert transport_memory.check(2_000, told).holds
    g = np.asarray(told["g"])
    moved = {**told, "g": (g + 1e-6 * np.sin(np.arange(g.size))).tolist()}
    assert "marginal error" in transport_memory.check(2_000, moved).why
    assert "values differ" in transport_memory.check(2_000, {**told, "value": 0.0}).why
