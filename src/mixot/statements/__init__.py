"""The statements that the ledger judges, read from the YAML files of this folder, one a group.

A statement is words only: its tolerance and its test live in `mixot.claims`, the numbers in
`mixot.evidence` and `mixot.experiments`. Everything else cites the id: a letter for the section of
the theory, a number, and sometimes a small letter. In the words F(P, pi, theta) is
<C, P> + KL(P | a x pi) with C = -log p_k(x_i); NLL is the weighted mean of -log m_i; P* is the
E-step plan, pihat its marginal over components; P_OT is the optimal balanced plan.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from mixot.errors import InputError

_ID = re.compile(r"([A-Z]+)(\d*)([a-z]*)")
_WORDS = ("group", "sentence", "hypotheses", "source")
_FIELDS = {*_WORDS, "required"}
# False unless a file says otherwise.
_OPTIONAL = {"timed"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One assertion: what is said, when it holds, who said it, and whether a build hangs on it.

    timed: it is about measured seconds or memory, whose numbers no second run repeats.
    """

    id: str
    group: str
    sentence: str
    hypotheses: str
    source: str
    required: bool
    timed: bool = False


def parse(text: str) -> Mapping[str, Statement]:
    """Read statements from YAML; raise InputError on a missing, unknown or mistyped field."""
    statements: dict[str, Statement] = {}
    for key, body in (yaml.safe_load(text) or {}).items():
        if not isinstance(body, dict) or set(body) - _OPTIONAL != _FIELDS:
            raise InputError(
                f"statement {key}: fields must be exactly {', '.join(sorted(_FIELDS))}, and may "
                f"be {', '.join(sorted(_OPTIONAL))}"
            )
        choices = {name: body.get(name, False) for name in ("required", "timed")}
        for name, value in choices.items():
            if not isinstance(value, bool):
                raise InputError(f"statement {key}: {name} must be true or false")
        if not _ID.fullmatch(str(key)):
            raise InputError(f"statement {key}: an id is like D2, I1b or M")
        words = {name: " ".join(str(body[name]).split()) for name in _WORDS}
        if not all(words.values()):
            raise InputError(f"statement {key}: no field may be empty")
        statements[str(key)] = Statement(
            id=str(key), required=choices["required"], timed=choices["timed"], **words
        )
    return MappingProxyType(statements)


@cache
def load() -> Mapping[str, Statement]:
    """Return all statements of the package by id, in the order of their ids."""
    found: dict[str, Statement] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            group = parse(file.read_text(encoding="utf-8"))
            twice = sorted(found.keys() & group.keys())
            if twice:
                raise InputError(f"{file.name}: {twice[0]} is a statement of another file too")
            found |= group
    return MappingProxyType({name: found[name] for name in sorted(found, key=_place)})


def _place(name: str) -> tuple[str, int, str]:
    """Order ids as people do: D2 before D10, I1b after I1."""
    found = _ID.fullmatch(name)
    assert found is not None
    return found[1], int(found[2] or 0), found[3]


def get(name: str) -> Statement:
    """Return the statement `name`; InputError lists the known ids."""
    statements = load()
    if name not in statements:
        raise InputError(f"unknown statement {name!r}; known: {', '.join(statements)}")
    return statements[name]
