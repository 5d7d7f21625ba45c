"""Whoever does less work, or other work, is found out."""

import time
from dataclasses import replace

import numpy as np
import pytest
import sklearn.mixture
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixot.benchmarks import data, ours, peers
from mixot.benchmarks.record import UnavailableError
from mixot.benchmarks.solution import Kept, Solution, equal_work, objective
from mixot.types import Mixture

FAMILY = "gaussian-full"
HIGH = 6


@pytest.fixture(scope="module")
def points():
    return data.clusters(2000, 2, 3)


@pytest.fixture(scope="module")
def start(points):
    return data.start(points, 3, "full")


def both(points, mine, theirs):
    sides = {"mixot": Kept(mine), "peer": Kept(theirs)}
    for kept in sides.values():
        kept(HIGH)
    return equal_work(points, FAMILY, sides, HIGH)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_both_sides_take_the_same_path(points, covariance_type):
    begin = data.start(points, 3, covariance_type)
    sides = {
        "mixot": Kept(ours.em(points, begin, covariance_type)),
        "peer": Kept(peers.sklearn_em(points, begin, covariance_type, 1)),
    }
    begun = time.perf_counter()
    for kept in sides.values():
        stamps = np.array(kept(HIGH).stamps)
        assert len(stamps) == HIGH
        assert begun < stamps[0]
        assert np.all(np.diff(stamps) > 0.0)
    check = equal_work(points, f"gaussian-{covariance_type}", sides, HIGH)
    assert check.holds, check.why
    assert check.numbers["difference"] < 1e-11


def test_an_iteration_less_than_claimed_is_found(points, start):
    honest = ours.em(points, start, "full")
    check = both(points, lambda n: replace(honest(max(1, n - 1)), n_iter=n), honest)
    assert not check.holds
    assert "objectives differ" in check.why


def test_a_wrong_count_of_iterations_is_found(points, start):
    honest = ours.em(points, start, "full")
    check = both(points, honest, lambda n: honest(min(n, 4)))
    assert not check.holds
    assert check.why == f"peer made 4 iterations instead of {HIGH}"


def test_a_peer_that_does_not_say_when_iterations_end_is_not_timed(points, start, monkeypatch):
    base = sklearn.mixture.GaussianMixture
    quiet = {"_print_verbose_msg_iter_end": property(lambda self: lambda *said: None, _ignore)}
    monkeypatch.setattr(sklearn.mixture, "GaussianMixture", type("GaussianMixture", (base,), quiet))
    found = peers.sklearn_em(points, start, "full", 1)(HIGH)
    assert found.n_iter == HIGH
    with pytest.raises(UnavailableError, match=f"0 of {HIGH} iterations"):
        found.lengths(1)


def _ignore(model, value):
    """Let nobody replace what a model calls."""


def test_another_start_is_found(points, start):
    moved = Mixture(start.weights, {**start.parameters, "means": start.parameters["means"] * 1.001})
    check = both(points, ours.em(points, start, "full"), ours.em(points, moved, "full"))
    assert not check.holds


def test_agreement_at_the_limit_counts_for_nothing(points, start):
    limit = ours.em(points, start, "full")(2000).mixture
    check = both(points, lambda n: Solution(limit, n), lambda n: Solution(limit, n))
    assert not check.holds
    assert "moves too little" in check.why


def test_nan_is_not_agreement(points, start):
    nothing = Mixture(start.weights, {**start.parameters, "means": np.full((3, 2), np.nan)})
    honest = ours.em(points, start, "full")
    assert not both(points, lambda n: Solution(nothing, n), honest).holds
    assert not both(points, honest, lambda n: Solution(nothing, n)).holds


def test_the_objective_is_the_one_of_scipy(points, start):
    logs = np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(points)
            for weight, mean, covariance in zip(
                start.weights,
                start.parameters["means"],
                start.parameters["covariances"],
                strict=True,
            )
        ]
    )
    assert objective(points, start, FAMILY) == pytest.approx(
        -logsumexp(logs, axis=1).mean(), rel=1e-13
    )


def test_points_on_file_are_the_points_in_memory(tmp_path):
    path = data.cluster_file(tmp_path / "here" / "points.npy", 300_000, 2, 3)
    assert np.array_equal(np.load(path), data.clusters(300_000, 2, 3))
