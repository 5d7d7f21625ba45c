"""Exponentials of log-kernels: exact where they count, and exact zeros instead of underflow."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot.engines.rules import exponentials, hard, root, soft


def test_exponentials_are_those_of_the_standard_library_down_to_e_to_the_minus_640():
    powers = np.linspace(-640.0, 700.0, 997).reshape(1, -1)
    expected = [math.exp(power) for power in powers[0]]
    assert_allclose(exponentials(powers.copy())[0], expected, rtol=1e-15)


@pytest.mark.parametrize("power", [-640.001, -708.5, -745.0, -1e9, -np.inf])
def test_below_that_they_are_exact_zeros_and_their_neighbours_are_not_touched(power):
    found = exponentials(np.array([[0.0, power], [power, -1.0]]))
    assert (found == [[1.0, 0.0], [0.0, math.exp(-1.0)]]).all()


def test_not_a_number_stays_not_a_number():
    found = exponentials(np.array([[np.nan, -1e4, 0.0]]))
    assert np.isnan(found[0, 0])
    assert (found[0, 1:] == [0.0, 1.0]).all()


@pytest.mark.parametrize("rule", [soft, root])
def test_no_responsibility_is_a_subnormal_number(rule):
    rng = np.random.default_rng(0)
    _, rows = rule(-800.0 * rng.uniform(size=(4, 4000)))
    assert ((rows == 0.0) | (rows > np.finfo(float).tiny)).all()
    assert (rows == 0.0).any()
    assert_allclose(rows.sum(axis=0), 1.0, rtol=1e-12)


def test_the_hard_rule_needs_no_exponentials():
    value, rows = hard(np.array([[-1e300, -2e300], [-3e300, -1e300]]))
    assert (rows == [[1.0, 0.0], [0.0, 1.0]]).all()
    assert (value == -1e300).all()
