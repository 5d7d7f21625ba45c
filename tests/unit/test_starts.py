"""Starts: proper for every family, blind to how a sample is written down, exact where given."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mixot import InputError, Mixture, as_sample, families, fit
from mixot.families.base import take
from mixot.families.own import OwnFamily
from mixot.fitting.starts import METHODS, start
from mixot.fitting.starts.seeds import k_means_plus_plus
from mixot.fitting.starts.space import coordinates
from mixot.fitting.starts.table import hash_rows, tabulate

BLOCKS = {"blocks": [("gaussian-full", [0, 1]), ("poisson", [2]), ("categorical", [3])]}
OPTIONS = {
    "gaussian-known": {"covariance": 1.0},
    "student_t-full": {"df": "estimate"},
    "product": BLOCKS,
}


class Laplace(OwnFamily):
    """A family of a user's own: double exponentials about 0."""

    def log_density(self, points, parameters):
        scales = parameters["scales"]
        return -np.abs(points) @ (1.0 / scales).T - np.log(2.0 * scales).sum(axis=1)

    def sufficient_statistics(self, points):
        return np.abs(points)

    def estimate(self, averages):
        return {"scales": averages}


def points_of(name, rng, n_samples):
    """Draw points in the family's support, in three groups."""
    group = rng.integers(3, size=n_samples)
    stem = name.partition("-")[0]
    if stem in ("gaussian", "student_t", "Laplace"):
        return 4.0 * np.eye(3)[group] + rng.normal(size=(n_samples, 3))
    if stem == "bernoulli":
        return (rng.random((n_samples, 6)) < np.array([0.1, 0.5, 0.9])[group, None]).astype(float)
    if stem == "categorical":
        return (group[:, None] + rng.integers(2, size=(n_samples, 4))).astype(float)
    if stem == "multinomial":
        shares = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
        return rng.multinomial(12, shares[group]).astype(float)
    if stem == "poisson":
        return rng.poisson(np.array([0.5, 4.0, 30.0])[group, None], size=(n_samples, 2)) * 1.0
    if stem in ("gamma", "exponential"):
        return rng.gamma(2.0, np.array([0.1, 1.0, 30.0])[group, None], size=(n_samples, 2))
    if stem == "von_mises_fisher":
        points = 2.0 * np.eye(3)[group] + rng.normal(size=(n_samples, 3))
        return points / np.linalg.norm(points, axis=1, keepdims=True)
    gaussian = points_of("gaussian", rng, n_samples)[:, :2]
    return np.column_stack([gaussian, rng.poisson(3.0 + group), group])


def a_case(name, seed=0, n_samples=120):
    family = Laplace() if name == "Laplace" else families.get(name, **OPTIONS.get(name, {}))
    return family, points_of(name, np.random.default_rng(seed), n_samples)


def same(one, two, tolerance=1e-11):
    assert_allclose(one.weights, two.weights, rtol=tolerance)
    for key, values in one.parameters.items():
        assert_allclose(values, two.parameters[key], rtol=tolerance, atol=tolerance)


ALL = (*families.names(), "Laplace")


@pytest.mark.parametrize("init", METHODS)
@pytest.mark.parametrize("name", ALL)
def test_every_method_begins_every_family_with_a_mixture_that_explains_every_point(name, init):
    family, points = a_case(name)
    sample = as_sample(points, np.random.default_rng(1).uniform(0.5, 1.5, len(points)))
    begun = start(sample, family, 4, init, rng=np.random.default_rng(2))
    assert family.regular(begun.parameters, family.initial(sample, 4)).all()
    assert np.isfinite(family.log_density(sample.points, begun.parameters)).all()
    assert_allclose(begun.weights.sum(), 1.0)
    # Components differ, or no fit could part them.
    neighbours = take(family, begun.parameters, [1, 2, 3, 0])
    assert (family.divergence(neighbours, begun.parameters) > 1e-8).all()
    result = fit(sample, begun, family, max_iter=3)
    assert result.trace.objective[-1] < result.trace.objective[0]


@pytest.mark.parametrize("init", METHODS)
@pytest.mark.parametrize("name", ALL)
def test_repeated_rows_frequencies_and_any_order_give_one_start(name, init):
    family, points = a_case(name, seed=3, n_samples=60)
    rng = np.random.default_rng(4)
    counts = rng.integers(1, 5, size=len(points))
    order = rng.permutation(counts.sum())
    written_out = np.repeat(points, counts, axis=0)[order]
    samples = (
        as_sample(points, counts, kind="frequency"),
        as_sample(points, counts.astype(float)),
        as_sample(written_out),
    )
    # A limit below the number of points takes the subset, too.
    for limit in (None, 25):
        one, *others = (
            start(s, family, 3, init, rng=np.random.default_rng(5), n_points=limit) for s in samples
        )
        for other in others:
            same(one, other, 1e-9)


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=40)
def test_a_table_has_the_distinct_points_in_order_with_their_total_weights(seed, limit):
    rng = np.random.default_rng(seed)
    points = rng.integers(-2, 3, size=(70, 2)) * rng.choice([1.0, -0.0, 0.5])
    sample = as_sample(points, rng.uniform(0.1, 1.0, 70))
    distinct, group = np.unique(points + 0.0, axis=0, return_inverse=True)
    sums = np.bincount(group, sample.weights)
    table = tabulate(sample, limit, seed)
    assert table.weights.size == min(limit, len(distinct))
    assert table.whole == (limit >= len(distinct))
    position = [np.flatnonzero((distinct == row).all(axis=1)).item() for row in table.points]
    assert position == sorted(position)
    assert_allclose(table.weights, sums[position] / sums[position].sum(), rtol=1e-8)
    again = rng.permutation(70)
    shuffled = tabulate(as_sample(points[again], sample.weights[again]), limit, seed)
    assert_array_equal(shuffled.points, table.points)
    assert_array_equal(shuffled.weights, table.weights)


def test_blocks_of_rows_leave_no_trace_in_a_table(monkeypatch):
    rng = np.random.default_rng(0)
    sample = as_sample(rng.integers(0, 9, size=(500, 3)))
    whole = tabulate(sample, 100, 7)
    monkeypatch.setattr("mixot.fitting.starts.table._BLOCK", 13)
    assert_array_equal(tabulate(sample, 100, 7).points, whole.points)
    assert_array_equal(tabulate(sample, 100, 7).weights, whole.weights)


def test_a_table_holds_every_distinct_point_with_the_same_probability():
    # Half of the rows are one point; it must not be kept more often than the others for that.
    points = np.concatenate([np.arange(50.0), np.zeros(49)])
    sample = as_sample(points)
    kept = np.zeros(50)
    for seed in range(2000):
        kept[tabulate(sample, 10, seed).points[:, 0].astype(int)] += 1
    # Hypergeometric: mean 400, standard deviation 18.
    assert np.abs(kept - 400).max() < 80
    assert np.abs(kept[0] - 400) < 60


def test_hashes_differ_between_rows_columns_and_seeds():
    grid = np.stack(np.meshgrid(np.arange(300.0), np.arange(300.0)), -1).reshape(-1, 2)
    assert np.unique(hash_rows(grid, 1)).size == grid.shape[0]
    assert not (hash_rows(grid, 1) == hash_rows(grid, 2)).any()
    bits = np.unpackbits(hash_rows(grid, 3).view(np.uint8).reshape(-1, 8), axis=1)
    # 90,000 fair coins: a standard deviation of 0.0017.
    assert_allclose(bits.mean(axis=0), 0.5, atol=0.01)


@pytest.mark.parametrize("init", METHODS)
def test_a_value_outside_the_points_looked_at_stays_possible(init):
    points = np.zeros((400, 2))
    points[:, 0] = np.arange(400) % 3
    points[17] = [1.0, 4.0]
    sample = as_sample(points)
    family = families.get("categorical")
    for seed in range(5):
        begun = start(sample, family, 2, init, rng=np.random.default_rng(seed), n_points=2)
        assert np.isfinite(family.log_density(points, begun.parameters)).all()


@pytest.mark.parametrize("name", ["gaussian-full", "gamma", "student_t-diag", "exponential"])
def test_a_column_that_varies_outside_the_points_looked_at_is_no_constant(name):
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.gamma(2.0, size=500), np.ones(500)])
    points[33, 1] = 2.0
    sample = as_sample(points)
    family = families.get(name)
    for seed in range(5):
        begun = start(sample, family, 2, rng=np.random.default_rng(seed), n_points=10)
        assert family.regular(begun.parameters, family.initial(sample, 2)).all()
        turned = as_sample(points[::-1])
        same(begun, start(turned, family, 2, rng=np.random.default_rng(seed), n_points=10), 1e-9)


@pytest.mark.parametrize("name", ["categorical", "gamma", "gaussian-full"])
def test_blocks_of_rows_leave_no_trace_in_a_start(name, monkeypatch):
    family, points = a_case(name, n_samples=90)
    points[70, 0] = 5.0
    sample = as_sample(points)
    whole = start(sample, family, 2, rng=np.random.default_rng(0), n_points=10)
    monkeypatch.setattr("mixot.fitting.starts.begin._BLOCK", 13)
    same(whole, start(sample, family, 2, rng=np.random.default_rng(0), n_points=10))


def test_seeds_are_distinct_and_spread_over_far_clusters():
    rng = np.random.default_rng(0)
    space = np.repeat(1e3 * rng.normal(size=(12, 2)), 20, axis=0) + rng.normal(size=(240, 2))
    weights = rng.dirichlet(np.ones(240))
    for seed in range(20):
        chosen = k_means_plus_plus(space, weights, 12, np.random.default_rng(seed))
        assert np.unique(chosen // 20).size == 12


def test_the_first_seed_is_drawn_by_weight_and_the_second_by_weighted_squared_distance():
    space = np.array([[0.0], [1.0], [3.0]])
    weights = np.array([0.5, 0.3, 0.2])
    rng = np.random.default_rng(0)
    firsts, seconds = np.zeros(3), np.zeros(3)
    for _ in range(4000):
        first, second = k_means_plus_plus(space, weights, 2, rng)
        firsts[first] += 1
        seconds[second] += first == 0
    assert_allclose(firsts / 4000, weights, atol=0.03)
    # From 0 the masses are 0.3 and 1.8; of two candidates the better one, 3 (which leaves 0.3
    # against 0.8 for 1), is taken, unless both are 1.
    assert_allclose(seconds[1] / seconds.sum(), (0.3 / 2.1) ** 2, atol=0.015)


def test_more_components_than_coordinates_still_begin_proper():
    # All rows have the same shares, so that Hellinger's distance cannot tell them apart.
    sample = as_sample(np.outer(np.arange(1.0, 6.0), [1.0, 2.0]))
    family = families.get("multinomial")
    for init in METHODS:
        begun = start(sample, family, 4, init, rng=np.random.default_rng(0))
        assert np.isfinite(family.log_density(sample.points, begun.parameters)).all()


def test_k_means_refines_its_seeds():
    family, points = a_case("gaussian-full", n_samples=600)
    sample = as_sample(points)

    def cost(init, seed):
        means = start(sample, family, 3, init, rng=np.random.default_rng(seed)).parameters["means"]
        return np.min(((points[:, None] - means) ** 2).sum(axis=2), axis=1).mean()

    pairs = [(cost("k-means", seed), cost("random-points", seed)) for seed in range(10)]
    assert np.mean(pairs, axis=0)[0] < np.mean(pairs, axis=0)[1]


def test_distances_do_not_depend_on_units_or_on_the_origin():
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(50, 2)), rng.dirichlet(np.ones(50))
    family = families.get("gaussian-full")
    space = coordinates(points, weights, family)
    moved = coordinates(1e-8 * points + 1e8 * 1e-8, weights, family)
    assert_allclose(moved - moved[0], space - space[0], atol=1e-6)
    positive = np.exp(points)
    gamma = families.get("gamma")
    one, two = (coordinates(x, weights, gamma) for x in (positive, positive * [1e-8, 1e8]))
    assert_allclose(one - one[0], two - two[0], atol=1e-12)


def test_positive_values_are_told_apart_by_their_ratios():
    points, weights = np.array([[1e-3], [1.0], [1e3]]), np.array([0.2, 0.3, 0.5])
    steps = np.diff(coordinates(points, weights, families.get("gamma")), axis=0)
    assert_allclose(steps[0], steps[1])


def test_no_block_of_a_product_drowns_the_others():
    rng = np.random.default_rng(0)
    family, points = a_case("product", n_samples=200)
    points[:, :2] *= 1e6
    points[:, 2] = rng.poisson(1e4, size=200)
    weights = np.full(200, 1 / 200)
    space = coordinates(points, weights, family)
    widths = [2, 1, space.shape[1] - 3]
    totals = [part.var(axis=0).sum() for part in np.split(space, np.cumsum(widths)[:-1], axis=1)]
    assert_allclose(totals, [2.0, 1.0, 1.0], rtol=1e-10)


def test_rare_codes_share_one_place_so_that_indicators_stay_few():
    codes = np.concatenate([np.arange(2000.0), np.full(500, 7.0)])[:, None]
    table = tabulate(as_sample(codes), 5000, 0)
    space = coordinates(table.points, table.weights, families.get("categorical"))
    assert space.shape[1] == 512
    assert space[7].any()


@pytest.mark.parametrize("name", ["gaussian-full", "gaussian-tied", "poisson", "bernoulli"])
def test_labels_and_their_responsibilities_give_the_moments_of_the_classes(name):
    family, points = a_case(name, n_samples=90)
    sample = as_sample(points, np.random.default_rng(0).uniform(0.5, 1.5, 90))
    labels = np.arange(90) % 3
    rng = np.random.default_rng(0)
    begun = start(sample, family, 3, labels, rng=rng)
    same(begun, start(sample, family, 3, np.eye(3)[labels], rng=rng))
    masses = np.array([sample.weights[labels == k].sum() for k in range(3)])
    means = [
        np.average(points[labels == k], axis=0, weights=sample.weights[labels == k])
        for k in range(3)
    ]
    assert_allclose(begun.weights, masses)
    key = {"poisson": "rates", "bernoulli": "probabilities"}.get(name, "means")
    assert_allclose(begun.parameters[key], means, rtol=1e-12)
    if name.startswith("gaussian"):
        within = [
            np.cov(points[labels == k].T, aweights=sample.weights[labels == k], ddof=0)
            for k in range(3)
        ]
        expected = np.tensordot(masses, within, 1) if name.endswith("tied") else within
        assert_allclose(begun.parameters["covariances"], expected, rtol=1e-10, atol=1e-12)


def test_unknown_labels_are_shared_by_all_components():
    family, points = a_case("poisson", n_samples=30)
    labels = np.arange(30) % 3
    labels[:9] = -1
    rows = np.eye(3)[labels]
    rows[:9] = 1 / 3
    rng = np.random.default_rng(0)
    sample = as_sample(points)
    same(start(sample, family, 3, labels, rng=rng), start(sample, family, 3, rows, rng=rng))


@pytest.mark.parametrize(
    "name", ["gaussian-full", "gaussian-diag", "gamma", "von_mises_fisher", "student_t-full"]
)
def test_a_label_on_a_single_point_is_widened_and_the_others_are_left_alone(name):
    family, points = a_case(name, n_samples=60)
    sample = as_sample(points)
    labels = np.arange(60) % 2
    labels[5] = 2
    begun = start(sample, family, 3, labels, rng=np.random.default_rng(0))
    assert family.regular(begun.parameters, family.initial(sample, 3)).all()
    assert_allclose(begun.weights[2], 1 / 60)
    plan = np.eye(3)[labels] / 60
    exact = family.m_step(
        family.statistics(points, plan, family.initial(sample, 3)), family.initial(sample, 3)
    )
    for key, values in begun.parameters.items():
        assert_allclose(values[:2], exact[key][:2], rtol=1e-10)


def test_a_widened_component_has_its_share_of_the_whole_sample():
    family, points = a_case("gaussian-full", n_samples=60)
    labels = np.arange(60) % 2
    labels[5] = 2
    rng = np.random.default_rng(0)
    begun = start(as_sample(points), family, 3, labels, rng=rng, smoothing=0.2).parameters
    mean, covariance = points.mean(axis=0), np.cov(points.T, ddof=0)
    assert_allclose(begun["means"][2], 0.8 * points[5] + 0.2 * mean)
    apart = np.outer(points[5] - mean, points[5] - mean)
    assert_allclose(begun["covariances"][2], 0.2 * covariance + 0.16 * apart)


@pytest.mark.parametrize("init", ["k-means++", "k-means", "random-points"])
def test_a_share_of_every_point_belongs_to_all_components_alike(init):
    sample = as_sample(np.array([0.0, 6.0]), np.array([3.0, 1.0]))
    begun = start(sample, families.get("poisson"), 2, init, rng=np.random.default_rng(0))
    order = np.argsort(begun.parameters["rates"][:, 0])
    weights = 0.9 * np.array([0.75, 0.25]) + 0.05
    assert_allclose(begun.weights[order], weights)
    sums = 0.9 * np.array([0.0, 0.25 * 6.0]) + 0.05 * 1.5
    assert_allclose(begun.parameters["rates"][order, 0], sums / weights)


@pytest.mark.parametrize("init", METHODS)
@pytest.mark.parametrize("name", [name for name in families.names() if "student" not in name])
def test_one_component_begins_at_its_optimum(name, init):
    family, points = a_case(name)
    sample = as_sample(points)
    begun = start(sample, family, 1, init, rng=np.random.default_rng(0))
    for key, values in family.initial(sample, 1).items():
        assert_allclose(begun.parameters[key], values, rtol=1e-7, atol=1e-7)


def test_a_given_mixture_and_a_callable_pass_through():
    family, points = a_case("poisson")
    sample = as_sample(points)
    mixture = Mixture(np.array([0.25, 0.75]), {"rates": np.array([[1.0, 2.0], [3.0, 4.0]])})
    calls = []

    def make(*args):
        calls.append(args)
        return mixture

    rng = np.random.default_rng(0)
    for init in (mixture, make):
        begun = start(sample, family, 2, init, rng=rng)
        assert_array_equal(begun.weights, mixture.weights)
        assert_array_equal(begun.parameters["rates"], mixture.parameters["rates"])
    assert calls == [(sample, family, 2, rng)]


RATES = np.array([[1.0], [2.0]])


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ("kmeans", r"init must be one of k-means\+\+, k-means, .* got 'kmeans'"),
        (np.zeros((2, 2, 2)), r"labels \(6,\) or responsibilities \(6, 2\).* got \(2, 2, 2\)"),
        (["a", "b", "c", "a", "b", "c"], r"labels \(6,\)"),
        ([0, 1, 1], "3 labels for 6 observations"),
        ([0, 1, 2, 0, 0, 0], "row 2 is 2; labels must be whole numbers from 0 to 1"),
        ([0, 1, 0.5, 0, 0, 0], "row 2 is 0.5"),
        ([0, 1, np.nan, 0, 0, 0], "row 2 is nan"),
        ([0, -1, 0, 0, 0, 0], "no row has the label 1"),
        (np.full((6, 3), 1 / 3), r"shape \(6, 2\), got \(6, 3\)"),
        (np.full((6, 2), 0.4), "row 0 sums to 0.8"),
        (np.tile([1.5, -0.5], (6, 1)), "row 0 has an entry that is not finite and >= 0"),
        (np.tile([1.0, 0.0], (6, 1)), "component 1 has no mass"),
        (lambda *_: None, "what init returns must be a Mixture, got NoneType"),
        (Mixture(np.ones(3) / 3, {"rates": RATES}), r"weights must have shape \(2,\), got \(3,\)"),
        (Mixture(np.array([0.5, 0.6]), {"rates": RATES}), "weights must be finite, >= 0 and sum"),
        (Mixture(np.ones(2) / 2, {"means": RATES}), "parameters are rates, got means"),
        (Mixture(np.ones(2) / 2, {"rates": RATES.T}), r"shape \(2, 1\), got \(1, 2\)"),
        (Mixture(np.ones(2) / 2, {"rates": RATES * np.nan}), "rates must be finite"),
    ],
)
def test_a_senseless_init_is_refused_in_one_line(init, words):
    sample = as_sample(np.arange(6.0))
    with pytest.raises(InputError, match=words) as caught:
        start(sample, families.get("poisson"), 2, init, rng=np.random.default_rng(0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_components": 0}, "n_components must be at least 1"),
        ({"n_components": 3}, "2 distinct points are too few for 3"),
        ({"smoothing": 0.0}, "smoothing must lie between 0 and 1, got 0.0"),
        ({"n_points": 1}, "n_points must be at least n_components = 2, got 1"),
    ],
)
@pytest.mark.parametrize("init", METHODS)
def test_a_senseless_request_is_refused_in_one_line(init, options, words):
    sample = as_sample(np.repeat([0.0, 1.0], 10))
    arguments = {"n_components": 2, "init": init, "rng": np.random.default_rng(0), **options}
    with pytest.raises(InputError, match=words):
        start(sample, families.get("poisson"), **arguments)


def test_only_k_means_loads_scikit_learn():
    program = (
        "import sys, numpy as np\n"
        "from mixot import as_sample, families\n"
        "from mixot.fitting.starts import start\n"
        "sample = as_sample(np.arange(20.0))\n"
        "for init in ('k-means++', 'random-points', 'random-responsibilities'):\n"
        "    start(sample, families.get('gaussian-full'), 2, init, rng=np.random.default_rng(0))\n"
        "assert 'sklearn' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
