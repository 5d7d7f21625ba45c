"""The limit epsilon -> 0: linear programs decide, to first order (F5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.reference import pot, sinkhorn
from mixot.transport import kl_divergence, solve

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=15)


@FEW
@given(seed=SEEDS)
def test_values_leave_the_linear_program_by_epsilon_times_a_divergence(clouds, seed):
    cost, a, b = clouds(seed)
    plan, lowest = sinkhorn.linear_program(cost, a, b)
    slope = kl_divergence(plan, a[:, None] * b)
    for epsilon in (1e-4, 1e-5, 1e-6):
        result = solve(cost, a, b, epsilon)
        assert result.converged, result.message
        # A basic plan of a random program is the only one; what remains vanishes exponentially
        # unless two plans cost almost the same.
        assert lowest <= result.value <= lowest + epsilon * slope + 1e-12
        assert lowest - 1e-10 <= result.value_linear
    assert_allclose(result.value, lowest + epsilon * slope, rtol=1e-11)
    assert_allclose(result.plan, plan, atol=1e-6)
    assert_allclose(pot.pot_linear(cost, a, b)[1], lowest, rtol=1e-9)


@FEW
@given(seed=SEEDS)
def test_the_limits_plan_is_the_one_of_most_entropy_on_the_optimal_face(seed):
    # Whole costs tie: the optimal plans are those on the pairs without reduced cost.
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 3, size=(12, 3)).astype(float)
    a, b = rng.dirichlet(np.ones(12)), rng.dirichlet(np.ones(3))
    _, lowest = sinkhorn.linear_program(cost, a, b)
    epsilon = 1e-3
    result = solve(cost, a, b, epsilon)
    assert_allclose(result.value_linear, lowest, atol=1e-12)
    f, g = result.potentials
    off_face = cost - f[:, None] - g > 0.1
    face = np.where(off_face, 60.0, 0.0)
    # Sinkhorn written plainly, on the face, at a temperature of its own.
    widest = sinkhorn.sinkhorn(face, a, b, 1.0)
    assert_allclose(result.plan, widest.plan, atol=1e-9)
    assert_allclose(
        (result.value - lowest) / epsilon, kl_divergence(widest.plan, a[:, None] * b), atol=1e-8
    )


@FEW
@given(seed=SEEDS)
def test_semi_relaxed_values_leave_hard_assignment_by_the_weights_that_were_paid(clouds, seed):
    cost, a, b = clouds(seed)
    best = cost.argmin(axis=1)
    slope = float(-a @ np.log(b[best]))
    held = np.bincount(best, a, minlength=b.size)
    entropy = -float(sum(h * np.log(h) for h in held if h > 0.0))
    assert_allclose(slope, entropy + kl_divergence(held, b), rtol=1e-12)
    for epsilon in (1e-5, 1e-6):
        value = solve(cost, a, b, epsilon, relaxation="semirelaxed").value
        apart = np.sort(cost, axis=1)
        nearest = float((apart[:, 1] - apart[:, 0]).min())
        rest = epsilon * np.exp(-nearest / epsilon) * 10.0
        assert abs(value - a @ cost.min(axis=1) - epsilon * slope) <= rest + 1e-14


@pytest.mark.parametrize("n_components", [2, 10, 40])
def test_small_epsilons_cost_tens_of_sweeps_and_not_thousands(n_components):
    rng = np.random.default_rng(n_components)
    cost = rng.random((500, n_components))
    b = rng.dirichlet(np.ones(n_components))
    counts = [solve(cost, None, b, epsilon).n_sweeps for epsilon in (1e-1, 1e-3, 1e-5)]
    assert counts[0] <= 12
    assert counts[1] <= 30
    assert counts[2] <= 80


def test_potentials_of_a_near_problem_save_most_of_the_sweeps(clouds):
    cost, a, b = clouds(5, n_samples=400)
    first = solve(cost, a, b, 1e-4)
    moved = cost + 1e-6 * np.random.default_rng(0).random(cost.shape)
    warm = solve(moved, a, b, 1e-4, g_init=first.potentials[1])
    cold = solve(moved, a, b, 1e-4)
    assert warm.n_sweeps <= 5 < 15 < cold.n_sweeps
    assert_allclose(warm.value, cold.value, rtol=1e-12)
