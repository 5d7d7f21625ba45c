"""Where a run comes from: versions, machine, commit, times. Recorded, never compared."""

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

_PACKAGES = ("mixot", "numpy", "scipy", "scikit-learn", "hydra-core", "omegaconf")
_ROOT = Path(__file__).resolve().parents[3]


class Clock:
    """Measures one run, in wall time and in processor time."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._wall

    def provenance(self, command: str, **more: Any) -> dict[str, Any]:
        """Return the provenance of a run that ends now."""
        return {
            "source": command,
            "arguments": sys.argv[1:],
            "started": self.started.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": time.process_time() - self._cpu,
            **_machine(),
            **more,
        }


@cache
def _machine() -> dict[str, Any]:
    """Return what does not change while the process lives."""
    git_commit = _git("rev-parse", "HEAD")
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": dict(_versions(_PACKAGES)),
        "version": dict(_versions(_PACKAGES)).get("mixot", "not installed"),
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "num_threads")}
            for library in threadpool_info()
        ],
        "git_commit": git_commit,
        "git_dirty": None if git_commit is None else bool(_git("status", "--porcelain")),
    }


def _versions(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    for package in packages:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _git(*arguments: str) -> str | None:
    """Return what git says about this checkout, or None if there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
