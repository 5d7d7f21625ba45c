"""Families by name.

A family is one module in this folder. It names its variants in ``VARIANTS`` and builds one with
``make(variant, **options)``; the public name is the module's, or ``module-variant``.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from mixot.errors import InputError
from mixot.families.base import Family

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
        "registry",
        "support",
    }
)


def names() -> tuple[str, ...]:
    """Return the names that `get` accepts, sorted."""
    found: list[str] = []
    for module_name in _modules():
        variants = import_module(f"{__package__}.{module_name}").VARIANTS
        found += [f"{module_name}-{variant}" if variant else module_name for variant in variants]
    return tuple(sorted(found))


def get(name: str, **options: object) -> Family:
    """Build the family called `name`, for example ``gaussian-full`` or ``poisson``.

    Raises InputError for an unknown name or an option that the family does not have.
    """
    module_name, _, variant = name.partition("-")
    if module_name not in _modules():
        raise InputError(f"unknown family {name!r}; allowed: {', '.join(names())}")
    module = import_module(f"{__package__}.{module_name}")
    if variant not in module.VARIANTS:
        raise InputError(f"unknown family {name!r}; allowed: {', '.join(names())}")
    try:
        family: Family = module.make(variant, **options)
    except TypeError as error:
        raise InputError(f"family {name!r} does not take these options: {error}") from error
    return family


@cache
def _modules() -> list[str]:
    return [
        m.name for m in iter_modules([str(Path(__file__).parent)]) if m.name not in _INFRASTRUCTURE
    ]
