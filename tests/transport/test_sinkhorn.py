"""The reference method: the same answers, by a longer way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.transport import solve
from mixot.transport.dense import dense
from mixot.transport.sinkhorn import sinkhorn

SEEDS = st.integers(0, 10_000)


@settings(max_examples=25)
@given(
    seed=SEEDS,
    epsilon=st.sampled_from([0.03, 0.1, 1.0, 10.0]),
    options=st.sampled_from([{}, {"relaxation": "unbalanced", "tau": 0.3}]),
)
def test_both_methods_end_at_the_same_value(clouds, seed, epsilon, options):
    cost, a, b = clouds(seed)
    slow = solve(cost, a, b, epsilon, method="sinkhorn", max_iter=5000, **options)
    fast = solve(cost, a, b, epsilon, **options)
    assert fast.converged
    assert slow.converged or epsilon < 1.0
    if slow.marginal_error <= 1e-10:
        assert_allclose(slow.value, fast.value, rtol=1e-12)
    # Whatever it reached, the certificate is right about it.
    assert slow.dual_value - 1e-12 <= fast.value <= slow.dual_value + slow.gap + 1e-12


def test_an_early_end_says_so():
    cost = np.random.default_rng(0).random((40, 4))
    result = solve(cost, epsilon=0.01, method="sinkhorn", max_iter=10)
    assert not result.converged
    assert "limit of sweeps" in result.message
    assert result.gap > 1e-6


@pytest.mark.parametrize(
    ("options", "times"), [({"over_relaxation": 1.6}, 4.0), ({"memory": 5}, 4.0)]
)
def test_both_accelerations_save_sweeps_on_separated_components(clouds, options, times):
    cost, a, b = clouds(3, n_samples=200)
    laid = dense(cost, a, 0.2)
    plain = sinkhorn(laid, b, np.zeros(5), tol=1e-11, max_iter=20_000)
    faster = sinkhorn(laid, b, np.zeros(5), tol=1e-11, max_iter=20_000, **options)
    assert plain.converged
    assert faster.converged
    assert_allclose(faster.columns.marginal, b, atol=1e-10)
    assert times * faster.n_sweeps < plain.n_sweeps


def test_kernels_that_underflow_are_summed_by_their_logarithms():
    # Every kernel entry is below 1e-400 of its neighbours' scale.
    cost = 1e3 * np.random.default_rng(1).random((12, 3)) + 1e5
    result = solve(cost, epsilon=1.0, method="sinkhorn")
    assert np.isfinite(result.value)
    assert_allclose(result.plan.sum(), 1.0)
