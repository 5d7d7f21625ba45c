"""`GaussianMixture` against scikit-learn's: the same in everything that both say."""

import itertools

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mixot import GaussianMixture, Status

SHAPES = ("full", "tied", "diag", "spherical")
INITS = ("kmeans", "k-means++", "random", "random_from_data")
FITTED = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")


def overlapping(n_samples: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_samples, 2)) + 1.5 * rng.integers(2, size=n_samples)[:, None]


DATA = {
    "iris": (load_iris().data, 3),
    "wine": (load_wine().data[:, :5], 3),
    "blobs": (make_blobs(300, centers=4, n_features=3, random_state=1)[0], 5),
    "overlapping": (overlapping(), 2),
    "column": (overlapping(90)[:, :1], 2),
}


def both(points, n_components, **options):
    return (
        GaussianMixture(n_components, **options).fit(points),
        sklearn.mixture.GaussianMixture(n_components, **options).fit(points),
    )


def assert_same(ours, theirs, rtol=1e-6):
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ == theirs.converged_
    for name in FITTED:
        expected = getattr(theirs, name)
        np.testing.assert_allclose(
            getattr(ours, name), expected, rtol=rtol, atol=rtol * np.abs(expected).max()
        )
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-9)
    # Around single points their variances are differences of squares: the first bounds have
    # fewer digits than the fit.
    np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, atol=1e-5)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("covariance_type", SHAPES)
@pytest.mark.parametrize("init_params", INITS)
def test_the_fit_is_theirs_for_the_same_data_and_seed(data, covariance_type, init_params):
    points, n_components = DATA[data]
    ours, theirs = both(
        points,
        n_components,
        covariance_type=covariance_type,
        init_params=init_params,
        random_state=3,
        tol=1e-4,
        max_iter=200,
    )
    assert theirs.converged_
    assert_same(ours, theirs)
    np.testing.assert_array_equal(ours.predict(points), theirs.predict(points))
    np.testing.assert_allclose(ours.score_samples(points), theirs.score_samples(points), rtol=1e-8)
    assert ours.aic(points) == pytest.approx(theirs.aic(points))
    assert ours.bic(points) == pytest.approx(theirs.bic(points))


@pytest.mark.parametrize("tol", [0.3, 1e-2, 1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("reg_covar", [0.0, 1e-2])
def test_tol_stops_where_theirs_stops(tol, reg_covar):
    ours, theirs = both(
        overlapping(), 2, tol=tol, reg_covar=reg_covar, random_state=0, max_iter=2000
    )
    assert_same(ours, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_restarts_draw_and_choose_as_theirs(seed):
    ours, theirs = both(DATA["wine"][0], 3, n_init=5, init_params="random", random_state=seed)
    assert_same(ours, theirs)


GIVEN = {
    "weights_init": [0.2, 0.8],
    "means_init": [[0.0, 0.0], [2.0, 1.0]],
    "precisions_init": {
        "full": [[[2.0, 0.3], [0.3, 1.0]], np.eye(2)],
        "tied": [[2.0, 0.3], [0.3, 1.0]],
        "diag": [[2.0, 1.0], [0.5, 1.0]],
        "spherical": [2.0, 0.5],
    },
}


@pytest.mark.parametrize("covariance_type", SHAPES)
@pytest.mark.parametrize(
    "names", [names for size in (1, 2, 3) for names in itertools.combinations(GIVEN, size)], ids=str
)
def test_initial_parameters_enter_as_in_theirs(covariance_type, names):
    given = {name: GIVEN[name] for name in names}
    if "precisions_init" in given:
        given["precisions_init"] = np.array(GIVEN["precisions_init"][covariance_type])
    ours, theirs = both(
        overlapping(), 2, covariance_type=covariance_type, random_state=0, max_iter=500, **given
    )
    assert_same(ours, theirs)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_resumes_as_theirs():
    points = overlapping()
    ours = GaussianMixture(2, warm_start=True, max_iter=4, tol=1e-4, random_state=0)
    theirs = sklearn.mixture.GaussianMixture(
        2, warm_start=True, max_iter=4, tol=1e-4, random_state=0
    )
    for _ in range(30):
        assert_same(ours.fit(points), theirs.fit(points))
    assert theirs.converged_


@pytest.mark.parametrize("init_params", INITS)
def test_no_iteration_returns_the_start_with_weights_that_sum_to_one(init_params):
    points, n_components = DATA["iris"]
    ours, theirs = both(points, n_components, max_iter=0, init_params=init_params, random_state=1)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-12)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(ours.weights_, theirs.weights_ / theirs.weights_.sum(), rtol=1e-12)
    assert (ours.n_iter_, ours.lower_bound_, ours.lower_bounds_) == (0, -np.inf, [])
    assert ours.status_ is None


def test_samples_are_theirs_for_the_same_seed():
    ours, theirs = both(overlapping(), 2, random_state=5)
    for mine, other in zip(ours.sample(50), theirs.sample(50), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7)


@pytest.mark.parametrize("verbose", [1, 2])
def test_progress_is_printed_as_theirs(verbose, capsys):
    printed = []
    for model in (GaussianMixture, sklearn.mixture.GaussianMixture):
        model(2, verbose=verbose, verbose_interval=2, n_init=2, random_state=0).fit(overlapping())
        lines = capsys.readouterr().out.splitlines()
        # Times differ.
        printed.append([line.split("time lapse")[0] for line in lines])
    assert printed[0] == printed[1]
    assert len(printed[0]) > 4


def test_single_precision_in_is_single_precision_out():
    points = overlapping().astype(np.float32)
    ours, theirs = both(points, 2, random_state=0)
    for name in FITTED:
        assert getattr(ours, name).dtype == np.float32
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-3)
    assert ours.score_samples(points).dtype == np.float32


def test_a_converged_fit_may_be_far_from_its_limit_and_the_certificate_says_so():
    points = overlapping()
    early = GaussianMixture(2, random_state=0).fit(points)
    assert early.converged_
    assert early.status_ is Status.STOPPED
    assert early.certificate_.distance > 1e-3

    limit = GaussianMixture(2, random_state=0, tol=1e-14, max_iter=20000).fit(points)
    assert limit.score(points) > early.score(points) + 1e-5


def test_a_fit_that_is_at_its_limit_is_called_converged():
    points = np.concatenate([overlapping(), overlapping() + 20.0])
    model = GaussianMixture(2, random_state=0, tol=1e-14).fit(points)
    assert model.status_ is Status.CONVERGED
    assert model.certificate_.distance <= 1e-6


def test_a_fit_cut_short_warns_in_their_words():
    with pytest.warns(ConvergenceWarning, match="Best performing initialization did not converge"):
        model = GaussianMixture(2, max_iter=2, random_state=0).fit(overlapping())
    assert model.status_ is Status.MAX_ITER
    assert not model.converged_


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_a_collapse_raises_what_theirs_raises(covariance_type):
    points = np.column_stack([np.arange(30.0), 2.0 * np.arange(30.0)])
    for model in (GaussianMixture, sklearn.mixture.GaussianMixture):
        with pytest.raises(ValueError, match="ill-defined empirical covariance"):
            model(
                2,
                covariance_type=covariance_type,
                reg_covar=0.0,
                weights_init=[0.5, 0.5],
                means_init=[[5.0, 10.0], [20.0, 40.0]],
                precisions_init=np.array(
                    [np.eye(2)] * 2 if covariance_type == "full" else np.eye(2)
                ),
            ).fit(points)


def test_a_vanishing_variance_ends_a_diagonal_fit_with_a_warning():
    points = np.concatenate([np.linspace(-1.0, 1.0, 30), [1e3]])[:, None]
    model = GaussianMixture(
        2,
        covariance_type="diag",
        reg_covar=0.0,
        weights_init=[0.9, 0.1],
        means_init=[[0.0], [1e3]],
        precisions_init=[[1.0], [1.0]],
    )
    with pytest.warns(ConvergenceWarning, match="did not converge.*component collapsed"):
        model.fit(points)
    assert model.status_ is Status.SINGULAR
    assert np.isfinite(model.precisions_).all()
    assert len(model.lower_bounds_) == max(model.n_iter_, 1)


def test_it_is_one_of_theirs_to_every_tool():
    model = GaussianMixture(2, covariance_type="tied", tol=1e-5)
    assert isinstance(model, sklearn.mixture.GaussianMixture)
    assert clone(model).get_params() == model.get_params()
    assert (
        model.get_params()
        == sklearn.mixture.GaussianMixture(2, covariance_type="tied", tol=1e-5).get_params()
    )

    search = GridSearchCV(
        make_pipeline(StandardScaler(), GaussianMixture(random_state=0)),
        {"gaussianmixture__n_components": [1, 2], "gaussianmixture__covariance_type": SHAPES},
        cv=3,
    ).fit(DATA["blobs"][0])
    assert search.best_params_["gaussianmixture__n_components"] == 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance_type", SHAPES)
def test_scikit_learns_checks_pass_without_an_exception(covariance_type):
    model = GaussianMixture(2, covariance_type=covariance_type)
    results = check_estimator(model, on_skip=None)
    skipped = {result["check_name"] for result in results if result["status"] != "passed"}
    # It asks for an environment variable that SciPy reads when it is imported.
    assert skipped <= {"check_array_api_input"}
