"""The statements C5, C7, F2, F4, F7, I3, N1 and N3: where plans meet mixtures and their weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixot.transport import (
    compare_penalties,
    kl_divergence,
    minimise_over_weights,
    solve,
    solve_sample,
)
from mixot.transport.duality import semi_relaxed_dual

SEEDS = st.integers(0, 10_000)
EPSILONS = st.sampled_from([0.2, 0.7, 1.0, 3.0])
FEW = settings(max_examples=15)


def relaxed(cost, a, b, epsilon):
    return solve(cost, a, b, epsilon, relaxation="semirelaxed")


def a_mixture(seed, n_features=2, n_components=3):
    rng = np.random.default_rng(seed)
    means = 2.0 * rng.normal(size=(n_components, n_features))
    roots = rng.normal(size=(n_components, n_features, n_features))
    covariances = roots @ np.swapaxes(roots, 1, 2) + 0.2 * np.eye(n_features)
    points = 2.0 * rng.normal(size=(30, n_features))
    return (
        points,
        rng.dirichlet(np.ones(30)),
        rng.dirichlet(np.ones(n_components)),
        means,
        covariances,
    )


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_c5_values_at_the_weights_and_at_those_of_a_step_are_nested(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    here = relaxed(cost, a, b, epsilon)
    moved = here.marginal / here.marginal.sum()
    values = [
        relaxed(cost, a, moved, epsilon).value,
        solve(cost, a, moved, epsilon).value,
        here.value,
        solve(cost, a, b, epsilon).value,
    ]
    # All apart by more than rounding, since b is no fixed point.
    assert (np.diff(values) > 1e-9).all()
    assert_allclose(values[1], here.value - epsilon * kl_divergence(moved, b), rtol=1e-11)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_c7_near_a_fixed_point_the_gap_is_a_quadratic_form(clouds, seed, epsilon):
    cost, a, b = clouds(seed, n_components=3)
    plan = relaxed(cost, a, b, epsilon).plan
    # What is asked for is a little off the marginal of b, as b is off the marginal of its plan.
    held = plan.sum(axis=0)
    hessian = np.diag(held) - plan.T @ (plan / a[:, None])
    values = np.linalg.eigvalsh(hessian)
    if values[1] < 1e-3:
        return
    direction = np.random.default_rng(seed).normal(size=3) * held
    direction -= held * direction.sum()
    ratios = []
    for size in (1e-2, 1e-3):
        wanted = held + size * direction
        # I-projection of the plan on the marginal: the balanced plan from a shifted cost.
        gap = solve(cost - epsilon * np.log(b / wanted), a, wanted, epsilon).value
        gap -= relaxed(cost, a, b, epsilon).value
        form = direction @ np.linalg.pinv(hessian, rcond=1e-10) @ direction
        ratios.append(gap / (0.5 * epsilon * size**2 * form) - 1.0)
    assert abs(ratios[1]) < 0.1
    assert abs(ratios[1]) < 0.2 * abs(ratios[0]) + 1e-4


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_f2_tempering_a_gaussian_mixture_widens_it_and_weighs_its_volumes(seed, epsilon):
    points, a, b, means, covariances = a_mixture(seed)
    parameters = {"means": means, "covariances": covariances}
    value = solve_sample(
        points, parameters, "gaussian-full", a=a, b=b, epsilon=epsilon, relaxation="semirelaxed"
    ).value
    wide = np.array(
        [
            multivariate_normal(mean, epsilon * cov).logpdf(points)
            for mean, cov in zip(means, covariances, strict=True)
        ]
    )
    d = 2.0
    log_volume = 0.5 * d * (1.0 - 1.0 / epsilon) * np.log(2.0 * np.pi) + 0.5 * d * np.log(epsilon)
    log_volume = log_volume + 0.5 * (1.0 - 1.0 / epsilon) * np.linalg.slogdet(covariances)[1]
    total = logsumexp(np.log(b) + log_volume)
    weights = np.exp(np.log(b) + log_volume - total)
    likelihood = float(-a @ logsumexp(np.log(weights)[:, None] + wide, axis=0))
    assert_allclose(value, epsilon * likelihood - epsilon * total, rtol=1e-11, atol=1e-11)


@FEW
@given(seed=SEEDS, sigma=st.sampled_from([0.3, 1.0, 2.5]))
def test_f4_squared_distances_at_twice_the_variance_are_a_likelihood(seed, sigma):
    points, a, b, means, _ = a_mixture(seed)
    cost = ((points[:, None] - means) ** 2).sum(axis=-1)
    widths = {"means": means, "covariances": np.full(3, sigma**2)}
    likelihood = solve_sample(
        points, widths, "gaussian-spherical", a=a, b=b, relaxation="semirelaxed"
    ).value
    constant = float(np.log(2.0 * np.pi * sigma**2))
    for epsilon, same in ((2.0 * sigma**2, True), (sigma**2, False)):
        value = relaxed(cost, a, b, epsilon).value
        assert np.isclose(value, epsilon * (likelihood - constant), rtol=1e-11) == same


@FEW
@given(seed=SEEDS)
def test_f7_annealing_the_posterior_is_transport_to_uniform_weights(clouds, seed):
    cost, a, b = clouds(seed)
    for epsilon, same in ((1.0, True), (0.5, False)):
        ours = relaxed(cost, a, b, epsilon).plan
        tempered = relaxed(cost - np.log(b), a, np.full(b.size, 1.0 / b.size), epsilon).plan
        joint = (np.log(b) - cost) / epsilon
        assert_allclose(tempered, a[:, None] * np.exp(joint - logsumexp(joint, axis=1)[:, None]))
        assert np.allclose(ours, tempered, atol=1e-12) == same
    # At zero temperature one forgets the weights and the other does not.
    cold = relaxed(cost, a, b, 1e-4).plan.argmax(axis=1)
    assert (cold == cost.argmin(axis=1)).all()
    likeliest = relaxed(cost - np.log(b), a, np.full(b.size, 1.0 / b.size), 1e-4).plan
    assert (likeliest.argmax(axis=1) == (cost - np.log(b)).argmin(axis=1)).all()


@pytest.mark.parametrize(("seed", "epsilon"), [(2, 1.0), (6, 0.3), (23, 1.0)])
def test_i3_the_smallest_eigenvalue_is_the_rate_of_em_for_the_weights(clouds, seed, epsilon):
    cost, a, b = clouds(seed, n_samples=120, n_components=3)
    best = minimise_over_weights(cost, a, b, epsilon).weights
    assert best.min() > 1e-3
    plan = relaxed(cost, a, best, epsilon).plan
    rates = np.linalg.eigvals(plan.T @ (plan / a[:, None]) / best).real
    after = [
        compare_penalties(cost, a, b, (0.0,), epsilon, tol=0.0, max_steps=steps)[0].weights
        for steps in (20, 21, 22)
    ]
    one, two = after[1] - after[0], after[2] - after[1]
    assert np.abs(two).sum() > 1e-12
    assert_allclose(np.abs(two).sum() / np.abs(one).sum(), 1.0 - rates.min(), rtol=1e-3)


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_n1_the_row_potential_is_the_likelihood_and_any_other_bounds_it(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    result = relaxed(cost, a, b, epsilon)
    f = result.potentials[0]
    assert_allclose(f, -epsilon * np.log(np.exp(-cost / epsilon) @ b), rtol=1e-11, atol=1e-12)
    assert_allclose(semi_relaxed_dual(cost, a, b, epsilon, f), result.value, rtol=1e-12)
    other = f + epsilon * np.random.default_rng(seed).normal(size=a.size)
    assert semi_relaxed_dual(cost, a, b, epsilon, other) < result.value


@FEW
@given(seed=SEEDS, epsilon=EPSILONS)
def test_n3_one_step_bounds_what_the_weights_can_gain_from_both_sides(clouds, seed, epsilon):
    cost, a, b = clouds(seed)
    here = relaxed(cost, a, b, epsilon)
    gain = here.value - minimise_over_weights(cost, a, b, epsilon).value
    ratio = float(np.max(here.marginal / b))
    lower = epsilon * kl_divergence(here.marginal, b)
    assert 0.0 < lower <= gain <= epsilon * np.log(ratio) <= epsilon * (ratio - 1.0)
