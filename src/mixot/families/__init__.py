"""Component families, loaded when they are asked for, so that a fit depends on the one it uses.

What `get` builds by name its class builds directly: ``StudentT("diag", df=3)`` is
``get("student_t-diag", df=3)``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixot.families.base import Family, SingularComponentError
from mixot.families.registry import get, names

if TYPE_CHECKING:
    from mixot.families.bernoulli import Bernoulli
    from mixot.families.categorical import Categorical
    from mixot.families.exponential import Exponential
    from mixot.families.gamma import Gamma
    from mixot.families.gaussian import Gaussian
    from mixot.families.multinomial import Multinomial
    from mixot.families.own import OwnFamily
    from mixot.families.poisson import Poisson
    from mixot.families.product import Product
    from mixot.families.student_t import StudentT
    from mixot.families.von_mises_fisher import VonMisesFisher

__all__ = [
    "Bernoulli",
    "Categorical",
    "Exponential",
    "Family",
    "Gamma",
    "Gaussian",
    "Multinomial",
    "OwnFamily",
    "Poisson",
    "Product",
    "SingularComponentError",
    "StudentT",
    "VonMisesFisher",
    "get",
    "names",
]

_CLASSES = {
    "Bernoulli": "bernoulli",
    "Categorical": "categorical",
    "Exponential": "exponential",
    "Gamma": "gamma",
    "Gaussian": "gaussian",
    "Multinomial": "multinomial",
    "OwnFamily": "own",
    "Poisson": "poisson",
    "Product": "product",
    "StudentT": "student_t",
    "VonMisesFisher": "von_mises_fisher",
}


def __getattr__(name: str) -> Any:
    """Load a family's class when it is first asked for."""
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_CLASSES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_CLASSES})
