"""Families by name and by class are the same thing, with the same refusals."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import mixot.families
from mixot import InputError, families

PAIRS = [
    (families.Gaussian(), "gaussian-full", {}),
    (families.Gaussian("tied"), "gaussian-tied", {}),
    (families.Gaussian("diag", floor=1e-3), "gaussian-diag", {"floor": 1e-3}),
    (families.Gaussian("spherical", ridge=1e-3), "gaussian-spherical", {"ridge": 1e-3}),
    (families.StudentT(df=4), "student_t-full", {"df": 4}),
    (families.StudentT("diag", df="estimate"), "student_t-diag", {"df": "estimate"}),
    (families.Poisson(), "poisson", {}),
    (families.Bernoulli(), "bernoulli", {}),
    (families.Categorical(), "categorical", {}),
    (families.Categorical(np.array([2, 3])), "categorical", {"categories": [2, 3]}),
    (families.Multinomial(), "multinomial", {}),
    (families.Exponential(), "exponential", {}),
    (families.Gamma(), "gamma", {}),
    (families.VonMisesFisher(), "von_mises_fisher", {}),
    (
        families.Product([(families.Poisson(), [0]), ("gaussian-diag", [1, 2], {"floor": 0.1})]),
        "product",
        {"blocks": [("poisson", 0), (families.Gaussian("diag", floor=0.1), (1, 2))]},
    ),
]


@pytest.mark.parametrize(("instance", "name", "options"), PAIRS)
def test_a_class_builds_what_its_name_does(instance, name, options):
    assert families.get(name, **options) == instance
    assert instance.name == name
    assert pickle.loads(pickle.dumps(instance)) == instance


def test_a_known_covariance_is_taken_as_numbers_in_any_form():
    one = families.Gaussian("known", [[2, 0.5], [0.5, 1]])
    other = families.get("gaussian-known", covariance=np.array([[2.0, 0.5], [0.5, 1.0]]))
    assert one.name == other.name == "gaussian-known"
    assert np.array_equal(one.covariance, other.covariance)
    assert one.covariance.dtype == np.float64


def test_every_family_has_a_class():
    classes = {getattr(families, name) for name in families.__all__ if name[0].isupper()}
    built = {type(families.get(name, **options)) for _, name, options in PAIRS}
    assert {type(instance) for instance, _, _ in PAIRS} == built
    assert built <= classes
    assert {name.partition("-")[0] for name in families.names()} == {
        name.partition("-")[0] for _, name, _ in PAIRS
    }
    assert set(families.__all__) <= set(dir(mixot.families))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: families.Gaussian("round"), "unknown covariance type 'round'; allowed: full"),
        (lambda: families.Gaussian("full", 1.0), "estimates its covariance"),
        (lambda: families.Gaussian("known"), "needs the option covariance"),
        (lambda: families.Gaussian("known", "wide"), "must be a number, or an array of numbers"),
        (lambda: families.Gaussian("known", [[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
        (lambda: families.Gaussian("known", np.ones((1, 1, 1))), "symmetric"),
        (lambda: families.Gaussian(ridge=True), "ridge must be a finite number >= 0"),
        (lambda: families.StudentT("known"), "unknown covariance type 'known'"),
        (lambda: families.StudentT(df=-1), "df must be a finite number > 0"),
        (lambda: families.Categorical(0), "whole number >= 1"),
        (lambda: families.Product(), "needs the option blocks"),
        (lambda: families.Product([("poisson", [0]), ("poisson", [0])]), "column 0 twice"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(build, words):
    with pytest.raises(InputError, match=words) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_what_is_not_a_family_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Cauchy'"):
        _ = families.Cauchy


def test_classes_are_loaded_when_they_are_asked_for():
    code = (
        "import sys, mixot.families as f; loaded = 'mixot.families.student_t' in sys.modules; "
        "f.StudentT(); assert not loaded and 'mixot.families.student_t' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
