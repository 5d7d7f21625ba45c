"""Claims: each statement judged on the evidence that the experiments wrote.

A module of this package that defines `CLAIMS`, a mapping from statement id to `verdict.Rule`, is a
group of claims; putting such a module here is all it takes to add one.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from mixot import statements
from mixot.claims.verdict import MINIMUM_PROBLEMS, Claim, Record, Rule, judge
from mixot.errors import InputError
from mixot.evidence.records import read_all

__all__ = ["Claim", "Rule", "evaluate", "judge_by_id", "names", "rules"]


@cache
def rules() -> Mapping[str, Rule]:
    """Return every claim's rule by id, in the order of the statements."""
    found: dict[str, Rule] = {}
    for info in iter_modules(__path__):
        found |= getattr(import_module(f"{__name__}.{info.name}"), "CLAIMS", {})
    unknown = sorted(set(found) - set(statements.load()))
    if unknown:
        raise InputError(f"claims without a statement: {', '.join(unknown)}")
    return MappingProxyType({name: found[name] for name in statements.load() if name in found})


def names() -> tuple[str, ...]:
    """Return the ids of all claims."""
    return tuple(rules())


def judge_by_id(name: str, records: Sequence[Record], minimum: int = MINIMUM_PROBLEMS) -> Claim:
    """Judge the claim `name` on `records`; records of other claims are ignored."""
    if name not in rules():
        raise InputError(f"unknown claim {name!r}; known: {', '.join(names())}")
    return judge(statements.get(name), rules()[name], records, minimum)


def evaluate(
    name: str, results: str | os.PathLike[str], minimum: int = MINIMUM_PROBLEMS
) -> dict[str, Any]:
    """Judge the claim `name` on all evidence under `results` and return it as plain values.

    minimum: problems needed for a verdict of true; a study that is cut down says so by lowering it.
    """
    records, paths = read_all(Path(results), name)
    claim = judge_by_id(name, records, minimum).as_dict()
    return {**claim, "evidence": [*paths, *claim["evidence"]], "minimum_problems": minimum}
