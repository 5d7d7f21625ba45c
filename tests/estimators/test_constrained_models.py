"""Labels, floors, frozen parameters and schedules as `MixtureModel` takes them."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from mixot import InputError, MixtureModel, families
from mixot.estimators.dimensions import n_frozen

MEANS = np.array([[-1.5, 0.0], [1.5, 1.0]])


def two_clouds(n_samples: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n_samples)
    return rng.normal(size=(n_samples, 2)) + MEANS[labels], labels


def test_a_model_whose_labels_are_all_known_has_the_moments_of_the_classes():
    points, labels = two_clouds()
    weights = np.random.default_rng(1).integers(3, size=150)
    model = MixtureModel(2, random_state=0).fit(points, sample_weight=weights, labels=labels)
    for k in range(2):
        own = labels == k
        mean = np.average(points[own], axis=0, weights=weights[own])
        covariance = np.cov(points[own].T, fweights=weights[own], ddof=0)
        np.testing.assert_allclose(model.means_[k], mean, rtol=1e-9)
        np.testing.assert_allclose(model.covariances_[k], covariance, rtol=1e-9)
        assert model.weights_[k] == pytest.approx(weights[own].sum() / weights.sum())


@pytest.mark.parametrize("seed", range(4))
def test_components_are_numbered_by_the_few_labels_that_are_known(seed):
    points, labels = two_clouds(400)
    known = np.where(np.arange(400) < 12, labels, -1)
    swapped = np.where(known < 0, -1, 1 - known)
    model = MixtureModel(2, random_state=seed).fit(points, labels=known)
    other = MixtureModel(2, random_state=seed).fit(points, labels=swapped)
    np.testing.assert_allclose(model.means_, MEANS, atol=0.5)
    np.testing.assert_allclose(other.means_[::-1], model.means_, rtol=1e-6)


def test_labels_that_make_no_sense_are_refused():
    points, labels = two_clouds()
    for wrong in (labels + 1, labels[:-1], np.append(labels, 0), labels - 0.5, labels.astype(str)):
        with pytest.raises(InputError, match="labels"):
            MixtureModel(2, random_state=0).fit(points, labels=wrong)


def test_frozen_means_stay_and_the_covariances_are_best_for_them():
    points, _ = two_clouds()
    model = MixtureModel(2, means_init=MEANS, frozen_parameters=["means"]).fit(points)
    assert np.array_equal(model.means_, MEANS)
    shares = model.predict_proba(points)
    for k in range(2):
        centred = points - MEANS[k]
        expected = (shares[:, k, None] * centred).T @ centred / shares[:, k].sum()
        np.testing.assert_allclose(model.covariances_[k], expected, rtol=1e-4)
    free = 2 * 3 + 1
    assert model.aic(points) == pytest.approx(2 * free - 2 * 150 * model.score(points))


def test_frozen_components_stay_and_count_no_parameters():
    points, _ = two_clouds()
    covariances = np.array([np.eye(2), np.eye(2)])
    model = MixtureModel(
        2, means_init=MEANS, covariances_init=covariances, frozen_components=[True, False]
    ).fit(points)
    assert np.array_equal(model.means_[0], MEANS[0])
    assert np.array_equal(model.covariances_[0], np.eye(2))
    assert not np.array_equal(model.means_[1], MEANS[1])
    assert model.aic(points) == pytest.approx(2 * (5 + 1) - 2 * 150 * model.score(points))


COLUMNS = {
    "bernoulli": np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
    "categorical": np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 2.0, 0.0]]),
    "multinomial": np.array([[3.0, 1.0, 2.0], [1.0, 0.0, 4.0], [2.0, 2.0, 1.0]]),
    "von_mises_fisher": np.eye(3),
}


@pytest.mark.parametrize("name", sorted(set(families.names()) - {"product", "gaussian-known"}))
def test_a_family_that_is_frozen_altogether_has_no_free_parameters(name):
    points = COLUMNS.get(name, np.array([[1.0, 2.0, 4.0], [2.0, 1.0, 1.0], [4.0, 5.0, 3.0]]))
    family = families.get(name, **({"categories": 3} if name == "categorical" else {}))
    sample_of = MixtureModel(2)._sample
    parameters = family.initial(sample_of(np.tile(points, (3, 1)), None)[0], 2)
    count = family.n_parameters(2, 3)
    assert n_frozen(family, parameters, list(parameters), None) == count
    assert n_frozen(family, parameters, (), np.array([True, True])) == count
    assert n_frozen(family, parameters, (), None) == 0


def test_a_floor_under_the_weights_holds():
    points, _ = two_clouds()
    free = MixtureModel(2, means_init=MEANS).fit(points)
    floor = free.weights_.min() + 0.03
    bound = MixtureModel(2, means_init=MEANS, weight_floor=floor).fit(points)
    assert bound.weights_.min() == pytest.approx(floor, abs=1e-12)
    assert bound.lower_bound_ < free.lower_bound_


@pytest.mark.parametrize("family", ["gaussian", "student_t"])
def test_a_floor_under_the_covariances_holds_and_is_told_of(family):
    points, _ = two_clouds()
    model = MixtureModel(2, family=family, means_init=MEANS, covariance_floor=1.3).fit(points)
    assert np.linalg.eigvalsh(model.covariances_).min() >= 1.3 - 1e-9
    assert "floor 1.3 on covariances is active" in model.message_
    loose = MixtureModel(2, family=family, means_init=MEANS, covariance_floor=1e-6).fit(points)
    assert "floor" not in loose.message_


def test_a_ridge_is_on_the_diagonal_of_every_covariance():
    points, _ = two_clouds()
    model = MixtureModel(1, reg_covar=0.5).fit(points)
    expected = np.cov(points.T, ddof=0) + 0.5 * np.eye(2)
    np.testing.assert_allclose(model.covariances_[0], expected, rtol=1e-9)


def test_a_schedule_ends_at_its_last_temperature():
    points, _ = two_clouds()
    settings = {"means_init": MEANS, "covariance_type": "tied", "tol": 1e-9}
    annealed = MixtureModel(2, epsilon=[1.2, 1.0, 0.8], **settings).fit(points)
    direct = MixtureModel(2, epsilon=0.8, **settings).fit(points)
    np.testing.assert_allclose(annealed.means_, direct.means_, atol=1e-6)
    np.testing.assert_allclose(
        annealed.predict_proba(points), direct.predict_proba(points), atol=1e-6
    )
    assert annealed.n_iter_ != direct.n_iter_


@pytest.mark.parametrize(
    "options",
    [{"weight_floor": 0.1}, {"frozen_parameters": ["means"]}, {"frozen_components": [True, False]}],
    ids=str,
)
def test_batches_are_not_taken_under_constraints(options):
    assert not hasattr(MixtureModel(2, **options), "partial_fit")
    assert hasattr(MixtureModel(2, covariance_floor=1e-3), "partial_fit")


def test_batches_respect_a_floor_under_the_covariances():
    model = MixtureModel(1, covariance_floor=0.5)
    model.partial_fit(two_clouds()[0]).partial_fit(np.array([[0.0, 0.0]]))
    for _ in range(200):
        model.partial_fit(np.array([[0.0, 0.0]]))
    assert np.linalg.eigvalsh(model.covariances_).min() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_floor": 0.6}, "weight_floor must lie between 0 and"),
        ({"weight_floor": 0.1, "weights": "fixed"}, "leave weights free"),
        ({"frozen_parameters": ["rates"]}, "no 'rates'"),
        ({"frozen_components": [True]}, "frozen_components must be 2 truth values"),
        ({"covariance_floor": 0.1, "family": "poisson"}, "covariance_floor belongs to"),
        ({"covariance_floor": 0.1, "reg_covar": 0.1}, "not both"),
        ({"epsilon": []}, "epsilon must be"),
        ({"epsilon": [2.0, -1.0]}, "epsilon must be"),
    ],
    ids=str,
)
def test_constraints_that_make_no_sense_are_refused_in_one_line(options, message):
    points = np.abs(np.round(two_clouds()[0]))
    with pytest.raises(InputError, match=message) as caught:
        MixtureModel(**{"n_components": 2, "random_state": 0, **options}).fit(points)
    assert "\n" not in str(caught.value)


def test_an_active_floor_does_not_silence_a_fit_that_did_not_converge():
    points, _ = two_clouds()
    with pytest.warns(ConvergenceWarning, match=r"iteration limit.*floor 1\.3"):
        MixtureModel(2, means_init=MEANS, covariance_floor=1.3, max_iter=2).fit(points)
