"""Mixed data: blocks of columns, their names, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot import InputError, as_sample, families, fit, smoothed_start
from mixot.families.gaussian import Gaussian

BLOCKS = [("gaussian-tied", [2, 0]), ("bernoulli", [1])]


def mixed_data(seed=0, n=150):
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    numbers = rng.normal(size=(n, 2)) + 3.0 * labels[:, None]
    ones = rng.random(n) < np.where(labels, 0.8, 0.3)
    return as_sample(np.column_stack([numbers[:, 0], ones, numbers[:, 1]]), rng.uniform(1, 2, n))


def test_a_product_of_spherical_gaussians_of_single_columns_is_the_diagonal_gaussian():
    sample = mixed_data()
    diagonal = families.get("gaussian-diag")
    product = families.get("product", blocks=[("gaussian-spherical", [j]) for j in (2, 0, 1)])
    start = smoothed_start(sample, diagonal, 2, np.random.default_rng(0))
    means, variances = start.parameters["means"], start.parameters["covariances"]
    parameters = {}
    for block, column in enumerate((2, 0, 1)):
        parameters[f"{block}.means"] = means[:, column, None]
        parameters[f"{block}.covariances"] = variances[:, column]
    one = fit(sample, start, diagonal, tol=0.0, max_iter=20)
    two = fit(sample, type(start)(start.weights, parameters), product, tol=0.0, max_iter=20)
    assert_allclose(two.trace.objective, one.trace.objective, rtol=1e-13)
    assert_allclose(two.trace.components_kl, one.trace.components_kl, rtol=1e-10, atol=1e-15)
    assert product.n_parameters(2, 3) == diagonal.n_parameters(2, 3)


def test_parameters_are_named_by_block_and_tied_ones_stay_shared():
    family = families.get("product", blocks=BLOCKS)
    initial = family.initial(mixed_data(), 2)
    assert set(initial) == {"0.means", "0.covariances", "1.probabilities"}
    assert family.shared == {"0.covariances"}
    assert initial["0.covariances"].shape == (2, 2)
    assert not family.latent
    assert families.get("product", blocks=[("student_t-diag", [0])]).latent


def test_blocks_take_instances_options_and_lists():
    sample = mixed_data()
    named = families.get(
        "product", blocks=[["gaussian-known", [0, 2], {"covariance": 2.0}], *BLOCKS[1:]]
    )
    given = families.get(
        "product", blocks=[(Gaussian("known", np.array(2.0)), (0, 2)), ("bernoulli", 1)]
    )
    parameters = named.initial(sample, 1)
    assert_allclose(
        given.log_density(sample.points, parameters), named.log_density(sample.points, parameters)
    )


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (None, "needs the option blocks"),
        ([], "needs the option blocks"),
        ("poisson", "needs the option blocks"),
        ([("poisson",)], "block 0 must be"),
        ([("poisson", [0]), ("poisson", [1, 0])], "column 0 twice"),
        ([("poisson", [])], "block 0: columns must be whole numbers"),
        ([("poisson", [-1])], "columns must be whole numbers"),
        ([("poisson", [0.5])], "columns must be whole numbers"),
        ([("poison", [0])], "unknown family 'poison'"),
        ([("poisson", [0], 3)], "options must be a mapping"),
        ([("student_t-full", [0], {"df": -1})], "df must be"),
    ],
)
def test_wrong_blocks_are_refused_in_one_line(blocks, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get("product", blocks=blocks)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([("gaussian-full", [0, 2])], "column 1 is in no block"),
        ([("gaussian-full", [0, 1, 2, 3])], "names column 3 but the points have 3"),
        ([("gaussian-full", [0, 1]), ("bernoulli", [2])], "block 1 .bernoulli.* columns 2 of the"),
    ],
)
def test_points_that_do_not_suit_the_blocks_are_refused_in_one_line(blocks, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get("product", blocks=blocks).check(mixed_data(), 2)
    assert "\n" not in str(caught.value)
