"""Restarts: every start is accounted for, and optima are told apart by their mixtures."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mixot import InputError, Mixture, Status, as_sample, families, fit
from mixot.fitting.archive import distance
from mixot.fitting.restarts import Screening, fit_restarts
from mixot.fitting.starts import start

KNOWN = families.get("gaussian-known", covariance=1.0)


def three_groups(places, seed=0):
    noise = np.random.default_rng(seed).normal(size=(3, 40))
    noise -= noise.mean(axis=1, keepdims=True)
    return as_sample((np.array(places)[:, None] + noise).ravel())


def two_means(*means):
    return Mixture(np.array([0.5, 0.5]), {"means": np.array(means, dtype=float)[:, None]})


def from_pairs(pairs):
    """Return an init that begins at the given pairs of means, one after the other."""
    waiting = iter(pairs)
    return lambda *_: two_means(*next(waiting))


def test_the_archive_counts_what_was_found_and_measures_the_gap():
    sample = three_groups([0.0, 10.0, 19.0])
    pairs = [(0, 14), (1, 15), (5, 19), (15, 0), (19, 6), (5, 18), (-1, 14)]
    found = fit_restarts(sample, KNOWN, 2, 7, rng=np.random.default_rng(0), init=from_pairs(pairs))
    assert [set(optimum.numbers) for optimum in found.optima] == [{0, 1, 3, 6}, {2, 4, 5}]
    assert [optimum.hits for optimum in found.optima] == [4, 3]
    assert found.best is found.optima[0].fit
    assert_allclose(np.sort(found.best.mixture.parameters["means"][:, 0]), [0.0, 14.5], atol=1e-2)
    assert found.optima[0].gap == 0.0
    # Two thirds of the points are 10/2 or 9/2 away from the mean of their groups.
    expected = (2 / 3) * 0.5 * (5.0**2 - 4.5**2)
    assert_allclose(found.optima[1].gap, expected, rtol=1e-2)
    assert not found.degenerate
    assert not found.screened_out


def test_mirror_images_are_two_optima_of_one_value():
    sample = three_groups([-10.0, 0.0, 10.0])
    points = sample.points
    sample = as_sample(np.concatenate([points, -points]))
    pairs = [(-5, 10), (-10, 5), (10, -5), (5, -10)]
    found = fit_restarts(sample, KNOWN, 2, 4, rng=np.random.default_rng(0), init=from_pairs(pairs))
    assert {tuple(sorted(o.numbers)) for o in found.optima} == {(0, 2), (1, 3)}
    assert_allclose([optimum.gap for optimum in found.optima], 0.0, atol=1e-12)


@given(seed=st.integers(0, 1000), size=st.integers(1, 4))
@settings(max_examples=30)
def test_the_distance_is_the_least_over_all_permutations(seed, size):
    rng = np.random.default_rng(seed)
    one, other = (
        Mixture(rng.dirichlet(np.ones(size)), {"means": rng.normal(size=(size, 2))})
        for _ in range(2)
    )

    def divergence(order):
        w, v = one.weights, other.weights[list(order)]
        apart = one.parameters["means"] - other.parameters["means"][list(order)]
        moved = 0.5 * np.sum(apart**2, axis=1)
        return np.sum((w + v) * moved + (w - v) * np.log(w / v))

    expected = {order: divergence(order) for order in permutations(range(size))}
    got, matched = distance(KNOWN, one, other)
    assert_allclose(got**2, min(expected.values()), rtol=1e-10)
    assert_allclose(expected[tuple(matched)], min(expected.values()), rtol=1e-10)
    assert_allclose(distance(KNOWN, other, one)[0], got, rtol=1e-10)


@pytest.mark.parametrize("name", families.names())
def test_a_mixture_is_nowhere_near_another_but_at_its_own_permutations(name):
    options = {
        "gaussian-known": {"covariance": 1.0},
        "product": {"blocks": [("gaussian-tied", [0, 1]), ("student_t-diag", [2])]},
    }
    family = families.get(name, **options.get(name, {}))
    rng = np.random.default_rng(0)
    points = rng.integers(0, 2 if name == "bernoulli" else 5, size=(60, 3)).astype(float)
    if name.startswith(("gaussian", "student", "product", "gamma")):
        points = rng.gamma(2.0, size=(60, 3))
    if name == "von_mises_fisher":
        points = points + 0.1
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
    sample = as_sample(points)
    one, other = (start(sample, family, 3, rng=np.random.default_rng(s)) for s in (0, 5))
    order = np.array([2, 0, 1])
    turned = Mixture(
        one.weights[order],
        {k: v if k in family.shared else v[order] for k, v in one.parameters.items()},
    )
    near, matched = distance(family, one, turned)
    assert near < 1e-7
    assert_array_equal(order[matched], np.arange(3))
    assert distance(family, one, other)[0] > 1e-2


def test_mixtures_that_exclude_each_other_are_infinitely_far_apart():
    family = families.get("bernoulli")
    one, other = (
        Mixture(np.array([0.5, 0.5]), {"probabilities": np.array(p)})
        for p in ([[1.0], [0.5]], [[0.0], [0.0]])
    )
    assert distance(family, one, other)[0] == np.inf
    empty = Mixture(np.array([1.0, 0.0]), one.parameters)
    assert distance(family, empty, empty)[0] == 0.0
    assert distance(family, empty, one)[0] == np.inf


def test_a_singular_fit_is_listed_apart_however_low_its_objective():
    rng = np.random.default_rng(0)
    sample = as_sample(np.concatenate([rng.normal(size=(10, 1)), rng.normal(3.0, 1.0, (10, 1))]))
    waiting = iter([1.0, 1e-12, 1.0, 1e-12])

    def make(*_):
        variance = next(waiting)
        weight, mean = (0.5, [3.0]) if variance == 1.0 else (0.05, sample.points[0])
        means = np.array([mean, [1.0]])
        covariances = np.array([variance, 3.0])[:, None, None]
        return Mixture(
            np.array([weight, 1.0 - weight]), {"means": means, "covariances": covariances}
        )

    family = families.get("gaussian-full")
    found = fit_restarts(sample, family, 2, 4, rng=np.random.default_rng(0), init=make)
    assert [attempt.number for attempt in found.degenerate] == [1, 3]
    assert {attempt.fit.status for attempt in found.degenerate} == {Status.SINGULAR}
    assert max(attempt.fit.objective for attempt in found.degenerate) < found.best.objective
    assert sorted(n for optimum in found.optima for n in optimum.numbers) == [0, 2]


def test_without_a_proper_fit_there_is_no_best_one():
    sample = three_groups([0.0, 1.0, 2.0])
    found = fit_restarts(
        sample, KNOWN, 2, 2, rng=np.random.default_rng(0), init=lambda *_: two_means(1, 1)
    )
    assert found.best is None
    assert found.optima == ()
    assert [attempt.fit.status for attempt in found.degenerate] == ["collapsed_identical"] * 2


def test_unconverged_fits_say_so_and_converged_ones_speak_for_their_optimum():
    sample = three_groups([0.0, 10.0, 19.0])
    worse = fit(sample, two_means(5, 19), KNOWN, tol=1e-4).mixture
    waiting = iter([worse, two_means(0, 14)])
    options = {"rng": np.random.default_rng(0), "max_iter": 2, "tol": 1e-7}
    found = fit_restarts(sample, KNOWN, 2, 2, init=lambda *_: next(waiting), same=9.0, **options)
    assert [sorted(optimum.numbers) for optimum in found.optima] == [[0, 1]]
    assert found.optima[0].status is Status.CONVERGED
    waiting = iter([worse, two_means(0, 14)])
    apart = fit_restarts(sample, KNOWN, 2, 2, init=lambda *_: next(waiting), **options)
    assert [optimum.numbers for optimum in apart.optima] == [(1,), (0,)]
    assert [optimum.status for optimum in apart.optima] == [Status.MAX_ITER, Status.CONVERGED]
    assert apart.best.objective < found.best.objective
    assert apart.optima[1].gap == found.best.objective - apart.best.objective


def test_loosely_converged_fits_are_one_as_far_as_their_certificates_reach():
    counts = np.array([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])
    sample = as_sample(np.arange(10.0), counts, kind="frequency")
    family = families.get("poisson")
    starts = iter([(0.3, 1.0, 2.5), (0.5, 0.5, 4.0)])

    def make(*_):
        weight, *rates = next(starts)
        return Mixture(np.array([weight, 1 - weight]), {"rates": np.array(rates)[:, None]})

    found = fit_restarts(
        sample, family, 2, 2, rng=np.random.default_rng(0), init=make, tol=1e-3, same=0.0
    )
    assert [sorted(optimum.numbers) for optimum in found.optima] == [[0, 1]]


def test_more_starts_continue_fewer():
    sample = three_groups([0.0, 2.0, 5.0])
    few, many = (
        fit_restarts(
            sample, KNOWN, 3, n, rng=np.random.default_rng(3), same=0.0, tol=0.0, max_iter=5
        )
        for n in (2, 5)
    )
    ends = [
        {number: optimum.fit.objective for optimum in found.optima for number in optimum.numbers}
        for found in (few, many)
    ]
    assert set(ends[1]) == set(range(5))
    assert {number: ends[1][number] for number in (0, 1)} == ends[0]


def test_screening_finishes_the_lowest_and_says_what_it_gave_up():
    rng = np.random.default_rng(1)
    sample = as_sample(rng.normal(size=(200, 2)) + 4.0 * np.eye(2)[rng.integers(2, size=200)])
    options = {"tol": 0.0, "max_iter": 15, "same": 0.0}
    whole, screened = (
        fit_restarts(
            sample,
            families.get("gaussian-diag"),
            4,
            8,
            rng=np.random.default_rng(2),
            screening=screening,
            **options,
        )
        for screening in (None, Screening(5, 3))
    )
    entire = {optimum.numbers[0]: optimum.fit for optimum in whole.optima}
    assert len(entire) == 8
    lowest = sorted(range(8), key=lambda number: entire[number].trace.objective[5])
    assert {optimum.numbers[0] for optimum in screened.optima} == set(lowest[:3])
    assert {attempt.number for attempt in screened.screened_out} == set(lowest[3:])
    # What was finished is what it would have been, and what was given up is shown as it was.
    for optimum in screened.optima:
        expected = entire[optimum.numbers[0]].trace.objective
        assert_array_equal(optimum.fit.trace.objective, expected)
    for attempt in screened.screened_out:
        assert attempt.fit.objective == entire[attempt.number].trace.objective[5]


def test_a_short_run_that_ends_by_itself_is_finished():
    sample = three_groups([0.0, 9.0, 30.0])
    pairs = [(4.5, 30), (0, 19.5), (0, 30), (5, 31)]
    found = fit_restarts(
        sample,
        KNOWN,
        2,
        4,
        rng=np.random.default_rng(0),
        init=from_pairs(pairs),
        screening=Screening(50, 1),
    )
    assert sum(optimum.hits for optimum in found.optima) == 4
    assert found.screened_out == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_init": 0}, "n_init must be at least 1, got 0"),
        ({"init": np.zeros(120, dtype=int)}, "all 2 starts would be the same: use n_init=1"),
        ({"init": two_means(0, 1)}, "all 2 starts would be the same"),
        ({"same": -1.0}, "same must be >= 0, got -1.0"),
        ({"screening": Screening(), "epsilon": [2.0, 1.0]}, "use one epsilon or no screening"),
        ({"init": "nothing"}, "init must be one of"),
        ({"plan": "nothing"}, "unknown plan"),
        ({"weights": "fixed", "n_init": 20}, "not comparable: give the weights as a vector"),
    ],
)
def test_a_senseless_request_is_refused_in_one_line(options, words):
    arguments = {"n_init": 2, "rng": np.random.default_rng(0), **options}
    with pytest.raises(InputError, match=words):
        fit_restarts(three_groups([0.0, 9.0, 30.0]), KNOWN, 2, **arguments)


def test_screening_needs_numbers_above_zero():
    with pytest.raises(InputError, match="keep must be at least 1, got 0"):
        Screening(10, 0)
