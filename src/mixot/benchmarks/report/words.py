"""The summary in Markdown: a table for each group, every target beside what was measured."""

import math
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from mixot.benchmarks import machine
from mixot.benchmarks.cells import groups

Record = Mapping[str, Any]


def summary(records: Mapping[str, Sequence[Record]], where: dict[str, Any] | None) -> str:
    """Return the whole summary."""
    parts = ["# Benchmarks"]
    if where is not None:
        parts.append(f"{machine.sentence(where)}. Begun at {where['measured']}.")
    everything = [one for group in records.values() for one in group]
    minutes = sum(one.get("wall_seconds", 0.0) for one in everything) / 60.0
    parts.append(f"{len(everything)} cells in {minutes:.1f} minutes, one after the other.")
    efforts = {one["effort"]["scale"] for one in everything}
    if efforts != {1.0}:
        parts.append("**Cut down: these are not the sizes that the targets speak of.**")
    parts.append(
        "Median of the rounds ± half their range; the fastest setting of each side. A time marked "
        "> is that of a contestant that was stopped."
    )
    modules = groups()
    parts += [_group(modules[name], group) for name, group in records.items()]
    return "\n\n".join(parts) + "\n"


def _group(module: ModuleType, records: Sequence[Record]) -> str:
    sides = list(dict.fromkeys(one["side"] for r in records for one in r.get("outcomes", ())))
    heads = ["cell", *sides, *module.VALUES.values(), "targets", "took"]
    lines = [f"## {module.TITLE}", "", _row(heads), _row("---" for _ in heads)]
    for record in records:
        values = record.get("values", {})
        lines.append(
            _row(
                [
                    record["cell"],
                    *(_time(record, side) for side in sides),
                    *(_value(record, values.get(key)) for key in module.VALUES),
                    _targets(record),
                    _took(record),
                ]
            )
        )
    overview = getattr(module, "overview", None)
    if overview is not None:
        lines.append("")
        for what, value, target in overview(records):
            lines.append(f"- {what}: {number(value)}" + (f" (target {target})" if target else ""))
    notes = list(dict.fromkeys(record["note"] for record in records if record.get("note")))
    troubles = [f"{record['cell']}: {_trouble(record)}" for record in records if _trouble(record)]
    if notes or troubles:
        lines += ["", *(f"- {line}" for line in notes + troubles)]
    return "\n".join(lines)


def _time(record: Record, side: str) -> str:
    """Return the fastest time of a side, or what became of it."""
    found = [one for one in record.get("outcomes", ()) if one["side"] == side]
    for ending in ("measured", "capped"):
        ended = [one for one in found if one["ended"] == ending]
        if ended:
            fastest = min(ended, key=lambda one: one["median"])
            if ending == "capped":
                return f"> {seconds(fastest['median'])}"
            spread = f" ± {100 * fastest['spread']:.0f} %" if len(fastest["seconds"]) > 1 else ""
            return f"{seconds(fastest['median'])}{spread} ({fastest['setting']})"
    return found[0]["ended"] if found else ""


def _value(record: Record, value: Any) -> str:
    """Return a value, none of a failed cell; struck out where the sides did unequal work."""
    text = "-" if record["status"] == "failed" else number(value)
    return f"~~{text}~~" if record["status"] == "invalid" and text != "-" else text


def _targets(record: Record) -> str:
    """Say of each target whether it was met, and in one word why nothing can be said."""
    if record["status"] != "measured":
        return f"{record['status']}"
    several = len(record["targets"]) > 1
    return "; ".join(
        (f"{one['value']} " if several else "")
        + f"{one['sense']} {one['bound']:g}: {'met' if one['met'] else '**missed**'}"
        for one in record["targets"]
    )


def _took(record: Record) -> str:
    """Return how long it took to measure the cell, with everything around the runs."""
    found = record.get("wall_seconds")
    return "-" if found is None else f"{found:.0f} s"


def _trouble(record: Record) -> str:
    """Return why a record is not as it should be, or why a peer is missing from it."""
    if record["status"] != "measured":
        return f"{record['status']}: {record['why']}"
    return "; ".join(
        f"{one['side']}, {one['setting']}: {one['why']}"
        for one in record["outcomes"]
        if one["ended"] in ("failed", "unavailable")
    )


def _row(entries: Iterable[str]) -> str:
    return "| " + " | ".join(str(entry).replace("|", "\\|") for entry in entries) + " |"


def number(value: Any) -> str:
    """Write a number to three digits, and what is not one as a dash."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "-"
    if value != 0.0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.1e}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def seconds(value: float) -> str:
    """Write a duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"
