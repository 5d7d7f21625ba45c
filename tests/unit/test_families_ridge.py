"""The ridge of Gaussian families: what it adds, where, and what it permits."""

import numpy as np
import pytest

from mixot import InputError, Status, as_sample, families, fit, smoothed_start
from mixot.types import Mixture

SHAPES = ("full", "tied", "diag", "spherical")


def added(covariance_type: str, covariances: np.ndarray) -> np.ndarray:
    """What one unit of variance in every direction is, in the shape of the covariances."""
    if covariance_type in ("full", "tied"):
        return np.broadcast_to(np.eye(covariances.shape[-1]), covariances.shape)
    return np.ones_like(covariances)


@pytest.mark.parametrize("covariance_type", SHAPES)
def test_the_ridge_is_added_to_what_the_plain_m_step_returns(covariance_type):
    rng = np.random.default_rng(3)
    points = rng.normal(size=(40, 3))
    plan = rng.dirichlet(np.ones(2), size=40) / 40
    plain = families.get(f"gaussian-{covariance_type}")
    ridged = families.get(f"gaussian-{covariance_type}", ridge=0.25)
    start = plain.initial(as_sample(points), 2)

    statistics = plain.statistics(points, plan, start)
    without, with_ridge = plain.m_step(statistics, start), ridged.m_step(statistics, start)

    assert np.array_equal(with_ridge["means"], without["means"])
    np.testing.assert_allclose(
        with_ridge["covariances"],
        without["covariances"] + 0.25 * added(covariance_type, without["covariances"]),
        rtol=1e-14,
    )


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_a_component_that_keeps_its_covariance_gets_no_second_ridge(covariance_type):
    rng = np.random.default_rng(4)
    points = rng.normal(size=(30, 2))
    family = families.get(f"gaussian-{covariance_type}", ridge=0.5)
    old = family.initial(as_sample(points), 2)
    plan = np.column_stack([np.full(30, 1 / 30), np.zeros(30)])

    new = family.m_step(family.statistics(points, plan, old), old)

    assert np.array_equal(new["covariances"][1], old["covariances"][1])


def test_a_constant_column_is_refused_without_a_ridge_and_fitted_with_one():
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.normal(size=50), np.ones(50)])
    sample = as_sample(points)
    with pytest.raises(InputError, match="column 1 is constant"):
        smoothed_start(sample, families.get("gaussian-full"), 2, rng)

    family = families.get("gaussian-full", ridge=1e-6)
    fitted = fit(sample, smoothed_start(sample, family, 2, rng), family, max_iter=20, tol=1e-3)

    assert np.isfinite(fitted.mixture.parameters["covariances"]).all()
    np.testing.assert_allclose(fitted.mixture.parameters["covariances"][:, 1, 1], 1e-6, rtol=1e-9)


def test_a_component_on_one_point_is_as_wide_as_the_ridge_instead_of_singular():
    points = np.concatenate([np.linspace(-1.0, 1.0, 30), [1e5]])[:, None]
    sample = as_sample(points)
    means = np.array([[0.0], [1e5]])
    start = Mixture(np.array([0.9, 0.1]), {"means": means, "covariances": np.ones((2, 1, 1))})

    plain = fit(sample, start, families.get("gaussian-full"))
    ridged = fit(sample, start, families.get("gaussian-full", ridge=1e-8))

    assert plain.status is Status.SINGULAR
    assert ridged.status is Status.CONVERGED
    np.testing.assert_allclose(ridged.mixture.parameters["covariances"][1], 1e-8, rtol=1e-9)


@pytest.mark.parametrize("ridge", [-1e-9, np.inf, np.nan])
def test_a_ridge_that_is_no_finite_number_from_zero_on_is_refused(ridge):
    with pytest.raises(InputError, match=r"ridge must be a finite number >= 0"):
        families.get("gaussian-diag", ridge=ridge)


def test_a_known_covariance_takes_no_ridge():
    with pytest.raises(InputError, match="takes no ridge"):
        families.get("gaussian-known", covariance=1.0, ridge=0.1)


def test_columns_that_depend_on_each_other_are_singular_in_every_rounding():
    family = families.get("gaussian-full")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4))
        one = family.initial(as_sample(points), 1)
        assert not family.regular(one, one).any()
