"""Problems as files: what `load` returned, in one .npz that is the same to the byte each time.

Written next to its destination under another name and moved there when complete, so a reader sees
the whole file or none. Nothing in it is pickled. The digest is stored and compared when reading.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from mixot.errors import InputError
from mixot.problems.problem import Problem
from mixot.types import Mixture, Sample

_FORMAT = 1
_PARAMETER = "truth_parameter_"


def write(problem: Problem, path: str | os.PathLike[str]) -> None:
    """Write the problem, replacing what is there; folders are made as needed."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **_arrays(problem))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        # After an unwritable folder there is nothing to remove, and trying may fail as well.
        with contextlib.suppress(OSError):
            partial.unlink()


def read(path: str | os.PathLike[str]) -> Problem:
    """Read what `write` wrote; anything else, or a damaged file, is an InputError."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        # Given a path instead, np.load does not close the file of a damaged archive.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        problem, digest = _problem(arrays)
    # Damaged archives fail in many ways (zip, header, JSON, missing keys); all mean the same.
    except Exception as error:
        raise InputError(
            f"{path}: is not a problem written by mixot, or is damaged; generate it again"
        ) from error
    if problem.digest != digest:
        raise InputError(f"{path}: the data do not match their digest; generate the file again")
    return problem


def _arrays(problem: Problem) -> dict[str, Any]:
    """Spread a problem over named arrays, the small things as one JSON text."""
    metadata = {
        "format": _FORMAT,
        "name": problem.name,
        "size": problem.sample.size,
        "n_components": problem.n_components,
        "families": list(problem.families),
        "family_options": dict(problem.family_options),
        "columns": list(problem.columns),
        "description": problem.description,
        "digest": problem.digest,
    }
    arrays: dict[str, Any] = {
        "metadata": np.array(json.dumps(metadata, sort_keys=True)),
        "points": problem.sample.points,
        "weights": problem.sample.weights,
    }
    if problem.labels is not None:
        arrays["labels"] = problem.labels
    if problem.truth is not None:
        arrays["truth_weights"] = problem.truth.weights
        for name, value in sorted(problem.truth.parameters.items()):
            arrays[_PARAMETER + name] = value
    return arrays


def _problem(arrays: dict[str, Any]) -> tuple[Problem, str]:
    """Put the problem together again; return it with the digest that was stored."""
    metadata = json.loads(str(arrays["metadata"]))
    if metadata["format"] != _FORMAT:
        raise ValueError(f"format {metadata['format']} is not {_FORMAT}")
    parameters = {
        name.removeprefix(_PARAMETER): value
        for name, value in arrays.items()
        if name.startswith(_PARAMETER)
    }
    problem = Problem(
        name=metadata["name"],
        sample=Sample(arrays["points"], arrays["weights"], metadata["size"]),
        n_components=metadata["n_components"],
        families=tuple(metadata["families"]),
        columns=tuple(metadata["columns"]),
        description=metadata["description"],
        family_options=metadata["family_options"],
        labels=arrays.get("labels"),
        truth=Mixture(arrays["truth_weights"], parameters) if parameters else None,
    )
    return problem, metadata["digest"]
