import itertools

import numpy as np
import pytest

from mixot.reference import blind, densities, em, likelihood, peers

DEATHS = np.array([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])


def test_em_reproduces_the_published_fit_of_the_deaths_data():
    # Hasselblad's counts of days with x deaths: the maximum likelihood estimate printed by the
    # SQUAREM package, EM's iteration count and its leading eigenvalue (theory I1b).
    points = np.arange(10.0)[:, None]
    start = {"rates": np.array([[1.0], [2.5]])}
    path = em.em_path("poisson", points, DEATHS / DEATHS.sum(), np.array([0.3, 0.7]), start, 4000)
    packed = np.array([[p.weights[0], *p.parameters["rates"][:, 0]] for p in path])
    np.testing.assert_allclose(packed[-1], [0.3598854, 1.2560951, 2.6634044], atol=1e-7)
    assert -DEATHS.sum() * path[-1].objective == pytest.approx(-1989.94586, abs=5e-6)
    steps = np.linalg.norm(np.diff(packed, axis=0), axis=1)
    assert np.argmax(steps < 1e-7) + 1 == pytest.approx(2055, abs=1)
    assert steps[1500] / steps[1499] == pytest.approx(0.9956662, abs=1e-5)


def test_em_walks_with_scikit_learn_and_its_default_ridge_does_not(uniform_gaussian):
    case = uniform_gaussian
    own = em.em_path(
        case.family, case.points, case.sample_weights, case.weights, case.parameters, 40
    )
    peer = peers.sklearn_path(case.family, case.points, case.weights, case.parameters, 40)
    ridged = peers.sklearn_path(
        case.family, case.points, case.weights, case.parameters, 40, reg_covar=1e-6
    )
    assert deviation(own, peer) < 1e-11
    assert deviation(own, ridged) > 1e-7


def deviation(left, right):
    gaps = []
    for one, other in zip(left, right, strict=True):
        gaps.append(np.abs(one.weights - other.weights).max())
        gaps.append(abs(one.objective - other.objective))
        gaps += [np.abs(one.parameters[k] - other.parameters[k]).max() for k in one.parameters]
    return max(gaps)


@pytest.mark.parametrize(
    ("plan", "free"), [("semirelaxed", True), ("semirelaxed", False), ("balanced", False)]
)
@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
def test_three_terms_balance_the_drop_at_every_step(case, plan, free, epsilon):
    # D2 and D6, for every family, plan and temperature.
    options = {"epsilon": epsilon, "plan": plan, "covariance": case.covariance}
    path = em.em_path(
        case.family,
        case.points,
        case.sample_weights,
        case.weights,
        case.parameters,
        3,
        weights_free=free,
        **options,
    )
    for before, after in itertools.pairwise(path):
        energy = em.energy_balance(
            case.family, case.points, case.sample_weights, before, after, **options
        )
        assert abs(energy.residual) < 1e-13
        assert energy.drop > 1e-9
        assert energy.components_kl > 0
        assert (energy.weights_kl > 0) == free


def test_the_balance_notices_a_scatter_about_the_old_mean():
    # The M-step that a careless EM would make must not satisfy D2.
    rng = np.random.default_rng(0)
    points = rng.normal(size=(100, 1)) + 3 * (np.arange(100) % 2)[:, None]
    a, weights = np.full(100, 0.01), np.array([0.5, 0.5])
    start = {"means": np.array([[-0.5], [2.0]]), "covariances": np.ones((2, 1, 1))}
    before, after = em.em_path("gaussian-full", points, a, weights, start, 1)
    shift = after.parameters["means"] - start["means"]
    wrong = {
        "means": after.parameters["means"],
        "covariances": after.parameters["covariances"] + shift[:, :, None] * shift[:, None, :],
    }
    careless = after._replace(parameters=wrong)
    assert abs(em.energy_balance("gaussian-full", points, a, before, after).residual) < 1e-14
    assert abs(em.energy_balance("gaussian-full", points, a, before, careless).residual) > 1e-4


def test_a_blind_search_finds_the_same_m_step(case):
    # D4.
    cost = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    plan = likelihood.estep_plan(cost, case.sample_weights, case.weights)
    closed = em.m_step(case.family, case.points, plan)
    found = blind.blind_m_step(
        case.family, case.points, plan, case.parameters, covariance=case.covariance
    )
    assert found.keys() == closed.keys()
    for name in closed:
        np.testing.assert_allclose(found[name], closed[name], rtol=1e-6, atol=1e-6)


def test_component_kl_is_the_known_number_for_normals_and_poissons():
    new = {"means": np.array([[1.0]]), "covariances": np.array([4.0])}
    old = {"means": np.array([[3.0]]), "covariances": np.array([2.0])}
    expected = 0.5 * (2 - 1 - np.log(2) + 4 / 2)
    assert em.component_kl("gaussian-spherical", new, old)[0] == pytest.approx(expected, rel=1e-14)
    rates = {"rates": np.array([[2.0]])}, {"rates": np.array([[5.0]])}
    assert em.component_kl("poisson", *rates)[0] == pytest.approx(2 * np.log(0.4) + 3, rel=1e-14)


def test_component_kl_keeps_the_digits_of_a_tiny_step():
    old = {"means": np.zeros((1, 2)), "covariances": np.array([[[2.0, 0.6], [0.6, 1.0]]])}
    new = {"means": np.zeros((1, 2)), "covariances": old["covariances"] * (1 + 1e-8)}
    assert em.component_kl("gaussian-full", new, old)[0] == pytest.approx(0.5e-16, rel=1e-6)


def test_free_weights_with_a_balanced_plan_are_refused():
    start = {"rates": np.array([[1.0], [2.5]])}
    arguments = ("poisson", np.arange(4.0)[:, None], np.full(4, 0.25), np.full(2, 0.5), start, 1)
    with pytest.raises(ValueError, match="D7"):
        em.em_path(*arguments, plan="balanced")
    with pytest.raises(ValueError, match="unbalanced"):
        em.em_path(*arguments, plan="unbalanced")


def test_the_peer_refuses_families_it_does_not_have():
    with pytest.raises(ValueError, match="poisson"):
        peers.sklearn_path("poisson", np.ones((3, 1)), np.ones(1), {"rates": np.ones((1, 1))}, 1)
