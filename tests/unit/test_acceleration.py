"""Acceleration: fewer sweeps to the same limit, never upwards, and an honest certificate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, Mixture, Status, as_sample, families, smoothed_start
from mixot.fitting import descent
from mixot.fitting.acceleration import METHODS, accelerate
from mixot.fitting.acceleration.anderson import mixed_step
from mixot.fitting.acceleration.walk import Walk
from mixot.fitting.constraints import UNCONSTRAINED, Constraints
from mixot.fitting.posing import pose
from mixot.reference.em import em_path

# Death notices, Hasselblad (1969), with the published maximum of two Poisson components (I1b).
DEATHS = np.array([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])
MAXIMUM = (0.3598854, 1.2560951, 2.6634044)
# The rate of plain EM there (I1b).
EM_RATE = 0.9957


def deaths():
    sample = as_sample(np.arange(10.0), DEATHS, kind="frequency")
    start = Mixture(np.array([0.3, 0.7]), {"rates": np.array([[1.0], [2.5]])})
    return posed(sample, start, families.get("poisson"))


def posed(
    sample,
    start,
    family,
    plan="semirelaxed",
    epsilon=1.0,
    weights="free",
    constraints=UNCONSTRAINED,
):
    problem, mixture = pose(sample, start, family, plan, epsilon, weights, constraints=constraints)
    state, _ = descent.init(problem, mixture)
    assert state is not None
    return problem, state


def overlapping(name, seed, n_samples=600, n_components=3, separation=2.5):
    """Pose overlapping clusters, from the truth, whose basin every method then shares."""
    rng = np.random.default_rng(seed)
    family = families.get(name, **({"df": "estimate"} if "student" in name else {}))
    labels = rng.integers(n_components, size=n_samples)
    if name == "poisson":
        points = rng.poisson(np.array([2.0, 6.0, 14.0])[labels])[:, None].astype(float)
    elif name == "bernoulli":
        chances = rng.choice([0.25, 0.75], (3, 10))
        points = (rng.random((n_samples, 10)) < chances[labels]).astype(float)
    elif name == "gamma":
        points = rng.gamma(np.array([1.5, 6.0, 20.0])[labels])[:, None]
    elif name == "von_mises_fisher":
        points = rng.normal(np.eye(3)[labels], 0.45)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    else:
        angles = 2.0 * np.pi * labels / n_components
        centres = separation * np.column_stack([np.cos(angles), np.sin(angles)])
        noise = (
            rng.standard_t(4.0, (n_samples, 2))
            if "student" in name
            else rng.normal(size=(n_samples, 2))
        )
        points = centres + noise * [1.0, 0.7]
        points = points @ [[1.0, 0.8], [0.0, 1e3]] + 1e4
    sample = as_sample(points)
    rows = np.eye(n_components)[labels]
    initial = family.initial(sample, n_components)
    parameters = family.m_step(
        family.statistics(sample.points, sample.weights[:, None] * rows, initial), initial
    )
    return sample, Mixture(rows.mean(axis=0), parameters), family


def run(step, state, tol=1e-8, max_iter=400):
    """Iterate as the loop does, until the certified distance is small; keep every info."""
    states, infos = [state], []
    for _ in range(max_iter):
        state, info = step(state)
        infos.append(info)
        if info.status is not None:
            break
        states.append(state)
        if info.certificate.distance <= tol:
            break
    return states, infos


def plain(problem, state, tol=1e-10, max_iter=20_000):
    """Count plain steps until they are short."""
    for count in range(1, max_iter + 1):
        state, info = descent.step(problem, state)
        if info.status is not None or info.step <= tol:
            return state, count
    return state, max_iter


def natural(mixture):
    return np.r_[mixture.weights[0], mixture.parameters["rates"][:, 0]]


def test_anderson_reaches_the_published_maximum_in_25_map_evaluations_where_em_takes_2000():
    problem, state = deaths()
    step = accelerate(problem, "anderson")
    while True:
        state, info = step(state)
        moved = natural(descent.maximise(problem, state))
        if np.max(np.abs(moved - natural(state.mixture))) <= 1e-8:
            break
    assert info.n_map <= 25
    assert info.n_objective <= 28
    assert_allclose(natural(state.mixture), MAXIMUM, atol=2e-6)


def test_squarem_takes_a_tenth_of_the_maps_of_em():
    problem, state = deaths()
    states, infos = run(accelerate(problem, "squarem"), state)
    assert_allclose(natural(states[-1].mixture), MAXIMUM, atol=2e-6)
    assert infos[-1].n_objective <= 205


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "name",
    ["gaussian-full", "gaussian-tied", "student_t-full", "gamma", "bernoulli", "von_mises_fisher"],
)
def test_the_limit_is_that_of_the_plain_map_and_the_way_there_descends(name, method):
    sample, start, family = overlapping(name, 4)
    problem, state = posed(sample, start, family)
    expected, n_plain = plain(problem, state)
    states, infos = run(accelerate(problem, method), state)
    objectives = np.array([one.objective for one in states])
    assert np.all(np.diff(objectives) <= 1e-14 * np.abs(objectives[:-1]))
    assert infos[-1].certificate.distance <= 1e-8
    assert_allclose(states[-1].objective, expected.objective, rtol=1e-13)
    distance = family.divergence(states[-1].mixture.parameters, expected.mixture.parameters)
    assert np.sqrt(2.0 * distance.max()) < 1e-6
    assert infos[-1].n_objective < 0.7 * n_plain


@pytest.mark.parametrize("method", METHODS)
@given(
    plan=st.sampled_from(["semirelaxed", "dual", "balanced", "balanced_free"]),
    epsilon=st.sampled_from([0.5, 1.0, 2.0]),
    fixed=st.booleans(),
    seed=st.integers(0, 100),
)
@settings(max_examples=12)
def test_every_soft_plan_descends_to_a_fixed_point(method, plan, epsilon, fixed, seed):
    sample, start, family = overlapping("poisson", seed, n_samples=150)
    fixed = plan == "balanced" or (fixed and plan != "balanced_free")
    problem, state = posed(sample, start, family, plan, epsilon, "fixed" if fixed else "free")
    states, _ = run(accelerate(problem, method), state, tol=1e-7)
    objectives = np.array([one.objective for one in states])
    # The balanced plans are solved to a tolerance of their own.
    assert np.all(np.diff(objectives) <= 1e-11)
    moved = descent.maximise(problem, states[-1])
    assert np.all(
        family.divergence(moved.parameters, states[-1].mixture.parameters)[moved.weights > 1e-6]
        < 1e-10
    )
    if fixed:
        assert_allclose(states[-1].mixture.weights, start.weights, rtol=1e-14)


def test_hard_overlaps_take_a_sixth_of_the_sweeps():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(1000, 2)) + 1.5 * rng.normal(size=(3, 2))[rng.integers(3, size=1000)]
    sample, family = as_sample(points), families.get("gaussian-full")
    problem, state = posed(sample, smoothed_start(sample, family, 3, rng), family)
    expected, n_plain = plain(problem, state, tol=1e-8)
    states, infos = run(accelerate(problem, "anderson"), state)
    assert infos[-1].certificate.distance <= 1e-8
    assert states[-1].objective <= expected.objective + 1e-9
    assert infos[-1].n_objective < n_plain / 6


def test_the_reported_step_is_that_of_the_plain_map_from_the_mixture_returned():
    problem, state = deaths()
    step = accelerate(problem, "anderson")
    path_family = problem.family
    for _ in range(8):
        state, info = step(state)
        mixture = state.mixture
        path = em_path(
            "poisson",
            np.arange(10.0)[:, None],
            DEATHS / DEATHS.sum(),
            mixture.weights,
            mixture.parameters,
            1,
        )
        new = path[1]
        divergence = path_family.divergence(new.parameters, mixture.parameters)
        squared = np.sum(new.weights * np.log(new.weights / mixture.weights))
        squared += new.weights @ divergence
        assert_allclose(info.step, np.sqrt(2.0 * squared), rtol=1e-6)
        assert_allclose(info.certificate.step, info.step)


@pytest.mark.parametrize("method", METHODS)
def test_the_certificate_does_not_promise_more_than_it_keeps(method):
    problem, state = deaths()
    limit = run(accelerate(problem, "anderson"), state, tol=1e-12)[0][-1]
    states, infos = run(accelerate(problem, method), state, tol=1e-6)
    checked = 0
    for one, info in zip(states[1:], infos, strict=True):
        if info.step > 3e-4:
            continue
        checked += 1
        squared = problem.family.divergence(one.mixture.parameters, limit.mixture.parameters)
        distance = np.sqrt(2.0 * one.mixture.weights @ squared)
        assert distance <= 1.5 * info.certificate.distance
        assert one.objective - limit.objective <= 2.0 * info.certificate.objective_gap + 1e-15
    assert checked >= 3
    assert EM_RATE - 1e-4 <= infos[-1].certificate.rate <= 1.0
    assert infos[-1].certificate.distance <= 1e-6


def test_mixing_solves_a_linear_map_once_it_has_seen_all_directions():
    rng = np.random.default_rng(0)
    slow = rng.normal(size=(4, 4))
    slow = slow @ np.diag([0.999, 0.9, 0.3, 0.0]) @ np.linalg.inv(slow)
    limit = rng.normal(size=4)
    x = rng.normal(size=(5, 4))
    residuals = (limit - x) @ (np.eye(4) - slow).T
    moves, changes = np.diff(x, axis=0).T, np.diff(residuals, axis=0).T
    metric = np.array([1.0, 0.1, 3.0, 1.0])
    move, bound = mixed_step(moves, changes, residuals[-1], metric, np.inf)
    assert not bound
    assert_allclose(x[-1] + move, limit, rtol=1e-7)
    longest = 0.5 * np.linalg.norm(metric * (residuals[-1] + move))
    assert np.linalg.norm(metric * residuals[-1]) < longest
    short, bound = mixed_step(moves, changes, residuals[-1], metric, longest)
    assert bound
    assert_allclose(np.linalg.norm(metric * short), longest, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spoilt", ["worse", "missing"])
def test_refused_extrapolations_leave_the_path_of_em(monkeypatch, method, spoilt):
    problem, first = deaths()

    def jump(self, vector, before):
        return None if spoilt == "missing" else first

    monkeypatch.setattr(Walk, "jump", jump)
    states, _ = run(accelerate(problem, method), first, tol=0.0, max_iter=12)
    expected = [first]
    for _ in range(40):
        expected.append(descent.step(problem, expected[-1])[0])
    plain_path = {one.objective for one in expected}
    if spoilt == "missing" or method == "anderson":
        assert all(one.objective in plain_path for one in states)
    assert np.all(np.diff([one.objective for one in states]) < 0.0)


def test_evaluations_are_counted(monkeypatch):
    counts = {"init": 0, "maximise": 0}
    problem, state = deaths()
    for name in counts:
        original = getattr(descent, name)

        def counted(*given, _name=name, _original=original):
            counts[_name] += 1
            return _original(*given)

        monkeypatch.setattr(descent, name, counted)
    _, infos = run(accelerate(problem, "anderson"), state)
    assert infos[-1].n_objective == counts["init"] + 1
    assert infos[-1].n_map == counts["maximise"]


@pytest.mark.parametrize("method", METHODS)
def test_a_collapsing_component_ends_as_singular_with_a_finite_mixture(method):
    rng = np.random.default_rng(0)
    sample = as_sample(rng.normal(size=(50, 1)))
    means = np.array([[0.0], sample.points[0]])
    start = Mixture(
        np.array([0.5, 0.5]), {"means": means, "covariances": np.array([[[1.0]], [[1e-6]]])}
    )
    problem, state = posed(sample, start, families.get("gaussian-full"))
    states, infos = run(accelerate(problem, method), state)
    assert infos[-1].status is Status.SINGULAR
    assert all(np.isfinite(v).all() for v in states[-1].mixture.parameters.values())


@pytest.mark.parametrize("method", METHODS)
def test_components_without_weight_and_values_at_the_boundary_stay(method):
    rng = np.random.default_rng(2)
    chances = np.array([[0.5, 0.2, 0.2, 0.3, 0.3], [0.5, 0.8, 0.7, 0.8, 0.7]])
    points = (rng.random((300, 5)) < chances[rng.integers(2, size=300)]).astype(float)
    points[:, 0] = 1.0
    family = families.get("bernoulli")
    table = np.vstack([chances, chances[:1]])
    table[:, 0] = 1.0
    start = Mixture(np.array([0.5, 0.5, 0.0]), {"probabilities": table})
    problem, state = posed(as_sample(points), start, family)
    states, infos = run(accelerate(problem, method), state)
    mixture = states[-1].mixture
    assert infos[-1].certificate.distance <= 1e-8
    assert mixture.weights[2] == 0.0
    assert np.all(mixture.parameters["probabilities"][:2, 0] == 1.0)
    assert_allclose(mixture.parameters["probabilities"][2], table[2], rtol=1e-15)


def test_identical_components_stay_identical():
    sample, start, family = overlapping("gaussian-full", 2)
    same = {name: np.repeat(values[:1], 3, axis=0) for name, values in start.parameters.items()}
    problem, state = posed(sample, Mixture(start.weights, same), family)
    states, infos = run(accelerate(problem, "anderson"), state, max_iter=20)
    assert infos[-1].certificate.distance <= 1e-8
    assert_allclose(np.ptp(states[-1].mixture.parameters["means"], axis=0), 0.0, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_frozen_stays_to_the_last_bit_and_weights_keep_their_floor(method):
    sample, start, family = overlapping("gaussian-full", 7)
    weights = np.array([0.45, 0.35, 0.2])
    constraints = Constraints(weight_floor=0.2, frozen_components=np.array([True, False, False]))
    problem, state = posed(
        sample, Mixture(weights, start.parameters), family, constraints=constraints
    )
    expected, n_plain = plain(problem, state)
    states, infos = run(accelerate(problem, method), state)
    assert infos[-1].certificate.distance <= 1e-8
    assert infos[-1].n_objective < n_plain
    assert_allclose(states[-1].objective, expected.objective, rtol=1e-12)
    for one in states:
        assert one.mixture.weights.min() >= 0.2 - 1e-15
        for name, values in start.parameters.items():
            assert_allclose(one.mixture.parameters[name][0], values[0], rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_a_floor_that_binds_is_reached(method):
    sample, start, family = overlapping("gaussian-full", 7)
    constraints = Constraints(weight_floor=0.33)
    problem, state = posed(
        sample, Mixture(np.full(3, 1 / 3), start.parameters), family, constraints=constraints
    )
    expected, _ = plain(problem, state)
    states, infos = run(accelerate(problem, method), state)
    objectives = [one.objective for one in states]
    assert infos[-1].certificate.distance <= 1e-8
    assert np.all(np.diff(objectives) <= 1e-14 * abs(objectives[0]))
    assert_allclose(states[-1].mixture.weights, expected.mixture.weights, atol=1e-7)
    assert states[-1].mixture.weights.min() == pytest.approx(0.33, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_frozen_parameters_stay_to_the_last_bit(method):
    sample, start, family = overlapping("gaussian-full", 8)
    constraints = Constraints(frozen_parameters=("covariances",))
    problem, state = posed(sample, start, family, constraints=constraints)
    states, infos = run(accelerate(problem, method), state)
    assert infos[-1].certificate.distance <= 1e-8
    for one in states:
        old = start.parameters["covariances"]
        assert_allclose(one.mixture.parameters["covariances"], old, rtol=0)


@pytest.mark.parametrize("plan", ["hard", "hard_weighted"])
def test_hard_plans_are_refused(plan):
    sample, start, family = overlapping("poisson", 0)
    problem, _ = posed(sample, start, family, plan)
    with pytest.raises(InputError, match="nothing to accelerate"):
        accelerate(problem, "anderson")


def test_an_unknown_method_is_refused():
    problem, _ = deaths()
    with pytest.raises(InputError, match="allowed: squarem, anderson"):
        accelerate(problem, "newton")
