"""Real data: the tables that were published, and nothing else."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from sklearn.datasets import load_iris, load_wine

from mixot import problems


def test_faithful_has_its_published_moments():
    points = problems.load("faithful").sample.points
    np.testing.assert_allclose(points.mean(axis=0), [3.487783, 70.897059], atol=1e-6)
    np.testing.assert_allclose(points.std(axis=0, ddof=1), [1.141371, 13.594974], atol=1e-6)
    np.testing.assert_array_equal(points[0], [3.6, 79.0])


def test_times_deaths_has_its_published_likelihood_at_its_published_maximum():
    sample = problems.load("times_deaths").sample
    assert sample.size == 1096
    weights, rates = np.array([0.3598854, 0.6401146]), np.array([1.2560951, 2.6634044])
    counts = sample.points
    log_joint = np.log(weights) + counts * np.log(rates) - rates - gammaln(counts + 1)
    total = sample.size * sample.weights @ logsumexp(log_joint, axis=1)
    assert total == pytest.approx(-1989.945860, abs=1e-6)


@pytest.mark.parametrize(("name", "loader"), [("iris", load_iris), ("wine", load_wine)])
def test_labels_are_the_classes_of_the_source(name, loader):
    np.testing.assert_array_equal(problems.load(name).labels, loader().target)


def test_wine_is_standardised_and_iris_is_not():
    wine = problems.load("wine").sample.points
    np.testing.assert_allclose(wine.mean(axis=0), 0.0, atol=1e-13)
    np.testing.assert_allclose(wine.std(axis=0), 1.0, rtol=1e-13)
    np.testing.assert_array_equal(problems.load("iris").sample.points, load_iris().data)


def test_the_number_of_components_to_look_for_can_be_chosen():
    assert problems.load("faithful", n_components=4).n_components == 4


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("faithful.csv", "35755e109446ec911891b1eae5cb33bc2f18367ce712145e4f9d27d19f575bad"),
        ("times_deaths.csv", "7e917fdf5f10d3b5c4e44fec35dbcc2b7f78768f352a2aa10a27ac28592221c3"),
    ],
)
def test_the_packaged_tables_are_unaltered(name, digest):
    content = (files("mixot.problems") / "data" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest


def test_the_provenance_of_every_packaged_table_is_recorded():
    data = files("mixot.problems") / "data"
    text = (data / "README.md").read_text(encoding="utf-8")
    tables = [entry.name for entry in data.iterdir() if entry.name.endswith(".csv")]
    assert len(tables) == 2
    assert all(name in text for name in tables)
