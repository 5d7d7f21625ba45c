"""Chemical analyses of 178 wines from three cultivars: 13 measurements, each standardised.

Forina et al., PARVUS (UCI repository), as distributed with scikit-learn. The columns have mean 0
and standard deviation 1 here: raw, their scales differ by a factor of thousands, and starts would
be chosen by one column alone. Log-likelihoods differ from those of the raw data by a constant.
"""

import numpy as np
from sklearn.datasets import load_wine

from mixot.arrays import as_sample
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem


def make(seed: int, *, n_components: int = 3) -> Problem:
    """Read and standardise the table; the seed has no influence."""
    del seed
    table = load_wine()
    points = (table.data - table.data.mean(axis=0)) / table.data.std(axis=0)
    return Problem(
        name="wine",
        sample=as_sample(points),
        n_components=whole_number("n_components", n_components, at_least=1),
        families=("gaussian-tied", "gaussian-diag"),
        columns=tuple(table.feature_names),
        description="wines of three cultivars: 13 standardised measurements",
        labels=table.target.astype(np.int64),
    )
