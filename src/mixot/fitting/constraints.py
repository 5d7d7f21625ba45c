"""What a fit is not free to choose: some labels, parameters, components, and how small weights get.

*Known labels* fix rows of the plan: P_i = a_i e_y. Such a row pays C_iy - epsilon log pi_y, which
is what F is when the kernel of all other components is zero there.

*A floor c under the weights* makes their step min KL(b | pi) over pi >= c, whose solution is
pi_k = max(c, b_k / m), m such that they sum to 1. With A the components at the floor, the decrease
is the sum of terms that are all non-negative from a pi that respects the floor,

    KL(b | pi) - KL(b | pi') = m KL(pi' | pi) + sum_A (m c - b_k) log(pi_k / c),

the first of which is the whole of the energy balance's middle term while A is empty (m = 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixot.errors import InputError
from mixot.families.base import Family
from mixot.fitting.frozen import check_separable
from mixot.transport.objective import kl_divergence
from mixot.transport.plans import Plan
from mixot.types import Array, Mask, Mixture


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """Constraints of a fit; by default there are none.

    weight_floor: the least weight of a component, which moves only as far; labels: (n,) the known
    components of the observations, -1 where unknown; frozen_parameters: names of parameters that
    stay what they are in the start; frozen_components: (K,) whose parameters stay so, all of them
    (their weights do not: fix these with the fit's option weights).
    """

    weight_floor: float = 0.0
    labels: ArrayLike | None = None
    frozen_parameters: Iterable[str] = ()
    frozen_components: ArrayLike | None = None


UNCONSTRAINED = Constraints()


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Constraints that make sense for one fit; frozen_components: (K,); labels: (n,) or None."""

    weight_floor: float
    labels: NDArray[np.intp] | None
    frozen_parameters: frozenset[str]
    frozen_components: Mask

    @property
    def frozen(self) -> bool:
        """Whether the M-step leaves some parameters alone."""
        return bool(self.frozen_parameters) or bool(self.frozen_components.any())


def check(
    constraints: Constraints,
    family: Family,
    start: Mixture,
    plan: Plan,
    *,
    fixed_weights: bool,
    sample_weights: Array | None,
) -> Checked:
    """Return the constraints with their arrays in order; raises InputError for nonsense.

    sample_weights: (n,), or None if the rows do not lie in memory.
    """
    size = start.n_components
    floor = constraints.weight_floor
    if not 0.0 <= floor * size <= 1.0:
        raise InputError(
            f"weight_floor must lie between 0 and 1 / n_components = {1.0 / size:.15g}, got {floor}"
        )
    if floor > 0.0 and (fixed_weights or plan.weights != "m_step"):
        raise InputError("weight_floor bounds weights that the M-step moves: leave weights free")
    names = constraints.frozen_parameters
    frozen = frozenset([names] if isinstance(names, str) else names)
    unknown = sorted(frozen - set(start.parameters))
    if unknown:
        raise InputError(
            f"frozen_parameters: the family has no {unknown[0]!r}, "
            f"only {', '.join(sorted(start.parameters))}"
        )
    check_separable(family, frozen, frozenset(start.parameters))
    components = _components(constraints.frozen_components, size)
    shared = sorted(family.shared - frozen)
    if shared and components.any() and not components.all():
        raise InputError(
            f"frozen_components: {shared[0]} belong to all components alike: "
            "freeze them by name too, or use components that have their own"
        )
    labels = None
    if constraints.labels is not None:
        labels = _labels(constraints.labels, size, sample_weights)
        assert sample_weights is not None
        if plan.weights == "fixed":
            _check_marginal(labels, sample_weights, start.weights)
    return Checked(float(floor), labels, frozen, components)


def floored(marginal: Array, floor: float) -> tuple[Array, float]:
    """Return the weights >= floor nearest to a marginal (K,) that sums to 1, and the multiplier m.

    Nearest in KL(marginal | weights): components are put to the floor from the smallest on, until
    the others, in their proportions, lie above it.
    """
    if floor <= 0.0 or marginal.min() >= floor:
        return marginal, 1.0
    ascending = np.sort(marginal)
    above = ascending[::-1].cumsum()[::-1]
    n_floored = np.arange(marginal.size)
    left = 1.0 - floor * n_floored
    with np.errstate(divide="ignore", invalid="ignore"):
        multipliers = above / left
    fits = (left > 0.0) & (ascending >= floor * multipliers) & (above > 0.0)
    if not fits.any():
        return np.full(marginal.size, 1.0 / marginal.size), 1.0
    multiplier = float(multipliers[np.argmax(fits)])
    weights = np.maximum(marginal / multiplier, floor)
    return weights / weights.sum(), multiplier


def weights_decrease(marginal: Array, old: Array, floor: float) -> float:
    """Return KL(b | pi) - KL(b | pi') for the step from weights pi = old (K,) to pi' = floored."""
    new, multiplier = floored(marginal, floor)
    decrease = multiplier * kl_divergence(new, old)
    lacking = multiplier * floor - marginal
    bound = lacking > 0.0
    return decrease + float(np.sum(lacking[bound] * np.log(old[bound] / floor)))


def _components(mask: ArrayLike | None, size: int) -> Mask:
    if mask is None:
        return np.zeros(size, dtype=bool)
    values: NDArray[Any] = np.asarray(mask)
    if values.dtype != bool or values.shape != (size,):
        raise InputError(
            f"frozen_components must be {size} truth values, one a component, got "
            f"{values.dtype} of shape {values.shape}"
        )
    return values


def _labels(given: ArrayLike, size: int, sample_weights: Array | None) -> NDArray[np.intp]:
    if sample_weights is None:
        raise InputError("labels need a sample in memory")
    values: NDArray[Any] = np.asarray(given)
    if values.shape != sample_weights.shape or values.dtype.kind not in "iuf":
        raise InputError(
            f"labels must be {sample_weights.size} whole numbers, one an observation, got "
            f"{values.dtype} of shape {values.shape}"
        )
    bad = ~((values >= -1) & (values < size) & (values == np.floor(values)))
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"labels: row {row} has {values[row]}; labels must be whole numbers from 0 to "
            f"{size - 1}, or -1 where unknown"
        )
    return values.astype(np.intp)


def _check_marginal(labels: NDArray[np.intp], sample_weights: Array, weights: Array) -> None:
    """Refuse labels that give a component more mass than its fixed weight allows."""
    known = labels >= 0
    shares = np.bincount(labels[known], sample_weights[known], minlength=weights.size)
    over = shares > weights * (1.0 + 1e-9)
    if over.any():
        k = int(np.argmax(over))
        raise InputError(
            f"labels give component {k} the share {shares[k]:.6g}, more than its fixed weight "
            f"{weights[k]:.6g}, which a balanced plan must meet"
        )
