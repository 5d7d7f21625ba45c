"""A run directory as MLflow will show it, in plain values.

Traces are thinned geometrically, since a chart with every iteration costs seconds and shows no
more: 50 points of the objective in a grid's run, 500 points of every trace in the showcase run of
a problem and solver (seed 0 at epsilon 1, or 0 where there is no temperature). The full trace stays
in the run directory.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mixot import runs
from mixot.types import Array, Status

# Part of what makes a projected run up to date: raise it when the projection itself changes.
SCHEMA = 1

GRID_POINTS = 50
SHOWCASE_POINTS = 500
GRID_TRACES = ("objective",)
SHOWCASE_TRACES = ("objective", "marginal_error", "plan_kl", "weights_kl", "components_kl")
DOCUMENTS = ("config.yaml", "result.json", "provenance.json")
SHOWCASE_FILES = ("trace.npz", "solution.npz")
TRACEBACK = "traceback.txt"

# Sorts before the other groups of metrics, so that the charts of a descent come first.
TRACE = "by_iteration/"

# MLflow truncates longer values silently; we would rather cut where one can see it.
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished run directory, known by its result.json alone.

    location: path relative to the results folder; showcase: whether it carries the full charts.
    """

    location: str
    family: str
    solver: str
    epsilon: str
    seed: int
    status: str
    run_key: str
    showcase: bool
    metrics: Mapping[str, float]

    @property
    def parent(self) -> str:
        """The group that the run belongs to in the dashboard."""
        return f"{self.family} / {self.solver}"

    @property
    def name(self) -> str:
        """What the table of runs shows."""
        return f"{self.solver} eps={self.epsilon} seed={self.seed}"

    @property
    def fingerprint(self) -> str:
        """Equal to that of a projected run if and only if that one is up to date."""
        return f"{SCHEMA}:{self.run_key}:{'showcase' if self.showcase else 'grid'}"

    @property
    def order(self) -> tuple[str, str, float, int, str]:
        """Sort key: the projection happens in this order whatever the file system says."""
        return self.family, self.solver, float(self.epsilon), self.seed, self.location


@dataclass(frozen=True, slots=True)
class Record:
    """What is logged for one run: values as MLflow stores them, times in milliseconds."""

    params: dict[str, str]
    tags: dict[str, str]
    metrics: list[tuple[str, float, int]]
    started: int
    ended: int
    artifacts: dict[str, Path]
    dataset: tuple[str, str, str, str]


def entries(results: Path, problem: str) -> list[Entry]:
    """Every finished run of `problem`, in projection order."""
    found = []
    for path in runs.find(results, problem=problem):
        result = json.loads((path / "result.json").read_text(encoding="utf-8"))
        found.append((path.relative_to(results).as_posix(), result))
    # One showcase a solver: where several families were fitted, the first by name carries it.
    first: dict[str, str] = {}
    for _, result in found:
        solver, family = result["solver"], result["family"]
        first[solver] = min(first.get(solver, family), family)
    listed = [
        Entry(
            location=location,
            family=result["family"],
            solver=result["solver"],
            epsilon=str(result["epsilon"]),
            seed=int(result["seed"]),
            status=result["status"],
            run_key=result["run_key"],
            showcase=_is_showcase(location, result, first),
            metrics=finite({**result["metrics"], "n_iter": result["n_iter"]}),
        )
        for location, result in found
    ]
    return sorted(listed, key=lambda entry: entry.order)


def describe(results: Path, entry: Entry) -> Record:
    """Read the run directory of `entry` and lay out what is logged."""
    path = results / entry.location
    run = runs.read(path)
    provenance = _json(path / "provenance.json")
    metrics = dict(entry.metrics)
    if isinstance(seconds := provenance.get("wall_seconds"), int | float):
        metrics["wall_seconds"] = float(seconds)
    last = int(run.result["n_iter"])
    names, points = (
        (SHOWCASE_TRACES, SHOWCASE_POINTS) if entry.showcase else (GRID_TRACES, GRID_POINTS)
    )
    started, ended = _times(path, provenance)
    return Record(
        params=_params(run.config),
        tags=_tags(run.result, provenance, entry),
        metrics=[(name, value, last) for name, value in metrics.items()]
        + list(_traces(run.trace, names, points)),
        started=started,
        ended=ended,
        artifacts=_artifacts(path, entry),
        dataset=_dataset(run.result, run.config, provenance),
    )


@lru_cache(maxsize=4096)
def thin(length: int, limit: int) -> tuple[int, ...]:
    """At most `limit` of the indices 0..length-1, geometrically spaced, with both ends."""
    if length <= limit:
        return tuple(range(length))
    kept: Array = np.zeros(0)
    # Rounding merges the first indices, so ask for more until the next request would exceed it.
    for asked in range(limit, 8 * limit):
        candidate = np.unique(np.geomspace(1, length, asked).round()) - 1
        if candidate.size > limit:
            break
        kept = candidate
    return tuple(int(index) for index in kept)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; sequences stay values."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def finite(values: Mapping[str, Any]) -> dict[str, float]:
    """Keep the entries of `values` that are finite numbers: no chart can show the others."""
    return {
        name: float(value)
        for name, value in sorted(values.items())
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _is_showcase(location: str, result: Mapping[str, Any], first: Mapping[str, str]) -> bool:
    # The name of a departure from the defaults has a second part, and is never a showcase.
    return (
        location.endswith("/seed~0")
        and str(result["epsilon"]) in ("0", "1")
        and first[result["solver"]] == result["family"]
    )


def _params(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: _cut(value) for name, value in sorted(flatten(config).items())}


def _cut(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _tags(result: Mapping[str, Any], provenance: Mapping[str, Any], entry: Entry) -> dict[str, str]:
    tags = {
        "mixot.run_key": entry.run_key,
        "mixot.status": entry.status,
        "mixot.rundir": entry.location,
        "mixot.problem": str(result["problem"]),
        "mixot.family": entry.family,
        "mixot.solver": entry.solver,
        "mixot.epsilon": entry.epsilon,
        "mixot.seed": str(entry.seed),
        "mixot.role": "showcase" if entry.showcase else "grid",
        "mixot.message": _cut(result.get("message") or Status(entry.status).sentence),
    }
    dropped = sorted(set(result["metrics"]) - set(entry.metrics))
    if dropped:
        tags["mixot.without_value"] = ", ".join(dropped)
    if entry.status != Status.CONVERGED:
        tags["mixot.advice"] = _cut(result.get("advice") or Status(entry.status).advice)
    for name, keys in {
        "mixot.code_digest": ("code_digest", "code"),
        "mixot.source": ("source", "engine", "command"),
        "mixot.version": ("mixot", "version"),
        "mlflow.source.git.commit": ("git_commit", "commit"),
    }.items():
        value = next((provenance[key] for key in keys if provenance.get(key)), None)
        if isinstance(value, str):
            tags[name] = _cut(value)
    return tags


def _traces(
    trace: Mapping[str, Array], names: Sequence[str], points: int
) -> Iterable[tuple[str, float, int]]:
    for name in names:
        values = np.asarray(trace.get(name, ()), dtype=float)
        for step in thin(len(values), points):
            if math.isfinite(values[step]):
                yield f"{TRACE}{name}", float(values[step]), step


def _artifacts(path: Path, entry: Entry) -> dict[str, Path]:
    names = (*DOCUMENTS, TRACEBACK, *(SHOWCASE_FILES if entry.showcase else ()))
    return {name: path / name for name in names if (path / name).is_file()}


def _dataset(
    result: Mapping[str, Any], config: Mapping[str, Any], provenance: Mapping[str, Any]
) -> tuple[str, str, str, str]:
    """Name, digest (at most 36 characters, MLflow's limit), source and profile of the data."""
    digest = next(
        (
            str(value)
            for source in (result, flatten(config), provenance)
            for key, value in source.items()
            if key.rsplit(".", 1)[-1] in ("data_digest", "digest") and value
        ),
        "unknown",
    )
    profile = {"num_rows": result.get("n_samples"), "observations": result.get("size")}
    name = f"{result['problem']}/seed~{result['seed']}"
    source = {"uri": f"data/{name}.npz"}
    return name, digest[:36], json.dumps(source), json.dumps(profile)


def _times(path: Path, provenance: Mapping[str, Any]) -> tuple[int, int]:
    """Start and end in milliseconds; the file's own time where the provenance has none."""
    written = int((path / "result.json").stat().st_mtime * 1000)
    started, ended = (
        next((t for t in (_moment(provenance.get(key)) for key in keys) if t is not None), None)
        for keys in (("started", "start", "utc"), ("ended", "end", "finished"))
    )
    seconds = provenance.get("wall_seconds")
    span = int(1000 * seconds) if isinstance(seconds, int | float) else 0
    begin = started if started is not None else written - span
    return begin, max(begin, ended if ended is not None else begin + span)


def _moment(value: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
