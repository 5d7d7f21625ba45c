"""`MixtureModel`: what it fits is what the core fits, and what it says about it is true."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import mixot
from mixot import InputError, Mixture, MixtureModel, Status, as_sample, families, fit
from mixot.families.own import OwnFamily

MEANS = np.array([[-2.0, 0.0], [2.0, 1.0]])


def two_clouds(n_samples: int = 120, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n_samples)
    return rng.normal(size=(n_samples, 2)) + 0.7 * MEANS[labels]


def counts(n_samples: int = 90, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(np.array([[2.0, 5.0], [9.0, 3.0]])[rng.integers(2, size=n_samples)])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_components": 3},
        {"n_components": 2, "covariance_type": "tied", "init": "k-means", "max_iter": 50},
        {"n_components": 2, "coupling": "balanced"},
        {"n_components": 2, "acceleration": "anderson"},
        {"n_components": 2, "coupling": "hard_weighted", "covariance_type": "diag"},
        {"n_components": 2, "family": "student_t", "covariance_type": "diag", "max_iter": 30},
        {"n_components": 2, "family": "exponential"},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_checks_pass_without_an_exception(options):
    results = check_estimator(MixtureModel(**options), on_skip=None)
    passed = {result["check_name"] for result in results if result["status"] == "passed"}
    skipped = {result["check_name"] for result in results} - passed

    assert "check_sample_weight_equivalence_on_dense_data" in passed
    # It asks for an environment variable that SciPy reads when it is imported.
    assert skipped <= {"check_array_api_input"}


def test_it_returns_the_fit_of_the_core_from_the_same_start():
    points = two_clouds()
    family = families.get("gaussian-full")
    covariances = np.array([np.eye(2), 2.0 * np.eye(2)])
    start = Mixture(np.array([0.3, 0.7]), {"means": MEANS, "covariances": covariances})
    expected = fit(as_sample(points), start, family, tol=1e-7, max_iter=400)

    model = MixtureModel(
        2,
        tol=1e-7,
        max_iter=400,
        weights_init=[0.3, 0.7],
        means_init=MEANS,
        covariances_init=covariances,
    ).fit(points)

    assert np.array_equal(model.weights_, expected.mixture.weights)
    assert np.array_equal(model.means_, expected.mixture.parameters["means"])
    assert np.array_equal(model.covariances_, expected.mixture.parameters["covariances"])
    assert (model.status_, model.n_iter_) == (Status.CONVERGED, expected.n_iter)
    assert model.certificate_ == expected.certificate
    assert np.array_equal(model.lower_bounds_, -expected.trace.objective)
    assert model.lower_bounds_.shape == (model.n_iter_ + 1,)


def test_the_score_is_the_log_likelihood_that_scipy_computes():
    points = two_clouds()
    model = MixtureModel(2, random_state=0).fit(points)
    density = sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(
            model.weights_, model.means_, model.covariances_, strict=True
        )
    )

    np.testing.assert_allclose(model.score_samples(points), np.log(density), rtol=1e-10)
    assert model.score(points) == pytest.approx(model.lower_bound_, rel=1e-12)


def test_criteria_are_their_textbook_formulas():
    points = two_clouds()
    model = MixtureModel(2, random_state=0).fit(points)
    total, n_free = points.shape[0] * model.score(points), 2 * 2 + 2 * 3 + 1
    entropy = stats.entropy(model.predict_proba(points), axis=1).sum()

    assert model.aic(points) == pytest.approx(2 * n_free - 2 * total)
    assert model.bic(points) == pytest.approx(np.log(points.shape[0]) * n_free - 2 * total)
    assert model.icl(points) == pytest.approx(model.bic(points) + 2 * entropy)
    held = MixtureModel(2, weights=[0.4, 0.6], random_state=0).fit(points)
    assert held.aic(points) == pytest.approx(2 * 10 - 2 * points.shape[0] * held.score(points))


CASES = {
    "gaussian": ({}, two_clouds()),
    "tied": ({"covariance_type": "tied"}, two_clouds()),
    "accelerated": ({"acceleration": "anderson"}, two_clouds()),
    "balanced": ({"coupling": "balanced"}, two_clouds()),
    "fixed": ({"coupling": "balanced", "weights": "fixed"}, two_clouds()),
    "poisson": ({"family": "poisson"}, counts()),
    "gamma": ({"family": "gamma"}, np.exp(two_clouds())),
    "student": ({"family": "student_t", "covariance_type": "diag"}, two_clouds()),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_weight_is_that_many_rows_in_any_order(case, seed):
    options, points = CASES[case]
    rng = np.random.default_rng(seed)
    repetitions = rng.integers(4, size=points.shape[0])
    rows = rng.permutation(np.repeat(np.arange(points.shape[0]), repetitions))
    settings = {"n_components": 2, "tol": 1e-9, "random_state": seed, **options}

    weighted = MixtureModel(**settings).fit(points, sample_weight=repetitions)
    repeated = MixtureModel(**settings).fit(points[rows])

    assert weighted.status_ is repeated.status_ is Status.CONVERGED
    for name, values in repeated.parameters_.items():
        np.testing.assert_allclose(weighted.parameters_[name], values, rtol=1e-6, atol=1e-8)
    assert weighted.bic(points, sample_weight=repetitions) == pytest.approx(
        repeated.bic(points[rows]), rel=1e-9
    )


def test_small_weights_are_shares_and_not_a_shortage_of_rows():
    points = two_clouds(40)
    shares = np.full(40, 1.0 / 40)
    plain = MixtureModel(3, covariance_type="tied", random_state=0).fit(points)
    shared = MixtureModel(3, covariance_type="tied", random_state=0).fit(
        points, sample_weight=shares
    )
    np.testing.assert_allclose(shared.means_, plain.means_, rtol=1e-6)


def test_parameters_carry_the_names_of_the_family_and_go_with_it():
    model = MixtureModel(2, family="poisson", random_state=0).fit(counts())
    assert set(model.parameters_) == {"rates"}
    assert model.rates_.shape == (2, 2)

    model.set_params(family="gaussian").fit(two_clouds())
    assert set(model.parameters_) == {"means", "covariances"}
    assert not hasattr(model, "rates_")


class Laplace(OwnFamily):
    """Independent Laplace columns with a common known scale, by their means of |x| about 0."""

    name = "laplace"

    def log_density(self, points, parameters):
        return np.sum(
            -np.abs(points)[:, None, :] / parameters["scales"] - np.log(2 * parameters["scales"]),
            axis=2,
        )

    def sufficient_statistics(self, points):
        return np.abs(points)

    def estimate(self, averages):
        return {"scales": averages}


def test_a_family_of_ones_own_is_fitted_like_any_other():
    rng = np.random.default_rng(2)
    points = rng.laplace(size=(400, 2)) * np.array([1.0, 20.0])[rng.integers(2, size=400)][:, None]
    model = MixtureModel(2, family=Laplace(), init="k-means", random_state=0).fit(points)
    np.testing.assert_allclose(np.sort(model.scales_, axis=0), [[1, 1], [20, 20]], rtol=0.2)


def test_balanced_shares_of_the_sample_add_up_to_the_weights():
    points = two_clouds()
    weights = np.array([0.2, 0.8])
    model = MixtureModel(2, coupling="balanced", weights=weights, random_state=0).fit(points)

    np.testing.assert_allclose(model.predict_proba(points).mean(axis=0), weights, atol=1e-9)
    posterior = MixtureModel(2, weights=weights, parameters_init=model.parameters_, max_iter=0)
    with pytest.warns(ConvergenceWarning):
        posterior.fit(points)
    assert abs(posterior.predict_proba(points).mean(axis=0) - weights).max() > 1e-3


def test_the_balanced_coupling_with_free_weights_finds_them_where_likelihood_does():
    points = two_clouds()
    settings = {"means_init": MEANS, "tol": 1e-9}
    balanced = MixtureModel(2, coupling="balanced", **settings).fit(points)
    likelihood = MixtureModel(2, **settings).fit(points)
    np.testing.assert_allclose(balanced.weights_, likelihood.weights_, atol=1e-6)


@pytest.mark.parametrize("coupling", ["hard", "hard_weighted"])
def test_hard_plans_give_every_row_to_one_component(coupling):
    points = two_clouds()
    model = MixtureModel(2, coupling=coupling, means_init=MEANS, covariance_type="tied").fit(points)
    shares = model.predict_proba(points)
    assert set(np.unique(shares)) == {0.0, 1.0}
    log_density = model.family_.log_density(points, model.parameters_)
    tilt = np.log(model.weights_) if coupling == "hard_weighted" else 0.0
    assert np.array_equal(model.predict(points), (log_density + tilt).argmax(axis=1))
    assert np.array_equal(shares.argmax(axis=1), model.predict(points))


def test_the_temperature_softens_the_shares_of_new_points():
    points = two_clouds()
    model = MixtureModel(2, epsilon=0.7, means_init=MEANS, covariance_type="tied").fit(points)
    new = two_clouds(30, seed=9)
    joint = np.log(model.weights_) + model.family_.log_density(new, model.parameters_) / 0.7
    expected = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    np.testing.assert_allclose(model.predict_proba(new), expected, rtol=1e-9)


def test_points_are_judged_alike_in_one_large_call_and_in_many_small_ones():
    model = MixtureModel(2, random_state=0).fit(two_clouds())
    many = np.tile(two_clouds(100, seed=5), (200, 1))
    once = model.predict_proba(many[:100])
    np.testing.assert_array_equal(model.predict_proba(many), np.tile(once, (200, 1)))
    assert model.predict(many).shape == model.score_samples(many).shape == (20000,)


@pytest.mark.parametrize("method", ["squarem", "anderson"])
def test_acceleration_reaches_the_same_limit_in_fewer_steps(method):
    points = two_clouds()
    plain = MixtureModel(2, means_init=MEANS, tol=1e-8).fit(points)
    fast = MixtureModel(2, means_init=MEANS, tol=1e-8, acceleration=method).fit(points)
    assert fast.status_ is Status.CONVERGED
    assert fast.n_iter_ < plain.n_iter_ / 3
    np.testing.assert_allclose(fast.means_, plain.means_, atol=1e-6)


def test_labels_to_begin_with_follow_their_rows_when_some_weigh_nothing():
    points = two_clouds()
    labels = (points[:, 0] > 0).astype(int)
    kept = np.arange(120) % 3 > 0
    some = MixtureModel(2, init=labels).fit(points, sample_weight=kept.astype(float))
    alone = MixtureModel(2, init=labels[kept]).fit(points[kept])
    np.testing.assert_allclose(some.means_, alone.means_, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_of_several_beginnings_is_kept():
    rng = np.random.default_rng(4)
    points = np.concatenate([rng.normal(m, 0.3, size=(40, 1)) for m in (0, 2, 4, 9, 11, 13)])
    settings = {"init": "random-points", "covariance_type": "tied", "tol": 1e-3, "max_iter": 200}
    bounds = [
        MixtureModel(4, random_state=seed, **settings).fit(points).lower_bound_ for seed in range(6)
    ]
    best = MixtureModel(4, n_init=12, random_state=0, **settings).fit(points)
    assert max(bounds) - min(bounds) > 1e-3
    assert best.lower_bound_ >= max(bounds) - 1e-6


def test_a_start_that_collapses_never_wins_over_one_that_does_not():
    points = np.linspace(0.0, 1.0, 32)[:, None]

    def spike(sample, family, n_components, rng):
        means, covariances = np.array([[0.5], points[5]]), np.array([[[0.1]], [[1e-12]]])
        return Mixture(np.array([0.97, 0.03]), {"means": means, "covariances": covariances})

    with pytest.warns(ConvergenceWarning, match="collapsed"):
        collapsed = MixtureModel(2, init=spike).fit(points)
    makers = iter([spike, mixot.fitting.starts.start])

    def spike_first(sample, family, n_components, rng):
        return next(makers)(sample, family, n_components, rng=rng)

    model = MixtureModel(2, init=spike_first, n_init=2, tol=1e-3).fit(points)
    assert collapsed.status_ is Status.SINGULAR
    assert model.status_ is Status.CONVERGED
    assert collapsed.lower_bound_ > model.lower_bound_


def test_a_warm_start_goes_on_where_the_last_fit_stopped():
    points = two_clouds()
    settings = {"means_init": MEANS, "tol": 1e-8}
    through = MixtureModel(2, **settings).fit(points)
    model = MixtureModel(2, warm_start=True, max_iter=7, **settings)
    with pytest.warns(ConvergenceWarning, match="iteration limit"):
        model.fit(points)
    model.set_params(max_iter=5000).fit(points)
    assert model.n_iter_ == through.n_iter_ - 7
    np.testing.assert_allclose(model.means_, through.means_, rtol=1e-9)


def test_a_fit_that_did_not_converge_says_so_with_advice():
    with pytest.warns(ConvergenceWarning, match=r"iteration limit was reached.*Raise max_iter"):
        model = MixtureModel(2, max_iter=2, random_state=0).fit(two_clouds())
    assert not model.converged_
    assert model.status_ is Status.MAX_ITER
    assert model.certificate_.distance > 1e-6


def test_components_that_become_identical_are_reported():
    with pytest.warns(ConvergenceWarning, match="become identical"):
        model = MixtureModel(2, epsilon=50.0, random_state=0).fit(two_clouds())
    assert model.status_ is Status.COLLAPSED_IDENTICAL


def test_columns_that_depend_on_each_other_give_a_finite_model_and_a_status():
    rng = np.random.default_rng(6)
    points = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 4))
    with pytest.warns(ConvergenceWarning, match="collapsed"):
        model = MixtureModel(2, random_state=0).fit(points)
    assert model.status_ is Status.SINGULAR
    assert not model.converged_
    assert np.isfinite(model.score_samples(points)).all()


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize(("scale", "offset"), [(1e-8, 0.0), (1e8, 0.0), (1.0, 1e8), (1e-3, 1e6)])
def test_units_and_origin_of_the_data_change_nothing_else(covariance_type, scale, offset):
    points = two_clouds()
    settings = {"n_components": 2, "covariance_type": covariance_type, "random_state": 0}
    plain = MixtureModel(**settings).fit(points)
    moved = MixtureModel(**settings).fit(points * scale + offset)
    # An offset of 1e9 standard deviations leaves the data themselves seven digits.
    tolerance = 1e-9 + 1e-14 * offset / scale
    np.testing.assert_allclose((moved.means_ - offset) / scale, plain.means_, atol=tolerance)
    np.testing.assert_allclose(moved.covariances_ / scale**2, plain.covariances_, atol=tolerance)
    assert moved.status_ is Status.CONVERGED


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda points: np.repeat(points, 2, axis=0)[::2],
        lambda points: points.astype(object),
        lambda points: points.tolist(),
        lambda points: pd.DataFrame(points),
    ],
    ids=["fortran", "strided", "objects", "lists", "frame"],
)
def test_the_container_of_the_points_does_not_matter(convert):
    points = np.round(two_clouds(), 3)
    expected = MixtureModel(2, random_state=0).fit(points)
    converted = convert(points)
    model = MixtureModel(2, random_state=0).fit(converted)
    assert np.array_equal(model.means_, expected.means_)


def test_the_points_are_neither_changed_nor_asked_to_be_writable():
    points = two_clouds()
    before = points.copy()
    points.flags.writeable = False
    MixtureModel(2, random_state=0).fit(points).predict_proba(points)
    assert np.array_equal(points, before)


def test_column_names_are_remembered_and_checked():
    frame = pd.DataFrame(two_clouds(), columns=["height", "width"])
    model = MixtureModel(2, random_state=0).fit(frame)
    assert model.feature_names_in_.tolist() == ["height", "width"]
    assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["width", "height"]])


def test_samples_have_the_moments_of_the_mixture_and_follow_the_seed():
    model = MixtureModel(2, random_state=3, means_init=MEANS).fit(two_clouds(600))
    points, labels = model.sample(40000)
    np.testing.assert_allclose(np.bincount(labels) / 40000, model.weights_, atol=0.01)
    for k in range(2):
        np.testing.assert_allclose(points[labels == k].mean(axis=0), model.means_[k], atol=0.05)
        np.testing.assert_allclose(np.cov(points[labels == k].T), model.covariances_[k], atol=0.1)
    assert np.array_equal(model.sample(5)[0], model.sample(5)[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components must be a whole number >= 1, got 0"),
        ({"n_components": 2.0}, "n_components must be a whole number"),
        ({"n_components": True}, "n_components must be a whole number"),
        ({"n_init": 0}, "n_init must be a whole number >= 1"),
        ({"max_iter": -1}, "max_iter must be a whole number >= 0"),
        ({"tol": -1.0}, "tol must be a finite number >= 0"),
        ({"family": "gauss"}, "unknown family 'gauss'"),
        ({"covariance_type": "round"}, "unknown family 'gaussian-round'"),
        ({"family": "poisson", "covariance_type": "diag"}, "no meaning for family='poisson'"),
        ({"family": "student_t", "reg_covar": 0.1}, "reg_covar belongs to gaussian"),
        ({"family": families.get("gaussian-full"), "reg_covar": 0.1}, "set the instance's own"),
        ({"coupling": "relaxed"}, "relaxed"),
        ({"acceleration": "newton"}, "unknown acceleration 'newton'"),
        ({"acceleration": "squarem", "coupling": "hard"}, "nothing to accelerate"),
        ({"weights": [0.5, 0.6]}, "weights must be finite, >= 0 and sum to 1"),
        ({"weights_init": [0.5, 0.6]}, "sum to 1"),
        ({"means_init": np.zeros((3, 2))}, r"means must have shape \(2, 2\)"),
        ({"parameters_init": {"rates": np.ones((2, 2))}}, "means"),
        ({"means_init": MEANS, "parameters_init": {"means": MEANS}}, "given twice"),
        ({"n_components": 121}, "too few for 121 components"),
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        MixtureModel(**{"n_components": 2, **options}).fit(two_clouds())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(120), "at least one non-zero"),
        (-np.ones(120), "[Nn]egative"),
        (np.ones(7), "shape"),
    ],
    ids=["zero", "negative", "short"],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        MixtureModel(2).fit(two_clouds(), sample_weight=weights)


def test_nothing_can_be_asked_of_a_model_without_a_fit():
    for ask in ("predict", "predict_proba", "score_samples", "score", "aic", "bic", "icl"):
        with pytest.raises(NotFittedError):
            getattr(MixtureModel(2), ask)(two_clouds())
    with pytest.raises(NotFittedError):
        MixtureModel(2).sample()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_families_can_be_searched_over_like_any_other_option():
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), MixtureModel(2, random_state=0)),
        {"mixturemodel__family": [families.get("gaussian-diag"), "poisson", Laplace()]},
        cv=2,
        error_score="raise",
    ).fit(counts().astype(float))
    assert search.best_params_["mixturemodel__family"] == "poisson"
    model = MixtureModel(family=families.get("student_t-diag", df=3.0))
    assert clone(model).family == model.family
    assert "df=3.0" in repr(clone(model))


def test_the_optima_are_kept_and_told_of_when_asked_for(capsys):
    points = two_clouds()
    model = MixtureModel(2, n_init=3, verbose=1, random_state=0).fit(points)
    lines = capsys.readouterr().out.splitlines()
    optima = model.restarts_.optima
    assert len(lines) == len(optima) + len(model.restarts_.degenerate)
    assert lines[0].startswith(f"optimum 0: lower bound {model.lower_bound_:.6g}")
    assert sum(optimum.hits for optimum in optima) == 3

    model.set_params(n_init=1).fit(points)
    assert capsys.readouterr().out.startswith("converged after")
    assert model.restarts_ is None


def test_a_start_does_not_depend_on_how_many_follow_it():
    points = two_clouds()
    one = MixtureModel(2, random_state=4).fit(points)
    several = MixtureModel(2, n_init=4, random_state=4).fit(points)
    bounds = [optimum.fit.objective for optimum in several.restarts_.optima if 0 in optimum.numbers]
    assert bounds == [pytest.approx(-one.lower_bound_, abs=1e-9)]


def test_a_pickled_model_predicts_the_same():
    points = two_clouds()
    model = MixtureModel(2, random_state=0).fit(points)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(points), model.predict_proba(points))
    assert again.status_ is Status.CONVERGED


def test_importing_mixot_loads_scikit_learn_only_for_an_estimator():
    code = (
        "import sys, mixot; assert 'sklearn' not in sys.modules; "
        "mixot.GaussianMixture; assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Mixtures'"):
        _ = mixot.Mixtures
