"""Plans, potentials and values against linear programs, POT and plain Sinkhorn."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, Status, families, fit, problems, smoothed_start
from mixot.engines import rules
from mixot.reference import pot, sinkhorn, weights
from mixot.streams import stream
from mixot.transport import (
    entropy_form,
    kl_divergence,
    minimise_over_weights,
    mutual_information,
    objective,
    plans,
    solve,
    transport_cost,
)
from mixot.transport.duality import round_to_marginals, semi_dual
from mixot.transport.free import project_simplex

EPSILONS = st.sampled_from([0.1, 0.3, 1.0, 3.0])
SEEDS = st.integers(0, 10_000)


def a_problem(seed, spread=3.0):
    """Return (cost, a, b) with costs of either sign."""
    rng = np.random.default_rng(seed)
    n_samples, n_components = int(rng.integers(2, 40)), int(rng.integers(1, 6))
    cost = rng.normal(size=(n_samples, n_components)) * spread
    a, b = rng.dirichlet(np.ones(n_samples)), rng.dirichlet(np.ones(n_components))
    return cost, a, 0.9 * b + 0.1 / n_components


@given(seed=SEEDS, epsilon=EPSILONS)
def test_no_plan_beats_the_semi_relaxed_one_and_the_excess_is_a_divergence(seed, epsilon):
    cost, a, b = a_problem(seed)
    best = solve(cost, a, b, epsilon, relaxation="semirelaxed")
    other = a[:, None] * np.random.default_rng(seed).dirichlet(np.ones(b.size), a.size)
    excess = objective(other, cost, a, b, epsilon) - best.value
    assert_allclose(excess, epsilon * kl_divergence(other, best.plan), rtol=1e-10, atol=1e-13)


@settings(max_examples=20)
@given(seed=SEEDS, epsilon=EPSILONS)
def test_balanced_plans_agree_with_sinkhorn_written_plainly(seed, epsilon):
    cost, a, b = a_problem(seed)
    newton = solve(cost, a, b, epsilon)
    plain = sinkhorn.sinkhorn(cost, a, b, epsilon)
    assert newton.status is Status.CONVERGED
    assert newton.marginal_error <= 1e-12
    if plain.marginal_error <= 1e-12:
        assert_allclose(newton.value, plain.value, rtol=1e-11, atol=1e-11)
        assert_allclose(newton.plan, plain.plan, atol=1e-10)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_values_differ_from_pot_by_its_entropy_convention(seed):
    cost, a, b = a_problem(seed, spread=1.0)
    ours = solve(cost, a, b, 0.5)
    theirs = pot.pot_balanced(cost, a, b, 0.5)
    assert_allclose(ours.plan, theirs.plan, atol=1e-9)
    plan = ours.plan
    with_entropy = transport_cost(plan, cost) + 0.5 * float(np.sum(plan * np.log(plan)))
    assert_allclose(entropy_form(ours.value, a, b, 0.5), with_entropy, rtol=1e-10)


@given(seed=SEEDS)
def test_as_epsilon_vanishes_the_value_becomes_the_linear_program(seed):
    cost, a, b = a_problem(seed)
    _, lowest = sinkhorn.linear_program(cost, a, b)
    epsilon = 1e-3
    result = solve(cost, a, b, epsilon, max_iter=2000)
    bound = epsilon * float(-(a * np.log(a)).sum())
    assert -1e-9 <= result.value - lowest <= bound + 1e-9


@given(seed=SEEDS, epsilon=EPSILONS)
def test_the_plan_is_the_scaling_form_of_its_potentials_and_the_gap_closes(seed, epsilon):
    cost, a, b = a_problem(seed)
    result = solve(cost, a, b, epsilon)
    f, g = result.potentials
    scaled = a[:, None] * b * np.exp((f[:, None] + g - cost) / epsilon)
    assert_allclose(scaled, result.plan, rtol=1e-9, atol=1e-15)
    assert_allclose(a @ f + b @ g, result.value, rtol=1e-10, atol=1e-11)
    assert abs(result.gap) <= 1e-11 * max(1.0, abs(result.value))
    assert semi_dual(cost, a, b, epsilon, g + 0.1 * np.arange(b.size)) <= result.value + 1e-12


@given(seed=SEEDS, epsilon=EPSILONS)
def test_shifting_the_cost_by_rows_and_columns_moves_the_potentials_only(seed, epsilon):
    cost, a, b = a_problem(seed)
    rng = np.random.default_rng(seed)
    by_row, by_column = rng.normal(size=(a.size, 1)), rng.normal(size=b.size)
    before, after = solve(cost, a, b, epsilon), solve(cost + by_row + by_column, a, b, epsilon)
    assert_allclose(after.plan, before.plan, atol=1e-10)
    assert_allclose(after.value - before.value, a @ by_row[:, 0] + b @ by_column, atol=1e-10)


@example(seed=1035)
@given(seed=SEEDS)
def test_saturated_problems_are_solved_from_a_warm_and_a_wrong_start_alike(seed):
    cost, a, b = a_problem(seed, spread=60.0)
    cold = solve(cost, a, b, 1.0, max_iter=2000)
    wrong = solve(cost, a, b, 1.0, max_iter=2000, g_init=20.0 * np.cos(np.arange(b.size)))
    assert cold.status is Status.CONVERGED
    assert wrong.status is Status.CONVERGED
    assert_allclose(wrong.value, cold.value, rtol=1e-10)
    g = wrong.potentials[1]
    assert_allclose(b @ g, 0.0, atol=1e-11 * max(1.0, np.abs(g).max()))  # the gauge


@example(seed=1752, epsilon=3.0)
@example(seed=446, epsilon=3.0)
@example(seed=98, epsilon=3.0)
@given(seed=SEEDS, epsilon=EPSILONS)
def test_free_weights_reach_the_certified_minimum_of_the_likelihood(seed, epsilon):
    cost, a, b = a_problem(seed)
    free = minimise_over_weights(cost, a, b, epsilon)
    assert free.converged
    assert free.projected_gradient <= 1e-10
    # The semi-relaxed value at these weights and the certificate come from the reference.
    assert weights.certificate(cost, a, free.weights, epsilon)[1] < 1e-8
    value = solve(cost, a, free.weights, epsilon, relaxation="semirelaxed").value
    assert_allclose(free.value, value, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("start", [1e-25, 1e-12, 0.5])
def test_free_weights_return_from_a_minute_weight(start):
    cost, a, _ = a_problem(12)
    even = minimise_over_weights(cost, a, np.full(cost.shape[1], 1.0), 1.0)
    tiny = np.full(cost.shape[1], 1.0)
    tiny[0] = start
    again = minimise_over_weights(cost, a, tiny, 1.0)
    assert again.converged
    assert_allclose(again.value, even.value, rtol=1e-10)


def test_a_weight_that_is_zero_stays_zero():
    cost, a, b = a_problem(12)
    b[0] = 0.0
    free = minimise_over_weights(cost, a, b, 1.0)
    assert free.weights[0] == 0.0
    assert free.tilt[0] == -np.inf


@given(seed=SEEDS)
def test_the_root_find_and_the_closed_form_give_the_same_rows(seed):
    kernel = np.random.default_rng(seed).normal(size=(4, 20)) * 30.0
    kernel[1:, 0] = -np.inf
    for got, expected in zip(rules.root(kernel), rules.soft(kernel.copy()), strict=True):
        assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


@given(seed=SEEDS)
def test_the_root_find_keeps_its_digits_whatever_the_weights(seed):
    from fractions import Fraction

    rng = np.random.default_rng(seed)
    # Powers of two: logarithms of shares that are known exactly.
    exponents = rng.integers(-1000, 0, size=(4, 6))
    log_normaliser, rows = rules.root(exponents * np.log(2.0))
    assert_allclose(rows.sum(axis=0), 1.0, rtol=1e-15)
    for i in range(6):
        terms = [Fraction(1, 2 ** int(-e)) for e in exponents[:, i]]
        expected = [float(term / sum(terms)) for term in terms]
        # The kernel itself is rounded at 693.
        assert_allclose(rows[:, i], expected, rtol=3e-13, atol=1e-250)
        largest = max(terms)
        rest = np.log(float(sum(terms) / largest))
        exact = float(exponents[:, i].max()) * np.log(2.0) + rest
        assert_allclose(log_normaliser[i], exact, rtol=1e-15)


def test_a_row_that_nothing_explains_has_no_mass_under_any_rule():
    for rule in (rules.soft, rules.root, rules.hard):
        log_normaliser, row = rule(np.full((3, 1), -np.inf))
        assert log_normaliser[0] == -np.inf
        assert row.sum() == 0.0


def test_hard_rows_choose_the_first_of_tied_components():
    _, row = rules.hard(np.array([[0.0], [1.0], [1.0]]))
    assert row[:, 0].tolist() == [0.0, 1.0, 0.0]


def test_forbidden_pairs_carry_no_mass_and_impossible_marginals_are_named():
    cost = np.array([[0.0, np.inf], [1.0, 2.0], [np.inf, 0.5]])
    possible = solve(cost, b=np.array([0.5, 0.5]))
    assert possible.status is Status.CONVERGED
    assert possible.plan[0, 1] == possible.plan[2, 0] == 0.0
    impossible = solve(cost, b=np.array([0.9, 0.1]))
    assert impossible.status is Status.INFEASIBLE
    assert not impossible.converged


def test_zero_weights_drop_their_columns_and_rows():
    cost, a, b = a_problem(3)
    padded = np.hstack([cost, np.zeros((a.size, 1))])
    padded = np.vstack([padded, np.zeros((1, padded.shape[1]))])
    whole = solve(padded, np.append(a, 0.0), np.append(b, 0.0), 0.7)
    assert_allclose(whole.plan[:-1, :-1], solve(cost, a, b, 0.7).plan, atol=1e-13)
    assert whole.plan[-1].sum() == whole.plan[:, -1].sum() == 0.0


def test_one_component_or_one_sample_has_only_one_plan():
    cost = np.arange(4.0)
    assert_allclose(solve(cost[:, None]).plan[:, 0], 0.25)
    assert_allclose(solve(cost[None, :]).plan[0], 0.25)


@given(seed=SEEDS)
def test_rounding_gives_exact_marginals_near_the_plan(seed):
    cost, a, b = a_problem(seed)
    rough = solve(cost, a, b, 1.0, relaxation="semirelaxed").plan
    rounded = round_to_marginals(rough, a, b)
    assert_allclose(rounded.sum(axis=1), a, atol=1e-14)
    assert_allclose(rounded.sum(axis=0), b, atol=1e-14)
    violation = np.abs(rough.sum(axis=0) - b).sum()
    assert np.abs(rounded - rough).sum() <= 2.0 * violation + 1e-12


@given(seed=SEEDS)
def test_mutual_information_is_the_least_divergence_over_the_weights(seed):
    cost, a, b = a_problem(seed)
    plan = solve(cost, a, b, 1.0, relaxation="semirelaxed").plan
    split = kl_divergence(plan, a[:, None] * b) - kl_divergence(plan.sum(axis=0), b)
    assert_allclose(mutual_information(plan), split, rtol=1e-9, atol=1e-13)


def test_the_objective_ignores_infinite_costs_without_mass_and_nothing_else():
    plan, cost = np.array([[1.0, 0.0]]), np.array([[2.0, np.inf]])
    a, b = np.ones(1), np.array([0.5, 0.5])
    assert_allclose(objective(plan, cost, a, b, 1.0), 2.0 + np.log(2.0))
    assert objective(plan[:, ::-1], cost, a, b, 1.0) == np.inf
    assert objective(plan, cost, a, np.array([0.0, 1.0]), 1.0) == np.inf


@given(seed=SEEDS)
def test_projection_on_the_simplex_is_the_nearest_point(seed):
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=5)
    nearest = project_simplex(vector)
    assert_allclose(nearest.sum(), 1.0)
    for other in rng.dirichlet(np.ones(5), 50):
        assert np.sum((vector - nearest) ** 2) <= np.sum((vector - other) ** 2) + 1e-12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost": np.array([[np.nan]])}, "without NaN"),
        ({"cost": np.zeros(3)}, r"\(n, K\) array"),
        ({"epsilon": 0.0}, "epsilon must be a finite number > 0, got 0"),
        ({"a": np.ones(2)}, "a must sum to 1, got 2"),
        ({"b": np.ones(2) / 2}, r"b must have shape \(3,\), got \(2,\)"),
        ({"b": np.array([2.0, -0.5, -0.5])}, "b must be finite and >= 0"),
        ({"relaxation": "loose"}, "balanced, semirelaxed or unbalanced, got 'loose'"),
    ],
)
def test_a_senseless_problem_is_refused_in_one_line(change, words):
    with pytest.raises(InputError, match=words):
        solve(**{"cost": np.zeros((2, 3)), **change})


def test_an_unknown_plan_is_refused_with_the_names_there_are():
    with pytest.raises(InputError, match=r"balanced_free.*semirelaxed"):
        plans.get("base")


@pytest.mark.parametrize("seed", [4, 5, 9])
def test_free_weights_are_found_however_the_sums_round(seed):
    # Gains next to the minimum drown in the rounding of the sums over the rows, another one for
    # each of these costs: a step must not be refused for it.
    rng = np.random.default_rng(seed)
    problem = problems.load("poisson", seed)
    points, a, family = problem.sample.points, problem.sample.weights, families.get("poisson")
    start = smoothed_start(problem.sample, family, 3, stream("start", "poisson", "poisson", seed))
    begun = fit(problem.sample, start, family, max_iter=10, tol=0.0).mixture
    for _ in range(40):
        rates = begun.parameters["rates"] * (1.0 + 1e-9 * rng.normal())
        cost = -family.log_density(points, {"rates": rates})
        found = minimise_over_weights(cost, a, begun.weights)
        assert found.converged
        assert found.n_sweeps < 30
