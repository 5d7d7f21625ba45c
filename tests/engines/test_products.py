"""The matrix products of a block come out whole, however they are cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.engines.products import products


@given(st.integers(1, 60), st.integers(1, 700), st.integers(1, 400), st.integers(0, 99))
def test_cut_products_are_the_sums_that_einsum_takes(n_components, n_features, m, seed):
    rng = np.random.default_rng(seed)
    values, phi = rng.normal(size=(n_components, n_features)), rng.normal(size=(n_features, m))
    plan = rng.uniform(size=(n_components, m))
    cut = products(n_components, n_features, m)
    forward = cut.forward(values, phi, np.full((n_components, m), np.nan))
    backward = cut.backward(plan, phi, np.full((n_components, n_features), np.nan))
    assert_allclose(forward, np.einsum("kp,pm->km", values, phi), rtol=0, atol=1e-10)
    assert_allclose(backward, np.einsum("km,pm->kp", plan, phi), rtol=0, atol=1e-10)


def test_products_that_one_call_serves_best_are_not_cut():
    small, many = products(3, 6, 1024), products(200, 153, 512)
    assert len(small.rows) == len(small.features) == 1
    assert len(many.rows) == len(many.features) == 1


def test_pieces_stay_within_what_small_matrix_kernels_take():
    cut = products(20, 153, 496)
    assert len(cut.rows) > 1
    assert len(cut.features) > 1
    assert all(20 * 153 * (piece.stop - piece.start) <= 10**6 for piece in cut.rows)
    assert all(20 * (piece.stop - piece.start) <= 1200 for piece in cut.features)
