"""The statements A, B, C, F, I3, I4, K and N on random problems, against independent references."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.reference import pot, sinkhorn, weights
from mixot.transport import (
    entropy_form,
    kl_divergence,
    minimise_over_weights,
    mutual_information,
    objective,
    solve,
    transport_cost,
)
from mixot.transport.dense import dense
from mixot.transport.newton import Outer, maximise
from mixot.transport.sinkhorn import sinkhorn as ours_by_sinkhorn

SEEDS = st.integers(0, 10_000)
EPSILONS = st.sampled_from([0.1, 0.3, 1.0, 3.0])
FEW = settings(max_examples=15)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_a1_the_semi_relaxed_value_is_that_of_pots_corner(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    ours = solve(cost, a, b, epsilon, relaxation="semirelaxed")
    theirs = pot.pot_semirelaxed(cost, a, b, epsilon)
    assert_allclose(ours.value, theirs.value, rtol=1e-12)
    assert_allclose(ours.plan, theirs.plan, atol=1e-14)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_b1_both_problems_have_the_same_minimum_over_the_weights(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    best = minimise_over_weights(cost, a, b, epsilon)
    plan = solve(cost, a, best.weights, epsilon).plan
    information = transport_cost(plan, cost) + epsilon * mutual_information(plan)
    relaxed = solve(cost, a, best.weights, epsilon, relaxation="semirelaxed").value
    assert_allclose([best.value, information], relaxed, rtol=1e-9)
    assert weights.certificate(cost, a, best.weights, epsilon)[1] < 1e-8
    # Away from the minimum they differ.
    assert (
        solve(cost, a, b, epsilon).value
        > solve(cost, a, b, epsilon, relaxation="semirelaxed").value
    )


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_c_the_gap_is_a_divergence_of_plans_and_more_than_that_of_marginals(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    balanced = solve(cost, a, b, epsilon)
    relaxed = solve(cost, a, b, epsilon, relaxation="semirelaxed")
    gap, held = balanced.value - relaxed.value, relaxed.marginals[1]
    assert_allclose(gap, epsilon * kl_divergence(balanced.plan, relaxed.plan), rtol=1e-9)
    assert gap > epsilon * kl_divergence(b, held)
    at_held = solve(cost, a, held, epsilon)
    assert_allclose(at_held.value, relaxed.value - epsilon * kl_divergence(held, b), rtol=1e-11)
    assert_allclose(at_held.plan, relaxed.plan, atol=1e-12)
    tilted = b * np.exp(balanced.potentials[1] / epsilon)
    at_tilted = solve(cost, a, tilted / tilted.sum(), epsilon, relaxation="semirelaxed")
    assert_allclose(at_tilted.marginals[1], b, atol=1e-12)
    assert_allclose(
        balanced.value,
        at_tilted.value - epsilon * kl_divergence(b, tilted / tilted.sum()),
        rtol=1e-10,
    )


@FEW
@given(seed=SEEDS)
def test_f3_the_value_grows_with_epsilon_by_the_plans_divergence_and_is_concave(clouds, seed):
    cost, a, b = clouds(seed)
    epsilons = np.geomspace(0.01, 100.0, 9)
    for relaxation in ("balanced", "semirelaxed"):
        values = np.array([solve(cost, a, b, e, relaxation=relaxation).value for e in epsilons])
        slopes = np.diff(values) / np.diff(epsilons)
        assert (slopes > 0.0).all()
        assert (np.diff(slopes) < 0.0).all()


@FEW
@given(seed=SEEDS)
def test_f6_large_epsilons_expand_about_the_product_measure(clouds, seed):
    cost, a, b = clouds(seed)
    mean = float(a @ cost @ b)
    within = cost - (cost @ b)[:, None]
    variance = float(a @ within**2 @ b)
    for epsilon in (1e3, 1e5, 1e8):
        value = solve(cost, a, b, epsilon, relaxation="semirelaxed").value
        third = float(a @ within**3 @ b) / (6.0 * epsilon**2)
        missing = value - (mean - variance / (2.0 * epsilon) + third)
        assert abs(missing) <= 10.0 * np.abs(within).max() ** 4 / epsilon**3 + 1e-13 * mean


@FEW
@given(seed=SEEDS)
def test_i3_one_matrix_gives_the_rates_of_both_alternations(clouds, seed):
    cost, a, b = clouds(seed, n_components=3)
    plan = solve(cost, a, b, 1.0).plan
    rates = np.sort(np.linalg.eigvals(plan.T @ (plan / a[:, None]) / b).real)[::-1]
    assert_allclose(rates[0], 1.0, rtol=1e-10)
    laid = dense(cost, a, 1.0)
    errors = [
        ours_by_sinkhorn(laid, b, np.zeros(3), tol=0.0, max_iter=steps).error
        for steps in (10, 11, 12)
    ]
    seen = errors[2] / errors[1]
    if errors[2] > 1e-9 and abs(rates[2] / rates[1]) < 0.5:
        assert_allclose(seen, rates[1], rtol=0.02)


@FEW
@given(seed=SEEDS)
def test_i4_newtons_error_squares_from_step_to_step(clouds, seed):
    cost, a, b = clouds(seed)
    oracle = dense(cost, a, 1.0).oracle()

    def error(steps):
        return maximise(
            oracle,
            lambda x: Outer(float(b @ x), b),
            np.log(b),
            np.zeros(b.size),
            tol=0.0,
            max_iter=steps,
        ).error

    errors = [error(steps) for steps in range(1, 15)]
    small = [(now, then) for now, then in pairwise(errors) if 1e-6 < now < 0.03]
    assert small
    for now, then in small:
        assert then <= 30.0 * now**2 + 1e-14
    assert errors[-1] <= 1e-14


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 2.0])
def test_k_self_transport_is_symmetric_and_exceeds_the_kernel_density_by_a_divergence(epsilon):
    rng = np.random.default_rng(4)
    points, a = rng.normal(size=(30, 2)), rng.dirichlet(np.full(30, 5.0))
    cost = ((points[:, None] - points) ** 2).sum(axis=-1)
    ours = solve(cost, a, a, epsilon)
    assert_allclose(ours.plan, ours.plan.T, atol=1e-14)
    kernel = np.exp(-cost / epsilon) @ a
    excess = ours.value + epsilon * float(a @ np.log(kernel))
    step = a[:, None] * a * np.exp(-cost / epsilon) / kernel[:, None]
    assert_allclose(excess, epsilon * kl_divergence(ours.plan, step), rtol=1e-9)
    assert excess > epsilon * kl_divergence(a, step.sum(axis=0)) > 0.0


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_n_any_potential_bounds_the_value_and_the_gap_bounds_the_error(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    exact = sinkhorn.semidual(cost, a, b, epsilon).value
    wrong = 30.0 * np.cos(np.arange(b.size))
    for sweeps in (1, 2, 3):
        far = solve(cost, a, b, epsilon, max_iter=sweeps, g_init=wrong)
        assert far.dual_value - 1e-12 <= exact <= far.dual_value + far.gap + 1e-12
    for sweeps in (1, 2, 3, 30):
        rough = solve(cost, a, b, epsilon, max_iter=sweeps)
        assert rough.dual_value <= exact + 1e-12
        assert exact <= rough.dual_value + rough.gap + 1e-12
        assert rough.converged == (rough.gap <= 1e-12 and rough.marginal_error <= 1e-12)
    assert rough.converged


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_values_differ_from_pots_by_the_entropies_of_the_marginals(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    ours, theirs = solve(cost, a, b, epsilon), pot.pot_balanced(cost, a, b, epsilon)
    assert_allclose(ours.value, theirs.value, rtol=1e-9)
    plan = theirs.plan
    with_entropy = transport_cost(plan, cost) + epsilon * float(np.sum(plan * np.log(plan)))
    assert_allclose(entropy_form(ours.value, a, b, epsilon), with_entropy, rtol=1e-9)
    constant = epsilon * float(-(a @ np.log(a)) - b @ np.log(b))
    assert_allclose(ours.value - with_entropy, constant, rtol=1e-8)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_the_value_and_its_parts_are_those_of_the_plan(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    for relaxation in ("balanced", "semirelaxed"):
        result = solve(cost, a, b, epsilon, relaxation=relaxation)
        assert result.plan is result.plan
        assert_allclose(result.value, objective(result.plan, cost, a, b, epsilon), rtol=1e-12)
        assert_allclose(result.value_linear, transport_cost(result.plan, cost), rtol=1e-12)
        for held, sums in zip(result.marginals, (1, 0), strict=True):
            assert_allclose(held, result.plan.sum(axis=sums), rtol=1e-10, atol=1e-16)
