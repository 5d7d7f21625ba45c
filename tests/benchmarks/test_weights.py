"""The judges of the race over the weights."""

import numpy as np
import pytest

from mixot.benchmarks.cells import weights


def test_em_for_the_weights_ends_at_the_gap_that_is_certified_for_it():
    log_density = weights.scale_mixture(500, 4)
    likelihood = np.exp(log_density)
    found = weights.em(likelihood, 1e-9, 1)
    assert found.sum() == pytest.approx(1.0)
    assert weights.certified_gap(likelihood, found) <= 1e-9
    assert weights.certified_gap(likelihood, np.full(4, 0.25)) > 1e-3
