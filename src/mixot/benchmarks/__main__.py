"""Measure cells, and make the table, the summary and the figure of what was measured.

    python -m mixot.benchmarks list
    python -m mixot.benchmarks machine --results results/bench
    python -m mixot.benchmarks run em_iteration/full-20000-2-3 --effort small
    python -m mixot.benchmarks report --results results/bench

`make bench` does all of it, one cell after the other.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mixot.benchmarks import cells, machine, record
from mixot.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 done, 1 something is broken or unequal, 2 a request that makes no sense."""
    told = _parser().parse_args(arguments)
    try:
        return int(told.verb(told))
    except InputError as error:
        sys.stderr.write(f"mixot.benchmarks: error: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mixot.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")
    listing = verbs.add_parser("list", help="name every cell")
    listing.set_defaults(verb=_list)
    for verb, function, text in (
        ("machine", _machine, "record the machine"),
        ("run", _run, "measure cells, one after the other"),
        ("report", _report, "write table.csv, summary.md and the figure"),
        ("show", _show, "print the summary; exit with 1 if a cell failed or is invalid"),
    ):
        one = verbs.add_parser(verb, help=text)
        one.add_argument("--results", type=Path, default=Path("results/bench"))
        one.set_defaults(verb=function)
        if verb == "run":
            one.add_argument("cells", nargs="+", metavar="group/cell")
            one.add_argument("--effort", choices=sorted(record.EFFORTS), default="full")
    return parser


def _list(told: argparse.Namespace) -> int:
    del told
    print("\n".join(cells.places()))
    return 0


def _machine(told: argparse.Namespace) -> int:
    record.write(told.results / "machine.json", machine.describe())
    return 0


def _run(told: argparse.Namespace) -> int:
    chosen = [cells.get(place) for place in told.cells]
    for cell in chosen:
        content = record.run(cell, record.EFFORTS[told.effort])
        path = told.results / "cells" / f"{cell.place}.json"
        record.write(path, content)
        print(f"{cell.place}: {content['status']} {content['why']}".rstrip(), flush=True)
    return 0


def _report(told: argparse.Namespace) -> int:
    from mixot.benchmarks.report import write

    for path in write(told.results):
        print(path)
    return 0


def _show(told: argparse.Namespace) -> int:
    from mixot.benchmarks.report import broken, summary

    print(summary(told.results))
    return 1 if broken(told.results) else 0


if __name__ == "__main__":
    sys.exit(main())
