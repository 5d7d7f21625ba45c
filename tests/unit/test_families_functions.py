"""The functions behind the families against values of 60 digits (mpmath 1.4)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot.families import bessel, gamma_functions, increments

# v, x, A, 1 - A, A', log(Gamma(v+1) (2/x)^v I_v(x)) - x
BESSEL = [
    (0.0, 1e-10, 5e-11, 0.99999999995, 0.5, -9.99999999975e-11),
    (
        0.0,
        15.0,
        0.9660695639865081,
        0.033930436013491876,
        0.0023049599398175425,
        -2.2643308905230937,
    ),
    (0.5, 1e6, 0.999999, 1e-06, 1e-12, -14.508657738524219),
    (
        1.0,
        0.01,
        0.002499989583398437,
        0.9975000104166015,
        0.24999687503255177,
        -0.009987500026041558,
    ),
    (4.0, 50.0, 0.9132095998737405, 0.08679040012625946, 0.0016704987211694118, -12.73141922408163),
    (49.5, 3.0, 0.029677316741151642, 0.9703226832588484, 0.009875365499324006, -2.955464795591268),
    (
        499.0,
        300.0,
        0.27701777735262584,
        0.7229822226473741,
        0.0007919524463669344,
        -256.81329190929114,
    ),
    (
        499.0,
        1e6,
        0.9995006245004917,
        0.0004993754995082497,
        4.992509989074989e-10,
        -3950.89466920988,
    ),
    (499.0, 1e-10, 1e-13, 0.9999999999999, 0.001, -9.9999999999995e-11),
]
# v, new, old, (new - old) A(new) - G(new) + G(old)
BESSEL_DIVERGENCES = [
    (0.5, 20.0, 20.00001, 1.2499995832388369e-13),
    (0.5, 1e-6, 2e-6, 1.6666666666660553e-13),
    (4.0, 1e5, 1.00001e5, 2.2499062497187954e-10),
    (499.0, 700.0, 7.0, 150.30046699516078),
]
# a, L(a), gap(a), slope(a)
GAMMA = [
    (1e-8, -18.420680932387015, 99999982.1565349, 9999999900000002.0),
    (0.1, -2.5829711610336106, 8.12116984741703, 91.43329915079275),
    (3.0, -0.3973103145556162, 0.17582795356964256, 0.061600733514893105),
    (15.9, 0.45898062152766406, 0.031776039050411986, 0.0020191998380538257),
    (16.1, 0.4652957842321761, 0.03137726647579433, 0.0019688438001825375),
    (1e3, 2.53485577295584, 0.000500083333325, 5.001666666333334e-07),
    (1e14, 15.199157117753646, 5.000000000000009e-15, 5.0000000000000167e-29),
]
SHAPE_DIVERGENCES = [
    (2.0, 2.0000001, 7.246703061835386e-16),
    (1e6, 1.0001e6, 2.4998341790823416e-09),
    (0.3, 30.0, 65.73110479205114),
]
# c, (1 + c) log(1 + c) - c, c - log(1 + c)
INCREMENTS = [
    (-0.999999, 0.9999851844894416, 12.815511557935519),
    (-0.5, 0.15342640972002736, 0.19314718055994531),
    (-0.001, 5.001667500500334e-07, 5.003335835335002e-07),
    (1e-9, 4.999999998333334e-19, 4.999999996666667e-19),
    (0.0199, 0.0001967044814946763, 0.00019541672566459825),
    (0.0201, 0.00020066500663352263, 0.0001993382936638343),
    (5.0, 5.75055681536833, 3.208240530771945),
]


@pytest.mark.parametrize(("order", "x", "value", "complement", "derivative", "logarithm"), BESSEL)
def test_bessel_ratios_have_full_precision(order, x, value, complement, derivative, logarithm):
    got = bessel.ratio(order, np.array([x]))
    assert_allclose(np.ravel(got), [value, complement, derivative], rtol=2e-15)
    back = bessel.inverse_ratio(order, np.array([value]), np.array([complement]))
    assert_allclose(back, x, rtol=4e-15)
    assert_allclose(bessel.log_scaled(order, np.array([x])), logarithm, rtol=2e-15, atol=3e-16)


@pytest.mark.parametrize("order", [0.0, 0.5, 3.0, 499.0])
def test_the_inverse_ratio_is_one_over_twelve_orders_of_magnitude(order):
    x = np.logspace(-10, 8, 200)
    value, complement, _ = bessel.ratio(order, x)
    assert_allclose(bessel.inverse_ratio(order, value, complement), x, rtol=1e-14)
    ends = bessel.inverse_ratio(order, np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    assert ends.tolist() == [0.0, np.inf]


@pytest.mark.parametrize(("order", "new", "old", "expected"), BESSEL_DIVERGENCES)
def test_divergences_of_concentrations_keep_their_digits(order, new, old, expected):
    got = bessel.log_scaled_divergence(order, np.array([new]), np.array([old]))
    assert_allclose(got, expected, rtol=1e-10 if abs(new - old) < 1e-4 else 1e-13)


@pytest.mark.parametrize(("a", "stirling", "gap", "slope"), GAMMA)
def test_gamma_functions_have_full_precision(a, stirling, gap, slope):
    at = np.array([a])
    assert_allclose(gamma_functions.stirling(at), stirling, rtol=1e-14)
    assert_allclose(gamma_functions.gap(at), gap, rtol=1e-14)
    assert_allclose(gamma_functions.slope(at), slope, rtol=1e-14)
    assert_allclose(gamma_functions.inverse_gap(np.array([gap])), a, rtol=1e-14)


def test_the_inverse_gap_is_infinite_at_zero_and_finite_for_everything_positive():
    s = np.concatenate([[-1.0, 0.0], np.logspace(-300, 300, 50)])
    got = gamma_functions.inverse_gap(s)
    assert got[:2].tolist() == [np.inf, np.inf]
    assert np.isfinite(got[2:]).all()
    assert (got[2:] > 0.0).all()


@pytest.mark.parametrize(("new", "old", "expected"), SHAPE_DIVERGENCES)
def test_divergences_of_shapes_keep_their_digits(new, old, expected):
    got = gamma_functions.shape_divergence(np.array([new]), np.array([old]))
    assert_allclose(got, expected, rtol=1e-8 if abs(new - old) < 1e-4 else 1e-13)


@pytest.mark.parametrize(("change", "entropy", "loss"), INCREMENTS)
def test_functions_of_small_changes_keep_their_digits(change, entropy, loss):
    at = np.array([change])
    assert_allclose(increments.entropy_term(at), entropy, rtol=3e-14)
    assert_allclose(increments.log_loss(at, np.array([1.0 + change])), loss, rtol=3e-14)


def test_relative_entropy_has_the_right_limits_at_zero():
    base, difference = np.array([0.0, 0.0, 0.5]), np.array([0.0, 0.1, -0.5])
    assert increments.relative_entropy(base, difference).tolist() == [0.0, np.inf, 0.5]
