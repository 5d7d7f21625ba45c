"""Student t: complete-data divergence, estimated degrees of freedom, outliers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, special, stats

from mixot import Mixture, Status, as_sample, families, fit, log_likelihood
from mixot.families.student_t import StudentT

MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])


def one_component(df, points, tol=1e-7):
    family = families.get("student_t-full", df=df)
    sample = as_sample(points)
    start = Mixture(np.ones(1), family.initial(sample, 1))
    result = fit(sample, start, family, tol=tol, max_iter=20_000)
    assert result.status is Status.CONVERGED
    return result


def test_estimated_degrees_of_freedom_maximise_the_profile_likelihood():
    points = stats.multivariate_t([1.0, -2.0], MATRIX, df=3.0).rvs(800, random_state=0)
    estimated = one_component("estimate", points)
    found = estimated.mixture.parameters["degrees_of_freedom"][0]
    profile = optimize.minimize_scalar(
        lambda log_df: one_component(float(np.exp(log_df)), points).objective,
        bounds=(0.0, 4.0),
        method="bounded",
        options={"xatol": 1e-7},
    )
    assert_allclose(found, np.exp(profile.x), rtol=1e-5)
    assert estimated.objective <= profile.fun + 1e-12


def test_estimated_degrees_of_freedom_are_those_of_the_draws():
    points = stats.multivariate_t([1.0, -2.0], MATRIX, df=5.0).rvs(20_000, random_state=1)
    parameters = one_component("estimate", points, tol=1e-5).mixture.parameters
    # Four standard errors, from the curvature of the profile likelihood at this size.
    assert_allclose(parameters["degrees_of_freedom"], 5.0, rtol=0.1)
    assert_allclose(parameters["covariances"][0], MATRIX, atol=0.15)


def test_a_fit_with_known_degrees_of_freedom_satisfies_the_likelihood_equations():
    points = stats.multivariate_t([1.0, -2.0], MATRIX, df=4.0).rvs(300, random_state=2)
    result = one_component(4.0, points, tol=1e-11)
    found = np.concatenate(
        [
            result.mixture.parameters["means"][0],
            result.mixture.parameters["covariances"][0][np.tril_indices(2)],
        ]
    )

    def negative(theta):
        matrix = np.array([[theta[2], theta[3]], [theta[3], theta[4]]])
        return -stats.multivariate_t(theta[:2], matrix, df=4.0).logpdf(points).mean()

    gradient = optimize.approx_fprime(found, negative, 1e-6)
    assert_allclose(gradient, 0.0, atol=3e-6)
    assert_allclose(result.objective, negative(found), rtol=1e-13)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_the_m_step_is_the_weighted_scatter_about_the_new_means(kind):
    # Written out, one component at a time; at the fixed point several wrong formulas agree.
    rng = np.random.default_rng(8)
    points = 3.0 + rng.standard_t(2.0, (50, 2))
    family = StudentT(kind, df="estimate")
    sample = as_sample(points)
    plan = sample.weights[:, None] * rng.dirichlet(np.ones(2), 50)
    old = family.initial(sample, 2)
    found = family.m_step(family.statistics(points, plan, old), old)
    tied = 0.0
    for k in range(2):
        matrix = np.cov(points.T, bias=True)
        if kind not in ("full", "tied"):
            matrix = np.diag(np.diag(matrix))
        if kind == "spherical":
            matrix = np.eye(2) * np.trace(matrix) / 2
        centred = points - points.mean(axis=0)
        scales = 12.0 / (10.0 + np.sum(centred * np.linalg.solve(matrix, centred.T).T, axis=1))
        mean = (plan[:, k] * scales) @ points / (plan[:, k] @ scales)
        scatter = (points - mean).T @ ((plan[:, k] * scales)[:, None] * (points - mean))
        tied = tied + scatter
        shape = {
            "full": scatter / plan[:, k].sum(),
            "tied": tied,
            "diag": np.diag(scatter) / plan[:, k].sum(),
            "spherical": np.trace(scatter) / 2 / plan[:, k].sum(),
        }[kind]
        assert_allclose(found["means"][k], mean, rtol=1e-12)
        if kind != "tied":
            assert_allclose(found["covariances"][k], shape, rtol=1e-11)

        shares = plan[:, k] / plan[:, k].sum()

        def negative(df, scales=scales, shares=shares):
            expected_log = np.log(scales) + special.digamma(6.0) - np.log(6.0)
            terms = df / 2 * (np.log(df / 2) + expected_log - scales) - special.gammaln(df / 2)
            return -shares @ terms

        best = optimize.minimize_scalar(negative, bounds=(0.1, 100.0), method="bounded")
        assert_allclose(found["degrees_of_freedom"][k], best.x, rtol=1e-4)
    if kind == "tied":
        assert_allclose(found["covariances"], tied, rtol=1e-11)


def test_the_divergence_is_that_of_points_and_scales_together():
    family = StudentT("full", df="estimate")
    new = {
        "means": np.array([[0.0, 0.0]]),
        "covariances": MATRIX[None],
        "degrees_of_freedom": np.array([5.0]),
    }
    old = {
        "means": np.array([[0.5, -0.2]]),
        "covariances": np.eye(2)[None],
        "degrees_of_freedom": np.array([9.0]),
    }
    rng = np.random.default_rng(3)
    scales = rng.gamma(2.5, 1 / 2.5, 200_000)
    points = rng.multivariate_normal([0.0, 0.0], MATRIX, scales.size) / np.sqrt(scales)[:, None]

    def log_joint(parameters):
        df = parameters["degrees_of_freedom"][0]
        centred = (points - parameters["means"][0]) * np.sqrt(scales)[:, None]
        normal = stats.multivariate_normal([0, 0], parameters["covariances"][0]).logpdf(centred)
        return normal + np.log(scales) + stats.gamma.logpdf(scales, df / 2, scale=2 / df)

    ratio = log_joint(new) - log_joint(old)
    error = 5.0 * ratio.std() / np.sqrt(ratio.size)
    assert abs(ratio.mean() - family.divergence(new, old)[0]) < error


def test_many_degrees_of_freedom_are_a_gaussian():
    points = np.random.default_rng(4).normal(size=(50, 2))
    gaussian = families.get("gaussian-full")
    student = families.get("student_t-full", df=1e12)
    parameters = {"means": np.zeros((1, 2)), "covariances": MATRIX[None]}
    expected = gaussian.log_density(points, parameters)
    assert_allclose(student.log_density(points, parameters), expected, rtol=1e-10)


def test_outliers_move_a_gaussian_mixture_and_not_this_one():
    rng = np.random.default_rng(5)
    labels = rng.integers(2, size=400)
    points = rng.normal(size=(400, 1)) + np.array([-4.0, 4.0])[labels][:, None]
    points[:8] = 60.0
    sample = as_sample(points)
    errors = {}
    for name in ("gaussian-full", "student_t-full"):
        start = Mixture(
            np.array([0.5, 0.5]),
            {"means": np.array([[-4.0], [4.0]]), "covariances": np.ones((2, 1, 1))},
        )
        found = fit(sample, start, families.get(name)).mixture.parameters["means"]
        errors[name] = np.abs(np.sort(found[:, 0]) - [-4.0, 4.0]).max()
    assert errors["student_t-full"] < 0.3 < errors["gaussian-full"]


def test_a_family_may_be_given_as_an_instance():
    points = np.random.default_rng(6).standard_t(4.0, (100, 2))
    sample = as_sample(points)
    values = []
    for family in (StudentT(df=4), families.get("student_t-full", df=4.0)):
        start = Mixture(np.ones(1), family.initial(sample, 1))
        result = fit(sample, start, family)
        values.append(log_likelihood(sample, result.mixture, family))
    assert values[0] == values[1]


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_collapse_is_singular_as_for_the_gaussian(kind):
    family = StudentT(kind)
    sample = as_sample(np.random.default_rng(7).normal(size=(40, 2)))
    initial = family.initial(sample, 2)
    flat = {**initial, "covariances": 1e-16 * initial["covariances"]}
    assert family.regular(initial, initial).tolist() == [True, True]
    assert family.regular(flat, initial).tolist() == [False, False]
