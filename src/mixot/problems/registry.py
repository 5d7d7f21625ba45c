"""Problems by name: each is a module of `mixot.problems.library`, found by looking there.

Such a module is named like its problem and has one function, ``make(seed, *, options...)``; the
names and defaults of its keyword arguments are the options. Nothing else has to be edited to add
one.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.problems import library
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem


def names() -> tuple[str, ...]:
    """Return the names that `load` accepts, sorted."""
    return tuple(sorted(module.name for module in iter_modules(library.__path__)))


def options(name: str) -> dict[str, Any]:
    """Return the options of a problem with their defaults."""
    parameters = inspect.signature(_maker(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def load(name: str, seed: int = 0, **overrides: Any) -> Problem:
    """Generate or read a problem; its data depend on name, seed and options alone.

    Real data do not depend on the seed. Raises InputError for an unknown name or option, for a
    value that is not allowed, and for data that cannot be used.

    >>> problem = load("times_deaths")
    >>> problem.sample.points.shape, problem.sample.size
    ((10, 1), 1096.0)
    """
    maker, allowed = _maker(name), options(name)
    unknown = [key for key in overrides if key not in allowed]
    if unknown:
        raise InputError(
            f"problem {name} has no option {unknown[0]!r}; allowed: {', '.join(sorted(allowed))}"
        )
    problem = maker(whole_number("seed", seed, at_least=0), **overrides)
    check_enough_points(problem.sample, problem.n_components, f"problem {name}")
    return problem


def _maker(name: str) -> Callable[..., Problem]:
    if name not in names():
        raise InputError(f"unknown problem {name!r}; allowed: {', '.join(names())}")
    maker: Callable[..., Problem] = import_module(f"{library.__name__}.{name}").make
    return maker
