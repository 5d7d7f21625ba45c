"""Every family in a fit: the statements that hold for any densities, and the energy balance."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import logsumexp

from mixot import Mixture, as_sample, families, fit, responsibilities, smoothed_start
from mixot.transport import kl_divergence, objective, solve

A_MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
MEANS = np.array([[0.0, 0.0], [3.0, 1.0], [-1.0, 4.0]])
MATRICES = A_MATRIX * np.array([1.0, 0.5, 2.0])[:, None, None]
# Five columns of three categories, and one of two.
CODES = np.random.default_rng(0).dirichlet([2.0, 2.0, 2.0], (3, 6))
CODES[:, 5] = [[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]
AXES = np.array([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])

# Name of the case: (family, its options, true parameters of three components).
TRUTHS = {
    "bernoulli": (
        "bernoulli",
        {},
        {"probabilities": np.random.default_rng(1).uniform(0.1, 0.9, (3, 8))},
    ),
    "categorical": ("categorical", {"categories": [3, 3, 3, 3, 3, 2]}, {"probabilities": CODES}),
    "multinomial": (
        "multinomial",
        {},
        {"probabilities": CODES[:, 0], "trials": np.array([6.5, 4.0, 9.3])},
    ),
    "exponential": ("exponential", {}, {"rates": np.array([[1.0, 0.2], [5.0, 5.0], [0.3, 3.0]])}),
    "gamma": (
        "gamma",
        {},
        {
            "shapes": np.array([[0.5, 3.0], [9.0, 2.0], [60.0, 1.0]]),
            "rates": np.array([[1.0, 1.0], [2.0, 0.3], [20.0, 3.0]]),
        },
    ),
    "von_mises_fisher": (
        "von_mises_fisher",
        {},
        {"directions": AXES, "concentrations": np.array([3.0, 20.0, 1.0])},
    ),
    "student_t-full": ("student_t-full", {"df": 3.0}, {"means": MEANS, "covariances": MATRICES}),
    "student_t-full estimate": (
        "student_t-full",
        {"df": "estimate"},
        {"means": MEANS, "covariances": MATRICES, "degrees_of_freedom": np.array([2.0, 5.0, 9.0])},
    ),
    "student_t-tied": ("student_t-tied", {}, {"means": MEANS, "covariances": A_MATRIX}),
    "student_t-diag": (
        "student_t-diag",
        {},
        {"means": MEANS, "covariances": np.array([[1.0, 2.0], [0.5, 0.5], [1.0, 1.0]])},
    ),
    "student_t-spherical": (
        "student_t-spherical",
        {},
        {"means": MEANS, "covariances": np.array([1.0, 0.5, 0.8])},
    ),
    "product": (
        "product",
        {"blocks": [("gaussian-full", [0, 2]), ("poisson", [1])]},
        {
            "0.means": MEANS,
            "0.covariances": MATRICES,
            "1.rates": np.array([[2.0], [9.0], [4.0]]),
        },
    ),
    "product with a latent block": (
        "product",
        {"blocks": [("student_t-diag", [1, 0], {"df": 3.0}), ("exponential", [2])]},
        {
            "0.means": MEANS,
            "0.covariances": np.array([[1.0, 2.0], [0.5, 0.5], [1.0, 1.0]]),
            "1.rates": np.array([[0.1], [9.0], [1.0]]),
        },
    ),
}


def a_problem(case, seed, n_samples=200):
    """Return (family, sample, start) of data drawn from the true mixture."""
    rng = np.random.default_rng(seed)
    name, options, parameters = TRUTHS[case]
    family = families.get(name, **options)
    labels = rng.integers(3, size=n_samples)
    points = family.sample(parameters, labels, rng)
    sample = as_sample(points, rng.uniform(0.5, 1.5, n_samples))
    return family, sample, smoothed_start(sample, family, 3, rng)


def scipy_log_density(case, points, p, k):
    """Return log p_k(x_i), shape (n,), by scipy.stats."""
    name, options, _ = TRUTHS[case]
    if name == "bernoulli":
        return stats.bernoulli.logpmf(points, p["probabilities"][k]).sum(axis=1)
    if name == "categorical":
        tables = p["probabilities"][k]
        indicators = np.eye(tables.shape[1])[points.astype(int)]
        columns = [stats.multinomial(1, t).logpmf(indicators[:, j]) for j, t in enumerate(tables)]
        return np.sum(columns, axis=0)
    if name == "multinomial":
        return stats.multinomial.logpmf(points, points.sum(axis=1), p["probabilities"][k])
    if name == "exponential":
        return stats.expon.logpdf(points, scale=1.0 / p["rates"][k]).sum(axis=1)
    if name == "gamma":
        return stats.gamma.logpdf(points, p["shapes"][k], scale=1.0 / p["rates"][k]).sum(axis=1)
    if name == "von_mises_fisher":
        direction = p["directions"][k] / np.linalg.norm(p["directions"][k])
        return stats.vonmises_fisher(direction, p["concentrations"][k]).logpdf(points)
    if name.startswith("student_t"):
        df = p["degrees_of_freedom"][k] if "degrees_of_freedom" in p else options.get("df", 4.0)
        values = p["covariances"] if name.endswith("tied") else p["covariances"][k]
        matrix = values if np.ndim(values) == 2 else values * np.eye(2)
        return stats.multivariate_t(p["means"][k], matrix, df=df).logpdf(points)
    if case == "product":
        gaussian = stats.multivariate_normal(p["0.means"][k], p["0.covariances"][k])
        counts = stats.poisson.logpmf(points[:, 1], p["1.rates"][k, 0])
        return gaussian.logpdf(points[:, [0, 2]]) + counts
    matrix = np.diag(p["0.covariances"][k])
    heavy = stats.multivariate_t(p["0.means"][k], matrix, df=3.0).logpdf(points[:, [1, 0]])
    return heavy + stats.expon.logpdf(points[:, 2], scale=1.0 / p["1.rates"][k, 0])


@pytest.mark.parametrize("case", TRUTHS)
def test_log_densities_agree_with_scipy(case):
    family, sample, start = a_problem(case, 0)
    for parameters in (TRUTHS[case][2], start.parameters):
        expected = np.column_stack(
            [scipy_log_density(case, sample.points, parameters, k) for k in range(3)]
        )
        got = family.log_density(sample.points, parameters)
        assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", TRUTHS)
def test_the_objective_at_the_plan_is_the_likelihood_and_elsewhere_exceeds_it_by_a_divergence(case):
    for seed in range(3):
        family, sample, start = a_problem(case, seed)
        weights = np.random.default_rng(seed).dirichlet(np.ones(3))
        log_density = np.column_stack(
            [scipy_log_density(case, sample.points, start.parameters, k) for k in range(3)]
        )
        likelihood = sample.weights @ logsumexp(log_density + np.log(weights), axis=1)
        mixture = Mixture(weights, start.parameters)
        rows = responsibilities(sample.points, mixture, family)
        plan = sample.weights[:, None] * rows
        cost = -family.log_density(sample.points, start.parameters)
        value = objective(plan, cost, sample.weights, weights, 1.0)
        assert_allclose(value, -likelihood, rtol=1e-13, atol=1e-13)
        draws = np.random.default_rng(seed).dirichlet(np.ones(3), sample.weights.size)
        other = sample.weights[:, None] * draws
        excess = objective(other, cost, sample.weights, weights, 1.0) + likelihood
        assert_allclose(excess, kl_divergence(other, plan), rtol=1e-12)


@pytest.mark.parametrize("case", TRUTHS)
def test_the_gap_of_balanced_transport_is_the_divergence_of_the_plans(case):
    family, sample, start = a_problem(case, 4)
    weights = np.array([0.2, 0.3, 0.5])
    cost = -family.log_density(sample.points, start.parameters)
    balanced = solve(cost, sample.weights, weights)
    free = solve(cost, sample.weights, weights, relaxation="semirelaxed")
    gap = balanced.value - free.value
    assert gap > 1e-6
    assert_allclose(gap, kl_divergence(balanced.plan, free.plan), rtol=1e-9, atol=1e-13)
    marginal = free.plan.sum(axis=0)
    at_marginal = solve(cost, sample.weights, marginal).value
    assert_allclose(at_marginal, free.value - kl_divergence(marginal, weights), rtol=1e-12)


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced"])
@pytest.mark.parametrize("case", TRUTHS)
def test_the_objective_falls_by_exactly_the_energy_terms(case, plan):
    family, sample, start = a_problem(case, 5)
    weights = "fixed" if plan == "balanced" else "free"
    for epsilon in (0.5, 1.0, 2.0):
        options = {"plan": plan, "epsilon": epsilon, "weights": weights}
        trace = fit(sample, start, family, **options, tol=0.0, max_iter=40, energy=True).trace
        assert trace.plan_kl.size >= 10
        scale = max(1.0, np.abs(trace.objective).max())
        terms = epsilon * (trace.plan_kl + trace.weights_kl) + trace.components_kl
        assert_allclose(-np.diff(trace.objective), terms, atol=1e-11 * scale)
        assert np.all(np.diff(trace.objective) <= 1e-13 * scale)
        assert np.all(terms >= -1e-13 * scale)


@pytest.mark.parametrize("name", ["bernoulli", "categorical"])
def test_the_energy_balance_holds_where_components_exclude_values(name):
    # The first component excludes a 1 in the first column, the second a 0.
    ones = np.array([[0.0, 0.3, 0.6], [1.0, 0.6, 0.2], [0.4, 0.5, 0.9]])
    tables = {"bernoulli": ones, "categorical": np.stack([1.0 - ones, ones], axis=2)}
    family = families.get(name)
    start = Mixture(np.full(3, 1 / 3), {"probabilities": tables[name]})
    rng = np.random.default_rng(0)
    points = family.sample(start.parameters, rng.integers(3, size=200), rng)
    trace = fit(as_sample(points), start, family, tol=0.0, max_iter=40, energy=True).trace
    terms = trace.plan_kl + trace.weights_kl + trace.components_kl
    assert_allclose(-np.diff(trace.objective), terms, atol=1e-12)
    final = trace.parameters["probabilities"][-1]
    assert_allclose(final[:2, 0], tables[name][:2, 0], rtol=0.0)
