"""Evidence on every family, from fits and from run directories, and where it must be silent."""

from pathlib import Path

import numpy as np
import pytest

from mixot import claims, families, fitting, problems
from mixot.errors import InputError
from mixot.evidence import descent, gap, gradients, scene
from mixot.runs import Run
from mixot.streams import stream
from mixot.types import Mixture, Sample


def fitted(problem, family_name, max_iter=30, **options):
    family = families.get(
        family_name, **(problem.family_options if family_name == "gaussian-known" else {})
    )
    start = fitting.smoothed_start(
        problem.sample, family, problem.n_components, stream("start", problem.name, family_name, 0)
    )
    return fitting.fit(problem.sample, start, family, max_iter=max_iter, energy=True, **options)


def paths(problem, family_name, **options):
    return [scene.path_of_fit("em", 1.0, fitted(problem, family_name, **options))]


@pytest.mark.parametrize(
    ("name", "family_name"),
    [
        ("iris", "gaussian-tied"),
        ("iris", "gaussian-diag"),
        ("iris", "gaussian-spherical"),
        ("isotropic", "gaussian-known"),
        ("times_deaths", "poisson"),
    ],
)
def test_steps_balances_and_slopes_hold_for_every_family(name, family_name):
    problem = problems.load(name, 0, **({"n_samples": 200} if name == "isotropic" else {}))
    found = paths(problem, family_name)
    records = descent.run(problem, family_name, 0, found)
    records += gradients.run(problem, family_name, 0, found)
    for claim in ("D2", "D5", "D6", "E1", "E2"):
        judged = claims.judge_by_id(claim, records, minimum=1)
        wrong = [f.part.quantity for f in judged.findings if f.verdict is False and f.records]
        assert wrong == []


def test_evidence_without_the_em_run_is_refused_by_name():
    problem = problems.load("iris", 3)
    with pytest.raises(
        InputError, match=r"iris \(gaussian-full, seed 3\) needs the run of solver em"
    ):
        gap.run(problem, "gaussian-full", 3, [])


def test_a_run_directory_and_the_fit_it_came_from_are_the_same_path():
    problem = problems.load("faithful", 0)
    fit = fitted(problem, "gaussian-full")
    trace = {
        name: getattr(fit.trace, name)
        for name in ("objective", "marginal_error", "plan_kl", "weights_kl", "components_kl")
    }
    trace["snapshot_iterations"] = fit.trace.iterations
    trace["snapshot_weights"] = fit.trace.weights
    solution = {"weights": fit.mixture.weights, "start_weights": fit.start.weights}
    for name in fit.mixture.parameters:
        trace[f"snapshot_{name}"] = fit.trace.parameters[name]
        solution |= {name: fit.mixture.parameters[name]}
        solution |= {f"start_{name}": fit.start.parameters[name]}
    result = {"solver": "em", "epsilon": "1", "status": str(fit.status)}
    read = scene.path_of_run(Run(Path("seed~0"), {}, result, trace, solution))
    made = scene.path_of_fit("em", 1.0, fit)
    assert (read.solver, read.epsilon, read.status) == (made.solver, made.epsilon, made.status)
    assert read.iterations == made.iterations
    for left, right in zip(read.mixtures, made.mixtures, strict=True):
        np.testing.assert_array_equal(left.weights, right.weights)
        np.testing.assert_array_equal(
            left.parameters["covariances"], right.parameters["covariances"]
        )
    np.testing.assert_array_equal(read.start.parameters["means"], made.start.parameters["means"])


def test_states_lie_off_the_fixed_point_and_a_short_run_lends_its_last_snapshot():
    problem = problems.load("faithful", 0)
    found = paths(problem, "gaussian-full", max_iter=4)
    at = dict(scene.states(scene.make_scene(problem, "gaussian-full", 0), found))
    assert list(at) == ["start", "iteration 1", "iteration 10", "dirichlet"]
    assert at["iteration 10"] is found[0].mixtures[4]
    assert np.abs(at["dirichlet"].weights - at["iteration 10"].weights).max() > 1e-3
    assert at["dirichlet"].weights.sum() == pytest.approx(1.0)


def test_pairs_of_snapshots_are_consecutive_and_no_more_than_asked_for():
    problem = problems.load("faithful", 0)
    (path,) = paths(problem, "gaussian-full")
    everything = path.consecutive(1000)
    assert [t for t, _, _ in everything] == list(path.iterations[:-1])
    few = path.consecutive(4)
    assert len(few) <= 4
    assert few[0][0] == 0
    assert all(after is path.mixtures[t + 1] for t, _, after in few)


def test_conditioning_is_zero_without_overlap_and_one_where_all_rows_agree():
    a = np.full(4, 0.25)
    apart = np.kron(np.eye(2), np.ones((2, 1))) * 0.25
    assert scene.conditioning(apart, a) == pytest.approx(0.0, abs=1e-15)
    assert scene.conditioning(np.outer(a, [0.3, 0.7]), a) == pytest.approx(1.0)
    assert scene.conditioning(a[:, None], a) == 1.0


def test_where_the_reference_finds_no_plan_the_gap_is_reported_and_not_compared(monkeypatch):
    monkeypatch.setattr(gap, "_UNSOLVED", -1.0)
    problem = problems.load("faithful", 0)
    records = gap.run(problem, "gaussian-full", 0, paths(problem, "gaussian-full"))
    assert {r["quantity"] for r in records if r["claim"] == "C1"} == {"left out"}
    assert claims.judge_by_id("C1", records, minimum=1).verdict is False


def test_slopes_of_the_balanced_value_are_not_taken_across_a_kink():
    points = np.concatenate([np.zeros(20), np.full(20, 1000.0)])[:, None]
    points[:, 0] += np.tile(np.linspace(-1, 1, 20), 2)
    far = scene.Scene(
        problem="far",
        sample=Sample(points, np.full(40, 1 / 40), 40.0),
        family=families.get("gaussian-known", covariance=1.0),
        covariance=1.0,
        n_components=2,
        seed=0,
    )
    mixture = Mixture(np.array([0.5, 0.5]), {"means": np.array([[0.0], [1000.0]])})
    records = gradients._in_weights(far, "start", mixture, np.array([1.0, -1.0]))
    assert [r["quantity"] for r in records] == ["slope of the likelihood"]
