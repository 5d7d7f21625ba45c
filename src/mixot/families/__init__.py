"""Component families, loaded when they are asked for, so that a fit depends on the one it uses.

A family is one module in this folder. It names its variants in ``VARIANTS`` and builds one with
``make(variant, **options)``; the public name is the module's, or ``module-variant``. What `get`
builds by name its class builds directly: ``StudentT("diag", df=3)`` is
``get("student_t-diag", df=3)``.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from mixot.errors import InputError
from mixot.families.base import Family, SingularComponentError

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
_INFRASTRUCTURE = frozenset(
    {
        "averages",
        "base",
        "bessel",
        "charts",
        "counts",
        "covariances",
        "gamma_functions",
        "gaussian_linear",
        "increments",
        "linear",
        "linear_rows",
        "own",
        "probabilities",
        "support",
    }
)


def __getattr__(name: str) -> Any:
    """Load a family's class when it is first asked for."""
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_CLASSES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_CLASSES})


def names() -> tuple[str, ...]:
    """Return the names that `get` accepts, sorted."""
    found: list[str] = []
    for module_name in _modules():
        variants = import_module(f"{__name__}.{module_name}").VARIANTS
        found += [f"{module_name}-{variant}" if variant else module_name for variant in variants]
    return tuple(sorted(found))


def get(name: str, **options: object) -> Family:
    """Build the family called `name`, for example ``gaussian-full`` or ``poisson``.

    Raises InputError for an unknown name or an option that the family does not have.
    """
    module_name, _, variant = name.partition("-")
    if module_name not in _modules():
        raise InputError(f"unknown family {name!r}; allowed: {', '.join(names())}")
    module = import_module(f"{__name__}.{module_name}")
    if variant not in module.VARIANTS:
        raise InputError(f"unknown family {name!r}; allowed: {', '.join(names())}")
    try:
        family: Family = module.make(variant, **options)
    except TypeError as error:
        raise InputError(f"family {name!r} does not take these options: {error}") from error
    return family


def _modules() -> list[str]:
    return [m.name for m in iter_modules(__path__) if m.name not in _INFRASTRUCTURE]
