"""Penalised column marginals: the bridge from EM to Sinkhorn EM, as a problem and as a plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, families, fitting, problems
from mixot.streams import stream
from mixot.transport import (
    compare_penalties,
    kl_divergence,
    minimise_over_weights,
    objective,
    plans,
    solve,
)
from mixot.types import Status

SEEDS = st.integers(0, 10_000)
EPSILONS = st.sampled_from([0.1, 1.0, 3.0])
FEW = settings(max_examples=15)


def penalised(cost, a, b, epsilon, tau, **options):
    return solve(cost, a, b, epsilon, relaxation="unbalanced", tau=tau, **options)


def total(plan, cost, a, b, epsilon, tau):
    return objective(plan, cost, a, b, epsilon) + tau * kl_divergence(plan.sum(axis=0), b)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS, tau=st.sampled_from([0.01, 0.3, 5.0, 300.0]))
def test_no_plan_beats_it_and_the_excess_is_two_divergences(clouds, seed, epsilon, tau):
    cost, a, b = clouds(seed)
    best = penalised(cost, a, b, epsilon, tau)
    assert best.converged
    assert_allclose(best.value, total(best.plan, cost, a, b, epsilon, tau), rtol=1e-11)
    assert_allclose(best.dual_value, best.value, rtol=1e-12)
    other = a[:, None] * np.random.default_rng(seed).dirichlet(np.ones(b.size), a.size)
    excess = total(other, cost, a, b, epsilon, tau) - best.value
    apart = epsilon * kl_divergence(other, best.plan)
    apart += tau * kl_divergence(other.sum(axis=0), best.plan.sum(axis=0))
    assert_allclose(excess, apart, rtol=1e-9, atol=1e-12)


@FEW
@given(seed=SEEDS, tau=st.sampled_from([0.1, 1.0, 10.0]))
def test_the_potential_is_what_the_penalty_asks_for(clouds, seed, tau):
    cost, a, b = clouds(seed)
    result = penalised(cost, a, b, 0.5, tau)
    f, g = result.potentials
    assert_allclose(-tau * np.log(result.marginals[1] / b), g, atol=1e-10)
    scaled = a[:, None] * b * np.exp((f[:, None] + g - cost) / 0.5)
    assert_allclose(scaled, result.plan, rtol=1e-10, atol=1e-15)


@FEW
@given(seed=SEEDS, tau=st.sampled_from([0.2, 2.0]))
def test_it_agrees_with_pot(clouds, seed, tau):
    import ot

    cost, a, b = clouds(seed)
    theirs = ot.unbalanced.sinkhorn_unbalanced(
        a,
        b,
        cost,
        1.0,
        (float("inf"), tau),
        reg_type="kl",
        c=np.outer(a, b),
        stopThr=1e-13,
        numItermax=100_000,
    )
    ours = penalised(cost, a, b, 1.0, tau)
    assert_allclose(ours.plan, theirs, atol=1e-9)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_its_limits_are_the_semi_relaxed_and_the_balanced_problem(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    relaxed = solve(cost, a, b, epsilon, relaxation="semirelaxed")
    balanced = solve(cost, a, b, epsilon)
    taus = (1e-12, 1e-6, 1e-2, 1.0, 1e2, 1e6, 1e12)
    results = [penalised(cost, a, b, epsilon, tau) for tau in taus]
    assert all(result.converged for result in results)
    assert max(result.n_sweeps for result in results) <= 30
    values = [relaxed.value, *(result.value for result in results), balanced.value]
    assert (np.diff(values) >= -1e-12 * np.abs(balanced.value)).all()
    assert_allclose(values[1], relaxed.value, rtol=1e-10)
    # The last bit of value is proportional to tau at one end and to 1 / tau at the other.
    near = results[1].value - relaxed.value, balanced.value - results[-2].value
    held = kl_divergence(relaxed.plan.sum(axis=0), b)
    assert_allclose(near[0], 1e-6 * held, rtol=1e-3, atol=1e-12)
    g = balanced.potentials[1]
    assert_allclose(near[1], float(b @ (g - b @ g) ** 2) / 2e6, rtol=1e-3, atol=1e-10)
    assert_allclose(results[-1].plan, balanced.plan, atol=1e-10)


@pytest.mark.parametrize(("seed", "epsilon"), [(1, 1.0), (2, 0.3), (5, 3.0)])
def test_free_weights_reach_one_minimum_whatever_the_penalty_in_more_steps_the_larger_it_is(
    clouds, seed, epsilon
):
    cost, a, b = clouds(seed, n_components=3)
    taus = (0.0, epsilon, 10.0 * epsilon)
    ends = compare_penalties(cost, a, b, taus, epsilon, tol=1e-6)
    best = minimise_over_weights(cost, a, b, epsilon)
    for end in ends:
        assert end.converged
        assert best.value - 1e-10 <= end.value <= best.value + end.excess + 1e-10
    counts = [end.n_steps for end in ends]
    assert counts[0] < counts[1] < counts[2]
    assert counts[2] > 2 * counts[0]
    # One E-step of the weights is all there is at tau = 0.
    step = compare_penalties(cost, a, b, (0.0,), epsilon, max_steps=1)[0]
    assert_allclose(step.weights, solve(cost, a, b, epsilon, relaxation="semirelaxed").marginal)
    assert not step.converged


def fit_with(plan, weights="free", **options):
    problem = problems.load("overlapping", 0, n_samples=200)
    family = families.get("gaussian-tied")
    rng = stream("start", "overlapping", "unbalanced", 0)
    start = fitting.smoothed_start(problem.sample, family, problem.n_components, rng)
    return fitting.fit(
        problem.sample, start, family, plan=plan, weights=weights, max_iter=3000, **options
    )


def test_with_free_weights_every_penalty_has_ems_minimum_and_larger_ones_take_more_steps():
    em = fit_with("semirelaxed")
    fits = [fit_with(plans.get("unbalanced", tau=tau)) for tau in (0.1, 1.0, 10.0)]
    for fit in (em, *fits):
        assert fit.status is Status.CONVERGED
        assert (np.diff(fit.trace.objective) <= 1e-13).all()
        assert_allclose(fit.objective, em.objective, rtol=1e-9)
        assert_allclose(fit.mixture.weights, em.mixture.weights, atol=1e-4)
    counts = [em.n_iter, *(fit.n_iter for fit in fits)]
    assert counts[0] < counts[1] < counts[2] < counts[3]
    assert counts[3] > 2 * counts[0]


def test_with_fixed_weights_it_lies_between_em_and_sinkhorn_em():
    ends = fit_with("semirelaxed", "fixed"), fit_with("balanced", "fixed")
    for tau, end in ((1e-9, ends[0]), (1e9, ends[1])):
        fit = fit_with(plans.get("unbalanced", tau=tau), "fixed")
        assert_allclose(fit.objective, end.objective, rtol=1e-7)
        assert_allclose(fit.mixture.parameters["means"], end.mixture.parameters["means"], atol=1e-3)
    middle = fit_with(plans.get("unbalanced", tau=1.0), "fixed").objective
    assert ends[0].objective < middle < ends[1].objective


def test_a_fits_objective_is_the_value_of_the_problem_and_a_zero_weight_stays():
    problem = problems.load("overlapping", 0, n_samples=100)
    family = families.get("gaussian-full")
    rng = stream("start", "overlapping", "unbalanced", 1)
    mixture = fitting.smoothed_start(problem.sample, family, 3, rng)
    weights = np.array([0.3, 0.0, 0.7])
    plan = plans.get("unbalanced", tau=0.5)
    fit = fitting.fit(problem.sample, mixture, family, plan=plan, weights=weights, max_iter=1)
    cost = -family.log_density(problem.sample.points, mixture.parameters)
    value = penalised(cost, problem.sample.weights, weights, 1.0, 0.5).value
    assert_allclose(fit.trace.objective[0], value, rtol=1e-12)
    assert fit.mixture.weights[1] == 0.0


@pytest.mark.parametrize("tau", [0.0, -1.0, np.inf, np.nan])
def test_a_plan_refuses_a_penalty_that_is_none(tau):
    with pytest.raises(InputError, match="tau must be a finite number > 0"):
        plans.get("unbalanced", tau=tau)


def test_plan_kinds_take_their_own_options_only():
    assert plans.get("unbalanced", tau=2.0).tau == 2.0
    kind = plans.get("balanced")
    assert plans.get(kind) is kind
    with pytest.raises(InputError, match="plan 'balanced' has no option 'tau'; allowed: none"):
        plans.get("balanced", tau=2.0)
    with pytest.raises(InputError, match="has no option 'rows'; allowed: tau"):
        plans.get("unbalanced", rows=None)
