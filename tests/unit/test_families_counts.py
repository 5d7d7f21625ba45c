"""Bernoulli, categorical and multinomial: probabilities of exactly 0 and 1, codes, trials."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mixot import InputError, Mixture, as_sample, families, fit

ONES = {"probabilities": np.array([[0.0, 0.5], [1.0, 0.25]])}


def test_a_bernoulli_component_excludes_what_it_gives_probability_zero_and_nothing_else():
    family = families.get("bernoulli")
    points = np.array([[0.0, 1.0], [1.0, 0.0]])
    expected = stats.bernoulli.logpmf(points[:, None, :], ONES["probabilities"]).sum(axis=2)
    assert_allclose(family.log_density(points, ONES), expected, rtol=1e-15)
    assert np.isneginf(expected).sum() == 2


def test_a_share_of_all_ones_is_exactly_one_and_a_rounded_one_is_not():
    family = families.get("bernoulli")
    plan = np.array([[0.1, 0.3], [0.2, 0.3], [0.0, 1e-30]])
    points = np.array([[1.0], [1.0], [0.0]])
    after = family.m_step(family.statistics(points, plan, ONES), {"probabilities": np.ones((2, 1))})
    exact, rounded = after["probabilities"][:, 0]
    assert exact == 1.0
    assert 1.0 - 2e-16 < rounded < 1.0
    assert np.isfinite(family.log_density(points, after)[2, 1])


@pytest.mark.parametrize("change", [1e-9, 1e-12])
def test_the_divergence_of_bernoulli_probabilities_keeps_its_digits_near_both_ends(change):
    family = families.get("bernoulli")
    for p in (1e-6, 0.3, 1.0 - 1e-6):
        old = {"probabilities": np.array([[p]])}
        new = {"probabilities": np.array([[p + change]])}
        step = new["probabilities"][0, 0] - p
        quadratic = 0.5 * step**2 / (p * (1.0 - p))
        assert_allclose(family.divergence(new, old), quadratic, rtol=1e-3)


def test_divergences_are_infinite_only_where_the_old_component_excludes_a_possible_value():
    bernoulli = families.get("bernoulli")
    inside = {"probabilities": np.full((2, 2), 0.5)}
    assert np.isinf(bernoulli.divergence(inside, ONES)).all()
    assert np.isfinite(bernoulli.divergence(ONES, inside)).all()
    assert bernoulli.divergence(ONES, ONES).tolist() == [0.0, 0.0]
    categorical = families.get("categorical")
    tables = {"probabilities": np.array([[[0.5, 0.5, 0.0]], [[0.2, 0.3, 0.5]]])}
    swapped = {"probabilities": tables["probabilities"][::-1]}
    expected = stats.entropy(tables["probabilities"][0, 0], tables["probabilities"][1, 0])
    assert_allclose(categorical.divergence(tables, swapped), [expected, np.inf], rtol=1e-14)


def test_codes_never_seen_have_density_zero_and_so_have_codes_that_do_not_exist():
    family = families.get("categorical")
    sample = as_sample([[0, 1], [2, 0], [2, 1]])
    initial = family.initial(sample, 1)
    assert_allclose(initial["probabilities"][0], [[1 / 3, 0, 2 / 3], [1 / 3, 2 / 3, 0]])
    points = np.array([[2.0, 1.0], [1.0, 1.0], [0.0, 2.0], [3.0, 0.0], [-1.0, 0.0], [0.5, 0.0]])
    values = family.log_density(points, initial)[:, 0]
    assert_allclose(values[0], np.log(4 / 9))
    assert np.isneginf(values[1:]).all()


def test_the_number_of_categories_is_inferred_or_given():
    sample = as_sample([[0, 1], [2, 0]])
    assert families.get("categorical").initial(sample, 2)["probabilities"].shape == (2, 2, 3)
    wide = families.get("categorical", categories=[3, 5])
    assert wide.initial(sample, 2)["probabilities"].shape == (2, 2, 5)
    assert wide.n_parameters(2, 2) == 2 * (2 + 4)
    with pytest.raises(InputError, match="only with the option categories"):
        families.get("categorical").n_parameters(2, 2)


def test_drawn_codes_are_never_of_probability_zero():
    family = families.get("categorical")
    parameters = {
        "probabilities": np.array([[[0.0, 0.1, 0.0, 0.9, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]]])
    }
    draws = family.sample(parameters, np.zeros(10_000), np.random.default_rng(0))
    assert set(draws[:, 0]) == {1.0, 3.0}
    assert set(draws[:, 1]) == {4.0}


def test_multinomial_documents_of_any_length_share_their_probabilities():
    family = families.get("multinomial")
    points = np.array([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [40.0, 20.0, 0.0]])
    sample = as_sample(points)
    after = family.initial(sample, 1)
    assert_allclose(after["probabilities"][0], [43 / 64, 21 / 64, 0.0])
    assert_allclose(after["trials"], 64 / 3)
    expected = stats.multinomial.logpmf(points, points.sum(axis=1), after["probabilities"][0])
    assert_allclose(family.log_density(points, after)[:, 0], expected, rtol=1e-13, atol=1e-14)
    assert np.isneginf(family.log_density(np.array([[0.0, 0.0, 1.0]]), after)).all()


def test_a_component_of_empty_documents_keeps_its_probabilities_and_tells_nothing_apart():
    family = families.get("multinomial")
    old = {"probabilities": np.array([[0.2, 0.8]]), "trials": np.array([5.0])}
    after = family.m_step(family.statistics(np.zeros((3, 2)), np.full((3, 1), 0.3), old), old)
    assert_allclose(after["probabilities"], old["probabilities"])
    assert after["trials"][0] == 0.0
    other = {**old, "probabilities": np.array([[0.0, 1.0]])}
    assert family.divergence(after, other)[0] == 0.0


@pytest.mark.parametrize(
    ("name", "options", "points", "words"),
    [
        (
            "bernoulli",
            {},
            [[0, 1], [0, 2]],
            r"row 1, column 1 is 2; a Bernoulli variable must be 0",
        ),
        ("bernoulli", {}, [[0.5]], "row 0, column 0 is 0.5"),
        ("categorical", {}, [[0], [1.5]], "row 1, column 0 is 1.5"),
        ("categorical", {}, [[-1]], "is -1"),
        ("categorical", {}, [[0], [123456]], "has the code 123456; without the option"),
        (
            "categorical",
            {"categories": [2, 3]},
            [[0, 0], [2, 2]],
            "codes of 2 categories are 0 to 1",
        ),
        ("categorical", {"categories": [2]}, [[0, 0]], "has 1 numbers but the points have 2"),
        ("multinomial", {}, [[1, 2], [0.5, 1]], "row 1, column 0 is 0.5"),
        ("multinomial", {}, [[0, 0], [0, 0]], "all counts are zero"),
    ],
)
def test_points_outside_the_support_are_refused_in_one_line(name, options, points, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get(name, **options).check(as_sample(np.array(points, dtype=float)), 1)
    assert "\n" not in str(caught.value)


def test_latent_classes_are_found_up_to_their_order():
    family = families.get("categorical", categories=3)
    rng = np.random.default_rng(0)
    truth = {"probabilities": rng.dirichlet([0.3, 0.3, 0.3], (2, 8))}
    points = family.sample(truth, rng.integers(2, size=5000), rng)
    start = Mixture(np.array([0.4, 0.6]), {"probabilities": rng.dirichlet([5.0] * 3, (2, 8))})
    found = fit(as_sample(points), start, family).mixture.parameters["probabilities"]
    errors = [np.abs(found - truth["probabilities"][order]).max() for order in ([0, 1], [1, 0])]
    assert min(errors) < 0.04
