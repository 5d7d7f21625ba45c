"""Von Mises-Fisher: every dimension and concentration, digits near the pole, refusals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mixot import InputError, Mixture, Status, as_sample, families, fit
from mixot.families import SingularComponentError

FAMILY = families.get("von_mises_fisher")


def one(direction, concentration):
    return {
        "directions": np.array([direction], dtype=float),
        "concentrations": np.array([concentration], dtype=float),
    }


def rotation_to(direction):
    """Return an orthogonal matrix whose first column is the direction."""
    return np.linalg.qr(np.column_stack([direction, np.eye(direction.size)[:, 1:]]))[0]


@pytest.mark.parametrize("n_features", [2, 3, 10])
@pytest.mark.parametrize("concentration", [1e-3, 1.0, 300.0, 1e5])
def test_log_densities_agree_with_scipy(n_features, concentration):
    rng = np.random.default_rng(n_features)
    direction = stats.uniform_direction(n_features).rvs(random_state=rng)
    points = stats.vonmises_fisher(direction, concentration).rvs(20, random_state=rng)
    expected = stats.vonmises_fisher(direction, concentration).logpdf(points)
    got = FAMILY.log_density(points, one(direction, concentration))[:, 0]
    assert_allclose(got, expected, rtol=1e-12, atol=1e-15 * concentration + 1e-12)


@pytest.mark.parametrize("concentration", [0.0, 1e-10, 1.0, 1e6, 1e12])
def test_densities_integrate_to_one_on_the_circle_and_the_sphere(concentration):
    # Gauss points in the angle, over the part of the circle that carries the mass.
    nodes, weights = np.polynomial.legendre.leggauss(200)
    reach = min(np.pi, 12.0 / np.sqrt(max(concentration, 1e-3)))
    angles = 0.5 * reach * (nodes + 1.0)
    arc = np.column_stack([np.cos(angles), np.sin(angles)])
    circle = np.exp(FAMILY.log_density(arc, one([1.0, 0.0], concentration))[:, 0])
    assert_allclose(2.0 * 0.5 * reach * weights @ circle, 1.0, rtol=1e-12)
    meridian = np.column_stack([arc, np.zeros(200)])
    sphere = np.exp(FAMILY.log_density(meridian, one([1.0, 0.0, 0.0], concentration))[:, 0])
    area = 2.0 * np.pi * np.sin(angles)
    assert_allclose(0.5 * reach * weights @ (sphere * area), 1.0, rtol=1e-12)


@pytest.mark.parametrize("n_features", [3, 50, 1000])
@pytest.mark.parametrize("concentration", [5.0, 1e3, 1e6])
def test_drawn_directions_give_their_concentration_back(n_features, concentration):
    rng = np.random.default_rng(0)
    direction = np.full(n_features, n_features**-0.5)
    draws = FAMILY.sample(one(direction, concentration), np.zeros(2000), rng)
    assert_allclose(np.linalg.norm(draws, axis=1), 1.0, rtol=1e-14)
    found = FAMILY.initial(as_sample(draws), 1)
    # The concentration's error is largest where the sample hardly has a mean direction.
    divergence = FAMILY.divergence(found, one(direction, concentration))[0]
    assert divergence < 4.0 * n_features / (2 * 2000)
    assert FAMILY.divergence(found, one(direction, 1.2 * concentration + 20.0))[0] > divergence


def test_the_concentration_of_nearly_equal_directions_keeps_its_digits():
    # Points at small angles about a pole that is no coordinate axis: 1 - |mean| is 5e-13.
    rng = np.random.default_rng(1)
    frame = rotation_to(np.array([0.6, 0.0, 0.8]))
    tangents = rng.normal(size=(300, 2)) * 1e-6
    points = np.column_stack([np.sqrt(1.0 - np.sum(tangents**2, axis=1)), tangents]) @ frame.T
    found = FAMILY.initial(as_sample(points), 1)
    about = tangents - tangents.mean(axis=0)
    # kappa = (d - 1) / (2 (1 - R)), and 1 - R is half the variance of the tangents.
    assert_allclose(found["concentrations"], 2.0 / np.mean(np.sum(about**2, axis=1)), rtol=1e-7)


def test_rows_rounded_to_seven_digits_count_as_the_directions_they_are():
    draws = FAMILY.sample(one([0.0, 0.6, 0.8], 1e3), np.zeros(100), np.random.default_rng(2))
    rounded = as_sample(np.round(draws, 7))
    FAMILY.check(rounded, 2)
    exact = FAMILY.initial(as_sample(draws), 1)
    assert_allclose(
        FAMILY.initial(rounded, 1)["concentrations"], exact["concentrations"], rtol=1e-6
    )
    longer = FAMILY.log_density(3.0 * draws, exact)
    assert_allclose(longer, FAMILY.log_density(draws, exact), rtol=1e-12)


def test_directions_that_cancel_are_uniform_and_keep_the_old_direction():
    points = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    initial = FAMILY.initial(as_sample(points), 2)
    assert initial["concentrations"].tolist() == [0.0, 0.0]
    assert_allclose(FAMILY.log_density(points, initial), -np.log(2.0 * np.pi), rtol=1e-15)
    old = one([0.6, 0.8], 3.0)
    after = FAMILY.m_step(FAMILY.statistics(points, np.full((4, 1), 0.25), old), old)
    assert after["directions"].tolist() == [[0.6, 0.8]]


def test_a_component_on_one_direction_ends_the_fit_as_singular():
    rng = np.random.default_rng(3)
    points = FAMILY.sample(one([1.0, 0.0, 0.0], 2.0), np.zeros(60), rng)
    start = Mixture(
        np.array([0.5, 0.5]),
        {
            "directions": np.stack([[1.0, 0.0, 0.0], points[0]]),
            "concentrations": np.array([2.0, 1e9]),
        },
    )
    result = fit(as_sample(points), start, FAMILY)
    assert result.status is Status.SINGULAR
    assert all(np.isfinite(v).all() for v in result.mixture.parameters.values())
    with pytest.raises(SingularComponentError):
        FAMILY.log_density(points, one([1.0, 0.0, 0.0], np.inf))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[1.0, 0.0], [0.5, 0.0]], "row 1 has length 0.5; directions must be unit vectors"),
        ([[1.0], [-1.0]], "at least 2 columns"),
        ([[1.0, 0.0], [1.0, 0.0]], "all rows are the same"),
    ],
)
def test_points_off_the_sphere_are_refused_in_one_line(points, words):
    with pytest.raises(InputError, match=words):
        FAMILY.check(as_sample(np.array(points)), 1)
