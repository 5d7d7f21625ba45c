"""Constraints: fits obey them, descend by exactly what they measure, and end where others do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import rel_entr, softmax

from mixot import InputError, Mixture, Status, as_sample, families, fit
from mixot.families.own import OwnFamily
from mixot.fitting import log_likelihood
from mixot.fitting.annealing import Annealing
from mixot.fitting.constraints import Constraints, floored, weights_decrease
from mixot.fitting.starts import start

OPTIONS = {
    "gaussian-known": {"covariance": 1.0},
    "student_t-full": {"df": "estimate"},
    "product": {"blocks": [("gaussian-diag", [0, 1]), ("gamma", [2])]},
}
FAMILIES = (
    "gaussian-full",
    "gaussian-tied",
    "gaussian-known",
    "student_t-full",
    "gamma",
    "von_mises_fisher",
    "bernoulli",
    "poisson",
    "product",
)


def a_problem(name, seed, n_samples=90):
    rng = np.random.default_rng(seed)
    group = rng.choice(3, p=[0.6, 0.3, 0.1], size=n_samples)
    points = 3.0 * np.eye(3)[group] + rng.normal(size=(n_samples, 3))
    if name == "gamma":
        points = rng.gamma(2.0, np.array([0.3, 1.0, 4.0])[group, None], size=(n_samples, 2))
    elif name == "poisson":
        points = rng.poisson(np.array([1.0, 4.0, 15.0])[group, None], size=(n_samples, 2)) * 1.0
    elif name == "bernoulli":
        points = (rng.random((n_samples, 4)) < np.array([0.2, 0.5, 0.8])[group, None]) * 1.0
    elif name == "von_mises_fisher":
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
    elif name == "product":
        points[:, 2] = rng.gamma(2.0, 1.0 + group)
    sample = as_sample(points, rng.uniform(0.5, 1.5, n_samples))
    family = families.get(name, **OPTIONS.get(name, {}))
    return sample, start(sample, family, 3, rng=rng), family, group


def log_kernel(sample, mixture, family, epsilon=1.0):
    return family.log_density(sample.points, mixture.parameters) / epsilon + np.log(mixture.weights)


@given(
    marginal=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6),
    share=st.floats(0.0, 1.0),
)
def test_floored_weights_are_the_nearest_ones_above_the_floor(marginal, share):
    marginal = np.array(marginal) + 1e-12
    marginal /= marginal.sum()
    floor = share / marginal.size
    weights, multiplier = floored(marginal, floor)
    assert_allclose(weights.sum(), 1.0, rtol=1e-14)
    assert (weights >= floor * (1.0 - 1e-12)).all()
    # Karush, Kuhn and Tucker: b / pi is the multiplier above the floor and less at it.
    ratio = marginal / weights
    free = weights > floor * (1.0 + 1e-9)
    assert_allclose(ratio[free], multiplier, rtol=1e-9)
    assert (ratio[~free] <= multiplier * (1.0 + 1e-9)).all()


def test_floored_weights_are_those_of_a_general_minimiser():
    rng = np.random.default_rng(0)
    for _ in range(10):
        marginal = rng.dirichlet(0.5 * np.ones(5))
        found = minimize(
            lambda w, b=marginal: -b @ np.log(w),
            np.full(5, 0.2),
            bounds=[(0.08, 1.0)] * 5,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert_allclose(floored(marginal, 0.08)[0], found.x, atol=1e-5)


@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 0.99))
@settings(max_examples=50)
def test_what_a_floored_step_gains_is_the_difference_of_two_divergences(seed, share):
    rng = np.random.default_rng(seed)
    floor = share / 4.0
    marginal = rng.dirichlet(0.3 * np.ones(4)) + 1e-9
    marginal /= marginal.sum()
    old = floored(rng.dirichlet(np.ones(4)), floor)[0]
    new = floored(marginal, floor)[0]
    gained = rel_entr(marginal, old).sum() - rel_entr(marginal, new).sum()
    got = weights_decrease(marginal, old, floor)
    assert_allclose(got, gained, rtol=1e-9, atol=1e-12)
    assert got >= -1e-15


CONSTRAINTS = {
    "floor": lambda parameters, labels: Constraints(weight_floor=0.25),
    "labels": lambda parameters, labels: Constraints(labels=labels),
    "components": lambda parameters, labels: Constraints(frozen_components=[True, False, False]),
    "first parameter": lambda parameters, labels: Constraints(frozen_parameters=parameters[:1]),
    "last parameter": lambda parameters, labels: Constraints(frozen_parameters=parameters[-1:]),
    "all": lambda parameters, labels: Constraints(0.2, labels, parameters[:1], [False, True, True]),
}


@pytest.mark.parametrize("kind", CONSTRAINTS)
@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=6)
@given(
    seed=st.integers(0, 1000),
    plan=st.sampled_from(["semirelaxed", "dual", "balanced", "hard", "hard_weighted"]),
    epsilon=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_every_constrained_fit_descends_by_exactly_the_energy_terms(
    name, kind, seed, plan, epsilon
):
    sample, begun, family, group = a_problem(name, seed)
    labels = np.where(np.arange(group.size) % 4 == 0, group, -1)
    constraints = CONSTRAINTS[kind](sorted(begun.parameters), labels)
    frozen = list(constraints.frozen_parameters)
    if family.shared and constraints.frozen_components is not None:
        frozen = sorted(family.shared | set(frozen))
        constraints = Constraints(
            constraints.weight_floor, constraints.labels, frozen, constraints.frozen_components
        )
    weights = "free"
    if plan == "balanced":
        begun = Mixture(np.array([0.5, 0.3, 0.2]), begun.parameters)
        weights = "fixed"
        constraints = Constraints(0.0, constraints.labels, frozen, constraints.frozen_components)
    result = fit(
        sample,
        begun,
        family,
        plan=plan,
        epsilon=epsilon,
        weights=weights,
        max_iter=15,
        energy=True,
        constraints=constraints,
    )
    trace = result.trace
    temperature = 1.0 if plan.startswith("hard") else epsilon
    terms = temperature * (trace.plan_kl + trace.weights_kl) + trace.components_kl
    scale = max(1.0, np.abs(trace.objective).max())
    assert_allclose(-np.diff(trace.objective), terms, atol=1e-11 * scale)
    assert np.all(np.diff(trace.objective) <= 1e-13 * scale)
    for key in frozen:
        assert_array_equal(result.mixture.parameters[key], begun.parameters[key])
    if constraints.frozen_components is not None:
        for key in set(begun.parameters) - family.shared:
            stays = np.asarray(constraints.frozen_components)
            assert_array_equal(result.mixture.parameters[key][stays], begun.parameters[key][stays])
    assert result.mixture.weights.min() >= constraints.weight_floor * (1.0 - 1e-12)


def test_with_every_label_known_a_fit_is_maximum_likelihood_in_each_class():
    sample, begun, family, _ = a_problem("gaussian-full", 0)
    labels = np.arange(90) % 3
    result = fit(sample, begun, family, constraints=Constraints(labels=labels), energy=True)
    assert result.status is Status.CONVERGED
    assert result.plan_entropy == 0.0
    for k in range(3):
        points, weights = sample.points[labels == k], sample.weights[labels == k]
        assert_allclose(result.mixture.weights[k], weights.sum())
        mean = np.average(points, axis=0, weights=weights)
        assert_allclose(result.mixture.parameters["means"][k], mean, rtol=1e-10, atol=1e-12)
        covariance = np.cov(points.T, aweights=weights, ddof=0)
        assert_allclose(result.mixture.parameters["covariances"][k], covariance, rtol=1e-9)
    kernel = log_kernel(sample, result.mixture, family)
    assert_allclose(result.objective, -sample.weights @ kernel[np.arange(90), labels])


@pytest.mark.parametrize("name", ["gaussian-full", "poisson", "product"])
@pytest.mark.parametrize("epsilon", [0.5, 1.0])
def test_a_labelled_row_costs_its_own_component_alone(name, epsilon):
    sample, begun, family, group = a_problem(name, 1)
    labels = np.where(np.arange(90) < 40, group, -1)
    result = fit(
        sample, begun, family, max_iter=0, epsilon=epsilon, constraints=Constraints(labels=labels)
    )
    kernel = log_kernel(sample, result.mixture, family, epsilon)
    values = np.logaddexp.reduce(kernel, axis=1)
    values[:40] = kernel[np.arange(40), group[:40]]
    assert_allclose(result.objective, -epsilon * sample.weights @ values, rtol=1e-12)


def test_a_balanced_plan_with_labels_is_that_of_a_general_minimiser():
    sample = as_sample(np.array([0.0, 0.4, 1.0, 2.0, 2.2, 3.0]), np.array([1.0, 2, 1, 1, 3, 2]))
    family = families.get("gaussian-known", covariance=1.0)
    begun = Mixture(np.array([0.55, 0.45]), {"means": np.array([[0.3], [2.0]])})
    labels = np.array([-1, 1, -1, -1, 0, -1])
    result = fit(
        sample,
        begun,
        family,
        plan="balanced",
        weights="fixed",
        max_iter=0,
        constraints=Constraints(labels=labels),
    )
    a, cost = sample.weights, -family.log_density(sample.points, begun.parameters)
    known = labels >= 0

    def rows(x):
        full = np.zeros((6, 2))
        full[~known] = np.column_stack([x, 1.0 - x])
        full[known] = np.eye(2)[labels[known]]
        return full

    def value(x):
        plan = a[:, None] * rows(x)
        return np.sum(plan * cost) + rel_entr(plan, a[:, None] * begun.weights).sum()

    found = minimize(
        value,
        np.full(4, 0.5),
        bounds=[(1e-9, 1 - 1e-9)] * 4,
        constraints={"type": "eq", "fun": lambda x: a @ rows(x)[:, 0] - begun.weights[0]},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    assert_allclose(result.objective, found.fun, rtol=1e-9)


def test_frozen_parameters_leave_em_for_the_weights():
    sample, begun, family, _ = a_problem("gaussian-full", 2)
    everything = Constraints(frozen_parameters=["means", "covariances"])
    result = fit(sample, begun, family, constraints=everything, tol=0.0, max_iter=20)
    weights = begun.weights
    density = family.log_density(sample.points, begun.parameters)
    for _ in range(20):
        weights = sample.weights @ softmax(density + np.log(weights), axis=1)
    assert_allclose(result.mixture.weights, weights, rtol=1e-10)
    also = Constraints(frozen_components=np.ones(3, dtype=bool))
    again = fit(sample, begun, family, constraints=also, tol=0.0, max_iter=20)
    assert_allclose(again.mixture.weights, weights, rtol=1e-10)


def nearby(name, values, rng):
    """Return parameter values a little off, in their domain."""
    noise = 1e-3 * rng.normal(size=values.shape)
    stem = name.rpartition(".")[2]
    if stem == "directions":
        moved = values + noise
        return moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    if stem == "means":
        return values + noise
    if stem == "covariances" and values.ndim == 3:
        noise = noise + np.swapaxes(noise, 1, 2)
        return values + noise
    return values * np.exp(noise)


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("gaussian-full", "means"),
        ("gaussian-full", "covariances"),
        ("student_t-full", "means"),
        ("student_t-full", "covariances"),
        ("student_t-full", "degrees_of_freedom"),
        ("gamma", "shapes"),
        ("gamma", "rates"),
        ("von_mises_fisher", "directions"),
        ("von_mises_fisher", "concentrations"),
        ("product", "0.means"),
        ("product", "1.shapes"),
    ],
)
def test_the_other_parameters_are_the_best_ones_given_what_is_frozen(name, frozen):
    sample, begun, family, _ = a_problem(name, 3)
    result = fit(
        sample,
        begun,
        family,
        constraints=Constraints(frozen_parameters=[frozen]),
        tol=1e-6,
        max_iter=2000,
    )
    best = result.mixture
    value = log_likelihood(sample, best, family)
    rng = np.random.default_rng(0)
    moved = 0.0
    for _ in range(40):
        parameters = {
            key: values if key == frozen else nearby(key, values, rng)
            for key, values in best.parameters.items()
        }
        off = log_likelihood(sample, Mixture(best.weights, parameters), family)
        # Flat directions leave round-off; in most directions the likelihood must fall.
        assert off <= value + 1e-12
        moved = max(moved, value - off)
    assert moved > 1e-9


def test_a_direction_against_its_points_has_no_concentration():
    points = np.array([[-1.0, 0.0], [-0.8, 0.6], [-0.8, -0.6], [0.0, 1.0]])
    family = families.get("von_mises_fisher")
    begun = Mixture(
        np.ones(1), {"directions": np.array([[1.0, 0.0]]), "concentrations": np.array([2.0])}
    )
    result = fit(
        as_sample(points), begun, family, constraints=Constraints(frozen_parameters=["directions"])
    )
    assert result.mixture.parameters["concentrations"][0] == 0.0
    assert result.status is Status.CONVERGED


def test_labels_give_the_same_fit_on_any_number_of_threads():
    rng = np.random.default_rng(0)
    sample = as_sample(rng.normal(size=(30_000, 2)) + 3.0 * rng.integers(2, size=30_000)[:, None])
    labels = np.where(np.arange(30_000) < 9_000, rng.integers(2, size=30_000), -1)
    family = families.get("gaussian-full")
    begun = start(sample, family, 2, rng=rng)
    one, two = (
        fit(
            sample,
            begun,
            family,
            max_iter=3,
            n_threads=n_threads,
            constraints=Constraints(labels=labels),
        )
        for n_threads in (1, 2)
    )
    assert_array_equal(one.trace.objective, two.trace.objective)
    free = fit(sample, begun, family, max_iter=3)
    assert abs(free.objective - one.objective) > 0.01


def test_a_label_that_its_component_cannot_explain_makes_the_fit_infeasible():
    sample = as_sample(np.array([[0.0], [1.0], [1.0]]))
    begun = Mixture(np.array([0.5, 0.5]), {"probabilities": np.array([[1.0], [0.5]])})
    labels = np.array([0, -1, -1])
    result = fit(sample, begun, families.get("bernoulli"), constraints=Constraints(labels=labels))
    assert result.status is Status.INFEASIBLE


@pytest.mark.parametrize("limits", [{"tol": 1e-2, "max_iter": 7}, {"tol": 0.3, "max_iter": 99}])
@pytest.mark.parametrize("weights", ["free", "fixed"])
def test_stages_say_their_epsilon_and_descend_one_by_one(weights, limits):
    sample, begun, family, _ = a_problem("gaussian-known", 4)
    schedule = Annealing((2.0, 1.4, 1.0), **limits)
    result = fit(sample, begun, family, epsilon=schedule, weights=weights, energy=True)
    trace = result.trace
    assert result.status is Status.CONVERGED
    assert trace.epsilon.size == trace.objective.size == result.n_iter + 1
    assert trace.plan_kl.size == result.n_iter
    assert list(dict.fromkeys(trace.epsilon)) == [2.0, 1.4, 1.0]
    counts = [np.sum(trace.epsilon[1:] == epsilon) for epsilon in (2.0, 1.4)]
    assert 0 < max(counts) <= limits["max_iter"]
    terms = trace.epsilon[1:] * (trace.plan_kl + trace.weights_kl) + trace.components_kl
    inside = np.diff(trace.epsilon) == 0.0
    assert_allclose(-np.diff(trace.objective)[inside], terms[inside], atol=1e-12)
    # The objective is another function at another epsilon: here it falls with epsilon.
    assert (np.diff(trace.objective)[~inside] < -terms[~inside]).all()
    assert trace.iterations[-1] == result.n_iter
    assert_array_equal(trace.weights[-1], result.mixture.weights)
    # Each stage is the fit that begins where the stage before ended.
    mixture = begun
    for epsilon in (2.0, 1.4):
        stage = fit(sample, mixture, family, epsilon=epsilon, weights=weights, **limits)
        mixture = stage.mixture
    last = fit(sample, mixture, family, weights=weights)
    assert_array_equal(last.mixture.parameters["means"], result.mixture.parameters["means"])
    assert last.certificate == result.certificate


def test_the_last_stage_decides_the_status_and_obeys_the_fits_own_limits():
    sample, begun, family, _ = a_problem("gaussian-known", 5)
    result = fit(sample, begun, family, epsilon=[2.0, 1.0], max_iter=2)
    assert result.status is Status.MAX_ITER
    assert np.sum(result.trace.epsilon[1:] == 1.0) == 2
    one = fit(sample, begun, family, epsilon=[1.0])
    assert_array_equal(one.trace.objective, fit(sample, begun, family).trace.objective)


def test_a_stage_that_cannot_go_on_ends_the_fit():
    rng = np.random.default_rng(0)
    sample = as_sample(rng.normal(size=(30, 1)))
    means = np.array([[0.0], sample.points[0]])
    begun = Mixture(
        np.array([0.5, 0.5]), {"means": means, "covariances": np.array([[[1.0]], [[1e-6]]])}
    )
    result = fit(sample, begun, families.get("gaussian-full"), epsilon=[0.9, 0.8, 1.0])
    assert result.status is Status.SINGULAR
    assert set(result.trace.epsilon) == {0.9}


def test_whole_numbers_in_a_start_do_not_stay_whole():
    sample = as_sample(np.array([0.0, 0.3, 4.0, 4.5]))
    family = families.get("gaussian-known", covariance=1.0)
    whole, broken = (
        fit(sample, Mixture(np.array([0.5, 0.5]), {"means": np.array([[0], [4]], dtype)}), family)
        for dtype in (int, float)
    )
    assert_array_equal(whole.mixture.parameters["means"], broken.mixture.parameters["means"])


class TwoSided(OwnFamily):
    """A family of a user's own with two parameters."""

    def log_density(self, points, parameters):
        apart = points[:, None, :] - parameters["places"]
        return -0.5 * np.sum(
            (apart / parameters["scales"]) ** 2 + 2 * np.log(parameters["scales"]), 2
        )

    def sufficient_statistics(self, points):
        return np.hstack([points, points**2])

    def estimate(self, averages):
        first, second = np.split(averages, 2, axis=1)
        return {"places": first, "scales": np.sqrt(second - first**2)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"constraints": Constraints(weight_floor=-0.1)}, "weight_floor must lie between 0 and"),
        ({"constraints": Constraints(weight_floor=0.4)}, "0.333333333333333, got 0.4"),
        ({"constraints": Constraints(weight_floor=np.nan)}, "weight_floor must lie"),
        ({"constraints": Constraints(0.1), "weights": "fixed"}, "leave weights free"),
        ({"constraints": Constraints(0.1), "plan": "balanced_free"}, "leave weights free"),
        ({"constraints": Constraints(frozen_parameters="rates")}, "no 'rates', only covariances"),
        ({"constraints": Constraints(frozen_components=[1, 0, 0])}, "3 truth values"),
        ({"constraints": Constraints(frozen_components=[True])}, "3 truth values"),
        ({"constraints": Constraints(labels=[0, 1])}, "labels must be 90 whole numbers"),
        ({"constraints": Constraints(labels=["a"] * 90)}, "labels must be 90 whole numbers"),
        ({"constraints": Constraints(labels=[3] * 90)}, "row 0 has 3; .* from 0 to 2, or -1"),
        ({"constraints": Constraints(labels=[0.5] * 90)}, "row 0 has 0.5"),
        (
            {"constraints": Constraints(labels=[1] * 90), "plan": "balanced", "weights": "fixed"},
            "labels give component 1 the share 1, more than its fixed weight",
        ),
        ({"epsilon": []}, "epsilon must be a finite number > 0, or a list"),
        ({"epsilon": [1.0, 0.0]}, "epsilon must be a finite number > 0, or a list"),
        ({"epsilon": "hot"}, "epsilon must be a finite number > 0, or a list"),
        ({"epsilon": Annealing((2.0, 1.0), max_iter=0)}, "max_iter at least 1"),
        ({"epsilon": [2.0, 1.0], "plan": "hard"}, "hard plans .* take no schedule"),
    ],
)
def test_a_senseless_constraint_is_refused_in_one_line(options, words):
    sample, begun, family, _ = a_problem("gaussian-full", 0)
    with pytest.raises(InputError, match=words):
        fit(sample, begun, family, **options)


def test_what_cannot_be_frozen_alone_is_refused():
    sample, begun, family, _ = a_problem("gaussian-tied", 0)
    with pytest.raises(InputError, match="covariances belong to all components alike"):
        fit(sample, begun, family, constraints=Constraints(frozen_components=[True, False, False]))
    begun = Mixture(np.ones(1), {"places": np.zeros((1, 3)), "scales": np.ones((1, 3))})
    with pytest.raises(InputError, match="has no M-step for its other parameters given places"):
        fit(sample, begun, TwoSided(), constraints=Constraints(frozen_parameters=["places"]))
    everything = Constraints(frozen_parameters=["places", "scales"])
    result = fit(sample, begun, TwoSided(), constraints=everything)
    assert_array_equal(result.mixture.parameters["scales"], 1.0)
