"""The judges of the race over the weights."""

from dataclasses import replace

import numpy as np
import pytest

from mixot.benchmarks.cells import weights
from mixot.benchmarks.record import FULL, OURS, SMALL, Outcome


def test_em_for_the_weights_ends_at_the_gap_that_is_certified_for_it():
    log_density = weights.scale_mixture(500, 4)
    likelihood = np.exp(log_density)
    found = weights.em(likelihood, 1e-9, 1)
    assert found.sum() == pytest.approx(1.0)
    assert weights.certified_gap(likelihood, found) <= 1e-9
    assert weights.certified_gap(likelihood, np.full(4, 0.25)) > 1e-3


def test_em_has_a_hundred_times_as_long_as_ours_within_bounds():
    mine = Outcome(OURS, "default", (1.0, 1.5, 9.0))
    assert 150.0 < weights.allowed(mine, FULL) < 160.0
    assert weights.allowed(replace(mine, seconds=(1e-3,)), FULL) == 10.0
    assert weights.allowed(replace(mine, seconds=()), FULL) == 10.0
    assert weights.allowed(mine, SMALL) == 4 * SMALL.cap
