import numpy as np
import pytest

from mixot.reference import densities, derivatives, em, likelihood, sinkhorn, weights


def test_likelihood_and_transport_have_one_minimum_over_the_weights(transport_case):
    # B1, each side minimised on its own, certified by N3.
    cost, a, start, epsilon = transport_case
    left = weights.minimise_likelihood(cost, a, start, epsilon)
    right = weights.minimise_transport(cost, a, start, epsilon)
    assert max(left.residual, right.residual) < 1e-10
    assert left.value == pytest.approx(right.value, abs=1e-11)
    np.testing.assert_allclose(left.weights, right.weights, atol=1e-8)
    assert left.value < likelihood.negative_log_likelihood(cost, a, start, epsilon) - 1e-4


def test_blahut_arimoto_stops_within_its_certificate(transport_case):
    cost, a, start, epsilon = transport_case
    best = weights.minimise_likelihood(cost, a, start, epsilon).value
    for gap in (1e-2, 1e-4, 1e-6):
        found = weights.blahut_arimoto(cost, a, start, epsilon, gap=gap)
        assert found.gap <= gap
        assert -1e-14 <= found.value - best <= found.gap
        lower, upper, looser = weights.certificate(cost, a, found.weights, epsilon)
        assert lower - 1e-14 <= found.value - best <= upper <= looser


def test_the_certificate_is_attained_by_a_single_point():
    # With one sample the best weights sit on the likeliest component: log max D is the gap itself.
    cost, a, pi = np.array([[1.0, 3.0]]), np.ones(1), np.array([0.2, 0.8])
    gap = likelihood.negative_log_likelihood(cost, a, pi, 2.0) - 1.0
    assert weights.certificate(cost, a, pi, 2.0)[1] == pytest.approx(gap, rel=1e-14)
    assert weights.stationarity(cost, a, pi, 2.0)[1] == pytest.approx(gap, rel=1e-14)


def test_a_useless_component_gets_no_weight_and_a_useful_one_gets_it_back():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 1)) + (np.arange(200) % 2)[:, None]
    parameters = {"means": np.array([[0.0], [1.0], [9.0]]), "covariances": np.ones(3)}
    cost = densities.costs("gaussian-spherical", points, parameters)
    a = np.full(200, 1 / 200)
    uniform = np.full(3, 1 / 3)
    best = weights.minimise_likelihood(cost, a, uniform)
    transported = weights.minimise_transport(cost, a, uniform)
    assert best.weights[2] == transported.weights[2] == 0
    assert best.weights[:2].min() > 0.2
    assert best.residual < 1e-14
    assert transported.value == pytest.approx(best.value, abs=1e-10)
    assert weights.gradient_function(cost, a, best.weights)[2] < 1
    from_vertex = weights.minimise_likelihood(cost, a, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(from_vertex.weights, best.weights, atol=1e-12)


def packed_function(case, epsilon, value):
    def function(vector):
        parameters = derivatives.unpack(case.family, vector, case.parameters)
        cost = densities.costs(case.family, case.points, parameters, covariance=case.covariance)
        return value(cost, case.sample_weights, case.weights, epsilon)

    return function


@pytest.mark.parametrize("epsilon", [1.0, 2.0])
def test_analytic_complex_and_finite_difference_gradients_of_the_likelihood_agree(case, epsilon):
    # E1 and the first half of E5.
    cost = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    plan = likelihood.estep_plan(cost, case.sample_weights, case.weights, epsilon)
    arguments = (case.family, case.points, case.parameters)
    analytic = derivatives.pack_gradient(
        case.family, derivatives.plan_gradient(*arguments, plan, covariance=case.covariance)
    )
    stepped, by_weights = derivatives.complex_step_gradient(
        case.family,
        case.points,
        case.sample_weights,
        case.weights,
        case.parameters,
        epsilon=epsilon,
        covariance=case.covariance,
    )
    scale = np.abs(analytic).max()
    np.testing.assert_allclose(stepped, analytic, atol=1e-13 * scale)
    np.testing.assert_allclose(
        by_weights, epsilon * derivatives.weights_gradient(plan, case.weights), rtol=1e-13
    )
    at = derivatives.pack(case.family, case.parameters)
    differenced = derivatives.central_difference(
        packed_function(case, epsilon, likelihood.negative_log_likelihood),
        at,
        derivatives.natural_scales(case.family, case.parameters, covariance=case.covariance),
    )
    np.testing.assert_allclose(differenced, analytic, atol=1e-9 * scale)


def test_the_transport_gradient_is_the_average_under_its_own_plan(case):
    # E2, and E3: the E-step plan in its place misses by far.
    cost = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    solved = sinkhorn.semidual(cost, case.sample_weights, case.weights)
    estep = likelihood.estep_plan(cost, case.sample_weights, case.weights)
    right, wrong = (
        derivatives.pack_gradient(
            case.family,
            derivatives.plan_gradient(
                case.family, case.points, case.parameters, plan, covariance=case.covariance
            ),
        )
        for plan in (solved.plan, estep)
    )

    def value(cost, a, pi, epsilon):
        return sinkhorn.semidual(cost, a, pi, epsilon, start=solved.g).value

    differenced = derivatives.central_difference(
        packed_function(case, 1.0, value),
        derivatives.pack(case.family, case.parameters),
        derivatives.natural_scales(case.family, case.parameters, covariance=case.covariance),
    )
    scale = np.abs(right).max()
    assert np.abs(differenced - right).max() < 1e-9 * scale
    assert np.abs(differenced - wrong).max() > 1e-2 * scale


def test_slopes_on_the_simplex_are_the_potentials_and_the_gradient_function(transport_case):
    # E5.
    cost, a, pi, epsilon = transport_case
    solved = sinkhorn.semidual(cost, a, pi, epsilon)
    slopes = derivatives.simplex_difference(
        lambda w: sinkhorn.semidual(cost, a, w, epsilon, start=solved.g).value, pi
    )
    np.testing.assert_allclose(slopes, solved.g, atol=1e-8 * np.abs(solved.g).max())
    slopes = derivatives.simplex_difference(
        lambda w: likelihood.negative_log_likelihood(cost, a, w, epsilon), pi
    )
    expected = epsilon * (1 - weights.gradient_function(cost, a, pi, epsilon))
    np.testing.assert_allclose(slopes, expected, atol=1e-9)


def test_an_em_step_is_a_positive_matrix_times_the_gradient(case):
    # D5; the covariance step is to the scatter about the old mean.
    cost = densities.costs(case.family, case.points, case.parameters, covariance=case.covariance)
    plan = likelihood.estep_plan(cost, case.sample_weights, case.weights)
    masses = plan.sum(axis=0)
    reached = em.m_step(case.family, case.points, plan)
    by_weights, steps = derivatives.xu_jordan_step(
        case.family, case.points, case.parameters, case.weights, plan, covariance=case.covariance
    )
    np.testing.assert_allclose(case.weights + by_weights, masses, atol=1e-14)
    assert steps.keys() == reached.keys()
    moves = {name: reached[name] - case.parameters[name] for name in reached}
    if "covariances" in moves:
        shift = moves["means"]
        outer = shift[:, :, None] * shift[:, None, :]
        moves["covariances"] = (
            moves["covariances"]
            + {
                "gaussian-full": outer,
                "gaussian-tied": np.einsum("k,kij->ij", masses, outer),
                "gaussian-diag": shift**2,
                "gaussian-spherical": (shift**2).mean(axis=1),
            }[case.family]
        )
    for name, move in moves.items():
        np.testing.assert_allclose(steps[name], move, atol=1e-13)


def test_packing_is_undone_by_unpacking(case):
    vector = derivatives.pack(case.family, case.parameters)
    again = derivatives.unpack(case.family, vector, case.parameters)
    for name, values in case.parameters.items():
        np.testing.assert_array_equal(again[name], values)
