"""Every family: densities, statistics, M-step and divergence against other routes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special, stats

from mixot import InputError, as_sample, families
from mixot.families import SingularComponentError
from mixot.families.base import take

OPTIONS = {
    "gaussian-known": {"covariance": [[2.0, 0.3], [0.3, 0.7]]},
    "categorical": {"categories": [3, 4]},
    "product": {"blocks": [("gamma", [1]), ("student_t-full", [0]), ("bernoulli", [2])]},
}
# Every name once, and what an option turns into another family.
CASES = {name: (name, OPTIONS.get(name, {})) for name in families.names()}
CASES["student_t-full estimate"] = ("student_t-full", {"df": "estimate"})
NAMES = tuple(CASES)
LATENT = tuple(name for name in NAMES if "student" in name or name == "product")
DIRECT = tuple(name for name in NAMES if name not in LATENT)


def some_points(name, rng, n):
    """Return n points in two columns (three for a product) that suit the family."""
    if name == "poisson":
        return rng.poisson(rng.uniform(1, 9, 2), (n, 2))
    if name == "bernoulli":
        return rng.random((n, 2)) < [0.4, 0.6]
    if name == "categorical":
        return rng.integers([3, 4], size=(n, 2))
    if name == "multinomial":
        return rng.multinomial(rng.integers(1, 9, n), [0.3, 0.7])
    if name in ("exponential", "gamma"):
        return rng.gamma([2.0, 0.7], [1.0, 5.0], (n, 2))
    if name == "von_mises_fisher":
        angles = rng.normal(0.0, 1.0, n)
        return np.column_stack([np.cos(angles), np.sin(angles)])
    if name == "product":
        ones = rng.random((n, 1)) < 0.4
        return np.hstack([rng.standard_t(3.0, (n, 1)), rng.gamma(2.0, 1.0, (n, 1)), ones])
    noise = rng.standard_t(2.0, (n, 2)) if "student" in name else rng.normal(size=(n, 2))
    return noise * [1.0, 3.0] + [5.0, -2.0]


def a_case(name, seed, n_samples=60, n_components=3):
    """Return (family, sample, plan, parameters): parameters in general position."""
    rng = np.random.default_rng(seed)
    name, options = CASES[name]
    family = families.get(name, **options)
    points = some_points(name, rng, n_samples)
    sample = as_sample(points, rng.uniform(0.2, 1.0, n_samples))
    rows = rng.dirichlet(np.ones(n_components), n_samples)
    plan = sample.weights[:, None] * rows
    initial = family.initial(sample, n_components)
    return (
        family,
        sample,
        plan,
        family.m_step(family.statistics(sample.points, plan, initial), initial),
    )


def expected_log_density(family, points, plan, parameters):
    return float(np.sum(plan * family.log_density(points, parameters)))


def limit(family, points, plan, parameters, n_steps):
    """Repeat the M-step of a latent family under one plan until it maximises that plan's cost."""
    for _ in range(n_steps):
        parameters = family.m_step(family.statistics(points, plan, parameters), parameters)
    return parameters


def perturbed(family, parameters, rng, size):
    """Move the parameters multiplicatively by random amounts, within their constraints."""
    moved = {}
    for key, values in parameters.items():
        name = key.rpartition(".")[2]
        noise = rng.normal(size=values.shape)
        if name == "trials":
            moved[key] = values
        elif name == "probabilities" and family.name in ("categorical", "multinomial"):
            tilted = values * np.exp(size * noise)
            moved[key] = tilted / tilted.sum(axis=-1, keepdims=True)
        elif name == "directions":
            turned = values + size * noise
            moved[key] = turned / np.linalg.norm(turned, axis=1, keepdims=True)
        elif name == "covariances" and values.ndim >= 2 and values.shape[-1] == values.shape[-2]:
            noise = 0.5 * (noise + np.swapaxes(noise, -1, -2))
            scale = np.sqrt(np.abs(np.einsum("...ii->...i", values)))
            moved[key] = values + size * noise * scale[..., :, None] * scale[..., None, :]
        else:
            moved[key] = values * (1.0 + size * noise)
    return moved


@pytest.mark.parametrize("name", NAMES)
def test_the_m_step_beats_every_small_perturbation(name):
    for seed in range(1 if name in LATENT else 5):
        family, sample, plan, parameters = a_case(name, seed)
        if family.latent:
            n_steps = 3000 if "estimate" in name else 300
            parameters = limit(family, sample.points, plan, parameters, n_steps)
        best = expected_log_density(family, sample.points, plan, parameters)
        rng = np.random.default_rng(seed)
        for size in (1e-1, 1e-2, 1e-3):
            for _ in range(10):
                other = perturbed(family, parameters, rng, size)
                try:
                    value = expected_log_density(family, sample.points, plan, other)
                except SingularComponentError:
                    continue
                assert value < best


@pytest.mark.parametrize("name", LATENT)
def test_every_m_step_of_a_latent_family_gains_at_least_what_it_maximises(name):
    family, sample, plan, parameters = a_case(name, 0)
    value = expected_log_density(family, sample.points, plan, parameters)
    for _ in range(20):
        parameters = family.m_step(family.statistics(sample.points, plan, parameters), parameters)
        before, value = value, expected_log_density(family, sample.points, plan, parameters)
        assert value >= before - 1e-14


@pytest.mark.parametrize("name", DIRECT)
def test_the_m_step_does_not_depend_on_where_its_statistics_were_taken(name):
    family, sample, plan, parameters = a_case(name, 3)
    elsewhere = perturbed(family, parameters, np.random.default_rng(1), 0.1)
    again = family.m_step(family.statistics(sample.points, plan, elsewhere), elsewhere)
    for key, values in parameters.items():
        assert_allclose(again[key], values, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(seed=st.integers(0, 50), cut=st.integers(1, 59))
def test_statistics_add_over_blocks(name, seed, cut):
    family, sample, plan, parameters = a_case(name, seed)
    whole = family.statistics(sample.points, plan, parameters)
    parts = family.statistics(sample.points[:cut], plan[:cut], parameters) + family.statistics(
        sample.points[cut:], plan[cut:], parameters
    )
    assert_allclose(parts, whole, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_counts_like_that_many_repetitions(name):
    family, sample, plan, _ = a_case(name, 4)
    counts = np.random.default_rng(0).integers(1, 5, sample.points.shape[0])
    rows = plan / sample.weights[:, None]
    weighted = as_sample(sample.points, counts, kind="frequency")
    repeated = as_sample(np.repeat(sample.points, counts, axis=0))
    initial = family.initial(weighted, 3)
    for key, values in family.initial(repeated, 3).items():
        assert_allclose(initial[key], values, rtol=1e-12)
    first = family.m_step(
        family.statistics(weighted.points, weighted.weights[:, None] * rows, initial), initial
    )
    repeated_rows = repeated.weights[:, None] * np.repeat(rows, counts, axis=0)
    second = family.m_step(family.statistics(repeated.points, repeated_rows, initial), initial)
    for key, values in first.items():
        assert_allclose(second[key], values, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_divergence_is_the_mean_log_ratio_under_the_first_argument(name):
    family, _, _, new = a_case(name, 5)
    _, _, _, old = a_case(name, 6)
    rng = np.random.default_rng(0)
    n_draws = 200_000
    for k in range(3):
        one, other = take(family, new, [k]), take(family, old, [k])
        draws = family.sample(one, np.zeros(n_draws), rng)
        ratio = (family.log_density(draws, one) - family.log_density(draws, other))[:, 0]
        exact = family.divergence(new, old)[k]
        error = 6.0 * ratio.std() / np.sqrt(n_draws)
        if family.latent:
            # Completing the data by latent variables can only add to the divergence.
            assert ratio.mean() < exact + error
        else:
            assert abs(ratio.mean() - exact) < error


@pytest.mark.parametrize("name", NAMES)
def test_the_divergence_of_nearly_equal_parameters_keeps_its_leading_digits(name):
    family, _, _, parameters = a_case(name, 7)
    step = perturbed(family, parameters, np.random.default_rng(2), 1e-4)
    tiny = {k: v + (step[k] - v) * 1e-4 for k, v in parameters.items()}
    assert_allclose(family.divergence(parameters, parameters), 0.0, atol=0.0)
    # KL is quadratic near zero: a hundredth of a percent of the step has 1e-8 of its divergence.
    ratio = family.divergence(tiny, parameters) / family.divergence(step, parameters)
    assert_allclose(ratio, 1e-8, rtol=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_component_without_mass_keeps_its_parameters(name):
    family, sample, plan, parameters = a_case(name, 8)
    emptied = plan.copy()
    emptied[:, 1] = 0.0
    after = family.m_step(family.statistics(sample.points, emptied, parameters), parameters)
    for key, values in parameters.items():
        if key not in family.shared:
            assert_allclose(after[key][1], values[1], rtol=0.0)
        assert np.isfinite(after[key]).all()


def expectations(name, parameters):
    """Return E x under every component, shape (K, d)."""
    if name == "product":
        columns = [parameters["1.means"], parameters["0.shapes"] / parameters["0.rates"]]
        return np.hstack([*columns, parameters["2.probabilities"]])
    if name == "categorical":
        codes = np.arange(parameters["probabilities"].shape[2])
        return parameters["probabilities"] @ codes
    if name == "multinomial":
        return parameters["trials"][:, None] * parameters["probabilities"]
    if name == "exponential":
        return 1.0 / parameters["rates"]
    if name == "gamma":
        return parameters["shapes"] / parameters["rates"]
    if name == "von_mises_fisher":
        kappa = parameters["concentrations"][:, None]
        return parameters["directions"] * special.ive(1, kappa) / special.ive(0, kappa)
    return parameters[{"poisson": "rates", "bernoulli": "probabilities"}.get(name, "means")]


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_the_moments_of_the_density(name):
    family, _, _, parameters = a_case(name, 9)
    labels = np.repeat([0, 1, 2], 50_000)
    draws = family.sample(parameters, labels, np.random.default_rng(0))
    centres = expectations(family.name, parameters)
    for k in range(3):
        part = draws[labels == k]
        error = part.std(axis=0) / np.sqrt(part.shape[0])
        assert np.all(np.abs(part.mean(axis=0) - centres[k]) < 6.0 * error)
        # The score has mean zero under the family's own density: the M-step of its draws is close.
    plan = np.eye(3)[labels] / labels.size
    back = family.m_step(family.statistics(draws, plan, parameters), parameters)
    assert np.all(family.divergence(back, parameters) < 1e-3)


@pytest.mark.parametrize(
    ("name", "matrices"),
    [
        ("gaussian-full", lambda c: c),
        ("gaussian-tied", lambda c: np.stack([c] * 3)),
        ("gaussian-diag", lambda c: np.stack([np.diag(v) for v in c])),
        ("gaussian-spherical", lambda c: np.stack([v * np.eye(2) for v in c])),
    ],
)
def test_gaussian_log_densities_agree_with_scipy(name, matrices):
    family, sample, _, parameters = a_case(name, 10)
    expected = np.column_stack(
        [
            stats.multivariate_normal(mean, matrix).logpdf(sample.points)
            for mean, matrix in zip(
                parameters["means"], matrices(parameters["covariances"]), strict=True
            )
        ]
    )
    assert_allclose(family.log_density(sample.points, parameters), expected, rtol=1e-12)


@pytest.mark.parametrize("covariance", [2.0, [1.0, 3.0], [[2.0, 0.5], [0.5, 1.0]]])
def test_a_known_covariance_may_be_a_variance_variances_or_a_matrix(covariance):
    family = families.get("gaussian-known", covariance=covariance)
    known = np.asarray(covariance)
    matrix = known if known.ndim == 2 else np.diag(np.broadcast_to(known, (2,)))
    points = np.random.default_rng(0).normal(size=(7, 2))
    expected = stats.multivariate_normal([1.0, 2.0], matrix).logpdf(points)
    got = family.log_density(points, {"means": np.array([[1.0, 2.0]])})[:, 0]
    assert_allclose(got, expected, rtol=1e-13)


def test_poisson_log_probabilities_agree_with_scipy_also_at_rate_zero():
    family = families.get("poisson")
    points = np.array([[0.0, 3.0], [2.0, 0.0], [0.0, 0.0]])
    rates = np.array([[1.5, 2.0], [0.0, 4.0]])
    expected = stats.poisson.logpmf(points[:, None, :], rates[None]).sum(axis=2)
    assert_allclose(family.log_density(points, {"rates": rates}), expected, rtol=1e-13)


def test_poisson_divergence_from_a_zero_rate_is_infinite_and_to_one_is_the_rate():
    family = families.get("poisson")
    zero, two = {"rates": np.array([[0.0]])}, {"rates": np.array([[2.0]])}
    assert family.divergence(two, zero)[0] == np.inf
    assert_allclose(family.divergence(zero, two), [2.0])
    assert family.divergence(zero, zero)[0] == 0.0


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_the_gaussian_m_step_keeps_its_digits_far_from_the_origin(offset):
    rng = np.random.default_rng(0)
    # Multiples of 2**-10 are exact even after the shift, so that both problems are the same.
    points = np.round(rng.normal(size=(200, 2)) * 1024) / 1024
    near, far = as_sample(points), as_sample(points + offset)
    family = families.get("gaussian-full")
    rows = rng.dirichlet(np.ones(2), 200) / 200
    results = []
    for sample in (near, far):
        initial = family.initial(sample, 2)
        results.append(family.m_step(family.statistics(sample.points, rows, initial), initial))
    assert_allclose(results[1]["covariances"], results[0]["covariances"], rtol=1e-6)


def test_a_collapsed_covariance_is_not_regular_and_has_no_density():
    family, sample, _, parameters = a_case("gaussian-full", 11)
    reference = family.initial(sample, 3)
    assert family.regular(parameters, reference).all()
    shrunk = parameters["covariances"].copy()
    shrunk[1] *= 1e-16
    assert family.regular({**parameters, "covariances": shrunk}, reference).tolist() == [
        True,
        False,
        True,
    ]
    shrunk[1] = [[1.0, 2.0], [2.0, 1.0]]
    with pytest.raises(SingularComponentError):
        family.log_density(sample.points, {**parameters, "covariances": shrunk})


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("gaussian-full", 3 * 2 + 3 * 3),
        ("gaussian-tied", 3 * 2 + 3),
        ("gaussian-diag", 3 * 2 + 3 * 2),
        ("gaussian-spherical", 3 * 2 + 3),
        ("gaussian-known", 3 * 2),
        ("poisson", 3 * 2),
        ("bernoulli", 3 * 2),
        ("categorical", 3 * (2 + 3)),
        ("multinomial", 3 * 1),
        ("exponential", 3 * 2),
        ("gamma", 3 * 4),
        ("von_mises_fisher", 3 * 2),
        ("student_t-tied", 3 * 2 + 3),
        ("student_t-full estimate", 3 * 2 + 3 * 3 + 3),
        ("product", 3 * (2 + 2 + 1)),
    ],
)
def test_free_parameters_are_counted(name, counts):
    name, options = CASES[name]
    assert families.get(name, **options).n_parameters(3, 2) == counts


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gaussian", {}, "gaussian-full"),
        ("nothing", {}, "poisson"),
        ("poisson-full", {}, "allowed"),
        ("base", {}, "allowed"),
        ("poisson", {"df": 3}, "does not take"),
        ("gaussian-known", {}, "needs the option covariance"),
        ("gaussian-full", {"covariance": 1.0}, "estimates its covariance"),
        ("gaussian-known", {"covariance": -1.0}, "positive definite"),
        ("gaussian-known", {"covariance": [[1.0, 2.0], [0.0, 1.0]]}, "symmetric"),
        ("gaussian-known", {"covariance": np.nan}, "finite"),
        ("student_t", {}, "student_t-full"),
        ("student_t-known", {}, "allowed"),
        ("student_t-full", {"df": 0.0}, "df must be a finite number > 0"),
        ("student_t-full", {"df": "many"}, "or 'estimate', got 'many'"),
        ("categorical", {"categories": 2.5}, "whole number >= 1"),
        ("categorical", {"categories": [2, 0]}, "whole number >= 1"),
    ],
)
def test_a_wrong_family_or_option_is_refused_in_one_line(name, options, words):
    with pytest.raises(InputError, match=words) as caught:
        families.get(name, **options)
    assert "\n" not in str(caught.value)


def test_a_known_covariance_of_another_dimension_is_refused():
    family = families.get("gaussian-known", covariance=[1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="3 rows but the points have 2 columns"):
        family.check(as_sample(np.eye(2)), 1)
