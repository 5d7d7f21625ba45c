"""Plan kinds: which coupling of samples and components a fit alternates with its M-step.

A plan kind is one module in this folder with a constant ``PLAN``; a fit loads the one it uses.
"""

from dataclasses import fields, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from mixot.errors import InputError
from mixot.transport.plans.base import Chosen, Plan

__all__ = ["Chosen", "Plan", "get", "names"]


def names() -> tuple[str, ...]:
    """Return the names that `get` accepts, sorted."""
    return tuple(sorted(m.name for m in iter_modules(__path__) if m.name != "base"))


def get(plan: str | Plan, **options: float) -> Plan:
    """Return the plan kind of a name, with its options changed; a plan kind is returned as it is.

    Options are fields of the kind, such as tau of "unbalanced". Raises InputError for a name or an
    option that there is not.
    """
    if not isinstance(plan, str):
        return plan
    if plan not in names():
        raise InputError(f"unknown plan {plan!r}; allowed: {', '.join(names())}")
    found: Any = import_module(f"{__name__}.{plan}").PLAN
    allowed = {item.name for item in fields(found)} - {"rows", "weights", "hard", "iterative"}
    for name in options:
        if name not in allowed:
            raise InputError(
                f"plan {plan!r} has no option {name!r}; allowed: "
                f"{', '.join(sorted(allowed)) or 'none'}"
            )
    kind: Plan = replace(found, **options)
    return kind
