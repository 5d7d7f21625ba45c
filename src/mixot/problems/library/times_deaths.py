"""Death notices of women of 80 and over in The Times, 1910-1912: on how many days how many.

Ten distinct counts stand for 1,096 days. Hasselblad (1969), Journal of the American Statistical
Association 64, 1459-1471. The maximum-likelihood mixture of two Poisson distributions has weight
.3598854 on the rate 1.2560951 and the rest on 2.6634044; the log-likelihood is -1989.945860, and
EM's linear rate there, .9957, makes it a classic of slow convergence.
"""

from mixot.problems.options import whole_number
from mixot.problems.problem import Problem
from mixot.problems.tables import Selection, packaged, select


def make(seed: int, *, n_components: int = 2) -> Problem:
    """Read the packaged table; the seed has no influence."""
    del seed
    selection = Selection(columns=("deaths",), weights_column="days", weights_kind="frequency")
    sample, columns = select(packaged("times_deaths.csv"), selection, "times_deaths")
    return Problem(
        name="times_deaths",
        sample=sample,
        n_components=whole_number("n_components", n_components, at_least=1),
        families=("poisson",),
        columns=columns,
        description="death notices a day in The Times, 1910-1912, as weighted counts",
    )
