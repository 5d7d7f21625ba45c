"""What figures read: run directories, the data that they were fitted to, and evidence."""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from mixot import problems, runs
from mixot.problems import Problem
from mixot.runs import Run


def problem_names(results: Path) -> tuple[str, ...]:
    """Problems with at least one finished run, sorted."""
    folder = results / "fits"
    return tuple(sorted({path.relative_to(folder).parts[0] for path in runs.find(results)}))


def first_run(
    results: Path, problem: str, solver: str, family: str | None = None, epsilon: str = "1"
) -> Run | None:
    """Return the run of `solver` with the smallest seed, of `family` or of the first by name."""
    found = runs.find(results, problem=problem, solver=solver, family=family, epsilon=epsilon)
    read = [runs.read(path) for path in _plain(found) if path.name == _smallest(found)]
    # A run with status "error" has no arrays to draw.
    read = [run for run in read if run.trace]
    return min(read, key=lambda run: str(run.result["family"]), default=None)


def seeds(results: Path, problem: str, solver: str, family: str, epsilon: str = "1") -> list[Run]:
    """Return the runs of one solver over all seeds, in their order."""
    found = runs.find(results, problem=problem, solver=solver, family=family, epsilon=epsilon)
    read = [runs.read(path) for path in sorted(_plain(found), key=_seed)]
    return [run for run in read if run.trace]


def data(results: Path, run: Run) -> Problem | None:
    """Return the data that `run` was fitted to, if they were kept."""
    name, seed = run.result["problem"], run.result["seed"]
    path = results / "data" / str(name) / f"seed~{seed}.npz"
    return _problem(path, path.stat().st_mtime_ns) if path.is_file() else None


def records(results: Path, experiment: str) -> list[dict[str, Any]]:
    """All records of an experiment, in the order of their files."""
    found: list[dict[str, Any]] = []
    for path in sorted((results / "evidence" / experiment).glob("*/*.jsonl")):
        found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return found


def _plain(paths: Iterable[Path]) -> list[Path]:
    """Leave out runs that depart from the defaults: their folders have a second part."""
    return [path for path in paths if path.name.count("~") == 1]


def _seed(path: Path) -> int:
    return int(path.name.partition("~")[2])


def _smallest(paths: Iterable[Path]) -> str:
    return min(_plain(paths), key=_seed, default=Path("none")).name


@lru_cache(maxsize=32)
def _problem(path: Path, changed: int) -> Problem:
    del changed  # part of the cache's key: a file that was written again is read again
    return problems.read(path)
