"""One line a contestant, for whoever wants to compute with the times."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    "group",
    "cell",
    "status",
    "parameters",
    "side",
    "setting",
    "ended",
    "median_seconds",
    "spread",
    "repeats",
    "values",
    "targets_met",
    "wall_seconds",
    "why",
)


def write(path: Path, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write the table of all records."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for group in records.values():
            for record in group:
                writer.writerows(rows(record))


def rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a record: its contestants, or one if it has none."""
    targets = record.get("targets", ())
    common = {
        "group": record["group"],
        "cell": record["cell"],
        "status": record["status"],
        "parameters": json.dumps(record.get("parameters", {})),
        "values": json.dumps(record.get("values", {})),
        "targets_met": f"{sum(one['met'] for one in targets)}/{len(targets)}" if targets else "",
        "wall_seconds": record.get("wall_seconds", ""),
        "why": record["why"],
    }
    return [
        {
            **common,
            "side": one["side"],
            "setting": one["setting"],
            "ended": one["ended"],
            "median_seconds": one["median"],
            "spread": one["spread"],
            "repeats": len(one["seconds"]),
            "why": one["why"] or record["why"],
        }
        for one in record.get("outcomes", ())
    ] or [common]
