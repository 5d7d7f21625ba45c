"""Plan kinds: which coupling of samples and components a fit alternates with its M-step.

A plan kind is one module in this folder with a constant ``PLAN``; a fit loads the one it uses.
"""

from importlib import import_module
from pkgutil import iter_modules

from mixot.errors import InputError
from mixot.transport.plans.base import Chosen, Plan

__all__ = ["Chosen", "Plan", "get", "names"]


def names() -> tuple[str, ...]:
    """Return the names that `get` accepts, sorted."""
    return tuple(sorted(m.name for m in iter_modules(__path__) if m.name != "base"))


def get(name: str) -> Plan:
    """Return the plan kind called `name`; raises InputError if there is none."""
    if name not in names():
        raise InputError(f"unknown plan {name!r}; allowed: {', '.join(names())}")
    plan: Plan = import_module(f"{__name__}.{name}").PLAN
    return plan
