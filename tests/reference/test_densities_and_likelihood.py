import math

import numpy as np
import pytest
from scipy.special import rel_entr

from mixot.reference import densities, likelihood, parameters


@pytest.mark.parametrize("route", ["scipy", "elimination"])
def test_every_route_gives_the_same_costs(case, route):
    costs = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    other = densities.costs(
        case.family, case.points, case.parameters, route=route, covariance=case.covariance
    )
    np.testing.assert_allclose(other, costs, rtol=1e-12)


def test_a_normal_and_a_poisson_density_are_the_textbook_numbers():
    normal = densities.costs(
        "gaussian-spherical",
        np.array([[3.0]]),
        {"means": np.array([[1.0]]), "covariances": np.array([4.0])},
    )
    assert normal[0, 0] == pytest.approx(0.5 * math.log(2 * math.pi * 4) + 0.5, rel=1e-15)
    poisson = densities.costs("poisson", np.array([[2.0]]), {"rates": np.array([[3.0]])})
    assert poisson[0, 0] == pytest.approx(-math.log(4.5 * math.exp(-3)), rel=1e-15)


@pytest.mark.parametrize("known", [2.0, [2.0, 2.0], [[2.0, 0.0], [0.0, 2.0]]])
def test_a_known_covariance_may_be_a_number_a_vector_or_a_matrix(known):
    full = parameters.full_covariances({}, "known", 3, 2, known=known)
    np.testing.assert_array_equal(full, np.stack([2 * np.eye(2)] * 3))


@pytest.mark.parametrize("name", ["gaussian", "gaussian-banded", "student", "poisson-full"])
def test_an_unknown_family_is_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        parameters.covariance_type(name)


def test_misuse_of_a_route_or_a_structure_is_refused():
    with pytest.raises(ValueError, match="qr"):
        densities.costs("poisson", np.ones((2, 1)), {"rates": np.ones((1, 1))}, route="qr")
    with pytest.raises(ValueError, match="banded"):
        parameters.full_covariances({"covariances": np.ones(1)}, "banded", 1, 1)
    with pytest.raises(ValueError, match="needs its covariance"):
        parameters.full_covariances({}, "known", 1, 1)
    with pytest.raises(np.linalg.LinAlgError):
        densities.costs(
            "gaussian-diag",
            np.ones((3, 1)),
            {"means": np.ones((1, 1)), "covariances": -np.ones((1, 1))},
        )


def test_the_likelihood_agrees_with_extended_precision_to_the_last_digit(case):
    logs = densities.generic_log_densities(
        case.family,
        case.points,
        case.parameters,
        dtype=np.longdouble,
        covariance=case.covariance,
    )
    costs = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    exact = likelihood.extended_negative_log_likelihood(-logs, case.sample_weights, case.weights)
    value = likelihood.negative_log_likelihood(costs, case.sample_weights, case.weights)
    assert value == pytest.approx(float(exact), rel=2e-15)


def test_costs_beyond_the_range_of_exp_are_no_obstacle():
    cost = np.array([[5000.0, 5001.0], [-9000.0, -8000.0]])
    a, weights = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    value = likelihood.negative_log_likelihood(cost, a, weights)
    first = 5000 - math.log(0.25 + 0.75 * math.exp(-1))
    assert value == pytest.approx(0.5 * first + 0.5 * (-9000 - math.log(0.25)), rel=1e-15)
    logs = likelihood.log_responsibilities(cost, weights)
    assert logs[1, 1] == pytest.approx(-1000 + math.log(3), rel=1e-15)


def test_an_empty_component_is_ignored_even_where_it_would_fit_best():
    cost = np.array([[1.0, -800.0], [2.0, 3.0]])
    a, weights = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    assert likelihood.negative_log_likelihood(cost, a, weights) == 1.5
    np.testing.assert_array_equal(likelihood.responsibilities(cost, weights), [[1, 0], [1, 0]])
    assert likelihood.objective(likelihood.estep_plan(cost, a, weights), cost, a, weights) == 1.5


def test_kl_has_its_conventions_and_keeps_the_digits_of_a_small_difference():
    rng = np.random.default_rng(0)
    p, q = rng.random(50), rng.random(50)
    assert likelihood.kl_divergence(p, q) == pytest.approx(
        np.sum(rel_entr(p, q) - p + q), rel=1e-14
    )
    assert likelihood.kl_divergence(np.array([0.0, 1.0]), np.array([0.5, 1.0])) == 0.5
    assert likelihood.kl_divergence(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == math.inf
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([0.0, 1.0])), np.log(np.array([0.5, 1.0]))
    assert likelihood.kl_from_logs(*logs) == 0.5
    assert likelihood.kl_from_logs(logs[1], logs[0]) == math.inf
    near = p * (1 + 1e-9)
    expected = float(np.sum(p) * 0.5e-18)
    assert likelihood.kl_divergence(p, near) == pytest.approx(expected, rel=1e-6)
    assert likelihood.kl_from_logs(np.log(p), np.log(near)) == pytest.approx(expected, rel=1e-6)
    assert likelihood.kl_from_logs(np.log(p), np.log(q)) == pytest.approx(
        likelihood.kl_divergence(p, q), rel=1e-13
    )


def test_the_objective_obeys_pythagoras_at_random_plans(transport_case):
    # A2: F(P) = L_eps + eps KL(P | P*) for every plan with the right rows.
    cost, a, weights, epsilon = transport_case
    best = likelihood.estep_plan(cost, a, weights, epsilon)
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    assert likelihood.objective(best, cost, a, weights, epsilon) == pytest.approx(value, rel=1e-13)
    rng = np.random.default_rng(0)
    plan = a[:, None] * rng.dirichlet(np.ones(weights.size), size=a.size)
    split = value + epsilon * likelihood.kl_divergence(plan, best)
    assert likelihood.objective(plan, cost, a, weights, epsilon) == pytest.approx(split, rel=1e-13)


def test_mutual_information_is_the_weights_optimal_entropic_term(transport_case):
    # B1: KL(P | a x pi) = I(P) + KL(P'1 | pi).
    _, a, weights, _ = transport_case
    rng = np.random.default_rng(1)
    plan = a[:, None] * rng.dirichlet(np.ones(weights.size), size=a.size)
    left = likelihood.kl_divergence(plan, np.outer(a, weights))
    right = likelihood.mutual_information(plan) + likelihood.kl_divergence(plan.sum(0), weights)
    assert left == pytest.approx(right, rel=1e-13)
