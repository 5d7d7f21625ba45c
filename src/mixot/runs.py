"""Finished runs as they lie on disk: find them and read them.

    results/fits/{problem}/{family}/{solver}/eps~{epsilon}/seed~{seed}[~{k8}]/
        config.yaml      what determines the numbers
        result.json      status, counts, metrics; written last
        trace.npz        objective and energy terms at every iteration, parameters at some
        solution.npz     weights and parameters, the start's (start_...), potentials f and g
        provenance.json  when, where and by which versions; differs from run to run

A directory without result.json is no run. k8 is there when anything but the five axes of the path
departs from the defaults. A run with status "error" has neither trace nor solution.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mixot.errors import InputError
from mixot.types import Array

FITS = "fits"
CONFIG = "config.yaml"
RESULT = "result.json"
TRACE = "trace.npz"
SOLUTION = "solution.npz"
PROVENANCE = "provenance.json"
DETERMINISTIC = (CONFIG, RESULT, TRACE, SOLUTION)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its directory, configuration, result, and arrays by name."""

    path: Path
    config: dict[str, Any]
    result: dict[str, Any]
    trace: dict[str, Array]
    solution: dict[str, Array]


def find(
    results: str | Path,
    problem: str | None = None,
    family: str | None = None,
    solver: str | None = None,
    epsilon: str | None = None,
    seed: int | None = None,
) -> list[Path]:
    """Return the directories of the finished runs that match, in a fixed order.

    Arguments left out match everything. Runs of one seed that depart from the defaults come after
    the one that does not.
    """
    pattern = "/".join(
        (
            problem or "*",
            family or "*",
            solver or "*",
            f"eps~{epsilon or '*'}",
            "seed~*" if seed is None else f"seed~{seed}*",
            RESULT,
        )
    )
    found = [path.parent for path in (Path(results) / FITS).glob(pattern)]
    if seed is not None:
        found = [path for path in found if path.name.split("~")[1] == str(seed)]
    return sorted(found, key=_order)


def read(path: str | Path) -> Run:
    """Read a run directory; raises InputError if it holds no finished run."""
    folder = Path(path)
    if not (folder / RESULT).is_file():
        raise InputError(f"{folder}: no finished run here ({RESULT} is missing)")
    with (folder / CONFIG).open(encoding="utf-8") as file:
        config = yaml.safe_load(file)
    return Run(
        folder,
        config,
        read_result(folder),
        _arrays(folder / TRACE),
        _arrays(folder / SOLUTION),
    )


def read_result(path: str | Path) -> dict[str, Any]:
    """Read result.json of a run directory."""
    result: dict[str, Any] = json.loads((Path(path) / RESULT).read_text(encoding="utf-8"))
    return result


def _arrays(path: Path) -> dict[str, Array]:
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _order(path: Path) -> tuple[str, str, str, float, int, str]:
    problem, family, solver, epsilon, seed = path.parts[-5:]
    _, number, *departure = seed.split("~")
    return (
        problem,
        family,
        solver,
        float(epsilon.partition("~")[2]),
        int(number),
        "~".join(departure),
    )
