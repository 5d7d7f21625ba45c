"""The experiments on bifurcations notice a library that is wrong."""

import numpy as np
import pytest

from mixot import figures, fitting
from mixot.experiments import Outcome, pitchfork, write
from mixot.experiments._copies import Split, doubled, parted
from mixot.experiments._splits import critical, growth, reference_fixed_point, settled
from mixot.experiments._squares import squares_sample
from mixot.transport.plans import balanced, semirelaxed
from mixot.types import Mixture

NAMES = ("collapse", "first_split", "pitchfork", "later_splits")


@pytest.mark.parametrize("name", NAMES)
def test_the_claims_hold(name, false_claims):
    assert false_claims(name) == set()


@pytest.mark.parametrize(
    ("name", "claim", "problem"),
    [
        ("collapse", "G1", "iris"),
        ("first_split", "G2", "iris"),
        ("pitchfork", "G4", "uniform"),
        ("later_splits", "G5", "iris"),
    ],
)
def test_a_temperature_that_is_a_millionth_off_is_noticed(
    name, claim, problem, monkeypatch, false_claims
):
    honest = fitting.step

    def broken(sample, mixture, family, *, epsilon, **options):
        return honest(sample, mixture, family, epsilon=epsilon * (1.0 + 1e-6), **options)

    monkeypatch.setattr(fitting, "step", broken)
    assert false_claims(name, problems=[problem]) == {claim}


@pytest.mark.parametrize("plan", [semirelaxed.SemiRelaxed, balanced.Balanced])
def test_responsibilities_that_are_too_soft_are_noticed(plan, monkeypatch, false_claims):
    honest = plan.choose

    def broken(self, oracle, weights, epsilon, g):
        weights = weights**0.999
        return honest(self, oracle, weights / weights.sum(), epsilon, g)

    monkeypatch.setattr(plan, "choose", broken)
    assert false_claims("collapse", problems=["iris"]) == {"G1"}


def test_a_growth_rate_is_the_largest_eigenvalue():
    weights = np.array([0.2, 0.8])
    matrix = np.diag([3.0, 1.0])
    rate, direction = growth(lambda v: v @ matrix, np.ones((2, 2)), weights)
    assert rate == pytest.approx(3.0, rel=1e-12)
    np.testing.assert_allclose(direction, [[1.0, 0.0], [1.0, 0.0]], atol=1e-5)
    assert critical(lambda e: 2.0 / e, 1.0, 4.0) == pytest.approx(2.0, rel=1e-11)


def test_the_reference_and_the_library_settle_in_one_fixed_point():
    sample = squares_sample("test", "iris", 60)
    start = Mixture(np.array([0.5, 0.5]), {"means": sample.points[[0, 40]]})
    ours = settled(sample, start, 0.3)
    theirs = reference_fixed_point(sample, start, 0.3)
    np.testing.assert_allclose(ours.parameters["means"], theirs.parameters["means"], rtol=1e-9)
    np.testing.assert_allclose(ours.weights, theirs.weights, rtol=1e-9)


def test_a_copy_leaves_the_mixture_as_it_is():
    mixture = Mixture(np.array([0.3, 0.7]), {"means": np.array([[0.0], [5.0]])})
    copied = doubled(mixture, 1)
    np.testing.assert_allclose(copied.weights, [0.3, 0.28, 0.42])
    np.testing.assert_array_equal(copied.parameters["means"], [[0.0], [5.0], [5.0]])
    split = Split(4.0, mixture, 1, np.array([1.0]))
    moved = parted(split, 0.1)
    assert moved.weights @ moved.parameters["means"][:, 0] == pytest.approx(3.5)


def test_symmetric_points_have_the_moments_of_their_mirror_image():
    sample = pitchfork.symmetric("laplace", 50)
    assert sample.weights.sum() == pytest.approx(1.0)
    assert sample.weights @ sample.points[:, 0] ** 3 == pytest.approx(0.0, abs=1e-15)


def test_the_diagram_has_a_line_for_every_prediction_and_a_dot_for_every_centroid(tmp_path):
    series = {
        "drawn": np.array(["iris"]),
        "iris epsilons": np.geomspace(2.0, 0.5, 5),
        "iris centroids": np.outer([0.0, 0.0, 1.0, 1.1, 1.2], [1.0, -1.0, 1.0]),
        "iris predicted": np.array([1.2, 0.6]),
    }
    write(Outcome((), series), tmp_path, "later_splits")
    (axes,) = figures.make("bifurcation", tmp_path).axes
    assert [text.get_text() for text in axes.texts] == ["1", "2"]
    *lines, first, second, third = axes.lines
    assert [line.get_xdata()[0] for line in lines] == [1.2, 0.6]
    np.testing.assert_array_equal(first.get_ydata(), third.get_ydata())
    np.testing.assert_array_equal(first.get_ydata(), -second.get_ydata())
