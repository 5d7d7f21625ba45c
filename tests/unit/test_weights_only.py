"""Weights over fixed components: against independent minimisers, and at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize

from mixot import InputError, Mixture, Status, as_sample, families
from mixot.fitting.simplex import minimise, quadratic
from mixot.fitting.skeleton import skeleton
from mixot.fitting.weights import fit_weights, solve_weights
from mixot.reference.weights import minimise_likelihood, stationarity


def normal_means(n_samples, n_atoms, seed=0, spread=3.0):
    rng = np.random.default_rng(seed)
    points = rng.choice([-spread, 0.3, spread], n_samples) + rng.normal(size=n_samples)
    grid = np.linspace(points.min(), points.max(), n_atoms)
    return points, grid, -0.5 * ((points[:, None] - grid) ** 2 + np.log(2.0 * np.pi))


@given(seed=st.integers(0, 10**6), n_atoms=st.integers(1, 9), spread=st.floats(0.1, 4.0))
@settings(max_examples=25)
def test_the_minimum_is_that_of_an_independent_method(seed, n_atoms, spread):
    rng = np.random.default_rng(seed)
    log_density = spread * rng.normal(size=(40, n_atoms)) - 2.0
    sample_weights = rng.dirichlet(np.ones(40))
    ours = solve_weights(log_density, sample_weights, tol=1e-10)
    reference = minimise_likelihood(-log_density, sample_weights, np.full(n_atoms, 1.0 / n_atoms))
    assert ours.status is Status.CONVERGED
    assert_allclose(ours.objective, reference.value, atol=1e-9)
    assert_allclose(ours.weights.sum(), 1.0, rtol=1e-14)
    assert ours.weights.min() >= 0.0
    assert_allclose(
        stationarity(-log_density, sample_weights, ours.weights)[1], ours.gap, atol=1e-14
    )


@pytest.mark.parametrize("n_atoms", [30, 300])
def test_the_gap_bounds_what_em_still_finds(n_atoms):
    _, _, log_density = normal_means(400, n_atoms)
    ours = solve_weights(log_density, tol=1e-9)
    likelihood = np.exp(log_density)
    em = np.full(n_atoms, 1.0 / n_atoms)
    for _ in range(3_000):
        em *= (1.0 / (likelihood @ em)) @ likelihood / 400.0
    value = -np.mean(np.log(likelihood @ em))
    assert ours.gap <= 1e-9
    assert ours.objective <= value + 1e-14
    # EM's own certificate bounds how far below it the minimum can be.
    bound = np.log(((1.0 / (likelihood @ em)) @ likelihood / 400.0).max())
    assert ours.objective >= value - bound


def test_a_family_and_its_table_of_densities_give_the_same_weights():
    points, grid, log_density = normal_means(500, 100)
    sample = as_sample(points)
    family = families.get("gaussian-known", covariance=1.0)
    components = Mixture(np.full(100, 0.01), {"means": grid[:, None]})
    one, two = fit_weights(sample, components, family), solve_weights(log_density)
    assert one.converged
    assert one.gap <= 1e-8
    assert_allclose(one.objective, two.objective, rtol=1e-12)
    assert_allclose(one.weights @ log_density.T, two.weights @ log_density.T, atol=1e-3)


def test_all_parameters_of_a_family_are_taken_along():
    rng = np.random.default_rng(3)
    sample = as_sample(rng.normal(size=(300, 2)))
    parameters = {
        "means": rng.normal(size=(80, 2)),
        "covariances": np.tile(np.diag([0.5, 0.7]), (80, 1, 1)),
    }
    full = fit_weights(sample, parameters, families.get("gaussian-full"))
    tied = {**parameters, "covariances": parameters["covariances"][0]}
    assert full.converged
    assert_allclose(
        fit_weights(sample, tied, families.get("gaussian-tied")).objective,
        full.objective,
        rtol=1e-13,
    )


def test_weights_of_components_that_em_leaves_alone():
    rng = np.random.default_rng(2)
    sample = as_sample(rng.poisson([[1.0], [8.0]], (2, 100)).reshape(-1, 1))
    family = families.get("poisson")
    rates = {"rates": np.array([[1.0], [4.0], [9.0], [12.0]])}
    ours = fit_weights(sample, rates, family, tol=1e-12)
    weights = np.full(4, 0.25)
    density = np.exp(family.log_density(sample.points, rates))
    for _ in range(50_000):
        weights = sample.weights @ (weights * density / (density @ weights)[:, None])
    assert_allclose(ours.weights, weights, atol=1e-5)


def test_sample_weights_are_replication():
    rng = np.random.default_rng(1)
    log_density = rng.normal(size=(60, 5))
    counts = rng.integers(1, 5, 60)
    one = solve_weights(log_density, counts.astype(float), tol=1e-12)
    two = solve_weights(np.repeat(log_density, counts, axis=0), tol=1e-12)
    assert_allclose(one.weights, two.weights, atol=1e-6)
    assert_allclose(one.objective, two.objective, rtol=1e-12)


@given(seed=st.integers(0, 10**6), floor=st.sampled_from([0.02, 0.1, 0.2]))
@settings(max_examples=15)
def test_a_floor_is_kept_and_the_minimum_above_it_found(seed, floor):
    rng = np.random.default_rng(seed)
    log_density = 2.0 * rng.normal(size=(50, 5))
    ours = solve_weights(log_density, floor=floor, tol=1e-10)
    likelihood = np.exp(log_density)
    theirs = optimize.minimize(
        lambda w: -np.mean(np.log(likelihood @ w)),
        np.full(5, 0.2),
        jac=lambda w: -np.mean(likelihood / (likelihood @ w)[:, None], axis=0),
        bounds=[(floor, 1.0)] * 5,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": lambda w: np.ones(5)},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert ours.converged
    assert ours.weights.min() >= floor - 1e-15
    assert ours.objective <= theirs.fun + 1e-10
    assert ours.objective >= theirs.fun - 1e-7


def test_a_floor_under_many_atoms_counts_those_that_are_never_looked_at():
    _, _, log_density = normal_means(400, 300)
    floor = 0.5 / 300
    ours = solve_weights(log_density, floor=floor)
    assert ours.converged
    assert_allclose(ours.weights.sum(), 1.0, rtol=1e-12)
    likelihood = np.exp(log_density)
    multipliers = np.mean(likelihood / (likelihood @ ours.weights)[:, None], axis=0)
    assert np.log(floor * multipliers.sum() + 0.5 * multipliers.max()) <= 1e-8
    free = solve_weights(log_density)
    assert ours.objective > free.objective + 1e-4


@pytest.mark.parametrize("n_atoms", [20, 120])
def test_duplicate_atoms_share_their_weight(n_atoms):
    _, _, log_density = normal_means(300, n_atoms)
    twice = np.hstack([log_density, log_density])
    one, two = solve_weights(log_density), solve_weights(twice)
    assert two.converged
    assert_allclose(two.objective, one.objective, atol=2e-8)


def test_one_atom_has_all_the_weight():
    found = solve_weights(np.zeros((5, 1)))
    assert found.converged
    assert_allclose(found.weights, [1.0])
    assert_allclose(found.objective, 0.0, atol=1e-15)


@pytest.mark.parametrize("n_atoms", [10, 100])
def test_atoms_that_explain_nothing_get_no_weight(n_atoms):
    _, _, log_density = normal_means(200, n_atoms)
    log_density[:, 3] = -np.inf
    found = solve_weights(log_density)
    assert found.converged
    assert found.weights[3] == 0.0


@pytest.mark.parametrize("n_atoms", [10, 100])
def test_an_observation_that_no_atom_explains_is_infeasible(n_atoms):
    _, _, log_density = normal_means(200, n_atoms)
    log_density[17] = -np.inf
    found = solve_weights(log_density)
    assert found.status is Status.INFEASIBLE
    assert not found.converged
    assert np.isfinite(found.weights).all()


def test_observations_with_an_atom_each_are_all_explained():
    # Rank as large as it can be, and rows that a sample of rows says nothing about.
    log_density = np.full((3000, 150), -np.inf)
    log_density[np.arange(3000), np.arange(3000) % 149] = 0.0
    log_density[7, 7] = -np.inf
    log_density[7, 149] = 0.0
    found = solve_weights(log_density)
    assert found.converged
    assert_allclose(found.weights[149], 1.0 / 3000.0, rtol=1e-6)


def test_an_outlier_far_from_all_others_keeps_its_atom():
    points, grid, _ = normal_means(5000, 200)
    points = np.append(points, 80.0)
    grid = np.append(grid, 80.0)
    log_density = -0.5 * (points[:, None] - grid) ** 2
    found = solve_weights(log_density)
    assert found.converged
    assert_allclose(found.weights[-1], 1.0 / 5001.0, rtol=1e-6)


def test_a_limit_on_the_steps_is_a_status_with_an_honest_gap():
    _, _, log_density = normal_means(300, 40)
    found = solve_weights(log_density, max_iter=1)
    best = solve_weights(log_density, tol=1e-12)
    assert found.status is Status.MAX_ITER
    assert 1e-8 < found.objective - best.objective <= found.gap


def test_a_start_at_the_solution_needs_no_more_than_a_look():
    _, _, log_density = normal_means(300, 40)
    first = solve_weights(log_density, tol=1e-10)
    again = solve_weights(log_density, start=first.weights)
    assert again.n_iter <= 2
    assert_allclose(again.objective, first.objective, atol=1e-10)


def test_few_columns_give_all_others():
    _, _, log_density = normal_means(500, 200)
    chosen, mixing = skeleton(log_density)
    likelihood = np.exp(log_density)
    assert chosen.size < 60
    assert_allclose(likelihood[:, chosen] @ mixing, likelihood, atol=1e-8)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30)
def test_the_quadratic_model_is_solved_on_the_simplex(seed):
    rng = np.random.default_rng(seed)
    factor, linear = rng.normal(size=(3, 8)), rng.normal(size=8)
    start = rng.dirichlet(np.ones(8))
    found = quadratic(factor, 1e-9, linear, 1.0, start)
    slope = factor.T @ (factor @ found) + 1e-9 * found - linear
    assert found.min() >= 0.0
    assert_allclose(found.sum(), 1.0, rtol=1e-12)
    # Kuhn-Tucker: the slope is the same on the support and no smaller elsewhere.
    level = slope @ found
    assert np.all(slope >= level - 1e-6)
    assert np.all(np.abs(slope[found > 1e-12] - level) < 1e-6)


def test_newton_accounts_for_an_offset():
    rng = np.random.default_rng(5)
    values = np.exp(rng.normal(size=(60, 4)))
    offset = np.exp(rng.normal(size=60))
    sample_weights = np.full(60, 1.0 / 60)
    found = minimise(
        values, None, offset, sample_weights, np.full(4, 0.15), 0.0, 1e-12, 50, total=0.6
    )
    # The same with the offset as a fifth atom whose weight is held.
    whole = np.column_stack([values, offset / 0.4])

    def value(w):
        return -np.mean(np.log(whole @ np.append(w, 0.4)))

    theirs = optimize.minimize(
        value,
        np.full(4, 0.15),
        bounds=[(0.0, 1.0)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 0.6},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert_allclose(value(found.weights), theirs.fun, atol=1e-8)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"floor": 0.3}, "floor must lie between 0 and 1/K"),
        ({"floor": -0.1}, "floor must lie between"),
        ({"tol": 0.0}, "tol must be > 0"),
        ({"start": np.ones(3) / 3}, "start must have shape"),
        ({"start": np.array([0.5, 0.6, -0.1, 0.0])}, "sum to 1"),
        ({"sample_weights": np.zeros(10)}, "sample_weights must be positive"),
    ],
)
def test_a_senseless_request_is_refused_in_one_line(options, words):
    with pytest.raises(InputError, match=words):
        solve_weights(np.zeros((10, 4)), **options)
