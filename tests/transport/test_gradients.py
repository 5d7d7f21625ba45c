"""Gradients of the value by the envelope theorem, against differences of values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.transport import gradients, solve

KINDS = (
    {"relaxation": "balanced"},
    {"relaxation": "semirelaxed"},
    {"relaxation": "unbalanced", "tau": 0.4},
)
STEP = 1e-3


def slope(value, step=STEP):
    """Return the derivative of value(t) at 0 by differences of fourth order."""
    near, far = value(step) - value(-step), value(2.0 * step) - value(-2.0 * step)
    return (8.0 * near - far) / (12.0 * step)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), epsilon=st.sampled_from([0.3, 1.0, 3.0]))
def test_every_gradient_is_the_slope_of_the_value(clouds, kind, seed, epsilon):
    cost, a, b = clouds(seed, n_samples=15, n_components=4)
    a = 0.5 * a + 0.5 / a.size
    found = gradients(solve(cost, a, b, epsilon, **kind))
    rng = np.random.default_rng(seed)
    by_cost = rng.normal(size=cost.shape)
    by_a, by_b = rng.normal(size=a.size) * a, rng.normal(size=b.size) * b
    by_a, by_b = by_a - a * by_a.sum(), by_b - b * by_b.sum()

    def value(c=0.0, x=0.0, y=0.0, e=0.0):
        return solve(cost + c * by_cost, a + x * by_a, b + y * by_b, epsilon + e, **kind).value

    assert_allclose(slope(lambda t: value(c=t)), np.sum(found.cost * by_cost), atol=1e-9)
    assert_allclose(slope(lambda t: value(x=t)), found.a @ by_a, atol=1e-9)
    assert_allclose(slope(lambda t: value(y=t)), found.b @ by_b, atol=1e-9)
    assert_allclose(slope(lambda t: value(e=t)), found.epsilon, rtol=1e-8)
    if "tau" in kind:
        free = {"relaxation": "unbalanced"}
        by_tau = slope(lambda t: solve(cost, a, b, epsilon, tau=0.4 + t, **free).value)
        assert_allclose(by_tau, found.tau, rtol=1e-7)
    else:
        assert np.isnan(found.tau)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
def test_an_empty_column_has_the_gradient_for_putting_weight_there(clouds, kind):
    cost, a, b = clouds(8, n_components=4)
    b[1] = 0.0
    b /= b.sum()
    found = gradients(solve(cost, a, b, 1.0, **kind))
    towards = -b.copy()
    towards[1] = 1.0
    step = 1e-4
    values = [solve(cost, a, b + n * step * towards, 1.0, **kind).value for n in range(3)]
    one_sided = (-3.0 * values[0] + 4.0 * values[1] - values[2]) / (2.0 * step)
    assert_allclose(found.b @ towards, one_sided, rtol=1e-4)
    closed = cost.copy()
    closed[:, 1] = np.inf
    assert not np.isnan(gradients(solve(closed, a, b, 1.0, **kind)).b).any()
