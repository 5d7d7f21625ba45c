"""Three clusters with the heavy tails of a Student t, to be fitted by Gaussians all the same.

`truth` holds the clusters' weights, means and covariances: what a Gaussian of each would have.
"""

from mixot.problems.options import number_above
from mixot.problems.problem import Problem
from mixot.problems.synthetic import gaussian_problem, three_clusters


def make(
    seed: int,
    *,
    n_samples: int = 1500,
    separation: float = 6.0,
    degrees_of_freedom: float = 4.0,
) -> Problem:
    """Draw the points; covariances do not depend on the degrees of freedom (> 2)."""
    truth = three_clusters(number_above("separation", separation, 0.0))
    return gaussian_problem(
        "misspecified",
        seed,
        truth,
        n_samples,
        "three Student-t clusters, fitted by Gaussians",
        degrees_of_freedom=number_above("degrees_of_freedom", degrees_of_freedom, 2.0),
    )
