"""What is said of the note beyond its theorem, and what the ledger makes of each sentence.

A sentence gets a ruling: true, false, true under conditions, or not a statement of fact, with what
is true or was measured instead. The ruling is only given if every claim that it rests on was judged
to hold; otherwise the question is open. They are read from `sentences.yaml` beside this module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from mixot.errors import InputError

RULINGS = ("true", "false", "true under conditions", "not a statement of fact")
OPEN = "open"
_FIELDS = {"quote", "ruling", "instead", "rests_on", "reports"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, the ruling if the claims in rests_on hold, and what is true instead.

    reports: claims without a vote, whose numbers belong to the answer.
    """

    id: str
    quote: str
    ruling: str
    instead: str
    rests_on: tuple[str, ...]
    reports: tuple[str, ...]


def parse(text: str) -> Mapping[str, Sentence]:
    """Read sentences from YAML; raise InputError for a missing or unknown field or ruling."""
    found = {}
    for key, body in (yaml.safe_load(text) or {}).items():
        if not isinstance(body, dict) or set(body) != _FIELDS:
            raise InputError(f"sentence {key}: fields must be exactly {', '.join(sorted(_FIELDS))}")
        if body["ruling"] not in RULINGS:
            raise InputError(f"sentence {key}: ruling must be one of {', '.join(RULINGS)}")
        if not body["rests_on"]:
            raise InputError(f"sentence {key}: rests_on must name a claim")
        found[str(key)] = Sentence(
            id=str(key),
            quote=" ".join(body["quote"].split()),
            ruling=body["ruling"],
            instead=" ".join(body["instead"].split()),
            rests_on=tuple(body["rests_on"]),
            reports=tuple(body["reports"]),
        )
    return MappingProxyType(found)


@cache
def load() -> Mapping[str, Sentence]:
    """Return all sentences by id."""
    return parse(files(__package__).joinpath("sentences.yaml").read_text(encoding="utf-8"))


def judged(claims: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return every sentence with its ruling under the claims (as their files hold them)."""
    verdicts = {claim["id"]: claim["verdict"] for claim in claims}
    found = []
    for sentence in load().values():
        ruling, missing = rule(sentence, verdicts)
        found.append({**asdict(sentence), "ruling": ruling, "open_for": missing})
    return found


def rule(sentence: Sentence, verdicts: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the ruling under the claims' verdicts, and the claims that keep the question open.

    verdicts: by id, True, False or "exploratory", as the claims' files hold them.
    """
    missing = tuple(name for name in sentence.rests_on if verdicts.get(name) is not True)
    return (OPEN, missing) if missing else (sentence.ruling, ())
