"""Counts from three Poisson distributions with rates 2, 8 and 20 and weights .5, .3 and .2."""

import numpy as np

from mixot.arrays import as_sample
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem
from mixot.problems.synthetic import draw_labels
from mixot.streams import stream
from mixot.types import Mixture


def make(seed: int, *, n_samples: int = 2000) -> Problem:
    """Draw the counts."""
    n_samples = whole_number("n_samples", n_samples, at_least=3)
    weights, rates = np.array([0.5, 0.3, 0.2]), np.array([[2.0], [8.0], [20.0]])
    labels = draw_labels("poisson", seed, weights, n_samples)
    counts = stream("data", "poisson", seed, "points").poisson(rates[labels])
    return Problem(
        name="poisson",
        sample=as_sample(counts),
        n_components=3,
        families=("poisson",),
        columns=("count",),
        description="counts from three Poisson distributions",
        labels=labels,
        truth=Mixture(weights, {"rates": rates}),
    )
