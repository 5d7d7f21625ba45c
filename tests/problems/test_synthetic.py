"""Synthetic data: they come from the mixture that is recorded as the truth."""

import numpy as np
import pytest
from scipy.stats import chi2, f, kstest

from mixot import problems
from mixot.problems.synthetic import draw_clusters, draw_labels, ellipse

GAUSSIAN = ("well_separated", "overlapping", "imbalanced", "anisotropic", "high_dimensional")
SYNTHETIC = (*GAUSSIAN, "misspecified", "isotropic", "poisson")
SEED = 11


def clusters(problem):
    """Return for each component its index and the points that were drawn from it."""
    points = problem.sample.points
    return [(k, points[problem.labels == k]) for k in range(problem.n_components)]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_labels_occur_as_often_as_the_true_weights_say(name):
    problem = problems.load(name, SEED)
    weights, n_samples = problem.truth.weights, problem.labels.size
    assert weights.sum() == pytest.approx(1.0, abs=1e-15)
    shares = np.bincount(problem.labels, minlength=problem.n_components) / n_samples
    assert (np.abs(shares - weights) < 5 * np.sqrt(weights * (1 - weights) / n_samples)).all()


@pytest.mark.parametrize("name", [*GAUSSIAN, "misspecified", "isotropic"])
def test_each_cluster_has_its_true_mean_within_five_standard_errors(name):
    problem = problems.load(name, SEED)
    for k, points in clusters(problem):
        error = points.mean(axis=0) - problem.truth.parameters["means"][k]
        assert (np.abs(error) < 5 * points.std(axis=0) / np.sqrt(len(points))).all()


@pytest.mark.parametrize("name", GAUSSIAN)
def test_each_gaussian_cluster_has_its_true_covariance(name):
    problem = problems.load(name, SEED)
    for k, points in clusters(problem):
        true = problem.truth.parameters["covariances"][k]
        factor = np.linalg.cholesky(true)
        white = np.linalg.solve(factor, (points - problem.truth.parameters["means"][k]).T)
        # Entries of the mean of white white' have variance 1 + (row == column) over the size.
        error = white @ white.T / len(points) - np.eye(len(true))
        assert (np.abs(error) < 5 * np.sqrt(2 / len(points))).all()


def test_isotropic_clusters_have_the_known_unit_variance():
    problem = problems.load("isotropic", SEED, n_samples=20_000)
    assert problem.family_options == {"covariance": 1.0}
    for k, points in clusters(problem):
        white = points - problem.truth.parameters["means"][k]
        error = white.T @ white / len(points) - np.eye(2)
        assert (np.abs(error) < 5 * np.sqrt(2 / len(points))).all()


def test_misspecified_clusters_are_student_t_with_the_true_covariance_and_not_gaussian():
    problem = problems.load("misspecified", SEED, n_samples=6_000)
    for k, points in clusters(problem):
        factor = np.linalg.cholesky(problem.truth.parameters["covariances"][k])
        white = np.linalg.solve(factor, (points - problem.truth.parameters["means"][k]).T)
        squares = np.sum(white**2, axis=0)
        # |x|^2 of a t in the plane with 4 degrees of freedom and covariance I is F(2, 4).
        assert kstest(squares, f(2, 4).cdf).pvalue > 1e-3
        assert kstest(squares, chi2(2).cdf).pvalue < 1e-9


def test_poisson_counts_have_their_rates_as_mean_and_as_variance():
    problem = problems.load("poisson", SEED, n_samples=20_000)
    for k, counts in clusters(problem):
        rate = problem.truth.parameters["rates"][k, 0]
        assert counts.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate / len(counts)))
        spread = np.sqrt((rate + 2 * rate**2) / len(counts))
        assert counts.var() == pytest.approx(rate, abs=5 * spread)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_smaller_draw_is_the_beginning_of_a_larger_one(name):
    small, large = (problems.load(name, 2, n_samples=n) for n in (40, 90))
    np.testing.assert_array_equal(small.sample.points, large.sample.points[:40])
    np.testing.assert_array_equal(small.labels, large.labels[:40])


def test_every_stream_of_a_draw_depends_on_the_seed(monkeypatch):
    labels, means, covariances = np.zeros(50, dtype=np.int64), np.zeros((1, 2)), np.eye(2)[None]

    def draw(seed, *degrees_of_freedom):
        return draw_clusters("p", seed, labels, means, covariances, *degrees_of_freedom)

    assert not np.isclose(draw(0), draw(1)).any()
    assert not np.isclose(draw(0, 4.0) / draw(0), draw(1, 4.0) / draw(1)).any()
    monkeypatch.setattr("mixot.problems.library.poisson.draw_labels", lambda *_: labels)
    assert problems.load("poisson", 0).digest != problems.load("poisson", 1).digest


@pytest.mark.parametrize(
    ("name", "distance"), [("well_separated", 6.0), ("overlapping", 2.8), ("misspecified", 6.0)]
)
def test_separation_is_the_distance_of_every_two_means(name, distance):
    means = problems.load(name, 0).truth.parameters["means"]
    gaps = np.linalg.norm(means[:, None] - means[None], axis=2)[~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(gaps, distance, rtol=1e-14)


def test_ratio_is_that_of_the_longest_to_the_shortest_axis():
    problem = problems.load("anisotropic", 0, ratio=12.0)
    for covariance in problem.truth.parameters["covariances"]:
        spectrum = np.linalg.eigvalsh(covariance)
        assert np.sqrt(spectrum[-1] / spectrum[0]) == pytest.approx(12.0, rel=1e-12)


def test_the_true_mixture_in_many_dimensions_does_not_depend_on_the_seed():
    one, other = (problems.load("high_dimensional", seed).truth for seed in (0, 1))
    np.testing.assert_array_equal(one.parameters["means"], other.parameters["means"])


def test_an_ellipse_has_its_widths_along_its_axes():
    covariance = ellipse(3.0, 0.5, np.pi / 6)
    along = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    np.testing.assert_allclose(covariance @ along, 9.0 * along, rtol=1e-14)
    assert np.linalg.det(covariance) == pytest.approx(2.25, rel=1e-13)


def test_a_label_never_exceeds_the_last_component():
    # Ten times .1 sums to less than 1 in floating point.
    labels = draw_labels("poisson", 0, np.full(10, 0.1), 10_000)
    assert set(labels) == set(range(10))
