"""What the words of an estimator's constructor mean to the fitting core."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from mixot import families
from mixot.errors import InputError
from mixot.families import Family
from mixot.fitting.annealing import Annealing, as_schedule
from mixot.transport import plans
from mixot.types import Array

# Families that come in shapes of covariance: their plain name is an alias that takes the type.
_SHAPED = ("gaussian", "student_t")
_SIZED = {"reg_covar": ("gaussian",), "covariance_floor": _SHAPED}


@dataclass(frozen=True, slots=True)
class Request:
    """A fit without its data: the family, the plan, its temperature and what holds the weights."""

    family: Family
    plan: str
    epsilon: float | Sequence[float] | Annealing
    weights: str | Array

    @property
    def final_epsilon(self) -> float:
        """The temperature of the result, the last one of a schedule."""
        return as_schedule(self.epsilon, plans.get(self.plan)).epsilons[-1]

    @property
    def has_free_weights(self) -> bool:
        """Whether the weights are estimated."""
        return isinstance(self.weights, str) and self.weights == "free"


def resolve(
    family: str | Family,
    covariance_type: str,
    reg_covar: float,
    covariance_floor: float,
    coupling: str,
    weights: str | Array,
    epsilon: float | Sequence[float] | Annealing,
) -> Request:
    """Return the request that these words make; the fit itself checks the numbers.

    The balanced coupling with free weights is the plan that finds the weights itself.
    """
    held = weights if isinstance(weights, str) else np.asarray(weights, dtype=np.float64)
    is_free = isinstance(held, str) and held == "free"
    plan = "balanced_free" if coupling == "balanced" and is_free else coupling
    resolved = resolve_family(family, covariance_type, reg_covar, covariance_floor)
    return Request(resolved, plan, epsilon, held)


def resolve_family(
    family: str | Family,
    covariance_type: str = "full",
    reg_covar: float = 0.0,
    covariance_floor: float = 0.0,
) -> Family:
    """Return the family of a name, an alias with its covariance type, or an instance as it is."""
    is_alias = isinstance(family, str) and family in _SHAPED
    if not is_alias and covariance_type != "full":
        raise InputError(
            f"covariance_type={covariance_type!r} has no meaning for family={_label(family)}; "
            f"it belongs to {' and '.join(repr(name) for name in _SHAPED)}"
        )
    name = f"{family}-{covariance_type}" if is_alias else family
    sizes = {"reg_covar": ("ridge", reg_covar), "covariance_floor": ("floor", covariance_floor)}
    options = {}
    for word, (option, size) in sizes.items():
        if size == 0.0:
            continue
        if not isinstance(name, str):
            raise InputError(f"{word} belongs to a family given by name; set the instance's own")
        if name.partition("-")[0] not in _SIZED[word]:
            raise InputError(f"{word} belongs to {' and '.join(_SIZED[word])}, not to {name!r}")
        options[option] = float(size)
    return families.get(name, **options) if isinstance(name, str) else name


def check_count(name: str, value: Any, least: int) -> None:
    """Raise InputError unless the value is a whole number that is at least `least`."""
    is_whole = isinstance(value, Integral) and not isinstance(value, np.bool_ | bool)
    if not is_whole or value < least:
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}")


def _label(family: str | Family) -> str:
    return repr(family if isinstance(family, str) else family.name)
