"""The matrix products of a block come out whole, however they are cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot.engines.products import Products, products


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
    assert products(3, 6, 1024) == Products(1024, 6)
    assert products(200, 153, 512) == Products(512, 153)


def test_pieces_stay_within_what_small_matrix_kernels_take():
    cut = products(20, 153, 496)
    assert cut.row_piece < 496
    assert cut.feature_piece < 153
    assert 20 * 153 * cut.row_piece <= 10**6
    assert 20 * cut.feature_piece <= 1200
    long = products(10, 66, 1616)
    assert 10 * long.feature_piece * 1616 <= 10**6
