"""Files with a key beside them that says what they were made from.

A job that makes many files skips those whose key still matches. The file is written first and its
key last, each by a rename: a process killed in between makes the file again.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def sha256(value: Mapping[str, Any]) -> str:
    """Return the digest of a mapping of plain values, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def is_current(path: Path, key: str) -> bool:
    """Say whether the file is there and was made from what `key` stands for."""
    beside = _beside(path)
    return path.is_file() and beside.is_file() and beside.read_text("ascii").strip() == key


def stamp(path: Path, key: str) -> None:
    """Record what the file, which is complete, was made from."""
    beside = _beside(path)
    partial = beside.with_name(f".{beside.name}.partial")
    partial.write_text(f"{key}\n", encoding="ascii")
    partial.replace(beside)


def write_stamp(path: Path, made: Mapping[str, str]) -> None:
    """List what a job made with its keys, sorted by place.

    Snakemake compares the contents of small inputs and not only their times, so a stamp without
    contents would hide from later jobs that what it stands for was made anew.
    """
    lines = [f"{key} {place}\n" for place, key in sorted(made.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)


def _beside(path: Path) -> Path:
    return path.with_suffix(".key")
