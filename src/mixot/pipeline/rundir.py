"""Write a run directory: complete or not at all, the same bytes for the same run.

A directory is built beside its place under a name that starts with a dot, result.json last, and
moved there by a rename, so that a process killed at any moment leaves nothing that looks finished.
What differs between two executions of one run goes into provenance.json alone.
"""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mixot import runs
from mixot.errors import InputError
from mixot.fitting import Fit
from mixot.pipeline.identity import Identity
from mixot.types import Array, Status

TRACEBACK = "traceback.txt"
TEMPORARY = ".tmp-"


def finished(identity: Identity, overwrite: bool) -> dict[str, Any] | None:
    """Return the result that is there already, or None if the run is to be computed.

    A run that ended in an error is computed again. Raises InputError if the place holds another run
    and may not be overwritten.
    """
    if not (identity.path / runs.RESULT).is_file():
        return None
    result = runs.read_result(identity.path)
    if result["run_key"] == identity.run_key:
        return None if result["status"] == Status.ERROR else result
    if overwrite or result["status"] == Status.ERROR:
        return None
    why = "other code" if result.get("code_digest") != identity.code_digest else "other settings"
    raise InputError(
        f"{identity.path}: holds run {result['run_key']}, made by {why}, and this is run "
        f"{identity.run_key}; allowed: overwrite=true to replace it, or another paths.results"
    )


def write_fit(
    identity: Identity,
    fit: Fit,
    facts: Mapping[str, Any],
    metrics: Mapping[str, float | None],
    row_potentials: Array,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """Write a completed fit and return its result; facts are what result.json says of the data."""
    result = {
        **facts,
        "status": str(fit.status),
        "message": fit.status.sentence,
        "advice": fit.status.advice,
        "n_iter": fit.n_iter,
        "converged": fit.converged,
        "metrics": {name: _plain(value) for name, value in metrics.items()},
    }
    trace = fit.trace
    arrays = {
        runs.TRACE: {
            "objective": trace.objective,
            "marginal_error": trace.marginal_error,
            "plan_kl": trace.plan_kl,
            "weights_kl": trace.weights_kl,
            "components_kl": trace.components_kl,
            "snapshot_iterations": trace.iterations,
            "snapshot_weights": trace.weights,
            **{f"snapshot_{name}": values for name, values in sorted(trace.parameters.items())},
        },
        runs.SOLUTION: {
            "weights": fit.mixture.weights,
            **dict(sorted(fit.mixture.parameters.items())),
            "start_weights": fit.start.weights,
            **{f"start_{name}": values for name, values in sorted(fit.start.parameters.items())},
            "f": row_potentials,
            "g": fit.g,
        },
    }
    _write(identity, arrays, {}, provenance, result)
    return result


def write_error(
    identity: Identity, facts: Mapping[str, Any], traceback: str, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a run that an unexpected error stopped: its traceback in the place of arrays."""
    status = Status.ERROR
    result = {
        **facts,
        "status": str(status),
        "message": status.sentence,
        "advice": status.advice,
        "n_iter": 0,
        "converged": False,
        "metrics": {},
    }
    _write(identity, {}, {TRACEBACK: traceback}, provenance, result)
    return result


def _write(
    identity: Identity,
    arrays: Mapping[str, Mapping[str, Array]],
    texts: Mapping[str, str],
    provenance: Mapping[str, Any],
    result: Mapping[str, Any],
) -> None:
    target = identity.path
    target.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{target.name}-", dir=target.parent))
    try:
        built.chmod(0o777 & ~_umask())
        (built / runs.CONFIG).write_text(
            yaml.safe_dump(identity.config, sort_keys=True), encoding="utf-8"
        )
        for name, values in arrays.items():
            # savez stamps its members with a fixed date, so the bytes depend on the arrays alone.
            np.savez(built / name, allow_pickle=False, **values)
        for name, text in texts.items():
            (built / name).write_text(text, encoding="utf-8")
        (built / runs.PROVENANCE).write_text(_json(provenance), encoding="utf-8")
        (built / runs.RESULT).write_text(_json(result), encoding="utf-8")
        _move(built, target)
    finally:
        shutil.rmtree(built, ignore_errors=True)


def _move(built: Path, target: Path) -> None:
    """Put the new directory in its place; what it replaces is gone before, so never both."""
    if target.exists():
        # Renamed first: a directory that is half removed must not look like a run.
        superseded = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}old-", dir=target.parent))
        target.rename(superseded / target.name)
        shutil.rmtree(superseded)
    built.rename(target)


def replace_text(path: Path, text: str) -> None:
    """Write a text file, complete or not at all; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _umask() -> int:
    """Return the process's umask, which mkdtemp ignores."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _plain(value: float | None) -> float | None:
    """Return a number that JSON has, or None."""
    return None if value is None or not math.isfinite(value) else float(value)
