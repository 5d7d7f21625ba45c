"""The experiments on self-transport and deconvolution notice a library that is wrong."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from mixot import transport
from mixot.experiments import richardson_lucy
from mixot.experiments.self_clustering import spectral_labels
from mixot.experiments.self_transport import kernel_likelihood
from mixot.transport.plans import balanced, semirelaxed


@pytest.fixture
def misled(monkeypatch):
    """Call misled(plan): from then on it sees weights that are a ten thousandth off."""

    def spoil(plan):
        honest = type(plan).choose

        def broken(self, oracle, weights, epsilon, g):
            changed = weights * (1.0 + 1e-4 * np.arange(weights.size))
            return honest(self, oracle, changed / changed.sum(), epsilon, g)

        monkeypatch.setattr(type(plan), "choose", broken)

    return spoil


@pytest.mark.parametrize("name", ["self_transport", "deconvolution", "richardson_lucy"])
def test_the_claims_hold(false_claims, name):
    assert false_claims(name) == set()


def test_a_temperature_that_is_a_millionth_off_is_noticed(monkeypatch, false_claims):
    honest = transport.self_transport

    def broken(points, epsilon, a=None):
        return honest(points, epsilon * (1.0 + 1e-6), a)

    monkeypatch.setattr(transport, "self_transport", broken)
    assert false_claims("self_transport") == {"K"}


def test_a_plan_that_is_not_quite_balanced_is_noticed(monkeypatch, false_claims):
    honest = transport.self_transport

    def broken(points, epsilon, a=None):
        found = honest(points, epsilon, a)
        # The last Newton step left out, say: the value hardly shows it, being flat there.
        found.plan[0, :2] += (1e-9, -1e-9)
        return found

    monkeypatch.setattr(transport, "self_transport", broken)
    assert false_claims("self_transport") == {"K"}


def test_weights_that_are_not_the_best_are_noticed(monkeypatch, false_claims):
    honest = transport.minimise_over_weights

    def broken(cost, a, start, epsilon=1.0, *, tol=1e-10):
        del tol
        return honest(cost, a, start, epsilon, tol=1e-4)

    monkeypatch.setattr(transport, "minimise_over_weights", broken)
    assert false_claims("deconvolution", locations=3) == {"L"}


@pytest.mark.parametrize("plan", [semirelaxed.PLAN, balanced.PLAN], ids=["likelihood", "transport"])
def test_a_plan_for_other_weights_is_noticed(false_claims, misled, plan):
    misled(plan)
    assert false_claims("deconvolution", laws=["beta"], locations=3) == {"L"}


def test_iterates_of_another_plan_are_not_those_of_richardson_and_lucy(false_claims, misled):
    misled(semirelaxed.PLAN)
    assert false_claims("richardson_lucy", images=["spikes"]) == {"L2"}


@pytest.mark.parametrize("d", [1, 3])
def test_the_kernel_density_is_the_mean_of_normals_at_the_observations(d):
    rng = np.random.default_rng(d)
    points, a = rng.normal(size=(30, d)), rng.dirichlet(np.ones(30))
    epsilon = 0.7
    width = 0.5 * epsilon * np.eye(d)
    densities = sum(
        weight * multivariate_normal(point, width).pdf(points)
        for weight, point in zip(a, points, strict=True)
    )
    nll = -float(a @ np.log(densities))
    expected = epsilon * (nll - 0.5 * d * math.log(math.pi * epsilon))
    assert kernel_likelihood(points, a, epsilon) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", ["spikes", "plane"])
def test_an_image_is_blurred_as_by_a_matrix_of_normals_whose_columns_sum_to_one(name):
    image = richardson_lucy.IMAGES[name]
    pixels, atoms = image.places(image.margin), image.places(0)
    matrix = np.stack([multivariate_normal(y, image.width**2).pdf(pixels) for y in atoms], axis=1)
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0, rtol=1e-12)
    blurred = image.blurred(image.truth)
    np.testing.assert_allclose(blurred.ravel(), matrix @ image.truth.ravel(), rtol=1e-12)
    ratio = 1.0 + pixels[:, 0]
    returned = image.returned(ratio.reshape(blurred.shape))
    np.testing.assert_allclose(returned.ravel(), matrix.T @ ratio, rtol=1e-12)


def test_clusters_far_apart_are_found_by_the_plan(outcome):
    made = outcome("self_clustering", separations=[8.0], temperatures=[1.0], seeds=1)
    assert made.series["plan"].item() == 1.0
    assert made.series["mixture truth"].item() == 1.0


def test_spectral_labels_are_those_of_the_blocks_of_an_affinity():
    truth = np.repeat([0, 1, 2], (5, 8, 4))
    labels = spectral_labels(np.where(truth[:, None] == truth, 1.0, 1e-3))
    assert len(set(zip(truth.tolist(), labels.tolist(), strict=True))) == 3
