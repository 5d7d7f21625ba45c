"""mixot-ledger: the table of claims, the comparison with the last published run, the verdict.

mixot-ledger            write results/tables/claims.csv and sentences.csv and show them; code 1
                        if a required claim is false
mixot-ledger show       the same without writing
mixot-ledger write      only write
mixot-ledger publish    make this run the published one: results/reference/claims-{study}.csv
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any, NoReturn

from mixot.claims import sentences
from mixot.errors import InputError
from mixot.pipeline import catalogue, grid
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-ledger"
ACTIONS = ("show", "write", "publish")
TABLE = Path("tables", "claims.csv")
SENTENCES = Path("tables", "sentences.csv")
COLUMNS = ("id", "statement", "statistic", "tolerance", "margin", "verdict", "required")
PUBLISHED_COLUMNS = ("id", "verdict", "statistic", "tolerance")
_UNREPEATED = {"statistic": None, "margin": None, "verdict": "timed"}
REFERENCE = catalogue.REPOSITORY / "results" / "reference"
SENTENCE_COLUMNS = ("id", "quote", "ruling", "instead", "rests_on", "reports")
_STATEMENT_WIDTH = 60


@dataclass
class LedgerSettings:
    """What the command can be told."""

    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    action, rest = "", arguments
    if arguments and "=" not in arguments[0] and not arguments[0].startswith("-"):
        action, *rest = arguments
        if action not in ACTIONS:
            raise InputError(f"{action}: not understood; allowed: {', '.join(ACTIONS)}")
    told = settings(LedgerSettings, rest, str(__doc__))
    results = existing_folder(told.paths.results)
    study = grid.recorded(results)
    claims = _read(results, study)
    if action in ("", "write"):
        check_writable(results, "paths.results")
        replace_text(results / TABLE, table(claims, COLUMNS))
        replace_text(results / SENTENCES, table(sentences.judged(claims), SENTENCE_COLUMNS))
    if action == "write":
        return 0
    said = sentences.judged(claims)
    name = study.name if study else "full"
    published = REFERENCE / f"claims-{name}.csv"
    if action == "publish":
        replace_text(published, table(claims, PUBLISHED_COLUMNS))
        print(f"{published}: {len(claims)} claims")
        return 0
    print(as_text(claims))
    print("\n".join(f"{one['id']}  {one['ruling']}: {one['quote']}" for one in said))
    print(compare(claims, published))
    false = [c["id"] for c in claims if c["required"] and c["verdict"] is False]
    if false:
        print(f"{len(false)} required claims are false: {', '.join(false)}")
        for claim in claims:
            if claim["id"] in false:
                print(*(f"  {claim['id']}: {reason}" for reason in claim["reasons"]), sep="\n")
    page = results / "index.html"
    print(f"{page if page.is_file() else results / TABLE}")
    return 1 if false else 0


def table(claims: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return claims or sentences as comma-separated values, numbers in full.

    What a claim on seconds or memory came to is left to its own file: no second run repeats it, and
    the table is to be the same each time.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for claim in claims:
        known = {**claim, **_UNREPEATED} if claim.get("timed") else claim
        writer.writerow([_spelled(known[column]) for column in columns])
    return buffer.getvalue()


def as_text(claims: Sequence[Mapping[str, Any]]) -> str:
    """Return the claims as a table for a terminal."""
    rows = [("id", "statement", "statistic", "tolerance", "verdict")]
    for claim in claims:
        rows.append(
            (
                claim["id"],
                shorten(" ".join(claim["statement"].split()), _STATEMENT_WIDTH, placeholder=" ..."),
                _rounded(claim["statistic"]),
                _rounded(claim["tolerance"]),
                _spelled(claim["verdict"]) + ("" if claim["required"] else " (not required)"),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def compare(claims: Sequence[Mapping[str, Any]], published: Path) -> str:
    """Say how the claims differ from the last published run."""
    if not published.is_file():
        return f"No published run to compare with ({published.name})."
    with published.open(encoding="utf-8", newline="") as file:
        before = {row["id"]: row for row in csv.DictReader(file)}
    now = {claim["id"]: claim for claim in claims}
    notes = [
        f"{name} was {before[name]['verdict']}, is {_spelled(claim['verdict'])}"
        for name, claim in now.items()
        if name in before
        and not claim.get("timed")
        and before[name]["verdict"] != _spelled(claim["verdict"])
    ]
    for word, names in (("new", now.keys() - before), ("gone", before.keys() - now)):
        notes += [f"{word}: {', '.join(sorted(names))}"] if names else []
    verdicts = "; ".join(notes) or "the same verdicts"
    changed = [
        (abs(math.log10(claim["statistic"] / float(before[name]["statistic"]))), name)
        for name, claim in now.items()
        if name in before and _is_positive(claim["statistic"], before[name]["statistic"])
    ]
    largest = max(changed, default=(0.0, ""))
    if largest[0] == 0.0:
        return f"Compared with the last published run ({published.name}): {verdicts}."
    name = largest[1]
    return (
        f"Compared with the last published run ({published.name}): {verdicts}; the statistic that "
        f"moved most is {name}'s, {float(before[name]['statistic']):.3g} then and "
        f"{now[name]['statistic']:.3g} now."
    )


def _read(results: Path, study: grid.Study | None) -> list[dict[str, Any]]:
    """Return the claims of the study, or all that were judged, in the order of the statements."""
    folder = results / "claims"
    names = study.claims if study else catalogue.claim_ids()
    paths = [path for path in (folder / f"{name}.json" for name in names) if path.is_file()]
    if not paths:
        raise InputError(f"{folder}: no claims were judged; allowed: run mixot-claim first")
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _is_positive(now: Any, before: str) -> bool:
    return isinstance(now, float | int) and now > 0 and bool(before) and float(before) > 0


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " ".join(value)
    return json.dumps(value) if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
