"""From the records of one run to a table, a summary in words and figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mixot import figures
from mixot.benchmarks.cells import groups
from mixot.benchmarks.report import drawing, paths, table, words
from mixot.errors import InputError

__all__ = ["broken", "read", "summary", "write"]

Records = Mapping[str, list[dict[str, Any]]]


def read(results: Path) -> Records:
    """Return the records under `results` by group, in the order of the cells."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, module in groups().items():
        paths = [results / "cells" / name / f"{cell.name}.json" for cell in module.CELLS]
        read = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
        if read:
            found[name] = read
    if not found:
        raise InputError(f"{results}: no cell was measured yet; allowed: a folder of `run`")
    return found


def write(results: Path) -> list[Path]:
    """Write table.csv, summary.md and the figures bench and transport; return their paths."""
    records = read(results)
    rows, text = results / "table.csv", results / "summary.md"
    table.write(rows, records)
    text.write_text(summary(results), encoding="utf-8")
    drawn = {
        drawing.NAME: drawing.make(records),
        paths.NAME: paths.make(records.get("transport_paths", ())),
    }
    saved = [path for name, figure in drawn.items() for path in figures.save(figure, results, name)]
    return [rows, text, *saved]


def summary(results: Path) -> str:
    """Return the summary: the machine, and a table for each group with its targets."""
    place = results / "machine.json"
    machine = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else None
    return words.summary(read(results), machine)


def broken(results: Path) -> list[str]:
    """Return the cells that failed or did unequal work; what a machine lacks is no fault."""
    return [
        f"{record['group']}/{record['cell']}"
        for records in read(results).values()
        for record in records
        if record["status"] in ("failed", "invalid")
    ]
