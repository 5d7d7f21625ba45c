"""Hard inputs: the right answer, or a status or one line that says what is wrong; never a warning.

Warnings are errors in all tests here, so that nothing that NumPy notices escapes.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, Mixture, Status, as_sample, families, fit, smoothed_start

GAUSSIANS = ("gaussian-full", "gaussian-tied", "gaussian-diag", "gaussian-spherical")
STUDENTS = ("student_t-full", "student_t-tied", "student_t-diag", "student_t-spherical")
OTHERS = (
    "poisson",
    "bernoulli",
    "categorical",
    "multinomial",
    "exponential",
    "gamma",
    "von_mises_fisher",
)
PLANS = ("semirelaxed", "dual", "balanced", "balanced_free", "hard", "hard_weighted")


def natural(name, rng, n=60):
    """Return n points of two groups that suit the family."""
    group = rng.integers(2, size=n)[:, None]
    if name == "poisson":
        return rng.poisson(np.where(group, 1.0, 9.0) * [1.0, 2.0])
    if name == "bernoulli":
        return rng.random((n, 4)) < np.where(group, 0.2, 0.8)
    if name == "categorical":
        return rng.integers(np.where(group, 2, 4) * [1, 1, 1])
    if name == "multinomial":
        return rng.poisson(np.where(group, [1.0, 2.0, 9.0], [6.0, 3.0, 1.0]))
    if name in ("exponential", "gamma"):
        return rng.gamma(2.0, np.where(group, 1.0, 9.0) * [1.0, 2.0])
    points = rng.normal(size=(n, 3)) + np.where(group, 0.0, 4.0)
    if name == "von_mises_fisher":
        return points / np.linalg.norm(points, axis=1, keepdims=True)
    return points


def four_rows(points):
    return np.unique(np.asarray(points, dtype=float), axis=0)[[0, 5, 9, 11]]


# What is made of natural points, as (points, number of components, weights).
TROUBLES = {
    "one component": lambda p: (p, 1, None),
    "one column": lambda p: (p[:, :1], 2, None),
    "as many rows as components": lambda p: (four_rows(p), 4, None),
    "few distinct rows": lambda p: (np.repeat(four_rows(p), 12, axis=0), 3, None),
    "one row many times": lambda p: (np.repeat(four_rows(p)[:1], 9, axis=0), 1, None),
    "a constant column": lambda p: (np.column_stack([p[:, 0], np.ones(len(p))]), 2, None),
    "a column of zeros": lambda p: (np.column_stack([p[:, 0], np.zeros(len(p))]), 2, None),
    "a column twice": lambda p: (np.column_stack([p, p[:, :1]]), 2, None),
    "weights of every size": lambda p: (p, 2, np.geomspace(1e-300, 1.0, len(p))),
    "far outliers": lambda p: (np.concatenate([p, np.ceil(1e8 * np.abs(p[:2]))]), 2, None),
}


def outcome(points, weights, name, plan, n_components, **options):
    """Return the fit of a table from a random start; None if it is refused in one line."""
    family = families.get(name)
    try:
        sample = as_sample(points, weights)
        start = smoothed_start(sample, family, n_components, np.random.default_rng(1))
        held = "fixed" if plan == "balanced" else "free"
        return fit(sample, start, family, plan=plan, weights=held, **options)
    except InputError as error:
        refusal = str(error)
    assert "\n" not in refusal
    return None


def rounding(parameters):
    """Return what the condition of the covariances leaves undetermined of a log-density."""
    covariances = parameters.get("covariances", np.ones(1))
    if covariances.ndim < 2 or covariances.shape[-1] != covariances.shape[-2]:
        return 0.0
    return 2.0**-53 * np.linalg.cond(covariances).max()


def honest(fitted, plan):
    """Assert that what a fit says of itself is so."""
    mixture = fitted.mixture
    assert np.isfinite(mixture.weights).all()
    assert_allclose(mixture.weights.sum(), 1.0)
    assert fitted.message.startswith(fitted.status.sentence)
    assert fitted.status.advice in fitted.message
    assert fitted.status is not Status.ERROR
    for values in mixture.parameters.values():
        assert np.isfinite(values).all()
    if fitted.status is Status.CONVERGED:
        assert np.isfinite(fitted.objective)
        assert fitted.certificate.distance <= 1e-8
        assert fitted.n_distinct == mixture.n_components
    if plan != "dual":
        # The root of a row's dual equation is as exact as its potential, which may be huge.
        scale = 1e-9 + rounding(mixture.parameters)
        objective = fitted.trace.objective
        assert np.all(np.diff(objective) <= scale * (1.0 + np.abs(objective[1:])))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", GAUSSIANS + STUDENTS + OTHERS)
def test_trouble_ends_in_the_right_answer_a_status_or_one_line(name, trouble):
    points, n_components, weights = TROUBLES[trouble](natural(name, np.random.default_rng(0)))
    for plan in PLANS:
        fitted = outcome(points, weights, name, plan, n_components, max_iter=60)
        if fitted is not None:
            honest(fitted, plan)


NASTY = st.sampled_from([0.0, 1.0, -1.0, 1e-8, 1e8, 1e8 + 1.0, 1e-300, 3.0, 2.5, -1e8, 1e139])


@settings(max_examples=100)
@given(
    name=st.sampled_from(GAUSSIANS + STUDENTS + OTHERS),
    plan=st.sampled_from(PLANS),
    rows=st.lists(st.tuples(NASTY, NASTY), min_size=3, max_size=9),
    n_components=st.integers(1, 3),
    epsilon=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_no_table_of_numbers_gives_more_than_it_admits(name, plan, rows, n_components, epsilon):
    points = np.array(rows)
    if name == "von_mises_fisher":
        points = np.column_stack([np.cos(points[:, 0]), np.sin(points[:, 0])])
    elif name in OTHERS:
        points = np.abs(points) if name in ("exponential", "gamma") else np.floor(np.abs(points))
        points = np.minimum(points, 1.0) if name == "bernoulli" else points
    fitted = outcome(points, None, name, plan, n_components, epsilon=epsilon, max_iter=20)
    if fitted is not None:
        honest(fitted, plan)


def on_one_point(name, points):
    """Return a start whose second component sits on the first point alone."""
    family = families.get(name)
    sample = as_sample(points)
    base = dict(family.initial(sample, 2))
    first = sample.points[0]
    if name == "gamma":
        base["shapes"] = np.array([base["shapes"][0], np.full(first.size, 1e9)])
        base["rates"] = np.array([base["rates"][0], 1e9 / first])
    elif name == "von_mises_fisher":
        base["directions"] = np.array([base["directions"][0], first])
        base["concentrations"] = np.array([base["concentrations"][0], 1e9])
    else:
        base["means"] = np.array([base["means"][0], first])
        base["covariances"] = base["covariances"].copy()
        base["covariances"][1] *= 1e-9
    return family, sample, Mixture(np.array([0.8, 0.2]), base)


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced_free", "hard_weighted"])
@pytest.mark.parametrize(
    "name",
    [
        "gaussian-full",
        "gaussian-diag",
        "gaussian-spherical",
        "student_t-full",
        "student_t-diag",
        "gamma",
        "von_mises_fisher",
    ],
)
def test_a_component_that_shrinks_on_one_point_is_singular_and_the_last_regular_one_returned(
    name, plan
):
    family, sample, start = on_one_point(name, natural(name, np.random.default_rng(2)))
    fitted = fit(sample, start, family, plan=plan)
    honest(fitted, plan)
    assert fitted.status is Status.SINGULAR
    assert not fitted.converged
    reference = family.initial(sample, 2)
    assert family.regular(fitted.mixture.parameters, reference).all()
    assert np.isfinite(fitted.objective)


@pytest.mark.parametrize("name", GAUSSIANS + STUDENTS + OTHERS)
def test_identical_components_are_called_so_and_one_component_converges(name):
    family = families.get(name)
    sample = as_sample(natural(name, np.random.default_rng(3)))
    one = Mixture(np.ones(1), family.initial(sample, 1))
    assert fit(sample, one, family).status is Status.CONVERGED
    twins = Mixture(np.array([0.5, 0.5]), family.initial(sample, 2))
    fitted = fit(sample, twins, family)
    assert fitted.status is Status.COLLAPSED_IDENTICAL
    assert fitted.n_distinct == 1
    honest(fitted, "semirelaxed")


@pytest.mark.parametrize("name", GAUSSIANS)
def test_a_component_without_any_point_is_empty_and_stays_where_it_was(name):
    family = families.get(name)
    sample = as_sample(natural(name, np.random.default_rng(4)))
    start = smoothed_start(sample, family, 3, np.random.default_rng(0))
    means = start.parameters["means"].copy()
    means[2] = 1e6
    fitted = fit(sample, Mixture(start.weights, {**start.parameters, "means": means}), family)
    honest(fitted, "semirelaxed")
    assert fitted.status is Status.EMPTY_COMPONENT
    assert np.array_equal(fitted.mixture.parameters["means"][2], means[2])
    assert fitted.mixture.weights[2] == 0.0


def moved(parameters, scale, offset):
    """Return the location-scale parameters of scale * x + offset."""
    result = {
        "means": scale * parameters["means"] + offset,
        "covariances": scale**2 * parameters["covariances"],
    }
    return {**parameters, **result}


@pytest.mark.parametrize(
    ("scale", "offset", "digits"),
    [
        (2.0**-27, 0.0, 1e-13),
        (2.0**27, 0.0, 1e-13),
        (1e-8, 0.0, 1e-12),
        (1e8, 0.0, 1e-12),
        (1.0, 1e8, 1e-8),
        (2.0**-27, 1.0, 1e-8),
        (1.0, -1e4, 1e-11),
    ],
)
@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "hard"])
@pytest.mark.parametrize("name", [*GAUSSIANS, "student_t-full", "student_t-diag"])
def test_the_fit_of_moved_data_is_the_moved_fit(name, plan, scale, offset, digits):
    # Multiples of 2**-20 stay exact under these moves, but for the scales that are no powers of 2.
    rng = np.random.default_rng(5)
    points = np.round(natural(name, rng, 120) * 2.0**20) / 2.0**20
    sample = as_sample(points)
    other = as_sample(scale * points + offset)
    family = families.get(name)
    start = smoothed_start(sample, family, 2, rng)
    there = Mixture(start.weights, moved(start.parameters, scale, offset))
    held = "fixed" if plan == "balanced" else "free"
    options = {"plan": plan, "weights": held, "tol": 1e-9, "max_iter": 2000}
    one = fit(sample, start, family, **options)
    two = fit(other, there, family, **options)
    assert one.status is two.status is Status.CONVERGED
    assert_allclose(two.mixture.weights, one.mixture.weights, rtol=digits)
    d = points.shape[1]
    assert_allclose(two.objective - d * np.log(scale), one.objective, rtol=0, atol=digits)
    expected = moved(one.mixture.parameters, scale, offset)
    size = scale * np.ptp(points)
    assert_allclose(two.mixture.parameters["means"], expected["means"], rtol=0, atol=digits * size)
    assert_allclose(
        two.mixture.parameters["covariances"],
        expected["covariances"],
        rtol=0,
        atol=digits * size**2,
    )


@pytest.mark.parametrize("name", ["exponential", "gamma"])
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_fit_of_positive_data_in_other_units_is_the_fit_in_other_units(name, scale):
    rng = np.random.default_rng(6)
    points = natural(name, rng, 120)
    family = families.get(name)
    sample, other = as_sample(points), as_sample(scale * points)
    start = smoothed_start(sample, family, 2, rng)
    rates = {"rates": start.parameters["rates"] / scale}
    there = Mixture(start.weights, {**start.parameters, **rates})
    one, two = fit(sample, start, family), fit(other, there, family)
    assert one.status is two.status is Status.CONVERGED
    assert_allclose(two.mixture.weights, one.mixture.weights, rtol=1e-9)
    assert_allclose(
        two.mixture.parameters["rates"] * scale, one.mixture.parameters["rates"], rtol=1e-9
    )


@pytest.mark.parametrize("name", GAUSSIANS)
def test_tiny_clusters_far_away_in_a_large_sample_are_found_to_their_digits(name):
    rng = np.random.default_rng(7)
    n, few, spread = 40_000, 8, 1e-2
    tied = name == "gaussian-tied"
    knots = [1e3 + spread * rng.normal(size=(few, 2)), -1e3 + spread * rng.normal(size=(few, 2))]
    bulk = (spread if tied else 1.0) * rng.normal(size=(n, 2))
    sample = as_sample(np.concatenate([bulk, *knots]))
    family = families.get(name)
    means = np.array([[0.1, -0.2], [999.0, 1001.0], [-1003.0, -1000.0]])
    sizes = {"full": np.stack([np.eye(2)] * 3), "tied": np.eye(2), "diag": np.ones((3, 2))}
    covariances = sizes.get(name.partition("-")[2], np.ones(3))
    start = Mixture(np.full(3, 1 / 3), {"means": means, "covariances": covariances})
    fitted = fit(sample, start, family)
    assert fitted.status is Status.CONVERGED
    assert_allclose(fitted.mixture.weights[1:], few / (n + 2 * few), rtol=1e-10)
    expected = [knot.mean(axis=0) for knot in knots]
    assert_allclose(fitted.mixture.parameters["means"][1:], expected, rtol=1e-12)
    if name == "gaussian-full":
        expected = [np.cov(knot.T, ddof=0) for knot in knots]
        assert_allclose(fitted.mixture.parameters["covariances"][1:], expected, rtol=1e-8)


def test_ten_million_observations_in_few_rows_keep_their_smallest_cluster():
    points = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0], [50.0], [50.5], [51.0]])
    counts = np.array([1_000_000, 2_000_000, 4_000_000, 2_000_000, 1_000_000, 1, 2, 1])
    sample = as_sample(points, counts, kind="frequency")
    family = families.get("gaussian-full")
    means = np.array([[0.0], [40.0]])
    start = Mixture(np.array([0.9, 0.1]), {"means": means, "covariances": np.full((2, 1, 1), 30.0)})
    fitted = fit(sample, start, family)
    assert fitted.status is Status.CONVERGED
    assert_allclose(fitted.mixture.weights[1], 4 / (10_000_000 + 4), rtol=1e-9)
    assert_allclose(fitted.mixture.parameters["means"][1], [50.5], rtol=1e-12)
    assert_allclose(fitted.mixture.parameters["covariances"][1], [[0.125]], rtol=1e-9)


REPRESENTATIONS = {
    "float32": lambda p: p.astype(np.float32),
    "float16": lambda p: p.astype(np.float16),
    "int64": lambda p: p.astype(np.int64),
    "uint8": lambda p: p.astype(np.uint8),
    "Fortran order": np.asfortranarray,
    "reversed twice": lambda p: p[::-1].copy()[::-1],
    "every other row": lambda p: np.repeat(p, 2, axis=0)[::2],
    "columns of a wider table": lambda p: np.hstack([p, p + 1.0])[:, : p.shape[1]],
    "big endian": lambda p: p.astype(">f8"),
    "a list": lambda p: p.tolist(),
    "a frame": lambda p: pd.DataFrame(p, columns=["a", "b"]),
    "a frame of integers": lambda p: pd.DataFrame(p.astype(int), columns=["a", "b"]),
    "a frame of pandas' own numbers": lambda p: pd.DataFrame(p).astype("Int64"),
    "objects": lambda p: p.astype(object),
}


@pytest.mark.parametrize("representation", REPRESENTATIONS)
@pytest.mark.parametrize("name", ["gaussian-full", "gaussian-diag", "student_t-full", "poisson"])
def test_the_fit_does_not_depend_on_how_the_numbers_are_stored(name, representation):
    rng = np.random.default_rng(8)
    plain = rng.poisson(np.where(rng.random((90, 1)) < 0.5, 4.0, 30.0), (90, 2)).astype(float)
    family = families.get(name)
    start = smoothed_start(as_sample(plain), family, 2, rng)
    expected = fit(as_sample(plain), start, family, max_iter=30)
    given = REPRESENTATIONS[representation](plain.copy())
    if isinstance(given, np.ndarray):
        given.setflags(write=False)
    got = fit(as_sample(given), start, family, max_iter=30)
    assert np.array_equal(got.trace.objective, expected.trace.objective)
    for key, values in expected.mixture.parameters.items():
        assert np.array_equal(got.mixture.parameters[key], values)


def test_booleans_are_zeros_and_ones():
    rng = np.random.default_rng(9)
    points = rng.random((80, 5)) < np.where(rng.random((80, 1)) < 0.5, 0.2, 0.8)
    family = families.get("bernoulli")
    start = smoothed_start(as_sample(points), family, 2, rng)
    one = fit(as_sample(points), start, family)
    two = fit(as_sample(points.astype(float)), start, family)
    assert one.objective == two.objective


@pytest.mark.parametrize("name", GAUSSIANS + OTHERS)
def test_the_data_are_left_as_they_were(name):
    points = np.asarray(natural(name, np.random.default_rng(10)), dtype=float)
    before = points.copy()
    weights = np.random.default_rng(0).uniform(0.5, 1.5, len(points))
    given = weights.copy()
    family = families.get(name)
    sample = as_sample(points, weights)
    start = smoothed_start(sample, family, 2, np.random.default_rng(0))
    kept = {key: values.copy() for key, values in start.parameters.items()}
    fit(sample, start, family, max_iter=5)
    assert np.array_equal(points, before)
    assert np.array_equal(weights, given)
    for key, values in kept.items():
        assert np.array_equal(start.parameters[key], values)


def test_messages_name_the_columns_of_a_frame():
    frame = pd.DataFrame({"height": [1.0, 2.0, 3.0], "mass": [1.0, np.nan, 2.0]})
    with pytest.raises(InputError, match="row 1, column 'mass' is nan"):
        as_sample(frame)
    frame["mass"] = ["1", "2", "x"]
    with pytest.raises(InputError, match="row 2, column 'mass' is 'x'"):
        as_sample(frame)


@pytest.mark.parametrize(
    ("name", "points", "words"),
    [
        ("gaussian-full", [[1.0], [1e200], [2.0]], r"row 1, column 0 is 1e\+200; .* larger units"),
        ("gaussian-known", [[1.0], [-1e200], [2.0]], r"row 1, column 0 is -1e\+200"),
        ("gaussian-diag", [[1e-200], [2e-200]], "column 0 spans 1e-200 only; .* smaller units"),
        ("poisson", [[1.0], [1e16]], "row 1, column 0 is 1e[+]16; counts must be at most 9007"),
        ("multinomial", [[1.0, 2.0], [1.0, 1e200]], "row 1, column 1 is 1e[+]200; counts must"),
        ("exponential", [[1e-200], [2e-200]], "smaller units"),
        ("gamma", [[1.0], [1e200]], "larger units"),
        ("student_t-full", [[1.0, 2.0], [2.0, 4.0], [5.0, 10.0]], "combination of the others"),
        ("student_t-tied", [[1.0, 2.0, 5.0], [2.0, 4.0, 4.0]], "fewer rows than columns"),
    ],
)
def test_what_arithmetic_cannot_hold_is_refused_in_one_line(name, points, words):
    family = families.get(name, **({"covariance": 1.0} if name == "gaussian-known" else {}))
    with pytest.raises(InputError, match=words) as caught:
        family.check(as_sample(points), 1)
    assert "\n" not in str(caught.value)
