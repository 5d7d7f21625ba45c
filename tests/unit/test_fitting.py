"""The loop: descent, agreement of its plans, honest stopping, named trouble."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, Mixture, Status, as_sample, families, fit, smoothed_start
from mixot.engines import layout as layout_module
from mixot.engines import memory as memory_module
from mixot.fitting import log_likelihood, responsibilities, row_potential, step
from mixot.fitting.stopping import certify
from mixot.reference.em import em_path
from mixot.transport import plans

FAMILIES = (
    "gaussian-full",
    "gaussian-tied",
    "gaussian-diag",
    "gaussian-spherical",
    "gaussian-known",
    "poisson",
)
# The counts of death notices, Hasselblad (1969), with their published maximum (theory I1b).
DEATHS = np.array([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])


def a_fit_problem(name, seed, n_samples=150, n_components=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_components, size=n_samples)
    if name == "poisson":
        points = rng.poisson(np.array([1.0, 6.0, 20.0])[labels])[:, None].astype(float)
    else:
        centres = rng.normal(size=(n_components, 2)) * 3.0
        points = centres[labels] + rng.normal(size=(n_samples, 2))
    sample = as_sample(points, rng.uniform(0.5, 1.5, n_samples))
    family = families.get(name, **({"covariance": 1.0} if name == "gaussian-known" else {}))
    return sample, smoothed_start(sample, family, n_components, rng), family


def deaths():
    sample = as_sample(np.arange(10.0), DEATHS, kind="frequency")
    start = Mixture(np.array([0.3, 0.7]), {"rates": np.array([[1.0], [2.5]])})
    return sample, start, families.get("poisson")


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000),
    plan=st.sampled_from(["semirelaxed", "dual", "balanced", "hard", "hard_weighted"]),
    epsilon=st.sampled_from([0.3, 1.0, 3.0]),
    fixed=st.booleans(),
)
def test_every_plan_descends_by_exactly_the_energy_terms(name, seed, plan, epsilon, fixed):
    sample, start, family = a_fit_problem(name, seed)
    weights = "fixed" if plan == "balanced" or fixed else "free"
    options = {"plan": plan, "epsilon": epsilon, "weights": weights, "energy": True}
    trace = fit(sample, start, family, **options, max_iter=40).trace
    temperature = 1.0 if plan.startswith("hard") else epsilon
    terms = temperature * (trace.plan_kl + trace.weights_kl) + trace.components_kl
    scale = max(1.0, np.abs(trace.objective).max())
    assert_allclose(-np.diff(trace.objective), terms, atol=1e-11 * scale)
    assert np.all(np.diff(trace.objective) <= 1e-13 * scale)
    assert np.all(terms >= -1e-13 * scale)


@pytest.mark.parametrize("name", FAMILIES)
def test_em_and_the_solved_transport_problem_take_the_same_path(name):
    sample, start, family = a_fit_problem(name, 5)
    for epsilon in (0.5, 1.0, 2.0):
        em = fit(sample, start, family, epsilon=epsilon, max_iter=60)
        ot = fit(sample, start, family, plan="dual", epsilon=epsilon, max_iter=60)
        assert em.n_iter == ot.n_iter
        assert_allclose(ot.trace.objective, em.trace.objective, rtol=1e-11)
        for key in start.parameters:
            assert_allclose(
                ot.trace.parameters[key], em.trace.parameters[key], rtol=1e-7, atol=1e-8
            )


@pytest.mark.parametrize("name", FAMILIES)
def test_the_path_is_that_of_em_written_plainly(name):
    sample, start, family = a_fit_problem(name, 6)
    options = {"covariance": 1.0} if name == "gaussian-known" else {}
    plain = em_path(
        name,
        sample.points,
        sample.weights,
        start.weights,
        start.parameters,
        20,
        **options,
    )
    ours = fit(sample, start, family, tol=0.0, max_iter=20).trace
    for t, iterate in enumerate(plain[:21]):
        assert_allclose(ours.weights[t], iterate.weights, atol=1e-10)
        for key in start.parameters:
            assert_allclose(ours.parameters[key][t], iterate.parameters[key], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_free_balanced_weights_end_at_a_fixed_point_of_em(name):
    sample, start, family = a_fit_problem(name, 7)
    free = fit(sample, start, family, plan="balanced_free", tol=1e-9, max_iter=5000)
    if free.status is not Status.CONVERGED:
        assert free.status is Status.EMPTY_COMPONENT
        return
    moved = step(sample, free.mixture, family)
    assert_allclose(moved.weights, free.mixture.weights, atol=1e-7)
    assert np.all(family.divergence(moved.parameters, free.mixture.parameters) < 1e-14)


def test_converged_means_near_the_published_maximum_however_slow_the_iteration():
    sample, start, family = deaths()
    result = fit(sample, start, family, tol=1e-6, max_iter=20_000)
    assert result.status is Status.CONVERGED
    assert_allclose(result.mixture.weights[0], 0.3598854, atol=2e-6)
    assert_allclose(result.mixture.parameters["rates"][:, 0], [1.2560951, 2.6634044], atol=4e-6)
    assert_allclose(1096 * log_likelihood(sample, result.mixture, family), -1989.94586, atol=1e-5)
    assert_allclose(result.certificate.rate, 0.9957, atol=1e-4)
    # The same tolerance on the progress alone would have stopped far away.
    progress = -np.diff(result.trace.objective)
    early = int(np.argmax(progress < 1e-6))
    assert early < 0.1 * result.n_iter


def test_the_projected_distance_is_the_distance():
    sample, start, family = deaths()
    loose = fit(sample, start, family, tol=1e-4, max_iter=20_000)
    tight = fit(sample, start, family, tol=1e-9, max_iter=50_000)
    remaining = np.sum(tight.trace.step[loose.n_iter :])
    assert 0.5 * remaining <= loose.certificate.distance <= 2.0 * remaining
    gap = loose.objective - tight.objective
    assert 0.3 * gap <= loose.certificate.objective_gap <= 3.0 * gap


def test_a_sublinear_iteration_is_not_called_converged():
    steps = 1.0 / np.arange(1.0, 1000.0) ** 2
    assert certify(steps[-8:], 0.0).distance > 0.3 / 1000


def test_iteration_limit_is_a_status_and_resuming_equals_not_pausing():
    sample, start, family = a_fit_problem("gaussian-full", 8)
    whole = fit(sample, start, family, tol=0.0, max_iter=20)
    assert whole.status is Status.MAX_ITER
    assert not whole.converged
    half = fit(sample, start, family, tol=0.0, max_iter=10)
    rest = fit(sample, half.mixture, family, tol=0.0, max_iter=10)
    assert rest.objective == whole.objective
    assert_allclose(rest.mixture.parameters["means"], whole.mixture.parameters["means"], rtol=0)


@given(order=st.permutations(range(3)), seed=st.integers(0, 20))
@settings(max_examples=15)
def test_permuting_components_permutes_the_result(order, seed):
    sample, start, family = a_fit_problem("gaussian-full", seed)
    index = list(order)
    permuted = Mixture(start.weights[index], {k: v[index] for k, v in start.parameters.items()})
    one, two = (fit(sample, m, family, max_iter=15) for m in (start, permuted))
    assert_allclose(two.mixture.parameters["means"], one.mixture.parameters["means"][index])


def test_results_do_not_depend_on_whether_the_densities_are_kept(monkeypatch):
    sample, start, family = a_fit_problem("gaussian-full", 9)
    kept = fit(sample, start, family, plan="balanced", weights="fixed", max_iter=10)
    monkeypatch.setattr(memory_module, "_KEEP", 0)
    again = fit(sample, start, family, plan="balanced", weights="fixed", max_iter=10)
    assert again.objective == kept.objective


def test_blocks_of_any_size_give_the_same_fit(monkeypatch):
    sample, start, family = a_fit_problem("gaussian-full", 9)
    whole = fit(sample, start, family, max_iter=10)
    monkeypatch.setattr(layout_module, "_SMALLEST", 8)
    monkeypatch.setattr(layout_module, "_BLOCK_BYTES", 1)
    split = fit(sample, start, family, max_iter=10)
    assert_allclose(split.trace.objective, whole.trace.objective, rtol=1e-13)


def test_a_collapsing_covariance_ends_as_singular_with_a_finite_mixture():
    rng = np.random.default_rng(0)
    sample = as_sample(rng.normal(size=(50, 1)))
    means = np.array([[0.0], sample.points[0]])
    start = Mixture(
        np.array([0.5, 0.5]), {"means": means, "covariances": np.array([[[1.0]], [[1e-6]]])}
    )
    result = fit(sample, start, families.get("gaussian-full"))
    assert result.status is Status.SINGULAR
    assert not result.converged
    assert all(np.isfinite(v).all() for v in result.mixture.parameters.values())
    assert "singular" in result.message


def test_a_start_that_is_already_singular_is_named_and_returned():
    sample, start, family = a_fit_problem("gaussian-full", 1)
    flat = Mixture(start.weights, {**start.parameters, "covariances": np.zeros((3, 2, 2))})
    result = fit(sample, flat, family)
    assert result.status is Status.SINGULAR
    assert result.n_iter == 0
    with pytest.raises(ArithmeticError, match="singular"):
        step(sample, flat, family)


def test_identical_components_are_named():
    sample, start, family = a_fit_problem("gaussian-known", 2)
    same = Mixture(start.weights, {"means": np.tile(start.parameters["means"][:1], (3, 1))})
    result = fit(sample, same, family)
    assert result.status is Status.COLLAPSED_IDENTICAL
    assert result.n_distinct == 1


def test_an_empty_component_is_named_and_keeps_its_parameters():
    sample, start, family = a_fit_problem("gaussian-known", 3)
    means = start.parameters["means"].copy()
    means[2] = [1e3, 1e3]
    result = fit(sample, Mixture(start.weights, {"means": means}), family, plan="hard")
    assert result.status is Status.EMPTY_COMPONENT
    assert_allclose(result.mixture.parameters["means"][2], [1e3, 1e3])
    assert result.n_distinct == 2


def test_a_point_that_no_component_can_produce_makes_the_fit_infeasible():
    sample = as_sample(np.array([0.0, 1.0, 2.0]))
    start = Mixture(np.array([0.5, 0.5]), {"rates": np.zeros((2, 1))})
    result = fit(sample, start, families.get("poisson"))
    assert result.status is Status.INFEASIBLE


def test_weights_that_no_plan_can_give_are_infeasible():
    sample = as_sample(np.array([0.0, 1.0, 2.0]))
    start = Mixture(np.array([0.9, 0.1]), {"rates": np.array([[0.0], [1.0]])})
    result = fit(sample, start, families.get("poisson"), plan="balanced", weights="fixed")
    assert result.status is Status.INFEASIBLE


def test_one_component_is_the_closed_form_in_one_step():
    sample, _, family = a_fit_problem("gaussian-full", 4)
    start = smoothed_start(sample, family, 1, np.random.default_rng(0))
    result = fit(sample, start, family)
    assert result.status is Status.CONVERGED
    expected = np.cov(sample.points.T, aweights=sample.weights, ddof=0)
    assert_allclose(result.mixture.parameters["covariances"][0], expected, rtol=1e-12)


@given(factor=st.sampled_from([1e-8, 1e-3, 1e8]), offset=st.sampled_from([0.0, 1e4]))
@settings(max_examples=6)
def test_the_path_commutes_with_scaling_and_shifting_the_data(factor, offset):
    sample, start, family = a_fit_problem("gaussian-full", 10)
    moved = as_sample(factor * sample.points + factor * offset, sample.weights)
    mapped = Mixture(
        start.weights,
        {
            "means": factor * start.parameters["means"] + factor * offset,
            "covariances": factor**2 * start.parameters["covariances"],
        },
    )
    one, two = fit(sample, start, family, max_iter=20), fit(moved, mapped, family, max_iter=20)
    assert one.status is two.status
    assert_allclose(two.mixture.weights, one.mixture.weights, rtol=1e-6)


def test_row_potentials_and_responsibilities_rebuild_the_balanced_plan():
    sample, start, family = a_fit_problem("gaussian-full", 11)
    result = fit(sample, start, family, plan="balanced", weights="fixed", epsilon=0.7, max_iter=5)
    mixture, g = result.mixture, result.g
    rows = responsibilities(sample.points, mixture, family, 0.7, g)
    assert_allclose(sample.weights @ rows, mixture.weights, atol=1e-12)
    f = row_potential(sample.points, mixture, family, 0.7, g)
    assert_allclose(sample.weights @ f + mixture.weights @ g, result.objective, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epsilon": 0.0}, "epsilon must be a finite number > 0"),
        ({"epsilon": np.inf}, "epsilon must be a finite number > 0"),
        ({"plan": "nothing"}, "unknown plan 'nothing'; allowed"),
        ({"plan": "balanced"}, "cannot move the weights"),
        ({"plan": "balanced_free", "weights": "fixed"}, "leave them free"),
        ({"weights": "some"}, "free, fixed or a vector"),
        ({"weights": np.ones(2) / 2}, r"shape \(3,\)"),
        ({"weights": np.array([0.5, 0.6, 0.1])}, "sum to 1"),
    ],
)
def test_a_senseless_request_is_refused_in_one_line(options, words):
    sample, start, family = a_fit_problem("gaussian-full", 0)
    with pytest.raises(InputError, match=words):
        fit(sample, start, family, **options)


def test_starts_need_as_many_distinct_points_as_components():
    sample = as_sample(np.repeat([0.0, 1.0], 10))
    with pytest.raises(InputError, match="2 distinct points are too few for 3"):
        smoothed_start(sample, families.get("poisson"), 3, np.random.default_rng(0))


@pytest.mark.parametrize("method", ["anderson", "squarem"])
def test_an_accelerated_fit_counts_what_it_evaluates_and_ends_at_the_same_maximum(method):
    sample = as_sample(np.arange(10.0), DEATHS, kind="frequency")
    start = Mixture(np.array([0.3, 0.7]), {"rates": np.array([[1.0], [2.5]])})
    family = families.get("poisson")
    plain = fit(sample, start, family)
    result = fit(sample, start, family, acceleration=method)
    assert result.status is plain.status is Status.CONVERGED
    assert_allclose(result.mixture.weights, plain.mixture.weights, atol=1e-7)
    assert result.n_map < 0.1 * plain.n_map
    assert result.n_map >= result.n_iter
    assert (plain.n_map, plain.n_objective) == (plain.n_iter, plain.n_iter + 1)
    assert np.all(np.diff(result.trace.objective) <= 1e-14)


def test_acceleration_measures_no_energy_and_is_refused_by_hard_plans():
    sample, start, family = a_fit_problem("gaussian-full", 1)
    with pytest.raises(InputError, match="measures no energy"):
        fit(sample, start, family, acceleration="anderson", energy=True)
    with pytest.raises(InputError, match="nothing to accelerate"):
        fit(sample, start, family, acceleration="anderson", plan="hard")
    with pytest.raises(InputError, match="unknown acceleration"):
        fit(sample, start, family, acceleration="warp")


def test_a_rule_that_ends_a_fit_early_does_not_make_it_converged():
    sample, start, family = a_fit_problem("gaussian-full", 1)
    early = fit(sample, start, family, stop=lambda objectives, _: len(objectives) > 3)
    assert (early.status, early.converged, early.n_iter) == (Status.STOPPED, True, 3)
    late = fit(sample, start, family, tol=1e-6, stop=lambda _, found: found.distance < 1e-7)
    assert late.status is Status.CONVERGED


def test_a_start_that_is_not_of_the_family_or_of_the_points_is_refused():
    sample, start, _ = a_fit_problem("gaussian-full", 1)
    known = families.get("gaussian-known", covariance=1.0)
    with pytest.raises(InputError, match="has the parameters means, got covariances, means"):
        fit(sample, start, known)
    with pytest.raises(InputError, match=r"means must have shape \(3, 2\)"):
        fit(sample, Mixture(start.weights, {"means": np.zeros((3, 1))}), known)


@pytest.mark.parametrize("weights", ["free", "fixed"])
@pytest.mark.parametrize("tau", [0.1, 1.0, 20.0])
def test_a_penalised_plan_descends_by_exactly_its_energy_terms(tau, weights):
    sample, start, family = a_fit_problem("gaussian-full", 4)
    uneven = Mixture(np.array([0.6, 0.3, 0.1]), start.parameters)
    plan = plans.get("unbalanced", tau=tau)
    for epsilon in (0.5, 1.0):
        options = {"plan": plan, "epsilon": epsilon, "weights": weights, "energy": True}
        trace = fit(sample, uneven, family, **options, tol=0.0, max_iter=30).trace
        terms = epsilon * (trace.plan_kl + trace.weights_kl) + trace.components_kl
        assert_allclose(-np.diff(trace.objective), terms, atol=1e-11)
        assert np.all(terms >= -1e-13)
        assert terms[0] > 1e-3
