"""Problems by name: which there are, what they take, and what they refuse."""

import sys

import numpy as np
import pytest

from mixot import families, problems
from mixot.errors import InputError
from mixot.problems import library

# name: observations, features, components, first family
TABLE = {
    "well_separated": (1000, 2, 3, "gaussian-full"),
    "overlapping": (1000, 2, 3, "gaussian-full"),
    "imbalanced": (2000, 2, 4, "gaussian-full"),
    "anisotropic": (1500, 3, 3, "gaussian-full"),
    "high_dimensional": (2000, 20, 5, "gaussian-full"),
    "misspecified": (1500, 2, 3, "gaussian-full"),
    "isotropic": (1000, 2, 4, "gaussian-known"),
    "poisson": (2000, 1, 3, "poisson"),
    "faithful": (272, 2, 2, "gaussian-full"),
    "iris": (150, 4, 3, "gaussian-full"),
    "wine": (178, 13, 3, "gaussian-tied"),
    "times_deaths": (10, 1, 2, "poisson"),
}
REAL = ("faithful", "iris", "wine", "times_deaths")
SYNTHETIC = tuple(name for name in TABLE if name not in REAL)


def refusal(function, *arguments, **options):
    """Return the line with which a call is refused."""
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_registry_has_the_tables_problems_and_the_users_file():
    assert set(problems.names()) == {*TABLE, "file"}


@pytest.mark.parametrize("name", TABLE)
def test_every_problem_has_the_shape_of_the_table_and_suits_its_families(name):
    problem = problems.load(name, 3)
    n_samples, n_features, n_components, family = TABLE[name]
    assert problem.name == name
    assert problem.sample.points.shape == (n_samples, n_features)
    assert len(problem.columns) == n_features
    assert problem.n_components == n_components
    assert problem.families[0] == family
    for recommended in problem.families:
        problems.check(problem, families.get(recommended, **problem.family_options))


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_data_depend_on_the_seed_and_on_nothing_else(name):
    first = problems.load(name, 3)
    problems.load(name, 4)
    np.random.default_rng(0).random(100)
    assert problems.load(name, 3).digest == first.digest
    assert problems.load(name, 4).digest != first.digest


@pytest.mark.parametrize("name", REAL)
def test_real_data_do_not_depend_on_the_seed(name):
    assert problems.load(name, 0).digest == problems.load(name, 1).digest
    assert problems.load(name).truth is None


def test_no_two_problems_have_the_same_data():
    digests = {problems.load(name, 0).digest for name in TABLE}
    assert len(digests) == len(TABLE)


@pytest.mark.parametrize(
    ("name", "seed", "options", "words"),
    [
        ("geyser", 0, {}, "unknown problem 'geyser'; allowed: anisotropic, faithful, file"),
        ("../iris", 0, {}, "unknown problem '../iris'"),
        ("poisson", -1, {}, "seed must be a whole number >= 0, got -1"),
        ("poisson", 1.0, {}, "seed must be a whole number >= 0, got 1.0"),
        ("poisson", True, {}, "seed must be a whole number >= 0, got True"),
        ("poisson", 0, {"n": 5}, "problem poisson has no option 'n'; allowed: n_samples"),
        ("iris", 0, {"n_samples": 5}, "no option 'n_samples'; allowed: n_components"),
        ("poisson", 0, {"n_samples": 2}, "n_samples must be a whole number >= 3, got 2"),
        ("isotropic", 0, {"n_samples": "many"}, "n_samples must be a whole number >= 4"),
        ("overlapping", 0, {"n_samples": 10.0}, "n_samples must be a whole number >= 3"),
        ("imbalanced", 0, {"separation": 0}, "separation must be a finite number > 0, got 0"),
        ("isotropic", 0, {"separation": float("nan")}, "separation must be a finite number > 0"),
        ("anisotropic", 0, {"ratio": float("inf")}, "ratio must be a finite number > 0"),
        ("misspecified", 0, {"degrees_of_freedom": 2}, "degrees_of_freedom must be a finite"),
        ("high_dimensional", 0, {"n_features": 1}, "n_features must be a whole number >= 2"),
        ("faithful", 0, {"n_components": 0}, "n_components must be a whole number >= 1"),
        ("iris", 0, {"n_components": 151}, "problem iris: 150 observations are too few"),
    ],
)
def test_what_cannot_be_generated_is_refused_with_what_is_allowed(name, seed, options, words):
    assert words in refusal(problems.load, name, seed, **options)


def test_the_options_of_a_problem_are_listed_with_their_defaults():
    assert problems.options("well_separated") == {"n_samples": 1000, "separation": 6.0}
    assert problems.load("well_separated", 0).digest == (
        problems.load("well_separated", 0, **problems.options("well_separated")).digest
    )


def test_a_new_problem_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "coin.py").write_text(
        "from mixot.arrays import as_sample\n"
        "from mixot.problems.problem import Problem\n"
        "def make(seed, *, heads=3):\n"
        "    sample = as_sample([0, 1], [heads, 2], 'frequency')\n"
        "    return Problem('coin', sample, 1, ('poisson',), ('side',), 'a coin')\n"
    )
    monkeypatch.setattr(library, "__path__", [*library.__path__, str(tmp_path)])
    assert "coin" in problems.names()
    assert problems.options("coin") == {"heads": 3}
    assert problems.load("coin", heads=5).sample.size == 7
    monkeypatch.delitem(sys.modules, "mixot.problems.library.coin")


def test_a_family_that_does_not_suit_is_refused_with_problem_and_columns():
    line = refusal(problems.check, problems.load("faithful"), families.get("poisson"))
    assert line.startswith("problem faithful (columns eruptions, waiting): ")
    assert "row 0, column 0 is 3.6; counts must be whole numbers" in line
    gaussian = families.get("gaussian-full")
    too_many = refusal(problems.check, problems.load("times_deaths"), gaussian, 11)
    assert "10 distinct points are too few for 11 components" in too_many
