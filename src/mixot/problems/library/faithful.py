"""Eruptions of the Old Faithful geyser: duration and waiting time to the next, both in minutes.

Azzalini and Bowman (1990), Applied Statistics 39, 357-365. With K = 2 and full covariances the
log-likelihood at the maximum is -1130.264 (272 observations).
"""

from mixot.problems.options import whole_number
from mixot.problems.problem import Problem
from mixot.problems.tables import Selection, packaged, select


def make(seed: int, *, n_components: int = 2) -> Problem:
    """Read the packaged table; the seed has no influence."""
    del seed
    selection = Selection(columns=("eruptions", "waiting"))
    sample, columns = select(packaged("faithful.csv"), selection, "faithful")
    return Problem(
        name="faithful",
        sample=sample,
        n_components=whole_number("n_components", n_components, at_least=1),
        families=("gaussian-full", "gaussian-tied"),
        columns=columns,
        description="Old Faithful: eruption and waiting times in minutes",
    )
