"""The statements that the ledger judges, read from `statements.yaml` beside this module.

A statement is words only: its tolerance and its test live in `mixot.claims`, the numbers in
`mixot.evidence`. Everything else cites the id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from mixot.errors import InputError

_FIELDS = {"group", "sentence", "hypotheses", "source", "required"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One assertion: what is said, when it holds, who said it, and whether a build hangs on it."""

    id: str
    group: str
    sentence: str
    hypotheses: str
    source: str
    required: bool


def parse(text: str) -> Mapping[str, Statement]:
    """Read statements from YAML; raise InputError on a missing, unknown or mistyped field."""
    statements: dict[str, Statement] = {}
    for key, body in (yaml.safe_load(text) or {}).items():
        if not isinstance(body, dict) or set(body) != _FIELDS:
            raise InputError(
                f"statement {key}: fields must be exactly {', '.join(sorted(_FIELDS))}"
            )
        if not isinstance(body["required"], bool):
            raise InputError(f"statement {key}: required must be true or false")
        words = {name: " ".join(str(body[name]).split()) for name in _FIELDS - {"required"}}
        if not all(words.values()):
            raise InputError(f"statement {key}: no field may be empty")
        statements[str(key)] = Statement(id=str(key), required=body["required"], **words)
    return MappingProxyType(statements)


@cache
def load() -> Mapping[str, Statement]:
    """Return all statements of the package by id, in the order of the file."""
    return parse(files("mixot").joinpath("statements.yaml").read_text(encoding="utf-8"))


def get(name: str) -> Statement:
    """Return the statement `name`; InputError lists the known ids."""
    statements = load()
    if name not in statements:
        raise InputError(f"unknown statement {name!r}; known: {', '.join(statements)}")
    return statements[name]
