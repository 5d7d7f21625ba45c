"""Three Gaussian clusters in the plane that overlap.

The distance is chosen so that EM feels the overlap (its linear rate is between .91 and .96 for
the first ten seeds) and yet converges to 1e-8 within a few hundred steps.
"""

from mixot.problems.options import number_above
from mixot.problems.problem import Problem
from mixot.problems.synthetic import gaussian_problem, three_clusters


def make(seed: int, *, n_samples: int = 1000, separation: float = 2.8) -> Problem:
    """Draw the points; separation is the distance of the means, 0.6 to 1.2 being the widths."""
    truth = three_clusters(number_above("separation", separation, 0.0))
    return gaussian_problem(
        "overlapping", seed, truth, n_samples, "three overlapping Gaussian clusters"
    )
