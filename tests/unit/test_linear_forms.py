"""Linear forms of plain statistics: the same numbers as the densities, or left to them."""

from decimal import Decimal, localcontext
from math import factorial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot import Mixture, as_sample, families, fit, smoothed_start
from mixot.families import SingularComponentError
from mixot.families.counts import log_poisson, log_ratio

AXES = np.array([[0.0, 0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
TABLES = np.random.default_rng(7).dirichlet([0.6, 0.6, 0.6], (3, 5))
TABLES[:, 4] = [[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]
NARROW = TABLES.copy()
NARROW[1, 0] = [1.0, 0.0, 0.0]
SHARES = np.random.default_rng(8).dirichlet(np.ones(4), 3)

# Name of the case: (family, parameters of three components, which of them the form can take).
ALL, NONE = [True] * 3, [False] * 3
CASES = {
    "poisson": ("poisson", {"rates": [[1.0, 0.3], [6.0, 9.0], [20.0, 2.0]]}, ALL),
    "poisson, hardly any counts": (
        "poisson",
        {"rates": [[1e-8, 0.02], [1e-3, 1e-300], [0.1, 1e-8]]},
        ALL,
    ),
    "poisson, a rate of zero": (
        "poisson",
        {"rates": [[0.0, 3.0], [2.0, 0.5], [9.0, 9.0]]},
        [False, True, True],
    ),
    "poisson, large and close": (
        "poisson",
        {"rates": [[1e8, 5e6], [1e8 + 2e3, 5e6], [1e8, 5e6 - 1e3]]},
        ALL,
    ),
    "poisson, large and far apart": (
        "poisson",
        {"rates": [[1e8, 1.0], [1.0, 1e8], [1e-8, 1e4]]},
        NONE,
    ),
    "multinomial": ("multinomial", {"probabilities": SHARES, "trials": [6.5, 4.0, 9.3]}, ALL),
    "multinomial, a share of zero": (
        "multinomial",
        {"probabilities": [[0.0, 0.4, 0.6, 0.0], *SHARES[1:]], "trials": [6.5, 4.0, 9.3]},
        [False, True, True],
    ),
    "multinomial, many trials": (
        "multinomial",
        {"probabilities": [[0.2, 0.3, 0.1, 0.4], *SHARES[1:]], "trials": [2e5, 1e6, 3e5]},
        NONE,
    ),
    "bernoulli": (
        "bernoulli",
        {"probabilities": np.random.default_rng(9).uniform(0.1, 0.9, (3, 6))},
        ALL,
    ),
    "bernoulli, nearly certain": (
        "bernoulli",
        {"probabilities": [[1e-300, 1.0 - 1e-16], [1e-8, 0.5], [0.5, 1.0 - 1e-8]]},
        ALL,
    ),
    "bernoulli, certain": (
        "bernoulli",
        {"probabilities": [[0.0, 0.5], [0.5, 1.0], [0.5, 0.5]]},
        [False, False, True],
    ),
    "categorical": ("categorical", {"probabilities": TABLES}, ALL),
    "categorical, a code excluded": (
        "categorical",
        {"probabilities": NARROW},
        [True, False, True],
    ),
    "exponential": ("exponential", {"rates": [[1.0, 0.2], [5.0, 5.0], [0.3, 3.0]]}, ALL),
    "exponential, every unit": (
        "exponential",
        {"rates": [[1e-8, 1e8], [1e8, 1e-8], [1.0, 1.0]]},
        ALL,
    ),
    "gamma": (
        "gamma",
        {
            "shapes": [[0.5, 3.0], [9.0, 2.0], [60.0, 1.0]],
            "rates": [[1.0, 1.0], [2.0, 0.3], [20, 3]],
        },
        ALL,
    ),
    "gamma, large shapes and every unit": (
        "gamma",
        {
            "shapes": [[0.05, 3.0], [1e6, 2.0], [4.0, 60.0]],
            "rates": [[1e-8, 1e8], [1e6, 1e8], [1e8, 1e-8]],
        },
        [True, False, True],
    ),
    "von Mises-Fisher": (
        "von_mises_fisher",
        {"directions": AXES, "concentrations": [3.0, 100.0, 0.0]},
        ALL,
    ),
    "von Mises-Fisher, sharp": (
        "von_mises_fisher",
        {"directions": AXES, "concentrations": [3.0, 1e9, 1e-8]},
        [True, False, True],
    ),
}


class WithoutForm:
    """A family whose linear form is hidden."""

    def __init__(self, family):
        self._family = family

    def __getattr__(self, name):
        if name == "linear_form":
            raise AttributeError(name)
        return getattr(self._family, name)


def a_case(case, n_samples=120):
    """Return (family, sample, plan, parameters, accurate) of data drawn from the parameters."""
    name, values, accurate = CASES[case]
    rng = np.random.default_rng(sum(map(ord, case)))
    family = families.get(name)
    parameters = {key: np.asarray(value, dtype=float) for key, value in values.items()}
    points = family.sample(parameters, rng.integers(3, size=n_samples), rng)
    sample = as_sample(points, rng.uniform(0.5, 1.5, n_samples))
    plan = sample.weights[:, None] * rng.dirichlet([0.3, 0.3, 0.3], n_samples)
    return family, sample, plan, parameters, accurate


def by_form(family, sample, plan, parameters):
    """Return the coefficients, log-densities (n, K) and statistics that the form gives."""
    form = family.linear_form(family.initial(sample, 3))
    framed = form.to_frame(sample.points)
    assert framed.flags.c_contiguous
    moments = form.moments(framed, sample.weights)
    coefficients = form.coefficients(parameters, moments)
    buffer = np.full((form.n_rows, sample.weights.size), np.nan)
    form.writer(buffer)(framed)
    features = buffer[: form.n_features]
    sums = plan.T @ features.T
    values = (coefficients.values @ features).T + coefficients.base
    return coefficients, values, form.statistics(sums, parameters, moments)


@pytest.mark.parametrize("case", CASES)
def test_a_form_gives_the_log_densities_and_statistics_wherever_it_says_so(case):
    family, sample, plan, parameters, accurate = a_case(case)
    coefficients, values, statistics = by_form(family, sample, plan, parameters)
    assert coefficients.accurate.tolist() == accurate
    assert np.isfinite(coefficients.values).all()
    kept = coefficients.accurate
    expected = family.log_density(sample.points, parameters)
    assert_allclose(values[:, kept], expected[:, kept], rtol=1e-12, atol=1e-12)
    expected = family.statistics(sample.points, plan, parameters)
    assert_allclose(statistics[kept], expected[kept], rtol=1e-12)
    assert statistics.shape == expected.shape


@pytest.mark.parametrize("case", CASES)
def test_no_log_density_exceeds_the_peak(case):
    family, sample, plan, parameters, _ = a_case(case)
    coefficients, values, _ = by_form(family, sample, plan, parameters)
    kept = coefficients.accurate
    slack = 1e-12 * (1.0 + np.abs(coefficients.peak))
    assert np.all(values[:, kept] <= (coefficients.peak + slack)[kept])


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "hard_weighted"])
@pytest.mark.parametrize("case", CASES)
def test_a_fit_is_the_same_with_and_without_the_form(case, plan):
    family, sample, _, parameters, _ = a_case(case)
    start = smoothed_start(sample, family, 3, np.random.default_rng(0))
    if "zero" in case or "certain" in case or "excluded" in case or "sharp" in case:
        start = Mixture(np.array([0.3, 0.3, 0.4]), parameters)
    options = {"plan": plan, "weights": "fixed" if plan == "balanced" else "free"}
    options |= {"tol": 0.0, "max_iter": 25, "energy": True}
    one = fit(sample, start, family, **options)
    other = fit(sample, start, WithoutForm(family), **options)
    # A tolerance of zero is met by accident: a step that happens to round to nothing.
    length = min(one.n_iter, other.n_iter) + 1
    both = one.trace.objective[:length], other.trace.objective[:length]
    scale = max(1.0, np.abs(one.trace.objective).max())
    # A form may cost a density as much as the bound at which it gives way.
    assert_allclose(*both, rtol=1e-11, atol=1e-11)
    for key, values in one.mixture.parameters.items():
        assert_allclose(values, other.mixture.parameters[key], rtol=1e-6, atol=1e-250)
    terms = one.trace.plan_kl + one.trace.weights_kl + one.trace.components_kl
    assert_allclose(-np.diff(one.trace.objective), terms, atol=1e-11 * scale)


def test_the_mass_of_rare_zeros_survives_beside_ones():
    family = families.get("bernoulli")
    points = np.array([[1.0], [1.0], [0.0]])
    plan = np.array([[0.1, 0.3], [0.2, 0.3], [0.0, 1e-30]])
    parameters = {"probabilities": np.array([[0.5], [0.7]])}
    _, _, statistics = by_form(family, as_sample(points), plan, parameters)
    assert statistics[:, 2].tolist() == [0.0, 1e-30]


def test_codes_that_the_sample_lacks_have_no_mass_and_cost_no_component_its_form():
    family = families.get("categorical", categories=[4, 9])
    sample = as_sample([[0, 1], [2, 8], [2, 1]])
    table = family.initial(sample, 2)
    assert (table["probabilities"] == 0.0).sum() == 2 * (9 - 2 + 9 - 2)
    plan = np.full((3, 2), 1 / 6)
    coefficients, values, statistics = by_form(family, sample, plan, table)
    assert coefficients.values.shape == (2, 1 + 3 + 9)
    assert coefficients.accurate.all()
    assert_allclose(values, family.log_density(sample.points, table), rtol=1e-14)
    assert_allclose(statistics, family.statistics(sample.points, plan, table), rtol=1e-14)


def test_a_code_that_only_the_reference_lacks_is_excluded_by_a_probability_of_zero():
    family = families.get("categorical")
    sample = as_sample([[0.0], [1.0], [2.0], [2.0]])
    # As rows that lie elsewhere are seen: some of them, with the largest code among them.
    form = family.linear_form(family.initial(as_sample([[0.0], [2.0]]), 1))
    table = {"probabilities": np.array([[[0.5, 0.0, 0.5]], [[0.3, 0.3, 0.4]]])}
    moments = form.moments(form.to_frame(sample.points), sample.weights)
    assert form.coefficients(table, moments).accurate.tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("exponential", {"rates": [[1.0], [np.inf]]}),
        ("gamma", {"shapes": [[1.0], [np.inf]], "rates": [[1.0], [1.0]]}),
        ("von_mises_fisher", {"directions": np.eye(2), "concentrations": [1.0, np.inf]}),
    ],
)
def test_a_component_without_a_density_has_no_coefficients_either(name, parameters):
    family = families.get(name)
    points = np.array([[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
    sample = as_sample(points if name == "von_mises_fisher" else points[:, 1:])
    form = family.linear_form(family.initial(sample, 2))
    moments = form.moments(form.to_frame(sample.points), sample.weights)
    with pytest.raises(SingularComponentError):
        form.coefficients({k: np.asarray(v, dtype=float) for k, v in parameters.items()}, moments)


def exact_log_poisson(count, mean):
    """Return x log m - m - log x! in fifty digits."""
    with localcontext() as context:
        context.prec = 60
        x, m = Decimal(count), Decimal(mean)
        if count < 100:
            log_factorial = Decimal(factorial(count)).ln()
        else:
            two_pi = Decimal("6.28318530717958647692528676655900576839433879875021")
            log_factorial = x * x.ln() - x + (two_pi * x).ln() / 2
            numbers = [(1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188), (-691, 360360)]
            for order, (top, bottom) in enumerate(numbers):
                log_factorial += Decimal(top) / (Decimal(bottom) * x ** (2 * order + 1))
        return float(x * m.ln() - m - log_factorial)


@pytest.mark.parametrize(
    ("count", "mean"),
    [
        (0, 1e-8),
        (1, 1e-8),
        (3, 2.5),
        (99, 150.0),
        (1000, 1001.5),
        (10**6, 999_000.0),
        (10**8, 1e8 + 12_345.0),
        (10**8, 1e-8),
        (5, 1e8),
        (40, 1e-300),
    ],
)
def test_probabilities_of_counts_of_any_size_keep_all_their_digits(count, mean):
    expected = exact_log_poisson(count, mean)
    got = log_poisson(np.array([float(count)]), np.array([mean]))
    assert_allclose(got, expected, rtol=2e-15, atol=1e-15)
    family = families.get("poisson")
    value = family.log_density(np.array([[float(count)]]), {"rates": np.array([[mean]])})
    assert_allclose(value, expected, rtol=1e-12)


def test_ratios_of_nearly_equal_means_keep_the_digits_of_their_logarithm():
    base = np.array([3.0, 1e8, 0.0, 2.0])
    means = np.array([3.0 * (1.0 + 2.0**-40), 1e8, 5.0, 0.0])
    assert_allclose(log_ratio(means, base), [2.0**-40, 0.0, 0.0, -np.inf], rtol=1e-12)
