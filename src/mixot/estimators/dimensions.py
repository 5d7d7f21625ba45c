"""How many free numbers the parameters of components that stay as they are would have had."""

from collections.abc import Collection
from math import prod
from typing import Any

import numpy as np

from mixot.families import Family
from mixot.families.base import Domain
from mixot.types import Array, Parameters


def n_frozen(
    family: Family, parameters: Parameters, names: Collection[str], components: Any
) -> int:
    """Count the free numbers of the named parameters, and of all of the marked components (K,)."""
    marked = np.zeros(0) if components is None else np.asarray(components)
    total = 0
    for name, values in parameters.items():
        shared = name in family.shared
        each = _dimension(values if shared else values[0], family.domains.get(name))
        if shared:
            total += each if name in names or (marked.size > 0 and marked.all()) else 0
        else:
            total += each * (values.shape[0] if name in names else int(marked.sum()))
    return total


def _dimension(values: Array, domain: Domain | None) -> int:
    """Return the dimension of the set that the values of one component come from."""
    shape = np.shape(values)
    kind = "real" if domain is None else domain.kind
    if kind == "fixed":
        return 0
    if kind == "covariance":
        return shape[-1] * (shape[-1] + 1) // 2
    if kind in ("simplex", "sphere"):
        return prod(shape[:-1]) * (shape[-1] - 1)
    return prod(shape)
