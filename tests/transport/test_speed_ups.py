"""Short cuts on the way to a solution, none of which may change where it ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.transport import solve
from mixot.transport.certificate import excess
from mixot.transport.columns import laplacian
from mixot.transport.dense import dense
from mixot.transport.kernels import Buffers
from mixot.transport.newton import Outer, maximise

SEEDS = st.integers(0, 10_000)


@settings(max_examples=15)
@given(seed=SEEDS, size=st.sampled_from([1e-4, 1e-3, 1e-2, 0.1]), epsilon=st.sampled_from([0.2, 1]))
def test_a_hessian_from_nearby_certifies_no_less_than_the_own_one(clouds, seed, size, epsilon):
    cost, a, b = clouds(seed)
    oracle = dense(cost, a, epsilon).oracle()
    rng = np.random.default_rng(seed)
    solution = solve(cost, a, b, epsilon).g / epsilon
    tilt = np.log(b) + solution - dense(cost, a, epsilon).shifts / epsilon
    here = oracle(tilt + size * rng.normal(size=b.size), True)
    step = 0.3 * size * rng.normal(size=b.size)
    there = oracle(tilt + step, True)
    borrowed = type(there)(there.value, there.marginal, oracle(tilt, True).hessian)
    outer = Outer(0.0, b)
    own = excess(there, outer)
    bound = excess(borrowed, outer, float(np.ptp(step)))
    assert np.isfinite(own)
    assert not bound < own * (1.0 - 1e-9)
    assert bound <= own * np.exp(4.0 * np.ptp(step)) * 1.001 or np.isnan(bound)
    # Without saying how far away it is, it may promise too much.
    assert excess(here, outer) >= 0.0 or np.isnan(excess(here, outer))


@pytest.mark.parametrize("epsilon", [1.0, 0.05])
def test_a_coarse_problem_saves_sweeps_over_all_rows(clouds, monkeypatch, epsilon):
    cost, a, b = clouds(9, n_samples=30_000, n_components=6)
    fast = solve(cost, a, b, epsilon)
    monkeypatch.setattr("mixot.transport.dense.Dense.coarse", lambda self: None)
    slow = solve(cost, a, b, epsilon)
    assert fast.converged
    assert_allclose(fast.value, slow.value, rtol=1e-13)
    assert_allclose(fast.g, slow.g, atol=1e-10)
    assert fast.n_sweeps <= slow.n_sweeps
    if epsilon < 1.0:
        assert fast.n_sweeps <= 0.6 * slow.n_sweeps


def test_a_coarse_problem_that_misleads_costs_sweeps_and_no_digit(clouds):
    # Every eighth row is of another kind, and the others are those that matter.
    cost, a, b = clouds(1, n_samples=16_000, n_components=5)
    cost[::8] = 40.0 * np.random.default_rng(0).random((2000, 5))
    result = solve(cost, a, b, 0.05)
    assert result.converged, result.message
    whole = dense(cost, a, 0.05)
    begun = maximise(
        whole.oracle(),
        lambda x: Outer(float(b @ x), b),
        np.log(b),
        np.zeros(5),
        tol=1e-13,
        max_iter=500,
    )
    marginal = begun.columns.marginal
    assert_allclose(marginal, b, atol=1e-12)
    g = 0.05 * begun.potential + whole.shifts
    assert_allclose(result.g, g - b @ g, atol=1e-9)
    heavy = np.full(16_000, 1e-9)
    heavy[1] = 1.0 - 1e-9 * 15_999
    spiked = solve(cost, heavy / heavy.sum(), b, 0.05)
    assert spiked.converged, spiked.message


@settings(max_examples=25)
@given(
    seed=SEEDS,
    epsilon=st.sampled_from([1e-3, 0.05, 1.0, 50.0]),
    reach=st.sampled_from([0.0, 5.0, 140.0, 160.0, 2000.0]),
    cooling=st.sampled_from([1.0, 0.3]),
)
def test_sweeps_with_kernels_are_those_with_exponentials(clouds, seed, epsilon, reach, cooling):
    cost, a, _ = clouds(seed, n_samples=700, n_components=7)
    with_kernels = dense(cost, a, epsilon).oracle(cooling)
    laid = dense(cost, a, epsilon)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        tilt = reach * rng.uniform(-0.5, 0.5, size=7)
        fast = with_kernels(tilt, True)
        slow = laid._sweep(slice(None), Buffers(cost.size, 700), cooling, tilt, True)
        assert_allclose(fast.value, slow.value, rtol=1e-13, atol=1e-13)
        assert_allclose(fast.marginal, slow.marginal, rtol=1e-11, atol=1e-15)
        assert_allclose(fast.hessian, laplacian(slow.hessian), rtol=0, atol=1e-14)


def test_a_column_that_receives_nothing_is_left_to_exponentials():
    cost = np.array([[0.0, 900.0], [0.0, 950.0]])
    laid = dense(cost, np.full(2, 0.5), 1.0, tilted=False)
    found = laid.oracle()(np.array([-np.inf, 0.0]), False)
    assert_allclose(found.marginal, [0.0, 1.0], atol=1e-100)
    assert_allclose(found.value, -925.0)


def test_the_last_sweep_goes_without_a_hessian_where_there_are_many_components():
    rng = np.random.default_rng(3)
    cost, b = rng.random((600, 60)), np.full(60, 1.0 / 60.0)
    laid = dense(cost, np.full(600, 1.0 / 600.0), 0.3)
    asked = []

    def oracle(tilt, hessian):
        asked.append(hessian)
        return laid.oracle()(tilt, hessian)

    found = maximise(
        oracle, lambda x: Outer(float(b @ x), b), np.log(b), np.zeros(60), tol=1e-11, max_iter=50
    )
    assert found.converged
    assert found.drift > 0.0
    assert asked == [True] * (len(asked) - 1) + [False]
    result = solve(cost, None, b, 0.3)
    assert result.converged
    assert 0.0 <= result.gap <= 1e-20
