"""The experiments on duals and certificates notice a library that is wrong."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from mixot.experiments import duality
from mixot.experiments._off_optimum import NAMES, scene
from mixot.reference import weights as reference_weights

# Names of functions in the packages that import them, so the modules are looked up.
DENSE = import_module("mixot.transport.dense")
EVALUATE = import_module("mixot.fitting.evaluate")
LOOP = import_module("mixot.fitting.loop")
PROBLEM = import_module("mixot.transport.problem")
WEIGHTS = import_module("mixot.fitting.weights")

ONE = {
    "duality": {"scenes": ["isotropic"], "epsilons": [1.0]},
    "certified_weights": {"scenes": ["overlapping"], "n_iter": 10, "checked": [0, 10]},
    "stopping": {"scenes": ["deaths"]},
}


@pytest.mark.parametrize("name", ONE)
def test_the_claims_hold(false_claims, name):
    assert false_claims(name) == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_scene_begins_at_an_optimum(name):
    place = scene(name, 0, "test", 12)
    residual, gap = reference_weights.stationarity(
        place.reference_cost(), place.sample.weights, place.mixture.weights
    )
    assert residual > 1e-2
    assert gap > 1e-2


def scaled_by(factor, honest):
    return lambda *arguments, **options: factor * honest(*arguments, **options)


def test_a_row_dual_that_forgets_a_millionth_of_the_mass_is_noticed(monkeypatch, false_claims):
    honest = duality.semi_relaxed_dual

    def broken(cost, a, weights, epsilon, f):
        return honest(cost, a, weights * (1.0 - 1e-6), epsilon, f)

    monkeypatch.setattr(duality, "semi_relaxed_dual", broken)
    assert false_claims("duality", **ONE["duality"]) == {"N1"}


def test_a_semi_dual_at_a_temperature_a_millionth_off_is_noticed(monkeypatch, false_claims):
    honest = duality.semi_dual

    def broken(cost, a, weights, epsilon, g):
        return honest(cost, a, weights, epsilon * (1.0 + 1e-6), g)

    monkeypatch.setattr(duality, "semi_dual", broken)
    assert false_claims("duality", **ONE["duality"]) == {"N2"}


def test_a_gap_that_is_too_small_for_an_unfinished_solve_is_noticed(monkeypatch, false_claims):
    honest = PROBLEM._bounds

    def broken(*arguments):
        value, dual, gap = honest(*arguments)
        return value, dual, 0.01 * gap

    monkeypatch.setattr(PROBLEM, "_bounds", broken)
    rounded = DENSE.Dense.rounded
    monkeypatch.setattr(DENSE.Dense, "rounded", lambda *given: rounded(*given) - 1.0)
    assert false_claims("duality", **ONE["duality"]) == {"N2"}


def test_an_e_step_that_spreads_a_millionth_is_noticed(monkeypatch, false_claims):
    honest = EVALUATE.soft

    def broken(log_kernel):
        log_normaliser, rows = honest(log_kernel)
        return log_normaliser, (1.0 - 1e-6) * rows + 1e-6 / rows.shape[0]

    monkeypatch.setattr(EVALUATE, "soft", broken)
    assert false_claims("certified_weights", **ONE["certified_weights"]) == {"N3"}


def test_a_certificate_that_claims_half_its_gap_is_noticed(monkeypatch, false_claims):
    monkeypatch.setattr(WEIGHTS, "certified_gap", scaled_by(0.5, WEIGHTS.certified_gap))
    assert false_claims("certified_weights", **ONE["certified_weights"]) == {"N3"}


def test_a_rule_that_takes_the_last_step_for_the_distance_is_noticed(monkeypatch, false_claims):
    honest = LOOP.certify

    def broken(steps, decrease):
        found = honest(steps, decrease)
        return replace(found, distance=found.step)

    monkeypatch.setattr(LOOP, "certify", broken)
    assert false_claims("stopping", **ONE["stopping"]) == {"N6"}


def test_the_deaths_leave_230_steps_and_115_decreases_undone(outcome):
    found = {r["quantity"]: r["statistic"] for r in outcome("stopping", **ONE["stopping"]).records}
    assert found["predicted distance over step"] == pytest.approx(229.7, abs=0.1)
    assert found["distance left over last step"] == pytest.approx(229.7, rel=0.01)
    assert found["objective left over last decrease"] == pytest.approx(114.6, rel=0.01)


def test_bounds_along_weight_em_are_ordered_and_close(outcome):
    series = outcome("certified_weights", **ONE["certified_weights"]).series
    lower, actual, upper = (series[f"overlapping {k}"] for k in ("lower", "actual", "upper"))
    assert (lower < actual).all()
    assert (actual < upper).all()
    assert np.all(np.diff(actual) < 0.0)
