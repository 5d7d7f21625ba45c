"""Reconcile the store with the run directories: log what is missing, delete what is stale.

A projected run carries the fingerprint of the run directory that it shows (run_key, role, version
of the projection). It is up to date if the fingerprint agrees and the run was ended; anything else
was left by a killed process, or its run directory has changed or gone, and is deleted. Runs are
ended last, so an ended run is complete.

A parent carries the digest of its children's fingerprints. When the children change it is made
anew, and children that stay are attached to the new one.
"""

import hashlib
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from mixot import runs
from mixot.errors import InputError
from mixot.pipeline.tracking import ledger as ledgers
from mixot.pipeline.tracking import notes, store
from mixot.pipeline.tracking.records import SCHEMA, TRACE, Entry, Record, describe, entries
from mixot.types import Status

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

FINGERPRINT = "mixot.fingerprint"
GROUP = "mixot.group"
PARENT = "mlflow.parentRunId"
ENDED = ("FINISHED", "FAILED")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a projection did: runs logged, found up to date, and deleted."""

    logged: int = 0
    kept: int = 0
    deleted: int = 0

    def __add__(self, other: "Summary") -> "Summary":
        """Sum of both."""
        return Summary(
            self.logged + other.logged, self.kept + other.kept, self.deleted + other.deleted
        )

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.logged} runs logged, {self.kept} up to date, {self.deleted} deleted"


def track(
    results: Path,
    problem: str | None = None,
    *,
    ledger: bool = True,
    rebuild: bool = False,
    report: Report = lambda line: None,
) -> Summary:
    """Project the run directories under `results` (of one `problem`, or all) and the ledger.

    With `problem` the ledger is left alone. report: told about progress, one line at a time.
    Raises InputError if `problem` has neither runs nor an experiment, or if the folder cannot be
    written.
    """
    with store.locked(results):
        moved = store.was_moved(results)
        if moved or rebuild:
            store.empty(results)
        store.ensure(results)
        client = store.connect(store.database(results))
        # What a moved store held of other problems is gone with it, so all are projected again.
        wanted = _problems(results, client) if problem is None or moved else (problem,)
        done = Summary()
        for name in wanted:
            done += _track_problem(client, results, name, report)
        if ledger and (problem is None or moved):
            done += Summary(*ledgers.track(client, results))
        if done.deleted:
            store.sweep(results)
        return done


def _problems(results: Path, client: "MlflowClient") -> tuple[str, ...]:
    """Problems with runs, and problems with an experiment, whose runs may have gone."""
    prefix = notes.EXPERIMENT_PREFIX
    projected = {
        experiment.name.removeprefix(prefix)
        for experiment in client.search_experiments()
        if experiment.name.startswith(prefix) and experiment.name != notes.LEDGER
    }
    fitted = {path.relative_to(results / "fits").parts[0] for path in runs.find(results)}
    return tuple(sorted(projected | fitted))


def _track_problem(client: "MlflowClient", results: Path, problem: str, report: Report) -> Summary:
    listed = entries(results, problem)
    name = notes.experiment(problem)
    if not listed and client.get_experiment_by_name(name) is None:
        raise InputError(
            f"problem={problem}: no finished runs under {results / 'fits'}; "
            f"allowed: a problem that was fitted (mixot-fit problem={problem})"
        )
    experiment = store.ensure_experiment(
        client, results, name, notes.about_problem(problem, listed)
    )
    present = store.all_runs(client, experiment)
    children, stale = _sort(present, {entry.location: entry.fingerprint for entry in listed})
    parents = {
        run.data.tags[GROUP]: run
        for run in present
        if GROUP in run.data.tags and run.info.status in ENDED
    }
    used: set[str] = set()
    logged = 0
    for _, members in groupby(listed, key=lambda entry: entry.parent):
        group = list(members)
        missing = [entry for entry in group if entry.location not in children]
        parent = parents.get(_group_digest(group))
        if parent is not None and not missing:
            used.add(parent.info.run_id)
            continue
        used.add(_track_group(client, results, experiment, group, children))
        logged += len(missing)
        report(f"{problem}: {group[0].parent}, {len(missing)} of {len(group)} runs logged")
    stale += [
        run
        for run in present
        if "mixot.rundir" not in run.data.tags and run.info.run_id not in used
    ]
    for run in stale:
        client.delete_run(run.info.run_id)
    if stale:
        report(f"{problem}: {len(stale)} outdated runs deleted")
    return Summary(logged=logged, kept=len(listed) - logged, deleted=len(stale))


def _sort(present: "Sequence[Run]", wanted: dict[str, str]) -> "tuple[dict[str, Run], list[Run]]":
    """Projected runs that are up to date, by location, and those that have to go."""
    fresh: dict[str, Run] = {}
    stale: list[Run] = []
    for run in present:
        location = run.data.tags.get("mixot.rundir")
        if location is None:
            continue
        is_fresh = (
            run.info.status in ENDED
            and run.data.tags.get(FINGERPRINT) == wanted.get(location)
            and location not in fresh
        )
        if is_fresh:
            fresh[location] = run
        else:
            stale.append(run)
    return fresh, stale


def _track_group(
    client: "MlflowClient",
    results: Path,
    experiment: str,
    group: Sequence[Entry],
    children: "dict[str, Run]",
) -> str:
    """Log a parent and the children that are missing; return the parent's id."""
    first = group[0]
    records = {
        entry.location: describe(results, entry)
        for entry in group
        if entry.location not in children
    }
    kept = [children[entry.location] for entry in group if entry.location in children]
    started = min(
        [record.started for record in records.values()] + [run.info.start_time for run in kept]
    )
    ended = max([record.ended for record in records.values()] + [run.info.end_time for run in kept])
    tags = {
        GROUP: _group_digest(group),
        "mixot.family": first.family,
        "mixot.solver": first.solver,
        "mixot.role": "parent",
        "mlflow.note.content": notes.about_group(group),
        "mlflow.source.name": "mixot-track",
    }
    with (
        store.opened(client, experiment, first.parent, started, tags) as parent,
        tempfile.TemporaryDirectory() as staging,
    ):
        for entry in group:
            if entry.location in children:
                client.set_tag(children[entry.location].info.run_id, PARENT, parent)
            else:
                record = records[entry.location]
                _track_run(client, results, experiment, parent, entry, record, Path(staging))
        shown = _over_seeds(group) + _example(results, group)
        client.log_batch(parent, metrics=_metrics(shown, ended))
        client.set_terminated(parent, "FINISHED", ended)
    return parent


def _track_run(
    client: "MlflowClient",
    results: Path,
    experiment: str,
    parent: str,
    entry: Entry,
    record: Record,
    staging: Path,
) -> None:
    """Log one run directory; the run is ended last, so that an ended run is a complete one."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param

    tags = {
        **record.tags,
        FINGERPRINT: entry.fingerprint,
        PARENT: parent,
        "mlflow.source.name": "mixot-fit",
        "mlflow.source.type": "LOCAL",
    }
    with store.opened(client, experiment, entry.name, record.started, tags) as run:
        client.log_batch(
            run,
            metrics=_metrics(record.metrics, record.ended),
            params=[Param(name, value) for name, value in record.params.items()],
        )
        name, digest, source, profile = record.dataset
        data = Dataset(name, digest, "local", source, schema=None, profile=profile)
        client.log_inputs(run, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])
        _log_files(client, run, record.artifacts, staging)
        if entry.showcase:
            _log_picture(client, run, results / entry.location, results)
        status = "FAILED" if entry.status == Status.ERROR else "FINISHED"
        client.set_terminated(run, status, record.ended)


def _log_files(client: "MlflowClient", run: str, artifacts: dict[str, Path], staging: Path) -> None:
    """Log all files by one call (each costs a look-up of the run) through a folder of links."""
    for link in staging.iterdir():
        link.unlink()
    for name, path in artifacts.items():
        (staging / name).symlink_to(path.resolve())
    client.log_artifacts(run, str(staging))


def _log_picture(client: "MlflowClient", run: str, path: Path, results: Path) -> None:
    """Log the figure of a showcase run."""
    from mixot import figures

    with tempfile.TemporaryDirectory() as folder:
        file = figures.save_showcase(path, results, Path(folder))
        client.log_artifact(run, str(file))


def _metrics(values: Iterable[tuple[str, float, int]], moment: int) -> "list[Metric]":
    from mlflow.entities import Metric

    return [Metric(name, value, moment, step) for name, value, step in values]


def _over_seeds(group: Sequence[Entry]) -> list[tuple[str, float, int]]:
    """Return what a parent shows: how its runs ended, and means over those at epsilon 1 (or 0)."""
    values: list[tuple[str, float, int]] = [("runs/all", float(len(group)), 0)]
    for status, count in sorted(Counter(entry.status for entry in group).items()):
        values.append((f"runs/{status}", float(count), 0))
    plain = [entry for entry in group if entry.epsilon in ("0", "1")]
    for name in ("log_likelihood", "objective", "ari", "n_iter"):
        seen = [entry.metrics[name] for entry in plain if name in entry.metrics]
        if seen:
            values.append((f"mean/{name}", statistics.fmean(seen), 0))
            values.append((f"sd/{name}", statistics.pstdev(seen), 0))
    return values


def _example(results: Path, group: Sequence[Entry]) -> list[tuple[str, float, int]]:
    """Return the descent of the group's first run: the chart that opens first shows parents."""
    first = next((e for e in group if e.seed == 0 and e.epsilon in ("0", "1")), None)
    if first is None:
        return []
    record = describe(results, replace(first, showcase=False))
    return [metric for metric in record.metrics if metric[0].startswith(TRACE)]


def _group_digest(group: Sequence[Entry]) -> str:
    lines = [f"{entry.location} {entry.fingerprint}" for entry in group]
    return f"{SCHEMA}:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
