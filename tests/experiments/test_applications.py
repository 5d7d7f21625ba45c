"""The experiments on applications notice a library that is wrong; their helpers are right."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from mixot import as_sample
from mixot.errors import InputError
from mixot.experiments import _agreement as agreement
from mixot.experiments import _em_limit as limits
from mixot.experiments import _lee as lee
from mixot.experiments import _photographs as photographs
from mixot.experiments import digits, documents, effectiveness
from mixot.experiments._tables import TABLES, principal
from mixot.families.gaussian import Gaussian
from mixot.families.multinomial import Multinomial
from mixot.families.von_mises_fisher import VonMisesFisher
from mixot.fitting import loop
from mixot.fitting.stopping import Certificate
from mixot.reference import em
from mixot.transport.plans import balanced, semirelaxed
from mixot.types import Mixture


@pytest.mark.parametrize(
    "name", ["photographs", "palettes", "digits", "documents", "effectiveness"]
)
def test_the_claims_hold(false_claims, name):
    assert false_claims(name) == set()


def test_a_covariance_that_is_a_ten_millionth_too_large_is_noticed(monkeypatch, false_claims):
    honest = Gaussian.m_step

    def broken(self, statistics, parameters):
        made = honest(self, statistics, parameters)
        return {**made, "covariances": made["covariances"] * (1.0 + 1e-7)}

    monkeypatch.setattr(Gaussian, "m_step", broken)
    assert false_claims("photographs", stride=8, n_components=[2], max_iter=4) == {"U1"}


SMALL = {
    "palettes": {"stride": 8, "max_iter": 3},
    "digits": {"starts": 1, "stride": 4, "max_iter": 10},
    "documents": {"starts": 1, "topics": [2], "max_iter": 10},
}


@pytest.mark.parametrize(
    ("name", "claim"), [("palettes", "U2"), ("digits", "U3"), ("documents", "U4")]
)
def test_a_balanced_plan_that_misses_its_marginal_is_noticed(
    monkeypatch, false_claims, name, claim
):
    honest = type(balanced.PLAN).choose

    def broken(self, oracle, weights, epsilon, g):
        shift = 1.0 + 1e-4 * np.linspace(-1.0, 1.0, weights.size)
        return honest(self, oracle, weights * shift / (weights @ shift), epsilon, g)

    monkeypatch.setattr(type(balanced.PLAN), "choose", broken)
    assert false_claims(name, **SMALL[name]) == {claim}


def test_a_plan_that_is_not_the_e_step_is_noticed_in_the_objective(monkeypatch, false_claims):
    honest = type(semirelaxed.PLAN).choose

    def broken(self, *given):
        chosen = honest(self, *given)
        return replace(chosen, tilt=chosen.tilt + 1e-8 * np.arange(chosen.tilt.size))

    monkeypatch.setattr(type(semirelaxed.PLAN), "choose", broken)
    assert false_claims("digits", **SMALL["digits"]) == {"U3"}


def test_a_density_of_documents_that_is_off_is_noticed(monkeypatch, false_claims):
    honest = Multinomial.log_density
    monkeypatch.setattr(Multinomial, "log_density", lambda *given: honest(*given) * (1.0 + 1e-10))
    assert false_claims("documents", **SMALL["documents"]) == {"U4"}


def test_a_rule_that_looks_at_the_step_and_not_at_the_distance_is_noticed(
    monkeypatch, false_claims
):
    def broken(steps, decrease):
        del decrease
        last = float(steps[-1]) if steps.size else np.inf
        return Certificate(last, 0.0, last, 0.0)

    monkeypatch.setattr(loop, "certify", broken)
    assert false_claims("effectiveness", tables=["overlapping"]) == {"W1"}


def test_accuracy_is_the_best_over_all_matchings():
    rng = np.random.default_rng(0)
    labels, classes = rng.integers(4, size=60), rng.integers(4, size=60)
    matchings = itertools.permutations(range(4))
    best = max(np.mean(np.array(m)[labels] == classes) for m in matchings)
    assert agreement.accuracy(labels, classes, 4) == pytest.approx(best)


def test_a_limit_stands_still_under_the_references_em():
    table = TABLES["faithful"]()
    found = limits.limit(table.points, effectiveness.first("faithful", table, 0), "full", 2000)
    equal = np.full(len(table.points), 1.0 / len(table.points))
    path = em.em_path(
        "gaussian-full", table.points, equal, found.weights, dict(found.parameters), 1
    )
    after = Mixture(path[1].weights, path[1].parameters)
    assert limits.distance(after, found, "full") < 1e-10


def test_the_distance_of_mixtures_is_that_of_their_complete_data():
    one = Mixture(
        np.array([0.4, 0.6]), {"means": np.zeros((2, 1)), "covariances": np.ones((2, 1, 1))}
    )
    moved = {**one.parameters, "means": np.array([[0.3], [0.0]])}
    expected = np.sqrt(2.0 * scipy.stats.entropy([0.5, 0.5], one.weights) + 0.5 * 0.3**2)
    other = Mixture(np.array([0.5, 0.5]), moved)
    assert limits.distance(other, one, "full") == pytest.approx(expected, rel=1e-12)


def test_the_noise_ratio_is_that_of_the_mean_colours():
    pixels = np.array([[0.0, 0.0, 0.0], [0.2, 0.2, 0.2], [1.0, 1.0, 1.0]])
    assert photographs.noise_ratio(pixels, np.array([0, 0, 2]), 3) == pytest.approx(
        -10.0 * np.log10(2.0 * 0.01 / 3.0)
    )


def test_principal_axes_give_back_what_lies_in_them():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 5)) + 3.0
    axes = principal(points, 2)
    np.testing.assert_allclose(axes.back(axes.coordinates), points, atol=1e-12)


def test_the_other_sides_densities_are_those_of_scipy():
    rng = np.random.default_rng(2)
    bits, counts = rng.integers(2, size=(5, 4)).astype(float), rng.integers(4, size=(5, 3))
    ones, shares = rng.random((2, 4)), rng.dirichlet(np.ones(3), 2)
    weights = np.full(2, 0.5)
    np.testing.assert_allclose(
        -digits.costs(bits, Mixture(weights, {"probabilities": ones})),
        scipy.stats.bernoulli.logpmf(bits[:, None], ones).sum(axis=2),
        rtol=1e-12,
    )
    found = documents.log_densities(
        counts.astype(float), Mixture(weights, {"probabilities": shares})
    )
    expected = [scipy.stats.multinomial.logpmf(counts, counts.sum(axis=1), p) for p in shares]
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-12)
    unit = rng.normal(size=(6, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    parameters = {"directions": unit[:2], "concentrations": np.array([3.0, 40.0])}
    expected = [
        scipy.stats.vonmises_fisher(mu, kappa).logpdf(unit)
        for mu, kappa in zip(unit[:2], (3.0, 40.0), strict=True)
    ]
    found = documents.log_densities(unit, Mixture(weights, parameters))
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-10)
    np.testing.assert_allclose(found, VonMisesFisher().log_density(unit, parameters), rtol=1e-10)


def test_a_corpus_that_is_not_there_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setattr(lee, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"gensim, which is not installed.*mixot\[reproduce\]"):
        lee.load(2)


def test_rows_of_a_file_are_the_pixels():
    pixels = photographs.load("flower", 16).pixels
    with photographs.on_disk(pixels) as rows:
        read = np.vstack([part for part, _ in rows.slabs([slice(0, len(pixels))])])
    np.testing.assert_array_equal(read, as_sample(pixels).points)
