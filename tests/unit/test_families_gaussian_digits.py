"""The digits of Gaussian log-densities, by the linear form and outside it, against exact fractions.

With unit round-off u and a covariance of condition number c, the error of -2 log p stays below
(1e-11 + c u) times d + the squared Mahalanobis distance: a covariance given to relative precision u
determines no more than c u, and 1e-11 is what the linear form may cost beyond.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot import Mixture, Status, as_sample, families, fit

UNIT = 2.0**-53
LOG_2PI = math.log(2.0 * math.pi)
UNITS = [(0.0, 1.0), (1e8, 1.0), (0.0, 1e-8), (0.0, 1e8), (1e8, 1e-8)]


class WithoutForm:
    """A family whose linear form is hidden."""

    def __init__(self, family):
        self._family = family

    def __getattr__(self, name):
        if name == "linear_form":
            raise AttributeError(name)
        return getattr(self._family, name)


def exact(points, mean, matrix):
    """Return (squared distance, log-density) of each row (n, 2), by LDL' in fractions."""
    d = mean.size
    rest = [[Fraction(float(value)) for value in row] for row in matrix]
    lower, pivots = [[Fraction(0)] * d for _ in range(d)], []
    for j in range(d):
        pivots.append(rest[j][j])
        for i in range(j + 1, d):
            lower[i][j] = rest[i][j] / pivots[j]
            for k in range(j, d):
                rest[i][k] -= lower[i][j] * rest[j][k]
    log_det = math.log(float(math.prod(pivots)))
    result = []
    for point in points:
        white: list[Fraction] = []
        for i in range(d):
            centred = Fraction(float(point[i])) - Fraction(float(mean[i]))
            white.append(centred - sum(lower[i][k] * white[k] for k in range(i)))
        square = float(sum(w * w / pivot for w, pivot in zip(white, pivots, strict=True)))
        result.append((square, -0.5 * math.fsum([square, log_det, d * LOG_2PI])))
    return np.array(result)


def by_form(family, sample, parameters):
    """Return (accurate (K,), log-densities (n, K)) of the linear form."""
    form = family.linear_form(family.initial(sample, parameters["means"].shape[0]))
    framed = form.to_frame(sample.points)
    moments = form.moments(framed, sample.weights)
    coefficients = form.coefficients(parameters, moments)
    buffer = np.full((form.n_rows, sample.weights.size), np.nan)
    form.writer(buffer)(framed)
    values = coefficients.values @ buffer[: form.n_features]
    kept = coefficients.accurate
    if coefficients.peak is not None:
        assert np.all((values.T - coefficients.peak)[:, kept] <= 1e-9)
    return kept, values.T


def elongated(kind, condition, offset, scale, apart, d=3):
    """Return (sample, parameters, matrices) of three components of one condition number.

    apart: "round" puts the means at distances that are the same in every direction, so that thin
    components are narrow in the frame of the sample; "along" at distances like the components' own.
    """
    rng = np.random.default_rng(5)
    shared = np.linalg.qr(rng.normal(size=(d, d)))[0]
    matrices, means, points = [], [], []
    for k in range(3):
        axes = shared
        if kind != "tied" and apart == "round":
            axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
        variances = np.geomspace(1.0 / condition, 1.0, d) * (1 if kind == "tied" else 1 + k)
        if kind in ("diag", "spherical"):
            axes = np.eye(d)
        if kind == "spherical":
            variances = np.full(d, (1.0 / condition) ** k)
        root = axes * np.sqrt(variances) * scale
        matrix = root @ root.T
        matrices.append(0.5 * (matrix + matrix.T))
        move = rng.normal(size=d) * 2.0
        means.append(scale * offset + (scale * move if apart == "round" else root @ move))
        points.append(means[-1] + rng.normal(size=(8, d)) @ root.T)
    stacked = np.array(matrices)
    values = {
        "full": stacked,
        "tied": stacked[0],
        "diag": np.diagonal(stacked, axis1=1, axis2=2),
        "spherical": stacked[:, 0, 0],
    }[kind]
    parameters = {"means": np.array(means), "covariances": values}
    return as_sample(np.concatenate(points)), parameters, stacked


@pytest.mark.parametrize("apart", ["round", "along"])
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_log_densities_are_as_exact_as_their_covariances_allow(kind, condition, apart):
    for offset, scale in UNITS:
        family = families.get(f"gaussian-{kind}")
        sample, parameters, matrices = elongated(kind, condition, offset, scale, apart)
        accurate, values = by_form(family, sample, parameters)
        outside = family.log_density(sample.points, parameters)
        # Only matrices lose what their condition number costs.
        loss = condition * UNIT if kind in ("full", "tied") else 0.0
        for k in range(3):
            squares, expected = exact(sample.points, parameters["means"][k], matrices[k]).T
            allowed = (1e-11 + loss) * (3 + squares)
            assert np.all(np.abs(outside[:, k] - expected) <= allowed)
            if accurate[k] and kind != "tied":
                assert np.all(np.abs(values[:, k] - expected) <= allowed)
            elif accurate[k]:
                # Without the common quadratic term: only differences between components remain.
                difference = values[:, k] - values[:, 0] - (outside[:, k] - outside[:, 0])
                assert np.all(np.abs(difference) <= 2.0 * allowed + 2.0 * allowed.max())


@pytest.mark.parametrize(
    ("kind", "condition", "apart", "accurate"),
    [
        ("full", 1.0, "round", [True] * 3),
        ("full", 1e12, "along", [True] * 3),
        ("full", 1e12, "round", [False] * 3),
        ("diag", 1e12, "along", [True] * 3),
        ("diag", 1e12, "round", [False] * 3),
        ("tied", 1e12, "along", [True] * 3),
        ("tied", 1e12, "round", [False] * 3),
        ("spherical", 1e3, "round", [True, True, False]),
        ("spherical", 1e12, "round", [True, False, False]),
    ],
)
def test_a_component_leaves_the_form_where_it_is_narrow_in_the_frame(
    kind, condition, apart, accurate
):
    for offset, scale in UNITS:
        sample, parameters, _ = elongated(kind, condition, offset, scale, apart)
        got, _ = by_form(families.get(f"gaussian-{kind}"), sample, parameters)
        assert got.tolist() == accurate


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "hard_weighted"])
@pytest.mark.parametrize("kind", ["full", "diag", "spherical", "tied"])
def test_a_fit_of_narrow_beside_wide_components_is_that_of_their_densities(kind, plan):
    rng = np.random.default_rng(1)
    wide, narrow = rng.normal(size=(80, 2)), 3.0 + 1e-4 * rng.normal(size=(40, 2))
    sample = as_sample(np.concatenate([wide, narrow]))
    family = families.get(f"gaussian-{kind}")
    eye, sizes = np.eye(2), np.array([1.0, 1e-8])
    covariances = {
        "full": sizes[:, None, None] * eye,
        "diag": np.outer(sizes, [1.0, 1.0]),
        "spherical": sizes,
        "tied": 1e-8 * eye,
    }[kind]
    means = np.array([[0.1, 0.2], [3.0, 3.0]])
    start = Mixture(np.array([0.6, 0.4]), {"means": means, "covariances": covariances})
    expected = [False, False] if kind == "tied" else [True, False]
    assert by_form(family, sample, start.parameters)[0].tolist() == expected
    options = {"plan": plan, "weights": "fixed" if plan == "balanced" else "free"}
    options |= {"tol": 0.0, "max_iter": 8, "energy": True}
    one, other = (
        fit(sample, start, family, **options),
        fit(sample, start, WithoutForm(family), **options),
    )
    length = min(one.n_iter, other.n_iter) + 1
    assert length > 2
    assert one.status in (Status.MAX_ITER, Status.CONVERGED)
    assert_allclose(one.trace.objective[:length], other.trace.objective[:length], rtol=1e-11)
    for key, values in one.mixture.parameters.items():
        assert_allclose(values, other.mixture.parameters[key], rtol=1e-8)
    terms = one.trace.plan_kl + one.trace.weights_kl + one.trace.components_kl
    scale = max(1.0, np.abs(one.trace.objective).max())
    assert_allclose(-np.diff(one.trace.objective), terms, atol=1e-10 * scale)
