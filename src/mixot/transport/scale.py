"""The scale of a cost, in which a temperature can be given."""

import numpy as np

from mixot.errors import InputError
from mixot.types import Array

# Differences that are looked at, at most.
_MOST = 1 << 22
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)


def cost_scale(cost: Array) -> float:
    """Return the median of |C_ik - C_il| over rows i and pairs k < l, for a cost (n, K).

    That is how much the choice between two columns costs a row, so that epsilon is small or large
    against it, whatever is added to rows. Pairs with a forbidden entry do not count; of large costs
    some rows do. 0 if nothing is to be chosen. Raises InputError for another shape.
    """
    cost = np.asarray(cost, dtype=np.float64)
    if cost.ndim != 2 or 0 in cost.shape:
        raise InputError("cost must be an (n, K) array")
    first, second = np.triu_indices(cost.shape[1], 1)
    if first.size == 0:
        return 0.0
    n_samples, most = cost.shape[0], max(1, _MOST // first.size)
    rows = cost
    if n_samples > most:
        # Spread evenly, and in step with no order that rows may have.
        rows = cost[(n_samples * (np.arange(most) * _GOLDEN % 1.0)).astype(np.intp)]
    with np.errstate(invalid="ignore"):
        apart = np.abs(rows[:, first] - rows[:, second])
    apart = apart[np.isfinite(apart)]
    return float(np.median(apart)) if apart.size else 0.0
