"""Fisher's irises: four measurements in centimetres of 150 flowers of three species.

Fisher (1936), Annals of Eugenics 7, 179-188, as distributed with scikit-learn.
"""

import numpy as np
from sklearn.datasets import load_iris

from mixot.arrays import as_sample
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem


def make(seed: int, *, n_components: int = 3) -> Problem:
    """Read the table; the seed has no influence."""
    del seed
    table = load_iris()
    return Problem(
        name="iris",
        sample=as_sample(table.data),
        n_components=whole_number("n_components", n_components, at_least=1),
        families=("gaussian-full", "gaussian-tied"),
        columns=tuple(table.feature_names),
        description="Fisher's irises: four measurements of three species",
        labels=table.target.astype(np.int64),
    )
