"""Three Gaussian clusters in the plane that hardly touch: EM converges within a few steps."""

from mixot.problems.options import number_above
from mixot.problems.problem import Problem
from mixot.problems.synthetic import gaussian_problem, three_clusters


def make(seed: int, *, n_samples: int = 1000, separation: float = 6.0) -> Problem:
    """Draw the points; separation is the distance of the means, 0.6 to 1.2 being the widths."""
    truth = three_clusters(number_above("separation", separation, 0.0))
    return gaussian_problem(
        "well_separated", seed, truth, n_samples, "three Gaussian clusters that hardly touch"
    )
