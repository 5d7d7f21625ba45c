"""What the words of an estimator's constructor mean to the fitting core."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from mixot import families
from mixot.errors import InputError
from mixot.families import Family
from mixot.types import Array

# Families that come in shapes of covariance: their plain name is an alias that takes the type.
_SHAPED = ("gaussian", "student_t")


@dataclass(frozen=True, slots=True)
class Request:
    """A fit without its data: the family, the plan, its temperature and what holds the weights."""

    family: Family
    plan: str
    epsilon: float
    weights: str | Array

    @property
    def has_free_weights(self) -> bool:
        """Whether the weights are estimated."""
        return isinstance(self.weights, str) and self.weights == "free"


def resolve(
    family: str | Family,
    covariance_type: str,
    reg_covar: float,
    coupling: str,
    weights: str | Array,
    epsilon: float,
) -> Request:
    """Return the request that these words make; the fit itself checks the numbers.

    The balanced coupling with free weights is the plan that finds the weights itself.
    """
    held = weights if isinstance(weights, str) else np.asarray(weights, dtype=np.float64)
    is_free = isinstance(held, str) and held == "free"
    plan = "balanced_free" if coupling == "balanced" and is_free else coupling
    return Request(resolve_family(family, covariance_type, reg_covar), plan, epsilon, held)


def resolve_family(family: str | Family, covariance_type: str, reg_covar: float) -> Family:
    """Return the family of a name, an alias with its covariance type, or an instance as it is."""
    is_alias = isinstance(family, str) and family in _SHAPED
    if not is_alias and covariance_type != "full":
        raise InputError(
            f"covariance_type={covariance_type!r} has no meaning for family={_label(family)}; "
            f"it belongs to {' and '.join(repr(name) for name in _SHAPED)}"
        )
    if not isinstance(family, str):
        if reg_covar != 0.0:
            raise InputError("reg_covar belongs to a family given by name; set the instance's own")
        return family
    name = f"{family}-{covariance_type}" if is_alias else family
    if reg_covar == 0.0:
        return families.get(name)
    if not name.startswith("gaussian-"):
        raise InputError(f"reg_covar belongs to Gaussian families, not to {family!r}")
    return families.get(name, ridge=float(reg_covar))


def check_count(name: str, value: Any, least: int) -> None:
    """Raise InputError unless the value is a whole number that is at least `least`."""
    is_whole = isinstance(value, Integral) and not isinstance(value, np.bool_ | bool)
    if not is_whole or value < least:
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}")


def _label(family: str | Family) -> str:
    return repr(family if isinstance(family, str) else family.name)
