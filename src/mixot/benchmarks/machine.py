"""The machine that the numbers belong to."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

_PACKAGES = ("mixot", "numpy", "scipy", "scikit-learn", "POT", "ott-jax", "jax", "dask")


def describe() -> dict[str, Any]:
    """Return processor, cores, memory, BLAS and versions, and the load before the run."""
    import_module("numpy")  # loads BLAS, so that it is found
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _first("/proc/cpuinfo", r"^model name\s*:\s*(.+)$") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(_first("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0) / 1e6, 1),
        "second_level_cache": _first("/sys/devices/system/cpu/cpu0/cache/index2/size", r"^(.+)$"),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "architecture")}
            for library in threadpool_info()
        ],
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "load_average": os.getloadavg()[0],
    }


def sentence(machine: dict[str, Any]) -> str:
    """Say in one line what it is."""
    blas = {f"{one['internal_api']} {one['version']}" for one in machine["blas"] if one["version"]}
    versions = ", ".join(f"{name} {found}" for name, found in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; "
        f"Python {machine['python']}, {', '.join(sorted(blas))}, {versions}"
    )


def _first(path: str, pattern: str) -> str | None:
    """Return the first match's group in a file, None where there is no such file or match."""
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found.group(1).strip() if found else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
