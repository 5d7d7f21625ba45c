"""The lock of the peers: complete, by hash, from anywhere, and in agreement with the other lock."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PEERS = (ROOT / ".ci" / "peers.lock").read_text(encoding="utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def pins(lock: str) -> dict[str, str]:
    """Return the versions by name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock, flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_it_names_no_host_and_every_pin_carries_a_hash():
    assert not re.search(r"://|--(extra-)?index-url|--find-links", PEERS)
    entries = re.split(r"^(?=[A-Za-z0-9])", PEERS, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(PEERS))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("line", EXTRAS["peers"])
def test_every_peer_is_pinned_within_its_bounds(line):
    requirement = Requirement(line)
    assert pins(PEERS)[canonicalize_name(requirement.name)] in requirement.specifier


def test_what_both_locks_pin_they_pin_alike_so_that_neither_undoes_the_other():
    main = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    shared = set(main) & set(pins(PEERS))
    assert "numpy" in shared
    assert {name: pins(PEERS)[name] for name in shared} == {name: main[name] for name in shared}


def test_neither_the_tests_nor_the_study_ask_for_them():
    names = {canonicalize_name(Requirement(line).name) for line in EXTRAS["peers"]}
    main = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert names.isdisjoint(main)
