"""Distances between Gaussian mixtures, and transport of a sample to itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import sqrtm

from mixot import InputError, families
from mixot.transport import mixture_distance, self_transport
from mixot.types import Mixture

FEW = settings(max_examples=15)
SEEDS = st.integers(0, 10_000)


def a_mixture(rng, n_components=3, n_features=2):
    roots = rng.normal(size=(n_components, n_features, n_features))
    covariances = roots @ np.swapaxes(roots, 1, 2) + 0.1 * np.eye(n_features)
    means = rng.normal(size=(n_components, n_features))
    weights = rng.dirichlet(np.ones(n_components))
    return Mixture(weights, {"means": means, "covariances": covariances})


def moved(mixture, shift=0.0, turn=None, weights=None):
    means, covariances = mixture.parameters["means"], mixture.parameters["covariances"]
    turn = np.eye(means.shape[1]) if turn is None else turn
    return Mixture(
        mixture.weights if weights is None else weights,
        {"means": means @ turn.T + shift, "covariances": turn @ covariances @ turn.T},
    )


@FEW
@given(seed=SEEDS)
def test_costs_are_wasserstein_distances_of_gaussians_and_the_plan_is_pots(seed):
    import ot

    rng = np.random.default_rng(seed)
    one, other = a_mixture(rng), a_mixture(rng, 4)
    found = mixture_distance(one, other)
    means, covariances = one.parameters["means"], one.parameters["covariances"]
    means2, covariances2 = other.parameters["means"], other.parameters["covariances"]
    for i in range(3):
        for k in range(4):
            root = sqrtm(covariances[i])
            middle = np.trace(sqrtm(root @ covariances2[k] @ root).real)
            bures = np.trace(covariances[i] + covariances2[k]) - 2.0 * middle
            apart = float(np.sum((means[i] - means2[k]) ** 2))
            assert_allclose(found.cost[i, k], apart + bures, rtol=1e-8)
    theirs = ot.emd(one.weights, other.weights, found.cost)
    assert_allclose(found.distance**2, np.sum(theirs * found.cost), rtol=1e-9)
    assert_allclose(found.plan.sum(axis=1), one.weights, atol=1e-12)


@FEW
@given(seed=SEEDS)
def test_it_is_a_distance(seed):
    rng = np.random.default_rng(seed)
    one, two, three = a_mixture(rng), a_mixture(rng), a_mixture(rng, 2)
    # To itself zero with all digits, which the formula with traces loses half of.
    assert mixture_distance(one, one).distance <= 1e-13
    there, back = mixture_distance(one, two).distance, mixture_distance(two, one).distance
    assert_allclose(there, back, rtol=1e-10)
    detour = mixture_distance(one, three).distance + mixture_distance(three, two).distance
    assert there <= detour * (1.0 + 1e-10)
    shift = np.array([3.0, -4.0])
    assert_allclose(mixture_distance(one, moved(one, shift)).distance, 5.0, rtol=1e-10)
    turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
    turned = mixture_distance(moved(one, turn=turn), moved(two, turn=turn)).distance
    assert_allclose(turned, there, rtol=1e-9)


def test_in_one_dimension_it_knows_means_and_standard_deviations():
    ones = {"means": np.array([[0.0]]), "covariances": np.array([[[4.0]]])}
    others = {"means": np.array([[3.0]]), "covariances": np.array([[[36.0]]])}
    found = mixture_distance(Mixture(np.ones(1), ones), Mixture(np.ones(1), others))
    assert_allclose(found.distance, 5.0)


def test_entropy_spreads_the_plan_and_vanishes_with_epsilon():
    rng = np.random.default_rng(0)
    one, other = a_mixture(rng), a_mixture(rng, 4)
    exact = mixture_distance(one, other)
    near, wide = mixture_distance(one, other, 1e-4), mixture_distance(one, other, 10.0)
    assert near.result.converged
    assert wide.result.converged
    assert_allclose(near.distance, exact.distance, rtol=1e-6)
    assert wide.distance > exact.distance
    assert (wide.plan > 0.0).all()


@FEW
@given(seed=SEEDS, n_features=st.sampled_from([1, 3]))
def test_every_kind_of_covariance_is_a_full_one_written_shorter(seed, n_features):
    rng = np.random.default_rng(seed)
    # As many components as columns: shapes alone would not tell the kinds apart.
    other = a_mixture(rng, 4, n_features)
    means, weights = rng.normal(size=(n_features, n_features)), rng.dirichlet(np.ones(n_features))
    root = rng.normal(size=(n_features, n_features))
    tied = root @ root.T + 0.1 * np.eye(n_features)
    diag = rng.random((n_features, n_features)) + 0.1
    spherical = rng.random(n_features) + 0.1
    known = families.get("gaussian-known", covariance=tied)
    identity = np.eye(n_features)
    for family, covariances, full in (
        ("gaussian-tied", tied, np.array([tied] * n_features)),
        (known, None, np.array([tied] * n_features)),
        ("gaussian-diag", diag, diag[:, :, None] * identity),
        ("gaussian-spherical", spherical, spherical[:, None, None] * identity),
        (
            families.get("gaussian-known", covariance=0.7),
            None,
            np.array([0.7 * identity] * n_features),
        ),
    ):
        parameters = {"means": means}
        if covariances is not None:
            parameters["covariances"] = covariances
        short = Mixture(weights, parameters)
        whole = Mixture(weights, {"means": means, "covariances": full})
        expected = mixture_distance(whole, other)
        found = mixture_distance(short, other, family=family, other_family="gaussian-full")
        assert_allclose(found.distance, expected.distance, rtol=1e-9)
        assert_allclose(found.cost, expected.cost, rtol=1e-10)
        back = mixture_distance(other, short, family="gaussian-full", other_family=family)
        assert_allclose(back.distance, expected.distance, rtol=1e-9)
        assert mixture_distance(short, short, family=family).distance <= 1e-13


@FEW
@given(seed=SEEDS, epsilon=st.sampled_from([0.05, 0.5, 2.0]))
def test_transport_to_itself_is_symmetric_whatever_the_weights(seed, epsilon):
    rng = np.random.default_rng(seed)
    points, a = rng.normal(size=(25, 2)), rng.dirichlet(np.ones(25))
    result = self_transport(points, epsilon, a)
    assert result.converged
    assert_allclose(result.plan, result.plan.T, atol=1e-13)
    # At zero cost each point could stay where it is: its entropy is what that would cost.
    assert result.value <= epsilon * float(-a @ np.log(a))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"means": np.zeros((1, 2))}, "one: a Gaussian mixture has covariances"),
        ({"means": np.zeros((1, 2)), "covariances": np.eye(2)}, r"shape \(1, 2, 2\), got \(2, 2\)"),
        ({"means": np.zeros((1, 2)), "covariances": -np.eye(2)[None]}, "be positive definite"),
    ],
)
def test_other_mixtures_are_refused(parameters, words):
    good = a_mixture(np.random.default_rng(0))
    with pytest.raises(InputError, match=words):
        mixture_distance(Mixture(np.ones(1), parameters), good)
    with pytest.raises(InputError, match="known for Gaussians only, not for 'poisson'"):
        mixture_distance(good, good, family="poisson")
    with pytest.raises(InputError, match="other: its components have 3 columns, those of one 2"):
        mixture_distance(good, a_mixture(np.random.default_rng(0), 2, 3))
    bad = Mixture(np.ones(1), {"means": np.zeros((1, 2)), "covariances": -np.ones((1, 2))})
    with pytest.raises(InputError, match="other: covariances must be positive definite"):
        mixture_distance(good, bad, other_family="gaussian-diag")
    with pytest.raises(InputError, match="epsilon must be a finite number >= 0"):
        mixture_distance(good, good, -1.0)
