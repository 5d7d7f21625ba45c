"""The judge of fits on unlike numbers of workers, and iterations made one at a time."""

import numpy as np

from mixot.arrays import as_sample
from mixot.benchmarks import data, ours
from mixot.benchmarks.cells import distributed
from mixot.engines import as_rows
from mixot.types import Mixture


def path(*means: float) -> list[Mixture]:
    return [Mixture(np.ones(1), {"means": np.array([[mean]])}) for mean in means]


def test_workers_have_to_agree_in_every_bit_of_every_iteration():
    assert distributed.check({1: path(1.0, 2.0), 2: path(1.0, 2.0)}).holds
    assert not distributed.check({1: path(1.0, 2.0), 2: path(1.0, np.nextafter(2.0, 3.0))}).holds
    assert not distributed.check({1: path(np.nextafter(1.0, 0.0), 2.0), 2: path(1.0, 2.0)}).holds


def test_a_worker_that_had_more_turns_is_compared_as_far_as_the_other_got():
    check = distributed.check({1: path(1.0, 2.0), 2: path(1.0, 2.0, 3.0)})
    assert check.holds
    assert check.numbers == {"iterations compared": 2}
    assert not distributed.check({1: path(1.0), 2: []}).holds


def test_a_step_at_a_time_is_the_fit():
    points = data.clusters(2000, 2, 3)
    start = data.start(points, 3, "full")
    step = ours.stepper(as_rows(as_sample(points)), start, "full")
    for n_iter in (1, 2, 3):
        whole = ours.em(points, start, "full")(n_iter).mixture
        assert distributed.check({1: [step()], 2: [whole]}).holds
