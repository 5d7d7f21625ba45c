"""The judge of the transport cells, and who is run to the end."""

import time

import numpy as np
import pytest
from scipy.special import logsumexp

from mixot.benchmarks import cells, coupling, record, rivalry
from mixot.benchmarks.cells import transport
from mixot.benchmarks.record import OURS, Outcome
from mixot.benchmarks.rivalry import ERROR, Rival
from mixot.reference.likelihood import objective


@pytest.fixture(scope="module")
def problem():
    return coupling.draw(400, 4, 0.3)


def iterate(problem, count: int):
    """Return the plan after some iterations of Sinkhorn's, whose rows are exact."""
    g = np.zeros(problem.b.size)
    for _ in range(count):
        f = np.log(problem.a) - logsumexp(g - problem.cost / problem.epsilon, axis=1)
        g = np.log(problem.b) - logsumexp(f[:, None] - problem.cost / problem.epsilon, axis=0)
    f = np.log(problem.a) - logsumexp(g - problem.cost / problem.epsilon, axis=1)
    return np.exp(f[:, None] + g - problem.cost / problem.epsilon)


def test_the_cost_is_half_the_squared_distance():
    points, components, _ = coupling.ingredients(300, 3, 4)
    expected = 0.5 * ((points[:, None] - components) ** 2).sum(axis=2)
    np.testing.assert_allclose(
        coupling.half_squares(points, components), expected, rtol=1e-12, atol=1e-12
    )


def test_the_judge_sees_errors_of_rows_and_columns_and_the_objective_of_any_plan(
    problem, monkeypatch
):
    monkeypatch.setattr(coupling, "_BLOCK", 77)
    rng = np.random.default_rng(5)
    plan = iterate(problem, 3) * rng.uniform(0.5, 1.5, problem.cost.shape)
    rows, columns = plan.sum(axis=1) - problem.a, plan.sum(axis=0) - problem.b
    found = coupling.judge(problem, plan)
    assert found.error == pytest.approx(np.abs(rows).sum() + np.abs(columns).sum(), rel=1e-12)
    expected = objective(plan, problem.cost, problem.a, problem.b, problem.epsilon)
    assert found.value == pytest.approx(expected, rel=1e-12)


def test_the_judge_does_not_take_a_plan_that_is_no_number(problem):
    plan = iterate(problem, 3)
    plan[5, 1] = np.nan
    assert not coupling.judge(problem, plan).error <= 1e-10


def test_the_rate_is_that_at_which_sinkhorn_converges(problem):
    solution = iterate(problem, 2000)
    errors = [coupling.judge(problem, iterate(problem, count)).error for count in (700, 800)]
    rate = coupling.linear_rate(problem, solution)
    assert (errors[1] / errors[0]) ** 0.01 == pytest.approx(rate, rel=1e-3)


def test_ours_reaches_the_error_and_has_the_value_of_sinkhorns_plan(problem):
    judged = coupling.judge(problem, transport.ours(problem).plan)
    reference = coupling.judge(problem, iterate(problem, 2000))
    theirs = {"error": reference.error, "value": reference.value}
    assert transport.check(judged, {"reference": theirs}).holds
    other = transport.check(judged, {"reference": {**theirs, "value": reference.value + 1e-8}})
    assert "reference" in other.why
    off = coupling.judge(problem, iterate(problem, 10))
    assert "error of ours" in transport.check(off, {}).why


class Scripted:
    """Stands for a peer's process: iterations of one pace, and an answer for each tolerance."""

    def __init__(self, seconds: float, errors=(ERROR,), wait: float = 0.0) -> None:
        self.seconds, self.errors, self.wait = seconds, list(errors), wait
        self.asked: list[tuple[str, dict]] = []

    def ask(self, question: str, **arguments) -> None:
        self.asked.append((question, arguments))

    def answer(self):
        question, _ = self.asked[-1]
        if question == "pace":
            return self.seconds
        if question == "solve":
            time.sleep(self.wait)
            return 1000 * self.seconds
        if question == "ready":
            return True
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        return {"iterations": 7, "error": error, "value": 1.0}

    @property
    def solved(self) -> int:
        return sum(question == "solve" for question, _ in self.asked)


def decide(*peers: tuple[str, str, Scripted], shape=(1000, 10), cap=30.0):
    rivals = [Rival(side, setting, remote, shape, 0.1, cap) for side, setting, remote in peers]
    rivalry.foretell(rivals, 1000)
    reached, rest = rivalry.first_runs(rivals)
    names = [(one.side, one.setting) for one in reached]
    return names, {(one.side, one.setting): (one.ended, one.why) for one in rest}


def test_a_peer_that_the_rate_gives_no_chance_is_not_run():
    slow, fast = Scripted(0.04), Scripted(0.002)
    reached, rest = decide(("POT", "log", slow), ("OTT", "log", fast))
    assert reached == [("OTT", "log")]
    assert rest == {("POT", "log"): ("capped", "would need about 40 s")}
    assert (slow.solved, fast.solved) == (0, 1)


def test_the_pace_on_fewer_rows_is_taken_to_all_of_them():
    remote = Scripted(0.002)
    _, rest = decide(("POT", "log", remote), shape=(2_000_000, 10))
    assert [told["shape"] for question, told in remote.asked if question == "pace"] == [
        (100_000, 10)
    ]
    assert rest["POT", "log"] == ("capped", "would need about 40 s")


def test_a_peer_that_breaks_down_does_not_keep_a_slower_one_from_running():
    reached, rest = decide(("POT", "kernel", Scripted(1e-3, [2.0])), ("POT", "log", Scripted(2e-2)))
    assert reached == [("POT", "log")]
    assert rest["POT", "kernel"] == ("short", "left an error of 2.0e+00 after 7 iterations")


def test_one_that_is_far_behind_another_is_left_out():
    _, rest = decide(("POT", "kernel", Scripted(2e-3)), ("OTT", "log", Scripted(9e-3)))
    assert rest == {("OTT", "log"): ("slower", "would need about 9 s")}


def test_a_peer_is_judged_by_its_best_setting():
    both = ("POT", "log", Scripted(0.04)), ("POT", "kernel", Scripted(0.006))
    assert decide(*both)[1] == {("POT", "log"): ("slower", "would need about 40 s")}
    _, rest = decide(*both, ("OTT", "log", Scripted(0.002)))
    assert {name: ended for name, (ended, _) in rest.items()} == {
        ("POT", "log"): "slower",
        ("POT", "kernel"): "slower",
    }


def test_a_tolerance_is_tightened_until_the_measured_error_is_reached():
    remote = Scripted(1e-4, [3e-10, 1.2e-10, 8e-11])
    reached, _ = decide(("POT", "kernel", remote))
    assert reached == [("POT", "kernel")]
    factors = [told["tightened"] for question, told in remote.asked if question == "solve"]
    np.testing.assert_allclose(factors, [1.0, 0.3, 0.09])


def test_a_run_that_outlasts_the_cap_is_capped():
    remote = Scripted(1e-6, wait=5.0)
    reached, rest = decide(("POT", "kernel", remote), cap=0.05)
    assert reached == []
    assert rest["POT", "kernel"] == ("capped", "not done after 0.05 s")


def entry(epsilon: float, *outcomes: Outcome) -> dict:
    """Return a record with ours at a second and these peers."""
    told = (Outcome(OURS, "default", (1.0,)), *outcomes)
    values = {"speedup": transport.over_fastest(told), "reached": True}
    cell = record.Cell(
        "transport",
        "x",
        lambda effort: record.Measurement(
            {"n": 1, "K": 1, "epsilon": epsilon}, told, values=values
        ),
    )
    return record.run(cell, record.FULL)


def test_the_mean_is_over_the_fastest_peer_that_reaches_the_error_and_failures_are_counted():
    capped = Outcome("POT", "log", (30.0,), "capped", "would need about 99 s")
    late, wrong = Outcome("OTT", "log", (30.0,), "capped"), Outcome("POT", "kernel", (), "short")
    records = [
        entry(1.0, Outcome("POT", "kernel", (40.0,)), Outcome("OTT", "log", (10.0,))),
        entry(0.1, capped, Outcome("OTT", "log", (90.0,))),
        entry(0.1, capped, late, wrong),
        {"status": "failed", "why": "", "parameters": {"epsilon": 0.1}},
    ]
    lines = {what: (value, target) for what, value, target in transport.overview(records)}
    mean = "geometric mean, 2 cells in which a peer reaches the error"
    assert lines[mean] == (pytest.approx(30.0), ">= 20")
    assert lines["cells of 4 in which mixot does not"] == (1, "<= 0")
    assert lines["cells in which no peer does"][0] == 1
    assert lines["cells in which POT does not within 30 s"][0] == 2
    assert lines["cells in which OTT does not within 30 s"][0] == 1
    assert lines["cells in which a peer returns a plan without it"][0] == 1


def test_a_small_cell_is_measured_with_whichever_peers_are_there():
    found = record.run(cells.get("transport/20000-5-1"), record.SMALL)
    assert found["status"] == "measured", found["why"]
    assert found["parameters"]["n"] == 200
    ended = {(one["side"], one["setting"]): one["ended"] for one in found["outcomes"]}
    assert ended["POT", "kernel"] == "measured"
    assert found["check"]["numbers"]["error of POT, kernel"] <= ERROR
    assert "OTT is not installed" in found["note"] or ended["OTT", "log"] == "measured"
