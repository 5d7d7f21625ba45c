"""A problem: a sample, how many components to look for, and what is known about it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mixot.errors import InputError
from mixot.families import Family
from mixot.types import Mixture, Sample


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Everything that a comparison of solvers takes as given.

    families: the recommended ones, first choice first; family_options: what to build them with,
    as JSON values (the known covariance of `isotropic`). columns: (d,) names of the features.
    labels: (n,) int64 true classes, or None. truth: for synthetic problems the mixture that the
    points were drawn from, with the parameters of families[0]; None for real data.
    """

    name: str
    sample: Sample
    n_components: int
    families: tuple[str, ...]
    columns: tuple[str, ...]
    description: str
    family_options: Mapping[str, float | list[float]] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    truth: Mixture | None = None

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the points, the weights and the size.

        Two problems have the same digest exactly if every fit of them has the same input: names,
        labels and truth do not enter.
        """
        sample = self.sample
        header = json.dumps([*sample.points.shape, float(sample.size)])
        state = hashlib.sha256(header.encode("ascii"))
        for array in (sample.points, sample.weights):
            # Spelled out so that the digest does not depend on the machine's byte order.
            state.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return state.hexdigest()


def check(problem: Problem, family: Family, n_components: int | None = None) -> None:
    """Refuse, naming problem and columns, a problem that the family cannot be fitted to.

    Rows in the message count within the sample, from which those of weight zero are gone.
    """
    wanted = problem.n_components if n_components is None else n_components
    try:
        family.check(problem.sample, wanted)
    except InputError as error:
        columns = ", ".join(problem.columns)
        raise InputError(f"problem {problem.name} (columns {columns}): {error}") from error
