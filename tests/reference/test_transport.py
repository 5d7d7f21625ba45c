import numpy as np
import pytest

from mixot.reference import blind, dual, likelihood, pot, sinkhorn


@pytest.mark.parametrize("method", ["brentq", "toms748"])
def test_row_root_finds_give_the_estep_plan_and_its_value(transport_case, method):
    # A1 and N1.
    cost, a, weights, epsilon = transport_case
    plan, f = dual.solve_semirelaxed(cost, a, weights, epsilon, method)
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    np.testing.assert_allclose(
        plan, likelihood.estep_plan(cost, a, weights, epsilon), rtol=1e-12, atol=1e-18
    )
    assert dual.semirelaxed_dual_value(cost, a, weights, f, epsilon) == pytest.approx(
        value, rel=1e-14
    )
    shifted = f + 1e-3 * np.cos(np.arange(f.size))
    # Off the root the dual falls short by exactly eps sum_i a_i (e^t - 1 - t), t the shift / eps.
    t = (shifted - f) / epsilon
    shortfall = epsilon * np.sum(a * (np.expm1(t) - t))
    assert shortfall > 1e-9
    assert dual.semirelaxed_dual_value(cost, a, weights, shifted, epsilon) == pytest.approx(
        value - shortfall, abs=1e-14
    )


@pytest.mark.parametrize("method", ["sinkhorn", "sinkhorn_stabilized", "solve"])
def test_pot_solves_the_semirelaxed_corner(transport_case, method):
    cost, a, weights, epsilon = transport_case
    found = pot.pot_semirelaxed(cost, a, weights, epsilon, method=method)
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    np.testing.assert_allclose(
        found.plan, likelihood.estep_plan(cost, a, weights, epsilon), atol=1e-13
    )
    assert found.value == pytest.approx(value, abs=1e-11)
    assert np.isnan(found.reported) or found.reported == pytest.approx(value, abs=1e-10)


def test_a_blind_search_over_plans_ends_at_the_estep(transport_case):
    cost, a, weights, epsilon = transport_case
    start = np.random.default_rng(0).normal(size=cost.shape)
    found = blind.minimise_over_plans(cost, a, weights, start, epsilon)
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    assert found.value == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(
        found.plan, likelihood.estep_plan(cost, a, weights, epsilon), atol=1e-6
    )


def test_two_balanced_solvers_agree_and_their_dual_closes_the_gap(transport_case):
    cost, a, weights, epsilon = transport_case
    slow = sinkhorn.sinkhorn(cost, a, weights, epsilon)
    fast = sinkhorn.semidual(cost, a, weights, epsilon)
    assert max(slow.marginal_error, fast.marginal_error) < 3e-14
    np.testing.assert_allclose(slow.plan, fast.plan, atol=1e-13)
    np.testing.assert_allclose(slow.g, fast.g, atol=1e-10)
    assert slow.value == pytest.approx(fast.value, rel=1e-11)
    bound = sinkhorn.dual_value(cost, a, weights, fast.f, fast.g, epsilon)
    assert fast.value == pytest.approx(bound, rel=1e-12)
    assert sinkhorn.dual_value(cost, a, weights, fast.f - 0.01, fast.g, epsilon) < bound
    again = sinkhorn.semidual(cost, a, weights, epsilon, start=fast.g)
    np.testing.assert_allclose(again.plan, fast.plan, atol=1e-14)


@pytest.mark.parametrize("method", ["sinkhorn", "sinkhorn_log", "solve-kl", "solve-entropy"])
def test_pot_finds_the_balanced_plan_and_its_value_after_conversion(transport_case, method):
    cost, a, weights, epsilon = transport_case
    own = sinkhorn.semidual(cost, a, weights, epsilon)
    found = pot.pot_balanced(cost, a, weights, epsilon, method=method)
    np.testing.assert_allclose(found.plan, own.plan, atol=1e-13)
    assert found.value == pytest.approx(own.value, abs=1e-11)
    assert np.isnan(found.reported) or found.reported == pytest.approx(own.value, abs=1e-10)


def test_pot_that_does_not_converge_is_an_error(transport_case):
    cost, a, weights, epsilon = transport_case
    with pytest.raises(RuntimeError, match="did not converge"):
        pot.pot_balanced(cost, a, weights, epsilon, max_iter=1)


def test_the_gap_is_the_projection_divergence_and_exceeds_the_marginal_bound(transport_case):
    # C1, C2 and C4, off the fixed point.
    cost, a, weights, epsilon = transport_case
    estep = likelihood.estep_plan(cost, a, weights, epsilon)
    value = likelihood.negative_log_likelihood(cost, a, weights, epsilon)
    solved = sinkhorn.semidual(cost, a, weights, epsilon)
    gap = solved.value - value
    assert gap == pytest.approx(
        sinkhorn.projection_divergence(solved, cost, a, weights, epsilon), abs=1e-12
    )
    reached = estep.sum(axis=0)
    assert gap > 1.01 * epsilon * likelihood.kl_divergence(weights, reached) > 1e-5
    at_reached = sinkhorn.sinkhorn(cost, a, reached, epsilon)
    np.testing.assert_allclose(at_reached.plan, estep, atol=1e-13)
    assert at_reached.value == pytest.approx(
        value - epsilon * likelihood.kl_divergence(reached, weights), abs=1e-12
    )


def test_the_linear_program_is_the_limit_of_small_temperatures(transport_case):
    # F5, balanced: (OT_eps - LP) / eps tends to KL of the LP plan, exponentially fast.
    cost, a, weights, _ = transport_case
    plan, value = sinkhorn.linear_program(cost, a, weights)
    exact_plan, exact = pot.pot_linear(cost, a, weights)
    assert value == pytest.approx(exact, rel=1e-12)
    np.testing.assert_allclose(plan, exact_plan, atol=1e-9)
    epsilon = 1e-3
    entropic = sinkhorn.semidual(cost, a, weights, epsilon)
    assert entropic.marginal_error < 1e-12
    slope = likelihood.kl_divergence(exact_plan, np.outer(a, weights))
    assert (entropic.value - value) / epsilon == pytest.approx(slope, abs=2e-2)


def test_an_infeasible_program_is_an_error():
    with pytest.raises(RuntimeError, match="no optimal plan"):
        sinkhorn.linear_program(np.ones((2, 2)), np.array([0.5, -0.5]), np.array([0.5, 0.5]))
