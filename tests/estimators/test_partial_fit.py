"""`MixtureModel.partial_fit`: stepwise EM on the statistics of successive batches."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from mixot import InputError, Mixture, MixtureModel, Status, as_sample, families
from mixot.estimators import online
from mixot.fitting import step


def clouds(n_samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    means = np.array([[-2.0, 5.0], [2.0, 4.0]])
    return rng.normal(size=(n_samples, 2)) + means[rng.integers(2, size=n_samples)]


def counts(n_samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(np.array([2.0, 9.0])[rng.integers(2, size=n_samples)])[:, None].astype(float)


STARTS = {
    "gaussian": {
        "means": np.array([[-1.0, 4.0], [1.0, 5.0]]),
        "covariances": np.array([np.eye(2), 2.0 * np.eye(2)]),
    },
    "poisson": {"rates": np.array([[3.0], [6.0]])},
}
DATA = {"gaussian": clouds, "poisson": counts}


@pytest.mark.parametrize("family", STARTS)
@pytest.mark.parametrize("coupling", ["semirelaxed", "hard_weighted"])
def test_one_batch_is_one_step_from_the_start(family, coupling):
    points = DATA[family](80)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, size=80)
    name = "gaussian-full" if family == "gaussian" else family
    start = Mixture(np.array([0.4, 0.6]), STARTS[family])
    expected = step(as_sample(points, weights), start, families.get(name), plan=coupling)

    model = MixtureModel(
        2,
        family=family,
        coupling=coupling,
        weights_init=[0.4, 0.6],
        parameters_init=STARTS[family],
    ).partial_fit(points, sample_weight=weights)

    np.testing.assert_allclose(model.weights_, expected.weights, rtol=1e-12)
    for parameter, values in expected.parameters.items():
        np.testing.assert_allclose(model.parameters_[parameter], values, rtol=1e-10, atol=1e-12)


def test_a_second_batch_enters_with_its_documented_weight():
    first, second = counts(50), counts(30, seed=7)
    model = MixtureModel(
        2, family="poisson", weights_init=[0.4, 0.6], parameters_init=STARTS["poisson"]
    )
    model.partial_fit(first)
    shares = model.predict_proba(second)
    old = np.column_stack([model.weights_, model.weights_ * model.rates_[:, 0]])
    model.partial_fit(second)

    new = np.column_stack([shares.mean(axis=0), (shares * second).mean(axis=0)])
    mixed = (1 - 3**-0.7) * old + 3**-0.7 * new
    np.testing.assert_allclose(model.weights_, mixed[:, 0], rtol=1e-12)
    np.testing.assert_allclose(model.rates_[:, 0], mixed[:, 1] / mixed[:, 0], rtol=1e-12)


@pytest.mark.parametrize("family", STARTS)
def test_many_passes_approach_the_batch_solution(family):
    points = DATA[family](1500)
    rng = np.random.default_rng(3)
    start = {"weights_init": [0.4, 0.6], "parameters_init": STARTS[family]}
    batch = MixtureModel(2, family=family, **start).fit(points)
    model = MixtureModel(2, family=family, **start)
    for _ in range(60):
        for part in np.array_split(rng.permutation(points), 10):
            model.partial_fit(part)

    gap = batch.lower_bound_ - model.score(points)
    started = batch.lower_bound_ - batch.lower_bounds_[0]
    assert 0.0 <= gap < 1e-3 * started
    for name, values in batch.parameters_.items():
        np.testing.assert_allclose(model.parameters_[name], values, rtol=0.05, atol=0.05)
    assert model.n_iter_ == model.lower_bounds_.size == 600


def test_convergence_is_never_claimed():
    model = MixtureModel(2, random_state=0)
    for _ in range(30):
        model.partial_fit(clouds(200))
    assert model.converged_ is False
    assert model.status_ is None
    assert model.certificate_.distance == np.inf


def test_a_fitted_mixture_is_where_the_first_batch_begins():
    points = clouds(400)
    model = MixtureModel(2, random_state=0, tol=1e-9).fit(points)
    means = model.means_.copy()
    model.partial_fit(points)
    np.testing.assert_allclose(model.means_, means, atol=1e-6)


def test_a_pause_changes_nothing():
    batches = [clouds(60, seed=seed) for seed in range(6)]
    through, paused = MixtureModel(2, random_state=0), MixtureModel(2, random_state=0)
    for batch in batches:
        through.partial_fit(batch)
        paused = pickle.loads(pickle.dumps(paused.partial_fit(batch)))
    assert np.array_equal(paused.means_, through.means_)


def test_a_new_fit_forgets_the_batches():
    points = clouds(300)
    model = MixtureModel(2, random_state=0).partial_fit(clouds(300, seed=5)).fit(points)
    expected = MixtureModel(2, random_state=0).fit(points)
    assert np.array_equal(model.means_, expected.means_)
    model.partial_fit(points)
    np.testing.assert_allclose(model.means_, expected.means_, atol=1e-4)
    assert model.n_iter_ == 1


def test_later_batches_may_be_single_rows():
    model = MixtureModel(2, random_state=0).partial_fit(clouds(100))
    for row in clouds(50, seed=8):
        model.partial_fit(row[None])
    assert model.status_ is None
    assert np.isfinite(model.covariances_).all()


@pytest.mark.parametrize("n_regular", [0, 40])
def test_a_batch_that_would_make_a_component_singular_is_left_out(n_regular):
    means = np.array([[-9.0, 4.0], [9.0, 5.0]])
    start = {"means": means, "covariances": STARTS["gaussian"]["covariances"]}
    model = MixtureModel(2, parameters_init=start)
    line = means[1] + np.linspace(-1, 1, 20)[:, None] * np.array([1.0, 2.0])
    cloud = means[0] + np.random.default_rng(2).normal(size=(n_regular, 2))
    with pytest.warns(ConvergenceWarning, match="left out.*collapsed"):
        model.partial_fit(np.concatenate([line, cloud]))
    assert model.status_ is Status.SINGULAR
    assert np.array_equal(model.means_, means)
    assert model.n_iter_ == 0

    model.partial_fit(clouds(100))
    assert model.status_ is None
    assert model.n_iter_ == 1


def test_later_batches_outside_the_support_are_refused():
    model = MixtureModel(2, family="poisson", random_state=0).partial_fit(counts(50))
    with pytest.raises(InputError, match="whole numbers"):
        model.partial_fit(np.array([[0.5]]))


@pytest.mark.parametrize(
    "options", [{"family": "student_t"}, {"coupling": "balanced"}, {"family": "nothing"}], ids=str
)
def test_what_cannot_be_fitted_from_batches_has_no_such_method(options):
    assert not hasattr(MixtureModel(2, **options), "partial_fit")
    with pytest.raises(AttributeError):
        MixtureModel(2, **options).partial_fit(clouds(50))


def test_the_rates_are_square_summable_but_not_summable():
    rates = np.array([online.rate(t) for t in range(1, 200_000)])
    assert online.rate(0) == 1.0
    assert (np.diff(rates) < 0).all()
    assert rates.sum() > 100.0
    assert (rates**2).sum() < 3.0
