"""Exponential and gamma: large shapes, zeros, collapse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from mixot import InputError, Mixture, Status, as_sample, families, fit
from mixot.families import SingularComponentError


def gamma_fit(points, weights=None):
    family = families.get("gamma")
    return family, family.initial(as_sample(points, weights), 1)


def test_the_gamma_fit_of_one_component_is_that_of_scipy():
    points = np.random.default_rng(0).gamma(2.5, 3.0, 400)
    _, parameters = gamma_fit(points)
    shape, _, scale = stats.gamma.fit(points, floc=0)
    assert_allclose(parameters["shapes"][0, 0], shape, rtol=1e-6)
    assert_allclose(parameters["shapes"] / parameters["rates"], points.mean(), rtol=1e-14)
    assert_allclose(1.0 / parameters["rates"][0, 0], scale, rtol=1e-6)


@pytest.mark.parametrize("shape", [0.05, 1.0, 1e4, 1e10])
def test_gamma_shapes_are_recovered_whatever_their_size(shape):
    _, parameters = gamma_fit(np.random.default_rng(1).gamma(shape, 7.0 / shape, 4000))
    assert_allclose(parameters["shapes"], shape, rtol=0.1)


@pytest.mark.parametrize("shape", [1.0, 1e4, 1e10])
def test_gamma_densities_integrate_to_one_whatever_the_shape(shape):
    family = families.get("gamma")
    parameters = {"shapes": np.array([[shape]]), "rates": np.array([[shape / 7.0]])}
    spread = 40.0 / np.sqrt(shape)
    low, high = 7.0 * max(0.0, 1.0 - spread), 7.0 * (1.0 + spread)

    def density(x):
        return np.exp(family.log_density(np.array([[x]]), parameters)[0, 0])

    total, _ = integrate.quad(density, low, high, points=[7.0], limit=200, epsabs=1e-12)
    assert_allclose(total, 1.0, rtol=1e-9)


def test_the_gamma_m_step_keeps_the_digits_of_nearly_equal_points():
    rng = np.random.default_rng(2)
    # Relative deviations of 1e-5, exact in floating point: the shape is near 1e10.
    deviations = np.round(rng.normal(size=200) * 2**20) / 2**37
    family, first = gamma_fit(1.0 + deviations)
    sample = as_sample(1.0 + deviations)
    plan = sample.weights[:, None]
    again = family.m_step(family.statistics(sample.points, plan, first), first)
    mean, variance = deviations.mean(), deviations.var()
    assert_allclose(again["shapes"][0, 0], (1.0 + mean) ** 2 / variance, rtol=1e-4)
    assert_allclose(again["shapes"], first["shapes"], rtol=1e-9)


def test_moderate_and_large_shapes_meet_where_one_route_takes_over_from_the_other():
    rng = np.random.default_rng(5)
    family = families.get("gamma")
    points, plan = rng.gamma(60.0, 1.0, (50, 1)), rng.dirichlet(np.ones(2), 50) / 50
    below = {"shapes": np.full((2, 1), 64.0), "rates": np.ones((2, 1))}
    above = {"shapes": np.full((2, 1), np.nextafter(64.0, 65.0)), "rates": np.ones((2, 1))}
    assert_allclose(
        family.log_density(points, below), family.log_density(points, above), rtol=1e-12
    )
    for key, values in family.m_step(family.statistics(points, plan, below), below).items():
        other = family.m_step(family.statistics(points, plan, above), above)[key]
        assert_allclose(other, values, rtol=1e-11)


def test_gamma_and_exponential_densities_vanish_outside_the_support_without_a_warning():
    points = np.array([[-1.0], [0.0], [2.0]])
    gamma = families.get("gamma")
    values = gamma.log_density(points, {"shapes": np.array([[2.0]]), "rates": np.array([[3.0]])})
    assert_allclose(values[:, 0], stats.gamma.logpdf(points[:, 0], 2.0, scale=1 / 3), rtol=1e-14)
    exponential = families.get("exponential")
    values = exponential.log_density(points, {"rates": np.array([[3.0]])})
    assert_allclose(values[:, 0], [-np.inf, np.log(3.0), np.log(3.0) - 6.0])


def test_a_gamma_component_on_one_point_ends_the_fit_as_singular():
    rng = np.random.default_rng(3)
    points = rng.gamma(3.0, 1.0, 50)
    shapes, rates = np.array([[3.0], [1e9]]), np.array([[1.0], [1e9 / points[0]]])
    start = Mixture(np.array([0.5, 0.5]), {"shapes": shapes, "rates": rates})
    result = fit(as_sample(points), start, families.get("gamma"))
    assert result.status is Status.SINGULAR
    assert all(np.isfinite(v).all() for v in result.mixture.parameters.values())


def test_an_exponential_component_of_zeros_has_no_density():
    family = families.get("exponential")
    points, plan = np.array([[0.0], [1.0]]), np.array([[0.5, 0.0], [0.0, 0.5]])
    old = {"rates": np.ones((2, 1))}
    after = family.m_step(family.statistics(points, plan, old), old)
    assert after["rates"][:, 0].tolist() == [np.inf, 1.0]
    assert family.regular(after, old).tolist() == [False, True]
    with pytest.raises(SingularComponentError):
        family.log_density(points, after)


def test_the_unit_of_the_data_does_not_matter():
    rng = np.random.default_rng(4)
    points = rng.gamma(2.0, 1.0, (100, 1))
    for name in ("exponential", "gamma"):
        family = families.get(name)
        one = family.initial(as_sample(points), 1)
        other = family.initial(as_sample(points * 2.0**-30), 1)
        assert_allclose(other["rates"], one["rates"] * 2.0**30, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "points", "words"),
    [
        (
            "exponential",
            [[1, 2], [3, -1]],
            "row 1, column 1 is -1; an exponential variable must be",
        ),
        ("exponential", [[1, 0], [3, 0]], "column 1 is all zero"),
        ("gamma", [[1], [0]], "row 1, column 0 is 0; a gamma variable must be > 0"),
        ("gamma", [[1, 2], [3, 2]], "column 1 is constant"),
    ],
)
def test_points_outside_the_support_are_refused_in_one_line(name, points, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get(name).check(as_sample(np.array(points, dtype=float)), 1)
    assert "\n" not in str(caught.value)
