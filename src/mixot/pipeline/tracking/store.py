"""The SQLite store behind the dashboard: where it is, and how it stays whole.

An empty SQLite store that several processes open at once is broken for good, so it is made once,
under the lock, beside its final place, and moved there complete. Everything else that writes holds
the same lock. All calls go through MlflowClient with explicit ids: MLflow's global active run and
experiment are how runs end up in "Default".
"""

import contextlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from mixot.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# A full projection takes minutes; whoever waits longer than this waits for something that hangs.
LOCK_SECONDS = 1200.0
PAGE = 1000


def database(results: Path) -> Path:
    """Return the database file under `results`."""
    return results / "mlflow" / "mlflow.db"


def uri(path: Path) -> str:
    """SQLAlchemy address of a database file; always absolute, or each cwd has its own store."""
    return f"sqlite:///{path.resolve()}"


def artifact_location(results: Path, experiment: str) -> str:
    """Where the artifacts of `experiment` lie."""
    folder = experiment.replace("/", "~")
    return (results.resolve() / "mlflow" / "artifacts" / folder).as_uri()


@contextlib.contextmanager
def locked(results: Path) -> Iterator[None]:
    """Hold the store of `results` alone; a killed holder frees it."""
    folder = database(results).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "mlflow.lock", timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise InputError(
            f"{folder} has been locked by another mixot-track for {LOCK_SECONDS:.0f} s"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror or error}") from error


def init(results: Path) -> None:
    """Make the store under `results` if there is none; safe to call from several processes."""
    with locked(results):
        ensure(results)


def ensure(results: Path) -> None:
    """Make the store if there is none, complete or not at all; the caller holds the lock."""
    final = database(results)
    if not final.exists():
        with _fresh(final.parent) as made:
            mark_place(results)
            made.replace(final)
            _use_write_ahead_log(final)


def mark_place(results: Path) -> None:
    """Note for which place the store is."""
    _place(results).write_text(str(database(results).resolve()), encoding="utf-8")


def was_moved(results: Path) -> bool:
    """Whether the folder was moved since: artifact locations are stored as absolute addresses."""
    final = database(results)
    return final.exists() and _place(results).read_text(encoding="utf-8") != str(final.resolve())


def empty(results: Path) -> None:
    """Bring the store back to its first state; the caller holds the lock.

    The contents are exchanged and not the file, so that an open dashboard and connections pooled
    in this process see the new store instead of a file that is no longer there.
    """
    final = database(results)
    with _fresh(final.parent) as made:
        try:
            with (
                contextlib.closing(sqlite3.connect(made)) as source,
                contextlib.closing(sqlite3.connect(final)) as target,
            ):
                source.backup(target)
        except sqlite3.DatabaseError:
            # Not a database any more, so nothing can be connected to it either.
            _remove_database(final)
            made.replace(final)
        _use_write_ahead_log(final)
    mark_place(results)
    shutil.rmtree(final.parent / "artifacts", ignore_errors=True)


def connect(path: Path) -> "MlflowClient":
    """Open a client on the database file `path`."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return MlflowClient(tracking_uri=uri(path))
    except MlflowException as error:
        raise InputError(
            f"cannot open {path}: {error.message.splitlines()[0]}; allowed: mixot-track --rebuild"
        ) from error


def ensure_experiment(client: "MlflowClient", results: Path, name: str, note: str) -> str:
    """Return the id of experiment `name`, made or brought back if need be, with its description."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        identifier: str = client.create_experiment(name, artifact_location(results, name))
        # Without a kind the dashboard asks every visitor to confirm its guess.
        client.set_experiment_tag(identifier, "mlflow.experimentKind", "custom_model_development")
    else:
        identifier = experiment.experiment_id
        if experiment.lifecycle_stage != "active":
            client.restore_experiment(identifier)
    if experiment is None or experiment.tags.get("mlflow.note.content") != note:
        client.set_experiment_tag(identifier, "mlflow.note.content", note)
    return identifier


def all_runs(client: "MlflowClient", experiment: str) -> "list[Run]":
    """Every live run of the experiment with this id."""
    found: list[Run] = []
    token: str | None = None
    while True:
        page = client.search_runs([experiment], max_results=PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


@contextlib.contextmanager
def opened(
    client: "MlflowClient", experiment: str, name: str, started: int, tags: Mapping[str, str]
) -> Iterator[str]:
    """Open a new run, by id; it is deleted if anything goes wrong before the block ends."""
    run: str = client.create_run(
        experiment, start_time=started, tags=dict(tags), run_name=name
    ).info.run_id
    try:
        yield run
    except BaseException:
        client.delete_run(run)
        raise


def sweep(results: Path) -> None:
    """Erase deleted runs and their artifacts for good; the caller holds the lock."""
    address = uri(database(results))
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", address],
        env={**os.environ, "MLFLOW_TRACKING_URI": address, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # Hidden rows cost only space, and --rebuild gets rid of them too.
        logging.getLogger(__name__).warning("mlflow gc failed: %s", done.stderr.strip()[-300:])
    for folder in (database(results).parent / "artifacts").glob("*/*"):
        if not any(folder.iterdir()):
            folder.rmdir()


def _place(results: Path) -> Path:
    """Return the file that says for which place the store was made."""
    return database(results).with_name("made-for.txt")


@contextlib.contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    """Make a new store without experiments in a folder of its own, which is removed afterwards.

    The folder's name is new each time: MLflow keeps one engine per address for ever.
    """
    for left_behind in folder.glob("new-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=folder) as place:
        made = Path(place) / "mlflow.db"
        # Nothing is ever logged to "Default", so it is not shown either.
        connect(made).delete_experiment("0")
        yield made


def _use_write_ahead_log(path: Path) -> None:
    """Let the dashboard read while a projection writes; the setting stays with the file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
