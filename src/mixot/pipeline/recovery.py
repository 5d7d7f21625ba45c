"""What a killed study leaves behind, and how to clear it away safely.

`kill -9` of snakemake leaves its jobs running, its lock in place and, of runs that were being
written, folders whose names start with a dot. Every process of a study inherits a mark in its
environment that names the folder it works in and the snakemake it belongs to, so that orphans are
told from the jobs of a study that is alive, and from anything else on the machine.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from mixot.errors import InputError

MARK = "MIXOT_STUDY"
_SEPARATOR = "\n"
_PATIENCE_SECONDS = 10.0
# Everything under these is either a result or, with a dot in front, something unfinished.
_FOLDERS = ("data", "fits", "evidence", "claims", "figures", "tables")


def mark(folder: Path) -> None:
    """Mark this process's children as jobs of the study that it runs in `folder`."""
    me = psutil.Process()
    present = os.environ.get(MARK, "")
    owner = _owner(present)
    if owner is not None and owner in me.parents():
        return  # a job of a running study that reads the Snakefile again
    fields = (str(folder.resolve()), str(me.pid), repr(me.create_time()))
    os.environ[MARK] = _SEPARATOR.join(fields)


def recover(folder: Path, results: Path) -> str:
    """End the orphans of `folder`, remove its lock and leftovers; return what was done.

    Raises InputError if a study is alive there.
    """
    _refuse_if_alive(folder)
    ended = 0
    # An orphan may start another process between the listing and its end, so look again.
    while orphans := [process for process, _ in _marked(folder)]:
        for process in orphans:
            process.kill()
        ended += len(orphans)
        _, alive = psutil.wait_procs(orphans, timeout=_PATIENCE_SECONDS)
        if alive:
            raise InputError(
                f"process {alive[0].pid}: an orphan of this study that does not end; allowed: end "
                "it by hand, then try again"
            )
    lock = folder / ".snakemake" / "locks"
    locked = lock.is_dir() and any(lock.iterdir())
    if locked:
        # What `snakemake --unlock` does, without reading the workflow.
        shutil.rmtree(lock)
    cleared = _clear(results)
    if not (ended or locked or cleared):
        return "nothing to recover"
    lock_note = "removed the lock" if locked else "no lock"
    return f"ended {ended} orphaned processes, {lock_note}, cleared {cleared} unfinished outputs"


def _refuse_if_alive(folder: Path) -> None:
    """Raise InputError if a snakemake works in `folder`."""
    related = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    owners = [owner for _, owner in _marked(folder) if owner is not None]
    for process in [*owners, *_snakemakes(folder)]:
        if process.pid not in related:
            raise InputError(
                f"{folder}: a study is running here (process {process.pid}); allowed: wait for it, "
                "or end it with Ctrl-C"
            )


def _marked(folder: Path) -> Iterator[tuple[psutil.Process, psutil.Process | None]]:
    """Yield the processes of studies in `folder`, each with its snakemake if that is alive."""
    me = psutil.Process()
    related = {me.pid, *(parent.pid for parent in me.parents())}
    for process in psutil.process_iter():
        try:
            present = process.environ().get(MARK, "")
            ended = process.status() == psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        if present.split(_SEPARATOR)[0] != str(folder.resolve()):
            continue
        if process.pid not in related and not ended:
            yield process, _owner(present)


def _owner(present: str) -> psutil.Process | None:
    """Return the snakemake that a mark names, if that very process is alive."""
    fields = present.split(_SEPARATOR)
    if len(fields) != 3:
        return None
    try:
        process = psutil.Process(int(fields[1]))
        # Process numbers are used again, creation times are not.
        same = abs(process.create_time() - float(fields[2])) < 0.5
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, ValueError):
        return None


def _snakemakes(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes that are a snakemake with `folder` as their working directory."""
    for process in psutil.process_iter():
        try:
            words = [Path(word).name for word in process.cmdline()[:4]]
            if "snakemake" in words and Path(process.cwd()) == folder.resolve():
                yield process
        except (psutil.Error, OSError):
            continue


def _clear(results: Path) -> int:
    """Remove unfinished outputs; return how many there were."""
    unfinished = [path for name in _FOLDERS for path in (results / name).rglob(".*")]
    for path in unfinished:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(unfinished)
