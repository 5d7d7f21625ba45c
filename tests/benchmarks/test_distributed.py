"""The judge of fits on unlike numbers of workers."""

from types import SimpleNamespace

import numpy as np

from mixot.benchmarks.cells import distributed
from mixot.types import Mixture


def test_workers_have_to_agree_in_every_bit():
    def fit(n_iter: int, mean: float) -> SimpleNamespace:
        return SimpleNamespace(
            n_iter=n_iter, mixture=Mixture(np.ones(1), {"means": np.array([[mean]])})
        )

    same = {1: fit(distributed.HIGH, 1.0), 2: fit(distributed.HIGH, 1.0)}
    other = {1: fit(distributed.HIGH, 1.0), 2: fit(distributed.HIGH, np.nextafter(1.0, 2.0))}
    fewer = {1: fit(distributed.HIGH, 1.0), 2: fit(distributed.HIGH - 1, 1.0)}
    assert distributed.check(same).holds
    assert not distributed.check(other).holds
    assert "iterations" in distributed.check(fewer).why
