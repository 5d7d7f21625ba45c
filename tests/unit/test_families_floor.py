"""The floor of covariances: a constraint that is met exactly, keeps descent, and is reported."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from mixot import InputError, Mixture, Status, as_sample, families, fit, smoothed_start
from mixot.families.covariances import raised

SHAPES = ("full", "tied", "diag", "spherical")


def loss(covariance, scatter):
    """Return log det S + tr(S^-1 M), minus twice the log-likelihood of an observation."""
    return np.linalg.slogdet(covariance)[1] + np.trace(np.linalg.solve(covariance, scatter))


def matrices(kind, covariances, d):
    """Return the covariances of any shape as (K or 1, d, d)."""
    values = np.asarray(covariances)
    if kind == "tied":
        return values[None]
    if kind == "full":
        return values
    return np.stack([np.diag(np.broadcast_to(v, (d,))) for v in values])


def ribbon(seed=0, n=120):
    """Two crossing ribbons, thin across, and one tight knot."""
    rng = np.random.default_rng(seed)
    along, across = rng.normal(size=n) * 3.0, rng.normal(size=n) * 0.05
    turned = np.where(rng.random(n)[:, None] < 0.5, [[1.0, 0.3]], [[-0.4, 1.0]])
    normal = turned[:, ::-1] * [1.0, -1.0]
    points = along[:, None] * turned + across[:, None] * normal
    knot = [6.0, 6.0] + 0.01 * rng.normal(size=(30, 2))
    return as_sample(np.concatenate([points, knot]))


def test_raised_eigenvalues_are_the_best_covariance_above_the_floor():
    rng = np.random.default_rng(0)
    for floor in (0.05, 0.5, 3.0, 20.0):
        root = rng.normal(size=(3, 3))
        scatter = root @ np.diag([3.0, 0.3, 0.01]) @ root.T
        best = raised(scatter, floor)
        assert np.linalg.eigvalsh(best)[0] >= floor * (1.0 - 1e-12)
        found = [
            minimize(
                lambda entries, scatter=scatter, floor=floor: loss(
                    floor * np.eye(3) + entries.reshape(3, 3) @ entries.reshape(3, 3).T, scatter
                ),
                rng.normal(size=9),
                options={"gtol": 1e-9},
            ).fun
            for _ in range(5)
        ]
        assert_allclose(loss(best, scatter), min(found), rtol=1e-7)
        assert loss(best, scatter) <= min(found) + 1e-9


def test_a_matrix_above_the_floor_is_returned_as_it_is():
    scatters = np.array([[[2.0, 0.3], [0.3, 1.0]], [[2.0, 1.9], [1.9, 2.0]]])
    result = raised(scatters, 0.5)
    assert np.array_equal(result[0], scatters[0])
    assert_allclose(np.linalg.eigvalsh(result[1]), [0.5, 3.9])


@pytest.mark.parametrize("kind", SHAPES)
def test_no_perturbation_above_the_floor_beats_the_m_step(kind):
    rng = np.random.default_rng(1)
    sample = ribbon()
    plan = rng.dirichlet([0.2, 0.2], sample.weights.size) * sample.weights[:, None]
    family = families.get(f"gaussian-{kind}", floor=9.0)
    start = family.initial(sample, 2)
    best = family.m_step(family.statistics(sample.points, plan, start), start)
    assert family.at_floor(best).any()
    value = np.sum(plan * family.log_density(sample.points, best))
    for size in (1e-1, 1e-3):
        for _ in range(30):
            covariances = best["covariances"]
            noise = rng.normal(size=covariances.shape)
            if kind in ("full", "tied"):
                noise = noise + np.swapaxes(noise, -1, -2)
                covariances = raised(covariances + size * noise, 9.0)
            else:
                covariances = np.maximum(covariances + size * noise, 9.0)
            means = best["means"] + size * rng.normal(size=best["means"].shape)
            for other in ({**best, "covariances": covariances}, {**best, "means": means}):
                assert np.sum(plan * family.log_density(sample.points, other)) <= value + 1e-13


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "hard"])
@pytest.mark.parametrize("name", [f"gaussian-{kind}" for kind in SHAPES] + ["student_t-full"])
def test_the_objective_falls_by_exactly_the_energy_terms_at_an_active_floor(name, plan):
    sample = ribbon(1)
    family = families.get(name, floor=0.2 if name == "gaussian-full" else 3.0)
    start = smoothed_start(sample, family, 3, np.random.default_rng(0))
    options = {"plan": plan, "weights": "fixed" if plan == "balanced" else "free"}
    for epsilon in (0.5, 1.0, 2.0):
        fitted = fit(sample, start, family, epsilon=epsilon, energy=True, max_iter=40, **options)
        temperature = 1.0 if plan == "hard" else epsilon
        trace = fitted.trace
        terms = temperature * (trace.plan_kl + trace.weights_kl) + trace.components_kl
        assert_allclose(-np.diff(trace.objective), terms, atol=1e-11)
        assert np.all(np.diff(trace.objective) <= 1e-13)
        covariances = fitted.mixture.parameters["covariances"]
        least = np.linalg.eigvalsh(matrices(family.name.partition("-")[2], covariances, 2))[:, 0]
        assert np.all(least >= family.floor * (1.0 - 1e-12))
        # At epsilon = 2 the components may be one, as wide as the sample.
        assert epsilon == 2.0 or family.at_floor(fitted.mixture.parameters).any()
        assert trace.objective.size > 2


def test_an_inactive_floor_changes_nothing():
    sample = ribbon(2)
    plain, floored = families.get("gaussian-full"), families.get("gaussian-full", floor=1e-9)
    start = smoothed_start(sample, plain, 3, np.random.default_rng(1))
    one, other = fit(sample, start, plain, max_iter=30), fit(sample, start, floored, max_iter=30)
    assert_allclose(other.trace.objective, one.trace.objective, rtol=1e-12)
    assert not floored.at_floor(other.mixture.parameters).any()
    assert "floor" not in other.message


@pytest.mark.parametrize("kind", ["full", "diag", "spherical"])
def test_what_collapses_without_a_floor_ends_on_it_and_is_reported(kind):
    points = np.concatenate([np.random.default_rng(2).normal(size=(40, 2)), [[60.0, 70.0]]])
    sample = as_sample(points)
    free = families.get(f"gaussian-{kind}")
    reference = free.initial(sample, 2)
    means = np.array([[0.0, 0.0], [60.0, 70.0]])
    start = Mixture(np.array([0.9, 0.1]), {**reference, "means": means})
    assert fit(sample, start, free).status is Status.SINGULAR
    family = families.get(f"gaussian-{kind}", floor=1e-3)
    fitted = fit(sample, start, family)
    assert fitted.status is Status.CONVERGED
    assert fitted.message.endswith(family.remarks(fitted.mixture.parameters))
    assert family.at_floor(fitted.mixture.parameters).tolist() == [False, True]
    assert_allclose(
        matrices(kind, fitted.mixture.parameters["covariances"], 2)[1], 1e-3 * np.eye(2)
    )
    assert family.remarks(fitted.mixture.parameters) == (
        "The floor 0.001 on covariances is active in component 1."
    )


def test_data_that_no_free_covariance_fits_are_accepted_with_a_floor():
    rng = np.random.default_rng(3)
    constant = as_sample(np.column_stack([rng.normal(size=30), np.ones(30)]))
    with pytest.raises(InputError, match="column 1 is constant"):
        families.get("gaussian-full").check(constant, 2)
    family = families.get("gaussian-full", floor=1e-4)
    fitted = fit(constant, smoothed_start(constant, family, 2, rng), family)
    assert fitted.status is Status.CONVERGED
    assert_allclose(fitted.mixture.parameters["covariances"][:, 1, 1], 1e-4)


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_covariances_below_the_floor_are_not_regular(kind):
    family = families.get(f"gaussian-{kind}", floor=0.5)
    sample = ribbon(4)
    parameters = family.initial(sample, 3)
    covariances = parameters["covariances"].copy()
    covariances[1] *= 0.49 / np.linalg.eigvalsh(matrices(kind, covariances, 2)[1])[0]
    covariances[2] *= 0.5 / np.linalg.eigvalsh(matrices(kind, covariances, 2)[2])[0]
    below = {**parameters, "covariances": covariances}
    assert family.regular(below, parameters).tolist() == [True, False, True]
    assert family.at_floor(below).tolist() == [False, True, True]
    fitted = fit(sample, Mixture(np.full(3, 1 / 3), below), family)
    assert fitted.status is Status.SINGULAR
    assert fitted.message.endswith("The floor 0.5 on covariances is active in components 1, 2.")


def test_a_floor_of_a_block_is_remarked_with_its_block():
    family = families.Product([("poisson", [0]), (families.Gaussian("diag", floor=9.0), [1, 2])])
    rng = np.random.default_rng(5)
    sample = as_sample(np.column_stack([rng.poisson(3.0, 30), rng.normal(size=(30, 2))]))
    parameters = family.initial(sample, 2)
    assert family.remarks(parameters) == (
        "Block 1: The floor 9 on covariances is active in components 0, 1."
    )
    assert family.latent


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gaussian-full", {"floor": -1.0}, "floor must be a finite number >= 0"),
        ("gaussian-full", {"floor": "small"}, "floor must be a finite number >= 0, got 'small'"),
        ("student_t-diag", {"floor": np.nan}, "floor must be a finite number >= 0"),
        ("gaussian-tied", {"floor": 1.0, "ridge": 1.0}, "a ridge or a floor, not both"),
        ("gaussian-known", {"covariance": 1.0, "floor": 1.0}, "takes no floor"),
        ("poisson", {"floor": 1.0}, "does not take"),
    ],
)
def test_a_floor_that_makes_no_sense_is_refused_in_one_line(name, options, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get(name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("acceleration", ["squarem", "anderson"])
@pytest.mark.parametrize("kind", SHAPES)
def test_no_extrapolation_crosses_the_floor(kind, acceleration):
    sample = ribbon(6)
    family = families.Gaussian(kind, floor=0.2 if kind == "full" else 3.0)
    start = smoothed_start(sample, family, 3, np.random.default_rng(0))
    fitted = fit(sample, start, family, acceleration=acceleration)
    assert fitted.status is Status.CONVERGED
    assert np.all(np.diff(fitted.trace.objective) <= 1e-13)
    assert family.at_floor(fitted.mixture.parameters).any()
    for covariances in fitted.trace.parameters["covariances"]:
        least = np.linalg.eigvalsh(matrices(kind, covariances, 2))[:, 0]
        assert np.all(least >= family.floor * (1.0 - 1e-12))
    plain = fit(sample, start, family)
    assert fitted.objective <= plain.objective + 1e-9
